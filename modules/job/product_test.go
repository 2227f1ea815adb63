package job_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// An item keeps the facts of its product, tells them in its events and hands them on with
// its picture, also to the item that tries it again.
func TestAnItemSaysWhichProductItShows(t *testing.T) {
	each(t, func(w *world) {
		w.brand.Naming = "{sku}_{n}"
		said := picture.Product{SKU: "A-1", GTIN: "400638-1333931", Title: "Blue mug"}
		j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: pipeline.Options{},
			Items: []job.NewItem{{Filename: "B07ABCDEFG.PT02.jpg", Product: said}, {Filename: "mug.jpg"}}})
		w.must(err)
		want := picture.Product{SKU: "A-1", GTIN: "4006381333931", ASIN: "B07ABCDEFG", Slot: "PT02", Title: "Blue mug"}
		got := w.get(j.JobID)
		if d := cmp.Diff([]picture.Product{want, {}}, []picture.Product{got.Items[0].Product, got.Items[1].Product}); d != "" {
			w.t.Fatal(d)
		}
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.placer.err, w.cutter.err = nil, nil
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		if d := cmp.Diff(want, w.plans[0].Product); d != "" || w.plans[0].Naming != w.brand.Naming {
			w.t.Error(d, w.plans[0].Naming)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 9)
		w.must(err)
		var data map[string]any
		w.must(json.Unmarshal(events[1].Data, &data))
		if data["sku"] != "A-1" || data["gtin"] != "4006381333931" || data["asin"] != "B07ABCDEFG" || data["slot"] != "PT02" || data["title"] != "Blue mug" || data["output_blob_path"] == nil {
			w.t.Errorf("%v", data)
		}
	})
}

func TestWhatCantBeAProductIsRefused(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png"}, {Filename: "b.png", Product: picture.Product{GTIN: "4006381333932"}}}})
		if !errors.Is(err, picture.ErrProduct) || !strings.Contains(err.Error(), "items[1]: gtin 4006381333932 ends with 2") {
			w.t.Errorf("%v", err)
		}
		_, err = w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png"}, {Filename: "b.png", Product: picture.Product{Slot: "zz99"}}}})
		if fault.CodeOf(err) != "slot_unknown" || !strings.Contains(err.Error(), "items[1]") {
			w.t.Errorf("an unknown slot: %v", err)
		}
		_, err = w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png"}, {Filename: "b.png", Product: picture.Product{Slot: "zz99"}}}})
		if fault.CodeOf(err) != "slot_unknown" || !strings.Contains(err.Error(), "items[1]") {
			w.t.Errorf("an unknown slot: %v", err)
		}
	})
}
