// Package telemetry holds the logger, the ids and the trace in a context, which connect
// log lines, messages and calls, and the metrics registry.
package telemetry

import (
	"context"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"
)

// IDs are the identifiers that a log line carries where they apply.
type IDs struct {
	CorrelationID string
	TenantID      string
	JobID         string
	ItemID        string
}

// fields lists the ids with the names of the log's fields.
func (i IDs) fields() [4]struct{ key, value string } {
	return [...]struct{ key, value string }{{"correlation_id", i.CorrelationID}, {"tenant_id", i.TenantID}, {"job_id", i.JobID}, {"item_id", i.ItemID}}
}

type idsKey struct{}

// With returns a context whose log lines, spans and outgoing calls carry ids; so does
// the span that it is within. Empty fields keep what the context had.
func With(ctx context.Context, ids IDs) context.Context {
	old := From(ctx)
	if ids.CorrelationID == "" {
		ids.CorrelationID = old.CorrelationID
	}
	if ids.TenantID == "" {
		ids.TenantID = old.TenantID
	}
	if ids.JobID == "" {
		ids.JobID = old.JobID
	}
	if ids.ItemID == "" {
		ids.ItemID = old.ItemID
	}
	if span := trace.SpanFromContext(ctx); ids != old && span.IsRecording() {
		span.SetAttributes(ids.Attributes()...)
	}
	return context.WithValue(ctx, idsKey{}, ids)
}

// From returns the ids of the context.
func From(ctx context.Context) IDs {
	ids, _ := ctx.Value(idsKey{}).(IDs)
	return ids
}

// CorrelationHeader carries the correlation id in and out.
const CorrelationHeader = "X-Correlation-Id"

// CorrelationID returns the correlation id of the context, or "".
func CorrelationID(ctx context.Context) string { return From(ctx).CorrelationID }

// NewCorrelationID makes a correlation id.
func NewCorrelationID() string { return uuid.NewString() }

// maxCorrelationID bounds an id from outside, in characters: it ends up in log
// lines, message properties and headers.
const maxCorrelationID = 128

// CleanCorrelationID returns s when it is safe to carry (printable ASCII without
// spaces, at most 128 characters), or else a new id.
func CleanCorrelationID(s string) string {
	if s == "" || len(s) > maxCorrelationID {
		return NewCorrelationID()
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return NewCorrelationID()
		}
	}
	return s
}

type loggerKey struct{}

// WithLogger returns a context with the logger.
func WithLogger(ctx context.Context, l zerolog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, l)
}

// Log returns the context's logger with the context's ids. Without a logger it
// returns one that discards.
func Log(ctx context.Context) *zerolog.Logger {
	l, ok := ctx.Value(loggerKey{}).(zerolog.Logger)
	if !ok {
		l = zerolog.Nop()
		return &l
	}
	ids := From(ctx)
	c := l.With()
	for _, f := range ids.fields() {
		if f.value != "" {
			c = c.Str(f.key, f.value)
		}
	}
	l = c.Logger()
	return &l
}
