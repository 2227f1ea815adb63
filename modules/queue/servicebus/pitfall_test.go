package servicebus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/servicebus"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// patience bounds each wait for something that must happen; it measures
// nothing.
const patience = 30 * time.Second

func messages(n int) (m []queue.Message) {
	for i := range n {
		m = append(m, queue.Message{ID: fmt.Sprint(i), Body: fmt.Appendf(nil, `{"tenant_id":"t","job_id":"j","item_id":"i%d","correlation_id":"c"}`, i)})
	}
	return m
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// consume handles messages until the test ends.
func consume(t *testing.T, q queue.Queue, slots int, h queue.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- queue.Consume(ctx, queue.ConsumeOptions{Queue: q, Handler: h, Concurrency: slots, Drain: patience})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Asking for more messages than there were free slots made the service push
// messages that the library handed back: 2,701 transfers for 200 messages.
func TestNoMessageIsPushedInVain(t *testing.T) {
	t.Parallel()
	s := server(t, time.Minute, sbtest.Options{})
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	const n = 300
	var handled atomic.Int64
	consume(t, q, 4, func(context.Context, queue.Body) error {
		time.Sleep(time.Millisecond)
		handled.Add(1)
		return nil
	})
	for part := range 3 { // while it works
		if err := q.Send(t.Context(), messages(n)[part*100:part*100+100]); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all are settled", func() bool { st := s.Stats(jobs); return handled.Load() == n && st.Active+st.Locked == 0 })
	if st := s.Stats(jobs); st.Transfers > n+n/20 || st.Releases > n/20 {
		t.Fatalf("%d transfers and %d handed back for %d messages", st.Transfers, st.Releases, n)
	}
}

// Links are dropped by the service when they are idle, and at will.
func TestDetachedLinksComeBack(t *testing.T) {
	s := server(t, time.Minute, sbtest.Options{})
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	var handled atomic.Int64
	release := make(chan struct{})
	consume(t, q, 3, func(ctx context.Context, _ queue.Body) error {
		handled.Add(1)
		<-release
		return ctx.Err()
	})
	if err := q.Send(t.Context(), messages(4)); err != nil {
		t.Fatal(err)
	}
	until(t, "three are in hand", func() bool { return handled.Load() == 3 })
	s.DetachLinks(jobs, sbtest.DetachForced)
	close(release)
	until(t, "all are completed", func() bool { st := s.Stats(jobs); return st.Active+st.Locked == 0 })
	if n := handled.Load(); n != 4 {
		t.Fatalf("handled %d times", n)
	}
}

// The message's lock stays valid after its link is gone: settling takes the
// short try and then the token, not the library's 40 s.
func TestSettlingOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	s := server(t, time.Minute, sbtest.Options{})
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	if err := q.Send(t.Context(), messages(3)); err != nil {
		t.Fatal(err)
	}
	for name, settle := range map[string]func(ctx context.Context, d *queue.Delivery) error{
		"complete": q.Complete, "abandon": q.Abandon,
		"dead-letter": func(ctx context.Context, d *queue.Delivery) error { return q.DeadLetter(ctx, d, "r", "d") },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := q.Receive(t.Context(), 1)
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: received %d, %v", name, len(got), err)
			}
			s.DropConnections()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			err = settle(ctx, got[0])
			cancel()
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			until(t, "it is settled", func() bool { return s.Stats(jobs).Locked == 0 })
		})
	}
	if s.DeadStats(jobs).Active != 1 {
		t.Fatalf("%+v", s.DeadStats(jobs))
	}
}

// The library panics on a message whose dead-letter properties are not strings.
func TestStrangersMessages(t *testing.T) {
	t.Parallel()
	s := server(t, time.Second, sbtest.Options{})
	c, err := azservicebus.NewClientFromConnectionString(s.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	tx, err := c.NewSender(jobs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*azservicebus.AMQPAnnotatedMessage{
		{ApplicationProperties: map[string]any{"DeadLetterReason": int64(7)}, Body: azservicebus.AMQPAnnotatedMessageBody{Data: [][]byte{{'x'}}}},
		{Body: azservicebus.AMQPAnnotatedMessageBody{Value: "no data section"}},
		{Body: azservicebus.AMQPAnnotatedMessageBody{Data: [][]byte{[]byte("{"), []byte("}")}}},
	} {
		if err := tx.SendAMQPAnnotatedMessage(t.Context(), m, nil); err != nil {
			t.Fatal(err)
		}
	}
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	if err := q.Send(t.Context(), messages(1)); err != nil {
		t.Fatal(err)
	}
	var handled atomic.Int64
	consume(t, q, 1, func(context.Context, queue.Body) error { handled.Add(1); return nil })
	// the first fails its receive each time, until it is a dead letter; the rest
	// go on
	until(t, "the good one is handled", func() bool { return handled.Load() == 1 })
	until(t, "the unreadable are dead letters", func() bool { return s.DeadStats(jobs).Active >= 2 })
}

func TestTooLarge(t *testing.T) {
	s := server(t, time.Minute, sbtest.Options{})
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	err := q.Send(t.Context(), []queue.Message{{ID: "a", Body: make([]byte, 300<<10)}})
	if !errors.Is(err, queue.ErrTooLarge) {
		t.Fatal(err)
	}
}

func TestServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := server(t, time.Minute, sbtest.Options{})
	q := open(t, jobs, servicebus.Options{ConnectionString: s.ConnectionString()})
	s.Close()
	for name, call := range map[string]func(context.Context) error{
		"send":    func(ctx context.Context) error { return q.Send(ctx, messages(1)) },
		"receive": func(ctx context.Context) error { _, err := q.Receive(ctx, 1); return err },
		"ping":    q.Ping,
		"redrive": func(ctx context.Context) error { _, err := q.Redrive(ctx, 1); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := call(ctx); !errors.Is(err, queue.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
}

// Closing does not wait for a connection that is half-open.
func TestClosingIsBounded(t *testing.T) {
	s := server(t, time.Minute, sbtest.Options{})
	ns, err := servicebus.Open(t.Context(), servicebus.Options{ConnectionString: s.ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	q := ns.Queue(jobs)
	if err := q.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _ = q.Close(ctx), ns.Close(ctx) // that they fail is the peer's fault
	if took := time.Since(began); took > patience/3 {
		t.Fatalf("took %v", took)
	}
	s.DropConnections()
}

func TestConnectionStringIsChecked(t *testing.T) {
	const secret = "c2VjcmV0"
	for _, cs := range []string{
		"nonsense", "Endpoint=sb://x;SharedAccessKeyName=k", "SharedAccessKey=" + secret, "Endpoint=;SharedAccessKeyName=k;SharedAccessKey=" + secret,
	} {
		t.Run(cs, func(t *testing.T) {
			ns, err := servicebus.Open(t.Context(), servicebus.Options{ConnectionString: cs})
			if err == nil {
				_ = ns.Close(t.Context())
				t.Error("was taken")
				return
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	if _, err := servicebus.Open(t.Context(), servicebus.Options{Namespace: "opal"}); err == nil {
		t.Error("took a namespace with no credential")
	}
}
