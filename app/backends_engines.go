package app

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
	"github.com/opal-photo/opal/modules/pipeline/hosted"
	"github.com/opal-photo/opal/modules/pipeline/openai"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

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

// openCutter returns the background removal that CUTOUT_ENGINE names. Those
// behind a network ask the studio engine for a second opinion where they have no
// confidence of their own.
func openCutter(w *wire) (pipeline.Cutter, error) {
	second, d := studio.Cutter{}, w.openDecoder()
	switch c := w.cfg; c.Cutout.Engine {
	case "studio":
		return second, nil
	case "azureml":
		o, err := w.endpoint(c.Cutout.EndpointURL, c.Cutout.EndpointKey)
		if err != nil {
			return nil, err
		}
		cutter, err := azureml.NewCutter(azureml.CutterOptions{Options: o, Decoder: d, Second: second})
		if err != nil {
			return nil, fmt.Errorf("open the cut-out endpoint: %w", err)
		}
		w.await(cutter)
		return cutter, nil
	case "removebg":
		cutter := hosted.New(hosted.RemoveBG, hosted.Options{URL: c.RemoveBG.APIURL, Key: c.RemoveBG.APIKey.Value(), Decoder: d, Second: second})
		w.await(cutter)
		return cutter, nil
	case "photoroom":
		cutter := hosted.New(hosted.Photoroom, hosted.Options{URL: c.Photoroom.APIURL, Key: c.Photoroom.APIKey.Value(), Decoder: d, Second: second})
		w.await(cutter)
		return cutter, nil
	}
	return nil, config.ErrConfig.With("CUTOUT_ENGINE must be one of %v", config.CutoutEngines)
}

// openPlacer returns what makes the scenes, as PLACE_ENGINE names it.
func openPlacer(w *wire) (pipeline.Placer, error) {
	switch c := w.cfg; c.Place.Engine {
	case "score":
		o, err := w.endpoint(c.AML.EndpointURL, c.AML.EndpointKey)
		if err != nil {
			return nil, err
		}
		client, err := azureml.New(o)
		if err != nil {
			return nil, fmt.Errorf("open the scoring endpoint: %w", err)
		}
		w.await(client)
		return azureml.NewPlacer(client), nil
	case "openai":
		o := openai.Options{URL: c.Place.EndpointURL, Key: c.Place.EndpointKey.Value(), Model: c.Place.Model, Quality: c.Place.Quality, Decoder: w.openDecoder()}
		if o.Key == "" {
			cred, err := w.credential()
			if err != nil {
				return nil, err
			}
			o.Credential = cred
		}
		placer, err := openai.New(o)
		if err != nil {
			return nil, fmt.Errorf("open the images-edit endpoint: %w", err)
		}
		w.await(placer)
		return placer, nil
	}
	return nil, config.ErrConfig.With("PLACE_ENGINE must be one of %v", config.PlaceEngines)
}

// endpoint is how a managed online endpoint is called: with its key, or with
// tokens of the managed identity.
func (w *wire) endpoint(url string, key config.Secret) (azureml.Options, error) {
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
