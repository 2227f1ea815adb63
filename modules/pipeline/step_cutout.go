package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
)

// defaultReason is the reason when an engine is unsure and gives no reason.
const defaultReason = "The outline of the product is uncertain; check the cut-out"

// cutOut separates the product and keeps it as an RGBA PNG.
func cutOut(ctx context.Context, p *Pipeline, s *state) error {
	if c := s.done.Cutout; c != nil {
		s.adoptCutout(c)
		if err := p.late(ctx, s); err != nil {
			return err
		}
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
		rec = &CutoutRecord{Confidence: &c.Confidence, Whole: c.Whole, Concerns: c.Concerns[:min(len(c.Concerns), maxConcerns)]}
		if s.in.Review.Wanted(c.Confidence) {
			rec.NeedsReview, rec.ReviewReason = true, ReviewReason(&c)
		}
	}
	rec.Marks, rec.Size = s.marks, [2]int{s.photo.Rect.Dx(), s.photo.Rect.Dy()}
	if s.wantsShadow() {
		var err error
		if rec.Shadow, err = keepShadow(ctx, s.artifacts, s.photo, c.Image); err != nil {
			return err
		}
	}
	rec.Bounds = picture.BoxOf(AlphaBounds(c.Image))
	cut := c.Image
	if s.wantsClear() {
		var err error
		if cut, rec.Clear, err = keepClear(ctx, s.artifacts, s.photo, c.Image, rec); err != nil {
			return err
		}
	}
	if !s.original() {
		s.photo = nil // 48 MB at 12 megapixels
	}
	s.setCut(cut)
	b, err := imaging.Encode(c.Image, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, XMP: provenance.XMP(imaging.SourceComposite, rec.Marks.With(s.in.Rights))})
	if err != nil {
		return fmt.Errorf("encode the cut-out: %w", err)
	}
	if rec.Path, err = s.artifacts.Put(ctx, "cutout", "png", "image/png", b); err != nil {
		return fmt.Errorf("store the cut-out: %w", err)
	}
	if rec.LogitsPath, err = keepLogits(ctx, s.artifacts, c.Logits); err != nil {
		return err
	}
	s.done.Cutout = rec
	s.adoptCutout(rec)
	return s.checkpoint(ctx)
}

// maxConcerns bounds how many concerns are kept: people read no more.
const maxConcerns = 20

// ReviewReason says for people what is to be looked at, and where.
func ReviewReason(c *Cutout) string {
	size := c.Image.Rect.Size()
	text := c.Reason
	if len(c.Concerns) > 0 {
		gravest := c.Concerns[0]
		text = strings.TrimSuffix(gravest.Text, ".")
		if where := gravest.Box.Where(size.X, size.Y); where != "" {
			text += " (" + where + ")"
		}
		if n := len(c.Concerns) - 1; n > 0 {
			text += fmt.Sprintf("; and %d more", n)
		}
	}
	return cmp.Or(text, defaultReason)
}

func (s *state) adoptCutout(c *CutoutRecord) {
	s.result.Marks = c.Marks
	if wishes := s.in.steering().PhotoShadow; len(wishes) > 0 {
		s.result.OwnShadow, s.result.Shadows = c.Shadow, wishes
	}
	s.result.CutoutPath, s.result.Confidence = s.cutPath(), c.Confidence
	s.result.NeedsReview, s.result.ReviewReason, s.result.Concerns = c.NeedsReview, c.ReviewReason, c.Concerns
}
