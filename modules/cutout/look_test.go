package cutout_test

import (
	"context"
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// byBrightness is a network that sees all of the product only in a picture whose backdrop is
// darker than limit.
type byBrightness struct {
	limit       uint8
	some, whole cutout.Mask
	asked       []uint8 // how bright the backdrop was, for each look
}

func (n *byBrightness) Mask(_ context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	n.asked = append(n.asked, photo.Pix[photo.PixOffset(photo.Rect.Min.X+2, photo.Rect.Min.Y+2)])
	if n.asked[len(n.asked)-1] < n.limit {
		return n.whole, nil
	}
	return n.some, nil
}

// plug draws a plug in the middle, whose cable runs out of the picture below. It returns
// the coverage of both, and of the plug alone.
func plug(back, product color.NRGBA) (img *image.NRGBA, whole, some *image.Alpha) {
	frame := image.Rect(0, 0, 240, 300)
	img = filled(240, 300, back, product, image.Rectangle{})
	whole, some = image.NewAlpha(frame), image.NewAlpha(frame)
	for y := range 300 {
		for x := range 240 {
			body, cable := image.Pt(x, y).In(image.Rect(80, 70, 160, 180)), image.Pt(x, y).In(image.Rect(112, 180, 128, 300))
			if !body && !cable {
				continue
			}
			c := product
			if cable && (x < 115 || x > 124) { // its sides are in shadow
				c = color.NRGBA{c.R - 14, c.G - 14, c.B - 12, 255}
			}
			img.SetNRGBA(x, y, c)
			whole.SetAlpha(x, y, color.Alpha{A: 255})
			if body {
				some.SetAlpha(x, y, color.Alpha{A: 255})
			}
		}
	}
	return img, whole, some
}

// A network that takes a white cable before white paper for the paper sees it in the
// picture made darker. Of others that it is sure of it needs no second look.
func TestPaleProductOnPalePaperIsLookedAtDarker(t *testing.T) {
	for name, c := range map[string]struct {
		back, product color.NRGBA
		darker        bool
	}{
		"white on white": {color.NRGBA{240, 240, 242, 255}, color.NRGBA{230, 230, 232, 255}, true},
		"cream on cream": {color.NRGBA{244, 238, 226, 255}, color.NRGBA{228, 220, 206, 255}, true},
		"dark on white":  {color.NRGBA{240, 240, 242, 255}, color.NRGBA{60, 60, 66, 255}, false},
		"white on grey":  {color.NRGBA{150, 150, 152, 255}, color.NRGBA{230, 230, 232, 255}, false},
	} {
		t.Run(name, func(t *testing.T) {
			img, whole, some := plug(c.back, c.product)
			n := &byBrightness{limit: c.back.R - 5, some: seen(some, nil).mask, whole: seen(whole, nil).mask}
			r := cutLearned(t, img, n)
			if looks := len(n.asked); looks != 1 && !c.darker || looks != 2 && c.darker {
				t.Fatalf("it looked %d times", looks)
			}
			if !c.darker {
				return
			}
			if n.asked[1] >= n.asked[0] {
				t.Fatalf("the backdrop of the second look has %d, of the first %d", n.asked[1], n.asked[0])
			}
			for _, at := range []image.Point{{120, 195}, {120, 240}, {120, 294}, {120, 120}} {
				if a := r.Alpha.AlphaAt(at.X, at.Y).A; a < 250 {
					t.Errorf("the product has coverage %d at %v", a, at)
				}
			}
			for _, at := range []image.Point{{60, 240}, {180, 240}, {95, 240}, {40, 40}} {
				if a := r.Alpha.AlphaAt(at.X, at.Y).A; a > 5 {
					t.Errorf("the backdrop has coverage %d at %v", a, at)
				}
			}
		})
	}
}
