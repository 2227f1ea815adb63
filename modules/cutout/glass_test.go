package cutout_test

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/imaging"
)

// before is a cut-out before a plain backdrop.
func before(cut *image.NRGBA, c [3]uint8) *image.NRGBA {
	out := image.NewNRGBA(cut.Rect)
	for i := 0; i < len(out.Pix); i += 4 {
		out.Pix[i], out.Pix[i+1], out.Pix[i+2], out.Pix[i+3] = c[0], c[1], c[2], 255
	}
	imaging.Over(out, cut, image.Point{})
	return out
}

// withAlpha is a photo with coverage.
func withAlpha(photo *image.NRGBA, alpha *image.Alpha) *image.NRGBA {
	out := image.NewNRGBA(photo.Rect)
	copy(out.Pix, photo.Pix)
	for i, a := range alpha.Pix {
		out.Pix[4*i+3] = a
	}
	return out
}

// apart is the mean difference of two pictures, in levels, where in holds.
func apart(a, b *image.NRGBA, in func(i int) bool) float64 {
	var sum, n float64
	for i := range len(a.Pix) / 4 {
		if in(i) {
			for c := range 3 {
				sum += math.Abs(float64(a.Pix[4*i+c]) - float64(b.Pix[4*i+c]))
				n++
			}
		}
	}
	return sum / max(n, 1)
}

// Glass that is drawn with known light looks before other backdrops as a photograph of it there
// would, within some levels; as an opaque product it is off by a hundred and more. Labels and
// lids stay the photo's.
func TestGlassShowsWhatIsBehindIt(t *testing.T) {
	var all, opaque, n float64
	for _, kind := range cutouttest.GlassKinds() {
		for i, level := range []float64{225, 200, 246} {
			g := cutouttest.NewGlass(kind, 480, 600, level, []float64{10, 40, 4}[i], uint64(i+1))
			t.Run(g.Name, func(t *testing.T) {
				cut := withAlpha(g.Image, g.Alpha)
				out, why := cutout.Translucent(g.Image, cut)
				if why != "" {
					t.Fatal(why)
				}
				product := func(i int) bool { return g.Alpha.Pix[i] > 0 }
				text := ""
				for name, b := range map[string]struct {
					c    [3]uint8
					most float64
				}{"black": {[3]uint8{}, 34}, "brown": {[3]uint8{120, 60, 40}, 24}, "white": {[3]uint8{255, 255, 255}, 8}} {
					is, was := apart(before(out, b.c), g.On(b.c), product), apart(before(cut, b.c), g.On(b.c), product)
					text += fmt.Sprintf(" %s %.1f (opaque %.1f)", name, is, was)
					if is > b.most || is > was/2.5 {
						t.Errorf("before %s it is off by %.1f levels, opaque by %.1f", name, is, was)
					}
					all, opaque, n = all+is, opaque+was, n+1
				}
				t.Log(text)
				label, lost := 0, 0
				for i, a := range g.Solid.Pix {
					if a == 255 {
						if label++; out.Pix[4*i+3] < 230 {
							lost++
						}
					}
				}
				if lost*12 > label {
					t.Errorf("%d of %d opaque pixels show what is behind them", lost, label)
				}
			})
		}
	}
	t.Logf("mean %.1f levels, opaque %.1f", all/n, opaque/n)
}

// Before the photo's own backdrop translucent glass is the photo.
func TestGlassIsThePhotoBeforeItsBackdrop(t *testing.T) {
	g := cutouttest.NewGlass(cutouttest.Tumbler, 480, 600, 210, 0, 5)
	out, why := cutout.Translucent(g.Image, withAlpha(g.Image, g.Alpha))
	if why != "" {
		t.Fatal(why)
	}
	var back [3]float64 // the corner's mean
	for y := range 40 {
		for x := range 40 {
			for c := range 3 {
				back[c] += float64(g.Image.Pix[g.Image.PixOffset(x, y)+c]) / 1600
			}
		}
	}
	shown := before(out, [3]uint8{uint8(back[0] + .5), uint8(back[1] + .5), uint8(back[2] + .5)})
	if d := apart(shown, g.Image, func(i int) bool { return g.Alpha.Pix[i] == 255 }); d > 1.5 {
		t.Errorf("it is off by %.2f levels", d)
	}
}

// What is no clear glass stays as it is, to the bit: a pale product before a pale backdrop, dark and
// coloured ones, a backdrop that isn't plain, and a photo that came with a cut-out.
func TestNothingElseIsMadeTranslucent(t *testing.T) {
	for _, p := range []*cutouttest.Photo{
		cutouttest.New(cutouttest.White, cutouttest.Mug, 480, 400, 3), cutouttest.New(cutouttest.Gradient, cutouttest.Shoe, 480, 400, 4),
		cutouttest.New(cutouttest.Clutter, cutouttest.Bottle, 480, 400, 5), cutouttest.New(cutouttest.WhiteOnWhite, cutouttest.Shoe, 480, 400, 1),
		cutouttest.New(cutouttest.WhiteOnWhite, cutouttest.Garment, 480, 400, 2), cutouttest.New(cutouttest.WhiteOnWhite, cutouttest.Box, 480, 400, 6),
		cutouttest.New(cutouttest.WhiteOnWhite, cutouttest.Mug, 480, 400, 7), cutouttest.New(cutouttest.WhiteOnWhite, cutouttest.Bottle, 480, 400, 8),
	} {
		t.Run(p.Name, func(t *testing.T) {
			cut := withAlpha(p.Image, p.Alpha)
			out, why := cutout.Translucent(p.Image, cut)
			if why == "" {
				t.Error("it became translucent")
			}
			if string(out.Pix) != string(cut.Pix) {
				t.Error("its pixels have changed")
			}
		})
	}
	own := withAlpha(cutouttest.New(cutouttest.White, cutouttest.Mug, 480, 400, 3).Image, cutouttest.New(cutouttest.White, cutouttest.Mug, 480, 400, 3).Alpha)
	if _, why := cutout.Translucent(own, own); why == "" {
		t.Error("a photo with a cut-out of its own became translucent")
	}
	tiny := image.NewNRGBA(image.Rect(0, 0, 5, 900))
	if _, why := cutout.Translucent(tiny, tiny); why == "" {
		t.Error("a photo of 5 pixels became translucent")
	}
}

// A label may have any colour, and an engine may take glass for openings: then what is there is
// glass, and an opening that shows the bare backdrop stays one.
func TestGlassThatWasTakenForAnOpening(t *testing.T) {
	g := cutouttest.NewGlass(cutouttest.Tumbler, 480, 600, 215, 10, 7)
	cut := withAlpha(g.Image, g.Alpha)
	r := image.Rect(225, 280, 265, 400)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			clear(cut.Pix[cut.PixOffset(x, y):][:4])
		}
	}
	out, why := cutout.Translucent(g.Image, cut)
	if why != "" {
		t.Fatal(why)
	}
	b := [3]uint8{60, 20, 20}
	in := func(i int) bool { return image.Pt(i%480, i/480).In(r) }
	if d := apart(before(out, b), g.On(b), in); d > 20 {
		t.Errorf("the part is off by %.1f levels", d)
	}
}
