package job_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

var errRefused = fault.New(fault.Invalid, "scene_refused", "The scene is refused")

// broken makes a job of n items whose first fails in its placement.
func (w *world) broken(n int) job.Job {
	w.t.Helper()
	j := w.create(n, pipeline.DefaultOptions)
	for i, it := range j.Items {
		w.must(w.upload(j.JobID, it.ItemID))
		w.placer.err = nil
		if i == 0 {
			w.placer.err = errRefused
		}
		w.must(w.jobs.Process(w.t.Context(), body(j, i)))
	}
	w.placer.err = nil
	return w.get(j.JobID)
}

func steps(it job.Item) string {
	var out []string
	for _, s := range it.Steps {
		out = append(out, s.Step+"="+s.Status)
	}
	return strings.Join(out, " ")
}

func TestARetryGoesOnFromTheLastGoodStep(t *testing.T) {
	each(t, func(w *world) {
		j := w.broken(2)
		w.exports(j.JobID, 2, 0)
		w.bundle(j.JobID, "first")
		if got := w.get(j.JobID); got.Status != job.JobPartial || got.Counts.Failed != 1 {
			w.t.Fatalf("%+v", got)
		}
		cuts, failed := w.cutter.calls, j.Items[0]
		again, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: failed.ItemID})
		w.must(err)
		if again.Status != job.ItemQueued || again.RetryOf == nil || *again.RetryOf != failed.ItemID || again.Filename != failed.Filename || again.SceneType != failed.SceneType {
			w.t.Fatalf("%+v", again)
		}
		got := w.get(j.JobID)
		if got.Status != job.JobProcessing || got.FinishedAt != nil || got.Counts.Failed != 0 || got.Counts.Open != 1 || got.Counts.Total != 2 {
			w.t.Fatalf("%+v", got)
		}
		if old := got.Items[0]; old.Status != job.ItemFailed || *old.ErrorCode != "scene_refused" || old.RetriedBy == nil || *old.RetriedBy != again.ItemID {
			w.t.Fatalf("the failed item changed: %+v", old)
		}
		w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
		got = w.get(j.JobID)
		if it := got.Items[2]; it.Status != job.ItemCompleted || !strings.Contains(steps(it), "cutout=reused place=done") {
			w.t.Fatalf("%s: %s", it.Status, steps(it))
		}
		if w.cutter.calls != cuts {
			w.t.Errorf("the photo was cut out again")
		}
		w.exports(j.JobID, 2, 0)
		w.bundle(j.JobID, "second")
		got = w.get(j.JobID)
		if got.Status != job.JobCompleted || *got.ExportBlobPath != "second" || got.Counts.Completed != 2 {
			w.t.Fatalf("%+v", got)
		}
		if w.meter.held[again.ItemID] != 0 || w.meter.spent[again.ItemID] != 1 || w.meter.spent[failed.ItemID] != 0 {
			w.t.Errorf("ledger %+v", &w.meter)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 100)
		w.must(err)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Type)
		}
		if got := strings.Join(kinds, " "); got != "job.created item.failed item.completed export.completed job.finished item.retried item.completed export.completed job.finished" {
			w.t.Errorf("events: %s", got)
		}
	})
}

// A photo that failed is replaced: nothing of it is used any more.
func TestARetryTakesAnotherPhoto(t *testing.T) {
	each(t, func(w *world) {
		j := w.broken(1)
		failed := w.get(j.JobID).Items[0]
		again, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: failed.ItemID, Upload: true})
		w.must(err)
		if again.Status != job.ItemCreated || again.RawBlobPath != nil || again.CutoutBlobPath != nil || again.Confidence != nil {
			w.t.Fatalf("%+v", again)
		}
		if err := w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}); err != nil || w.get(j.JobID).Items[1].Status != job.ItemCreated {
			w.t.Errorf("it is worked on before its photo is there: %v", err)
		}
		cuts := w.cutter.calls
		w.must(w.upload(j.JobID, again.ItemID))
		w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
		got := w.get(j.JobID)
		if it := got.Items[1]; it.Status != job.ItemCompleted || w.cutter.calls != cuts+1 || *it.RawBlobPath == *failed.RawBlobPath {
			w.t.Errorf("%s after %d cut-outs: %s", it.Status, w.cutter.calls-cuts, steps(it))
		}
		if got.Counts.Failed != 0 || got.Counts.Open != 0 || got.Counts.Completed != 1 || w.meter.spent[again.ItemID] != 1 {
			w.t.Errorf("%+v, ledger %+v", got.Counts, &w.meter)
		}
	})
}

func TestARetriedRetryCountsOnce(t *testing.T) {
	each(t, func(w *world) {
		j := w.broken(1)
		id := j.Items[0].ItemID
		for range 3 {
			again, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: id})
			w.must(err)
			if _, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: id}); !errors.Is(err, job.ErrRetried) || !strings.Contains(err.Error(), again.ItemID) {
				w.t.Fatalf("twice: %v", err)
			}
			if _, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID}); !errors.Is(err, job.ErrNotFailed) {
				w.t.Fatalf("a queued one: %v", err)
			}
			w.placer.err = errRefused
			w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
			id = again.ItemID
		}
		if got := w.get(j.JobID); got.Status != job.JobFailed || got.Counts.Failed != 1 || got.Counts.Total != 1 || len(got.Items) != 4 {
			w.t.Fatalf("%+v", got)
		}
	})
}

// A ZIP that was made before an item was retried does not end the job.
func TestTheZIPOfARoundBeforeIsIgnored(t *testing.T) {
	each(t, func(w *world) {
		j := w.broken(2)
		w.exports(j.JobID, 2, 0)
		stale := w.asked(j.JobID)
		again, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID})
		w.must(err)
		end := func() { w.bundleEnded(j.JobID, stale.round, "stale") }
		end()
		w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
		w.exports(j.JobID, 2, 0)
		end()
		if got := w.get(j.JobID); got.ExportBlobPath != nil || got.Status != job.JobProcessing {
			w.t.Fatalf("%+v", got)
		}
		w.bundle(j.JobID, "fresh")
		if got := w.get(j.JobID); *got.ExportBlobPath != "fresh" {
			w.t.Fatalf("%+v", got)
		}
	})
}

func TestRetriesAtOnceOfOneJob(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(6, pipeline.DefaultOptions)
		w.placer.err = errRefused
		for i, it := range j.Items {
			w.must(w.upload(j.JobID, it.ItemID))
			w.must(w.jobs.Process(w.t.Context(), body(j, i)))
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for _, it := range append(j.Items, j.Items...) {
			all.Go(func() {
				_, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: it.ItemID})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if !errors.Is(err, job.ErrRetried) {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if got := w.get(j.JobID); made != 6 || got.Counts.Open != 6 || got.Counts.Failed != 0 || len(got.Items) != 12 {
			w.t.Fatalf("%d made: %+v", made, got.Counts)
		}
	})
}

func TestWhatCantBeRetried(t *testing.T) {
	each(t, func(w *world) {
		j := w.broken(2)
		ctx, failed := w.t.Context(), j.Items[0]
		if _, err := w.jobs.Retry(ctx, job.Again{TenantID: "t2", JobID: j.JobID, ItemID: failed.ItemID}); !errors.Is(err, job.ErrItemNotFound) {
			w.t.Errorf("another tenant: %v", err)
		}
		if _, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: w.create(1, bare).JobID, ItemID: failed.ItemID}); !errors.Is(err, job.ErrItemNotFound) {
			w.t.Errorf("another job: %v", err)
		}
		if _, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[1].ItemID}); !errors.Is(err, job.ErrNotFailed) {
			w.t.Errorf("a completed item: %v", err)
		}
		w.meter.broke = true
		if _, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: failed.ItemID}); !errors.Is(err, errBroke) {
			w.t.Errorf("without credits: %v", err)
		}
		if got := w.get(j.JobID); len(got.Items) != 2 || got.Counts.Failed != 1 {
			w.t.Errorf("it left something behind: %+v", got)
		}
		w.meter.broke = false
		w.must(w.blobs.Delete(ctx, "raw", *failed.RawBlobPath))
		if _, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: failed.ItemID}); !errors.Is(err, job.ErrPhotoGone) {
			w.t.Errorf("without its photo: %v", err)
		}
	})
}
