package export

import (
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/imaging"
)

// whole is larger than any photo, so that the product keeps its photo's size.
const whole = 1 << 20

// shrunk is a preset at an eighth of its size, so that a property can be tried
// often.
func shrunk(p channel.Preset) channel.Preset {
	p.Width, p.Height = p.Width/8, p.Height/8
	return p
}

func TestNoVariantCropsOrDistortsTheProduct(t *testing.T) {
	// a swatch is a part of the product
	presets := slices.DeleteFunc(slices.Clone(channel.Presets()), func(p channel.Preset) bool { return p.Background == channel.Swatch })
	rapid.Check(t, func(t *rapid.T) {
		p := shrunk(rapid.SampledFrom(presets).Draw(t, "preset"))
		pw, ph := rapid.IntRange(8, 200).Draw(t, "w"), rapid.IntRange(8, 200).Draw(t, "h")
		l := scenery(pw, ph)
		if rapid.Bool().Draw(t, "flattened") {
			l.ContainsProduct, l.Shadow = true, nil
			imaging.Over(l.Backdrop, newProduct(l, whole).at(l.Box[2], l.Box[3]), image.Pt(l.Box[0], l.Box[1]))
		}
		img := compose(p, l, newProduct(l, max(p.Width, p.Height)))
		if c := check.Dimensions(p, img.Rect.Dx(), img.Rect.Dy()); !c.Passed {
			t.Fatalf("size %v, want %s", img.Rect, c.Wanted)
		}
		got := productIn(img)
		if got.Empty() {
			t.Fatal("no product")
		}
		if got.Min.X <= 0 || got.Min.Y <= 0 || got.Max.X >= img.Rect.Max.X || got.Max.Y >= img.Rect.Max.Y {
			t.Fatalf("the product touches the frame: %v of %v", got, img.Rect)
		}
		// one pixel either way is rounding
		low := float64(got.Dx()-2) / float64(got.Dy()+2)
		high := float64(got.Dx()+2) / math.Max(float64(got.Dy()-2), .5)
		if want := float64(pw) / float64(ph); want < low*.97 || want > high*1.03 {
			t.Fatalf("proportions %v, want %.3f", got.Size(), want)
		}
	})
}

// A tall product in a tall frame was given the margin of a wide one, and its file
// was too small for the preset.
func TestACroppedProductFillsItsPreset(t *testing.T) {
	for name, c := range map[string]struct{ pw, ph, w, h int }{
		"tall in a tall frame":   {8, 11, 225, 300},
		"wide in a tall frame":   {200, 20, 225, 300},
		"tall in a wide frame":   {20, 200, 300, 225},
		"square in a square one": {50, 50, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			p, ok := channel.Find("cutout_png")
			if !ok {
				t.Fatal("no such preset")
			}
			p.Width, p.Height = c.w, c.h
			l := scenery(c.pw, c.ph)
			img := compose(p, l, newProduct(l, whole))
			if ck := check.Dimensions(p, img.Rect.Dx(), img.Rect.Dy()); !ck.Passed {
				t.Errorf("%s, want %s", ck.Measured, ck.Wanted)
			}
		})
	}
}

func TestAStoryFromASquareHasNoBars(t *testing.T) {
	p, _ := channel.Find("instagram_story")
	p = shrunk(p)
	l := scenery(200, 260)
	img := compose(p, l, newProduct(l, whole))
	// the backdrop's green rises with the row: in a bar or a repeat it would not
	// change
	for _, x := range []int{2, p.Width - 3} {
		for y := 8; y < p.Height; y += 8 {
			above, here := img.NRGBAAt(x, y-8), img.NRGBAAt(x, y)
			if here.G < above.G || here.B < 140 {
				t.Fatalf("at %d,%d: %v under %v", x, y, here, above)
			}
		}
	}
	if first, last := img.NRGBAAt(2, 0).G, img.NRGBAAt(2, p.Height-1).G; last-first < 80 {
		t.Fatalf("the backdrop shows only %d levels of its gradient", last-first)
	}
}

func TestAProductStandsOnTheFloorWithItsShadow(t *testing.T) {
	for _, name := range []string{"shopify", "instagram_story", "facebook_ad", "pinterest"} {
		t.Run(name, func(t *testing.T) {
			p, _ := channel.Find(name)
			p = shrunk(p)
			l := scenery(200, 260)
			img := compose(p, l, newProduct(l, whole))
			box := productIn(img)
			// right below the product lies its shadow: darker than the same row at the side
			under, beside := img.NRGBAAt((box.Min.X+box.Max.X)/2, box.Max.Y+3), img.NRGBAAt(max(1, box.Min.X-6), box.Max.Y+3)
			if int(under.B) > int(beside.B)-20 {
				t.Errorf("under the product %v, beside it %v", under, beside)
			}
		})
	}
}

func TestASceneThatHoldsTheProductIsExtendedWithoutASeam(t *testing.T) {
	p, _ := channel.Find("facebook_ad")
	p = shrunk(p)
	l := scenery(100, 400) // too tall for the aspect: the scene must go on at the sides
	l.ContainsProduct, l.Shadow = true, nil
	img := compose(p, l, newProduct(l, whole))
	y := 4
	for x := 1; x < p.Width; x++ {
		a, b := img.NRGBAAt(x-1, y), img.NRGBAAt(x, y)
		if d := math.Abs(float64(a.R) - float64(b.R)); d > 12 {
			t.Fatalf("a seam at column %d: %v, %v", x, a, b)
		}
	}
}

func TestWhiteIsWhiteAndTransparentIsTransparent(t *testing.T) {
	l := scenery(300, 200)
	for _, p := range channel.Presets() {
		if p.Background == channel.Scene {
			continue
		}
		img := compose(shrunk(p), l, newProduct(l, whole))
		c := img.NRGBAAt(0, 0)
		if p.Background == channel.White && (c.R != 255 || c.G != 255 || c.B != 255 || c.A != 255) || p.Background == channel.Transparent && c.A != 0 {
			t.Errorf("%s: corner %v", p.Name, c)
		}
	}
}
