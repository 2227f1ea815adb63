package queuetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue"
)

// faultTests check recovery from network faults. An adapter without a network
// skips them all.
var faultTests = []test{
	{"a dropped connection costs nothing", testDrop},
	{"a service that refuses for a while costs nothing", testRefuse},
	{"a half-open connection is replaced", testHalfOpen},
	{"throttling is waited out", testThrottle},
	{"a lost answer does not double", testLostAnswer},
	{"refusals are clear", testRefusals},
}

func faulty(t *testing.T, open New, lock time.Duration) (Harness, *Faults) {
	t.Helper()
	h := open(t, lock)
	if h.Faults == nil {
		h.Faults = &Faults{}
	}
	return h, h.Faults
}

// sendUntil sends as a relay would: repeatedly, until it succeeds.
func sendUntil(t *testing.T, q queue.Queue, ids ...string) {
	t.Helper()
	var m []queue.Message
	for _, id := range ids {
		m = append(m, message(id))
	}
	for all := within(t); ; time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(all, 15*time.Second)
		err := q.Send(ctx, m)
		cancel()
		if err == nil {
			return
		}
		if all.Err() != nil {
			t.Fatal(err)
		}
	}
}

// during runs handlers, does harm to the connections when all are running, and
// checks that each item was handled and completed once.
func during(t *testing.T, h Harness, n int, harm func()) {
	t.Helper()
	q := h.Open(t)
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("m", i))
	}
	var seen counts
	var running atomic.Int64
	release := make(chan struct{})
	consume(t, queue.ConsumeOptions{Queue: q, Concurrency: n, Drain: patience, Handler: func(ctx context.Context, b queue.Body) error {
		if seen.add(b.ItemID); b.ItemID[0] == 'm' {
			running.Add(1)
			<-release
		}
		return ctx.Err()
	}})
	sendUntil(t, q, ids...)
	wait(t, "all are running", func() bool { return running.Load() == int64(n) })
	harm()
	sendUntil(t, q, "after") // also: sending recovers
	close(release)
	other := h.Open(t)
	wait(t, "all are completed", empty(t, other))
	m := seen.get()
	if len(m) != n+1 {
		t.Fatalf("handled %v", m)
	}
	for id, times := range m {
		if times != 1 {
			t.Errorf("%s was handled %d times", id, times)
		}
	}
	if s := stats(t, other); s.Dead != 0 {
		t.Fatalf("%+v", s)
	}
}

func testDrop(t *testing.T, open New) {
	h, f := faulty(t, open, longLock)
	if f.Drop == nil {
		return
	}
	during(t, h, 5, func() {
		for range 3 {
			f.Drop()
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func testRefuse(t *testing.T, open New) {
	h, f := faulty(t, open, longLock)
	if f.Refuse == nil {
		return
	}
	during(t, h, 3, func() { f.Refuse(2 * time.Second) })
}

func testHalfOpen(t *testing.T, open New) {
	h, f := faulty(t, open, longLock)
	if f.Freeze == nil {
		return
	}
	during(t, h, 3, f.Freeze)
}

func testThrottle(t *testing.T, open New) {
	h, f := faulty(t, open, longLock)
	if f.Throttle == nil {
		return
	}
	q := h.Open(t)
	send(t, q, "before")
	f.Throttle(5) // more than the client tries by itself
	sendUntil(t, q, "a")
	for _, want := range []string{"before", "a"} {
		d := receive(t, q)
		if d.ID != want {
			t.Fatalf("got %s, want %s", d.ID, want)
		}
		check(t, q.Complete(within(t), d))
	}
	silent(t, q)
}

func testLostAnswer(t *testing.T, open New) {
	h, f := faulty(t, open, longLock)
	if f.LoseAnswer == nil {
		return
	}
	q := h.Open(t)
	send(t, q, "before")
	f.LoseAnswer(2)
	sendUntil(t, q, "a", "b")
	for _, want := range []string{"before", "a", "b"} {
		d := receive(t, q)
		if d.ID != want {
			t.Fatalf("got %s, want %s", d.ID, want)
		}
		check(t, q.Complete(within(t), d))
	}
	silent(t, q)
}

func testRefusals(t *testing.T, open New) {
	h, _ := faulty(t, open, longLock)
	for _, c := range []struct {
		open func(*testing.T) queue.Queue
		want error
	}{{h.Unauthorized, queue.ErrUnauthorized}, {h.Missing, queue.ErrNoQueue}} {
		if c.open == nil {
			continue
		}
		q := c.open(t)
		for name, call := range map[string]func(ctx context.Context) error{
			"ping":    q.Ping,
			"send":    func(ctx context.Context) error { return q.Send(ctx, []queue.Message{message("a")}) },
			"receive": func(ctx context.Context) error { _, err := q.Receive(ctx, 1); return err },
			"peek":    func(ctx context.Context) error { _, err := q.PeekDead(ctx, 1); return err },
		} {
			if err := call(within(t)); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
	}
}
