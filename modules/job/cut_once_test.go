package job_test

import (
	"context"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

func TestAPhotoIsCutOnceHoweverManyScenesBegin(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png", SceneCount: 3}}, Options: pipeline.Options{RemoveBackground: true}})
		w.must(err)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.cutter.block = make(chan struct{})
		body := func(i int) queue.Body {
			return queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[i].ItemID, CorrelationID: "c"}
		}
		var first sync.WaitGroup
		first.Go(func() {
			if err := w.jobs.Process(context.WithoutCancel(t.Context()), body(0)); err != nil {
				t.Error(err)
			}
		})
		for w.get(j.JobID).Items[0].Status != job.ItemProcessing { // until it is cutting
			select {
			case <-t.Context().Done():
				return
			default:
			}
		}
		for i := range 2 {
			w.must(w.jobs.Process(t.Context(), body(1+i)))
			if s := w.get(j.JobID).Items[1+i].Status; s != job.ItemQueued {
				t.Errorf("scene %d is %s while the photo is cut for the first", 1+i, s)
			}
		}
		close(w.cutter.block)
		first.Wait()
		for i := range 2 {
			w.must(w.jobs.Process(t.Context(), body(1+i)))
		}
		if w.cutter.calls != 1 {
			t.Errorf("the photo was cut %d times", w.cutter.calls)
		}
		for _, it := range w.get(j.JobID).Items {
			if it.Status != job.ItemCompleted {
				t.Errorf("item %d is %s", it.SceneIndex, it.Status)
			}
		}
	})
}
