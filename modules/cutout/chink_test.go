package cutout_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// A buckle's slots, a few pixels wide, show the backdrop; without a network, too, they are open. A white stripe
// printed as narrow on what is solid around stays.
func TestSmallOpeningsAreOpenWithoutANetwork(t *testing.T) {
	white, black := color.NRGBA{255, 255, 255, 255}, color.NRGBA{36, 36, 38, 255}
	strap := image.Rect(60, 180, 436, 270)
	slots := []image.Rectangle{image.Rect(422, 190, 427, 204), image.Rect(422, 240, 427, 254), image.Rect(100, 256, 114, 261)}
	print := image.Rect(200, 223, 300, 227)
	img, _ := painted(func(x, y int) (color.NRGBA, float32) {
		p := image.Pt(x, y)
		for _, s := range append(slots, print) {
			if p.In(s) {
				return white, 0
			}
		}
		if p.In(strap) {
			return black, 0
		}
		return white, 0
	})
	r := cutout.Cut(img)
	for _, s := range slots {
		for y := s.Min.Y + 2; y < s.Max.Y-2; y++ {
			for x := s.Min.X + 2; x < s.Max.X-2; x++ {
				if a := r.Alpha.AlphaAt(x, y).A; a > 10 {
					t.Fatalf("the slot %v has coverage %d at %d, %d", s, a, x, y)
				}
			}
		}
		if a := r.Alpha.AlphaAt(s.Min.X-3, (s.Min.Y+s.Max.Y)/2).A; a < 250 {
			t.Errorf("the rim left of the slot %v has coverage %d", s, a)
		}
	}
	for x := print.Min.X; x < print.Max.X; x++ {
		if a := r.Alpha.AlphaAt(x, 225).A; a < 250 {
			t.Fatalf("the stripe has coverage %d at %d", a, x)
		}
	}
}

// A small white part near the outline may be an opening or a print: a person has to look at it.
func TestWhatMayBeASmallOpeningIsForReview(t *testing.T) {
	white, black := color.NRGBA{255, 255, 255, 255}, color.NRGBA{36, 36, 38, 255}
	body, part := image.Rect(150, 100, 450, 350), image.Rect(160, 200, 167, 207)
	for _, doubtful := range []bool{false, true} {
		img, _ := painted(func(x, y int) (color.NRGBA, float32) {
			if p := image.Pt(x, y); !p.In(body) || doubtful && p.In(part) {
				return white, 0
			}
			return black, 0
		})
		r := cutout.Cut(img)
		if low := r.Confidence < cutout.ReviewBelow; low != doubtful {
			t.Errorf("confidence %.2f with a doubtful part: %v", r.Confidence, doubtful)
		}
		if !doubtful {
			continue
		}
		if len(r.Concerns) == 0 || r.Concerns[0].Kind != cutout.ConcernBackdrop {
			t.Fatalf("concerns %v", r.Concerns)
		}
		box := r.Concerns[0].Box
		if got := image.Rect(box[0], box[1], box[0]+box[2], box[1]+box[3]); !got.In(part) || got.Empty() {
			t.Errorf("the concern's box is %v, the part %v", got, part)
		}
	}
}
