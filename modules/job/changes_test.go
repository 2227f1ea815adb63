package job_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// watcher compares a job with its count of changes.
type watcher struct {
	*world
	jobID   string
	changes int64
	saw     string
}

// look fails when the job has changed and its count has not.
func (w *watcher) look(after string) {
	w.t.Helper()
	j := w.get(w.jobID)
	type item struct {
		Status  string
		Attempt int
		Steps   string
	}
	v := struct {
		Status string
		Counts job.Counts
		ZIP    *string
		Items  []item
		Events int
	}{Status: j.Status, Counts: j.Counts, ZIP: j.ExportBlobPath}
	for _, it := range j.Items {
		v.Items = append(v.Items, item{it.Status, it.Attempt, steps(it)})
	}
	events, err := event.After(w.t.Context(), w.db, tenantID, w.jobID, "", 1000)
	w.must(err)
	v.Events = len(events)
	b, err := json.Marshal(v)
	w.must(err)
	n, err := w.jobs.Changes(w.t.Context(), tenantID, w.jobID)
	w.must(err)
	if string(b) == w.saw {
		w.t.Fatalf("%s: nothing changed", after)
	}
	if n <= w.changes {
		w.t.Errorf("%s: %s became %s, and the count stayed %d", after, w.saw, b, n)
	}
	w.changes, w.saw = n, string(b)
}

func TestWhateverChangesInAJobIsCounted(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(3, pipeline.Options{RemoveBackground: true})
		watch := &watcher{world: w, jobID: j.JobID, changes: -1}
		watch.look("creation")
		_, err := w.jobs.Direct(w.t.Context(), tenantID, j.JobID, j.Items[0].ItemID, "a.png", int64(len(photo())), bytes.NewReader(photo()))
		w.must(err)
		watch.look("an upload")
		w.must(w.jobs.Enqueue(w.t.Context(), tenantID, j.JobID))
		watch.look("queueing")
		w.must(w.upload(j.JobID, j.Items[1].ItemID))
		watch.look("a completed upload")

		w.cutter.block = make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- w.jobs.Process(w.t.Context(), body(j, 0)) }()
		w.until(func() bool { return len(w.get(j.JobID).Items[0].Steps) == 2 })
		watch.look("a claim and a step")
		close(w.cutter.block)
		w.must(<-done)
		watch.look("completion")

		w.cutter.block = nil
		w.cutter.err = blobsAway
		w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
		watch.look("another try")
		w.exec(`UPDATE items SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() - 1 WHERE item_id = $1`, j.Items[1].ItemID)
		w.must(w.jobs.Sweep(w.t.Context()))
		watch.look("a rescue")
		w.cutter.err = errRefused
		w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
		watch.look("a failure")
		again, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[1].ItemID})
		w.must(err)
		watch.look("a retry")
		w.cutter.err = nil
		w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
		watch.look("the retry's end")
		w.must(w.jobs.Cancel(w.t.Context(), tenantID, j.JobID))
		watch.look("a cancellation")
		w.exports(j.JobID, 2, 1)
		watch.look("variants")
		w.exports(j.JobID, 1, 0)
		watch.look("the last variant")
		w.bundle(j.JobID, "z")
		watch.look("the ZIP")

		if _, err := w.jobs.Changes(w.t.Context(), "other", j.JobID); !errors.Is(err, job.ErrJobNotFound) {
			w.t.Errorf("another tenant's: %v", err)
		}
	})
}
