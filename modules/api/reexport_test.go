package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/job"
)

func TestVariantsAreAskedForAnew(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	target := "/v1/jobs/" + jobID + "/items/" + itemID + "/exports"
	if a := h.do(t, http.MethodPost, target+"?tenant_id=t1", ""); a.status != http.StatusConflict {
		t.Errorf("before the item is finished: %d %s", a.status, a.body)
	}
	h.jobs.jobs[jobID].Items[0].Status = job.ItemCompleted
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"without a body":        {"", nil},
		"with an empty one":     {"{}", nil},
		"with presets":          {`{"presets":["shopify","bol_main"]}`, []string{"shopify", "bol_main"}},
		"with null":             {`{"presets":null}`, nil},
		"with the tenant in it": {`{"tenant_id":"t1","presets":["etsy"]}`, []string{"etsy"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, http.MethodPost, target+"?tenant_id=t1", c.body)
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			v := a.json(t)
			if list, _ := v["exports"].([]any); v["item_id"] != itemID || len(list) != 1 {
				t.Errorf("%v", v)
			}
			variant, _ := v["exports"].([]any)[0].(map[string]any)
			measured, _ := variant["proof"].(map[string]any)
			if limits, _ := measured["limits"].(map[string]any); measured["ssim"] != .99 || measured["shift_px"] != .02 || measured["within"] != true || limits["bleed"] != 5. {
				t.Errorf("proof: %v", variant["proof"])
			}
			asked := h.jobs.reexported[len(h.jobs.reexported)-1]
			if d := cmp.Diff(job.Reexport{TenantID: "t1", JobID: jobID, ItemID: itemID, Presets: c.want}, asked); d != "" {
				t.Error(d)
			}
		})
	}
	for name, c := range map[string]struct {
		target, body string
		status       int
	}{
		"another tenant's":    {target + "?tenant_id=t2", "", 404},
		"an id that can't be": {"/v1/jobs/" + jobID + "/items/a%20b/exports?tenant_id=t1", "", 404},
		"presets of no text":  {target + "?tenant_id=t1", `{"presets":[7]}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			if a := h.do(t, http.MethodPost, c.target, c.body); a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}
