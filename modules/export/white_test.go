package export

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/picture"
)

// backdropped is a photo from which nothing was cut out: a product on a plain backdrop.
func backdropped(ground color.NRGBA) *Layers {
	l := &Layers{Source: Source{Filename: "x.jpg"}}
	l.Cutout = image.NewNRGBA(image.Rect(0, 0, 1200, 1200))
	draw.Draw(l.Cutout, l.Cutout.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	draw.Draw(l.Cutout, image.Rect(400, 350, 800, 900), image.NewUniform(productColour), image.Point{}, draw.Src)
	l.CutoutBounds = picture.BoxOf(l.Cutout.Rect)
	return l
}

func TestAPhotosOwnBackdropIsNotWhite(t *testing.T) {
	for name, ground := range map[string]color.NRGBA{
		"light grey": {228, 228, 226, 255}, "off-white": {246, 246, 246, 255}, "cream": {240, 236, 226, 255}, "grey": {190, 190, 190, 255},
	} {
		t.Run(name, func(t *testing.T) {
			var got Variant
			if err := Render(t.Context(), backdropped(ground), []string{"amazon_main"}, func(v Variant) error { got = v; return nil }); err != nil {
				t.Fatal(err)
			}
			bad := failing(got.Checks)
			if !slices.Contains(bad, channel.WhiteBackground) || !slices.Contains(bad, channel.FillAtLeast) || check.Worst(got.Checks) != channel.Reject {
				t.Errorf("failing %v: %+v", bad, got.Checks)
			}
		})
	}
}

func TestEveryDeliveredVariantIsProved(t *testing.T) {
	names := []string{"amazon_main", "web_large", "web_large_avif", "cutout_png", "cutout_webp", "instagram_story", "facebook_ad", "web_thumb"}
	if err := Render(t.Context(), stood(), names, func(v Variant) error {
		if v.Fidelity == nil || v.Fidelity.Pixels == 0 || v.Fidelity.SSIM == 1 && v.Preset.Format != channel.PNG {
			t.Errorf("%s: %+v", v.Preset.Name, v.Fidelity)
		} else {
			t.Logf("%-20s %+v", v.Preset.Name, *v.Fidelity)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
