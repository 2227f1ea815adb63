package export

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/picture"
)

// A product with edges between saturated colours breaks the limits at the presets' own
// encoding, and is delivered in one that keeps them.
func TestSaturatedEdgesAreEncodedFiner(t *testing.T) {
	l := &Layers{Source: Source{Filename: "x.jpg"}, Cutout: image.NewNRGBA(image.Rect(0, 0, 700, 700))}
	for x := 60; x < 640; x += 29 {
		c := color.NRGBA{215, 25, 40, 255}
		if x/29%2 == 0 {
			c = color.NRGBA{30, 50, 190, 255}
		}
		draw.Draw(l.Cutout, image.Rect(x, 60, min(x+29, 640), 640), image.NewUniform(c), image.Point{}, draw.Src)
	}
	l.CutoutBounds = picture.BoxOf(image.Rect(60, 60, 640, 640))
	sizes := map[string]int{}
	if err := Render(t.Context(), l, []string{"woocommerce_product", "web_large", "web_thumb"}, func(v Variant) error {
		sizes[v.Preset.Name] = len(v.File)
		within := v.Fidelity.Within(check.Limits(v.Preset))
		t.Logf("%s: %d bytes, %s %+v", v.Preset.Name, len(v.File), within, *v.Fidelity)
		if (within == "") != check.Provable(v.Preset) {
			t.Errorf("%s: %s", v.Preset.Name, within)
		}
		if v.Preset.Format == channel.JPEG && v.Fidelity.Within(check.Limits(v.Preset).Inner()) != "" {
			t.Errorf("%s keeps its limits without a margin", v.Preset.Name)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
