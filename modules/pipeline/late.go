package pipeline

import (
	"context"
	"fmt"
)

// late makes what is wished of the photo beside its cut-out only after that was made: the
// photo's own shadow, and glass that shows what is behind it.
func (p *Pipeline) late(ctx context.Context, s *state) error {
	rec := *s.done.Cutout
	shadow, clear := s.wantsShadow() && rec.Shadow == nil, s.wantsClear() && rec.Clear == nil
	if !shadow && !clear {
		return nil
	}
	raw, err := s.in.Raw(ctx)
	if err != nil {
		return fmt.Errorf("fetch the photo: %w", err)
	}
	photo, _, err := DecodePhoto(ctx, p.decoder, raw)
	if err != nil {
		return fmt.Errorf("decode the photo: %w", err)
	}
	cut, err := s.loadCut(ctx, rec.Path)
	if err != nil {
		return err
	}
	if shadow {
		if rec.Shadow, err = keepShadow(ctx, s.artifacts, photo, cut); err != nil {
			return err
		}
	}
	if clear {
		if cut, rec.Clear, err = keepClear(ctx, s.artifacts, photo, cut, &rec); err != nil {
			return err
		}
	}
	s.done.Cutout = &rec
	if !s.wantsClear() || clear {
		s.setCut(cut)
	}
	s.adoptCutout(&rec)
	return s.checkpoint(ctx)
}
