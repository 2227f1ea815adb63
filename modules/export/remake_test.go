package export

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// remake asks for variants again and returns their number.
func (w *world) remake(r RemakeRequest) (n int) {
	w.t.Helper()
	r.TenantID, r.JobID, r.ItemID, r.CorrelationID = "t", "j", "i", "c"
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) (err error) {
		n, err = w.s.Remake(w.t.Context(), tx, r)
		return err
	}))
	return n
}

// again is the message that asks for the item's remakes.
func (w *world) again() queue.Body {
	b := w.body
	b.Kind, b.Subject = queue.KindRemake, b.ItemID
	return b
}

// files returns the variants' paths by preset.
func (w *world) files() map[string]string {
	w.t.Helper()
	list, err := w.s.List(w.t.Context(), "t", "j")
	w.must(err)
	out := map[string]string{}
	for _, e := range list {
		if e.BlobPath != nil {
			out[e.Preset] = *e.BlobPath
		}
	}
	return out
}

func TestVariantsAreMadeAgainFreeOfCharge(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		w.must(w.s.Handle(w.t.Context(), w.body))
		first, done := w.files(), w.jobs.done
		layers := w.source().Layers
		layers.FloorY = 77
		if n := w.remake(RemakeRequest{Layers: &layers, Review: picture.ReviewPending}); n != len(wanted) {
			w.t.Fatalf("%d are to be made again", n)
		}
		w.outdated("while variants are made again", true)
		if d := cmp.Diff(first, w.files()); d != "" || w.statuses()["completed"] != len(wanted) {
			w.t.Errorf("they are not what they were until the new ones are there: %s", d)
		}
		for range 2 { // the second message finds nothing to do
			w.must(w.s.Handle(w.t.Context(), w.again()))
		}
		second := w.files()
		for _, p := range wanted {
			if second[p] == first[p] || second[p] == "" {
				w.t.Errorf("%s is %s, was %s", p, second[p], first[p])
			}
		}
		if len(m.count) != len(wanted) || w.jobs.done != done || w.jobs.failed != 0 || w.jobs.remade != 1 {
			w.t.Errorf("charged %v; %+v", m.count, w.jobs)
		}
		all, err := w.s.finished(w.t.Context(), "t", "j", newNames())
		w.must(err)
		if all[0].source.FloorY != 77 || all[0].source.Filename == "" || all[0].state() != picture.ReviewPending {
			w.t.Errorf("%+v", all[0])
		}
		// once more, and of one variant
		if n := w.remake(RemakeRequest{Presets: []string{"web_thumb", "nowhere"}}); n != 1 {
			w.t.Errorf("%d are to be made again", n)
		}
		w.must(w.s.Handle(w.t.Context(), w.again()))
		third := w.files()
		if third["web_thumb"] == second["web_thumb"] || third["facebook_ad"] != second["facebook_ad"] || w.jobs.remade != 2 {
			w.t.Errorf("%v, then %v", second, third)
		}
		if n := w.remake(RemakeRequest{Presets: []string{}}); n != 0 {
			w.t.Errorf("%d of no variants are to be made again", n)
		}
	})
}

func TestARemakeThatFailsLeavesTheFormerFile(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		first := w.files()
		w.remake(RemakeRequest{})
		w.store.put = errors.New("the disk is odd today")
		for range 20 {
			w.exec(`UPDATE remakes SET due_at = 0`)
			w.must(w.s.Handle(w.t.Context(), w.again()))
		}
		var failed int
		w.must(w.db.QueryRow(`SELECT count(*) FROM remakes WHERE status = 'failed' AND error_code = 'internal'`).Scan(&failed))
		if d := cmp.Diff(first, w.files()); d != "" || failed != len(wanted) || w.statuses()["completed"] != len(wanted) {
			w.t.Errorf("%d remakes failed, the variants are %v: %s", failed, w.statuses(), d)
		}
		w.store.put = nil
		w.remake(RemakeRequest{})
		w.must(w.s.Handle(w.t.Context(), w.again()))
		if slices.Equal([]string{first["web_thumb"]}, []string{w.files()["web_thumb"]}) {
			w.t.Error("asked for again, it is not made")
		}
	})
}

func TestADeadWorkersRemakesAreMadeByAnother(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		first := w.files()
		w.remake(RemakeRequest{})
		dead, err := w.claim(w.t.Context(), remaking{w.s}, w.again())
		w.must(err)
		if k, err := w.claim(w.t.Context(), remaking{w.s}, w.again()); err != nil || k != nil {
			w.t.Fatalf("two workers have it: %v", err)
		}
		w.exec(`UPDATE remakes SET lease_until = now_ms() - 1`)
		before := w.messages()
		w.must(w.s.Sweep(w.t.Context()))
		if n := w.messages() - before; n != 1 {
			w.t.Errorf("%d messages", n)
		}
		w.must(w.s.Handle(w.t.Context(), w.again()))
		second := w.files()
		if whole, err := w.s.make(w.t.Context(), dead); whole || err != nil {
			w.t.Errorf("the dead worker wrote: %v", err)
		}
		if d := cmp.Diff(second, w.files()); d != "" || second["web_thumb"] == first["web_thumb"] {
			w.t.Error(d)
		}
	})
}

// A worker that is making a variant may have read the former source.
func TestAVariantThatIsBeingMadeIsMadeAgainAfterwards(t *testing.T) {
	each(t, func(w *world) {
		k, err := w.claim(w.t.Context(), firstMaking{w.s}, w.body)
		w.must(err)
		w.remake(RemakeRequest{})
		w.exec(`UPDATE remakes SET due_at = 0`)
		w.must(w.s.Handle(w.t.Context(), w.again()))
		if len(w.files()) != 0 {
			w.t.Fatal("it was made again before it was made")
		}
		if _, err := w.s.make(w.t.Context(), k); err != nil {
			w.t.Fatal(err)
		}
		first := w.files()
		w.must(w.s.Handle(w.t.Context(), w.again()))
		if second := w.files(); second["web_thumb"] == first["web_thumb"] || w.jobs.done != len(wanted) {
			w.t.Errorf("%v, then %v", first, second)
		}
	})
}

func TestAJobThatIsDeletedTakesItsRemakesAlong(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.remake(RemakeRequest{})
		k, err := w.claim(w.t.Context(), remaking{w.s}, w.again())
		w.must(err)
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			_, err := w.s.Forget(w.t.Context(), tx, "j")
			return err
		}))
		if _, err := w.s.make(w.t.Context(), k); err != nil {
			w.t.Errorf("a worker on a deleted job: %v", err)
		}
		var left int
		w.must(w.db.QueryRow(`SELECT count(*) FROM remakes`).Scan(&left))
		if left != 0 || len(w.files()) != 0 {
			w.t.Errorf("%d remakes are left", left)
		}
	})
}

func TestTheZIPHoldsTheLastPictureThatWasMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		pairs [][2]string // an item, and the one that takes its place
		want  []string    // what the ZIP holds
	}{
		{"once", [][2]string{{"i", "b"}}, []string{"b", "c", "d"}},
		{"a chain", [][2]string{{"i", "b"}, {"b", "c"}}, []string{"c", "d"}},
		{"the first one twice", [][2]string{{"i", "b"}, {"i", "c"}}, []string{"c", "d"}},
		{"the first one after a chain", [][2]string{{"i", "b"}, {"b", "c"}, {"i", "d"}}, []string{"d"}},
		{"told twice", [][2]string{{"i", "b"}, {"i", "b"}}, []string{"b", "c", "d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(w *world) {
				w.must(w.s.Handle(w.t.Context(), w.body))
				for _, id := range []string{"b", "c", "d"} {
					_, err := w.db.ExecContext(w.t.Context(), `INSERT INTO export_sources (item_id, source) SELECT CAST($1 AS TEXT), source FROM export_sources WHERE item_id = 'i'`, id)
					w.must(err)
				}
				for _, p := range c.pairs {
					w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error { return w.s.Replace(w.t.Context(), tx, p[0], p[1]) }))
				}
				rows, err := w.db.QueryContext(w.t.Context(), `SELECT item_id FROM export_sources WHERE replaced_by IS NULL ORDER BY item_id`)
				w.must(err)
				defer rows.Close()
				var held []string
				for rows.Next() {
					var id string
					w.must(rows.Scan(&id))
					held = append(held, id)
				}
				w.must(rows.Err())
				if d := cmp.Diff(c.want, held); d != "" {
					w.t.Error(d)
				}
			})
		})
	}
}
