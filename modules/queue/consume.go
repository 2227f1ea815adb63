package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

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
	Concurrency int           // messages in hand at once
	Drain       time.Duration // how long handlers may go on after ctx ended
	// Gate, when set, is waited on before each Receive: it returns nil when work
	// may be taken. A dependency that is down stops the receiving, so that no
	// message is delivered in vain.
	Gate    func(ctx context.Context) error
	Metrics *Metrics // nil: none
}

// The times of a settlement and a renewal. After a lost connection the client
// library may block for half a minute before it fails; a second try on the lock
// token alone works once it has reconnected.
const (
	settleFirst = 2 * time.Second
	settleAgain = 15 * time.Second
	renewWait   = 10 * time.Second
	minRenew    = 50 * time.Millisecond
	receivePace = 100 * time.Millisecond // after an error, doubled up to maxPace
	maxPace     = 10 * time.Second
	abandonPace = time.Second // a message that failed comes again no sooner
)

// Consume handles messages until ctx ends. Then it receives no more, waits for
// the handlers until the drain deadline, cancels the rest and gives their
// messages back. It returns when all have ended.
func Consume(ctx context.Context, o ConsumeOptions) error {
	c := &consumer{o: o, log: ctx}
	// handlers outlive the signal by the drain deadline
	var stop context.CancelFunc
	c.work, stop = context.WithCancel(context.WithoutCancel(ctx))
	defer stop()

	free := make(chan struct{}, o.Concurrency)
	for range o.Concurrency {
		free <- struct{}{}
	}
	var hands sync.WaitGroup
	pace := receivePace
	for ctx.Err() == nil {
		if err := c.gate(ctx); err != nil {
			break
		}
		slots := take(ctx, free)
		if slots == 0 {
			break
		}
		got, err := o.Queue.Receive(ctx, slots)
		for range slots - len(got) {
			free <- struct{}{}
		}
		for _, d := range got {
			hands.Go(func() {
				defer func() { free <- struct{}{} }()
				c.handle(d)
			})
		}
		if err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Str("queue", o.Queue.Name()).Msg("Receiving failed; trying again")
			sleep(ctx, pace)
			pace = min(2*pace, maxPace)
			continue
		}
		pace = receivePace
	}
	ended := make(chan struct{})
	go func() { hands.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(o.Drain):
		stop()
		<-ended
	}
	return nil
}

// take takes at least one free slot and all others that are free now: asking
// for more than can be worked on would let locks run out in the waiting.
func take(ctx context.Context, free chan struct{}) int {
	select {
	case <-ctx.Done():
		return 0
	case <-free:
	}
	n := 1
	for {
		select {
		case <-free:
			n++
		default:
			return n
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + time.Duration(rand.Int64N(int64(d))))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

type consumer struct {
	o    ConsumeOptions
	log  context.Context // for lines that belong to no message
	work context.Context
}

func (c *consumer) gate(ctx context.Context) error {
	if c.o.Gate == nil {
		return nil
	}
	return c.o.Gate(ctx)
}

// handle takes one message through its handler and settles it.
func (c *consumer) handle(d *Delivery) {
	body, err := ParseBody(d.Body)
	if err != nil {
		telemetry.Log(c.log).Error().Err(err).Str("queue", c.o.Queue.Name()).Str("message_id", d.ID).Msg("Moved an unreadable message to the dead letters")
		c.settle(c.work, d, func(ctx context.Context) error {
			return c.o.Queue.DeadLetter(ctx, d, fault.CodeOf(err), err.Error())
		})
		c.o.Metrics.ended(c.o.Queue.Name(), "dead")
		return
	}
	if body.CorrelationID == "" {
		body.CorrelationID = telemetry.CleanCorrelationID(d.CorrelationID)
	}
	ctx := telemetry.With(c.work, telemetry.IDs{CorrelationID: body.CorrelationID, TenantID: body.TenantID, JobID: body.JobID, ItemID: body.ItemID})
	ctx, cancel := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() { defer close(renewing); c.renew(ctx, d, cancel) }()

	began := time.Now()
	err = c.call(ctx, body)
	lost := errors.Is(context.Cause(ctx), ErrLockLost)
	cancel(nil)
	<-renewing // a renewal after the settling would fail, or worse, succeed

	result := "completed"
	switch p, isPoison := asPoison(err); {
	case lost:
		result = "lost"
		telemetry.Log(ctx).Warn().Str("queue", c.o.Queue.Name()).Msg("The message's lock was lost; it is delivered again")
	case isPoison:
		result = "dead"
		telemetry.Log(ctx).Error().Err(err).Str("reason", p.reason).Msg("Moved a message to the dead letters")
		c.settle(ctx, d, func(ctx context.Context) error { return c.o.Queue.DeadLetter(ctx, d, p.reason, p.err.Error()) })
	case err != nil:
		result = "abandoned"
		telemetry.Log(ctx).Error().Err(err).Int("delivery_count", d.DeliveryCount).Msg("Handling a message failed; it is delivered again")
		sleep(c.work, min(abandonPace<<min(d.DeliveryCount-1, 4), maxPace))
		c.settle(ctx, d, func(ctx context.Context) error { return c.o.Queue.Abandon(ctx, d) })
	default:
		c.settle(ctx, d, func(ctx context.Context) error { return c.o.Queue.Complete(ctx, d) })
	}
	c.o.Metrics.handled(c.o.Queue.Name(), result, time.Since(began))
}

// call runs the handler; a panic costs the message one delivery.
func (c *consumer) call(ctx context.Context, b Body) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return c.o.Handler(ctx, b)
}

// renew keeps the lock for as long as the handler runs, at half the remaining
// time, each call with a time of its own. It works on a copy, because the
// handler's side reads the delivery.
func (c *consumer) renew(ctx context.Context, d *Delivery, cancel context.CancelCauseFunc) {
	own := *d
	for {
		left := time.Until(own.LockedUntil)
		if left <= 0 {
			cancel(ErrLockLost)
			return
		}
		t := time.NewTimer(max(left/2, minRenew))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		call, done := context.WithTimeout(ctx, min(renewWait, max(time.Until(own.LockedUntil), minRenew)))
		until, err := c.o.Queue.Renew(call, &own)
		done()
		switch {
		case err == nil:
			own.LockedUntil = until
		case errors.Is(err, ErrLockLost):
			cancel(ErrLockLost)
			return
		case ctx.Err() == nil:
			telemetry.Log(ctx).Warn().Err(err).Msg("Renewing the message's lock failed; trying again")
		}
	}
}

// settle ends the message's delivery: a short first try, then one that waits
// for a reconnection. If both fail the message comes again, and handlers are
// made for that.
func (c *consumer) settle(ctx context.Context, d *Delivery, call func(context.Context) error) {
	var err error
	for _, wait := range []time.Duration{settleFirst, settleAgain} {
		try, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		err = call(try)
		cancel()
		if err == nil || errors.Is(err, ErrLockLost) {
			break
		}
	}
	if err != nil {
		telemetry.Log(ctx).Warn().Err(err).Str("queue", c.o.Queue.Name()).Msg("Settling a message failed; it is delivered again")
	}
}
