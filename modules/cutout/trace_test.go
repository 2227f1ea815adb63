package cutout_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// pale draws a pale disc with a dark ring a little inside its rim before a backdrop that is hardly
// darker, with noise. It returns the photo and its coverage.
func pale(disc, ring, back color.NRGBA) (img *image.NRGBA, truth *image.Alpha) {
	img, truth = image.NewNRGBA(image.Rect(0, 0, 600, 450)), image.NewAlpha(image.Rect(0, 0, 600, 450))
	noise := rand.New(rand.NewPCG(3, 5))
	for y := range 450 {
		for x := range 600 {
			d, c := math.Hypot(float64(x)-300, float64(y)-225), back
			switch {
			case d > paleRadius-15 && d < paleRadius-4:
				c = ring
			case d < paleRadius:
				c = disc
			}
			if d < paleRadius {
				truth.SetAlpha(x, y, color.Alpha{A: 255})
			}
			n := int8(math.Round(noise.NormFloat64()))
			img.SetNRGBA(x, y, color.NRGBA{uint8(int(c.R) + int(n)), uint8(int(c.G) + int(n)), uint8(int(c.B) + int(n)), 255})
		}
	}
	return img, truth
}

const paleRadius = 150

// rims returns the largest share that is lost of the product deeper than in pixels inside its outline,
// and of the backdrop kept further than that outside, 0-255.
func rims(r *cutout.Result, in float64) (lost, kept uint8) {
	for y := range 450 {
		for x := range 600 {
			a := r.Alpha.AlphaAt(x, y).A
			switch d := paleRadius - math.Hypot(float64(x)-300, float64(y)-225); {
			case d > in:
				lost = max(lost, 255-a)
			case d < -in:
				kept = max(kept, a)
			}
		}
	}
	return lost, kept
}

// The rim of a pale product has nearly the backdrop's colour, and what lies a little inside another.
// The rim stays whole: colours from further inside tell nothing about it.
func TestPaleRimBesideADarkRingIsNotBitten(t *testing.T) {
	img, truth := pale(color.NRGBA{226, 226, 226, 255}, color.NRGBA{40, 40, 44, 255}, color.NRGBA{206, 207, 208, 255})
	if lost, kept := rims(cutLearned(t, img, seen(truth, nil)), 2.5); lost > 60 || kept > 60 {
		t.Errorf("the rim lost %d of 255, and the backdrop beside it kept %d", lost, kept)
	}
}

// A network that is half sure of a product's rim doesn't make it half transparent.
func TestHalfSeenRimIsNotHalfTransparent(t *testing.T) {
	white := color.NRGBA{240, 240, 240, 255}
	img, truth := pale(white, white, color.NRGBA{231, 232, 233, 255})
	r := cutLearned(t, img, seen(truth, func(x, y float64, v float32) float32 {
		if d := paleRadius - math.Hypot(600*x-300, 450*y-225); d > 0 && d < 12 {
			return min(v, .7)
		}
		return v
	}))
	if lost, kept := rims(r, 3.5); lost > 60 || kept > 60 {
		t.Errorf("the rim lost %d of 255, and the backdrop beside it kept %d", lost, kept)
	}
}

// Spokes that the network hardly sees stay as far as it sees them.
func TestFaintSpokesStay(t *testing.T) {
	img, truth := pale(wine, wine, paper)
	for x := 300 - paleRadius; x < 300+paleRadius; x++ {
		for y := range 450 {
			if math.Hypot(float64(x)-300, float64(y)-225) < paleRadius-30 {
				c := paper
				if y > 223 && y < 227 {
					c = wine
				}
				img.SetNRGBA(x, y, c)
				truth.SetAlpha(x, y, color.Alpha{})
			}
		}
	}
	r := cutLearned(t, img, seen(truth, func(x, y float64, v float32) float32 {
		if d := math.Hypot(600*x-300, 450*y-225); d < paleRadius-30 && 450*y > 223 && 450*y < 227 {
			return .35
		}
		return v
	}))
	if a := r.Alpha.AlphaAt(260, 225).A; a < 128 {
		t.Errorf("the spoke has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(260, 260).A; a > 10 {
		t.Errorf("the opening has coverage %d", a)
	}
}

// The foot of a dark product goes over into its shadow, of which the network is in doubt: the outline runs
// through the shadow evenly, and the shadow's grain isn't in it. The soft edge of a coloured product that is out of
// focus stays soft.
func TestOutlineInAShadowIsEven(t *testing.T) {
	for name, c := range map[string]struct {
		body  color.NRGBA
		grain float64
		soft  bool
	}{
		"a dark product in its shadow":      {body: color.NRGBA{24, 24, 26, 255}, grain: 7},
		"a red product that's out of focus": {body: color.NRGBA{220, 60, 60, 255}, soft: true},
	} {
		t.Run(name, func(t *testing.T) {
			noise := rand.New(rand.NewPCG(7, 9))
			const foot, ramp = 300, 26
			img, n := painted(func(x, y int) (color.NRGBA, float32) {
				p := image.Pt(x, y)
				switch {
				case !p.In(image.Rect(150, 90, 450, foot+ramp)):
					return paper, 0
				case y < foot-ramp:
					return c.body, 1
				}
				k := float64(y-foot+ramp) / (2 * ramp)
				m := mixOf(c.body, paper, min(max(k+c.grain*noise.NormFloat64()/255, 0), 1))
				return m, float32(1 - k)
			})
			r := cutLearned(t, img, n)
			var rough, between int
			for y := foot - ramp; y < foot+ramp; y++ {
				for x := 200; x < 400; x++ {
					a, b := int(r.Alpha.AlphaAt(x, y).A), int(r.Alpha.AlphaAt(x+1, y).A)
					rough += max(a-b, b-a)
					if a > 40 && a < 215 {
						between++
					}
				}
			}
			if soft := between / 200; c.soft && soft < 6 {
				t.Errorf("%d pixels are between product and backdrop", soft)
			}
			if rough /= 200; rough > 80 {
				t.Errorf("its coverage goes up and down by %d along the outline", rough)
			}
		})
	}
}
