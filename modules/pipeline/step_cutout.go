package pipeline

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/imaging"
)

// ReviewBelow is the confidence under which a person should look.
const ReviewBelow = 0.3

// defaultReason is said when an engine is unsure and does not say why.
const defaultReason = "The outline of the product is uncertain; check the cut-out"

// cutout separates the product and keeps it as an RGBA PNG.
func cutout(ctx context.Context, p *Pipeline, s *state) error {
	if c := s.done.Cutout; c != nil {
		s.adoptCutout(c)
		return errReused
	}
	c := Cutout{Image: s.photo, Whole: true}
	rec := &CutoutRecord{Whole: true}
	if s.in.Options.RemoveBackground {
		var err error
		if c, err = p.cutter.Cut(ctx, s.photo); err != nil {
			return fmt.Errorf("remove the background: %w", err)
		}
		if c.Image.Rect != s.photo.Rect {
			return fmt.Errorf("the cut-out is %v, the photo %v", c.Image.Rect.Size(), s.photo.Rect.Size())
		}
		rec = &CutoutRecord{Confidence: &c.Confidence, Whole: c.Whole}
		if c.Confidence < ReviewBelow {
			rec.NeedsReview, rec.ReviewReason = true, c.Reason
			if rec.ReviewReason == "" {
				rec.ReviewReason = defaultReason
			}
		}
	}
	s.photo = nil // 48 MB at 12 megapixels
	s.setCut(c.Image)
	b, err := imaging.Encode(c.Image, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, XMP: imaging.SourceXMP(imaging.SourceComposite)})
	if err != nil {
		return fmt.Errorf("encode the cut-out: %w", err)
	}
	if rec.Path, err = s.artifacts.Put(ctx, "cutout", "png", "image/png", b); err != nil {
		return fmt.Errorf("store the cut-out: %w", err)
	}
	s.done.Cutout = rec
	s.adoptCutout(rec)
	return s.checkpoint(ctx)
}

func (s *state) adoptCutout(c *CutoutRecord) {
	s.result.CutoutPath, s.result.Confidence = c.Path, c.Confidence
	s.result.NeedsReview, s.result.ReviewReason = c.NeedsReview, c.ReviewReason
}
