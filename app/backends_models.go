package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// modelStore is where the operator's models lie.
func modelStore(c *config.Config) onnx.Store {
	if c.Models.Dir != "" {
		return onnx.Store{Dir: c.Models.Dir, Setting: "MODELS_DIR"}
	}
	return onnx.Store{Dir: onnx.DefaultDir()}
}

// findModel returns the operator's model and the library that runs it. found is
// false, without an error, where nobody asked for a model and there is none: what a setting
// names has to be there, and a model that is there has to be one that can run.
func findModel(c *config.Config) (o onnx.Options, found bool, err error) {
	if o.Model, found, err = modelStore(c).Choose(c.Cutout.Model); err != nil {
		if errors.Is(err, onnx.ErrNoModel) {
			err = fmt.Errorf("CUTOUT_MODEL=%s: %w", c.Cutout.Model, err)
		}
		return o, false, err
	}
	if !found && c.Cutout.Runtime == "" {
		return o, false, nil
	}
	o.Device = onnx.Device(c.Cutout.Device)
	if o.Library, err = onnx.FindLibrary(c.Cutout.Runtime); err != nil {
		if found {
			err = fmt.Errorf("the model %s can't run: %w; CUTOUT_ENGINE=own does without one", o.Model.Name, err)
		}
		return o, false, err
	}
	return o, found, nil
}

// modelReady reports whether auto chooses the model: it does where there is one or one was asked
// for. Then checkModel says what keeps it from running; it is not passed over.
func modelReady(c *config.Config) bool {
	_, found, err := findModel(c)
	return found || err != nil || onnx.Device(c.Cutout.Device) == onnx.CUDA
}

// checkModel says what keeps a model from running, as far as can be seen without running it.
func checkModel(c *config.Config) []string {
	_, found, err := findModel(c)
	if err != nil {
		return []string{err.Error()}
	}
	asks := "CUTOUT_ENGINE=onnx"
	if c.Cutout.Engine == auto {
		asks = "CUTOUT_DEVICE=" + c.Cutout.Device
	}
	return missing(!found, asks+" needs a model in "+modelsPlace(c)+": `opal models get isnet`, or `opal models add FILE`")
}

// modelsPlace names the folder of models to people.
func modelsPlace(c *config.Config) string {
	s := modelStore(c)
	if s.Setting != "" || s.Dir == "" {
		return "MODELS_DIR=" + s.Dir
	}
	return s.Dir
}

// openModel opens the operator's model.
func openModel(w *wire) (pipeline.Cutter, error) {
	o, found, err := findModel(w.cfg)
	if err != nil || !found {
		return nil, config.ErrConfig.With("%v", append(checkModel(w.cfg), "")[0])
	}
	if w.cfg.Score.Engine == engineCutout {
		// The call's own deadline ends a picture: a small machine may take its time.
		o.Concurrency, o.Keep, o.Timeout = w.cfg.Score.Concurrency, true, serveTimeout
	}
	c, err := onnx.New(o)
	if err != nil {
		return nil, err
	}
	w.onClose(c.Close)
	return c, nil
}

// awaitModel waits until the operator's model, where it makes the cut-outs, is loaded: one that
// can't run ends the start, with the reason, and not each photo.
func awaitModel(ctx context.Context, c pipeline.Cutter) error {
	m, ok := c.(*onnx.Cutter)
	if !ok {
		return nil
	}
	return modelFault(m.Ready(ctx))
}

// modelFault is the error of a model that can't run: one of the configuration, where that can be
// mended.
func modelFault(err error) error {
	if fault.KindOf(err) == fault.Invalid || errors.Is(err, onnx.ErrNoRuntime) || errors.Is(err, onnx.ErrNoCUDA) {
		return config.ErrConfig.With("%v", err)
	}
	return err
}

// whatAModelAdds is said once where auto finds no model.
const whatAModelAdds = "Cut-outs are made by the built-in engine with OPAL's own small network, for plain backdrops. `opal models get isnet` brings a large " +
	"model that tells products from busy backgrounds."

// modelNote is what a person should know of the choice that auto made; "" when
// there is nothing to say.
func modelNote(c *config.Config) string {
	if c.Cutout.Engine != auto || modelReady(c) {
		return ""
	}
	return whatAModelAdds
}

// say prints a line for people on the standard error, unless they asked for none.
func (s Streams) say(line string, quiet bool) {
	if line != "" && !quiet {
		fmt.Fprintln(s.Err, line)
	}
}

// localConfig returns the settings of commands that work without a server: they don't
// depend on those of other parts.
func localConfig(environ []string) (*config.Config, error) {
	var own []string
	for _, e := range environ {
		if strings.HasPrefix(e, "CUTOUT_") || strings.HasPrefix(e, "MODELS_") || strings.HasPrefix(e, "REVIEW_") || strings.HasPrefix(e, "EGRESS_") {
			own = append(own, e)
		}
	}
	cfg, err := config.Load("", own)
	if err != nil {
		return nil, err
	}
	return cfg, cfg.CheckValues()
}

// localReview returns which cut-outs a person has to look at, by REVIEW_BELOW.
func localReview(environ []string) (picture.Review, error) {
	cfg, err := localConfig(environ)
	if err != nil {
		return picture.Review{}, err
	}
	return reviewOf(cfg), nil
}

// reviewOf returns the operator's choice of the cut-outs that a person looks at.
func reviewOf(c *config.Config) picture.Review {
	return picture.Review{Off: c.Review.Below == 0, Below: c.Review.Below}
}

// localCutter returns the background removal of commands that work without a
// server, what ends it, and a line for people, if there is one to say.
func localCutter(environ []string) (c pipeline.Cutter, end func() error, note string, err error) {
	cfg, err := localConfig(environ)
	if err != nil {
		return nil, nil, "", err
	}
	row, why := cutters.choose(cfg)
	if why != "" {
		return nil, nil, "", config.ErrConfig.With("%s", why)
	}
	if row.at != nil { // it works behind a network
		return studio.Cutter{}, func() error { return nil }, fmt.Sprintf("CUTOUT_ENGINE=%s is for servers; the built-in engine makes these cut-outs.", row.name), nil
	}
	w := &wire{cfg: cfg, log: zerolog.Nop()}
	if c, err = row.open(w); err != nil {
		w.close()
		return nil, nil, "", err
	}
	return c, func() error { w.close(); return nil }, modelNote(cfg), nil
}
