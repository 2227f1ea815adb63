package app

import (
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// modelStore is where the operator's models lie.
func modelStore(c *config.Config) onnx.Store {
	if c.Models.Dir != "" {
		return onnx.Store{Dir: c.Models.Dir}
	}
	return onnx.Store{Dir: onnx.DefaultDir()}
}

// findModel returns the operator's model and the library that runs it. found is
// false, without an error, where there is no model.
func findModel(c *config.Config) (o onnx.Options, found bool, err error) {
	if o.Model, found, err = modelStore(c).Choose(c.Cutout.Model); err != nil || !found {
		return o, false, err
	}
	o.Device = onnx.Device(c.Cutout.Device)
	if o.Library, err = onnx.FindLibrary(c.Cutout.Runtime); err != nil {
		return o, false, fmt.Errorf("the model %s can't run: %w", o.Model.Name, err)
	}
	return o, true, nil
}

// modelReady reports whether auto may choose the model. A model that is named but
// can't run is reported by checkModel, not passed over.
func modelReady(c *config.Config) bool {
	_, found, err := findModel(c)
	return found && err == nil || c.Cutout.Model != ""
}

// checkModel says what keeps a model from running.
func checkModel(c *config.Config) []string {
	_, found, err := findModel(c)
	if err != nil {
		return []string{fmt.Sprintf("CUTOUT_ENGINE: %v", err)}
	}
	return missing(!found, "CUTOUT_ENGINE=onnx needs a model in MODELS_DIR: `opal models get isnet`, or `opal models add FILE`")
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

// whatAModelAdds is said once where auto finds no model.
const whatAModelAdds = "Cut-outs are made by the built-in engine with OPAL's own small network, for plain backdrops. `opal models get isnet` brings a large " +
	"model that tells products from busy backgrounds."

// modelNote is what a person should know of the choice that auto made; "" when
// there is nothing to say.
func modelNote(c *config.Config) string {
	if c.Cutout.Engine != auto || modelReady(c) {
		return ""
	}
	if _, _, err := findModel(c); err != nil {
		return fmt.Sprintf("The built-in engine makes the cut-outs: %v.", err)
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
