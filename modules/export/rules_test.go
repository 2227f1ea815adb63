package export

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
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

// composite is the facts of every picture of these tests, at its own size.
var composite = check.Facts{Source: imaging.SourceComposite, Enlarged: 1}

func failing(checks []check.Check) []string {
	var out []string
	for _, c := range checks {
		if !c.Passed {
			out = append(out, c.Rule)
		}
	}
	return out
}

func TestEveryPresetKeepsItsOwnRules(t *testing.T) {
	var names, swatches []string
	for _, p := range channel.Presets() {
		if p.Background == channel.Swatch { // at the photo's own pixels: a small photo has too few
			swatches = append(swatches, p.Name)
			continue
		}
		names = append(names, p.Name)
	}
	n := 0
	keeps := func(v Variant) error {
		n++
		t.Run(v.Preset.Name, func(t *testing.T) {
			for _, c := range v.Checks {
				if !c.Passed {
					t.Errorf("it breaks its rule %s (%s): %s, wanted %s. %s", c.Rule, c.Severity, c.Measured, c.Wanted, c.Advice)
				}
			}
		})
		return nil
	}
	if err := Render(t.Context(), scenery(1200, 900), names, keeps); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), scenery(2100, 1800), swatches, keeps); err != nil {
		t.Fatal(err)
	}
	if n != len(channel.Presets()) {
		t.Fatalf("%d variants of %d", n, len(channel.Presets()))
	}
}

func TestRulesAreSeenToFail(t *testing.T) {
	amazon, _ := channel.Find("amazon_main")
	l := scenery(1200, 900)
	good := compose(amazon, l, newProduct(l, amazon.Width))
	encode := func(change func(*image.NRGBA), o imaging.EncodeOptions) []check.Check {
		img := &image.NRGBA{Pix: slices.Clone(good.Pix), Stride: good.Stride, Rect: good.Rect}
		change(img)
		o.Format = imaging.JPEG
		b, err := imaging.Encode(img, o)
		if err != nil {
			t.Fatal(err)
		}
		_, checks, err := check.File(amazon, b, composite)
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
		checks []check.Check
		want   string
	}{
		"a grey border":         {encode(grey, imaging.EncodeOptions{XMP: xmp}), channel.WhiteBorder},
		"a small product":       {encode(small, imaging.EncodeOptions{XMP: xmp}), channel.FillAtLeast},
		"no word on its making": {encode(none, imaging.EncodeOptions{}), "source_type"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := failing(c.checks); !slices.Contains(got, c.want) {
				t.Errorf("failing %v, want %s", got, c.want)
			}
		})
	}
	v := finished(t, "web_thumb")
	_, checks, err := check.File(amazon, v.File, check.Facts{Source: imaging.SourceComposite, Enlarged: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"size", "format", "enlargement", channel.LongSide} {
		t.Run(want, func(t *testing.T) {
			if !slices.Contains(failing(checks), want) {
				t.Error("another preset's file passes")
			}
		})
	}
}

// planted puts EXIF into a file of each format the way cameras' programs do.
func planted(f channel.Format, file []byte) []byte {
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x00")
	switch f {
	case channel.JPEG:
		body := append([]byte("Exif\x00\x00"), exif...)
		seg := append([]byte{0xff, 0xe1, 0, byte(len(body) + 2)}, body...)
		return slices.Concat(file[:2], seg, file[2:])
	case channel.PNG:
		chunk := slices.Concat([]byte{0, 0, 0, byte(len(exif))}, []byte("eXIf"), exif)
		chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
		const afterHeader = 8 + 25
		return slices.Concat(file[:afterHeader], chunk, file[afterHeader:])
	}
	// WebP: the flag in VP8X, the chunk at the end, the size in the header
	out := slices.Clone(file)
	out[20] |= 1 << 3
	out = append(out, "EXIF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(exif)))
	out = append(out, exif...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func TestAPlaceInTheFileIsFound(t *testing.T) {
	for _, name := range []string{"web_thumb", "cutout_png", "facebook_ad"} {
		t.Run(name, func(t *testing.T) {
			v := finished(t, name)
			if bad := failing(v.Checks); len(bad) > 0 {
				t.Errorf("%v", bad)
			}
			_, checks, err := check.File(v.Preset, planted(v.Preset.Format, v.File), composite)
			if err != nil {
				t.Fatal(err)
			}
			if got := failing(checks); !slices.Equal(got, []string{"no_location"}) {
				t.Errorf("with EXIF: failing %v", got)
			}
			if _, checks, err = check.File(v.Preset, v.File, check.Facts{Source: imaging.SourceGenerated, Enlarged: 1}); err != nil || !slices.Equal(failing(checks), []string{"source_type"}) {
				t.Errorf("with another making: failing %v, %v", failing(checks), err)
			}
		})
	}
}

func TestTransparencyIsSeenToFail(t *testing.T) {
	p, _ := channel.Find("cutout_png")
	img := image.NewNRGBA(image.Rect(0, 0, 2000, 1000))
	draw.Draw(img, image.Rect(0, 0, 2000, 500), image.NewUniform(productColour), image.Point{}, draw.Src)
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, ICC: true, XMP: imaging.SourceXMP(imaging.SourceComposite)})
	if err != nil {
		t.Fatal(err)
	}
	_, checks, err := check.File(p, b, composite)
	if err != nil || !slices.Equal(failing(checks), []string{channel.HasAlpha}) {
		t.Errorf("a product at the border: failing %v, %v", failing(checks), err)
	}
	shop, _ := channel.Find("web_thumb")
	b, err = imaging.Encode(img, imaging.EncodeOptions{Format: imaging.WebP})
	if err != nil {
		t.Fatal(err)
	}
	_, checks, err = check.File(shop, b, composite)
	if err != nil || !slices.Contains(failing(checks), "opaque") || !slices.Contains(failing(checks), "colour_profile") {
		t.Errorf("a transparent picture without a profile: failing %v, %v", failing(checks), err)
	}
}
