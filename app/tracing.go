package app

import (
	"context"

	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/telemetry/otlp"
)

// atTheEnd has what is left sent when the role ends, after all else.
func (w *wire) atTheEnd(shutdown func(context.Context) error) {
	w.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
		defer cancel()
		return shutdown(ctx)
	})
}

// tracing returns a context in which spans are made, and sends figures, where the settings
// name a collector. What is left of them when the role ends is sent then, after all else.
func (w *wire) tracing(ctx context.Context, role string) (context.Context, error) {
	c := w.cfg.OTel
	o := otlp.Options{
		Endpoint: c.Endpoint, TracesEndpoint: c.TracesEndpoint, MetricsEndpoint: c.MetricsEndpoint, Protocol: c.Protocol, Headers: c.Headers.Value(), Attributes: c.ResourceAttributes,
		Service: c.ServiceName, Role: role, Version: version(), Environment: w.cfg.Environment, Sampler: c.Sampler, Ratio: c.SamplerArg, Log: w.log,
	}
	if c.Figures() {
		m, err := otlp.OpenMetrics(ctx, o, w.metrics)
		if err != nil {
			return nil, err
		}
		w.atTheEnd(m.Shutdown)
	}
	if !c.Wanted() {
		return ctx, nil
	}
	p, err := otlp.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	w.atTheEnd(p.Shutdown)
	return telemetry.WithTracing(ctx, p), nil
}
