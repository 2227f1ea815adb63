package job_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// dot is a hint in the photo of the tests.
var dot = picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{3, 4}}}}}

// change asks for another version of the cut-out of a job's first item.
func (w *world) change(j job.Job, h *picture.Hints, restore int) error {
	w.t.Helper()
	return w.jobs.ChangeCutout(w.t.Context(), job.Change{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, Hints: h, Restore: restore})
}

// cutoutMessage is the message that asks for the newest version.
func (w *world) cutoutMessage(j job.Job) queue.Body {
	w.t.Helper()
	b := body(j, 0)
	w.must(w.db.QueryRow(`SELECT kind, subject FROM outbox WHERE kind = 'cutout' ORDER BY outbox_id DESC LIMIT 1`).Scan(&b.Kind, &b.Subject))
	return b
}

// versionStates returns each version's state, with * at the one that counts.
func (w *world) versionStates(j job.Job) (states []string) {
	w.t.Helper()
	all, err := w.jobs.Versions(w.t.Context(), tenantID, j.JobID, j.Items[0].ItemID)
	w.must(err)
	for i, v := range all {
		s := v.Status
		if v.Current {
			s += "*"
		}
		if v.Version != i+1 || (v.CutoutURL != nil) != (v.Status == job.VersionCompleted) || (v.Hints == nil) != (i == 0) {
			w.t.Errorf("%+v", v)
		}
		states = append(states, s)
	}
	return states
}

// finished is a job of one item that has ended, with its first ZIP.
func (w *world) finished(o pipeline.Options) job.Job {
	w.t.Helper()
	j := w.create(1, o)
	w.must(w.upload(j.JobID, j.Items[0].ItemID))
	w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
	w.exports(j.JobID, 2, 0)
	w.bundle(j.JobID, "first")
	return w.get(j.JobID)
}

func TestHintsMakeANewVersionOfACutOut(t *testing.T) {
	each(t, func(w *world) {
		j := w.finished(pipeline.DefaultOptions)
		itemID := j.Items[0].ItemID
		if d := cmp.Diff([]string{"completed*"}, w.versionStates(j)); d != "" {
			w.t.Error(d)
		}
		w.decide(j, picture.ReviewApproved, "")
		w.bundle(j.JobID, "approved")
		before, spent, held := w.get(j.JobID), w.meter.spent[itemID], w.meter.held[itemID]
		w.must(w.change(j, &dot, 0))
		if d := cmp.Diff([]string{"completed*", "queued"}, w.versionStates(j)); d != "" {
			w.t.Error(d)
		}
		if err := w.change(j, &dot, 0); !errors.Is(err, job.ErrCutoutBusy) {
			w.t.Errorf("a second change at the same time: %v", err)
		}
		if err := w.change(j, nil, 1); !errors.Is(err, job.ErrCutoutBusy) {
			w.t.Errorf("a restore at the same time: %v", err)
		}
		message := w.cutoutMessage(j)
		for range 2 { // the second finds nothing to do
			w.must(w.jobs.Process(w.t.Context(), message))
		}
		after := w.get(j.JobID)
		if d := cmp.Diff([]string{"completed", "completed*"}, w.versionStates(j)); d != "" || w.refiner.calls != 1 {
			w.t.Errorf("%d calls, %s", w.refiner.calls, d)
		}
		if w.refiner.logits == nil || w.refiner.logits.Rect.Dx() != 6 || cmp.Diff(dot, w.refiner.hints) != "" {
			w.t.Errorf("it was made of %v and %+v", w.refiner.logits, w.refiner.hints)
		}
		was, is := before.Items[0], after.Items[0]
		if *is.CutoutBlobPath == *was.CutoutBlobPath || *is.OutputBlobPath == *was.OutputBlobPath || *was.CutoutVersion != 1 || *is.CutoutVersion != 2 || is.Review != nil {
			w.t.Errorf("was %+v, is %+v", was, is)
		}
		for _, path := range []string{*is.CutoutBlobPath, *is.OutputBlobPath} {
			if _, err := w.blobs.Head(w.t.Context(), "outputs", path); err != nil {
				w.t.Error(err)
			}
		}
		if is.Status != was.Status || is.Attempt != was.Attempt || !is.EndedAt.Equal(*was.EndedAt) || len(is.Steps) != len(was.Steps) {
			w.t.Errorf("was %+v, is %+v", was, is)
		}
		if after.Status != before.Status || after.Counts != before.Counts || !after.FinishedAt.Equal(*before.FinishedAt) || w.meter.spent[itemID] != spent || w.meter.held[itemID] != held {
			w.t.Errorf("the job changed: %+v, %+v", before, after)
		}
		if len(w.remakes) != 1 || w.remakes[0].Layers.CutoutPath != *is.CutoutBlobPath || w.remakes[0].Layers.OutputPath != *is.OutputBlobPath || w.remakes[0].Layers.BackdropPath == "" {
			w.t.Errorf("%+v", w.remakes)
		}
		// the new outline is judged, not the former one: the fake's product is all of the photo
		if *is.Confidence == *was.Confidence || len(is.Concerns) == 0 || w.remakes[0].Confidence == nil || *w.remakes[0].Confidence != *is.Confidence {
			w.t.Errorf("was %v, is %v with %v; the variants are told %+v", *was.Confidence, *is.Confidence, is.Concerns, w.remakes[0])
		}
		w.remade(j)
		w.bundle(j.JobID, "second")
		if got := w.get(j.JobID); *got.ExportBlobPath != "second" || got.Status != job.JobCompleted {
			w.t.Errorf("%+v", got)
		}

		w.must(w.change(j, nil, 1))
		back := w.get(j.JobID).Items[0]
		if *back.CutoutBlobPath != *was.CutoutBlobPath || *back.OutputBlobPath != *was.OutputBlobPath || *back.CutoutVersion != 1 || len(w.remakes) != 2 || w.remakes[1].Layers.CutoutPath != *was.CutoutBlobPath {
			w.t.Errorf("%+v, %+v", back, w.remakes)
		}
		if *back.Confidence != *was.Confidence || back.NeedsReview != was.NeedsReview || cmp.Diff(was.Concerns, back.Concerns) != "" {
			w.t.Errorf("what was thought of it: %v, %v; before %v, %v", *back.Confidence, back.Concerns, *was.Confidence, was.Concerns)
		}
		w.must(w.change(j, nil, 1)) // it counts already
		if d := cmp.Diff([]string{"completed*", "completed"}, w.versionStates(j)); d != "" || len(w.remakes) != 2 {
			w.t.Errorf("%d remakes, %s", len(w.remakes), d)
		}
		// the next version begins with the one that counts
		w.must(w.change(j, &dot, 0))
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
		all, err := w.jobs.Versions(w.t.Context(), tenantID, j.JobID, itemID)
		w.must(err)
		if len(all) != 3 || !all[2].Current || *all[2].Base != 1 || cmp.Diff(dot, *all[2].Hints) != "" {
			w.t.Errorf("%+v", all)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 100)
		w.must(err)
		// the new ZIP is told, the version itself is not
		events = slices.DeleteFunc(events, func(e event.Event) bool { return e.Type == event.ExportCompleted })
		if last := events[len(events)-1]; last.Type != event.JobFinished {
			w.t.Errorf("a version was told as %s", last.Type)
		}
	})
}

// A person waits for a correction: whichever worker takes a message of the batch makes it
// before that, though the correction's own message comes last.
func TestACorrectionGoesBeforeTheBatch(t *testing.T) {
	each(t, func(w *world) {
		done := w.finished(pipeline.DefaultOptions)
		batch := w.create(2, pipeline.DefaultOptions)
		for i := range batch.Items {
			w.must(w.upload(batch.JobID, batch.Items[i].ItemID))
		}
		w.must(w.change(done, &dot, 0))
		w.must(w.jobs.Process(w.t.Context(), body(batch, 0)))
		if d := cmp.Diff([]string{"completed", "completed*"}, w.versionStates(done)); d != "" || w.refiner.calls != 1 {
			w.t.Errorf("%d calls, %s", w.refiner.calls, d)
		}
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(done))) // finds nothing to do
		if got := w.get(batch.JobID); got.Items[0].Status != job.ItemCompleted || got.Items[1].Status != job.ItemQueued || w.refiner.calls != 1 {
			w.t.Errorf("%d calls, %+v", w.refiner.calls, got.Items)
		}
		// one that can't be worked on holds no picture up
		w.must(w.change(done, &dot, 0))
		w.refiner.err = errors.New("torn")
		w.must(w.jobs.Process(w.t.Context(), body(batch, 1)))
		if got := w.get(batch.JobID); got.Items[1].Status != job.ItemCompleted || w.refiner.calls != 2 {
			w.t.Errorf("%d calls, %+v", w.refiner.calls, got.Items)
		}
	})
}

// A photo in three scenes has one cut-out: what is said of it once counts for all, but
// for the item that was changed by itself before.
func TestSiblingsShareANewVersion(t *testing.T) {
	each(t, func(w *world) {
		j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png", SceneCount: 3}}, Options: pipeline.DefaultOptions})
		w.must(err)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		for i := range 3 {
			w.must(w.jobs.Process(w.t.Context(), body(j, i)))
		}
		// settle carries out what the messages of versions ask for
		settle := func() {
			var ids []string
			rows, err := w.db.Query(`SELECT version_id || ' ' || item_id FROM cutout_versions WHERE status = 'queued'`)
			w.must(err)
			for rows.Next() {
				var id string
				w.must(rows.Scan(&id))
				ids = append(ids, id)
			}
			w.must(errors.Join(rows.Err(), rows.Close()))
			for _, id := range ids {
				b := body(j, 0)
				b.Kind = queue.KindCutout
				b.Subject, b.ItemID, _ = strings.Cut(id, " ")
				w.must(w.jobs.Process(w.t.Context(), b))
			}
		}
		paths := func() (same []bool, versions []int) {
			items := w.get(j.JobID).Items
			for _, it := range items {
				same = append(same, *it.CutoutBlobPath == *items[0].CutoutBlobPath)
				versions = append(versions, *it.CutoutVersion)
			}
			return same, versions
		}
		w.must(w.change(j, &dot, 0))
		for range 3 {
			settle()
		}
		same, versions := paths()
		if d := cmp.Diff([]bool{true, true, true}, same) + cmp.Diff([]int{2, 2, 2}, versions); d != "" || w.refiner.calls != 1 || len(w.remakes) != 3 {
			w.t.Errorf("%d calls of the refiner, %d remakes: %s", w.refiner.calls, len(w.remakes), d)
		}
		w.must(w.change(j, nil, 1)) // all go back together
		same, versions = paths()
		if d := cmp.Diff([]bool{true, true, true}, same) + cmp.Diff([]int{1, 1, 1}, versions); d != "" || len(w.remakes) != 6 {
			w.t.Errorf("%d remakes: %s", len(w.remakes), d)
		}
		w.exec(`UPDATE cutout_versions SET is_current = FALSE WHERE item_id = $1 AND version = 1`, j.Items[2].ItemID)
		w.exec(`UPDATE cutout_versions SET is_current = TRUE WHERE item_id = $1 AND version = 2`, j.Items[2].ItemID)
		w.must(w.change(j, &dot, 0))
		for range 3 {
			settle()
		}
		if _, versions = paths(); cmp.Diff([]int{3, 3, 2}, versions) != "" {
			w.t.Errorf("versions %v", versions)
		}
	})
}

// remade has the export side say that all variants of a job's first item were made again.
func (w *world) remade(j job.Job) {
	w.t.Helper()
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		return w.jobs.ExportsRemade(w.t.Context(), tx, tenantID, j.JobID, j.Items[0].ItemID)
	}))
}

// A picture that a person has to look at waits for that again when it is another one.
func TestADecisionIsAboutOnePicture(t *testing.T) {
	each(t, func(w *world) {
		j := w.doubtful()
		w.exports(j.JobID, 2, 0)
		w.bundle(j.JobID, "first")
		w.decide(j, picture.ReviewRejected, "the handle is missing")
		w.bundle(j.JobID, "without it")
		w.must(w.change(j, &dot, 0))
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
		if it := w.get(j.JobID).Items[0]; it.Review == nil || it.Review.State != picture.ReviewPending || it.Review.Note != "" {
			w.t.Errorf("%+v", it.Review)
		}
		if r := w.remakes[0]; r.Review != picture.ReviewPending {
			w.t.Errorf("%+v", r)
		}
	})
}

func TestACutOutAloneHasVersions(t *testing.T) {
	each(t, func(w *world) {
		j := w.finished(pipeline.Options{RemoveBackground: true})
		w.must(w.change(j, &dot, 0))
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
		it := w.get(j.JobID).Items[0]
		if *it.CutoutBlobPath != *it.OutputBlobPath || !strings.Contains(*it.OutputBlobPath, "/v2-cutout/") || w.placer.calls != 0 {
			w.t.Errorf("%+v", it)
		}
	})
}

func TestWhatCantBeChanged(t *testing.T) {
	each(t, func(w *world) {
		open, whole, done := w.create(1, bare), w.finished(bare), w.finished(pipeline.Options{RemoveBackground: true})
		outside := picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{37, 4}}}}}
		id := func(j job.Job) job.Change {
			return job.Change{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, Hints: &dot}
		}
		with := func(c job.Change, f func(c *job.Change)) job.Change {
			f(&c)
			return c
		}
		for name, c := range map[string]struct {
			change job.Change
			want   error
		}{
			"an item that isn't finished":    {id(open), job.ErrNoCutout},
			"an item that kept its backdrop": {id(whole), job.ErrNoCutout},
			"another tenant's":               {with(id(done), func(c *job.Change) { c.TenantID = "t2" }), job.ErrItemNotFound},
			"another job's":                  {with(id(done), func(c *job.Change) { c.JobID = open.JobID }), job.ErrItemNotFound},
			"no item":                        {with(id(done), func(c *job.Change) { c.ItemID = "x" }), job.ErrItemNotFound},
			"nothing":                        {with(id(done), func(c *job.Change) { c.Hints = nil }), job.ErrHintsMissing},
			"both":                           {with(id(done), func(c *job.Change) { c.Restore = 1 }), job.ErrHintsMissing},
			"hints without a stroke":         {with(id(done), func(c *job.Change) { c.Hints = &picture.Hints{} }), picture.ErrHints},
			"a stroke beside the photo":      {with(id(done), func(c *job.Change) { c.Hints = &outside }), picture.ErrHints},
			"a version that is not there":    {with(id(done), func(c *job.Change) { c.Hints, c.Restore = nil, 2 }), job.ErrNoVersion},
			"a version below the first":      {with(id(done), func(c *job.Change) { c.Hints, c.Restore = nil, -1 }), job.ErrNoVersion},
		} {
			t.Run(name, func(t *testing.T) {
				if err := w.jobs.ChangeCutout(w.t.Context(), c.change); !errors.Is(err, c.want) {
					t.Errorf("%v", err)
				}
			})
		}
		if _, err := w.jobs.Versions(w.t.Context(), "t2", done.JobID, done.Items[0].ItemID); !errors.Is(err, job.ErrItemNotFound) {
			w.t.Errorf("another tenant's versions: %v", err)
		}
		if all, err := w.jobs.Versions(w.t.Context(), tenantID, open.JobID, open.Items[0].ItemID); err != nil || len(all) != 0 {
			w.t.Errorf("%+v, %v", all, err)
		}
		if n := w.messages(queue.Jobs); n != 2 {
			w.t.Errorf("%d messages", n)
		}
		w.must(w.change(done, &dot, 0))
		w.exec(`UPDATE cutout_versions SET version = $1, status = 'completed', layers = '{}' WHERE version = 2`, job.MaxVersions)
		if err := w.change(done, &dot, 0); !errors.Is(err, job.ErrVersions) {
			w.t.Errorf("one too many: %v", err)
		}
	})
}

// A failed version leaves the one that counts, and the next one can be asked for.
func TestAVersionThatFailsChangesNothing(t *testing.T) {
	for name, cause := range map[string]func(w *world){
		"hints that leave nothing": func(w *world) { w.refiner.err = picture.ErrHints.With("they leave no product") },
		"an error without a code":  func(w *world) { w.refiner.err = errors.New("odd") },
		"a panic":                  func(w *world) { w.refiner.panics = true },
		"a scene that fails":       func(w *world) { w.placer.err = errors.New("odd") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				j := w.finished(pipeline.DefaultOptions)
				before := w.get(j.JobID).Items[0]
				cause(w)
				w.must(w.change(j, &dot, 0))
				for range 20 {
					w.exec(`UPDATE cutout_versions SET due_at = 0 WHERE status = 'queued'`)
					_ = w.jobs.Process(w.t.Context(), w.cutoutMessage(j)) // poison is an error
				}
				all, err := w.jobs.Versions(w.t.Context(), tenantID, j.JobID, j.Items[0].ItemID)
				w.must(err)
				if len(all) != 2 || !all[0].Current || all[1].Status != job.VersionFailed || all[1].ErrorCode == nil || all[1].ErrorMessage == nil || strings.Contains(*all[1].ErrorMessage, "odd") {
					w.t.Fatalf("%+v", all)
				}
				if after := w.get(j.JobID).Items[0]; *after.CutoutBlobPath != *before.CutoutBlobPath || after.Status != job.ItemCompleted || len(w.remakes) != 0 {
					w.t.Errorf("%+v", after)
				}
				w.refiner, w.placer = refiner{}, placer{}
				w.must(w.change(j, &dot, 0))
				w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
				if got := w.get(j.JobID).Items[0]; *got.CutoutVersion != 3 {
					w.t.Errorf("%+v", got)
				}
			})
		})
	}
}

// A crash repeats no step that was recorded, and the crashed worker's result is not
// taken.
func TestAVersionOutlivesItsWorker(t *testing.T) {
	each(t, func(w *world) {
		j := w.finished(pipeline.DefaultOptions)
		w.must(w.change(j, &dot, 0))
		message := w.cutoutMessage(j)
		w.placer.err = blobsAway
		w.must(w.jobs.Process(w.t.Context(), message)) // given back: the store is away
		w.placer.err = nil
		w.exec(`UPDATE cutout_versions SET due_at = 0, status = 'processing', lease_until = now_ms() - 1 WHERE status = 'queued'`)
		before := w.messages(queue.Jobs)
		w.must(w.jobs.Sweep(w.t.Context()))
		if n := w.messages(queue.Jobs) - before; n != 1 {
			w.t.Errorf("%d messages after a worker died", n)
		}
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
		if d := cmp.Diff([]string{"completed", "completed*"}, w.versionStates(j)); d != "" || w.refiner.calls != 1 {
			w.t.Errorf("%d calls of the refiner: %s", w.refiner.calls, d)
		}
	})
}

func TestDeletingAJobDeletesItsVersions(t *testing.T) {
	each(t, func(w *world) {
		j := w.finished(pipeline.DefaultOptions)
		w.must(w.change(j, &dot, 0))
		message := w.cutoutMessage(j)
		_, err := w.jobs.Delete(w.t.Context(), tenantID, j.JobID)
		w.must(err)
		w.must(w.jobs.Process(w.t.Context(), message))
		var n int
		w.must(w.db.QueryRow(`SELECT count(*) FROM cutout_versions`).Scan(&n))
		if n != 0 || len(w.remakes) != 0 {
			w.t.Errorf("%d versions are left", n)
		}
	})
}

// Files of all versions are named: any of them can be restored.
func TestVersionsAreNotOrphans(t *testing.T) {
	each(t, func(w *world) {
		j := w.finished(pipeline.DefaultOptions)
		w.must(w.change(j, &dot, 0))
		w.must(w.jobs.Process(w.t.Context(), w.cutoutMessage(j)))
		w.paths = nil // the variants' source names the current version's alone
		files := w.stored("outputs")
		old := time.Now().Add(-48 * time.Hour)
		w.must(filepath.Walk(w.dir, func(p string, _ os.FileInfo, err error) error { return errors.Join(err, os.Chtimes(p, old, old)) }))
		w.exec(`UPDATE chores SET due_at = 0`)
		w.tidy()
		left := w.stored("outputs")
		if d := cmp.Diff(files, left); d != "" {
			w.t.Error(d)
		}
	})
}

// stored lists a container's files.
func (w *world) stored(container string) (names []string) {
	w.t.Helper()
	for info, err := range w.blobs.List(w.t.Context(), container, "") {
		w.must(err)
		names = append(names, info.Name)
	}
	return names
}
