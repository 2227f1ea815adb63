package export

import (
	"image"
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
)

// woven is a cut-out of a bag of w by h pixels of woven cloth within a frame, with a print
// on its right half and a hole, and light that has burnt out at its left edge.
func woven(w, h int) *Layers {
	l := &Layers{Source: Source{Filename: "bag.jpg"}}
	l.Cutout = image.NewNRGBA(image.Rect(0, 0, w+60, h+80))
	l.CutoutBounds = picture.Box{30, 40, w, h}
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(90 + 12*((x/3+y/3)%2)), uint8(60 + 9*((x/3+y/3)%2)), 40, 255}
			switch {
			case x > w/2 && x < w*9/10 && y > h/4 && y < h*3/4 && (x/20+y/30)%2 == 0:
				c = color.NRGBA{240, 230, 60, 255} // the print
			case x < w/8:
				c = color.NRGBA{255, 255, 255, 255} // burnt out
			case (x-w/3)*(x-w/3)+(y-h/6)*(y-h/6) < h*h/900:
				c = color.NRGBA{} // the handle's hole
			}
			l.Cutout.SetNRGBA(30+x, 40+y, c)
		}
	}
	return l
}

func TestASwatchIsAnEvenSquareOfTheMaterialAtThePhotosPixels(t *testing.T) {
	for name, c := range map[string]struct {
		w, h, side, enough, least int
	}{
		"a photo with room":                       {1200, 1500, 400, 0, 400},
		"a small photo":                           {300, 360, 400, 0, 80},
		"a small photo, too small for a channel":  {300, 360, 400, 350, 80},
		"a photo just large enough for a channel": {1400, 1150, 1600, 500, 500},
		"a product that lies":                     {1500, 700, 300, 0, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := woven(c.w, c.h)
			at := swatchIn(l.Cutout, l.CutoutBounds.Rect(), c.side, c.enough)
			if at.Dx() != at.Dy() || at.Dx() < c.least || at.Dx() > c.side {
				t.Errorf("it is %v", at)
			}
			for y := at.Min.Y; y < at.Max.Y; y++ {
				for x := at.Min.X; x < at.Max.X; x++ {
					if p := l.Cutout.NRGBAAt(x, y); p.A != 255 || p.R > 110 {
						t.Fatalf("%v shows %v at %d, %d: no cloth", at, p, x, y)
					}
				}
			}
			if again := swatchIn(l.Cutout, l.CutoutBounds.Rect(), c.side, c.enough); again != at {
				t.Errorf("another look finds %v and not %v", again, at)
			}
		})
	}
}

func TestASwatchIsProvedAndSaysWhereItIsFrom(t *testing.T) {
	l := woven(900, 1000)
	var v Variant
	if err := Render(t.Context(), l, []string{"amazon_swatch"}, func(made Variant) error { v = made; return nil }); err != nil {
		t.Fatal(err)
	}
	if v.Fidelity == nil || v.Place == nil || v.Width != v.Height || v.Fidelity.Pixels < v.Width*v.Height*9/10 {
		t.Fatalf("%+v", v)
	}
	size := l.Cutout.Rect.Size()
	got := [2]int{int(v.Place.Photo[2]*float64(size.X) + .5), int(v.Place.Photo[3]*float64(size.Y) + .5)}
	if diff := cmp.Diff([2]int{v.Width, v.Height}, got); diff != "" || v.Place.File != [4]int{0, 0, v.Width, v.Height} {
		t.Errorf("pixels of the photo and of the file differ (-file +photo):\n%s%v", diff, v.Place)
	}
	for _, c := range v.Checks { // a photo this small is below what Amazon asks for, and says so
		if !c.Passed && c.Rule != channel.LongSide {
			t.Errorf("%s: %s, wanted %s", c.Rule, c.Measured, c.Wanted)
		}
	}
}

func TestAProductTooThinForASwatchShowsItsMiddle(t *testing.T) {
	l := &Layers{Source: Source{Filename: "pin.jpg"}, Cutout: image.NewNRGBA(image.Rect(0, 0, 40, 400))}
	for y := 20; y < 380; y++ {
		for x := 18; x < 22; x++ {
			l.Cutout.SetNRGBA(x, y, productColour)
		}
	}
	l.CutoutBounds = picture.Box{18, 20, 4, 360}
	preset, _ := channel.Find("amazon_swatch")
	img := compose(preset, l, newProduct(l, preset.Width))
	if img.Rect.Size() != image.Pt(4, 4) || !img.Opaque() || img.NRGBAAt(1, 1) != productColour {
		t.Errorf("%v, %v", img.Rect, img.NRGBAAt(1, 1))
	}
}
