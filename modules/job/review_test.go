package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// doubtful makes and completes a job of one item that a person has to look at.
func (w *world) doubtful() job.Job {
	w.t.Helper()
	w.cutter.concerns = []picture.Concern{{Kind: "edge", Text: "The edge is soft", Box: picture.Box{0, 0, 8, 6}}}
	strict := .95 // the cutter gives .9
	j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png"}},
		Options: pipeline.Options{RemoveBackground: true}, ReviewBelow: &strict})
	w.must(err)
	w.must(w.upload(j.JobID, j.Items[0].ItemID))
	w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
	return w.get(j.JobID)
}

func (w *world) decide(j job.Job, state, note string) job.Item {
	w.t.Helper()
	it, err := w.jobs.Decide(w.t.Context(), job.Decision{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, State: state, Note: note})
	w.must(err)
	return it
}

func TestADecisionMovesThePictureAndNothingElse(t *testing.T) {
	each(t, func(w *world) {
		j := w.doubtful()
		it := j.Items[0]
		if it.Review == nil || it.Review.State != picture.ReviewPending || *it.ReviewReason != "The edge is soft (at the top left)" || len(it.Concerns) != 1 || it.Concerns[0].Box != (picture.Box{0, 0, 8, 6}) {
			w.t.Fatalf("%+v", it)
		}
		w.exports(j.JobID, 2, 0)
		w.bundle(j.JobID, "first")
		before := w.get(j.JobID)
		spent := w.meter.spent[it.ItemID]

		got := w.decide(j, picture.ReviewApproved, " fine ")
		if got.Review.State != picture.ReviewApproved || got.Review.Note != "fine" || got.Review.DecidedAt == nil {
			w.t.Errorf("%+v", got.Review)
		}
		z := w.asked(j.JobID)
		z.waits = true
		w.decide(j, picture.ReviewApproved, "really") // moves nothing
		w.decide(j, picture.ReviewRejected, "no")     // in the ZIP that waits
		if z.asked != 1 || w.asked(j.JobID) != z {
			w.t.Errorf("the ZIP was asked for %d times", z.asked)
		}
		if d := cmp.Diff([]string{"approved", "rejected"}, w.reviews); d != "" {
			w.t.Error(d)
		}
		w.bundle(j.JobID, "second")
		z.waits = false
		after := w.get(j.JobID)
		if *after.ExportBlobPath != "second" {
			w.t.Errorf("the ZIP is %s", *after.ExportBlobPath)
		}
		if after.Status != before.Status || !after.FinishedAt.Equal(*before.FinishedAt) || after.Counts != before.Counts || w.meter.spent[it.ItemID] != spent {
			w.t.Errorf("the job changed: %+v, %+v", before, after)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 100)
		w.must(err)
		if last := events[len(events)-2:]; last[0].Type != event.JobFinished || last[1].Type != event.ExportCompleted {
			w.t.Errorf("a decision tells of the new ZIP alone, not %s, %s", last[0].Type, last[1].Type)
		}
		// a ZIP that can't be made leaves the former one
		w.decide(j, picture.ReviewApproved, "")
		w.bundle(j.JobID, "")
		if got := w.get(j.JobID); *got.ExportBlobPath != "second" || got.Status != before.Status {
			w.t.Errorf("%+v", got)
		}
	})
}

// A ZIP that is being made when the decision comes does not hold it yet.
func TestADecisionBeforeTheJobsEndIsInItsZIP(t *testing.T) {
	each(t, func(w *world) {
		j := w.doubtful()
		w.decide(j, picture.ReviewApproved, "") // variants are open: their end asks for the ZIP
		w.exports(j.JobID, 2, 0)
		first := w.asked(j.JobID)
		w.decide(j, picture.ReviewRejected, "")
		second := w.asked(j.JobID)
		if first == second {
			w.t.Fatal("the ZIP that is being made is to hold the decision")
		}
		w.bundleEnded(j.JobID, first.round, "stale")
		if got := w.get(j.JobID); got.Status != job.JobProcessing || got.ExportBlobPath != nil {
			w.t.Fatalf("%+v", got)
		}
		w.bundle(j.JobID, "fresh")
		if got := w.get(j.JobID); got.Status != job.JobCompleted || *got.ExportBlobPath != "fresh" {
			w.t.Fatalf("%+v", got)
		}
	})
}

// Of two people who decide at the same moment the later one is told, and nothing is undone.
func TestADecisionThatNamesWhatItWasMadeByUndoesNone(t *testing.T) {
	each(t, func(w *world) {
		j := w.doubtful()
		decide := func(state, seen, by string) error {
			_, err := w.jobs.Decide(w.t.Context(), job.Decision{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, State: state, Seen: seen, By: by})
			return err
		}
		is := func(when, state, by string) {
			w.t.Helper()
			if r := w.get(j.JobID).Items[0].Review; r.State != state || r.By != by {
				w.t.Errorf("%s: %+v, want %s by %s", when, r, state, by)
			}
		}
		w.must(decide(picture.ReviewRejected, "pending", "owner"))
		if err := decide(picture.ReviewApproved, "none", "guest"); !errors.Is(err, job.ErrDecided) {
			w.t.Errorf("otherwise, a moment later: %v", err)
		}
		is("otherwise, a moment later", picture.ReviewRejected, "owner")
		w.must(decide(picture.ReviewRejected, "pending", "second"))
		is("alike, a moment later", picture.ReviewRejected, "second")
		w.must(decide(picture.ReviewApproved, picture.ReviewRejected, "guest"))
		is("by one who knows", picture.ReviewApproved, "guest")
		w.must(decide(picture.ReviewRejected, "", "script"))
		is("by one who says nothing of it", picture.ReviewRejected, "script")
	})
}

func TestWhatCantBeDecided(t *testing.T) {
	each(t, func(w *world) {
		open := w.create(1, bare)
		done := w.doubtful()
		for name, c := range map[string]struct {
			decision job.Decision
			want     error
		}{
			"an item that isn't finished": {job.Decision{TenantID: tenantID, JobID: open.JobID, ItemID: open.Items[0].ItemID}, job.ErrNotFinished},
			"another tenant's":            {job.Decision{TenantID: "t2", JobID: done.JobID, ItemID: done.Items[0].ItemID}, job.ErrItemNotFound},
			"another job's":               {job.Decision{TenantID: tenantID, JobID: open.JobID, ItemID: done.Items[0].ItemID}, job.ErrItemNotFound},
			"none":                        {job.Decision{TenantID: tenantID, JobID: open.JobID, ItemID: "x"}, job.ErrItemNotFound},
			"a long note":                 {job.Decision{TenantID: tenantID, JobID: done.JobID, ItemID: done.Items[0].ItemID, Note: strings.Repeat("ä", 2001)}, job.ErrNote},
			"a note with a NUL":           {job.Decision{TenantID: tenantID, JobID: done.JobID, ItemID: done.Items[0].ItemID, Note: "a\x00b"}, job.ErrNote},
		} {
			w.row(name, func() {
				c.decision.State = picture.ReviewApproved
				if _, err := w.jobs.Decide(w.t.Context(), c.decision); !errors.Is(err, c.want) {
					w.t.Error(err)
				}
			})
		}
		if len(w.reviews) != 0 {
			w.t.Errorf("%v", w.reviews)
		}
	})
}

func TestAJobSaysWhoLooks(t *testing.T) {
	strict, zero := .95, 0.
	for name, c := range map[string]struct {
		brand, operator picture.Review
		review          string
		below           *float64
		want            bool
	}{
		"nobody says anything":                {want: false},
		"the operator is strict":              {operator: picture.Review{Below: .95}, want: true},
		"the brand is":                        {brand: picture.Review{Below: .95}, want: true},
		"the brand doesn't look":              {brand: picture.Review{Off: true}, operator: picture.Review{Below: .95}, want: false},
		"the job is":                          {below: &strict, want: true},
		"the job is stricter than the brand":  {brand: picture.Review{Off: true}, below: &strict, want: true},
		"the job doesn't look":                {brand: picture.Review{Below: .95}, review: "off", want: false},
		"the job looks, as the operator does": {brand: picture.Review{Off: true}, operator: picture.Review{Below: .95}, review: "on", want: true},
		"nothing lies below 0":                {brand: picture.Review{Below: .95}, below: &zero, want: false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.brand.Review, w.jobs.Review = c.brand, c.operator
				j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png"}},
					Options: pipeline.Options{RemoveBackground: true}, Review: c.review, ReviewBelow: c.below})
				w.must(err)
				w.must(w.upload(j.JobID, j.Items[0].ItemID))
				w.must(w.jobs.Process(w.t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, CorrelationID: "c"}))
				if it := w.get(j.JobID).Items[0]; (it.Review != nil) != c.want || it.NeedsReview != c.want {
					w.t.Errorf("%+v", it.Review)
				}
			})
		})
	}
}
