package pipeline

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// SceneLight returns the light that falls on a product, an RGBA picture cut to its bounds,
// which stands at a place of its backdrop; nil where none is wished.
func SceneLight(w picture.Steering, look picture.Look, placed *picture.Placed, backdrop, product *image.NRGBA, at image.Rectangle) *shade.Light {
	strength := w.RelightBy()
	if strength <= 0 {
		return nil
	}
	from := math.NaN()
	if w.LightAngle != nil {
		from = math.Sin(*w.LightAngle * math.Pi / 180)
	} else if side, ok := map[string]float64{"left": -1, "right": 1}[look.Light]; ok {
		from = side
	}
	standing := placed.HorizonY > 0 && (placed.Anchor == "" || placed.Anchor == picture.AnchorFloor)
	return shade.NewLight(backdrop, product, at, strength, from, standing)
}

// lit returns the product, which stands at a place of its backdrop, in the scene's light,
// where that is wished, and keeps the light as a layer of its own. The product's pixels
// stay as they are in its cut-out.
func (s *state) lit(ctx context.Context, backdrop, product *image.NRGBA, at image.Rectangle) (*image.NRGBA, error) {
	if s.done.Cutout.Whole {
		return product, nil
	}
	light := SceneLight(s.in.steering(), s.in.Look, s.done.Placed, backdrop, product, at)
	if light == nil {
		return product, nil
	}
	b, err := light.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode the scene's light: %w", err)
	}
	if s.result.LightPath, err = s.artifacts.Put(ctx, "light", "png", "image/png", b); err != nil {
		return nil, fmt.Errorf("store the scene's light: %w", err)
	}
	return light.On(product), nil
}
