package export

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// rerender asks for the item's variants anew. It returns what it opened, and how many
// remakes there are to be made.
func (w *world) rerender(change func(*Source), presets ...string) (n Rerendered, remakes int, err error) {
	w.t.Helper()
	err = w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		n, err = w.s.Rerender(w.t.Context(), tx, RerenderRequest{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c", Presets: presets, Change: change})
		return err
	})
	w.must(w.db.QueryRow(`SELECT count(*) FROM remakes WHERE status = 'pending'`).Scan(&remakes))
	return n, remakes, err
}

// all returns the item's variants by preset.
func (w *world) all() map[string]Export {
	w.t.Helper()
	list, err := w.s.List(w.t.Context(), "t", "j")
	w.must(err)
	out := map[string]Export{}
	for _, e := range list {
		out[e.Preset] = e
	}
	return out
}

func TestVariantsAreMadeAnewOnlyWhenTheyWouldDiffer(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		same := func(why string) {
			w.t.Helper()
			if n, remakes, err := w.rerender(nil); err != nil || remakes > 0 || n != (Rerendered{}) {
				w.t.Errorf("%s: %+v %d %v", why, n, remakes, err)
			}
		}
		same("nothing changed")
		// another rule or preset is another recipe
		w.exec(`UPDATE exports SET recipe = 'other' WHERE preset = 'web_thumb'`)
		before := w.all()
		if n, remakes, err := w.rerender(nil); err != nil || remakes != 1 || n != (Rerendered{}) {
			w.t.Fatalf("%+v %d %v", n, remakes, err)
		}
		w.must(w.s.Handle(w.t.Context(), w.again()))
		after := w.all()
		if *after["web_thumb"].BlobPath == *before["web_thumb"].BlobPath || *after["facebook_ad"].BlobPath != *before["facebook_ad"].BlobPath {
			w.t.Errorf("%+v", after)
		}
		same("it is there")
		_, remakes, err := w.rerender(func(s *Source) { s.Marks = &picture.Marks{Copyright: "© Acme"} }, "web_thumb")
		if err != nil || remakes != 1 {
			w.t.Fatalf("another picture: %d %v", remakes, err)
		}
		w.must(w.s.Handle(w.t.Context(), w.again()))
		if _, remakes, err := w.rerender(nil); err != nil || remakes != 2 {
			w.t.Errorf("the other variants are still of the former picture: %d %v", remakes, err)
		}
	})
}

func TestPresetsAreAdded(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		n, remakes, err := w.rerender(nil, "pinterest", "pinterest", "web_thumb")
		if d := cmp.Diff(Rerendered{New: 1}, n); d != "" || remakes > 0 || err != nil {
			w.t.Fatalf("%s %d %v", d, remakes, err)
		}
		w.must(w.s.Handle(w.t.Context(), w.body))
		if e := w.all()["pinterest"]; e.Status != "completed" {
			w.t.Errorf("%+v", e)
		}
		if _, _, err := w.rerender(nil, "moon"); !errors.Is(err, channel.ErrPreset) {
			w.t.Errorf("%v", err)
		}
	})
}

func TestAVariantThatFailedIsMadeAnew(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.exec(`UPDATE exports SET status = 'failed', blob_path = NULL, recipe = NULL, tries = 9, created_at = 0, error_code = 'x' WHERE preset = 'web_thumb'`)
		n, remakes, err := w.rerender(nil)
		if d := cmp.Diff(Rerendered{Failed: 1}, n); d != "" || remakes > 0 || err != nil {
			w.t.Fatalf("%s %d %v", d, remakes, err)
		}
		w.must(w.s.Sweep(w.t.Context())) // it has not waited long
		w.must(w.s.Handle(w.t.Context(), w.body))
		if e := w.all()["web_thumb"]; e.Status != "completed" || e.ErrorCode != nil {
			w.t.Errorf("%+v", e)
		}
	})
}

func TestRerenderingIsBounded(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.exec(`UPDATE exports SET recipe = NULL, rerenders = $1 WHERE preset = 'web_thumb'`, MaxRerenders)
		if _, _, err := w.rerender(nil); !errors.Is(err, ErrRerenders) {
			w.t.Errorf("%v", err)
		}
		w.exec(`DELETE FROM export_sources`)
		if _, _, err := w.rerender(nil, "web_thumb"); fault.CodeOf(err) != "layers_missing" {
			w.t.Errorf("%v", err)
		}
	})
}

// A picture that was looked at because a channel refused it needs no look any more when
// the channel takes it.
func TestAnAcceptedVariantEndsTheReviewThatItsRefusalBegan(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.exec(`UPDATE exports SET recipe = NULL, rejected = 'too small' WHERE preset = 'web_thumb'`)
		w.exec(`UPDATE export_sources SET review = 'pending'`)
		_, _, err := w.rerender(nil)
		w.must(err)
		w.must(w.s.Handle(w.t.Context(), w.again()))
		if e := w.all()["web_thumb"]; e.Status != "completed" || e.Review != nil {
			w.t.Errorf("%+v", e)
		}
		if d := cmp.Diff([]string{""}, w.jobs.refused); d != "" {
			w.t.Error(d)
		}
	})
}
