package cutout_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// A network blurs hairs and fills the gaps between them; the colours tell both.
func TestHairsBesideANetworkAreTheColours(t *testing.T) {
	for _, c := range []struct {
		tier cutouttest.Tier
		iou  float64
	}{{cutouttest.White, .965}, {cutouttest.Gradient, .965}, {cutouttest.Shadow, .95}, {cutouttest.LowContrast, .89}} {
		p := cutouttest.New(c.tier, cutouttest.Fuzzy, 1200, 900, 11)
		r := cutLearned(t, p.Image, seen(p.Alpha, nil))
		if s := cutouttest.Compare(r.Alpha, p.Alpha); s.IoU < c.iou {
			t.Errorf("%s: IoU %.4f, want %.3f", c.tier, s.IoU, c.iou)
		}
	}
}

// Silver before white has the backdrop's colour in places, and is told from its gaps by nothing:
// it doesn't turn transparent.
func TestSilverBeforeWhiteStaysWhole(t *testing.T) {
	img, alpha := image.NewNRGBA(image.Rect(0, 0, 1000, 800)), image.NewAlpha(image.Rect(0, 0, 1000, 800))
	inBar := func(x, y int) bool { return x >= 150 && x < 850 && y >= 150 && y < 650 && (y < 200 || x%50 < 36) }
	for y := range 800 {
		for x := range 1000 {
			c := paper
			if inBar(x, y) {
				alpha.SetAlpha(x, y, color.Alpha{A: 255})
				if (x/5+y/7)%2 == 0 {
					c = color.NRGBA{R: 96, G: 97, B: 95, A: 255}
				}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	r := cutLearned(t, img, seen(alpha, nil))
	bars, gone := 0, 0
	for y := 160; y < 640; y++ {
		for x := 160; x < 840; x++ {
			if inBar(x, y) && inBar(x-6, y) && inBar(x+6, y) {
				bars++
				if r.Alpha.AlphaAt(x, y).A < 200 {
					gone++
				}
			}
		}
	}
	if gone > bars/100 {
		t.Errorf("%d of %d pixels of the bars turned transparent", gone, bars)
	}
}
