package collection_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, dbtest.IgnoreServer()...) }

// world is the collections of a database, whose jobs the test makes and whose ZIPs it
// ends.
type world struct {
	t     *testing.T
	db    *db.DB
	s     *collection.Service
	blobs blob.Store

	mu    sync.Mutex
	asked []collection.ZIP
	paths []string
	ended []collection.Ended
}

func (w *world) AskForZIP(_ context.Context, _ *db.Tx, z collection.ZIP) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, z)
	return nil
}
func (w *world) ForgetZIPs(context.Context, *db.Tx, string) error { w.paths = nil; return nil }
func (w *world) ZIPPaths(context.Context, string) ([]string, error) {
	return w.paths, nil
}

func each(t *testing.T, f func(w *world)) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		store, err := fileblob.Open(fileblob.Options{Dir: filepath.Join(t.TempDir(), "b"), BaseURL: "http://127.0.0.1:1/blobs", Key: []byte("k")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		if err := store.EnsureContainers(t.Context(), "exports"); err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, db: d, blobs: store}
		w.s = collection.New(collection.Options{DB: d, ZIPs: w, Blobs: store, Exports: "exports", Ended: func(_ context.Context, _ *db.Tx, e collection.Ended) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ended = append(w.ended, e)
			return nil
		}})
		f(w)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), q, args...)
	w.must(err)
}

// job makes an open job of n items.
func (w *world) job(tenantID string, n int) string {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	w.exec(`INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, created_at, updated_at)
		VALUES ($1, $2, 'default', 'c', 'created', '[]', '{}', '{}', $3, $3, now_ms(), now_ms())`, id, tenantID, n)
	for i := range n {
		w.exec(`INSERT INTO items (item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, status, created_at, updated_at)
			VALUES ($1, $2, $3, 'c', $4, 'e', 'a.jpg', 0, 'studio', '', 'created', now_ms(), now_ms())`, id[:30]+strconv.Itoa(i), id, tenantID, i)
	}
	return id
}

// end ends all items of a job alike.
func (w *world) end(id, status string) {
	w.t.Helper()
	counter := map[string]string{"completed": "done_items", "failed": "failed_items", "cancelled": "cancelled_items"}[status]
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		if _, err := tx.ExecContext(w.t.Context(), `UPDATE items SET status = $2 WHERE job_id = $1`, id, status); err != nil {
			return err
		}
		if _, err := tx.ExecContext(w.t.Context(), `UPDATE jobs SET open_items = 0, `+counter+` = total, status = $2, finished_at = now_ms() WHERE job_id = $1`, id, status); err != nil {
			return err
		}
		return w.s.JobEnded(w.t.Context(), tx, id)
	}))
}

func (w *world) zip(made bool) {
	w.t.Helper()
	z := w.asked[len(w.asked)-1]
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		return w.s.ZIPEnded(w.t.Context(), tx, z.CollectionID, z.Round, made)
	}))
}

func (w *world) make(n collection.NewCollection) collection.Collection {
	w.t.Helper()
	n.TenantID = "t"
	c, err := w.s.Create(w.t.Context(), n)
	w.must(err)
	return c
}

func (w *world) get(id string) collection.Collection {
	w.t.Helper()
	c, err := w.s.Get(w.t.Context(), "t", id)
	w.must(err)
	return c
}

// events counts the events of a collection's end.
func (w *world) events(id string) (n int) {
	w.t.Helper()
	w.must(w.db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM events WHERE type = 'collection.finished' AND job_id = $1`, id).Scan(&n))
	return n
}

func TestACollectionEndsOnceWithItsJobsAndItsZIP(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.job("t", 2), w.job("t", 3)
		c := w.make(collection.NewCollection{Name: "Spring", JobIDs: []string{a, b}})
		w.end(a, "completed")
		if got := w.get(c.CollectionID); got.Status != collection.Open || got.Progress.Total != 5 || got.Progress.Completed != 2 || got.Progress.OpenJobs != 1 {
			w.t.Errorf("open: %+v", got)
		}
		_, err := w.s.Close(w.t.Context(), "t", c.CollectionID)
		w.must(err)
		w.end(b, "failed")
		if got := w.get(c.CollectionID); got.Status != collection.Processing || got.ZIP != collection.ZIPPending || len(w.asked) != 1 || w.asked[0].JobID != a {
			w.t.Fatalf("its jobs ended: %+v, asked %+v", got, w.asked)
		}
		for range 2 { // a ZIP's end that is told twice ends it once
			w.zip(true)
		}
		got := w.get(c.CollectionID)
		if got.Status != collection.Partial || got.ZIP != collection.ZIPReady || got.FinishedAt == nil || w.events(c.CollectionID) != 1 || len(w.ended) != 1 {
			w.t.Errorf("%+v, %d events, told %d times", got, w.events(c.CollectionID), len(w.ended))
		}
		if _, err := w.s.Add(w.t.Context(), "t", c.CollectionID, []string{w.job("t", 1)}); !errors.Is(err, collection.ErrClosed) {
			w.t.Errorf("another job: %v", err)
		}
	})
}

func TestOutcomesOfCollections(t *testing.T) {
	for name, c := range map[string]struct {
		ends []string
		zip  bool
		want string
		zips int
	}{
		"all completed":         {[]string{"completed", "completed"}, true, collection.Completed, 1},
		"one failed":            {[]string{"completed", "failed"}, true, collection.Partial, 1},
		"all failed":            {[]string{"failed", "failed"}, true, collection.Failed, 0},
		"one failed, no other":  {[]string{"failed", "cancelled"}, true, collection.Failed, 0},
		"all cancelled":         {[]string{"cancelled"}, true, collection.Cancelled, 0},
		"the ZIP failed":        {[]string{"completed"}, false, collection.Partial, 1},
		"closed without a job":  {nil, true, collection.Cancelled, 0},
		"ended before it began": {[]string{"completed"}, true, collection.Completed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				var jobs []string
				for range c.ends {
					jobs = append(jobs, w.job("t", 1))
				}
				if name == "ended before it began" {
					w.end(jobs[0], c.ends[0])
				}
				made := w.make(collection.NewCollection{JobIDs: jobs, Closed: true})
				for i, id := range jobs {
					if name != "ended before it began" {
						w.end(id, c.ends[i])
					}
				}
				if len(w.asked) != c.zips {
					w.t.Fatalf("%d ZIPs were asked for", len(w.asked))
				}
				if c.zips > 0 {
					w.zip(c.zip)
				}
				if got := w.get(made.CollectionID); got.Status != c.want || w.events(made.CollectionID) != 1 {
					w.t.Errorf("%+v, %d events", got, w.events(made.CollectionID))
				}
			})
		})
	}
}

func TestAJobThatIsRetriedHoldsItsCollectionOpen(t *testing.T) {
	each(t, func(w *world) {
		a := w.job("t", 1)
		c := w.make(collection.NewCollection{JobIDs: []string{a}, Closed: true})
		w.end(a, "completed")
		w.exec(`UPDATE jobs SET finished_at = NULL, open_items = 1, done_items = 0, status = 'processing' WHERE job_id = $1`, a)
		w.zip(true)
		if got := w.get(c.CollectionID); got.Ended() {
			w.t.Fatalf("it ended without the retry: %+v", got)
		}
		w.end(a, "completed")
		if len(w.asked) != 2 || w.asked[1].Round != 2 {
			w.t.Fatalf("asked %+v", w.asked)
		}
		w.zip(true)
		if got := w.get(c.CollectionID); got.Status != collection.Completed || w.events(c.CollectionID) != 1 {
			w.t.Errorf("%+v", got)
		}
	})
}

func TestADeletedJobTakesTheZIPWithIt(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.job("t", 1), w.job("t", 1)
		c := w.make(collection.NewCollection{JobIDs: []string{a, b}, Closed: true})
		w.end(a, "completed")
		w.end(b, "completed")
		w.zip(true)
		path := "t/" + c.CollectionID + "/export/z-a1-p1.zip"
		w.paths = []string{path}
		w.must(w.blobs.Put(w.t.Context(), "exports", path, []byte("zip"), blob.PutOptions{}))
		w.must(w.s.Tidy(w.t.Context()))
		if _, err := w.blobs.Head(w.t.Context(), "exports", path); err != nil {
			w.t.Fatalf("a ZIP that is named is gone: %v", err)
		}
		forget := func(id string) {
			w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
				if _, err := tx.ExecContext(w.t.Context(), `DELETE FROM jobs WHERE job_id = $1`, id); err != nil {
					return err
				}
				return w.s.JobForgotten(w.t.Context(), tx, id)
			}))
		}
		forget(a)
		w.must(w.s.Tidy(w.t.Context()))
		if _, err := w.blobs.Head(w.t.Context(), "exports", path); !errors.Is(err, blob.ErrNotFound) {
			w.t.Errorf("the pictures of a deleted job are still there: %v", err)
		}
		if got := w.get(c.CollectionID); got.Status != collection.Completed || got.ZIP != collection.NoZIP || got.Progress.Jobs != 1 {
			w.t.Errorf("%+v", got)
		}
		got, err := w.s.Remake(w.t.Context(), "t", c.CollectionID)
		if err != nil || got.ZIP != collection.ZIPPending || w.asked[1].JobID != b {
			w.t.Errorf("made again: %+v, %v", got, err)
		}
		forget(b)
		if _, err := w.s.Remake(w.t.Context(), "t", c.CollectionID); !errors.Is(err, collection.ErrEmpty) {
			w.t.Errorf("of nothing: %v", err)
		}
		w.exec(`UPDATE collections SET updated_at = 0`)
		w.must(w.s.Tidy(w.t.Context()))
		if _, err := w.s.Get(w.t.Context(), "t", c.CollectionID); !errors.Is(err, collection.ErrNotFound) {
			w.t.Errorf("without jobs it stays: %v", err)
		}
	})
}

func TestADeletedCollectionLeavesItsJobs(t *testing.T) {
	each(t, func(w *world) {
		a := w.job("t", 1)
		c := w.make(collection.NewCollection{JobIDs: []string{a}})
		if err := w.s.Delete(w.t.Context(), "other", c.CollectionID); !errors.Is(err, collection.ErrNotFound) {
			w.t.Fatalf("by another tenant: %v", err)
		}
		w.must(w.s.Delete(w.t.Context(), "t", c.CollectionID))
		path := "t/" + c.CollectionID + "/export/z-a1-p1.zip"
		w.must(w.blobs.Put(w.t.Context(), "exports", path, []byte("zip"), blob.PutOptions{}))
		w.must(w.s.Tidy(w.t.Context()))
		w.exec(`UPDATE collections SET tidy_at = 0`)
		w.must(w.s.Tidy(w.t.Context()))
		var collections, jobs int
		w.must(w.db.QueryRowContext(w.t.Context(), `SELECT (SELECT count(*) FROM collections), (SELECT count(*) FROM jobs)`).Scan(&collections, &jobs))
		if _, err := w.blobs.Head(w.t.Context(), "exports", path); !errors.Is(err, blob.ErrNotFound) || collections != 0 || jobs != 1 {
			w.t.Errorf("%d collections and %d jobs are left, the file: %v", collections, jobs, err)
		}
	})
}

func TestCollectionsAreTheirTenants(t *testing.T) {
	each(t, func(w *world) {
		mine, theirs := w.job("t", 1), w.job("other", 1)
		c := w.make(collection.NewCollection{JobIDs: []string{mine}})
		if _, err := w.s.Add(w.t.Context(), "t", c.CollectionID, []string{theirs}); !errors.Is(err, collection.ErrJob) {
			w.t.Errorf("another tenant's job: %v", err)
		}
		if _, err := w.s.Get(w.t.Context(), "other", c.CollectionID); !errors.Is(err, collection.ErrNotFound) {
			w.t.Errorf("another tenant's collection: %v", err)
		}
		if err := w.db.InTx(w.t.Context(), func(tx *db.Tx) error { return w.s.Join(w.t.Context(), tx, "other", c.CollectionID, theirs) }); !errors.Is(err, collection.ErrNotFound) {
			w.t.Errorf("a job that joins another tenant's: %v", err)
		}
		if _, err := w.s.Create(w.t.Context(), collection.NewCollection{TenantID: "t", Name: "a\nb"}); !errors.Is(err, collection.ErrName) {
			w.t.Errorf("a bad name: %v", err)
		}
	})
}

func TestTheSameRequestMakesOneCollection(t *testing.T) {
	each(t, func(w *world) {
		id := collection.NewID()
		for range 2 {
			w.make(collection.NewCollection{ID: id, Name: "once"})
		}
		var n int
		w.must(w.db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM collections`).Scan(&n))
		if n != 1 {
			w.t.Errorf("%d", n)
		}
	})
}

func TestCollectionsAreListedPageByPage(t *testing.T) {
	each(t, func(w *world) {
		var want, got []string
		for i := range 5 {
			c := w.make(collection.NewCollection{Name: fmt.Sprintf("Number_%d", i), Closed: i == 0})
			want = append([]string{c.CollectionID}, want...)
		}
		for cursor := ""; ; {
			page, next, err := w.s.List(w.t.Context(), "t", collection.Filter{Cursor: cursor, Limit: 2})
			w.must(err)
			for _, c := range page {
				got = append(got, c.CollectionID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("want -, got +:\n%s", diff)
		}
		for name, c := range map[string]struct {
			f    collection.Filter
			want int
		}{
			"by status":             {collection.Filter{Status: []string{collection.Cancelled}}, 1},
			"by a part of the name": {collection.Filter{Query: "R_3"}, 1},
			"signs of LIKE":         {collection.Filter{Query: "%"}, 0},
		} {
			if page, _, err := w.s.List(w.t.Context(), "t", c.f); err != nil || len(page) != c.want {
				w.t.Errorf("%s: %d, %v", name, len(page), err)
			}
		}
		if _, _, err := w.s.List(w.t.Context(), "t", collection.Filter{Cursor: "zzzzzzzzzzzzzz.x"}); !errors.Is(err, collection.ErrCursor) {
			w.t.Errorf("a strange cursor: %v", err)
		}
	})
}
