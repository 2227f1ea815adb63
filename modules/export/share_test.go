package export

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// onWhite is a preset whose file shows no scene.
const onWhite = "woocommerce_product"

// shared gives the world's photo scenes that want a file on white and one with the scene.
func (w *world) shared(items ...string) {
	w.t.Helper()
	w.exec(`DELETE FROM exports`)
	src, err := w.s.source(w.t.Context(), w.db, "i")
	w.must(err)
	w.jobs.open = 2 * len(items)
	for _, id := range items {
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			_, err := w.s.Plan(w.t.Context(), tx, PlanRequest{TenantID: "t", JobID: "j", ItemID: id, CorrelationID: "c", Presets: []string{onWhite, "web_thumb"}, Source: src})
			return err
		}))
	}
}

func (w *world) handle(itemID string) {
	w.t.Helper()
	w.must(w.s.Handle(w.t.Context(), queue.Body{TenantID: "t", JobID: "j", ItemID: itemID, CorrelationID: "c"}))
}

// stored lists the paths of the variants' files, by item and preset.
func (w *world) stored() map[string]string {
	w.t.Helper()
	list, err := w.s.List(w.t.Context(), "t", "j")
	w.must(err)
	out := map[string]string{}
	for _, e := range list {
		if e.BlobPath != nil && e.Status == "completed" {
			out[e.ItemID+" "+e.Preset] = *e.BlobPath
		}
	}
	return out
}

func TestAFileWithoutASceneIsMadeOnceForAPhoto(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		w.shared("a", "b", "c")
		for _, id := range []string{"a", "b", "c"} {
			w.handle(id)
		}
		files := w.stored()
		if len(files) != 6 || files["a "+onWhite] != files["b "+onWhite] || files["a "+onWhite] != files["c "+onWhite] || files["a web_thumb"] == files["b web_thumb"] {
			w.t.Errorf("stored %v", files)
		}
		if w.jobs.open != 0 || w.jobs.done != 6 {
			w.t.Errorf("%d are open and %d done", w.jobs.open, w.jobs.done)
		}
		want := map[string]int{"t/a/" + onWhite: 1, "back t/b/" + onWhite: 1, "back t/c/" + onWhite: 1, "t/a/web_thumb": 1, "t/b/web_thumb": 1, "t/c/web_thumb": 1}
		if diff := cmp.Diff(want, m.count); diff != "" {
			w.t.Errorf("charged, want -, got +:\n%s", diff)
		}
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		b, _, err := w.store.Get(w.t.Context(), "exports", w.jobs.zip, 1<<24)
		w.must(err)
		if n := strings.Count(string(b), "PK\x03\x04"); n != 4+2 {
			w.t.Errorf("the ZIP holds %d files with its manifests, want one on white, three with a scene and two manifests", n)
		}
	})
}

func TestItemsWaitForTheFileThatAnotherIsMaking(t *testing.T) {
	each(t, func(w *world) {
		w.shared("a", "b")
		k, err := w.claim(w.t.Context(), firstMaking{w.s}, queue.Body{TenantID: "t", JobID: "j", ItemID: "a", CorrelationID: "c"})
		w.must(err)
		before := w.messages()
		w.handle("b")
		if got := slices.Sorted(maps.Keys(w.stored())); !slices.Equal(got, []string{"b web_thumb"}) {
			w.t.Errorf("made %v while the other item makes the file on white", got)
		}
		if w.messages() != before+1 {
			w.t.Errorf("%d messages, want one that looks again", w.messages()-before)
		}
		if _, err := w.s.make(w.t.Context(), k); err != nil {
			w.t.Fatal(err)
		}
		if files := w.stored(); len(files) != 4 || files["a "+onWhite] != files["b "+onWhite] {
			w.t.Errorf("stored %v", files)
		}
	})
}

func TestTheNextItemMakesWhatOneCouldNot(t *testing.T) {
	each(t, func(w *world) {
		w.shared("a", "b")
		w.handle("b") // not its turn
		w.exec(`UPDATE exports SET status = 'processing', attempt = 1, rescues = 5, lease_until = 0 WHERE item_id = 'a'`)
		before := w.messages()
		if err := w.s.Handle(w.t.Context(), queue.Body{TenantID: "t", JobID: "j", ItemID: "a", CorrelationID: "c"}); err == nil {
			w.t.Error("the message of an item that ends its workers is not poison")
		}
		if w.messages() == before {
			w.t.Error("nobody asks the next item")
		}
		w.handle("b")
		if files := w.stored(); len(files) != 2 || files["b "+onWhite] == "" {
			w.t.Errorf("stored %v", files)
		}
	})
}

func TestARemadeFileIsTakenOverToo(t *testing.T) {
	each(t, func(w *world) {
		w.shared("a", "b")
		w.handle("a")
		w.handle("b")
		former := w.stored()["a "+onWhite]
		src, err := w.s.source(w.t.Context(), w.db, "a")
		w.must(err)
		src.CutoutBounds[2]--
		for _, id := range []string{"a", "b"} {
			w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
				_, err := w.s.Remake(w.t.Context(), tx, RemakeRequest{TenantID: "t", JobID: "j", ItemID: id, CorrelationID: "c", Layers: &src.Layers})
				return err
			}))
			w.must(w.s.Handle(w.t.Context(), queue.Body{TenantID: "t", JobID: "j", ItemID: id, CorrelationID: "c", Kind: queue.KindRemake, Subject: id}))
		}
		if files := w.stored(); files["a "+onWhite] == former || files["a "+onWhite] != files["b "+onWhite] {
			w.t.Errorf("stored %v, before %s", files, former)
		}
	})
}
