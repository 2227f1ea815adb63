package otlp

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/sdk/trace"
)

// sayEvery is how often a collector that can't be reached is logged.
const sayEvery = time.Minute

// quiet is an exporter of clean spans whose failures are logged, seldom, and end there: spans that
// can't be sent are lost, and nothing waits for them.
type quiet struct {
	trace.SpanExporter
	log zerolog.Logger

	mu   sync.Mutex
	said time.Time
	lost int
}

// ExportSpans sends spans. It returns nil.
func (q *quiet) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	if err := q.SpanExporter.ExportSpans(ctx, cleaned(spans)); err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.lost += len(spans)
		if time.Since(q.said) >= sayEvery {
			q.log.Warn().Err(err).Int("spans", q.lost).Msg("Traces can't be sent; they are lost, and the work goes on")
			q.said, q.lost = time.Now(), 0
		}
	}
	return nil
}
