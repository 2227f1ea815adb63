package queue_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// write writes n rows for each of the tenants, in transactions of 500.
func writeRows(b *testing.B, d *db.DB, o *queue.Outbox, n int) {
	b.Helper()
	for from := 0; from < n; from += 500 {
		if err := d.InTx(b.Context(), func(tx *db.Tx) error {
			for i := from; i < min(n, from+500); i++ {
				body := queue.Body{TenantID: fmt.Sprintf("tenant-%d", i%10), JobID: "j", ItemID: fmt.Sprint("i", i), CorrelationID: "c"}
				if err := o.SendJob(b.Context(), tx, body); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOverhead is what the queue layer costs an item, from its committed
// outbox row to its completed message, behind a backlog: the relay with its
// window, the queue in the same database, and the consume loop.
func BenchmarkOverhead(b *testing.B) {
	const window = 32
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", dbtest.SQLiteURL}, {"postgres", dbtest.PostgresURL}} {
		for _, backlog := range []int{1_000, 100_000} {
			b.Run(fmt.Sprintf("%s/backlog=%d", engine.name, backlog), func(b *testing.B) {
				d := dbtest.Open(b, engine.url(b))
				o := queue.NewOutbox()
				jobs := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "jobs"})
				exports := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "exports"})
				defer func() { _, _ = jobs.Close(b.Context()), exports.Close(b.Context()) }()
				writeRows(b, d, queue.NewOutbox(), backlog+b.N)
				relay := queue.NewRelay(d, o, jobs, exports, nil, queue.Window(window))

				ctx, cancel := context.WithCancel(b.Context())
				var handled atomic.Int64
				ended := make(chan error, 2)
				b.ResetTimer()
				go func() { ended <- relay.Run(ctx) }()
				go func() {
					ended <- queue.Consume(ctx, queue.ConsumeOptions{Queue: jobs, Relay: relay, Concurrency: 8, Drain: time.Minute, Handler: func(context.Context, queue.Body) error {
						if handled.Add(1) == int64(b.N) {
							b.StopTimer()
							cancel()
						}
						return nil
					}})
				}()
				for range 2 {
					if err := <-ended; err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/item")
			})
		}
	}
}
