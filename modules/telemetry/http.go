package telemetry

import (
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// probes are the paths that get no span: they are asked for every few seconds.
var probes = []string{"/healthz", "/readyz", "/livez", "/metrics"}

// Traced returns the handler with a span around each request, where the context has a
// provider of spans. A request from outside begins a trace of its own, which is linked
// to the caller's: a stranger must not decide what is recorded here.
func Traced(ctx context.Context, h http.Handler, fromOutside bool) http.Handler {
	p := Tracing(ctx)
	if p == nil {
		return h
	}
	return otelhttp.NewHandler(h, "HTTP",
		otelhttp.WithTracerProvider(p), otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return fromOutside }),
		otelhttp.WithFilter(func(r *http.Request) bool { return !slices.Contains(probes, r.URL.Path) }))
}

// Routed names the context's span after the request's route. code is that of the
// problem that it is answered with, or "".
func Routed(ctx context.Context, method, route, code string) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	if route != "" {
		span.SetName(method + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
	if code != "" {
		span.SetAttributes(attribute.String("error.type", code))
	}
}

// Transport returns a transport with a span around each call that is made within a
// trace, which the call carries on. URLs' paths and queries are on no span: they may be
// secrets.
func Transport(base http.RoundTripper) http.RoundTripper {
	return &transport{base: base, traced: otelhttp.NewTransport(base, otelhttp.WithPropagators(propagation.TraceContext{}))}
}

type transport struct{ base, traced http.RoundTripper }

// RoundTrip makes the call.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanContextFromContext(r.Context()).IsValid() {
		return t.base.RoundTrip(r)
	}
	return t.traced.RoundTrip(r)
}

// CloseIdleConnections closes the connections that wait for another call.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
