package answer

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// prior is the confidence in a provider's cut-out without evidence for or against
// it: the lowest that a person doesn't have to look at.
const prior = picture.ReviewBelow

// The second opinion agrees not at all at the first overlap (intersection over
// union) and wholly at the second.
const (
	agreeNone = .80
	agreeFull = .97
)

// opinion is a confidence for a cut-out that came with none: how far OPAL's own
// engine, on a small copy, makes the same one, as far as that engine is sure of
// itself. Where it isn't, as on a busy background, the prior stands.
func (f Finisher) opinion(ctx context.Context, photo *image.NRGBA, m cutout.Matte) (float64, error) {
	if f.Second == nil {
		return prior, nil
	}
	small := photo
	if w, h := cutout.Small(photo.Rect.Dx(), photo.Rect.Dy()); w < photo.Rect.Dx() {
		small = imaging.Resize(photo, w, h)
	}
	other, err := f.Second.Cut(ctx, small)
	if err != nil {
		return 0, fmt.Errorf("ask for a second opinion on the cut-out: %w", err)
	}
	if other.Whole {
		return prior, nil
	}
	both, either := 0, 0
	w, h := small.Rect.Dx(), small.Rect.Dy()
	for y := range h {
		for x := range w {
			a := m.At(x, y, w, h) > .5
			b := other.Image.Pix[other.Image.PixOffset(other.Image.Rect.Min.X+x, other.Image.Rect.Min.Y+y)+3] > 127
			if a && b {
				both++
			}
			if a || b {
				either++
			}
		}
	}
	iou := float64(both) / float64(max(either, 1))
	agreed := min(max((iou-agreeNone)/(agreeFull-agreeNone), 0), 1)
	return other.Confidence*agreed + (1-other.Confidence)*prior, nil
}
