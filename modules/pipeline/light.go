package pipeline

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// lit returns the product, which stands at a place of its backdrop, in the scene's light,
// where that is wished, and keeps the light as a layer of its own. The product's pixels
// stay as they are in its cut-out.
func (s *state) lit(ctx context.Context, backdrop, product *image.NRGBA, at image.Rectangle) (*image.NRGBA, error) {
	w := s.in.steering()
	strength := w.RelightBy()
	if strength <= 0 || s.done.Cutout.Whole {
		return product, nil
	}
	from := math.NaN()
	if w.LightAngle != nil {
		from = math.Sin(*w.LightAngle * math.Pi / 180)
	} else if side, ok := map[string]float64{"left": -1, "right": 1}[s.in.Look.Light]; ok {
		from = side
	}
	anchor := s.done.Placed.Anchor
	light := shade.NewLight(backdrop, product, at, strength, from, s.done.Placed.HorizonY > 0 && (anchor == "" || anchor == picture.AnchorFloor))
	b, err := light.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode the scene's light: %w", err)
	}
	if s.result.LightPath, err = s.artifacts.Put(ctx, "light", "png", "image/png", b); err != nil {
		return nil, fmt.Errorf("store the scene's light: %w", err)
	}
	return light.On(product), nil
}
