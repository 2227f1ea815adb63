package queuetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// consumeTests run queue.Consume on the adapter.
var consumeTests = []test{
	{"a handler of several locks keeps its message", testLongHandler},
	{"a lost lock cancels the handler", testLockLoss},
	{"poison is dead-lettered at once", testPoison},
	{"what fails comes again, panics too", testFailing},
	{"consumers compete", testCompeting},
	{"the drain finishes what it can and gives back the rest", testDrain},
}

// consume runs queue.Consume until stop is called, and fails the test if it
// ends with an error.
func consume(t *testing.T, o queue.ConsumeOptions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- queue.Consume(ctx, o) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("consume: %v", err)
			}
		case <-time.After(patience):
			t.Error("consume does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// counts says how often each item was handled.
type counts struct {
	mu sync.Mutex
	m  map[string]int
}

func (c *counts) add(item string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[string]int{}
	}
	c.m[item]++
	return c.m[item]
}

func (c *counts) get() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.m)
}

func empty(t *testing.T, q queue.Queue) func() bool {
	return func() bool { s := stats(t, q); return s.Active == 0 }
}

func testLongHandler(t *testing.T, open New) {
	h := open(t, shortLock)
	q, other := h.Open(t), h.Open(t)
	send(t, q, "a")
	var seen counts
	consume(t, queue.ConsumeOptions{Queue: q, Concurrency: 2, Drain: patience, Handler: func(ctx context.Context, b queue.Body) error {
		seen.add(b.ItemID)
		if ids := telemetry.From(ctx); ids.CorrelationID != "c-a" || ids.TenantID != "t1" || ids.JobID != "j1" || ids.ItemID != "a" {
			t.Errorf("the handler's ids: %+v", ids)
		}
		select {
		case <-ctx.Done():
			t.Errorf("the lock was lost: %v", context.Cause(ctx))
		case <-time.After(3 * shortLock):
		}
		return nil
	}})
	wait(t, "the message is completed", empty(t, other))
	if n := seen.get()["a"]; n != 1 {
		t.Fatalf("handled %d times", n)
	}
}

// deaf is a queue whose Renew always fails.
type deaf struct{ queue.Queue }

func (deaf) Renew(context.Context, *queue.Delivery) (time.Time, error) {
	return time.Time{}, queue.ErrUnavailable
}

func testLockLoss(t *testing.T, open New) {
	h := open(t, shortLock)
	q, other := h.Open(t), h.Open(t)
	send(t, q, "a")
	lost := make(chan error, 1)
	stop := consume(t, queue.ConsumeOptions{Queue: deaf{q}, Concurrency: 1, Drain: patience, Handler: func(ctx context.Context, _ queue.Body) error {
		<-ctx.Done()
		select {
		case lost <- context.Cause(ctx):
		default:
		}
		return ctx.Err()
	}})
	if err := <-lost; !errors.Is(err, queue.ErrLockLost) {
		t.Fatalf("the handler's context ended with %v", err)
	}
	stop()
	d := receive(t, other)
	if d.DeliveryCount < 2 {
		t.Fatalf("it came for the %d. time", d.DeliveryCount)
	}
	check(t, other.Complete(within(t), d))
}

func testPoison(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	check(t, q.Send(within(t), []queue.Message{
		{ID: "no json", Body: []byte("\xffhello")}, {ID: "no ids", Body: []byte(`{"tenant_id":"t"}`)}, {ID: "other types", Body: []byte(`{"tenant_id":1,"job_id":[],"item_id":{}}`)},
		{ID: "nothing"}, message("verdict"),
	}))
	consume(t, queue.ConsumeOptions{Queue: q, Concurrency: 2, Drain: patience, Handler: func(_ context.Context, b queue.Body) error {
		if b.ItemID != "verdict" {
			t.Errorf("handled %+v", b)
		}
		return fmt.Errorf("handle it: %w", queue.Poison("photo_kills_decoder", errors.New("signal 11")))
	}})
	wait(t, "all are dead letters", func() bool { return stats(t, q).Dead == 5 })
	for _, d := range peek(t, q, 10) {
		reason := "message_body_invalid"
		if d.ID == "verdict" {
			reason = "photo_kills_decoder"
		}
		if d.Reason != reason || d.Description == "" || d.DeliveryCount > 1 {
			t.Errorf("%s: %q, %q, delivered %d times", d.ID, d.Reason, d.Description, d.DeliveryCount)
		}
	}
}

func testFailing(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	send(t, q, "error", "panic")
	var seen counts
	consume(t, queue.ConsumeOptions{Queue: q, Concurrency: 2, Drain: patience, Handler: func(_ context.Context, b queue.Body) error {
		if seen.add(b.ItemID) > 1 {
			return nil
		}
		if b.ItemID == "panic" {
			panic("a defect")
		}
		return errors.New("a failure")
	}})
	wait(t, "both are completed", empty(t, q))
	if m := seen.get(); m["error"] != 2 || m["panic"] != 2 {
		t.Fatalf("handled %v", m)
	}
}

func testCompeting(t *testing.T, open New) {
	h := open(t, longLock)
	watch := h.Open(t)
	const n = 120
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("m", i))
	}
	var seen counts
	var per [2]atomic.Int64
	for i := range per {
		consume(t, queue.ConsumeOptions{Queue: h.Open(t), Concurrency: 4, Drain: patience, Handler: func(_ context.Context, b queue.Body) error {
			seen.add(b.ItemID)
			per[i].Add(1)
			time.Sleep(5 * time.Millisecond)
			return nil
		}})
	}
	send(t, watch, ids...)
	wait(t, "all are completed", empty(t, watch))
	m := seen.get()
	if len(m) != n || per[0].Load() == 0 || per[1].Load() == 0 || per[0].Load()+per[1].Load() != n {
		t.Fatalf("handled %d of %d, %d and %d times", len(m), n, per[0].Load(), per[1].Load())
	}
}

func testDrain(t *testing.T, open New) {
	h := open(t, longLock)
	q, other := h.Open(t), h.Open(t)
	send(t, q, "quick", "slow")
	var running atomic.Int64
	release := make(chan struct{})
	stop := consume(t, queue.ConsumeOptions{Queue: q, Concurrency: 3, Drain: time.Second, Handler: func(ctx context.Context, b queue.Body) error {
		running.Add(1)
		if b.ItemID == "quick" {
			<-release // after the signal
			return ctx.Err()
		}
		<-ctx.Done() // until the deadline
		return ctx.Err()
	}})
	wait(t, "both are running", func() bool { return running.Load() == 2 })
	time.AfterFunc(200*time.Millisecond, func() { close(release) })
	stop()
	send(t, other, "late")
	got := map[string]int{}
	for range 2 {
		d := receive(t, other)
		got[d.ID] = d.DeliveryCount
		check(t, other.Complete(within(t), d))
	}
	if len(got) != 2 || got["slow"] != 2 || got["late"] != 1 {
		t.Fatalf("after the drain came %v", got)
	}
	if s := stats(t, other); s.Active != 0 || s.Dead != 0 {
		t.Fatalf("%+v", s)
	}
}
