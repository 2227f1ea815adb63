package pipeline

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/imaging"
)

// ingest fetches the photo and decodes it in a child process: oriented, in
// sRGB, 8 bit.
func ingest(ctx context.Context, p *Pipeline, s *state) error {
	raw, err := s.in.Raw(ctx)
	if err != nil {
		return fmt.Errorf("fetch the photo: %w", err)
	}
	if err := s.enter(ctx, raw); err != nil {
		return err
	}
	s.photo, s.marks, err = DecodePhoto(ctx, p.decoder, raw)
	if err != nil {
		return fmt.Errorf("decode the photo: %w", err)
	}
	return imaging.Visible(s.photo)
}
