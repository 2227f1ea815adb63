package cutout

import (
	"image"

	"github.com/opal-photo/opal/modules/picture"
)

// SecondLook returns the part of a w×h photo that the network is asked about again
// after it answered with m; empty when it isn't.
func SecondLook(m Mask, w, h int) image.Rectangle {
	k := min(1, joinSize/float64(max(w, h)))
	raw := m.sized(max(minSide, int(float64(w)*k+.5)), max(minSide, int(float64(h)*k+.5)))
	box, _ := again(raw, false)
	if at := inPhoto(box, raw.w, raw.h, w, h); min(at.Dx(), at.Dy()) >= lookLeast {
		return at
	}
	return image.Rectangle{}
}

// Outline is the concern that stands where nothing graver is known.
func Outline(r *Result) picture.Concern { return r.outline() }
