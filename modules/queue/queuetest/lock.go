package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue"
)

// lockTests check sending, locking and settling.
var lockTests = []test{
	{"a message comes as it was sent", testRoundTrip},
	{"a batch comes whole", testBatch},
	{"an abandoned message comes again", testAbandon},
	{"a lock is renewed", testRenew},
	{"a lock runs out", testExpiry},
	{"a message is not delivered for ever", testMaxDeliveries},
	{"the same id comes once", testDuplicates},
	{"who waits is woken", testWakes},
	{"receiving ends with its context", testReceiveEnds},
}

func testRoundTrip(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	check(t, q.Ping(within(t)))
	raw := []byte{0, 0xff, 'x', '\n', 0xc3}
	before := time.Now()
	check(t, q.Send(within(t), []queue.Message{{ID: "m1", Body: raw, CorrelationID: "c1", Properties: map[string]string{"kind": "bundle", "subject": "é\"1"}}}))
	d := receive(t, q)
	if d.Properties["kind"] != "bundle" || d.Properties["subject"] != "é\"1" || len(d.Properties) != 2 {
		t.Errorf("properties %q", d.Properties)
	}
	if d.ID != "m1" || !bytes.Equal(d.Body, raw) || d.CorrelationID != "c1" || d.DeliveryCount != 1 {
		t.Fatalf("got %+v", d)
	}
	if left := time.Until(d.LockedUntil); left <= 0 || left > longLock {
		t.Fatalf("locked for %v of %v", left, longLock)
	}
	if d.EnqueuedAt.Before(before.Add(-time.Second)) || d.EnqueuedAt.After(time.Now().Add(time.Second)) {
		t.Fatalf("enqueued at %v, and it is %v", d.EnqueuedAt, time.Now())
	}
	if s := stats(t, q); s.Active != 1 || s.Dead != 0 {
		t.Fatalf("while it is locked: %+v", s)
	}
	silent(t, q)
	check(t, q.Complete(within(t), d))
	if s := stats(t, q); s.Active != 0 || s.Dead != 0 {
		t.Fatalf("after it was completed: %+v", s)
	}
}

func testBatch(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	const n = 250
	var m []queue.Message
	for i := range n {
		one := message(fmt.Sprintf("m%03d", i))
		if i%50 == 0 { // more than one of the service's batches
			one.Body = bytes.Repeat([]byte("x"), 100<<10)
		}
		m = append(m, one)
	}
	check(t, q.Send(within(t), m))
	check(t, q.Send(within(t), nil))
	// in any order: a message that an earlier receive left may come later
	left := map[string][]byte{}
	for _, one := range m {
		left[one.ID] = one.Body
	}
	for len(left) > 0 {
		got, err := q.Receive(within(t), 40)
		check(t, err)
		if len(got) > 40 {
			t.Fatalf("asked for 40 and got %d", len(got))
		}
		for _, d := range got {
			if want, ok := left[d.ID]; !ok || !bytes.Equal(d.Body, want) {
				t.Fatalf("got %s with %d bytes", d.ID, len(d.Body))
			}
			delete(left, d.ID)
			check(t, q.Complete(within(t), d))
		}
	}
	silent(t, q)
}

func testAbandon(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	send(t, q, "a")
	for i := 1; i <= 3; i++ {
		d := receive(t, q)
		if d.DeliveryCount != i {
			t.Fatalf("delivery %d says %d", i, d.DeliveryCount)
		}
		check(t, q.Abandon(within(t), d))
	}
}

func testRenew(t *testing.T, open New) {
	q := open(t, shortLock).Open(t)
	send(t, q, "a")
	d := receive(t, q)
	was := d.LockedUntil
	for end := time.Now().Add(2 * shortLock); time.Now().Before(end); {
		time.Sleep(shortLock / 4)
		until, err := q.Renew(within(t), d)
		check(t, err)
		if !until.After(was) {
			t.Fatalf("renewed from %v to %v", was, until)
		}
		was = until
	}
	if d.DeliveryCount != 1 {
		t.Fatal("renewing changed the delivery")
	}
	check(t, q.Complete(within(t), d))
	silent(t, q)
}

func testExpiry(t *testing.T, open New) {
	q := open(t, shortLock).Open(t)
	send(t, q, "a")
	d := receive(t, q)
	again := receive(t, q)
	if again.ID != d.ID || again.DeliveryCount != 2 {
		t.Fatalf("got %s for the %d. time", again.ID, again.DeliveryCount)
	}
	for name, call := range map[string]func() error{
		"renew":       func() error { _, err := q.Renew(within(t), d); return err },
		"complete":    func() error { return q.Complete(within(t), d) },
		"abandon":     func() error { return q.Abandon(within(t), d) },
		"dead-letter": func() error { return q.DeadLetter(within(t), d, "r", "d") },
	} {
		if err := call(); !errors.Is(err, queue.ErrLockLost) {
			t.Errorf("%s after the lock ran out: %v", name, err)
		}
	}
	check(t, q.Complete(within(t), again))
}

func testMaxDeliveries(t *testing.T, open New) {
	q := open(t, shortLock).Open(t)
	for _, id := range []string{"abandoned", "expired"} {
		send(t, q, id)
		for i := 1; i <= queue.MaxDeliveries; i++ {
			d := receive(t, q)
			if d.ID != id || d.DeliveryCount != i {
				t.Fatalf("delivery %d of %s is %d of %s", i, id, d.DeliveryCount, d.ID)
			}
			if id == "abandoned" || i < queue.MaxDeliveries {
				check(t, q.Abandon(within(t), d))
			}
		}
	}
	var dead []queue.Dead
	wait(t, "both are dead letters", func() bool {
		silent(t, q)
		var err error
		dead, err = q.PeekDead(within(t), 10)
		check(t, err)
		return len(dead) == 2
	})
	for _, d := range dead {
		if d.Reason != "MaxDeliveryCountExceeded" || d.Description == "" || d.DeliveryCount != queue.MaxDeliveries || !bytes.Equal(d.Body, body(d.ID)) {
			t.Errorf("dead letter %+v", d)
		}
	}
}

func testDuplicates(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	send(t, q, "a", "a", "b")
	send(t, q, "a")
	for _, want := range []string{"a", "b"} {
		d := receive(t, q)
		if d.ID != want {
			t.Fatalf("got %s, want %s", d.ID, want)
		}
		check(t, q.Complete(within(t), d))
	}
	send(t, q, "a", "c") // also when the first one has been completed
	d := receive(t, q)
	if d.ID != "c" {
		t.Fatalf("got %s, want c", d.ID)
	}
	check(t, q.Complete(within(t), d))
	silent(t, q)
}

func testWakes(t *testing.T, open New) {
	h := open(t, longLock)
	q, other := h.Open(t), h.Open(t)
	for i, from := range []queue.Queue{q, other} {
		got := make(chan *queue.Delivery, 1)
		go func() {
			defer close(got)
			for ctx := within(t); ; {
				d, err := q.Receive(ctx, 1)
				if err != nil {
					t.Errorf("receive: %v", err)
					return
				}
				if len(d) > 0 {
					got <- d[0]
					return
				}
			}
		}()
		time.Sleep(100 * time.Millisecond) // so that it waits; the test is correct without this, too
		id := fmt.Sprint("m", i)
		send(t, from, id)
		d := <-got
		if d == nil || d.ID != id {
			t.Fatalf("woken with %+v", d)
		}
		check(t, q.Complete(within(t), d))
	}
}

func testReceiveEnds(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	for ctx.Err() == nil {
		if got, err := q.Receive(ctx, 5); len(got) > 0 || err == nil && ctx.Err() != nil || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("got %d messages and %v", len(got), err)
		}
	}
	send(t, q, "a") // the handle is still good
	check(t, q.Complete(within(t), receive(t, q)))
}
