package job_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/queue"
)

// sources answers addresses with photos or errors.
type sources struct {
	mu    sync.Mutex
	calls int
	photo []byte
	err   error
}

var errBadSource = fault.New(fault.Invalid, "bad_source", "The address is bad")

func (s *sources) Check(address string) error {
	if strings.Contains(address, "bad") {
		return errBadSource
	}
	return nil
}

func (s *sources) Fetch(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.photo, s.err
}

func (w *world) createFrom(scenes int, address string) (job.Job, error) {
	return w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare,
		Items: []job.NewItem{{SourceURL: address, SceneCount: scenes}}})
}

func (w *world) process(it job.Item, jobID string) job.Item {
	w.t.Helper()
	if err := w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: jobID, ItemID: it.ItemID, CorrelationID: "c"}); err != nil {
		w.t.Fatal(err)
	}
	j, err := w.jobs.Get(w.t.Context(), tenantID, jobID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, now := range j.Items {
		if now.ItemID == it.ItemID {
			return now
		}
	}
	w.t.Fatal("no item")
	return job.Item{}
}

func TestPhotosAreFetchedFromTheirAddressOncePerEntry(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		src := &sources{photo: photo()}
		w.jobs.Sources = src
		j, err := w.createFrom(2, "https://shop.example/photos/Blue%20mug.png?sig=x")
		if err != nil {
			t.Fatal(err)
		}
		if j.Status != job.JobProcessing || j.Items[0].Status != job.ItemQueued || j.Items[0].Filename != "Blue mug.png" || w.meter.held[j.Items[1].ItemID] != 1 {
			t.Fatalf("%+v, held %v", j, w.meter.held)
		}
		first := w.process(j.Items[0], j.JobID)
		second := w.process(j.Items[1], j.JobID)
		if first.Status != job.ItemCompleted || second.Status != job.ItemCompleted || src.calls != 1 || *first.RawBlobPath != *second.RawBlobPath {
			t.Errorf("%s and %s after %d calls", first.Status, second.Status, src.calls)
		}
		if *first.SourceURL != "https://shop.example/photos/Blue%20mug.png?sig=x" {
			t.Errorf("it returns the address: %s", *first.SourceURL)
		}
	})
}

func TestAnAddressThatFailsFailsItsItemAndMayBeRetried(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		src := &sources{err: errBadSource}
		w.jobs.Sources = src
		j, err := w.createFrom(1, "https://shop.example/")
		if err != nil {
			t.Fatal(err)
		}
		it := w.process(j.Items[0], j.JobID)
		if it.Status != job.ItemFailed || *it.ErrorCode != "bad_source" || it.RawBlobPath != nil || w.meter.held[it.ItemID] != 0 {
			t.Fatalf("%+v, held %v", it, w.meter.held)
		}
		src.err, src.photo = nil, photo()
		again, err := w.jobs.Retry(t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: it.ItemID})
		if err != nil {
			t.Fatal(err)
		}
		if now := w.process(again, j.JobID); now.Status != job.ItemCompleted {
			t.Errorf("%+v", now)
		}

		src.err = fault.New(fault.Unavailable, "host_away", "The host is away")
		if j, err = w.createFrom(1, "https://shop.example/x.jpg"); err != nil {
			t.Fatal(err)
		}
		if it := w.process(j.Items[0], j.JobID); it.Status != job.ItemQueued {
			t.Errorf("a host that is away is asked again: %+v", it)
		}
		src.err, src.photo = nil, []byte("<html>")
		if j, err = w.createFrom(1, "https://shop.example/x.jpg"); err != nil {
			t.Fatal(err)
		}
		if it := w.process(j.Items[0], j.JobID); it.Status != job.ItemFailed || *it.ErrorCode != "image_unsupported" {
			t.Errorf("a page is not a photo: %+v", it)
		}
	})
}

func TestJobsWithAddressesAreMadeWholeOrNotAtAll(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if _, err := w.createFrom(1, "https://shop.example/a.jpg"); fault.CodeOf(err) != job.ErrNoSources.Code {
			t.Errorf("without sources: %v", err)
		}
		w.jobs.Sources = &sources{}
		if _, err := w.createFrom(1, "https://bad.example/a.jpg"); fault.CodeOf(err) != errBadSource.Code || !strings.Contains(err.Error(), "items[0].source_url") {
			t.Errorf("a bad address: %v", err)
		}
		w.meter.broke = true
		if _, err := w.createFrom(1, "https://shop.example/a.jpg"); err == nil {
			t.Error("it is made without credit")
		}
		if jobs, _, err := w.jobs.List(t.Context(), tenantID, job.Filter{Limit: 10}); err != nil || len(jobs) > 0 {
			t.Errorf("%d jobs, %v", len(jobs), err)
		}
	})
}

func TestUploadURLsComeWithTheJob(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare, Uploads: true,
			Items: []job.NewItem{{Filename: "a.png", SceneCount: 2}, {Filename: "b.png"}}})
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := j.Items[0].UploadURL, j.Items[1].UploadURL, j.Items[2].UploadURL
		if a == "" || a != b || c == "" || c == a {
			t.Errorf("siblings share a URL: %q %q %q", a, b, c)
		}
		if err := w.upload(j.JobID, j.Items[0].ItemID); err != nil {
			t.Errorf("other URLs may be asked for still: %v", err)
		}
	})
}
