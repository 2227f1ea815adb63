package cutout_test

import (
	"image"
	"image/color"
	"testing"
)

// A gap too narrow for a network's mask, which only hints at it, is open; a stripe in the
// backdrop's colour, which it hardly doubts, is not.
func TestNarrowGapsAreOpen(t *testing.T) {
	dark := color.NRGBA{40, 38, 36, 255}
	for _, c := range []struct {
		name string
		gap  image.Rectangle
		seen float32 // coverage in the gap
		open bool
	}{
		{"beside a strap", image.Rect(296, 120, 301, 300), .3, true},
		{"a stripe", image.Rect(296, 120, 301, 300), .9, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := image.Rect(200, 60, 400, 400)
			img, n := painted(func(x, y int) (color.NRGBA, float32) {
				switch p := image.Pt(x, y); {
				case p.In(c.gap):
					return paper, c.seen
				case p.In(body):
					return dark, 1
				}
				return paper, 0
			})
			r := cutLearned(t, img, n)
			for y := c.gap.Min.Y + 10; y < c.gap.Max.Y-10; y += 20 {
				a := r.Alpha.AlphaAt((c.gap.Min.X+c.gap.Max.X)/2, y).A
				if c.open && a > 60 || !c.open && a < 250 {
					t.Errorf("%d pixels down it has coverage %d", y-c.gap.Min.Y, a)
				}
			}
			if a := r.Alpha.AlphaAt(c.gap.Max.X+10, 200).A; a != 255 {
				t.Errorf("the product beside it has coverage %d", a)
			}
		})
	}
}

// A gap between pale pendants has soft edges of little contrast, but the network sees it by half: it is open. An
// inlay as bright, which it is as sure of as of what is around, stays.
func TestGapsSeenByHalfAreOpen(t *testing.T) {
	body, part := image.Rect(100, 30, 500, 430), image.Rect(284, 120, 316, 320)
	for _, c := range []struct {
		name string
		seen float32 // coverage in the part
		open bool
	}{{"a gap", .5, true}, {"an inlay", .995, false}} {
		t.Run(c.name, func(t *testing.T) {
			img, n := painted(func(x, y int) (color.NRGBA, float32) {
				p := image.Pt(x, y)
				if !p.In(body) {
					return color.NRGBA{255, 255, 255, 255}, 0
				}
				v, k := 230+float64((x*7+y*5)%9), float32(.995)
				if p.In(part) {
					in := min(x-part.Min.X, part.Max.X-1-x, y-part.Min.Y, part.Max.Y-1-y)
					v += (255 - v) * min(float64(in)/4, 1)
					k = c.seen
				}
				return color.NRGBA{uint8(v), uint8(v), uint8(v), 255}, k
			})
			r := cutLearned(t, img, n)
			for y := part.Min.Y + 20; y < part.Max.Y-10; y += 20 {
				if a := r.Alpha.AlphaAt(300, y).A; c.open && a > 20 || !c.open && a < 250 {
					t.Errorf("it has coverage %d at %d", a, y)
				}
			}
		})
	}
}
