package queue_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// writeRows writes n rows of ten tenants, in transactions of 500.
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

// BenchmarkOverhead measures the queue layer's cost for one item, from its
// committed outbox row to its completed message, behind a backlog: the relay
// with its window, the queue in the same database, and the consume loop.
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

// BenchmarkFairness measures how long ten messages of one tenant wait behind
// 10,000 of another until their handlers start, at a worker that handles two
// messages at the same time, 20 ms each; the time grows with that.
func BenchmarkFairness(b *testing.B) {
	const backlog, small, window, hands, work = 10_000, 10, 8, 2, 20 * time.Millisecond
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", dbtest.SQLiteURL}, {"postgres", dbtest.PostgresURL}} {
		b.Run(engine.name, func(b *testing.B) {
			var waits []time.Duration
			for range b.N {
				waits = append(waits, fairness(b, engine.url(b), backlog, small, window, hands, work)...)
			}
			slices.Sort(waits)
			b.ReportMetric(waits[len(waits)*95/100].Seconds(), "p95-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func fairness(b *testing.B, url string, backlog, small, window, hands int, work time.Duration) (waits []time.Duration) {
	d := dbtest.Open(b, url)
	o := queue.NewOutbox()
	jobs := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "jobs"})
	exports := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "exports"})
	send := func(tenant string, n int) {
		for from := 0; from < n; from += 500 {
			if err := d.InTx(b.Context(), func(tx *db.Tx) error {
				for i := from; i < min(n, from+500); i++ {
					if err := o.SendJob(b.Context(), tx, queue.Body{TenantID: tenant, JobID: "j", ItemID: fmt.Sprint(i), CorrelationID: "c"}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
	send("big", backlog)
	relay := queue.NewRelay(d, o, jobs, exports, nil, queue.Window(window))
	ctx, cancel := context.WithCancel(b.Context())
	begun := make(chan string, 1000)
	ended := make(chan error, 2)
	go func() { ended <- relay.Run(ctx) }()
	go func() {
		ended <- queue.Consume(ctx, queue.ConsumeOptions{Queue: jobs, Relay: relay, Concurrency: hands, Drain: time.Minute, Handler: func(ctx context.Context, m queue.Body) error {
			select {
			case begun <- m.TenantID:
			case <-ctx.Done():
			}
			time.Sleep(work)
			return nil
		}})
	}()
	for range 2 * window { // until it runs smoothly
		<-begun
	}
	sent := time.Now()
	send("small", small)
	for len(waits) < small {
		if <-begun == "small" {
			waits = append(waits, time.Since(sent))
		}
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
	return waits
}
