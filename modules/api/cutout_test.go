package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

func TestACutOutIsChanged(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	target := "/v1/jobs/" + jobID + "/items/" + itemID + "/cutout?tenant_id=t1"
	if a := h.do(t, http.MethodPost, target, `{"keep":[{"points":[[1,2]]}]}`); a.status != http.StatusConflict {
		t.Errorf("before the item is finished: %d %s", a.status, a.body)
	}
	h.jobs.jobs[jobID].Items[0].Status = job.ItemCompleted
	box := picture.Box{1, 2, 30, 40}
	for name, c := range map[string]struct {
		body string
		want job.Change
	}{
		"a point":   {`{"keep":[{"points":[[1,2.5]]}]}`, job.Change{Hints: &picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{1, 2.5}}}}, Remove: []picture.Stroke{}}}},
		"a stroke":  {`{"remove":[{"points":[[1,2],[3,4]],"radius":7}],"tenant_id":"t1"}`, job.Change{Hints: &picture.Hints{Keep: []picture.Stroke{}, Remove: []picture.Stroke{{Points: [][2]float64{{1, 2}, {3, 4}}, Radius: 7}}}}},
		"a box":     {`{"box":[1,2,30,40],"keep":null}`, job.Change{Hints: &picture.Hints{Keep: []picture.Stroke{}, Remove: []picture.Stroke{}, Box: &box}}},
		"a version": {`{"restore":1}`, job.Change{Restore: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, http.MethodPost, target, c.body)
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			v := a.json(t)
			if list, _ := v["versions"].([]any); v["item_id"] != itemID || v["version"] != 1. || len(list) != 2 {
				t.Errorf("%v", v)
			}
			c.want.TenantID, c.want.JobID, c.want.ItemID = "t1", jobID, itemID
			if d := cmp.Diff(c.want, h.jobs.changed[len(h.jobs.changed)-1]); d != "" {
				t.Error(d)
			}
		})
	}
	for name, c := range map[string]struct {
		target, body string
		status       int
	}{
		"another tenant's":         {"/v1/jobs/" + jobID + "/items/" + itemID + "/cutout?tenant_id=t2", `{"restore":1}`, 404},
		"an id that can't be":      {"/v1/jobs/" + jobID + "/items/a%20b/cutout?tenant_id=t1", `{"restore":1}`, 404},
		"no body":                  {target, "", 400},
		"no hints":                 {target, "{}", 422},
		"a stroke of nothing":      {target, `{"keep":[{"points":[]}]}`, 422},
		"points of one number":     {target, `{"keep":[{"points":[[1]]}]}`, 422},
		"points of three numbers":  {target, `{"keep":[{"points":[[1,2,3]]}]}`, 422},
		"points that are texts":    {target, `{"keep":[{"points":[["1","2"]]}]}`, 422},
		"a box of three numbers":   {target, `{"box":[1,2,3]}`, 422},
		"a point far away":         {target, `{"keep":[{"points":[[1e300,2]]}]}`, 422},
		"a radius below zero":      {target, `{"keep":[{"points":[[1,2]],"radius":-1}]}`, 422},
		"a wait that is too long":  {target + "&wait=31", `{"restore":1}`, 422},
		"a wait that is no number": {target + "&wait=x", `{"restore":1}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			if a := h.do(t, http.MethodPost, c.target, c.body); a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// A call waits for the version that is being made, and not longer than it says.
func TestACallWaitsForAVersion(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	h.jobs.jobs[jobID].Items[0].Status = job.ItemCompleted
	target := "/v1/jobs/" + jobID + "/items/" + itemID + "/cutout?tenant_id=t1"
	h.jobs.making = 3
	a := h.do(t, http.MethodGet, target+"&wait=20", "")
	if list, _ := a.json(t)["versions"].([]any); a.status != http.StatusOK || len(list) != 2 || list[1].(map[string]any)["status"] != "completed" {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.jobs.making = 1000
	for name, wait := range map[string]string{"none": "", "a second": "&wait=1"} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			a := h.do(t, http.MethodGet, target+wait, "")
			if list, _ := a.json(t)["versions"].([]any); a.status != http.StatusOK || len(list) != 2 || list[1].(map[string]any)["status"] != "processing" || time.Since(began) > 15*time.Second {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}
