package cutout_test

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
)

// The strip of tinted shadow along a product, of which the network is nearly sure that it is none, leaves no
// grain beside the outline; a translucent part of the product, as faint but small, stays.
func TestAStripOfShadowLeavesNoGrain(t *testing.T) {
	noise := rand.New(rand.NewPCG(3, 4))
	body, strip, pad := image.Rect(200, 60, 300, 400), image.Rect(300, 60, 310, 400), image.Rect(190, 200, 200, 210)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		grain := 6 * noise.NormFloat64()
		switch p := image.Pt(x, y); {
		case p.In(body):
			return color.NRGBA{40, 38, 36, 255}, 1
		case p.In(strip):
			v := uint8(min(170+5*float64(x-strip.Min.X)+grain, 255))
			return color.NRGBA{v, v - v/10, v - v/5, 255}, .17
		case p.In(pad):
			return color.NRGBA{140, 200, 170, 255}, .17
		}
		return paper, 0
	})
	r := cutLearned(t, img, n)
	grain := 0
	for y := 100; y < 360; y++ {
		for x := 304; x < 308; x++ {
			grain += int(r.Alpha.AlphaAt(x, y).A)
		}
	}
	if a := grain / (260 * 4); a > 2 {
		t.Errorf("the strip has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(195, 205).A; a < 20 {
		t.Errorf("the pad has coverage %d", a)
	}
}
