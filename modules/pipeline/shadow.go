package pipeline

import (
	"context"
	"fmt"
	"image"
	"image/draw"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// wantsShadow reports whether the photo's own shadow is wished of the item.
func (s *state) wantsShadow() bool { return s.in.steering().PhotoShadow.Wants() }

// keepShadow tells the photo's own shadow from its backdrop and keeps it as a layer.
func keepShadow(ctx context.Context, a Artifacts, photo, cut *image.NRGBA) (*picture.OwnShadow, error) {
	own := shade.OwnShadow(photo, cut)
	if own.Layer == nil {
		return &picture.OwnShadow{Why: own.Why}, nil
	}
	path, err := putShadow(ctx, a, own.Layer)
	return &picture.OwnShadow{Path: path, Box: picture.BoxOf(photo.Rect)}, err
}

func putShadow(ctx context.Context, a Artifacts, layer *image.NRGBA) (string, error) {
	b, err := imaging.Encode(layer, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		return "", fmt.Errorf("encode the photo's shadow: %w", err)
	}
	path, err := a.Put(ctx, "photo-shadow", "png", "image/png", b)
	if err != nil {
		return "", fmt.Errorf("store the photo's shadow: %w", err)
	}
	return path, nil
}

// turnShadow gives the photo's shadow the turn that the product had within bounds of the
// cut-out. A rotated product stands otherwise than in its photo, and has none.
func (s *state) turnShadow(ctx context.Context, bounds image.Rectangle, degrees float64) error {
	own := s.result.OwnShadow
	if own == nil || own.Path == "" {
		return nil
	}
	if degrees != 0 {
		s.result.OwnShadow = &picture.OwnShadow{Why: "the product is rotated"}
		return nil
	}
	layer, err := loadOwn(ctx, s.artifacts, own.Path)
	if err != nil {
		return fmt.Errorf("load the photo's shadow: %w", err)
	}
	path, err := putShadow(ctx, s.artifacts, mirrored(layer))
	if err != nil {
		return err
	}
	at := own.Box.Rect()
	s.result.OwnShadow = &picture.OwnShadow{Path: path, Box: picture.BoxOf(image.Rect(bounds.Max.X-at.Max.X, at.Min.Y-bounds.Min.Y, bounds.Max.X-at.Min.X, at.Max.Y-bounds.Min.Y))}
	return nil
}

// sceneShadow returns the layer of shadow of the finished picture, of the scene's size times
// scale, where the photo's own is wished in scenes; nil where it isn't, or isn't there.
func (s *state) sceneShadow(ctx context.Context, frame image.Rectangle, product image.Rectangle) (*image.NRGBA, error) {
	own := s.result.OwnShadow
	mode := s.result.Shadows[picture.ShadowInScene]
	if own == nil || own.Path == "" || !picture.KeepsOwn(mode) {
		return nil, nil
	}
	layer, err := loadOwn(ctx, s.artifacts, own.Path)
	if err != nil {
		return nil, fmt.Errorf("load the photo's shadow: %w", err)
	}
	out := image.NewNRGBA(frame)
	draw.Draw(out, frame, image.White, image.Point{}, draw.Src)
	shade.Lay(out, layer, shade.Place(own.Box.Rect(), s.cutBounds, product), product, mode == picture.ShadowSoften)
	for i := 0; i < len(out.Pix); i += 4 { // what it darkens of white is its alpha
		a := 255 - out.Pix[i]
		out.Pix[i], out.Pix[i+1], out.Pix[i+2], out.Pix[i+3] = 0, 0, 0, a
	}
	return out, nil
}
