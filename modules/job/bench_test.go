package job_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// BenchmarkBacklog measures how long a backlog of 10,000 items takes to drain
// when the engines take no time: states, fences, outbox, queue and calls of the
// ledger are the real ones, and each photo, a tiny one, is read, decoded in a
// child and written again. sends/msg is how many messages were sent for each
// that was due.
func BenchmarkBacklog(b *testing.B) {
	const each, hands = 100, 8
	jobsMade := backlogItems(b) / each
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", dbtest.SQLiteURL}, {"postgres", dbtest.PostgresURL}} {
		b.Run(engine.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				w := newWorld(b, dbtest.Open(b, engine.url(b)))
				metrics := prometheus.NewRegistry()
				outbox := queue.NewOutbox()
				w.jobs.Outbox = outbox
				w.backlog(jobsMade, each)
				jobs, exports := sqlqueue.Open(sqlqueue.Options{DB: w.db, Name: "jobs"}), sqlqueue.Open(sqlqueue.Options{DB: w.db, Name: "exports"})
				counts := queue.NewMetrics(metrics)
				relay := queue.NewRelay(w.db, outbox, jobs, exports, counts, queue.Window(4*hands))
				ctx, cancel := context.WithCancel(b.Context())
				ended := make(chan error, 2)
				b.StartTimer()
				go func() { ended <- relay.Run(ctx) }()
				go func() {
					ended <- queue.Consume(ctx, queue.ConsumeOptions{Queue: jobs, Relay: relay, Concurrency: hands, Drain: time.Minute, Handler: w.jobs.Process, Metrics: counts})
				}()
				for open := 1; open > 0; time.Sleep(200 * time.Millisecond) {
					w.must(w.db.QueryRow(`SELECT count(*) FROM items WHERE status <> 'completed'`).Scan(&open))
				}
				b.StopTimer()
				cancel()
				for range 2 {
					w.must(<-ended)
				}
				var due int
				w.must(w.db.QueryRow(`SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL`).Scan(&due))
				b.ReportMetric(sent(b, metrics)/float64(due), "sends/msg")
				for _, q := range []*sqlqueue.Queue{jobs, exports} {
					w.must(q.Close(b.Context()))
				}
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/backlog")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// backlog makes jobs whose items are uploaded, all of one photo, and queues them.
func (w *world) backlog(jobs, each int) {
	w.t.Helper()
	path, err := blob.RawPath(tenantID, "j", "i", "a.png")
	w.must(err)
	w.must(w.blobs.Put(w.t.Context(), "raw", path, photo(), blob.PutOptions{}))
	var made []job.Job
	for range jobs {
		made = append(made, w.create(each, bare))
	}
	w.exec(`UPDATE items SET status = 'uploaded', raw_blob_path = $1`, path)
	for _, j := range made {
		w.must(w.jobs.Enqueue(w.t.Context(), tenantID, j.JobID))
	}
}

// sent returns how many messages were given to the queues.
func sent(b *testing.B, r *prometheus.Registry) (n float64) {
	b.Helper()
	all, err := r.Gather()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == "opal_queue_sent_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}
