package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestABrandsConsistency(t *testing.T) {
	h := newHouse(t)
	j := &job.Job{JobID: "j1", TenantID: "t1", BrandProfileID: picture.DefaultBrand}
	for i := range 6 {
		seen := picture.Seen{Fill: .6, Centre: .5, Floor: .84, Horizon: .6, Exposure: 80}
		if i == 4 {
			seen.Floor = .7
		}
		j.Items = append(j.Items, job.Item{ItemID: fmt.Sprint("item", i), Filename: fmt.Sprint(i, ".jpg"), SceneType: "studio", Status: job.ItemCompleted, Fidelity: &pipeline.Fidelity{Seen: &seen}})
	}
	j.Items = append(j.Items, job.Item{ItemID: "old", SceneType: "studio", Status: job.ItemCompleted, Fidelity: &pipeline.Fidelity{}})
	h.jobs.jobs[j.JobID] = j
	a := h.do(t, http.MethodGet, "/v1/brand-profiles/default/consistency?tenant_id=t1", "")
	v := a.json(t)
	worst, _ := v["worst"].([]any)
	if a.status != http.StatusOK || v["pictures"] != 6.0 || v["drifting"] != 1.0 || len(worst) != 1 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if d, _ := worst[0].(map[string]any); d["item_id"] != "item4" || d["job_id"] != "j1" || d["kind"] != "floor" || d["filename"] != "4.jpg" {
		t.Errorf("%v", d)
	}
	if f := h.jobs.filter; f.Brand != "default" || len(f.Status) != 1 || f.Status[0] != job.ItemCompleted {
		t.Errorf("looked for %+v", f)
	}
	wantProblem(t, "no such brand", h.do(t, http.MethodGet, "/v1/brand-profiles/nobody/consistency?tenant_id=t1", ""), 404, "brand_profile_not_found")
}
