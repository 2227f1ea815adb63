package pipeline

import (
	"context"

	"github.com/opal-photo/opal/modules/imaging"
)

// upscaleNote says what the enlargement is, so that nobody takes it for detail.
const upscaleNote = "2×, resampled, no detail added"

// upscale doubles the scene and locks the product into it at that size, from
// the original's pixels: a sharp product needs no upscaling.
func upscale(ctx context.Context, _ *Pipeline, s *state) error {
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return err
	}
	big := &layers{backdrop: imaging.Upscale2x(s.layers.backdrop)}
	if sh := s.layers.shadow; sh != nil {
		// most of the layer is empty, and what there is is soft: plain Lanczos
		// on the part that is not is enough
		if b := imaging.AlphaBounds(sh, 1); !b.Empty() {
			big.shadow = imaging.Resize(crop(sh, b), 2*b.Dx(), 2*b.Dy())
			big.shadowAt = b.Min.Mul(2)
		}
	}
	s.layers = nil
	s.final = s.compose(crop(cut, s.cutBounds), big, 2)
	s.result.Fidelity.Upscale = upscaleNote
	return nil
}
