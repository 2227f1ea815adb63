package app

import (
	"context"

	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/telemetry/otlp"
)

// tracing returns a context in which spans are made, where the settings name a
// collector. What is left of them when the role ends is sent then, after all else.
func (w *wire) tracing(ctx context.Context, role string) (context.Context, error) {
	c := w.cfg.OTel
	if !c.Wanted() {
		return ctx, nil
	}
	p, err := otlp.Open(ctx, otlp.Options{
		Endpoint: c.Endpoint, TracesEndpoint: c.TracesEndpoint, Protocol: c.Protocol, Headers: c.Headers.Value(), Attributes: c.ResourceAttributes,
		Service: c.ServiceName, Role: role, Version: version(), Environment: w.cfg.Environment, Sampler: c.Sampler, Ratio: c.SamplerArg, Log: w.log,
	})
	if err != nil {
		return nil, err
	}
	w.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
		defer cancel()
		return p.Shutdown(ctx)
	})
	return telemetry.WithTracing(ctx, p), nil
}
