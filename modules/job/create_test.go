package job_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// shape is what a caller is told of a new job.
func shape(j job.Job) []string {
	out := []string{j.JobID}
	for _, it := range j.Items {
		out = append(out, it.ItemID, it.Filename, it.SceneType, it.UploadURL)
	}
	return out
}

// count returns the rows of a table.
func (w *world) count(table string) (n int) {
	w.t.Helper()
	w.must(w.db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// A plain backdrop is asked for by its colours, in any spelling; items name it in one.
func TestScenesMayBePaint(t *testing.T) {
	each(t, func(w *world) {
		asked := []string{"color:#F80", "gradient:#000-#FFF", "kitchen"}
		j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare, Items: []job.NewItem{{Filename: "a.png", SceneTypes: asked}}})
		w.must(err)
		var got []string
		for _, it := range w.get(j.JobID).Items {
			got = append(got, it.SceneType)
		}
		if diff := cmp.Diff([]string{"colour:#ff8800", "gradient:#000000-#ffffff", "kitchen"}, got); diff != "" || asked[0] != "color:#F80" {
			w.t.Errorf("(-want +got):\n%s", diff)
		}
		_, err = w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare, Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{"colour:orange"}}}})
		if !errors.Is(err, job.ErrSceneType) || !strings.Contains(err.Error(), "colour:#rrggbb") {
			w.t.Error(err)
		}
	})
}

// Rows go to the database many at a time; the order and each row's own values stay.
func TestItemsAndUploadsAreWrittenInOrder(t *testing.T) {
	each(t, func(w *world) {
		n := job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare, Uploads: true}
		for i := range 99 { // 64 + 32 + 2 + 1
			n.Items = append(n.Items, job.NewItem{Filename: fmt.Sprintf("%d.png", i), SceneCount: 1 + i%2})
		}
		made, err := w.jobs.Create(w.t.Context(), n)
		w.must(err)
		got := w.get(made.JobID)
		var want, have []string
		for i := range made.Items {
			want = append(want, made.Items[i].ItemID+made.Items[i].Filename+made.Items[i].SceneType)
			have = append(have, got.Items[i].ItemID+got.Items[i].Filename+got.Items[i].SceneType)
		}
		if diff := cmp.Diff(want, have); diff != "" || len(got.Items) != 99+49 || w.count("uploads") != 99 {
			w.t.Errorf("%d items, %d uploads (-made +read):\n%s", len(got.Items), w.count("uploads"), diff)
		}
	})
}

// A process may die between a call's effect and the record of its answer. The call is
// then done again, with the id that was chosen for what it makes.
func TestACallThatIsDoneAgainMakesNothingTwice(t *testing.T) {
	const id = "01900000-0000-7000-8000-000000000001"
	t.Run("a job", func(t *testing.T) {
		each(t, func(w *world) {
			n := job.NewJob{ID: id, TenantID: tenantID, CorrelationID: "c", Options: bare, Uploads: true, Items: []job.NewItem{{Filename: "a.png", SceneCount: 2}, {Filename: "b.png"}}}
			first, err := w.jobs.Create(w.t.Context(), n)
			w.must(err)
			again, err := w.jobs.Create(w.t.Context(), n)
			w.must(err)
			if diff := cmp.Diff(shape(first)[:4], shape(again)[:4]); diff != "" || len(shape(first)) != len(shape(again)) || again.JobID != id {
				w.t.Errorf("(-first +again):\n%s", diff)
			}
			for i, it := range again.Items {
				if it.UploadURL == "" || it.ItemID != first.Items[i].ItemID {
					w.t.Errorf("item %d: %+v", i, it)
				}
			}
			if jobs, items, uploads := w.count("jobs"), w.count("items"), w.count("uploads"); jobs != 1 || items != 3 || uploads != 2 {
				w.t.Errorf("%d jobs, %d items, %d uploads", jobs, items, uploads)
			}
			n.TenantID = "t2" // another tenant can't be answered with it
			if other, err := w.jobs.Create(w.t.Context(), n); err == nil {
				w.t.Errorf("another tenant was given %s", other.JobID)
			}
		})
	})
	t.Run("a job, by two calls side by side", func(t *testing.T) {
		each(t, func(w *world) {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					j, err := w.jobs.Create(w.t.Context(), job.NewJob{ID: id, TenantID: tenantID, CorrelationID: "c", Options: bare, Items: []job.NewItem{{Filename: "a.png"}}})
					if err != nil || j.JobID != id || len(j.Items) != 1 {
						w.t.Errorf("%+v, %v", j, err)
					}
				})
			}
			all.Wait()
			if jobs, items := w.count("jobs"), w.count("items"); jobs != 1 || items != 1 {
				w.t.Errorf("%d jobs, %d items", jobs, items)
			}
		})
	})
	t.Run("a retry", func(t *testing.T) {
		each(t, func(w *world) {
			j := w.broken(2)
			a := job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, ID: id}
			for range 2 {
				it, err := w.jobs.Retry(w.t.Context(), a)
				if err != nil || it.ItemID != id {
					w.t.Fatalf("%+v, %v", it, err)
				}
			}
			if got := w.get(j.JobID); len(got.Items) != 3 || got.Counts.Open != 1 {
				w.t.Errorf("%d items, %+v", len(got.Items), got.Counts)
			}
		})
	})
	t.Run("a version of a cut-out", func(t *testing.T) {
		each(t, func(w *world) {
			j := w.finished(pipeline.DefaultOptions)
			c := job.Change{ID: id, TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, Hints: &dot}
			w.must(w.jobs.ChangeCutout(w.t.Context(), c))
			before := w.count("cutout_versions")
			w.must(w.jobs.ChangeCutout(w.t.Context(), c))
			if after := w.count("cutout_versions"); after != before {
				w.t.Errorf("%d versions after %d", after, before)
			}
		})
	})
}
