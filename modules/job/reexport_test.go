package job_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// reexport asks for the variants of a job's first item anew.
func (w *world) reexport(j job.Job, opened job.Rerendered, presets ...string) {
	w.t.Helper()
	w.reopened = opened
	_, err := w.jobs.Reexport(w.t.Context(), job.Reexport{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[0].ItemID, Presets: presets})
	w.must(err)
}

func TestAFinishedJobsVariantsAreMadeAnew(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.exports(j.JobID, 1, 1)
		w.bundle(j.JobID, "first")
		before, sent, held := w.get(j.JobID), w.messages(queue.Exports), w.meter.held[j.Items[0].ItemID]

		w.brand.Rights.Copyright = "© Acme" // since
		w.reexport(j, job.Rerendered{})
		if r := w.rerenders[0].Rights; r == nil || *r != w.brand.Rights {
			w.t.Errorf("%+v", r)
		}
		if d := cmp.Diff(before, w.get(j.JobID), cmp.AllowUnexported(job.Item{})); d != "" || w.messages(queue.Exports) != sent {
			w.t.Errorf("nothing is to be made: %s", d)
		}
		w.reexport(j, job.Rerendered{New: 2, Failed: 1}, "p1", "p2", "p3")
		if d := cmp.Diff([]string{"p1", "p2", "p3"}, w.rerenders[1].Presets); d != "" || w.rerenders[1].CorrelationID != "c" {
			w.t.Errorf("%s %+v", d, w.rerenders[1])
		}
		got := w.get(j.JobID)
		if got.Status != job.JobProcessing || got.FinishedAt != nil || got.Counts.OpenExports != 3 || got.Counts.DoneExports != 1 || got.Counts.FailedExports != 0 || *got.ExportBlobPath != "first" {
			w.t.Errorf("%+v", got)
		}
		if w.messages(queue.Exports) != sent+1 {
			w.t.Error("nobody is asked to make them")
		}
		w.exports(j.JobID, 2, 0)
		if z := w.zips[j.JobID+"2"]; z != nil {
			w.t.Errorf("one is not there yet: %+v", z)
		}
		w.exports(j.JobID, 1, 0) // the last one
		w.bundle(j.JobID, "second")
		if got = w.get(j.JobID); *got.ExportBlobPath != "second" || before.Status != job.JobPartial || got.Status != job.JobCompleted || got.Counts.DoneExports != 4 || got.Counts.OpenExports != 0 {
			w.t.Errorf("%+v", got)
		}
		events, err := event.After(w.t.Context(), w.db, tenantID, j.JobID, "", 100)
		w.must(err)
		if last := events[len(events)-1]; last.Type != event.JobFinished || len(events) != 6 {
			w.t.Errorf("%+v", events)
		}
		if w.meter.held[j.Items[0].ItemID] != held {
			w.t.Error("it cost something")
		}
	})
}

// A ZIP that is being made when variants are asked for anew does not hold the new ones.
func TestVariantsMadeAnewBeforeTheJobsEndAreInItsZIP(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		w.exports(j.JobID, 2, 0)
		first := w.asked(j.JobID)
		w.reexport(j, job.Rerendered{New: 1})
		w.bundleEnded(j.JobID, first.round, "stale")
		if got := w.get(j.JobID); got.Status != job.JobProcessing || got.ExportBlobPath != nil {
			w.t.Fatalf("%+v", got)
		}
		w.exports(j.JobID, 1, 0)
		w.bundle(j.JobID, "fresh")
		if got := w.get(j.JobID); got.Status != job.JobCompleted || *got.ExportBlobPath != "fresh" || got.Counts.DoneExports != 3 {
			w.t.Errorf("%+v", got)
		}
	})
}

func TestWhatCantBeExportedAnew(t *testing.T) {
	each(t, func(w *world) {
		open, other := w.create(1, bare), w.create(1, bare)
		for name, c := range map[string]struct {
			ask  job.Reexport
			want error
		}{
			"an item that isn't finished": {job.Reexport{TenantID: tenantID, JobID: open.JobID, ItemID: open.Items[0].ItemID}, job.ErrNotExportable},
			"another tenant's":            {job.Reexport{TenantID: "t2", JobID: open.JobID, ItemID: open.Items[0].ItemID}, job.ErrItemNotFound},
			"another job's":               {job.Reexport{TenantID: tenantID, JobID: other.JobID, ItemID: open.Items[0].ItemID}, job.ErrItemNotFound},
		} {
			t.Run(name, func(t *testing.T) {
				if _, err := w.jobs.Reexport(t.Context(), c.ask); !errors.Is(err, c.want) {
					t.Errorf("%v", err)
				}
			})
		}
	})
}
