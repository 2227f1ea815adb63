package cutout_test

import (
	"image/color"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// The wedge between two straps in their own shade is open to where it is a few pixels wide. One in what is solid may
// be a print that runs out: a person has to look at it.
func TestAWedgeIsOpenOrForReview(t *testing.T) {
	black, back := color.NRGBA{36, 36, 38, 255}, color.NRGBA{205, 205, 205, 255}
	const top, length, wide, middle = 120, 90., 9., 300.
	for _, c := range []struct {
		name  string
		strap float64 // width, pixels
		open  bool
	}{{"between straps", 20, true}, {"in a block", 180, false}} {
		t.Run(c.name, func(t *testing.T) {
			img, _ := painted(func(x, y int) (color.NRGBA, float32) {
				off := math.Abs(float64(x) + .5 - middle)
				if off > 180 || y < top || y >= 340 || y < 200 && off > c.strap {
					return back, 0
				}
				deep := (float64(y) + .5 - top) / length
				if deep > 1 {
					return black, 0
				}
				shaded := mixOf(back, color.NRGBA{A: 255}, .12*deep)
				return mixOf(black, shaded, min(max((1-deep)*wide/2-off+.5, 0), 1)), 0
			})
			r := cutout.Cut(img)
			for _, x := range []int{middle - 14, middle + 14} {
				if a := r.Alpha.AlphaAt(x, top+40).A; a < 250 {
					t.Errorf("beside it the coverage is %d", a)
				}
			}
			if !c.open {
				if r.Confidence >= cutout.ReviewBelow || len(r.Concerns) == 0 || r.Concerns[0].Kind != cutout.ConcernBackdrop {
					t.Errorf("confidence %.2f, concerns %v", r.Confidence, r.Concerns)
				}
				return
			}
			for y := top + 1; y < top+int(length*.6); y += 4 {
				if a := r.Alpha.AlphaAt(middle, y).A; a > 60 {
					t.Errorf("%d pixels into the wedge the coverage is %d", y-top, a)
				}
			}
		})
	}
}
