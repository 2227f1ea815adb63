package queue_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/telemetry/otlp"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

// TestTraceGoesThroughOutboxAndQueue follows a call's trace to the work on its message,
// and the statements within both. A row and a message of before, which carry none, are
// worked on as well.
func TestTraceGoesThroughOutboxAndQueue(t *testing.T) {
	t.Parallel()
	collector := otlptest.New(t)
	p, err := otlp.Open(t.Context(), otlp.Options{Endpoint: collector.URL, Role: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := telemetry.WithTracing(t.Context(), p)
	url := dbtest.SQLiteURL(t)
	d, err := db.Open(ctx, db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	b := newBench(t, d)
	b.check(d.Migrate(ctx))
	o := queue.NewOutbox()
	r := b.relay(o)

	call, end := telemetry.Start(telemetry.With(ctx, telemetry.IDs{CorrelationID: "c"}), "call")
	b.check(d.InTx(call, func(tx *db.Tx) error {
		return o.SendJob(call, tx, queue.Body{TenantID: "t", JobID: "j", ItemID: "traced-secret", CorrelationID: "c"})
	}))
	end(nil)
	b.write(o, "old", 1)
	if _, err := r.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 2)
	stopping, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- queue.Consume(stopping, queue.ConsumeOptions{Queue: b.jobs, Concurrency: 1, Drain: time.Second, Handler: func(ctx context.Context, m queue.Body) error {
			_, err := db.Now(ctx, d)
			seen <- m.ItemID
			return err
		}})
	}()
	<-seen
	<-seen
	stop()
	b.check(<-ended)
	b.check(p.Shutdown(context.WithoutCancel(ctx)))

	var trace string
	roots := map[string]int{}
	for _, s := range collector.Spans() {
		if s.Name == "call" {
			trace = s.Trace
		}
		if s.Parent == "" {
			roots[s.Name]++
		}
		if s.Trace == trace && s.Attributes["correlation_id"] != "c" {
			t.Errorf("%s has the correlation id %q", s.Name, s.Attributes["correlation_id"])
		}
	}
	want := `dev: call
  dev: BEGIN
  dev: COMMIT
  dev: INSERT
  dev: send jobs
    dev: process jobs
      dev: BEGIN
      dev: COMMIT
      dev: DELETE
      dev: SELECT
`
	if diff := cmp.Diff(want, otlptest.Tree(collector.Spans(), trace, nil)); diff != "" {
		t.Errorf("the trace (-want +got):\n%s", diff)
	}
	// what looks for rows makes no trace of its own
	if diff := cmp.Diff(map[string]int{"call": 1, "process jobs": 1}, roots); diff != "" {
		t.Errorf("the roots (-want +got):\n%s", diff)
	}
	for _, s := range collector.Spans() {
		if text := s.Attributes["db.query.text"]; strings.Contains(text, "secret") {
			t.Errorf("a statement's arguments are on a span: %s", text)
		}
	}
}
