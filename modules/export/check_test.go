package export

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
)

// finished renders one preset.
func finished(t *testing.T, name string) Variant {
	t.Helper()
	var out Variant
	if err := Render(t.Context(), scenery(1200, 900), []string{name}, func(v Variant) error { out = v; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func failing(checks []Check) []string {
	var out []string
	for _, c := range checks {
		if !c.Passed {
			out = append(out, c.Rule)
		}
	}
	return out
}

func TestEveryPresetKeepsItsOwnRules(t *testing.T) {
	for _, p := range presets {
		v := finished(t, p.Name)
		if bad := failing(v.Checks); len(bad) > 0 {
			t.Errorf("%s breaks %v: %+v", p.Name, bad, v.Checks)
		}
	}
}

func TestRulesAreSeenToFail(t *testing.T) {
	amazon, _ := find("amazon_main")
	encode := func(change func(*image.NRGBA), o imaging.EncodeOptions) []Check {
		img := compose(amazon, scenery(1200, 900), newProduct(scenery(1200, 900), 2000))
		change(img)
		o.Format = imaging.JPEG
		b, err := imaging.Encode(img, o)
		if err != nil {
			t.Fatal(err)
		}
		checks, err := check(amazon, b, facts{imaging.SourceComposite, 1})
		if err != nil {
			t.Fatal(err)
		}
		return checks
	}
	xmp := imaging.SourceXMP(imaging.SourceComposite)
	grey := func(img *image.NRGBA) {
		for x := range img.Rect.Dx() {
			for y := range 8 {
				img.SetNRGBA(x, y, color.NRGBA{240, 240, 240, 255})
			}
		}
	}
	small := func(img *image.NRGBA) {
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				if x < 700 || x > 1300 || y < 700 || y > 1300 {
					img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
				}
			}
		}
	}
	none := func(*image.NRGBA) {}
	for name, c := range map[string]struct {
		checks []Check
		want   string
	}{
		"a grey border":         {encode(grey, imaging.EncodeOptions{XMP: xmp}), WhiteBorder},
		"a small product":       {encode(small, imaging.EncodeOptions{XMP: xmp}), FillAtLeast},
		"no word on its making": {encode(none, imaging.EncodeOptions{}), "source_type"},
	} {
		if got := failing(c.checks); !slices.Contains(got, c.want) {
			t.Errorf("%s: failing %v, want %s", name, got, c.want)
		}
	}
	v := finished(t, "web_thumb")
	checks, err := check(amazon, v.File, facts{imaging.SourceComposite, 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"size", "format", "enlargement", LongSide} {
		if !slices.Contains(failing(checks), want) {
			t.Errorf("another preset's file passes %s", want)
		}
	}
	if c := (Rule{"moon", 1}).try(v.File, image.NewNRGBA(image.Rect(0, 0, 1, 1))); c.Passed {
		t.Error("an unknown rule passes")
	}
}

func TestPresetNames(t *testing.T) {
	for _, n := range []string{"amazon_main", "shopify", "etsy", "ebay", "google_shopping", "instagram_square", "instagram_portrait",
		"instagram_story", "pinterest", "facebook_ad", "web_large", "web_thumb", "cutout_png", "cutout_webp"} {
		if _, ok := find(n); !ok {
			t.Errorf("there is no preset %s", n)
		}
	}
	if err := Validate([]string{"shopify", "moon"}); err == nil {
		t.Error("an unknown preset is taken")
	}
	if len(DefaultPresets()) < 5 || Validate(DefaultPresets()) != nil {
		t.Errorf("defaults %v", DefaultPresets())
	}
}
