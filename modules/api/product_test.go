package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
)

func TestAnItemsProductIsTakenAndAnswered(t *testing.T) {
	h := newHouse(t)
	a := h.do(t, http.MethodPost, "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a.jpg","sku":"A-1","gtin":"4006381333931","asin":null,"title":"Blue mug"},{"filename":"b.jpg"}]}`)
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if d := cmp.Diff(picture.Product{SKU: "A-1", GTIN: "4006381333931", Title: "Blue mug"}, h.jobs.last.Items[0].Product); d != "" {
		t.Error(d)
	}
	v := a.json(t)
	id, _ := v["job_id"].(string)
	for name, list := range map[string]any{"the answer": v["items"], "the job": h.do(t, http.MethodGet, "/v1/jobs/"+id+"?tenant_id=t1", "").json(t)["items"]} {
		t.Run(name, func(t *testing.T) {
			items, _ := list.([]any)
			for i, want := range []map[string]any{
				{"sku": "A-1", "gtin": "4006381333931", "asin": nil, "slot": nil, "title": "Blue mug"},
				{"sku": nil, "gtin": nil, "asin": nil, "slot": nil, "title": nil},
			} {
				it, _ := items[i].(map[string]any)
				for k, w := range want {
					if got, there := it[k]; !there || got != w {
						t.Errorf("item %d: %s is %v (%v)", i, k, got, there)
					}
				}
			}
		})
	}
	if a := h.do(t, http.MethodPost, "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a.jpg","sku":7}]}`); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "sku") {
		t.Errorf("%d %s", a.status, a.body)
	}
}
