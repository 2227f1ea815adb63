package pipeline

import (
	"context"

	"github.com/opal-photo/opal/modules/imaging"
)

// enlargeFactor is how much larger the finished picture is than its scene.
const enlargeFactor = 2

// enlargeNote names the method of enlarging, so that people don't expect new detail.
const enlargeNote = "2×, resampled, no detail added"

// enlarge doubles the layers of the scene. The product is left to the lock, which
// takes it from the original's pixels: a sharp product needs no enlarging.
func enlarge(ctx context.Context, p *Pipeline, s *state) error {
	l, err := s.sceneLayers(ctx, p)
	if err != nil {
		return err
	}
	if s.done.Placed.Finished {
		return nil
	}
	big := &layers{scale: enlargeFactor, backdrop: imaging.Upscale2x(l.backdrop)}
	if sh := l.shadow; sh != nil {
		// most of the layer is empty, and the rest is soft: plain Lanczos on
		// that part is enough
		if b := imaging.AlphaBounds(sh, 1); !b.Empty() {
			big.shadow = imaging.Resize(crop(sh, b), enlargeFactor*b.Dx(), enlargeFactor*b.Dy())
			big.shadowAt = b.Min.Mul(enlargeFactor)
		}
	}
	s.layers = big
	s.fidelity().Upscale = enlargeNote
	return nil
}
