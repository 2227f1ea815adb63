package queue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// sender is a queue whose sends are recorded, and fail on demand.
type sender struct {
	queue.Queue
	mu   sync.Mutex
	fail error
	ids  []string     // every id that was sent; twice if it was sent twice
	body []queue.Body // the body of each id
	raw  [][]byte
}

func (s *sender) Send(ctx context.Context, m []queue.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, one := range m {
		b, err := queue.ParseBody(one.Body)
		if err != nil {
			return err
		}
		s.ids, s.body, s.raw = append(s.ids, one.ID), append(s.body, b), append(s.raw, one.Body)
	}
	return s.Queue.Send(ctx, m)
}

func (s *sender) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *sender) sent() []queue.Body {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]queue.Body(nil), s.body...)
}

// bench is a database with its two queues.
type bench struct {
	*testing.T
	db            *db.DB
	jobs, exports *sender
}

func newBench(t *testing.T, d *db.DB) *bench {
	open := func(name string) *sender {
		q := sqlqueue.Open(sqlqueue.Options{DB: d, Name: name, Poll: 20 * time.Millisecond})
		t.Cleanup(func() { _ = q.Close(context.Background()) })
		return &sender{Queue: q}
	}
	return &bench{T: t, db: d, jobs: open("jobs"), exports: open("exports")}
}

func (b *bench) relay(o *queue.Outbox, opts ...queue.RelayOption) *queue.Relay {
	return queue.NewRelay(b.db, o, b.jobs, b.exports, nil, opts...)
}

// run runs a relay until the test or stop ends it.
func (b *bench) run(r *queue.Relay, log *bytes.Buffer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	if log != nil {
		ctx = telemetry.WithLogger(ctx, zerolog.New(zerolog.SyncWriter(log)))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.Run(ctx); err != nil {
			b.Errorf("run: %v", err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	b.Cleanup(stop)
	return stop
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// write writes a job message for each item, in one transaction.
func (b *bench) write(o *queue.Outbox, tenant string, n int, opts ...queue.SendOption) {
	b.Helper()
	b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
		for i := range n {
			if err := o.SendJob(context.Background(), tx, queue.Body{TenantID: tenant, JobID: "j", ItemID: fmt.Sprintf("%s-%d", tenant, i), CorrelationID: "c"}, opts...); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (b *bench) flush(r *queue.Relay) int {
	b.Helper()
	n, err := r.Flush(context.Background())
	b.check(err)
	return n
}

func (b *bench) count(where string) (n int) {
	b.Helper()
	b.check(b.db.QueryRow(`SELECT count(*) FROM outbox WHERE ` + where).Scan(&n))
	return n
}

func (b *bench) exec(statement string) {
	b.Helper()
	b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(statement)
		return err
	}))
}

func (b *bench) wait(what string, ok func() bool) {
	b.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("waited in vain: %s", what)
		}
	}
}

func on(t *testing.T, fn func(b *bench)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { fn(newBench(t, d)) })
}

func TestCommittedMessageIsSentAndLogged(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		var log bytes.Buffer
		stop := b.run(b.relay(o), &log)
		body := queue.Body{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c"}
		b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
			if err := o.SendJob(context.Background(), tx, body); err != nil {
				return err
			}
			return o.SendExport(context.Background(), tx, body)
		}))
		for _, s := range []*sender{b.jobs, b.exports} {
			b.wait("the message is sent", func() bool { return len(s.sent()) == 1 })
			if got := s.sent()[0]; got != body {
				b.Errorf("sent %+v", got)
			}
		}
		b.wait("the rows are marked", func() bool { return b.count(`sent_at IS NOT NULL`) == 2 })
		stop()
		lines := map[string]bool{}
		for line := range strings.Lines(log.String()) {
			var l map[string]string
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				b.Fatalf("line %s: %v", line, err)
			}
			lines[l["message"]] = true
			if l["correlation_id"] != "c" || l["tenant_id"] != "t" || l["job_id"] != "j" || l["item_id"] != "i" || l["level"] != "info" {
				b.Errorf("line %s", line)
			}
		}
		if len(lines) != 2 || !lines["Sent job message"] || !lines["Sent export message"] {
			b.Errorf("lines: %v", lines)
		}
	})
}

func TestRolledBackMessageIsNotSent(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		undone := errors.New("undone")
		err := b.db.InTx(context.Background(), func(tx *db.Tx) error {
			return errors.Join(o.SendJob(context.Background(), tx, queue.Body{TenantID: "t", JobID: "j", ItemID: "i"}), undone)
		})
		if !errors.Is(err, undone) || b.flush(b.relay(o)) != 0 || len(b.jobs.sent()) != 0 {
			b.Fatalf("%v; sent %v", err, b.jobs.sent())
		}
	})
}

func TestMessageThatNobodyWouldTakeIsRefused(t *testing.T) {
	on(t, func(b *bench) {
		for name, body := range map[string]queue.Body{
			"nothing":               {},
			"no item":               {TenantID: "t", JobID: "j"},
			"a long item":           {TenantID: "t", JobID: "j", ItemID: strings.Repeat("x", 201)},
			"a long correlation id": {TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: strings.Repeat("x", 201)},
		} {
			b.Run(name, func(t *testing.T) {
				err := b.db.InTx(context.Background(), func(tx *db.Tx) error {
					return queue.NewOutbox().SendJob(context.Background(), tx, body)
				})
				if err == nil {
					t.Errorf("took %+v", body)
				}
			})
		}
	})
}

func TestSweepSendsWhatACrashLeft(t *testing.T) {
	on(t, func(b *bench) {
		b.write(queue.NewOutbox(), "t", 5) // its process is gone
		b.run(b.relay(queue.NewOutbox()), nil)
		b.wait("the sweep sends", func() bool { return len(b.jobs.sent()) == 5 })
	})
}

func TestDelayedMessageWaits(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		r := b.relay(o)
		b.write(o, "later", 1, queue.NotBefore(time.Hour))
		b.write(o, "now", 1)
		if n := b.flush(r); n != 1 || b.jobs.sent()[0].TenantID != "now" {
			b.Fatalf("sent %v", b.jobs.sent())
		}
		b.exec(`UPDATE outbox SET not_before = not_before - 3600000 WHERE sent_at IS NULL`)
		if n := b.flush(r); n != 1 || b.jobs.sent()[1].TenantID != "later" {
			b.Fatalf("sent %v", b.jobs.sent())
		}
	})
}

func TestQueueThatIsDownLosesNothingAndHoldsUpNobody(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		b.jobs.failWith(queue.ErrUnavailable)
		b.run(b.relay(o), nil)
		b.write(o, "t", 150)
		b.check(b.db.InTx(context.Background(), func(tx *db.Tx) error {
			return o.SendExport(context.Background(), tx, queue.Body{TenantID: "t", JobID: "j", ItemID: "i"})
		}))
		b.wait("the export is sent", func() bool { return len(b.exports.sent()) == 1 })
		b.wait("a send of jobs failed", func() bool { return b.count(`queue = 'jobs' AND tries > 0`) > 0 })
		if n := len(b.jobs.sent()); n != 0 {
			b.Fatalf("sent %d", n)
		}
		b.jobs.failWith(nil)
		b.wait("all are sent", func() bool { return b.count(`sent_at IS NULL`) == 0 })
		if n := len(b.jobs.sent()); n != 150 {
			b.Fatalf("sent %d times for 150 messages", n)
		}
	})
}

// A relay that dies between sending and marking sends again, under the same id.
func TestMessageSentTwiceArrivesOnce(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		r := b.relay(o)
		b.write(o, "t", 3)
		b.flush(r)
		b.exec(`UPDATE outbox SET sent_at = NULL, not_before = 0`)
		b.flush(r)
		if n := len(b.jobs.sent()); n != 6 {
			b.Fatalf("sent %d times", n)
		}
		if s, err := b.jobs.Stats(context.Background()); err != nil || s.Active != 3 {
			b.Fatalf("%+v, %v", s, err)
		}
	})
}

// A message that a consumer has ended is not sent again, even when its marking
// was lost.
func TestEndedMessageIsNotSentAgain(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		r := b.relay(o)
		b.write(o, "t", 1)
		b.flush(r)
		b.exec(`UPDATE outbox SET sent_at = NULL, not_before = 0`)
		b.check(r.Ended(context.Background(), "jobs", b.jobs.ids[0]))
		b.check(r.Ended(context.Background(), "jobs", b.jobs.ids[0]))
		b.check(r.Ended(context.Background(), "jobs", "of no row"))
		if n := b.flush(r); n != 0 {
			b.Fatalf("sent %d", n)
		}
	})
}

func TestRelaysShareTheOutbox(t *testing.T) {
	on(t, func(b *bench) {
		const n = 600
		for i := range 4 {
			b.write(queue.NewOutbox(), fmt.Sprint("t", i), n/4)
		}
		for range 4 {
			b.run(b.relay(queue.NewOutbox()), nil)
		}
		b.wait("all are sent", func() bool { return b.count(`sent_at IS NULL`) == 0 })
		if sends := len(b.jobs.sent()); sends != n {
			b.Fatalf("%d sends for %d messages", sends, n)
		}
	})
}

func TestOldRowsAreDeleted(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		b.write(o, "t", 3)
		b.flush(b.relay(o))
		b.exec(`UPDATE outbox SET sent_at = sent_at - 86400001 WHERE body LIKE '%t-1%'`)
		b.write(o, "unsent", 1, queue.NotBefore(time.Hour))
		b.run(b.relay(o), nil)
		b.wait("the old row goes", func() bool { return b.count(`TRUE`) == 3 })
		if b.count(`body LIKE '%t-1%'`) != 0 {
			b.Fatal("another row went")
		}
	})
}
