package job_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

func each(t *testing.T, fn func(w *world)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { fn(newWorld(t, d)) })
}

// exports ends n variants of a job as the export worker does.
func (w *world) exports(jobID string, done, failed int) {
	w.t.Helper()
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		return w.jobs.ExportsEnded(w.t.Context(), tx, tenantID, jobID, done, failed)
	}))
}

// asked returns the ZIP that a job waits for.
func (w *world) asked(jobID string) *zipped {
	w.t.Helper()
	var round int
	w.must(w.db.QueryRow(`SELECT round FROM jobs WHERE job_id = $1`, jobID).Scan(&round))
	z := w.zips[fmt.Sprint(jobID, round)]
	if z == nil || z.ended {
		w.t.Fatalf("no ZIP is asked for: %+v", z)
	}
	return z
}

// bundle ends the ZIP that a job waits for as the export worker does; "": it
// failed.
func (w *world) bundle(jobID, path string) {
	w.t.Helper()
	z := w.asked(jobID)
	z.ended, z.failed = true, path == ""
	w.bundleEnded(jobID, z.round, path)
}

func (w *world) bundleEnded(jobID string, round int, path string) {
	w.t.Helper()
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		return w.jobs.BundleEnded(w.t.Context(), tx, tenantID, jobID, round, path)
	}))
}

func TestOneItemsWay(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		if got := w.get(j.JobID); got.Status != job.JobProcessing || got.Items[0].Status != job.ItemQueued || w.messages(queue.Jobs) != 1 {
			w.t.Fatalf("%+v", got)
		}
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		got := w.get(j.JobID)
		it := got.Items[0]
		if it.Status != job.ItemCompleted || it.OutputBlobPath == nil || it.Fidelity == nil || *it.Confidence != .9 || it.Attempt != 1 {
			w.t.Fatalf("%+v", it)
		}
		var steps []string
		for _, s := range it.Steps {
			if s.Status != "done" || s.Millis == nil {
				w.t.Errorf("step %+v", s)
			}
			steps = append(steps, s.Step)
		}
		if strings.Join(steps, " ") != "ingest cutout place upscale lock output" {
			w.t.Errorf("steps %v", steps)
		}
		if got.Status != job.JobProcessing || got.Counts.OpenExports != 2 || w.messages(queue.Exports) != 1 {
			w.t.Fatalf("%+v", got)
		}
		w.exports(j.JobID, 1, 0)
		if w.get(j.JobID).Status != job.JobProcessing {
			w.t.Fatal("ended too early")
		}
		w.exports(j.JobID, 1, 0)
		if w.messages(queue.Exports) != 1 {
			w.t.Fatal("the job writes more than its variants' message")
		}
		w.bundle(j.JobID, "t1/j/export.zip")
		got = w.get(j.JobID)
		if got.Status != job.JobCompleted || *got.ExportBlobPath != "t1/j/export.zip" || got.FinishedAt == nil {
			w.t.Fatalf("%+v", got)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 10)
		w.must(err)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Type)
		}
		if strings.Join(kinds, " ") != "job.created item.completed export.completed job.finished" {
			w.t.Errorf("events %v", kinds)
		}
		if w.meter.held[it.ItemID] != 0 || w.meter.spent[it.ItemID] != 1 {
			w.t.Errorf("ledger %+v", &w.meter)
		}
	})
}

func TestARepeatedCompleteDoesNotRegressAnItem(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, bare)
		id := j.Items[0].ItemID
		w.must(w.upload(j.JobID, id))
		w.must(w.jobs.Complete(w.t.Context(), tenantID, j.JobID, id))
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.must(w.jobs.Complete(w.t.Context(), tenantID, j.JobID, id))
		w.must(w.jobs.Enqueue(w.t.Context(), tenantID, j.JobID))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted || w.messages(queue.Jobs) != 1 {
			w.t.Fatalf("%s, %d messages", it.Status, w.messages(queue.Jobs))
		}
	})
}

func TestARedeliveredMessageDoesNothing(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		for range 3 {
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		}
		if w.placer.calls != 1 || len(w.plans) != 1 || w.messages(queue.Exports) != 1 {
			w.t.Fatalf("%d scoring calls, %d plans", w.placer.calls, len(w.plans))
		}
		// messages that name unknown ids, or ids of another tenant
		for _, b := range []queue.Body{{TenantID: "t2", JobID: j.JobID, ItemID: j.Items[0].ItemID}, {TenantID: tenantID, JobID: "x", ItemID: "y"}} {
			w.must(w.jobs.Process(w.t.Context(), b))
		}
	})
}

func TestADeadWorkersItemIsTakenOverFromItsCheckpoint(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		// as after a worker that died before its last transaction
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.unguard()
		w.exec(`UPDATE items SET status = 'processing', ended_at = NULL, lease_until = now_ms() - 1 WHERE item_id = $1`, j.Items[0].ItemID)
		w.exec(`UPDATE jobs SET open_items = 1, done_items = 0, open_exports = 0 WHERE job_id = $1`, j.JobID)
		w.must(w.jobs.Sweep(w.t.Context()))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || w.messages(queue.Jobs) != 2 {
			w.t.Fatalf("not requeued: %s", it.Status)
		}
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		it := w.get(j.JobID).Items[0]
		if it.Status != job.ItemCompleted || it.Attempt != 2 || w.placer.calls != 1 || w.cutter.calls != 1 {
			w.t.Fatalf("attempt %d, %d cuts, %d scoring calls", it.Attempt, w.cutter.calls, w.placer.calls)
		}
	})
}

func TestAFencedWorkerDiscardsItsWork(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.Options{RemoveBackground: true})
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.cutter.block = make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- w.jobs.Process(context.WithoutCancel(w.t.Context()), body(j, 0)) }()
		w.until(func() bool { return w.get(j.JobID).Items[0].Status == job.ItemProcessing })
		w.must(w.jobs.Cancel(w.t.Context(), tenantID, j.JobID))
		close(w.cutter.block)
		w.must(<-done)
		got := w.get(j.JobID)
		if got.Status != job.JobCancelled || got.Items[0].Status != job.ItemCancelled || got.Items[0].OutputBlobPath != nil || len(w.plans) != 0 {
			w.t.Fatalf("%+v", got)
		}
		if w.meter.held[j.Items[0].ItemID] != 0 {
			w.t.Fatal("the hold was not released")
		}
	})
}

// until waits for a condition that another goroutine brings about.
func (w *world) until(cond func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("it does not come")
		}
	}
}

func TestAShutdownGivesWorkBackUncounted(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.Options{RemoveBackground: true})
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.cutter.block = make(chan struct{})
		ctx, stop := context.WithCancel(w.t.Context())
		done := make(chan error, 1)
		go func() { done <- w.jobs.Process(ctx, body(j, 0)) }()
		w.until(func() bool { return w.get(j.JobID).Items[0].Status == job.ItemProcessing })
		stop()
		w.must(<-done)
		var tries int
		w.must(w.db.QueryRow(`SELECT tries FROM items WHERE item_id = $1`, j.Items[0].ItemID).Scan(&tries))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || tries != 0 || w.messages(queue.Jobs) != 2 {
			w.t.Fatalf("%s, %d tries, %d messages", it.Status, tries, w.messages(queue.Jobs))
		}
		close(w.cutter.block)
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted {
			w.t.Fatalf("%+v", it)
		}
	})
}

func TestFailures(t *testing.T) {
	down := fault.New(fault.Unavailable, "scoring_down", "down")
	bad := fault.New(fault.Invalid, "scoring_bad", "bad")
	each(t, func(w *world) {
		j := w.create(4, pipeline.DefaultOptions)
		for _, it := range j.Items {
			w.must(w.upload(j.JobID, it.ItemID))
		}
		tries := func(i int) (n int) {
			w.must(w.db.QueryRow(`SELECT tries FROM items WHERE item_id = $1`, j.Items[i].ItemID).Scan(&n))
			return n
		}
		// uncounted: an open breaker uses up no tries
		w.placer.err = fault.Uncounted(down, time.Second)
		for range 12 {
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		}
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || tries(0) != 0 {
			w.t.Fatalf("uncounted: %s after %d tries", it.Status, tries(0))
		}
		// an unavailable store uses up no tries, either
		w.placer.err = blob.ErrUnavailable
		for range 9 {
			w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		}
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || tries(0) != 0 {
			w.t.Fatalf("outage: %s after %d tries", it.Status, tries(0))
		}
		// transient: eight tries, and the message waits between them
		w.placer.err = down
		for range 8 {
			w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
		}
		if it := w.get(j.JobID).Items[1]; it.Status != job.ItemFailed || *it.ErrorCode != "scoring_down" || it.Attempt != 8 {
			w.t.Fatalf("transient: %+v", it)
		}
		var early int
		w.must(w.db.QueryRow(`SELECT count(*) FROM outbox WHERE body LIKE '%' || $1 || '%' AND not_before < created_at + 2000 AND outbox_id > $2`,
			j.Items[1].ItemID, j.Items[3].ItemID).Scan(&early))
		if early > 1 { // the first message has no wait
			w.t.Errorf("%d retries without a wait", early-1)
		}
		// permanent: it fails immediately
		w.placer.err = bad
		w.must(w.jobs.Process(w.t.Context(), body(j, 2)))
		if it := w.get(j.JobID).Items[2]; it.Status != job.ItemFailed || *it.ErrorMessage != "bad" || it.Attempt != 1 {
			w.t.Fatalf("permanent: %+v", it)
		}
		// poison: a photo that kills its decoder, and not the worker
		w.placer.err, w.cutter.err = nil, imaging.ErrDecoderDied
		for range 2 {
			w.must(w.jobs.Process(w.t.Context(), body(j, 3)))
			if it := w.get(j.JobID).Items[3]; it.Status != job.ItemQueued || tries(3) != 0 {
				w.t.Fatalf("early deaths: %+v", it)
			}
		}
		if err := w.jobs.Process(w.t.Context(), body(j, 3)); err == nil {
			w.t.Fatal("a poison message must reach the dead letters")
		}
		if it := w.get(j.JobID).Items[3]; it.Status != job.ItemFailed || *it.ErrorCode != "photo_kills_decoder" {
			w.t.Fatalf("poison: %+v", it)
		}
		// the item without a fault is completed
		w.cutter.err = nil
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.exports(j.JobID, 1, 1)
		w.bundle(j.JobID, "z")
		if got := w.get(j.JobID); got.Status != job.JobPartial || got.Counts.Failed != 3 || got.Counts.Completed != 1 || got.Counts.FailedExports != 1 {
			w.t.Fatalf("%+v", got)
		}
		for i, it := range j.Items {
			if w.meter.held[it.ItemID] != 0 || (w.meter.spent[it.ItemID] == 1) != (i == 0) {
				w.t.Errorf("item %d: held %d, spent %d", i, w.meter.held[it.ItemID], w.meter.spent[it.ItemID])
			}
		}
	})
}

func TestAnItemThatCantBePaidStaysUploaded(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, bare)
		w.meter.broke = true
		if err := w.upload(j.JobID, j.Items[0].ItemID); !errors.Is(err, errBroke) {
			w.t.Fatal(err)
		}
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemUploaded || w.messages(queue.Jobs) != 0 {
			w.t.Fatalf("%+v", it)
		}
		w.meter.broke = false
		w.must(w.jobs.Enqueue(w.t.Context(), tenantID, j.JobID))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued {
			w.t.Fatalf("%+v", it)
		}
	})
}

func TestJobsEndAsTheirItemsDo(t *testing.T) {
	each(t, func(w *world) {
		// never uploaded: cancelled after a day
		j := w.create(2, bare)
		w.must(w.upload(j.JobID, j.Items[1].ItemID))
		w.exec(`UPDATE items SET created_at = created_at - 90000000 WHERE job_id = $1`, j.JobID)
		w.must(w.jobs.Sweep(w.t.Context()))
		if got := w.get(j.JobID); got.Items[0].Status != job.ItemCancelled || *got.Items[0].ErrorCode != "upload_expired" || got.Items[1].Status != job.ItemQueued {
			w.t.Fatalf("%+v", got.Items)
		}
		w.must(w.jobs.Process(w.t.Context(), body(j, 1)))
		w.exports(j.JobID, 2, 0)
		w.bundle(j.JobID, "z")
		if got := w.get(j.JobID); got.Status != job.JobPartial {
			w.t.Fatalf("%s", got.Status)
		}
		// the whole job is cancelled
		j = w.create(3, bare)
		w.must(w.jobs.Cancel(w.t.Context(), tenantID, j.JobID))
		w.must(w.jobs.Cancel(w.t.Context(), tenantID, j.JobID))
		if got := w.get(j.JobID); got.Status != job.JobCancelled || got.Counts.Cancelled != 3 || got.FinishedAt == nil {
			w.t.Fatalf("%+v", got)
		}
		if err := w.upload2(j, 0); !errors.Is(err, job.ErrUploadClosed) {
			w.t.Fatalf("upload to a cancelled item: %v", err)
		}
	})
}

func (w *world) upload2(j job.Job, i int) error {
	_, _, err := w.jobs.UploadURL(w.t.Context(), job.UploadRequest{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[i].ItemID, Filename: "a.png"})
	return err
}

func TestALostMessageIsWrittenAgainAndALateJobSettled(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, bare)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Sweep(w.t.Context()))
		if w.messages(queue.Jobs) != 1 {
			w.t.Fatal("a fresh item was queued again")
		}
		w.exec(`UPDATE items SET due_at = due_at - 7200000`)
		w.must(w.jobs.Sweep(w.t.Context()))
		if w.messages(queue.Jobs) != 1 {
			w.t.Fatal("an item whose message waits to be sent was queued again")
		}
		w.exec(`UPDATE outbox SET sent_at = now_ms()`)
		w.must(w.jobs.Sweep(w.t.Context()))
		if w.messages(queue.Jobs) != 2 {
			w.t.Fatal("the lost message was not written again")
		}
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.exports(j.JobID, 2, 0)
		z := w.asked(j.JobID)
		w.must(w.jobs.Sweep(w.t.Context()))
		if z.asked != 1 {
			w.t.Fatalf("the ZIP was asked for %d times", z.asked)
		}
		// the ZIP's end was recorded and the job's own transaction lost
		z.ended = true
		w.exec(`UPDATE jobs SET updated_at = updated_at - 3600000, export_blob_path = 'z'`)
		w.must(w.jobs.Sweep(w.t.Context()))
		w.bundleEnded(j.JobID, 1, "second")
		if got := w.get(j.JobID); got.Status != job.JobCompleted || *got.ExportBlobPath != "z" {
			w.t.Fatal("a second ZIP replaced the first")
		}
	})
}

func TestTenantsDontSeeEachOther(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, bare)
		ctx, id := w.t.Context(), j.Items[0].ItemID
		for name, err := range map[string]error{
			"get":      second(w.jobs.Get(ctx, "t2", j.JobID)),
			"complete": w.jobs.Complete(ctx, "t2", j.JobID, id),
			"cancel":   w.jobs.Cancel(ctx, "t2", j.JobID),
			"enqueue":  w.jobs.Enqueue(ctx, "t2", j.JobID),
			"output":   second(w.jobs.OutputURL(ctx, "t2", id)),
			"raw":      second(w.jobs.RawURL(ctx, "t2", id)),
			"export":   third(w.jobs.ExportURL(ctx, "t2", j.JobID)),
			"direct":   second(w.jobs.Direct(ctx, "t2", j.JobID, id, "a.png", int64(len(photo())), bytes.NewReader(photo()))),
		} {
			w.row(name, func() {
				if fault.KindOf(err) != fault.NotFound {
					w.t.Error(err)
				}
			})
		}
		if jobs, _, err := w.jobs.List(ctx, "t2", job.Filter{Limit: 10}); err != nil || len(jobs) != 0 {
			w.t.Errorf("list: %v %v", jobs, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

func TestListPages(t *testing.T) {
	each(t, func(w *world) {
		var ids []string
		for range 5 {
			ids = append(ids, w.create(1, bare).JobID)
		}
		var got []string
		for cursor := ""; ; {
			page, next, err := w.jobs.List(w.t.Context(), tenantID, job.Filter{Cursor: cursor, Limit: 2})
			w.must(err)
			for _, j := range page {
				got = append([]string{j.JobID}, got...)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != strings.Join(ids, " ") {
			w.t.Fatalf("%v, want %v", got, ids)
		}
		for _, bad := range []string{"x", ".", strings.Repeat("1", 101), "1!.x"} {
			w.row(fmt.Sprintf("cursor %.10q", bad), func() {
				if _, _, err := w.jobs.List(w.t.Context(), tenantID, job.Filter{Cursor: bad, Limit: 2}); !errors.Is(err, job.ErrCursor) {
					w.t.Error(err)
				}
			})
		}
	})
}

func TestRequestsAreChecked(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	ok := job.NewItem{Filename: "a.jpg"}
	for name, items := range map[string][]job.NewItem{
		"none":           {},
		"too many":       make([]job.NewItem, 101),
		"no name":        {{}},
		"escaping name":  {{Filename: "../a.jpg"}},
		"backslash":      {{Filename: `a\b.jpg`}},
		"control":        {{Filename: "a\nb.jpg"}},
		"long name":      {{Filename: strings.Repeat("a", 256)}},
		"long prompt":    {{Filename: "a", ScenePrompt: strings.Repeat("ä", 2001)}},
		"eleven scenes":  {{Filename: "a", SceneCount: 11}},
		"unequal":        {{Filename: "a", SceneCount: 2, SceneTypes: []string{"studio"}}},
		"unknown scene":  {{Filename: "a", SceneTypes: []string{"moon"}}},
		"negative count": {{Filename: "a", SceneCount: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, Items: items}); fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
		})
	}
	j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{
		ok, {Filename: "b.jpg", SceneTypes: []string{"nature", "luxury"}}, {Filename: "c.jpg", SceneCount: 10, ScenePrompt: strings.Repeat("ä", 2000)}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Items) != 13 || j.Items[1].SceneType != "nature" || j.Items[2].SceneIndex != 1 || j.Items[12].SceneType != "lifestyle" {
		t.Fatalf("%+v", j.Items)
	}
}

func TestSiblingsShareOneUpload(t *testing.T) {
	each(t, func(w *world) {
		j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, Items: []job.NewItem{{Filename: "a.png", SceneCount: 3}, {Filename: "b.png"}}})
		w.must(err)
		w.must(w.upload(j.JobID, j.Items[1].ItemID))
		got := w.get(j.JobID)
		for i, it := range got.Items {
			want := job.ItemQueued
			if i >= 3 {
				want = job.ItemCreated
			}
			if it.Status != want {
				w.t.Errorf("item %d is %s", i, it.Status)
			}
		}
		if *got.Items[0].RawBlobPath != *got.Items[2].RawBlobPath || w.messages(queue.Jobs) != 3 {
			w.t.Errorf("%+v", got.Items)
		}
		// and one cut-out
		for i := range 3 {
			w.must(w.jobs.Process(w.t.Context(), body(j, i)))
		}
		got = w.get(j.JobID)
		if *got.Items[0].CutoutBlobPath != *got.Items[2].CutoutBlobPath || *got.Items[0].OutputBlobPath != *got.Items[2].OutputBlobPath {
			w.t.Errorf("the photo was cut out more than once: %+v", got.Items)
		}
	})
}
