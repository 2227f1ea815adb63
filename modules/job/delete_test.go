package job_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// files counts the files in the store.
func (w *world) files() int {
	w.t.Helper()
	n := 0
	for _, c := range []string{"raw", "outputs", "exports"} {
		for _, err := range w.blobs.List(w.t.Context(), c, "") {
			w.must(err)
			n++
		}
	}
	return n
}

func (w *world) tidy() {
	w.t.Helper()
	w.must(w.jobs.Tidy(w.t.Context()))
}

// rows counts the job's rows in the database.
func (w *world) rows(jobID string) int {
	w.t.Helper()
	total := 0
	for _, table := range []string{"jobs", "items", "events"} {
		var n int
		w.must(w.db.QueryRow(`SELECT count(*) FROM `+table+` WHERE job_id = $1`, jobID).Scan(&n))
		total += n
	}
	var left int
	w.must(w.db.QueryRow(`SELECT (SELECT count(*) FROM item_steps WHERE item_id NOT IN (SELECT item_id FROM items)) +
		(SELECT count(*) FROM uploads WHERE entry_id NOT IN (SELECT entry_id FROM items))`).Scan(&left))
	return total + left
}

func TestADeletedJobLeavesNothingButItsReceipt(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		other := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(other.JobID, other.Items[0].ItemID))
		w.must(w.jobs.Process(ctx, body(other, 0)))
		kept := w.files()
		j := w.create(3, pipeline.DefaultOptions)
		for i := range 2 { // one done, one queued, one without a photo
			w.must(w.upload(j.JobID, j.Items[i].ItemID))
		}
		w.must(w.jobs.Process(ctx, body(j, 0)))
		lay := w.files() - kept
		if _, err := w.jobs.Delete(ctx, "t2", j.JobID); !errors.Is(err, job.ErrJobNotFound) {
			w.t.Fatalf("another tenant: %v", err)
		}
		d, err := w.jobs.Delete(ctx, tenantID, j.JobID)
		w.must(err)
		if d.Items != 3 || d.Reason != job.DeletedOnRequest || d.FilesAt != nil || d.CompletedAt != nil {
			w.t.Fatalf("%+v", d)
		}
		if _, err := w.jobs.Get(ctx, tenantID, j.JobID); !errors.Is(err, job.ErrJobNotFound) || w.rows(j.JobID) != 0 {
			w.t.Fatalf("%v, %d rows left", err, w.rows(j.JobID))
		}
		if w.meter.held[j.Items[1].ItemID] != 0 || w.meter.spent[j.Items[0].ItemID] != 1 {
			w.t.Errorf("ledger %+v", &w.meter)
		}
		again, err := w.jobs.Delete(ctx, tenantID, j.JobID)
		w.must(err)
		if again.DeletionID != d.DeletionID {
			w.t.Errorf("a second receipt: %+v", again)
		}
		w.must(w.jobs.Process(ctx, body(j, 1))) // its message still arrives
		w.tidy()
		got, err := w.jobs.Deletion(ctx, tenantID, d.DeletionID)
		w.must(err)
		if w.files() != kept || got.Files != int64(lay) || got.Bytes == 0 || got.FilesAt == nil || got.CompletedAt != nil {
			w.t.Fatalf("%d files, want %d: %+v", w.files(), kept, got)
		}
		// a PUT with an upload URL that was still valid
		late, err := blob.RawPath(tenantID, j.JobID, j.Items[2].ItemID, "late.png")
		w.must(err)
		w.must(w.blobs.Put(ctx, "raw", late, photo(), blob.PutOptions{}))
		w.tidy()
		if w.files() != kept+1 {
			w.t.Fatal("the second look came too early for this test to mean anything")
		}
		w.exec(`UPDATE deletions SET due_at = 0`)
		w.tidy()
		if got, err = w.jobs.Deletion(ctx, tenantID, d.DeletionID); err != nil || got.CompletedAt == nil || got.Files != int64(lay)+1 || w.files() != kept {
			w.t.Fatalf("%v %+v, %d files", err, got, w.files())
		}
		w.exec(`UPDATE jobs SET updated_at = updated_at`)
		w.tidy()
		if w.get(other.JobID).Items[0].Status != job.ItemCompleted {
			w.t.Error("another job suffered")
		}
	})
}

// A worker whose job is deleted while it works writes nothing back.
func TestAJobDeletedUnderItsWorker(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.cutter.block = make(chan struct{})
		done := make(chan error)
		go func() { done <- w.jobs.Process(w.t.Context(), body(j, 0)) }()
		for w.get(j.JobID).Items[0].Status != job.ItemProcessing {
			time.Sleep(5 * time.Millisecond)
		}
		_, err := w.jobs.Delete(w.t.Context(), tenantID, j.JobID)
		w.must(err)
		close(w.cutter.block)
		w.must(<-done)
		if n := w.rows(j.JobID); n != 0 {
			w.t.Fatalf("%d rows came back", n)
		}
		if w.meter.held[j.Items[0].ItemID] != 0 || w.meter.spent[j.Items[0].ItemID] != 0 {
			w.t.Errorf("ledger %+v", &w.meter)
		}
	})
}

func TestARetryAndADeletionAtOnce(t *testing.T) {
	each(t, func(w *world) {
		for range 5 {
			j := w.broken(1)
			var both sync.WaitGroup
			both.Go(func() {
				if _, err := w.jobs.Retry(w.t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID}); err != nil && !errors.Is(err, job.ErrItemNotFound) && !errors.Is(err, job.ErrJobNotFound) {
					w.t.Error(err)
				}
			})
			both.Go(func() {
				if _, err := w.jobs.Delete(w.t.Context(), tenantID, j.JobID); err != nil {
					w.t.Error(err)
				}
			})
			both.Wait()
			if n := w.rows(j.JobID); n != 0 {
				w.t.Fatalf("%d rows left", n)
			}
		}
		for id, n := range w.meter.held {
			if n != 0 {
				w.t.Errorf("%d holds of %s are left", n, id)
			}
		}
	})
}

func TestRetention(t *testing.T) {
	each(t, func(w *world) {
		const day = 86_400_000
		ctx := w.t.Context()
		w.exec(`INSERT INTO tenants (tenant_id, name, retention_days, created_at) VALUES ('short', 's', 2, 0), ('forever', 'f', 0, 0), ('house', 'h', NULL, 0)`)
		make := func(tenant string, age int64) string {
			j, err := w.jobs.Create(ctx, job.NewJob{TenantID: tenant, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png"}}, Options: bare})
			w.must(err)
			w.must(w.jobs.Cancel(ctx, tenant, j.JobID))
			w.exec(`UPDATE jobs SET finished_at = now_ms() - $2 WHERE job_id = $1`, j.JobID, age)
			return j.JobID
		}
		gone := []string{make("short", 3*day), make("house", 31*day), make("unknown", 31*day)}
		kept := []string{make("short", day), make("house", 29*day), make("forever", 900*day), make("unknown", 3*day)}
		open := w.create(1, bare).JobID
		w.exec(`UPDATE jobs SET created_at = 0 WHERE job_id = $1`, open)
		w.jobs.Retention = 0
		w.tidy()
		if w.rows(gone[1]) == 0 || w.rows(gone[0]) != 0 {
			w.t.Fatal("0 means that only tenants' own rules count")
		}
		w.jobs.Retention = 30 * 24 * time.Hour
		for tenant, want := range map[string]job.Kept{"short": {Days: 2, Own: true}, "forever": {Own: true}, "house": {Days: 30}, "unknown": {Days: 30}} {
			want.Service, want.Waits = 30, 24*time.Hour
			if got, err := w.jobs.Kept(ctx, tenant); err != nil || got != want {
				w.t.Errorf("%s is told %+v (%v), want %+v", tenant, got, err, want)
			}
		}
		w.tidy()
		for _, id := range gone {
			if w.rows(id) != 0 {
				w.t.Errorf("job %s is still there", id)
			}
		}
		for _, id := range append(kept, open) {
			if w.rows(id) == 0 {
				w.t.Errorf("job %s is gone", id)
			}
		}
		page, _, err := w.jobs.Deletions(ctx, "short", "", 10)
		if err != nil || len(page) != 1 || page[0].Reason != job.DeletedByRetention || page[0].JobID != gone[0] {
			w.t.Errorf("%v %+v", err, page)
		}
	})
}

func TestReceiptsPage(t *testing.T) {
	each(t, func(w *world) {
		var want, got []string
		for range 5 {
			d, err := w.jobs.Delete(w.t.Context(), tenantID, w.create(1, bare).JobID)
			w.must(err)
			want = append([]string{d.DeletionID}, want...)
		}
		for cursor := ""; ; {
			page, next, err := w.jobs.Deletions(w.t.Context(), tenantID, cursor, 2)
			w.must(err)
			for _, d := range page {
				got = append(got, d.DeletionID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			w.t.Errorf("%v, want %v", got, want)
		}
		if page, _, err := w.jobs.Deletions(w.t.Context(), "t2", "", 10); err != nil || len(page) != 0 {
			w.t.Errorf("another tenant's: %v %v", err, page)
		}
		if _, err := w.jobs.Deletion(w.t.Context(), "t2", want[0]); !errors.Is(err, job.ErrNoDeletion) {
			w.t.Errorf("another tenant's: %v", err)
		}
	})
}

// Old files without a job are deleted; everything else stays.
func TestOrphans(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(1, bare)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		put := func(container, name string) {
			w.must(w.blobs.Put(ctx, container, name, []byte("x"), blob.PutOptions{}))
		}
		orphan := uuid.NewString()
		for i := range 3 {
			put("outputs", fmt.Sprintf("%s/%s/i/cutout/a%d.png", tenantID, orphan, i))
		}
		put("exports", "another/"+j.JobID+"/x/y.jpg") // a job of that id, but not of that tenant
		put("raw", "notes/readme.txt")
		put("raw", tenantID+"/not-a-job/x.png")
		w.exec(`UPDATE chores SET due_at = 0`)
		w.tidy()
		if n := w.files(); n != 7 {
			w.t.Fatalf("%d files: young ones went", n)
		}
		old := time.Now().Add(-8 * 24 * time.Hour)
		w.must(filepath.Walk(w.dir, func(p string, _ os.FileInfo, err error) error { return errors.Join(err, os.Chtimes(p, old, old)) }))
		w.tidy()
		if n := w.files(); n != 7 {
			w.t.Fatalf("%d files: it looked twice on a day", n)
		}
		w.exec(`UPDATE chores SET due_at = 0`)
		w.tidy()
		if n := w.files(); n != 3 {
			w.t.Fatalf("%d files are left, want the job's and the two that are not OPAL's", n)
		}
		w.must(w.jobs.Process(ctx, queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, CorrelationID: "c"}))
	})
}

// Old files that a collection or an import names stay, and others of theirs go.
func TestOtherOwnersFilesAreNotOrphans(t *testing.T) {
	each(t, func(w *world) {
		id := uuid.NewString()
		zip := tenantID + "/" + id + "/export/z-a1-p1.zip"
		w.jobs.Owners = []job.Owner{owner{}, owner{id, zip}}
		for container, name := range map[string]string{"exports": zip, "raw": tenantID + "/" + id + "/import/u/table.csv"} {
			w.must(w.blobs.Put(w.t.Context(), container, name, []byte("x"), blob.PutOptions{}))
		}
		w.must(w.blobs.Put(w.t.Context(), "exports", tenantID+"/"+id+"/export/z-a0-p1.zip", []byte("x"), blob.PutOptions{}))
		old := time.Now().Add(-8 * 24 * time.Hour)
		w.must(filepath.Walk(w.dir, func(p string, _ os.FileInfo, err error) error { return errors.Join(err, os.Chtimes(p, old, old)) }))
		w.exec(`UPDATE chores SET due_at = 0`)
		w.tidy()
		if n := w.files(); n != 2 {
			w.t.Errorf("%d files are left, want the two that are named", n)
		}
	})
}

// Files of attempts that were cut short are deleted after a day, by path; files
// that a job names stay, and so do photos and files that OPAL did not write.
func TestOrphansOfAttempts(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Process(ctx, body(j, 0)))
		item := tenantID + "/" + j.JobID + "/" + j.Items[0].ItemID
		made := w.files()
		w.paths = []string{item + "/web_thumb/a2.webp", tenantID + "/" + j.JobID + "/export/z-a1-p1.zip"}
		kept := map[string]string{item + "/0198-upload/a1.png": "raw", item + "/notes.txt": "outputs", w.paths[0]: "exports", w.paths[1]: "exports"}
		gone := map[string]string{item + "/cutout/a7.png": "outputs", item + "/place-2/a1.jpg": "outputs", item + "/web_thumb/a1.webp": "exports",
			tenantID + "/" + j.JobID + "/export/y-a1-p1.zip": "exports"}
		for _, files := range []map[string]string{kept, gone} {
			for name, container := range files {
				w.must(w.blobs.Put(ctx, container, name, []byte("x"), blob.PutOptions{}))
			}
		}
		look := func(age time.Duration) {
			at := time.Now().Add(-age)
			w.must(filepath.Walk(w.dir, func(p string, _ os.FileInfo, err error) error { return errors.Join(err, os.Chtimes(p, at, at)) }))
			w.exec(`UPDATE chores SET due_at = 0`)
			w.tidy()
		}
		look(23 * time.Hour)
		if n := w.files(); n != made+len(kept)+len(gone) {
			w.t.Fatalf("%d files: young ones went", n)
		}
		look(25 * time.Hour)
		for name, container := range gone {
			if _, err := w.blobs.Head(ctx, container, name); !errors.Is(err, blob.ErrNotFound) {
				w.t.Errorf("%s is still there: %v", name, err)
			}
		}
		if n := w.files(); n != made+len(kept) {
			w.t.Errorf("%d files are left, want %d", n, made+len(kept))
		}
	})
}
