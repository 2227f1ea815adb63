package server

import (
	"context"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/score"
)

// studio is the compositor that needs no model.
type studio struct{ engine *scene.Engine }

// NewStudio returns the engine over e, with its tables built.
func NewStudio(e *scene.Engine) Engine {
	scene.Warm()
	return &studio{engine: e}
}

func (*studio) Name() string     { return "studio" }
func (*studio) NeedsInput() bool { return true }
func (*studio) Ready() bool      { return true }

// Place composes the picture. Scene types outside the engine's list are read as
// words.
func (s *studio) Place(ctx context.Context, w Work) (*Picture, error) {
	r := w.Request
	var steering picture.Steering
	if r.Steering != nil {
		steering = *r.Steering
	}
	res, err := s.engine.Render(ctx, scene.Request{
		Steer:   steering,
		Product: w.Product, Title: r.Title, Scene: scene.Choose(r.Scene, r.Prompt), Prompt: r.Prompt, Palette: r.Palette,
		Light: scene.ParseLight(r.Light), Catalogue: picture.Catalogue(r.Brand),
		Fill: r.Fill, Box: w.Box, Width: w.Width, Height: w.Height, Seed: w.Seed,
	})
	if err != nil {
		return nil, err
	}
	m := score.Meta{
		EngineVersion: scene.Version, FloorY: float64(res.Meta.FloorY), HorizonY: float64(res.Meta.HorizonY),
		Steered: true, Anchor: res.Meta.Anchor, Zoom: res.Meta.Zoom, At: res.Meta.At, Fixed: res.Meta.Fixed, Areas: res.Meta.Areas, Note: res.Meta.Note,
		Light: res.Meta.Light.String(), Pose: res.Meta.Pose.String(), Scene: res.Meta.Scene,
	}
	if res.Meta.Box.Empty() {
		m.Note = "the input shows no product: it is transparent"
	} else {
		m.ProductBox = res.Meta.Exact[:]
	}
	return &Picture{Flat: res.Flat, Backdrop: res.Backdrop, Shadow: res.Shadow, Meta: m}, nil
}
