package azureml

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/score"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Placer places products by calling a scoring endpoint. It is a pipeline.Placer.
type Placer struct{ client *Client }

// NewPlacer returns a placer on the client.
func NewPlacer(c *Client) *Placer { return &Placer{client: c} }

// Place asks the endpoint for a scene. The service fetches the cut-out from a
// read URL and stores picture and layers at create-only URLs, so that no large
// body goes through the endpoint.
func (p *Placer) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	a := r.Artifacts
	input, err := a.ReadURL(ctx, r.CutoutPath)
	if err != nil {
		return nil, fmt.Errorf("sign the cut-out's URL: %w", err)
	}
	var paths, urls [3]string
	for i, layer := range [3]struct{ step, ext string }{{"place", "jpg"}, {"backdrop", "jpg"}, {"shadow", "png"}} {
		if urls[i], paths[i], err = a.UploadURL(ctx, layer.step, layer.ext); err != nil {
			return nil, fmt.Errorf("sign the %s's upload URL: %w", layer.step, err)
		}
	}
	req := score.Request{
		TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, InputImageSAS: input, Prompt: r.Prompt, NegativePrompt: r.Look.NegativePrompt,
		Seed: &r.Seed, Width: r.Width, Height: r.Height, Brand: r.Look.ID, OutputImageSAS: urls[0], Scene: r.Scene, Title: r.Title,
		Palette: r.Look.Palette, Light: r.Look.Light, Fill: r.Look.ProductFill, BackdropSAS: urls[1], ShadowSAS: urls[2], LayersOnly: true,
	}
	if !r.Steering.Empty() {
		req.Steering = &r.Steering
	}
	telemetry.Log(ctx).Info().Str("scene_type", r.Scene).Msg("Calling AML endpoint")
	began := time.Now()
	res, err := p.client.Score(ctx, req)
	if err != nil {
		return nil, egress.Hold(err, faults)
	}
	telemetry.Log(ctx).Debug().Str("engine", res.Meta.Engine).Dur("ms", time.Since(began)).Msg("The endpoint answered")
	if len(res.ImageBytes) > 0 { // a service that doesn't know output_image_sas
		if paths[0], err = a.Put(ctx, "scene", "img", "application/octet-stream", res.ImageBytes); err != nil {
			return nil, fmt.Errorf("store the scene: %w", err)
		}
	}
	return placed(res.Meta, paths), nil
}

// placed reads the service's account of its picture. paths are those of the
// picture, the backdrop and the shadow.
func placed(m score.Meta, paths [3]string) *picture.Placed {
	out := m.Placed()
	out.BackdropPath = paths[0]
	if m.Layers != nil && m.Layers.Backdrop {
		out.BackdropPath, out.ContainsProduct = paths[1], m.Layers.Product && out.ContainsProduct
		if m.Layers.Shadow {
			out.ShadowPath = paths[2]
		}
	}
	return &out
}
