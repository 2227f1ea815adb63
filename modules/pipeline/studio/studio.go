// Package studio fits the engines that are built in, cut-out with and without OPAL's
// own network and scene, to the pipeline's ports.
package studio

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/net"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/answer"
	"github.com/opal-photo/opal/modules/scene"
)

// Cutter removes backgrounds in this process. It is a pipeline.Cutter.
type Cutter struct{}

// Cut separates the product from its background. It does not fail.
func (Cutter) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	return answer.Of(cutout.Cut(photo)), nil
}

// OwnCutter removes backgrounds in this process, with OPAL's own network where Cutter
// is unsure. It is a pipeline.Cutter.
type OwnCutter struct{ network cutout.Network }

// NewOwnCutter returns a cutter. Errors: the network's weights are damaged.
func NewOwnCutter() (*OwnCutter, error) {
	n, err := net.New()
	if err != nil {
		return nil, err
	}
	return &OwnCutter{n}, nil
}

// Cut separates the product from its background.
func (c *OwnCutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	r, err := cutout.CutOwn(ctx, photo, c.network)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	return answer.Of(r), nil
}

// Placer makes scenes in this process. It is a pipeline.Placer for work without
// a scoring service.
type Placer struct{ engine *scene.Engine }

// NewPlacer returns a placer that keeps the given number of backdrops.
func NewPlacer(backdrops int) *Placer { return &Placer{engine: scene.New(backdrops)} }

// Painter makes the scenes that are plain paint or a brand's own photographs in this
// process and leaves the others to the next placer. It is a pipeline.Placer.
type Painter struct {
	next, own pipeline.Placer
}

// WithPaint returns a placer that paints plain backdrops exactly, whatever engine makes
// the scenes: no service is asked for what has no scene.
func WithPaint(next pipeline.Placer) *Painter { return &Painter{next, NewPlacer(0)} }

// plateOf decodes a plate, which OPAL has stored itself.
func plateOf(p *pipeline.Plate) (*scene.Plate, error) {
	if p == nil {
		return nil, nil
	}
	img, err := imaging.DecodeOwn(p.File)
	if err != nil {
		return nil, fmt.Errorf("decode the plate: %w", err)
	}
	return &scene.Plate{Image: img, Plate: p.Plate}, nil
}

// Place makes a scene.
func (p *Painter) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	_, paint := picture.ParsePaint(r.Scene)
	_, plate := picture.ParsePlate(r.Scene)
	if paint || plate {
		return p.own.Place(ctx, r)
	}
	return p.next.Place(ctx, r)
}

// layerQuality keeps a backdrop free of visible blocks; it is encoded once more
// as the output.
const layerQuality = 95

// request returns what the engine renders of a placement.
func request(r pipeline.Placement, plate *scene.Plate) scene.Request {
	return scene.Request{
		Steer: r.Steering, Plate: plate,
		Product: r.Cutout, Scene: r.Scene, Title: r.Title, Prompt: r.Prompt, Palette: r.Look.Palette, Light: scene.ParseLight(r.Look.Light),
		Catalogue: picture.Catalogue(r.Look.ID), Fill: r.Look.ProductFill, Width: r.Width, Height: r.Height, Seed: r.Seed,
	}
}

// Place renders a scene and stores its layers.
func (p *Placer) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	plate, err := plateOf(r.Plate)
	if err != nil {
		return nil, err
	}
	res, err := p.engine.Render(ctx, request(r, plate))
	if err != nil {
		return nil, fmt.Errorf("render the scene: %w", err)
	}
	out := res.Meta.Placed
	out.Engine, out.Followed, out.Finished = "studio", true, plate != nil
	put := func(step, ext string, img *image.NRGBA, o imaging.EncodeOptions) (string, error) {
		b, err := imaging.Encode(img, o)
		if err != nil {
			return "", fmt.Errorf("encode the %s: %w", step, err)
		}
		path, err := r.Artifacts.Put(ctx, step, ext, o.Format.MediaType(), b)
		if err != nil {
			return "", fmt.Errorf("store the %s: %w", step, err)
		}
		return path, nil
	}
	backdrop, ext := imaging.EncodeOptions{Format: imaging.JPEG, Quality: layerQuality}, "jpg"
	if _, ok := picture.ParsePaint(r.Scene); ok { // its colours are exact, and it packs to little
		backdrop, ext = imaging.EncodeOptions{Format: imaging.PNG, Effort: 1}, "png"
	}
	if out.BackdropPath, err = put("backdrop", ext, res.Backdrop, backdrop); err != nil {
		return nil, err
	}
	whole := image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
	imaging.Put(whole, res.Shadow, res.Shadow.Rect.Min)
	out.ShadowPath, err = put("shadow", "png", whole, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	return &out, err
}
