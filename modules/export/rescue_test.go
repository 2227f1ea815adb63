package export

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/queue"
)

// givenBack checks that every variant failed with a code, and gave its hold back
// once.
func (w *world) givenBack(m *meter, code string) {
	w.t.Helper()
	if got := w.statuses(); got["failed"] != len(wanted) || w.jobs.failed != len(wanted) {
		w.t.Fatalf("%v, %+v", got, w.jobs)
	}
	list, err := w.s.List(w.t.Context(), "t", "j")
	w.must(err)
	want := map[string]int{}
	for _, e := range list {
		want["back t/i/"+e.Preset] = 1
		if *e.ErrorCode != code {
			w.t.Errorf("%s failed with %s", e.Preset, *e.ErrorCode)
		}
	}
	if diff := cmp.Diff(want, m.count); diff != "" {
		w.t.Errorf("given back, want -, got +:\n%s", diff)
	}
}

// poisoned checks that err sends a message to the dead letters.
func (w *world) poisoned(err error) {
	w.t.Helper()
	if reason, ok := queue.PoisonReason(err); !ok || reason != lease.ErrRescues.Code {
		w.t.Errorf("the message is not dead: %v", err)
	}
}

func TestAFailedVariantsCreditComesBackWithItsFailure(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter, w.store.get = m, blob.ErrNotFound
		for range 2 {
			w.must(w.s.Handle(w.t.Context(), w.body))
		}
		w.givenBack(m, "blob_not_found")
	})
}

func TestVariantsThatMakeTheWorkerPanicFail(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter, w.store.panics = m, true
		for range lease.MaxRescues - 1 {
			w.must(w.s.Handle(w.t.Context(), w.body))
			if got := w.statuses(); got["pending"] != len(wanted) || w.tries() != 0 {
				w.t.Fatalf("%v, %d tries", got, w.tries())
			}
			w.exec(`UPDATE exports SET due_at = 0`)
		}
		w.poisoned(w.s.Handle(w.t.Context(), w.body))
		w.givenBack(m, lease.ErrRescues.Code)
	})
}

func TestAVariantThatPanicsFailsAlone(t *testing.T) {
	each(t, func(w *world) {
		w.store.breaks = "/" + wanted[0] + "/"
		for range lease.MaxRescues - 1 {
			w.must(w.s.Handle(w.t.Context(), w.body))
			if got := w.statuses(); got["completed"] != len(wanted)-1 {
				w.t.Fatalf("%v", got)
			}
			w.exec(`UPDATE exports SET due_at = 0 WHERE status = 'pending'`)
		}
		w.poisoned(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["completed"] != len(wanted)-1 || got["failed"] != 1 {
			w.t.Errorf("%v", got)
		}
	})
}

func TestVariantsWhoseWorkersDieFail(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		for range lease.MaxRescues {
			w.exec(`UPDATE exports SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() - 1`)
			w.must(w.s.Sweep(w.t.Context()))
		}
		w.poisoned(w.s.Handle(w.t.Context(), w.body))
		w.givenBack(m, lease.ErrRescues.Code)
	})
}

func TestAFinishedVariantSpeaksForTheOthers(t *testing.T) {
	each(t, func(w *world) {
		w.exec(`UPDATE exports SET rescues = $1`, lease.MaxRescues-1)
		w.store.put, w.store.only = blob.ErrUnavailable, "web_thumb"
		w.must(w.s.Handle(w.t.Context(), w.body))
		var left int
		w.must(w.db.QueryRow(`SELECT rescues FROM exports WHERE preset = 'web_thumb'`).Scan(&left))
		if got := w.statuses(); got["completed"] != len(wanted)-1 || left != 0 {
			w.t.Errorf("%v, %d rescues", got, left)
		}
	})
}

func TestVariantsDontWaitForEver(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		w.exec(`UPDATE exports SET created_at = created_at - $1`, lease.MaxAge.Milliseconds()+1000)
		w.must(w.s.Sweep(w.t.Context()))
		w.givenBack(m, lease.ErrTooOld.Code)
	})
}
