package job_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// inSet makes a job of n photos of one SKU in one set, and of one that is in none.
func inSet(w *world, n int, scene string) job.Job {
	w.t.Helper()
	items := make([]job.NewItem, n+1)
	for i := range items {
		items[i] = job.NewItem{Filename: "a.png", SceneTypes: []string{scene}, Product: picture.Product{SKU: "S", SetID: "angles"}}
	}
	items[n].Product.SetID = ""
	j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: items, Options: pipeline.Options{RemoveBackground: true}})
	w.must(err)
	return j
}

func TestASetWaitsForItsPhotosAndHasOneScale(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		status := func(j job.Job) (s []string) {
			for _, it := range w.get(j.JobID).Items {
				s = append(s, it.Status)
			}
			return s
		}
		w.row("the last cut-out settles it", func() {
			j := inSet(w, 2, "studio")
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.must(w.upload(j.JobID, j.Items[2].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 2)))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0))) // its message comes early
			if diff := cmp.Diff([]string{job.ItemQueued, job.ItemCreated, job.ItemCompleted}, status(j)); diff != "" {
				w.t.Fatal("before the second photo is there:", diff)
			}
			if n := w.get(j.JobID).Items[0].Attempt; n != 1 {
				w.t.Errorf("it was begun %d times while it waits", n)
			}
			w.must(w.upload(j.JobID, j.Items[1].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			for _, it := range w.get(j.JobID).Items {
				if it.Status != job.ItemCompleted {
					w.t.Errorf("%s is %s", it.ItemID, it.Status)
				}
				for _, s := range it.Steps {
					if s.Status == "failed" {
						w.t.Errorf("step %s is told as failed", s.Step)
					}
				}
			}
			var boxes [][2]float64
			for _, p := range w.plans {
				if p.JobID == j.JobID && p.Product.SetID != "" {
					boxes = append(boxes, p.Result.Common)
				}
			}
			if len(boxes) != 2 || boxes[0] != boxes[1] || boxes[0] == ([2]float64{}) {
				w.t.Errorf("the pictures share %v", boxes)
			}
		})
		w.row("a photo that never comes holds it no longer than the bound", func() {
			j := inSet(w, 2, "studio")
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			w.exec(`UPDATE item_sets SET waits_until = 1 WHERE job_id = $1`, j.JobID)
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted {
				w.t.Errorf("it is %s", it.Status)
			}
			w.exec(`UPDATE item_sets SET width = 0.25 WHERE job_id = $1`, j.JobID)
			w.must(w.upload(j.JobID, j.Items[1].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
			if p := w.plans[len(w.plans)-1]; p.Result.Common[0] != 9 { // of 36 pixels
				w.t.Errorf("one that comes late has another scale: %v", p.Result.Common)
			}
		})
		w.row("it is said what an item waits for, in each answer", func() {
			j := inSet(w, 3, "studio")
			w.must(w.upload(j.JobID, j.Items[1].ItemID)) // the second comes first
			w.must(w.upload(j.JobID, j.Items[2].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
			found, _, err := w.jobs.Items(w.t.Context(), tenantID, job.Filter{JobID: j.JobID, IDs: []string{j.Items[1].ItemID}})
			w.must(err)
			for from, it := range map[string]job.Item{"job": w.get(j.JobID).Items[1], "list": found[0].Item} {
				wait := it.Waiting
				if wait == nil || wait.Reason != job.WaitsForSet || !strings.Contains(wait.Text, "1 of its set to be cut out, 1 of its set to be uploaded") || time.Until(wait.Until) > job.DefaultSetWait {
					w.t.Fatalf("%s: %+v", from, wait)
				}
				if diff := cmp.Diff([]string{j.Items[0].ItemID, j.Items[2].ItemID}, wait.ItemIDs); diff != "" {
					w.t.Error(from, diff)
				}
			}
			for i, it := range w.get(j.JobID).Items {
				if i != 1 && it.Waiting != nil {
					w.t.Errorf("item %d waits for %+v", i, it.Waiting)
				}
			}
		})
		w.row("a photo that is refused, fails or is left out wakes those that wait, and an attempt that broke off counts nothing", func() {
			woken := func(j job.Job) (n int) {
				w.must(d.QueryRow(`SELECT count(*) FROM outbox WHERE body LIKE '%' || $1 || '%' AND not_before <= now_ms()`, j.Items[0].ItemID).Scan(&n))
				return n
			}
			ends := map[string]func(j job.Job, id string){
				"refused when it is completed": func(j job.Job, id string) {
					_, path, err := w.jobs.UploadURL(w.t.Context(), job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: id})
					w.must(err)
					w.must(w.blobs.Put(w.t.Context(), "raw", path, []byte("no picture"), blob.PutOptions{IfNoneMatch: true}))
					if err := w.jobs.Complete(w.t.Context(), tenantID, j.JobID, id); fault.KindOf(err) != fault.Unsupported {
						w.t.Error(err)
					}
				},
				"refused when it is sent": func(j job.Job, id string) {
					if _, err := w.jobs.Direct(w.t.Context(), tenantID, j.JobID, id, "a.png", 0, strings.NewReader("")); !errors.Is(err, job.ErrUploadEmpty) {
						w.t.Error(err)
					}
				},
				"left out": func(j job.Job, id string) { w.must(w.jobs.CancelItem(w.t.Context(), tenantID, j.JobID, id)) },
				"fails": func(j job.Job, id string) {
					w.must(w.upload(j.JobID, id))
					w.cutter.err = fault.New(fault.Invalid, "no_product", "There is no product")
					defer func() { w.cutter.err = nil }()
					w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
				},
			}
			for how, end := range ends {
				j := inSet(w, 2, "studio")
				w.must(w.upload(j.JobID, j.Items[0].ItemID))
				w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
				w.must(w.jobs.Process(w.t.Context(), body(j, 0))) // a worker that tries twice
				before := woken(j)
				end(j, j.Items[1].ItemID)
				if it := w.get(j.JobID).Items[0]; it.Waiting != nil && len(it.Waiting.ItemIDs) > 0 {
					w.t.Errorf("%s: it waits for %v", how, it.Waiting)
				}
				if n := woken(j); n != before+1 {
					w.t.Errorf("%s: %d messages, before that %d", how, n, before)
				}
				w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
				if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted || it.Waiting != nil {
					w.t.Errorf("%s: it is %s, %v", how, it.Status, it.Waiting)
				}
			}
		})
		w.row("a photo that fails or is left out holds nobody", func() {
			j := inSet(w, 3, "studio")
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			for i, end := range []string{job.ItemFailed, job.ItemCancelled} {
				w.exec(`UPDATE items SET status = $2, ended_at = 1 WHERE item_id = $1`, j.Items[1+i].ItemID, end)
			}
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted {
				w.t.Errorf("it is %s", it.Status)
			}
		})
		w.row("a job's sets go with it", func() {
			var left int
			j := inSet(w, 1, "studio")
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			_, err := w.jobs.Delete(w.t.Context(), tenantID, j.JobID)
			w.must(err)
			w.must(d.QueryRow(`SELECT count(*) FROM item_sets WHERE job_id = $1`, j.JobID).Scan(&left))
			if left != 0 {
				w.t.Errorf("%d rows stay", left)
			}
		})
	})
}

func TestThePhotosOwnBackdropCostsNoScene(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	all := pipeline.Options{RemoveBackground: true, GenerateScene: true, Upscale: true}
	order := job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{picture.CropOriginal, "studio"}}}, Options: all}
	planned, err := w.jobs.Plan(t.Context(), order)
	if err != nil || len(planned.Items) != 2 || planned.JobID != "" || planned.Items[1].ItemID != "" || planned.Items[1].SceneType != "studio" {
		t.Fatalf("%+v, %v", planned, err)
	}
	got, err := w.jobs.Charges(t.Context(), order)
	w.must(err)
	if got[0].Options != (pipeline.Options{RemoveBackground: true}) || got[1].Options != all {
		t.Errorf("%+v and %+v", got[0].Options, got[1].Options)
	}
}
