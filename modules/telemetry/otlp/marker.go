package otlp

import (
	"context"

	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/opal-photo/opal/modules/telemetry"
)

// marker puts the context's ids on each span that begins.
type marker struct{}

// OnStart marks the span.
func (marker) OnStart(ctx context.Context, s trace.ReadWriteSpan) {
	s.SetAttributes(telemetry.From(ctx).Attributes()...)
}

// OnEnd, Shutdown and ForceFlush have nothing to do.
func (marker) OnEnd(trace.ReadOnlySpan)         {}
func (marker) Shutdown(context.Context) error   { return nil }
func (marker) ForceFlush(context.Context) error { return nil }
