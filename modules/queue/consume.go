package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Handler does what one message asks for. nil completes the message, Poison
// dead-letters it, any other error gives it back to be delivered again. Its
// context carries the message's ids; it ends when the lock is lost (with
// ErrLockLost as its cause) or at the drain deadline.
type Handler func(ctx context.Context, b Body) error

// ConsumeOptions say how a queue is consumed.
type ConsumeOptions struct {
	Queue       Queue
	Handler     Handler
	Concurrency int           // messages handled at the same time; at least 1
	Drain       time.Duration // how long handlers may go on after ctx ended
	// Gate, when set, is waited on before each Receive: it returns nil when work
	// may be taken. A dependency that is down stops the receiving, so that no
	// message is delivered in vain.
	Gate func(ctx context.Context) error
	// Relay, when set, is told of each message that has ended: see Window.
	Relay   *Relay
	Metrics *Metrics // nil: none
}

// The pace of trying again.
const (
	firstPace   = 100 * time.Millisecond // after a failed receive, doubled up to maxPace
	maxPace     = 10 * time.Second
	abandonPace = time.Second // a message that failed comes again no sooner
)

// Consume handles messages until ctx ends. Then it receives no more, waits for
// the handlers until the drain deadline, cancels the rest and gives their
// messages back. It returns when all have ended.
func Consume(ctx context.Context, o ConsumeOptions) error {
	if o.Concurrency < 1 {
		return fmt.Errorf("consume queue %s: concurrency is %d and must be at least 1", o.Queue.Name(), o.Concurrency)
	}
	// handlers outlive the signal by the drain deadline
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	c := &consumer{ConsumeOptions: o, work: work, ending: ctx.Done()}

	free := semaphore.NewWeighted(int64(o.Concurrency))
	var hands sync.WaitGroup
	pace := firstPace
	for slots := take(ctx, free); slots > 0; slots = take(ctx, free) {
		got, err := c.receive(ctx, slots)
		free.Release(int64(slots - len(got)))
		for _, d := range got {
			hands.Go(func() {
				defer free.Release(1)
				c.handle(d)
			})
		}
		if err == nil {
			pace = firstPace
			continue
		}
		if ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Str("queue", o.Queue.Name()).Msg("Receiving failed; trying again")
			sleep(ctx, pace)
			pace = min(2*pace, maxPace)
		}
	}
	ended := make(chan struct{})
	go func() { hands.Wait(); close(ended) }()
	deadline := time.NewTimer(o.Drain)
	defer deadline.Stop()
	select {
	case <-ended:
	case <-deadline.C:
		stop()
		<-ended
	}
	return nil
}

// take takes at least one free slot and all others that are free now: asking
// for more than can be worked on would let locks run out in the waiting. It
// returns 0 when ctx has ended.
func take(ctx context.Context, free *semaphore.Weighted) (n int) {
	if free.Acquire(ctx, 1) != nil {
		return 0
	}
	for n = 1; free.TryAcquire(1); {
		n++
	}
	return n
}

// consumer is one Consume.
type consumer struct {
	ConsumeOptions
	work   context.Context // of the handlers
	ending <-chan struct{} // closed when the drain begins
}

// receive waits for the gate and then for messages. An empty result without an
// error may follow a lost connection; the caller simply tries again.
func (c *consumer) receive(ctx context.Context, slots int) ([]*Delivery, error) {
	if c.Gate != nil {
		if err := c.Gate(ctx); err != nil {
			return nil, err
		}
	}
	return c.Queue.Receive(ctx, slots)
}

// handle runs one message's handler and settles the message.
func (c *consumer) handle(d *Delivery) {
	began := time.Now()
	body, err := ParseBody(d.Body)
	if err != nil {
		telemetry.Log(c.work).Error().Err(err).Str("queue", c.Queue.Name()).Str("message_id", d.ID).Msg("Moved an unreadable message to the dead letters")
		c.bury(c.work, d, fault.CodeOf(err), err.Error())
		c.Metrics.handled(c.Queue.Name(), "dead", time.Since(began))
		return
	}
	body.Kind, body.Subject = d.Properties[propertyKind], d.Properties[propertySubject]
	// the id is copied into log lines and headers, whoever wrote the message
	body.CorrelationID = telemetry.CleanCorrelationID(cmp.Or(body.CorrelationID, d.CorrelationID))
	ctx, end := telemetry.Receive(telemetry.With(c.work, body.ids()), d.Properties[telemetry.Traceparent], "process "+c.Queue.Name(),
		messagingQueue.String(c.Queue.Name()), messagingID.String(d.ID), attribute.String("opal.kind", body.Kind),
		attribute.Int("opal.delivery_count", d.DeliveryCount), attribute.Int64("opal.waited_ms", waited(d, began)))
	outcome, err := c.run(ctx, d, body)
	telemetry.Note(ctx, attribute.String("opal.outcome", outcome))
	end(err)
	c.Metrics.handled(c.Queue.Name(), outcome, time.Since(began))
}

// waited returns how long a message was in the queue, in milliseconds, as far as this
// process's clock can tell.
func waited(d *Delivery, now time.Time) int64 {
	if d.EnqueuedAt.IsZero() {
		return 0
	}
	return max(0, now.Sub(d.EnqueuedAt).Milliseconds())
}

// run calls the handler under the renewed lock, settles the message and returns
// what became of it, with the error unless it was completed.
func (c *consumer) run(ctx context.Context, d *Delivery, body Body) (outcome string, err error) {
	held, cancel := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() { defer close(renewing); c.renew(held, d, cancel) }()
	err = c.call(held, body)
	p, poisoned := asPoison(err)
	if err != nil && !poisoned {
		telemetry.Log(ctx).Error().Err(err).Int("delivery_count", d.DeliveryCount).Msg("Handling a message failed; it is delivered again")
		// still under the lock: a message that failed immediately would fail again
		// immediately
		c.rest(held, min(abandonPace<<min(d.DeliveryCount-1, 4), maxPace))
	}
	lost := errors.Is(context.Cause(held), ErrLockLost)
	cancel(nil)
	<-renewing // a renewal after the settling would fail, or worse, succeed

	switch {
	case lost:
		telemetry.Log(ctx).Warn().Str("queue", c.Queue.Name()).Msg("The message's lock was lost; it is delivered again")
		return "lost", ErrLockLost
	case poisoned:
		telemetry.Log(ctx).Error().Err(err).Str("reason", p.reason).Msg("Moved a message to the dead letters")
		c.bury(ctx, d, p.reason, p.err.Error())
		return "dead", err
	case err != nil:
		c.settle(ctx, func(ctx context.Context) error { return c.Queue.Abandon(ctx, d) })
		return "abandoned", err
	}
	crashpoint.Reach(crashpoint.MessageHandled)
	c.end(ctx, d)
	c.settle(ctx, func(ctx context.Context) error { return c.Queue.Complete(ctx, d) })
	return "completed", nil
}

// rest waits about d, or until the lock is lost or the drain begins.
func (c *consumer) rest(held context.Context, d time.Duration) {
	t := time.NewTimer(jittered(d))
	defer t.Stop()
	select {
	case <-held.Done():
	case <-c.ending:
	case <-t.C:
	}
}

// call runs the handler; a panic costs the message one delivery.
func (c *consumer) call(ctx context.Context, b Body) error {
	return fault.Guard(func() error { return c.Handler(ctx, b) })
}
