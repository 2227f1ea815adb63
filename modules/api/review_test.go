package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAPersonDecides(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	target := "/v1/jobs/" + jobID + "/items/" + itemID
	for name, c := range map[string]struct {
		verb, body  string
		state, note string
	}{
		"without a body":         {"approve", "", "approved", ""},
		"with an empty one":      {"approve", "{}", "approved", ""},
		"with a note":            {"reject", `{"note":"the strap is gone"}`, "rejected", "the strap is gone"},
		"with nothing in it":     {"approve", `{"note":null}`, "approved", ""},
		"with the tenant in it":  {"reject", `{"tenant_id":"t1","note":"no"}`, "rejected", "no"},
		"with what nobody knows": {"reject", `{"why":1}`, "rejected", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, http.MethodPost, target+"/"+c.verb+"?tenant_id=t1", c.body)
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			v := a.json(t)
			review, _ := v["review"].(map[string]any)
			if review["state"] != c.state || review["note"] != c.note || review["decided_at"] == nil || v["needs_review"] != false {
				t.Errorf("%v", v)
			}
		})
	}
	for name, c := range map[string]struct {
		target, body string
		status       int
	}{
		"another tenant's":      {"/v1/jobs/" + jobID + "/items/" + itemID + "/approve?tenant_id=t2", "", 404},
		"no such item":          {"/v1/jobs/" + jobID + "/items/x/approve?tenant_id=t1", "", 404},
		"an id that can't be":   {"/v1/jobs/" + jobID + "/items/a%20b/approve?tenant_id=t1", "", 404},
		"a note of no text":     {target + "/approve?tenant_id=t1", `{"note":7}`, 422},
		"a long note":           {target + "/approve?tenant_id=t1", fmt.Sprintf(`{"note":%q}`, strings.Repeat("a", 2001)), 422},
		"a body that is broken": {target + "/approve?tenant_id=t1", `{"note":`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if a := h.do(t, http.MethodPost, c.target, c.body); a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestAJobThatSaysWhoLooks(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		fields string
		status int
	}{
		"off":                 {`"review":"off"`, 200},
		"a threshold":         {`"review_below":0.6`, 200},
		"neither":             {`"review":null,"review_below":null`, 200},
		"another word":        {`"review":"maybe"`, 422},
		"above one":           {`"review_below":1.5`, 422},
		"a word as threshold": {`"review_below":"low"`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, http.MethodPost, "/v1/jobs", `{"items":[{"filename":"a.jpg"}],`+c.fields+`}`)
			if a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if a := h.do(t, http.MethodPost, "/v1/jobs", `{"items":[{"filename":"a.jpg"}],"review":"off","review_below":0.25}`); a.status != 200 || h.jobs.last.Review != "off" || *h.jobs.last.ReviewBelow != .25 {
		t.Errorf("%d %+v", a.status, h.jobs.last)
	}
}
