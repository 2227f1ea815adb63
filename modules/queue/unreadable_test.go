package queue_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// damaged are bodies that every consumer would refuse.
var damaged = map[string]string{
	"no JSON":       "{broken",
	"an empty body": "",
	"no item":       `{"tenant_id":"t","job_id":"j"}`,
	"another type":  `{"tenant_id":"t","job_id":"j","item_id":7}`,
	"a long id":     `{"tenant_id":"t","job_id":"j","item_id":"` + strings.Repeat("x", 300) + `"}`,
}

func TestADamagedRowHoldsUpNoOther(t *testing.T) {
	for name, body := range damaged {
		t.Run(name, func(t *testing.T) {
			on(t, func(b *bench) {
				o := queue.NewOutbox()
				b.write(o, "t", 4)
				b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
					_, err := tx.Exec(`UPDATE outbox SET body = $1 WHERE outbox_id = (SELECT min(outbox_id) FROM outbox)`, body)
					return err
				}))
				var log bytes.Buffer
				stop := b.run(b.relay(o), &log)
				b.wait("the others are sent", func() bool { return b.count(`sent_at IS NOT NULL`) == 3 })
				var kept, reason string
				b.wait("it is set aside", func() bool {
					return b.db.QueryRow(`SELECT body, reason FROM outbox_unreadable`).Scan(&kept, &reason) == nil
				})
				stop()
				if kept != body || reason == "" || b.count(`TRUE`) != 3 || len(b.jobs.sent()) != 3 {
					t.Errorf("kept %q, because %q", kept, reason)
				}
				if !strings.Contains(log.String(), "Set an unreadable message of the outbox aside") {
					t.Error("the log does not tell")
				}
			})
		})
	}
}

func TestUnreadableRowsAreCounted(t *testing.T) {
	on(t, func(b *bench) {
		b.exec(`INSERT INTO outbox_unreadable (outbox_id, queue, tenant_id, body, reason, created_at, set_aside_at) VALUES ('a', 'exports', 't', '', '', 0, 0)`)
		reg := prometheus.NewRegistry()
		b.run(queue.NewRelay(b.db, queue.NewOutbox(), b.jobs, b.exports, queue.NewMetrics(reg)), nil)
		want := `# HELP opal_queue_unreadable_rows Damaged messages that were set aside, in table outbox_unreadable. Alert above 0.
# TYPE opal_queue_unreadable_rows gauge
opal_queue_unreadable_rows{queue="exports"} 1
opal_queue_unreadable_rows{queue="jobs"} 0
`
		var err error
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if err = testutil.GatherAndCompare(reg, strings.NewReader(want), "opal_queue_unreadable_rows"); err == nil {
				return
			}
		}
		t.Error(err)
	})
}

func TestAKindTravelsBesideTheBody(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		body := queue.Body{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c"}
		b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
			return o.SendExport(context.Background(), tx, body, queue.Kind(queue.KindBundle, "b1"))
		}))
		b.flush(b.relay(o))
		if got := b.exports.raw[0]; string(got) != `{"tenant_id":"t","job_id":"j","item_id":"i","correlation_id":"c"}` {
			t.Errorf("the body is %s", got)
		}
		got := make(chan queue.Body, 1)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- queue.Consume(ctx, queue.ConsumeOptions{Queue: b.exports.Queue, Concurrency: 1, Drain: time.Second, Handler: func(_ context.Context, m queue.Body) error {
				got <- m
				return nil
			}})
		}()
		body.Kind, body.Subject = queue.KindBundle, "b1"
		if m := <-got; m != body {
			t.Errorf("got %+v", m)
		}
		cancel()
		b.check(<-done)
	})
}
