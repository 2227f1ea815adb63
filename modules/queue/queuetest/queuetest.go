// Package queuetest is the suite that every queue adapter passes.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue"
)

// Harness is a fresh, empty queue.
type Harness struct {
	// Open returns one more handle on the queue, as another process would have
	// it, closed with the test.
	Open   func(t *testing.T) queue.Queue
	Faults *Faults // nil: no network lies between the handles and the queue
	// Unauthorized and Missing return handles that the queue refuses, and on a
	// queue that does not exist; nil where the adapter has no such case.
	Unauthorized, Missing func(t *testing.T) queue.Queue
}

// Faults inject network faults into the handles.
type Faults struct {
	Drop       func()                // cuts all connections
	Refuse     func(d time.Duration) // cuts them, and new ones for d
	Freeze     func()                // open connections go silent
	Throttle   func(n int)           // the next n sends are refused as too many
	LoseAnswer func(n int)           // the next n sends are stored, and their answers lost
}

// New makes a harness whose deliveries are locked for lock.
type New func(t *testing.T, lock time.Duration) Harness

// The locks of the tests: short to see one run out, long so that none does.
const (
	shortLock = 1500 * time.Millisecond
	longLock  = 20 * time.Second
	// patience bounds each wait for something that must happen; it measures
	// nothing.
	patience = 40 * time.Second
	// quiet is how long a queue must stay silent in a test of silence.
	quiet = 300 * time.Millisecond
)

// Run runs the suite.
func Run(t *testing.T, open New) {
	for _, g := range []struct {
		name  string
		tests []test
	}{{"lock", lockTests}, {"dead", deadTests}, {"consume", consumeTests}, {"fault", faultTests}} {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.tests {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, open)
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(t *testing.T, open New)
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// body is a valid message body with the item.
func body(item string) []byte {
	return fmt.Appendf(nil, `{"tenant_id":"t1","job_id":"j1","item_id":%q,"correlation_id":"c-%s"}`, item, item)
}

func message(id string) queue.Message {
	return queue.Message{ID: id, Body: body(id), CorrelationID: "c-" + id}
}

func send(t *testing.T, q queue.Queue, ids ...string) {
	t.Helper()
	var m []queue.Message
	for _, id := range ids {
		m = append(m, message(id))
	}
	check(t, q.Send(within(t), m))
}

// receive returns one message, waiting for it.
func receive(t *testing.T, q queue.Queue) *queue.Delivery {
	t.Helper()
	for ctx := within(t); ; {
		got, err := q.Receive(ctx, 1)
		check(t, err)
		if len(got) > 1 {
			t.Fatalf("asked for 1 message and got %d", len(got))
		}
		if len(got) == 1 {
			return got[0]
		}
	}
}

// silent checks that no message arrives within quiet.
func silent(t *testing.T, q queue.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), quiet)
	defer cancel()
	for ctx.Err() == nil {
		got, err := q.Receive(ctx, 1)
		if len(got) > 0 {
			t.Fatalf("message %s came for the %d. time", got[0].ID, got[0].DeliveryCount)
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

// wait waits until ok returns true, and fails naming what after patience.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func stats(t *testing.T, q queue.Queue) queue.Stats {
	t.Helper()
	s, err := q.Stats(within(t))
	check(t, err)
	return s
}
