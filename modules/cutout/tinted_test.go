package cutout_test

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// The slot in a pale seat shows a blue backdrop darker and greener than around the seat: it is open, and
// a person looks. Letters in that colour, or a product that has it elsewhere, stay whole.
func TestAHoleShowsTheTintOfTheBackdrop(t *testing.T) {
	blue, seat, seen := color.NRGBA{140, 178, 204, 255}, color.NRGBA{214, 205, 200, 255}, color.NRGBA{94, 148, 162, 255}
	body, slot := image.Rect(150, 100, 450, 360), image.Rect(272, 204, 326, 218)
	for _, c := range []struct {
		name  string
		other []image.Rectangle // in the same colour
		open  bool
	}{
		{"a slot", nil, true},
		{"letters", []image.Rectangle{image.Rect(200, 280, 215, 310), image.Rect(225, 280, 240, 310), image.Rect(250, 280, 265, 310)}, false},
		{"a product of that colour", []image.Rectangle{image.Rect(150, 330, 450, 360)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noise := rand.New(rand.NewPCG(1, 2))
			img, n := painted(func(x, y int) (color.NRGBA, float32) {
				p, k, v := image.Pt(x, y), blue, float32(0)
				switch {
				case p.In(slot):
					k, v = seen, 1
				case p.In(body):
					k, v = seat, 1
				}
				for _, o := range c.other {
					if p.In(o) {
						k = seen
					}
				}
				g := noise.NormFloat64()
				return color.NRGBA{uint8(float64(k.R) + g), uint8(float64(k.G) + g), uint8(float64(k.B) + g), 255}, v
			})
			r := cutLearned(t, img, n)
			a := r.Alpha.AlphaAt(300, 211).A
			if c.open && a > 5 || !c.open && a < 250 {
				t.Errorf("the slot has coverage %d", a)
			}
			if c.open && (r.Confidence >= cutout.ReviewBelow || len(r.Concerns) == 0 || r.Concerns[0].Kind != cutout.ConcernBackdrop) {
				t.Errorf("confidence %.2f, concerns %v", r.Confidence, r.Concerns)
			}
			if a := r.Alpha.AlphaAt(300, 250).A; a != 255 {
				t.Errorf("the seat has coverage %d", a)
			}
		})
	}
}
