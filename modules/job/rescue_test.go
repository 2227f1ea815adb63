package job_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// broke returns the recorded tries and rescues of a job's first item.
func (w *world) broke(j job.Job) (tries, rescues int) {
	w.t.Helper()
	w.must(w.db.QueryRow(`SELECT tries, rescues FROM items WHERE item_id = $1`, j.Items[0].ItemID).Scan(&tries, &rescues))
	return tries, rescues
}

// spent checks that the item has failed with its own code, without a hold, and
// that its message goes to the dead letters.
func (w *world) spent(j job.Job, err error) {
	w.t.Helper()
	it := w.get(j.JobID).Items[0]
	if it.Status != job.ItemFailed || it.ErrorCode == nil || *it.ErrorCode != lease.ErrRescues.Code {
		w.t.Fatalf("%s, %v", it.Status, it.ErrorCode)
	}
	if reason, ok := queue.PoisonReason(err); !ok || reason != lease.ErrRescues.Code {
		w.t.Errorf("the message is not dead: %v", err)
	}
	if w.meter.held[it.ItemID] != 0 {
		w.t.Error("its hold is still there")
	}
}

func TestAPhotoThatMakesAStepPanicFails(t *testing.T) {
	for _, step := range []string{"cutout", "place"} {
		t.Run(step, func(t *testing.T) {
			each(t, func(w *world) {
				j := w.create(1, pipeline.DefaultOptions)
				w.must(w.upload(j.JobID, j.Items[0].ItemID))
				w.cutter.panics, w.placer.panics = step == "cutout", step == "place"
				for n := range lease.MaxRescues - 1 {
					w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
					if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued {
						w.t.Fatalf("after %d panics it is %s", n+1, it.Status)
					}
				}
				w.spent(j, w.jobs.Process(w.t.Context(), body(j, 0)))
				if tries, _ := w.broke(j); tries != 1 { // the one that failed it
					w.t.Errorf("%d tries", tries)
				}
			})
		})
	}
}

func TestAnItemWhoseWorkersDieFails(t *testing.T) {
	die := `UPDATE items SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() - 1`
	t.Run("found by the sweep", func(t *testing.T) {
		each(t, func(w *world) {
			j := w.create(1, pipeline.DefaultOptions)
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			for range lease.MaxRescues {
				w.exec(die)
				w.must(w.jobs.Sweep(w.t.Context()))
			}
			w.spent(j, w.jobs.Process(w.t.Context(), body(j, 0)))
		})
	})
	t.Run("found by the next worker", func(t *testing.T) {
		each(t, func(w *world) {
			j := w.create(1, pipeline.DefaultOptions)
			w.must(w.upload(j.JobID, j.Items[0].ItemID))
			w.cutter.err = blobsAway // so that no step is finished
			for range lease.MaxRescues - 1 {
				w.exec(die)
				w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
			}
			w.exec(die)
			w.spent(j, w.jobs.Process(w.t.Context(), body(j, 0)))
		})
	})
}

// An item that lay beside one that ends its workers is worked on without it before
// its own rescues are used up.
func TestItemsThatBrokeOffAreWorkedOnAlone(t *testing.T) {
	for rescues, together := range map[int]bool{lease.Suspicious - 1: true, lease.Suspicious: false, lease.MaxRescues - 1: false} {
		t.Run(fmt.Sprintf("%d rescues", rescues), func(t *testing.T) {
			each(t, func(w *world) {
				j := w.create(2, pipeline.DefaultOptions)
				for _, it := range j.Items {
					w.must(w.upload(j.JobID, it.ItemID))
				}
				w.exec(`UPDATE items SET rescues = $1`, rescues)
				w.cutter.block = make(chan struct{})
				done := make(chan error, 2)
				for i := range 2 {
					go func() { done <- w.jobs.Process(w.t.Context(), body(j, i)) }()
				}
				under := func() (n int) {
					for _, it := range w.get(j.JobID).Items {
						if it.Status == job.ItemProcessing {
							n++
						}
					}
					return n
				}
				if together {
					w.until(func() bool { return under() == 2 })
				} else {
					w.until(func() bool { return under() == 1 })
					time.Sleep(100 * time.Millisecond) // for the other to begin, if it would
					if n := under(); n != 1 {
						w.t.Errorf("%d are worked on together", n)
					}
				}
				close(w.cutter.block)
				for range 2 {
					w.must(<-done)
				}
				for _, it := range w.get(j.JobID).Items {
					if it.Status != job.ItemCompleted {
						w.t.Errorf("one is %s", it.Status)
					}
				}
			})
		})
	}
}

func TestAFinishedStepTakesBackWhatBrokeOff(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.exec(`UPDATE items SET rescues = $1`, lease.MaxRescues-1)
		w.placer.err = blobsAway
		w.must(w.jobs.Process(w.t.Context(), body(j, 0))) // the cut-out is finished
		if _, n := w.broke(j); n != 0 {
			w.t.Fatalf("%d rescues", n)
		}
		w.placer.err = nil
		w.must(w.jobs.Process(w.t.Context(), body(j, 0)))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted {
			w.t.Errorf("it is %s", it.Status)
		}
	})
}

func TestAnItemDoesNotWaitForEver(t *testing.T) {
	each(t, func(w *world) {
		j := w.create(1, pipeline.DefaultOptions)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.exec(`UPDATE items SET created_at = created_at - $1`, lease.MaxAge.Milliseconds()-60_000)
		w.must(w.jobs.Sweep(w.t.Context()))
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued {
			w.t.Fatalf("too early it is %s", it.Status)
		}
		w.exec(`UPDATE items SET created_at = created_at - 120000`)
		w.must(w.jobs.Sweep(w.t.Context()))
		got := w.get(j.JobID)
		if it := got.Items[0]; it.Status != job.ItemFailed || *it.ErrorCode != lease.ErrTooOld.Code || got.Status != job.JobFailed {
			w.t.Fatalf("%+v", it)
		}
		if w.meter.held[j.Items[0].ItemID] != 0 {
			w.t.Error("its hold is still there")
		}
	})
}

func TestTheOldestItemIsKnown(t *testing.T) {
	each(t, func(w *world) {
		if d, err := w.jobs.Oldest(w.t.Context()); d != 0 || err != nil {
			w.t.Fatalf("without items: %v, %v", d, err)
		}
		j := w.create(2, bare)
		w.must(w.upload(j.JobID, j.Items[0].ItemID))
		w.exec(`UPDATE items SET created_at = now_ms() - CASE status WHEN 'queued' THEN 7200000 ELSE 90000000 END`)
		if d, err := w.jobs.Oldest(w.t.Context()); err != nil || d.Round(time.Hour) != 2*time.Hour {
			w.t.Errorf("%v, %v", d, err)
		}
	})
}
