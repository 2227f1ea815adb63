package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/opal-photo/opal/modules/telemetry"
)

// openTraced opens the driver's database. Where the context has a provider of spans,
// each statement within a recorded span gets one of its own; what looks for work every
// few moments gets none. Statements are on the spans, their arguments are not.
func openTraced(ctx context.Context, c driver.Connector, system string) *sql.DB {
	p := telemetry.Tracing(ctx)
	if p == nil {
		return sql.OpenDB(c)
	}
	return otelsql.OpenDB(c,
		otelsql.WithTracerProvider(p),
		otelsql.WithAttributes(attribute.String("db.system.name", system)),
		otelsql.WithSpanNameFormatter(func(_ context.Context, m otelsql.Method, query string) string { return statementName(m, query) }),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			DisableErrSkip: true, OmitConnResetSession: true, OmitConnPrepare: true, OmitRows: true, OmitConnectorConnect: true,
			// an error's text may quote a row
			RecordError: func(error) bool { return false },
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return trace.SpanFromContext(ctx).IsRecording()
			},
		}))
}

// statementName names a span by the statement's first word.
func statementName(m otelsql.Method, query string) string {
	switch m {
	case otelsql.MethodConnBeginTx:
		return "BEGIN"
	case otelsql.MethodTxCommit:
		return "COMMIT"
	case otelsql.MethodTxRollback:
		return "ROLLBACK"
	}
	if words := strings.Fields(query[:min(len(query), longestWord)]); len(words) > 0 {
		return strings.ToUpper(words[0])
	}
	return string(m)
}

// longestWord bounds how far a statement is read for its first word, in bytes.
const longestWord = 32
