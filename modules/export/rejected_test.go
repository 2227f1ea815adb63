package export

import (
	"encoding/json"
	"image/color"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// refusedVariant makes one variant, of a preset, of a cut-out.
func (w *world) refusedVariant(preset string, l *Layers) {
	b, err := imaging.Encode(l.Cutout, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	w.must(err)
	w.must(w.store.Put(w.t.Context(), "outputs", "t/cut.png", b, blob.PutOptions{}))
	source, err := json.Marshal(Source{Layers: picture.Layers{CutoutPath: "t/cut.png", CutoutBounds: l.CutoutBounds}, Filename: "x.jpg"})
	w.must(err)
	w.exec(`DELETE FROM exports WHERE preset <> 'web_thumb'`)
	w.exec(`UPDATE exports SET preset = $1`, preset)
	w.exec(`UPDATE export_sources SET source = $1`, string(source))
	w.must(w.s.Handle(w.t.Context(), w.body))
}

// TestARefusedSwatchSendsNoPictureToReview has a cut-out too small for a swatch: its file is
// refused and free, and nobody is asked to look at the others.
func TestARefusedSwatchSendsNoPictureToReview(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		w.refusedVariant("amazon_swatch", woven(300, 360))
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		if len(list) != 1 || list[0].Status != "rejected" || list[0].Review != nil || m.count["back t/i/amazon_swatch"] != 1 {
			w.t.Errorf("%+v, %v", list, m.count)
		}
		if strings.Join(w.jobs.refused, "") != "" {
			w.t.Errorf("%q", w.jobs.refused)
		}
	})
}

// A variant that its channel refuses is made and can be fetched; it costs nothing, and
// a person is asked to look, with what to do.
func TestARefusedVariantIsRejected(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}}
		w.s.Meter = m
		w.refusedVariant("amazon_main", backdropped(color.NRGBA{225, 225, 225, 255}))
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		if len(list) != 1 || list[0].Status != "rejected" || list[0].BlobPath == nil || list[0].Rejected == nil || *list[0].Review != picture.ReviewPending {
			w.t.Fatalf("%+v", list)
		}
		if m.count["back t/i/amazon_main"] != 1 || m.count["t/i/amazon_main"] != 0 {
			w.t.Errorf("it costs: %v", m.count)
		}
		if len(w.jobs.refused) != 1 || !strings.Contains(w.jobs.refused[0], "amazon_main is refused: ") || !strings.Contains(w.jobs.refused[0], "Cut the product out") {
			w.t.Errorf("%q", w.jobs.refused)
		}
		if _, err := w.s.URL(w.t.Context(), "t", "i", "amazon_main"); err != nil {
			w.t.Errorf("its file: %v", err)
		}
	})
}
