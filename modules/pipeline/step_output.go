package pipeline

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
)

// outputQuality keeps the finished picture good enough to be edited further.
const outputQuality = 94

// output writes the finished picture. Without a scene that is the cut-out, which
// is already there.
func output(ctx context.Context, _ *Pipeline, s *state) error {
	if !s.in.Options.GenerateScene {
		s.result.OutputPath, s.result.OutputType = s.result.CutoutPath, "image/png"
		if note := picture.Noted(picture.Noted(s.unfollowedBare(), s.setNote), s.unclear()); note != "" { // its pixels are the photo's own
			f := s.fidelity()
			f.SSIM, f.Note = 1, note
		}
		_, err := s.cutoutImage(ctx) // its bounds are part of the result
		return err
	}
	source := imaging.SourceComposite
	if s.done.Placed.Generated {
		source = imaging.SourceGenerated
	}
	b, err := imaging.Encode(s.final, imaging.EncodeOptions{Format: imaging.JPEG, Quality: outputQuality, ICC: true, XMP: provenance.XMP(source, s.result.Marks.With(s.in.Rights))})
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	if s.result.OutputPath, err = s.artifacts.Put(ctx, "output", "jpg", "image/jpeg", b); err != nil {
		return fmt.Errorf("store the output: %w", err)
	}
	s.result.OutputType = "image/jpeg"
	return nil
}
