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
	if s.layers.shadow != nil {
		// soft by nature: plain Lanczos is enough
		r := s.layers.shadow.Rect
		big.shadow = imaging.Resize(s.layers.shadow, 2*r.Dx(), 2*r.Dy())
	}
	s.layers = nil
	s.final = s.compose(crop(cut, s.cutBounds), big, 2)
	s.result.Fidelity.Upscale = upscaleNote
	return nil
}
