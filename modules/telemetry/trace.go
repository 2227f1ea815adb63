package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/opal-photo/opal/modules/fault"
)

// Traceparent names the header of HTTP calls and the property of messages that carry
// a trace from one process to the next, by W3C's Trace Context.
const Traceparent = "traceparent"

// tracerName names OPAL's own spans among those of libraries.
const tracerName = "github.com/opal-photo/opal"

type tracingKey struct{}

// WithTracing returns a context in which spans are made by the provider. Without it
// no span is made.
func WithTracing(ctx context.Context, p trace.TracerProvider) context.Context {
	return context.WithValue(ctx, tracingKey{}, p)
}

// Tracing returns the context's provider of spans, or nil.
func Tracing(ctx context.Context) trace.TracerProvider {
	p, _ := ctx.Value(tracingKey{}).(trace.TracerProvider)
	return p
}

// Start begins a span within the context's own. end ends it; an error is noted by its
// code, and not by its text, which may quote what callers sent.
func Start(ctx context.Context, name string, attributes ...attribute.KeyValue) (inner context.Context, end func(error)) {
	return start(ctx, name, trace.WithAttributes(attributes...))
}

// Send begins the span of a message's sending, within the trace in which the message
// was written. It returns the traceparent that the message is to carry. A message that
// was written in no trace has no span, and carries none.
func Send(ctx context.Context, traceparent, name string, attributes ...attribute.KeyValue) (carried string, end func(error)) {
	if traceparent == "" || Tracing(ctx) == nil {
		return traceparent, func(error) {}
	}
	ctx, end = start(continued(ctx, traceparent), name, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attributes...))
	return TraceparentOf(ctx), end
}

// Receive begins the span of the work that a message asks for, within the trace that
// the message carries, and links it to the sender: between the two the message waited.
// A message without a trace begins one.
func Receive(ctx context.Context, traceparent, name string, attributes ...attribute.KeyValue) (inner context.Context, end func(error)) {
	if Tracing(ctx) == nil {
		return ctx, func(error) {}
	}
	ctx = continued(ctx, traceparent)
	o := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attributes...)}
	if sender := trace.SpanContextFromContext(ctx); sender.IsValid() {
		o = append(o, trace.WithLinks(trace.Link{SpanContext: sender}))
	}
	return start(ctx, name, o...)
}

func start(ctx context.Context, name string, o ...trace.SpanStartOption) (inner context.Context, end func(error)) {
	p := Tracing(ctx)
	if p == nil {
		return ctx, func(error) {}
	}
	ctx, span := p.Tracer(tracerName).Start(ctx, name, o...)
	return ctx, func(err error) {
		failed(span, err)
		span.End()
	}
}

// failed notes an error on a span.
func failed(span trace.Span, err error) {
	if err == nil {
		return
	}
	code := fault.CodeOf(err)
	if errors.Is(err, context.Canceled) {
		code = "canceled"
	}
	span.SetAttributes(attribute.String("error.type", code))
	span.SetStatus(codes.Error, code)
}

// Failed notes an error on the context's span, for work that ends in an error without
// returning it.
func Failed(ctx context.Context, err error) { failed(trace.SpanFromContext(ctx), err) }

// Note adds attributes to the context's span.
func Note(ctx context.Context, attributes ...attribute.KeyValue) {
	trace.SpanFromContext(ctx).SetAttributes(attributes...)
}

// Name renames the context's span, when its name is known only after it began.
func Name(ctx context.Context, name string) { trace.SpanFromContext(ctx).SetName(name) }

// TraceparentOf returns the context's trace as W3C's traceparent; "" when there is none.
func TraceparentOf(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c[Traceparent]
}

// continued returns a context whose next span continues the trace; one that can't be
// read is ignored.
func continued(ctx context.Context, traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Traceparent: traceparent})
}

// Attributes returns the ids as a span carries them, under the names of the log's
// fields.
func (i IDs) Attributes() []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, f := range i.fields() {
		if f.value != "" {
			all = append(all, attribute.String(f.key, f.value))
		}
	}
	return all
}
