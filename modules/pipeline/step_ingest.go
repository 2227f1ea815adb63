package pipeline

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/fault"
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
	if err := proportioned(s.photo.Rect.Size(), "photo"); err != nil {
		return err
	}
	return imaging.Visible(s.photo)
}

// maxProportion is how many times as long as wide a photo and a product may be: what is narrower
// has no pixel left of its width in a picture of channels' sizes.
const maxProportion = 200

// ErrNarrow says that a photo or its product is a line.
var ErrNarrow = fault.New(fault.Invalid, "photo_too_narrow", "The photo is too narrow to make a picture of; take one that is at most 200 times as long as wide")

// proportioned returns ErrNarrow for what has no width.
func proportioned(size image.Point, what string) error {
	if short, long := min(size.X, size.Y), max(size.X, size.Y); long > maxProportion*short {
		return ErrNarrow.With("the %s has %d×%d pixels", what, size.X, size.Y)
	}
	return nil
}
