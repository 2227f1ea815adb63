package job_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
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
			if p := w.plans[len(w.plans)-1]; p.Result.Common[0] != 6 { // of 24 pixels
				w.t.Errorf("one that comes late has another scale: %v", p.Result.Common)
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
	got, err := w.jobs.Charges(t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{picture.CropOriginal, "studio"}}}, Options: all})
	w.must(err)
	if got[0].Options != (pipeline.Options{RemoveBackground: true}) || got[1].Options != all {
		t.Errorf("%+v and %+v", got[0].Options, got[1].Options)
	}
}
