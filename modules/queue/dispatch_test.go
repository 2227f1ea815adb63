package queue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue"
)

func tenants(bodies []queue.Body) map[string]int {
	m := map[string]int{}
	for _, b := range bodies {
		m[b.TenantID]++
	}
	return m
}

func TestTenantsTakeTurns(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		r := b.relay(o)
		b.write(o, "big", 1000)
		for i := range 9 {
			b.write(o, fmt.Sprint("small", i), 10)
		}
		b.flush(r)
		got := tenants(b.jobs.sent())
		if len(got) != 10 || got["big"] != 10 || got["small0"] != 10 {
			b.Fatalf("a batch of %v", got)
		}
		// and each turn is one message
		first := tenants(b.jobs.sent()[:10])
		if len(first) != 10 {
			b.Fatalf("the first turn: %v", first)
		}
		for b.flush(r) > 0 {
		}
		if got := tenants(b.jobs.sent()); got["big"] != 1000 {
			b.Fatalf("in the end %v", got)
		}
	})
}

func TestWindowKeepsTheBacklogInTheOutbox(t *testing.T) {
	on(t, func(b *bench) {
		o := queue.NewOutbox()
		r := b.relay(o, queue.Window(5))
		b.write(o, "big", 300)
		for range 3 {
			b.flush(r)
		}
		if n := len(b.jobs.sent()); n != 5 {
			b.Fatalf("%d in flight", n)
		}
		b.write(o, "late", 3)
		if n := b.flush(r); n != 3 {
			b.Fatalf("sent %d of the late tenant's 3", n)
		}
		// another process's relay reads the same counts
		if n := b.flush(b.relay(queue.NewOutbox(), queue.Window(5))); n != 0 {
			b.Fatalf("another relay sent %d", n)
		}
		b.check(r.Ended(context.Background(), "jobs", b.jobs.ids[0]))
		if n := b.flush(r); n != 1 {
			b.Fatalf("%d sent for one that ended", n)
		}
		// rows that a relay took and never sent do not stay in flight permanently
		b.exec(`UPDATE outbox SET sent_at = NULL, not_before = 0 WHERE sent_at IS NOT NULL AND tenant_id = 'big' AND ended_at IS NULL`)
		if n := b.flush(r); n != 5 {
			b.Fatalf("%d sent again after a crash", n)
		}
		// nor do rows whose end no consumer reported
		b.exec(`UPDATE outbox SET taken_at = taken_at - 600001 WHERE taken_at IS NOT NULL`)
		if n := b.flush(r); n != 5 {
			b.Fatalf("%d sent when the places are free again", n)
		}
	})
}

// Ten items of one tenant behind many of another are handled among the first.
func TestSmallTenantPassesABacklog(t *testing.T) {
	on(t, func(b *bench) {
		const backlog, window = 600, 8
		o := queue.NewOutbox()
		r := b.relay(o, queue.Window(window))
		b.write(o, "big", backlog)

		var mu sync.Mutex
		var order []string
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		defer func() { cancel(); running.Wait() }()
		running.Go(func() { _ = r.Run(ctx) })
		handled := func() int { mu.Lock(); defer mu.Unlock(); return len(order) }
		running.Go(func() {
			_ = queue.Consume(ctx, queue.ConsumeOptions{Queue: b.jobs, Relay: r, Concurrency: 4, Drain: 10 * time.Second, Handler: func(_ context.Context, m queue.Body) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, m.TenantID)
				return nil
			}})
		})
		b.wait("the backlog is begun", func() bool { return handled() > 20 })
		before := handled()
		b.write(o, "small", 10)
		b.wait("the small tenant's are handled", func() bool {
			mu.Lock()
			defer mu.Unlock()
			n := 0
			for _, tenant := range order {
				if tenant == "small" {
					n++
				}
			}
			return n == 10
		})
		// far fewer of the backlog than there are: the messages in flight, a fair
		// share, and an allowance for a slow machine
		if after := handled() - before; after > backlog/3 {
			b.Fatalf("%d were handled while the small tenant's 10 waited", after)
		}
	})
}
