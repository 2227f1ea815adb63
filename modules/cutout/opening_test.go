package cutout_test

import (
	"image"
	"image/color"
	"testing"
)

// An opening that the network half sees on one side, and hardly on the other, is open as a whole; a
// sewn-on patch in the same colours, which it doubts as little as that side, is not.
func TestAnOpeningSeenInPartIsOpenAsAWhole(t *testing.T) {
	body, slot, patch := image.Rect(150, 60, 450, 420), image.Rect(210, 120, 390, 170), image.Rect(210, 300, 390, 350)
	boards, wood := planks(600, 450), color.NRGBA{190, 138, 104, 255}
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		switch p := image.Pt(x, y); {
		case p.In(slot) && x < 290:
			return boards.NRGBAAt(x, y), .5
		case p.In(slot), p.In(patch):
			return boards.NRGBAAt(x, y), .93
		case p.In(slot.Inset(-30)) && x > 300, p.In(patch.Inset(-30)):
			return wood, 1
		case p.In(body):
			return wine, 1
		}
		return boards.NRGBAAt(x, y), 0
	})
	r := cutLearned(t, img, n)
	for x := slot.Min.X + 10; x < slot.Max.X; x += 20 {
		if a := r.Alpha.AlphaAt(x, 145).A; a > 20 {
			t.Errorf("the opening has coverage %d at %d", a, x)
		}
		if a := r.Alpha.AlphaAt(x, 325).A; a < 250 {
			t.Errorf("the patch has coverage %d at %d", a, x)
		}
	}
}
