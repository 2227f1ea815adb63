package app

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
	"github.com/opal-photo/opal/modules/pipeline/hosted"
	"github.com/opal-photo/opal/modules/pipeline/openai"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// engine is a row of a list of engines. Validation, the doctor and the wiring
// read the rows.
type engine[E any] struct {
	name string
	// check returns what is missing or wrong in the engine's settings, a sentence
	// each; nil: it has no settings.
	check func(c *config.Config) []string
	// at returns where the engine is called and the setting that says so; nil: it
	// works in this process.
	at func(c *config.Config) (setting, url string)
	// ready reports whether "auto" may choose the engine on this machine; nil:
	// never, it has to be named.
	ready func(c *config.Config) bool
	// open makes the engine. It makes no call.
	open func(w *wire) (E, error)
}

// engines is a list of engines and the setting that chooses from it.
type engines[E any] struct {
	setting string
	chosen  func(c *config.Config) string
	rows    []engine[E]
	gone    map[string]string // engines that were, and what to do without them
}

// auto is the value that chooses the first row that is ready.
const auto = "auto"

// engineModel is the row of the operator's models.
const engineModel = "onnx"

// cutters are the background removals, the best first: auto takes the first that
// is ready here. Engines behind a network that report no confidence have the
// studio engine cut the photo too, and compare.
var cutters = engines[pipeline.Cutter]{
	setting: "CUTOUT_ENGINE",
	chosen:  func(c *config.Config) string { return c.Cutout.Engine },
	rows: []engine[pipeline.Cutter]{
		{
			name:  engineModel,
			check: checkModel,
			ready: modelReady,
			open:  openModel,
		},
		{
			name:  "own",
			ready: func(*config.Config) bool { return true },
			open:  func(*wire) (pipeline.Cutter, error) { return studio.NewOwnCutter() },
		},
		{
			name:  "studio",
			ready: func(*config.Config) bool { return true },
			open:  func(*wire) (pipeline.Cutter, error) { return studio.Cutter{}, nil },
		},
		{
			name: "azureml",
			check: func(c *config.Config) []string {
				return missing(c.Cutout.EndpointURL == "", "CUTOUT_ENDPOINT_URL is missing: https://<endpoint>.<region>.inference.ml.azure.com/score")
			},
			at:   func(c *config.Config) (string, string) { return "CUTOUT_ENDPOINT_URL", c.Cutout.EndpointURL },
			open: openEndpointCutter,
		},
		{
			name: "removebg",
			check: func(c *config.Config) []string {
				return missing(c.RemoveBG.APIKey == "", "REMOVEBG_API_KEY is missing: CUTOUT_ENGINE is removebg")
			},
			at: func(c *config.Config) (string, string) { return "REMOVEBG_API_URL", c.RemoveBG.APIURL },
			open: func(w *wire) (pipeline.Cutter, error) {
				return openHosted(w, hosted.RemoveBG, w.cfg.RemoveBG.APIURL, w.cfg.RemoveBG.APIKey)
			},
		},
		{
			name: "photoroom",
			check: func(c *config.Config) []string {
				return missing(c.Photoroom.APIKey == "", "PHOTOROOM_API_KEY is missing: CUTOUT_ENGINE is photoroom")
			},
			at: func(c *config.Config) (string, string) { return "PHOTOROOM_API_URL", c.Photoroom.APIURL },
			open: func(w *wire) (pipeline.Cutter, error) {
				return openHosted(w, hosted.Photoroom, w.cfg.Photoroom.APIURL, w.cfg.Photoroom.APIKey)
			},
		},
	},
	gone: map[string]string{
		"azure-vision": "Microsoft retired Azure AI Vision's background removal on 31 March 2025; set CUTOUT_ENGINE=azureml with a model of your own on an " +
			"endpoint (CUTOUT_ENDPOINT_URL), removebg, photoroom or studio",
	},
}

// placers are what makes the scenes.
var placers = engines[pipeline.Placer]{
	setting: "PLACE_ENGINE",
	chosen:  func(c *config.Config) string { return c.Place.Engine },
	rows: []engine[pipeline.Placer]{
		{
			name: "score",
			check: func(c *config.Config) []string {
				return missing(c.AML.EndpointURL == "", "AML_ENDPOINT_URL is missing: https://<endpoint>.<region>.inference.ml.azure.com/score")
			},
			at:   func(c *config.Config) (string, string) { return "AML_ENDPOINT_URL", c.AML.EndpointURL },
			open: openScoring,
		},
		{
			name:  "openai",
			check: checkImagesEdit,
			at:    func(c *config.Config) (string, string) { return "PLACE_ENDPOINT_URL", c.Place.EndpointURL },
			open:  openImagesEdit,
		},
	},
}

// values are what the setting may be.
func (l engines[E]) values() []string {
	var names []string
	for _, r := range l.rows {
		if r.ready != nil && len(names) == 0 {
			names = append(names, auto)
		}
	}
	for _, r := range l.rows {
		names = append(names, r.name)
	}
	return names
}

// local are the values that choose an engine of this process.
func (l engines[E]) local() []string {
	return slices.DeleteFunc(l.values(), func(name string) bool {
		return slices.ContainsFunc(l.rows, func(r engine[E]) bool { return r.name == name && r.at != nil })
	})
}

// choose returns the row that the setting names, or with auto the best that is
// ready; else why there is none.
func (l engines[E]) choose(c *config.Config) (row engine[E], why string) {
	name := l.chosen(c)
	for _, r := range l.rows {
		if r.name == name || name == auto && r.ready != nil && r.ready(c) {
			return r, ""
		}
	}
	if why, ok := l.gone[name]; ok {
		return row, fmt.Sprintf("%s=%s can't be used: %s", l.setting, name, why)
	}
	return row, l.setting + " must be " + config.Either(l.values())
}

// faults returns what is missing or wrong for the engine that was chosen.
func (l engines[E]) faults(c *config.Config) []string {
	r, why := l.choose(c)
	switch {
	case why != "":
		return []string{why}
	case r.check == nil:
		return nil
	}
	return r.check(c)
}

// open makes the engine that was chosen.
func (l engines[E]) open(w *wire) (E, error) {
	r, why := l.choose(w.cfg)
	if why != "" {
		var none E
		return none, config.ErrConfig.With("%s", why)
	}
	e, err := r.open(w)
	if err != nil {
		return e, fmt.Errorf("open the engine %s: %w", r.name, err)
	}
	return e, nil
}

// endpoint is where a chosen engine is called.
type endpoint struct{ engine, setting, url string }

// endpoint returns where the chosen engine is called; false when it works in this
// process or its settings don't say.
func (l engines[E]) endpoint(c *config.Config) (endpoint, bool) {
	r, why := l.choose(c)
	if why != "" || r.at == nil {
		return endpoint{}, false
	}
	setting, to := r.at(c)
	return endpoint{r.name, setting, to}, to != ""
}

// endpoints lists where the chosen engines are called.
func endpoints(c *config.Config) (all []endpoint) {
	for _, f := range []func(*config.Config) (endpoint, bool){placers.endpoint, cutters.endpoint} {
		if e, ok := f(c); ok {
			all = append(all, e)
		}
	}
	return all
}

// CheckEngines returns what is missing or wrong in the settings of the engines
// that were chosen, a sentence each. config.Config.Validate takes it.
func CheckEngines(c *config.Config) []string { return append(cutters.faults(c), placers.faults(c)...) }

// missing is a list of one sentence, or of none.
func missing(it bool, text string) []string {
	if it {
		return []string{text}
	}
	return nil
}

// editsPath ends the paths of images-edit endpoints.
const editsPath = "/images/edits"

// checkImagesEdit looks at an images-edit endpoint's settings.
func checkImagesEdit(c *config.Config) (bad []string) {
	p := c.Place
	u, err := url.Parse(p.EndpointURL)
	if err != nil || p.EndpointURL == "" || !strings.HasSuffix(u.Path, editsPath) {
		return []string{"PLACE_ENDPOINT_URL is missing or not the URL of an images-edit endpoint: https://api.openai.com/v1/images/edits, or " +
			"https://<name>.openai.azure.com/openai/deployments/<deployment>/images/edits?api-version=<version>"}
	}
	bad = missing(strings.HasPrefix(u.Path, "/openai/deployments/") && u.Query().Get("api-version") == "",
		"PLACE_ENDPOINT_URL lacks ?api-version=<version>, such as 2025-04-01-preview")
	bad = append(bad, missing(p.Model == "", "PLACE_MODEL is missing: the model that edits pictures, at Azure its deployment's name; providers retire each after a year or so")...)
	return append(bad, missing(p.EndpointKey == "" && !strings.HasPrefix(u.Path, "/openai/"),
		"PLACE_ENDPOINT_KEY is missing: only Azure's endpoints take the managed identity")...)
}

// openEndpointCutter opens a model on a managed online endpoint.
func openEndpointCutter(w *wire) (pipeline.Cutter, error) {
	o, err := w.managed(w.cfg.Cutout.EndpointURL, w.cfg.Cutout.EndpointKey)
	if err != nil {
		return nil, err
	}
	cutter, err := azureml.NewCutter(azureml.CutterOptions{Options: o, Decoder: w.openDecoder(), Second: studio.Cutter{}})
	if err != nil {
		return nil, err
	}
	w.await(cutter)
	return cutter, nil
}

// openHosted opens a background-removal service.
func openHosted(w *wire, api hosted.API, url string, key config.Secret) (pipeline.Cutter, error) {
	cutter := hosted.New(api, hosted.Options{URL: url, Key: key.Value(), Decoder: w.openDecoder(), Second: studio.Cutter{}})
	w.await(cutter)
	return cutter, nil
}

// openScoring opens the scoring endpoint.
func openScoring(w *wire) (pipeline.Placer, error) {
	o, err := w.managed(w.cfg.AML.EndpointURL, w.cfg.AML.EndpointKey)
	if err != nil {
		return nil, err
	}
	client, err := azureml.New(o)
	if err != nil {
		return nil, err
	}
	w.await(client)
	return azureml.NewPlacer(client), nil
}

// openImagesEdit opens an images-edit endpoint.
func openImagesEdit(w *wire) (pipeline.Placer, error) {
	p := w.cfg.Place
	o := openai.Options{URL: p.EndpointURL, Key: p.EndpointKey.Value(), Model: p.Model, Quality: p.Quality, Decoder: w.openDecoder()}
	if o.Key == "" {
		cred, err := w.credential()
		if err != nil {
			return nil, err
		}
		o.Credential = cred
	}
	placer, err := openai.New(o)
	if err != nil {
		return nil, err
	}
	w.await(placer)
	return placer, nil
}

// managed is how a managed online endpoint is called: with its key, or with
// tokens of the managed identity.
func (w *wire) managed(url string, key config.Secret) (azureml.Options, error) {
	o := azureml.Options{URL: url, Key: key.Value()}
	if o.Key == "" {
		cred, err := w.credential()
		if err != nil {
			return o, err
		}
		o.Token = azureml.EntraToken(cred)
	}
	return o, nil
}

// provider is an engine behind a network, whose circuit breaker tells when calls
// are let through.
type provider interface {
	Ready() <-chan struct{}
	CloseIdle()
}

// await has the worker receive nothing while the provider's calls are paused.
func (w *wire) await(p provider) {
	w.providers = append(w.providers, p)
	w.onClose(func() error {
		p.CloseIdle()
		return nil
	})
}

// enginesGate waits until the engines' circuit breakers let calls through.
func (w *wire) enginesGate(ctx context.Context) error {
	for _, p := range w.providers {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Ready():
		}
	}
	return w.databaseGate(ctx)
}
