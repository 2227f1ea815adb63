package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// uploadBytes puts bytes for an item and completes the upload.
func (w *world) uploadBytes(j job.Job, i int, b string) error {
	w.t.Helper()
	_, path, err := w.jobs.UploadURL(w.t.Context(), job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[i].ItemID, Filename: "a.png"})
	w.must(err)
	w.must(w.blobs.Put(w.t.Context(), "raw", path, []byte(b), blob.PutOptions{IfNoneMatch: true}))
	return w.jobs.Complete(w.t.Context(), tenantID, j.JobID, j.Items[i].ItemID)
}

// A refused photo is told to whoever looks later, and another photo takes its place.
func TestARefusedPhotoSaysWhyUntilItIsReplaced(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, bare)
		before, err := w.jobs.Changes(w.t.Context(), tenantID, j.JobID)
		w.must(err)
		if err := w.uploadBytes(j, 0, "no picture"); !errors.Is(err, imagefile.ErrUnsupported) {
			w.t.Fatal(err)
		}
		it := w.get(j.JobID).Items[0]
		if it.Status != job.ItemCreated || it.ErrorCode == nil || *it.ErrorCode != imagefile.ErrUnsupported.Code || it.ErrorMessage == nil || *it.ErrorMessage != imagefile.ErrUnsupported.Text {
			w.t.Fatalf("%+v", it)
		}
		if now, err := w.jobs.Changes(w.t.Context(), tenantID, j.JobID); err != nil || now == before {
			w.t.Errorf("nobody who watches the job is told: %d, %v", now, err)
		}
		rename := func(name string) error {
			return w.jobs.RenamePhoto(w.t.Context(), tenantID, j.JobID, j.Items[0].ItemID, name)
		}
		w.must(rename("better.png"))
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || it.ErrorCode != nil || it.ErrorMessage != nil || it.Filename != "better.png" {
			w.t.Errorf("%+v", it)
		}
		if err := rename("a/b.png"); !errors.Is(err, job.ErrFilename) {
			w.t.Error(err)
		}
		w.must(rename("late.png")) // it waits for no photo any more
		if it := w.get(j.JobID).Items[0]; it.Filename != "better.png" {
			w.t.Error(it.Filename)
		}
	})
}

// A job need not wait for a photo that is left out.
func TestAnItemIsLeftOut(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(2, bare)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Process(ctx, body(j, 0)))
		w.exports(j.JobID, 2, 0)
		if got := w.get(j.JobID); got.Status != job.JobProcessing {
			w.t.Fatalf("%+v", got)
		}
		for range 2 { // repeated, it changes nothing
			w.must(w.jobs.CancelItem(ctx, tenantID, j.JobID, j.Items[1].ItemID))
		}
		w.bundle(j.JobID, "z")
		got := w.get(j.JobID)
		if got.Status != job.JobPartial || got.Items[1].Status != job.ItemCancelled || *got.Items[1].ErrorCode != "left_out" || got.Counts.Cancelled != 1 {
			w.t.Errorf("%+v", got)
		}
		if err := w.jobs.CancelItem(ctx, tenantID, j.JobID, j.Items[0].ItemID); !errors.Is(err, job.ErrItemEnded) {
			w.t.Errorf("a finished one: %v", err)
		}
		for _, other := range []struct{ tenant, job, item string }{{"t2", j.JobID, j.Items[1].ItemID}, {tenantID, "x", j.Items[1].ItemID}, {tenantID, j.JobID, "x"}} {
			if err := w.jobs.CancelItem(ctx, other.tenant, other.job, other.item); !errors.Is(err, job.ErrItemNotFound) {
				w.t.Errorf("%v: %v", other, err)
			}
		}
	})
}

// A picture that failed is left out of its job, which needs no picture of it any more: while the
// job is made, after its end, and where it was to take another's place.
func TestAFailedItemIsLeftOut(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		told := func(jobID string) string {
			events, err := event.After(ctx, w.db, tenantID, jobID, "", 100)
			w.must(err)
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, e.Type)
			}
			return strings.Join(kinds, " ")
		}
		leave := func(j job.Job, itemID string) job.Job {
			for range 2 { // repeated, it changes nothing
				w.must(w.jobs.CancelItem(ctx, tenantID, j.JobID, itemID))
			}
			return w.get(j.JobID)
		}
		w.row("after its job's end", func() {
			j := w.broken(2)
			w.exports(j.JobID, 2, 0)
			w.bundle(j.JobID, "z")
			was := w.get(j.JobID)
			got := leave(j, j.Items[0].ItemID)
			it := got.Items[0]
			if it.Status != job.ItemFailed || !it.LeftOut || *it.ErrorCode != errRefused.Code || !strings.Contains(steps(it), "place=failed") {
				w.t.Errorf("%s, left out %v, %q, %s", it.Status, it.LeftOut, *it.ErrorCode, steps(it))
			}
			if got.Status != job.JobPartial || got.Counts.Failed != 0 || got.Counts.Cancelled != 1 || got.Counts.Completed != 1 || *got.ExportBlobPath != "z" || !got.FinishedAt.Equal(*was.FinishedAt) {
				w.t.Errorf("%+v", got)
			}
			if got := told(j.JobID); got != "job.created item.failed item.completed export.completed job.finished item.cancelled" {
				w.t.Errorf("events: %s", got)
			}
			if w.meter.held[it.ItemID] != 0 || w.meter.spent[it.ItemID] != 0 {
				w.t.Errorf("ledger %+v", &w.meter)
			}
			if all, _, err := w.jobs.Items(ctx, tenantID, job.Filter{JobID: j.JobID, Standing: true}); err != nil || len(all) != 1 || all[0].ItemID == it.ItemID {
				w.t.Errorf("%d pictures stand (%v)", len(all), err)
			}
			again, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: it.ItemID})
			w.must(err)
			got = w.get(j.JobID)
			if got.Items[0].LeftOut || got.Counts.Failed != 0 || got.Counts.Cancelled != 0 || got.Counts.Open != 1 {
				w.t.Errorf("tried again: %+v", got.Counts)
			}
			w.must(w.jobs.Process(ctx, queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
			w.exports(j.JobID, 2, 0)
			w.bundle(j.JobID, "y")
			if got := w.get(j.JobID); got.Status != job.JobCompleted {
				w.t.Errorf("%+v", got)
			}
		})
		w.row("the only one", func() {
			j := w.broken(1)
			if was := w.get(j.JobID); was.Status != job.JobFailed {
				w.t.Fatal(was.Status)
			}
			if got := leave(j, j.Items[0].ItemID); got.Status != job.JobFailed || got.FinishedAt == nil || got.Counts.Cancelled != 1 {
				w.t.Errorf("%+v", got)
			}
		})
		w.row("while its job is made", func() {
			j := w.create(2, pipeline.DefaultOptions)
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.placer.err = errRefused
			w.must(w.jobs.Process(ctx, body(j, 0)))
			w.placer.err = nil
			if got := leave(j, j.Items[0].ItemID); got.Status != job.JobProcessing || got.Counts.Open != 1 || got.Counts.Failed != 0 || got.Counts.Cancelled != 1 {
				w.t.Errorf("%+v", got)
			}
			w.must(w.upload(j.JobID, j.Items[1].ItemID))
			w.must(w.jobs.Process(ctx, body(j, 1)))
			w.exports(j.JobID, 2, 0)
			w.bundle(j.JobID, "z")
			if got := w.get(j.JobID); got.Status != job.JobPartial {
				w.t.Errorf("%+v", got)
			}
		})
		w.row("one that another tries again", func() {
			j := w.broken(1)
			_, err := w.jobs.Retry(ctx, job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID})
			w.must(err)
			if err := w.jobs.CancelItem(ctx, tenantID, j.JobID, j.Items[0].ItemID); !errors.Is(err, job.ErrRetried) {
				w.t.Errorf("%v", err)
			}
			if got := w.get(j.JobID); got.Counts.Failed != 0 || got.Counts.Open != 1 || got.Counts.Cancelled != 0 {
				w.t.Errorf("%+v", got.Counts)
			}
		})
		w.row("one that was to take another's place", func() {
			j := w.create(1, pipeline.DefaultOptions)
			first := j.Items[0].ItemID
			w.must(w.upload(j.JobID, first))
			w.must(w.jobs.Process(ctx, body(j, 0)))
			w.exports(j.JobID, 2, 0)
			w.bundle(j.JobID, "z")
			again, err := w.jobs.RemakeItem(ctx, job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: first, Scene: "kitchen"})
			w.must(err)
			w.placer.err = errRefused
			w.must(w.jobs.Process(ctx, queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
			w.placer.err = nil
			w.bundle(j.JobID, "y")
			if got := w.get(j.JobID); got.Status != job.JobPartial {
				w.t.Fatalf("%+v", got)
			}
			leave(j, again.ItemID)
			// the next look at the job finds the picture before, and nothing missing
			again, err = w.jobs.RemakeItem(ctx, job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: first, Scene: "office"})
			w.must(err)
			w.must(w.jobs.Process(ctx, queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
			w.exports(j.JobID, 2, 0)
			w.bundle(j.JobID, "x")
			if got := w.get(j.JobID); got.Status != job.JobCompleted || got.Counts.Failed != 0 {
				w.t.Errorf("%+v", got)
			}
		})
	})
}
