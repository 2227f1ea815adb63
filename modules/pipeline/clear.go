package pipeline

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/provenance"
)

// wantsClear reports whether the product's glass is to show what is behind it.
func (s *state) wantsClear() bool { return s.in.steering().ShowsThrough() }

// keepClear makes the cut-out of a record translucent where it is glass, and keeps it beside
// the opaque one, which people's hints go on from. It returns cut itself where there is none.
func keepClear(ctx context.Context, a Artifacts, photo, cut *image.NRGBA, rec *CutoutRecord) (*image.NRGBA, *ClearCutout, error) {
	if rec.Whole {
		return cut, &ClearCutout{Why: "nothing was cut out"}, nil
	}
	clear, why := cutout.Translucent(photo, cut)
	if why != "" {
		return cut, &ClearCutout{Why: why}, nil
	}
	b, err := imaging.Encode(clear, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, XMP: provenance.XMP(imaging.SourceComposite, rec.Marks)})
	if err != nil {
		return nil, nil, fmt.Errorf("encode the translucent cut-out: %w", err)
	}
	path, err := a.Put(ctx, "clear", "png", "image/png", b)
	if err != nil {
		return nil, nil, fmt.Errorf("store the translucent cut-out: %w", err)
	}
	return clear, &ClearCutout{Path: path}, nil
}

// unclear says why the product's glass doesn't show what is behind it though that is wished.
func (s *state) unclear() string {
	c := s.done.Cutout
	if !s.wantsClear() || c == nil || c.Clear == nil || c.Clear.Why == "" {
		return ""
	}
	return "the cut-out stays opaque: " + c.Clear.Why
}
