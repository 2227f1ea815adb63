package job_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// slowStore is a store behind a thin line, which counts the bytes that readers have
// asked for and not given back yet. Its blobs are in memory, each as often as it is
// named.
type slowStore struct {
	blob.Store
	blobs                 sync.Map // name -> []byte
	held, peak, read, put atomic.Int64
}

func (s *slowStore) Head(_ context.Context, _, name string) (blob.Info, error) {
	b, ok := s.blobs.Load(name)
	if !ok {
		return blob.Info{}, blob.ErrNotFound
	}
	return blob.Info{Name: name, Size: int64(len(b.([]byte)))}, nil
}

func (s *slowStore) hold(n int64) func() {
	now := s.held.Add(n)
	for p := s.peak.Load(); now > p && !s.peak.CompareAndSwap(p, now); p = s.peak.Load() {
	}
	return func() { s.held.Add(-n) }
}

func (s *slowStore) Open(ctx context.Context, container, name string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	info, err := s.Head(ctx, container, name)
	if err != nil {
		return nil, info, err
	}
	b, _ := s.blobs.Load(name)
	part := b.([]byte)[offset:]
	if length > 0 {
		part = part[:min(int64(len(part)), length)]
	}
	s.read.Add(int64(len(part)))
	done := s.hold(int64(len(part)))
	time.Sleep(time.Millisecond)
	return &heldReader{bytes.NewReader(part), done}, info, nil
}

func (s *slowStore) Put(ctx context.Context, container, name string, body []byte, o blob.PutOptions) error {
	s.put.Add(int64(len(body)))
	defer s.hold(int64(len(body)))()
	time.Sleep(time.Millisecond)
	return s.Store.Put(ctx, container, name, body, o)
}

type heldReader struct {
	io.Reader
	done func()
}

func (h *heldReader) Close() error {
	h.done()
	return nil
}

// noisy returns a file of the largest size that a photo may have: the given
// beginning, then noise.
func noisy(begins []byte) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, imagefile.MaxBytes)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	copy(b, begins)
	return b
}

// TestUploadsHoldLittleInMemory completes, enqueues and sends many large files at
// the same time. All ways of uploading share one bound.
func TestUploadsHoldLittleInMemory(t *testing.T) {
	const calls, bound = 60, 2 * imagefile.MaxBytes
	ctx, w := t.Context(), newWorld(t, dbtest.SQLite(t))
	store := &slowStore{Store: w.blobs}
	w.jobs.Blobs = store
	noise := noisy(nil)
	jpeg := noisy([]byte{0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff}) // its frame header might come anywhere
	var wg sync.WaitGroup
	for i := range calls {
		j := w.create(1, pipeline.DefaultOptions)
		id := j.Items[0].ItemID
		_, path, err := w.jobs.UploadURL(ctx, job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: id, Filename: "a.png"})
		w.must(err)
		body := noise
		if i%10 == 0 {
			body = jpeg
		}
		store.blobs.Store(path, body)
		wg.Go(func() {
			if err := w.jobs.Complete(ctx, tenantID, j.JobID, id); !errors.Is(err, imagefile.ErrUnsupported) && !errors.Is(err, imagefile.ErrCorrupt) {
				t.Errorf("complete: %v", err)
			}
		})
		wg.Go(func() {
			if err := w.jobs.Enqueue(ctx, tenantID, j.JobID); err != nil {
				t.Errorf("enqueue: %v", err)
			}
		})
		if i%3 == 0 {
			wg.Go(func() {
				_, err := w.jobs.Direct(ctx, tenantID, j.JobID, id, "a.png", int64(len(noise)), bytes.NewReader(noise))
				if !errors.Is(err, imagefile.ErrUnsupported) {
					t.Errorf("direct: %v", err)
				}
			})
		}
	}
	wg.Wait()
	if p := store.peak.Load(); p > bound {
		t.Errorf("%d MB were held at once, at most %d are to be", p>>20, bound>>20)
	}
	if n, most := store.read.Load(), int64(2*calls*imagefile.HeadBytes+2*calls/10*(imagefile.MaxBytes+20*imagefile.HeadBytes)); n > most {
		t.Errorf("%d MB were read, %d are enough", n>>20, most>>20)
	}
	if store.put.Load() != 0 {
		t.Error("something that is not a photo was stored")
	}
}

// TestAPhotoIsJudgedByItsHeader checks how many bytes of a valid photo are
// read.
func TestAPhotoIsJudgedByItsHeader(t *testing.T) {
	ctx, w := t.Context(), newWorld(t, dbtest.SQLite(t))
	store := &slowStore{Store: w.blobs}
	w.jobs.Blobs = store
	j := w.create(1, pipeline.DefaultOptions)
	_, path, err := w.jobs.UploadURL(ctx, job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, Filename: "a.png"})
	w.must(err)
	body := noisy(photo()[:60])
	store.blobs.Store(path, body)
	w.must(w.jobs.Complete(ctx, tenantID, j.JobID, j.Items[0].ItemID))
	if n := store.read.Load(); n != imagefile.HeadBytes {
		t.Errorf("%d bytes were read", n)
	}
	if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued {
		t.Errorf("it is %s", it.Status)
	}
}

func TestUploadURLsOfAnItemAreBounded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, w := t.Context(), newWorld(t, d)
		j := w.create(1, pipeline.DefaultOptions)
		id := j.Items[0].ItemID
		ask := func() (string, error) {
			_, path, err := w.jobs.UploadURL(ctx, job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: id, Filename: "a.png"})
			return path, err
		}
		var given, refused atomic.Int64
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				switch _, err := ask(); {
				case err == nil:
					given.Add(1)
				case errors.Is(err, job.ErrUploadURLs):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if given.Load() != 20 || refused.Load() != 20 {
			t.Errorf("%d were given out, %d refused", given.Load(), refused.Load())
		}
		if _, err := d.ExecContext(ctx, `UPDATE uploads SET created_at = created_at - 3600000`); err != nil {
			t.Fatal(err)
		}
		path, err := ask()
		if err != nil {
			t.Fatalf("after the URLs have ended: %v", err)
		}
		w.must(w.blobs.Put(ctx, "raw", path, photo(), blob.PutOptions{}))
		w.must(w.jobs.Complete(ctx, tenantID, j.JobID, id))
		var n int
		if err := d.QueryRow(`SELECT count(*) FROM uploads`).Scan(&n); err != nil || n != 20 {
			t.Errorf("%d uploads, %v", n, err)
		}
	})
}
