package job_test

import (
	"errors"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/job"
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
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || it.ErrorCode != nil || it.ErrorMessage != nil {
			w.t.Errorf("%+v", it)
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
