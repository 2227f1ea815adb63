package app

import (
	"context"
	"fmt"
	"image"
	"time"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/score/server"
)

// scoreCutter serves a background removal of this process as a scoring service. It is
// a server.Cutter.
type scoreCutter struct {
	pipeline.Cutter
	name, version string
}

func (c scoreCutter) Name() string    { return c.name }
func (c scoreCutter) Version() string { return c.version }

// Cut separates the product from its background.
func (c scoreCutter) Cut(ctx context.Context, photo *image.NRGBA) (server.Cut, error) {
	out, err := c.Cutter.Cut(ctx, photo)
	if err != nil {
		return server.Cut{}, err
	}
	return server.Cut{
		Image: out.Image, Confidence: out.Confidence, Reason: out.Reason, Concerns: out.Concerns, Whole: out.Whole, Logits: out.Logits,
	}, nil
}

// loadTimeout bounds how long a model may take to load and to work on a first picture.
const loadTimeout = 3 * time.Minute

// serveTimeout bounds one run of a served model: callers give up after 180 s.
const serveTimeout = 150 * time.Second

// openScoreCutter opens the background removal that the scoring service offers: the
// one that CUTOUT_ENGINE chooses for a worker, with a model for each picture that is
// worked on. A model runs once before the service listens, so that one that can't
// be used ends the process with the reason.
func openScoreCutter(ctx context.Context, w *wire) (server.Cutter, error) {
	row, why := cutters.choose(w.cfg)
	if why == "" && row.at != nil {
		why = fmt.Sprintf("SCORE_ENGINE=%s serves an engine of this process: set CUTOUT_ENGINE to %s, not %s", engineCutout, config.Either(cutters.local()), row.name)
	}
	if why != "" {
		return nil, config.ErrConfig.With("%s", why)
	}
	c, err := row.open(w)
	if err != nil {
		return nil, err
	}
	s := scoreCutter{c, row.name, version()}
	model, ok := c.(*onnx.Cutter)
	if !ok {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if err := model.Try(ctx); err != nil {
		return nil, modelFault(err)
	}
	s.name, s.version = model.Name(), model.Version()
	return s, nil
}
