package queue

import (
	"context"
	"errors"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

// The times of a settlement and a renewal. After a lost connection a client
// library may block for half a minute before it fails, so the first try is
// short; the second waits for the reconnection.
const (
	settleFirst = 2 * time.Second
	settleAgain = 15 * time.Second
	renewWait   = 10 * time.Second
	minRenew    = 50 * time.Millisecond
	endWait     = 2 * time.Second
)

// renew keeps the lock for as long as the handler runs, at half the remaining
// time, each call with a time of its own. It works on a copy, because the
// handler's side reads the delivery. It cancels with ErrLockLost when the lock
// is gone.
func (c *consumer) renew(ctx context.Context, d *Delivery, cancel context.CancelCauseFunc) {
	own := *d
	for {
		left := time.Until(own.LockedUntil)
		if left <= 0 {
			cancel(ErrLockLost)
			return
		}
		// after a failed renewal the next wait is half of the remaining time
		t := time.NewTimer(min(left, max(left/2, minRenew)))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		call, done := context.WithTimeout(ctx, min(renewWait, max(time.Until(own.LockedUntil), minRenew)))
		until, err := c.Queue.Renew(call, &own)
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

// bury moves a message to the dead letters.
func (c *consumer) bury(ctx context.Context, d *Delivery, reason, description string) {
	c.end(ctx, d)
	c.settle(ctx, func(ctx context.Context) error { return c.Queue.DeadLetter(ctx, d, reason, description) })
}

// end frees the message's place in its tenant's window. It comes before the
// settling: after a crash between the two the message is delivered again, and
// ended again, while the other way round the place would stay taken.
func (c *consumer) end(ctx context.Context, d *Delivery) {
	if c.Relay == nil {
		return
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWait)
	defer cancel()
	if err := c.Relay.Ended(call, c.Queue.Name(), d.ID); err != nil {
		telemetry.Log(ctx).Warn().Err(err).Msg("Could not record that a message ended; its place in the window frees itself later")
	}
}

// settle ends the message's delivery. If both tries fail the message is
// delivered again; handlers must tolerate that.
func (c *consumer) settle(ctx context.Context, call func(context.Context) error) {
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
		telemetry.Log(ctx).Warn().Err(err).Str("queue", c.Queue.Name()).Msg("Settling a message failed; it is delivered again")
	}
}
