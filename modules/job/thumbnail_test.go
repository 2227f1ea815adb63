package job_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestAThumbnailIsMadeOnceAndKept(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(1, pipeline.Options{RemoveBackground: true})
		id := j.Items[0].ItemID
		if _, err := w.jobs.Thumbnail(ctx, tenantID, j.JobID, id); !errors.Is(err, job.ErrOutputMissing) {
			w.t.Errorf("before there is a picture: %v", err)
		}
		w.must(w.upload(j.JobID, id))
		w.must(w.jobs.Process(ctx, body(j, 0)))
		before := w.files()
		b, err := w.jobs.Thumbnail(ctx, tenantID, j.JobID, id)
		w.must(err)
		img, err := imaging.DecodeOwn(b)
		w.must(err)
		if max(img.Rect.Dx(), img.Rect.Dy()) > job.ThumbnailSide || !strings.HasPrefix(string(b[8:]), "WEBP") {
			w.t.Errorf("%v %q", img.Rect, b[:12])
		}
		again, err := w.jobs.Thumbnail(ctx, tenantID, j.JobID, id)
		w.must(err)
		if string(again) != string(b) || w.files() != before+1 {
			w.t.Errorf("%d files before, %d after two calls", before, w.files())
		}
		for _, other := range []struct{ tenant, job, item string }{{"t2", j.JobID, id}, {tenantID, j.JobID, "x"}, {tenantID, "x", id}} {
			if _, err := w.jobs.Thumbnail(ctx, other.tenant, other.job, other.item); !errors.Is(err, job.ErrItemNotFound) {
				w.t.Errorf("%v: %v", other, err)
			}
		}
		// The look for files that nobody names leaves it alone.
		old := time.Now().Add(-8 * 24 * time.Hour)
		w.must(filepath.Walk(w.dir, func(p string, _ os.FileInfo, err error) error { return errors.Join(err, os.Chtimes(p, old, old)) }))
		w.exec(`UPDATE chores SET due_at = 0`)
		kept := w.files()
		w.tidy()
		if n := w.files(); n != kept {
			w.t.Errorf("%d files of %d are left", n, kept)
		}
	})
}

func TestAPhotoHasAThumbnailAsSoonAsItIsThere(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(1, pipeline.Options{RemoveBackground: true})
		id := j.Items[0].ItemID
		if _, err := w.jobs.PhotoThumbnail(ctx, tenantID, j.JobID, id); !errors.Is(err, job.ErrUploadMissing) {
			w.t.Errorf("before there is a photo: %v", err)
		}
		w.must(w.upload(j.JobID, id))
		before := w.files()
		b, err := w.jobs.PhotoThumbnail(ctx, tenantID, j.JobID, id)
		w.must(err)
		img, err := imaging.DecodeOwn(b)
		w.must(err)
		if max(img.Rect.Dx(), img.Rect.Dy()) > job.ThumbnailSide || !strings.HasPrefix(string(b[8:]), "WEBP") {
			w.t.Errorf("%v %q", img.Rect, b[:12])
		}
		again, err := w.jobs.PhotoThumbnail(ctx, tenantID, j.JobID, id)
		w.must(err)
		if string(again) != string(b) || w.files() != before+1 {
			w.t.Errorf("%d files before, %d after two calls", before, w.files())
		}
		if _, err := w.jobs.PhotoThumbnail(ctx, "t2", j.JobID, id); !errors.Is(err, job.ErrItemNotFound) {
			w.t.Errorf("another tenant's: %v", err)
		}
	})
}

func TestThePaceCountsWhatWasOrderedAndMade(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(1, pipeline.Options{RemoveBackground: true})
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Process(ctx, body(j, 0)))
		w.exec(`UPDATE items SET created_at = ended_at - 3600000`) // an hour behind others' pictures
		w.exec(`UPDATE item_steps SET started_at = (SELECT i.ended_at FROM items i WHERE i.item_id = item_steps.item_id) - 24000`)
		w.exec(`UPDATE jobs SET open_items = 0, open_exports = 0, finished_at = updated_at, status = 'completed'`)
		p, err := w.jobs.Pace(ctx)
		w.must(err)
		if want := (job.Pace{First: 24 * time.Second, Each: 9 * time.Second, Measured: true}); p != want {
			w.t.Errorf("%+v, not %+v", p, want)
		}
		w.exec(`UPDATE jobs SET finished_at = NULL`)
		if again, err := w.jobs.Pace(ctx); err != nil || again != p {
			w.t.Errorf("it is asked for anew within a minute: %+v %v", again, err)
		}
	})
}

// TestAPhotoIsServedAsAPicture puts photos with types that a browser would run, which their
// sender names.
func TestAPhotoIsServedAsAPicture(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		for name, want := range map[string]string{"a.png": "image/png", "a.TIFF": "image/tiff", "a.html": "image/jpeg", "a.svg": "image/jpeg", "a": "image/jpeg"} {
			w.row(name, func() {
				j := w.create(1, pipeline.Options{RemoveBackground: true})
				id := j.Items[0].ItemID
				_, path, err := w.jobs.UploadURL(ctx, job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: id, Filename: name, ContentType: "text/html"})
				w.must(err)
				w.must(w.blobs.Put(ctx, "raw", path, photo(), blob.PutOptions{ContentType: "text/html"}))
				w.must(w.jobs.Complete(ctx, tenantID, j.JobID, id))
				u, err := w.jobs.RawURL(ctx, tenantID, id)
				w.must(err)
				at, err := url.Parse(u)
				w.must(err)
				if got := at.Query().Get("rsct"); got != want {
					w.t.Errorf("%s is served as %q", name, got)
				}
			})
		}
	})
}
