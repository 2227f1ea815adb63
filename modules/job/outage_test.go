package job_test

import (
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// The test plays an hour of an outage without its waits: an item that waits for
// an outage is tried again every 18 s or so, and after 34 s at most.
func TestAnHoursOutageCostsNoTry(t *testing.T) {
	const attempts = 200
	for name, cause := range map[string]error{
		"scoring, its breaker open": fault.Uncounted(fault.New(fault.Unavailable, "scoring_unavailable", "away"), 5*time.Second),
		"blobs":                     blob.ErrUnavailable.With("away"),
		"database":                  db.ErrUnavailable.With("away"),
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				j := w.create(1, pipeline.DefaultOptions)
				w.must(w.upload(j.JobID, j.Items[0].ItemID))
				w.placer.err = cause
				for range attempts {
					w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
				}
				var status string
				var tries, attempt int
				w.must(w.db.QueryRow(`SELECT status, tries, attempt FROM items WHERE job_id = $1`, j.JobID).Scan(&status, &tries, &attempt))
				if status != job.ItemQueued || tries != 0 || attempt != attempts {
					w.t.Fatalf("%s after %d attempts, of which %d count", status, attempt, tries)
				}
				var late int
				w.must(w.db.QueryRow(`SELECT count(*) FROM outbox WHERE queue = 'jobs' AND not_before > now_ms() + 35000`).Scan(&late))
				if late > 0 {
					w.t.Errorf("%d tries were put off for longer than an outage", late)
				}
				w.placer.err = nil
				w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
				if got := w.get(j.JobID).Items[0]; got.Status != job.ItemCompleted || w.cutter.calls != 1 {
					w.t.Errorf("%s, cut out %d times", got.Status, w.cutter.calls)
				}
			})
		})
	}
}
