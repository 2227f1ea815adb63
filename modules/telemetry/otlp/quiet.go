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

// failures logs what can't be sent, seldom.
type failures struct {
	log           zerolog.Logger
	lost, message string // what is counted, and what is said

	mu   sync.Mutex
	said time.Time
	n    int
}

func (f *failures) note(err error, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += n
	if time.Since(f.said) >= sayEvery {
		f.log.Warn().Err(err).Int(f.lost, f.n).Msg(f.message)
		f.said, f.n = time.Now(), 0
	}
}

// quiet is an exporter of clean spans whose failures are logged, seldom, and end there: spans that
// can't be sent are lost, and nothing waits for them.
type quiet struct {
	trace.SpanExporter
	quiet failures
}

// ExportSpans sends spans. It returns nil.
func (q *quiet) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	if err := q.SpanExporter.ExportSpans(ctx, cleaned(spans)); err != nil {
		q.quiet.note(err, len(spans))
	}
	return nil
}
