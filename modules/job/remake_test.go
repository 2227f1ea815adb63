package job_test

import (
	"cmp"
	"errors"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

func TestAFinishedPictureIsMadeAgainWithOtherWishes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j := w.create(1, pipeline.Options{RemoveBackground: true, GenerateScene: true})
		first := j.Items[0].ItemID
		other := job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: first, Scene: "kitchen", Steering: picture.Steering{Flip: true, Scale: .7}}
		if _, err := w.jobs.RemakeItem(t.Context(), other); !errors.Is(err, job.ErrNotRemakable) {
			t.Errorf("before it is finished: %v", err)
		}
		w.must(w.upload(j.JobID, first))
		process := func(itemID string) {
			w.must(w.jobs.Process(t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: itemID, CorrelationID: "c"}))
		}
		process(first)
		other.ID = "0198f7a0-0000-7000-8000-0000000000ff"
		var second job.Item
		for range 2 { // a repeat changes nothing
			var err error
			second, err = w.jobs.RemakeItem(t.Context(), other)
			w.must(err)
		}
		if got := w.get(j.JobID); got.Counts.Total != 2 || got.Counts.Open != 1 || got.Status != job.JobProcessing {
			t.Fatalf("%+v, %s", got.Counts, got.Status)
		}
		process(second.ItemID)
		got := w.get(j.JobID)
		it := got.Items[1]
		if it.Status != job.ItemCompleted || it.SceneType != "kitchen" || it.RemakeOf == nil || *it.RemakeOf != first || !it.Steering.Flip || w.cutter.calls != 1 || w.placer.calls != 2 {
			t.Errorf("%+v; cut %d times, placed %d times", it, w.cutter.calls, w.placer.calls)
		}
		if first := got.Items[0]; first.Status != job.ItemCompleted || first.OutputBlobPath == nil {
			t.Errorf("the first picture is %s", first.Status)
		}
		if diff := gocmp.Diff([]string{first + " by " + second.ItemID}, w.replaced); diff != "" {
			t.Errorf("in the ZIP, want -, got +:\n%s", diff)
		}
		if turned := w.plans[1].Result.Layers.CutoutPath; turned == w.plans[0].Result.Layers.CutoutPath {
			t.Error("the mirrored product has the cut-out of the other")
		}
		if w.meter.spent[second.ItemID] != 1 {
			t.Errorf("charged %d times", w.meter.spent[second.ItemID])
		}
		draft := job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: second.ItemID, Steering: picture.Steering{Scale: .5}}
		in, file, err := w.jobs.Draft(t.Context(), draft)
		w.must(err)
		cut, err := file()
		if err != nil || len(cut) == 0 || in.Scene != "kitchen" || !in.Steering.Flip || in.Steering.Scale != .5 || in.Done.Placed != nil {
			t.Errorf("a draft of the second: %+v, %d bytes, %v", in, len(cut), err)
		}
		draft.Fresh = true
		if in, _, err := w.jobs.Draft(t.Context(), draft); err != nil || in.Steering.Flip || in.Steering.Scale != .5 {
			t.Errorf("a fresh one: %+v, %v", in.Steering, err)
		}
		draft.Scene = "moon"
		if _, _, err := w.jobs.Draft(t.Context(), draft); !errors.Is(err, job.ErrSceneType) {
			t.Errorf("a draft in a scene that there is not: %v", err)
		}
		if got := w.get(j.JobID); len(got.Items) != 2 {
			t.Errorf("drafts made items: %d", len(got.Items))
		}
		counts := func(when, want string) {
			t.Helper()
			for _, it := range w.get(j.JobID).Items {
				if by := it.SupersededBy; it.Status == job.ItemCompleted && (by == nil) != (it.ItemID == want) || by != nil && *by != want {
					t.Errorf("%s: in the place of %s counts %v, want %s", when, it.ItemID, by, want)
				}
			}
			standing, _, err := w.jobs.Items(t.Context(), tenantID, job.Filter{JobID: j.JobID, Standing: true, Status: []string{job.ItemCompleted}})
			if w.must(err); len(standing) != 1 || standing[0].ItemID != want {
				t.Errorf("%s: %d pictures count", when, len(standing))
			}
		}
		counts("made again", second.ItemID)
		remade := map[string]string{}
		for _, of := range []string{second.ItemID, first, first} { // of the second, and two more of the first
			again, err := w.jobs.RemakeItem(t.Context(), job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: of})
			w.must(err)
			counts("while it is made", cmp.Or(remade[first], remade[second.ItemID], second.ItemID))
			process(again.ItemID)
			remade[of] = again.ItemID
			counts("the newest", again.ItemID)
		}
		dropped, err := w.jobs.RemakeItem(t.Context(), job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: first})
		w.must(err)
		w.must(w.jobs.CancelItem(t.Context(), tenantID, j.JobID, dropped.ItemID))
		for range 2 { // the first asks for the ZIP
			open := w.get(j.JobID).Counts.OpenExports
			w.must(w.db.InTx(t.Context(), func(tx *db.Tx) error { return w.jobs.ExportsEnded(t.Context(), tx, tenantID, j.JobID, open, 0) }))
			for _, z := range w.zips {
				z.ended = true
			}
		}
		if got := w.get(j.JobID); got.Status != job.JobCompleted {
			t.Errorf("with a remake left out it is %s: %+v", got.Status, got.Counts)
		}
		other.ID, other.Steering = "", picture.Steering{Anchor: "sky"}
		if _, err := w.jobs.RemakeItem(t.Context(), other); !errors.Is(err, picture.ErrSteering) {
			t.Errorf("a wish that makes no sense: %v", err)
		}
		other.Steering, other.Scene = picture.Steering{}, "moon"
		if _, err := w.jobs.RemakeItem(t.Context(), other); !errors.Is(err, job.ErrSceneType) {
			t.Errorf("a scene that there is not: %v", err)
		}
	})
}

// Two people who press the same button get one picture, and one charge.
func TestAlikeRemakesAtOnceAreOneItem(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j := w.create(1, pipeline.Options{RemoveBackground: true, GenerateScene: true})
		first := j.Items[0].ItemID
		w.must(w.upload(j.JobID, first))
		process := func(itemID string) {
			w.must(w.jobs.Process(t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: itemID, CorrelationID: "c"}))
		}
		process(first)
		wish := job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: first, Scene: "kitchen", Steering: picture.Steering{Scale: .7}}
		const askers = 6
		var asked sync.WaitGroup
		ids, alike, errs := make([]string, askers), make([]bool, askers), make([]error, askers)
		for i := range askers {
			asked.Go(func() {
				var it job.Item
				it, errs[i] = w.jobs.RemakeItem(t.Context(), wish)
				ids[i], alike[i] = it.ItemID, it.Alike
			})
		}
		asked.Wait()
		fresh := 0
		for i := range askers {
			w.must(errs[i])
			if ids[i] != ids[0] {
				t.Errorf("two items: %s and %s", ids[0], ids[i])
			}
			if !alike[i] {
				fresh++
			}
		}
		if got := w.get(j.JobID); fresh != 1 || got.Counts.Total != 2 || got.Counts.Open != 1 {
			t.Errorf("%d were told that theirs is new; %+v", fresh, got.Counts)
		}
		wish.Steering.Scale = .8
		other, err := w.jobs.RemakeItem(t.Context(), wish)
		if w.must(err); other.Alike || other.ItemID == ids[0] {
			t.Errorf("another wish is the same item: %+v", other)
		}
		process(ids[0])
		process(other.ItemID)
		if w.meter.spent[ids[0]] != 1 || w.meter.spent[other.ItemID] != 1 {
			t.Errorf("charged %d and %d times", w.meter.spent[ids[0]], w.meter.spent[other.ItemID])
		}
		wish.Steering.Scale = .7
		if again, err := w.jobs.RemakeItem(t.Context(), wish); err != nil || again.Alike || again.ItemID == ids[0] {
			t.Errorf("asked again when it is finished: %+v, %v", again.ItemID, err)
		}
	})
}
