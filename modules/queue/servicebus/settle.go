package servicebus

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue"
)

// linkWait bounds a settling on the link that the message came on. On a link
// that is gone the library tries for 40 s on a schedule of its own, tearing down
// the new connection each time, and fails although the lock is valid. Its first
// retry comes after 3.2 s at the earliest.
const linkWait = 2 * time.Second

// settling is one of the library's settling calls.
type settling func(ctx context.Context, r *azservicebus.Receiver, m *azservicebus.ReceivedMessage) error

// Complete removes the message.
func (q *Queue) Complete(ctx context.Context, d *queue.Delivery) error {
	return q.settle(ctx, "complete a message of", d, func(ctx context.Context, r *azservicebus.Receiver, m *azservicebus.ReceivedMessage) error {
		return r.CompleteMessage(ctx, m, nil)
	})
}

// Abandon makes the message available again immediately.
func (q *Queue) Abandon(ctx context.Context, d *queue.Delivery) error {
	return q.settle(ctx, "abandon a message of", d, func(ctx context.Context, r *azservicebus.Receiver, m *azservicebus.ReceivedMessage) error {
		return r.AbandonMessage(ctx, m, nil)
	})
}

// DeadLetter moves the message to the dead-letter queue.
func (q *Queue) DeadLetter(ctx context.Context, d *queue.Delivery, reason, description string) error {
	reason, description = queue.DeadText(reason), queue.DeadText(description)
	return q.settle(ctx, "dead-letter a message of", d, func(ctx context.Context, r *azservicebus.Receiver, m *azservicebus.ReceivedMessage) error {
		return r.DeadLetterMessage(ctx, m, &azservicebus.DeadLetterOptions{Reason: &reason, ErrorDescription: &description})
	})
}

// settle tries the message's own link, briefly, and then its lock token, which
// any connection takes.
func (q *Queue) settle(ctx context.Context, doing string, d *queue.Delivery, op settling) error {
	t := d.Token.(*token)
	if !t.stale.Load() && !t.links.life.over() {
		// whatever comes of it, the library takes the delivery for settled and would
		// answer a second call without asking
		t.stale.Store(true)
		err := t.links.life.call(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, linkWait)
			defer cancel()
			err := op(ctx, t.links.receiver, t.msg)
			if err != nil && !lockLost(err) {
				t.links.failed()
			}
			return err
		})
		if err == nil || lockLost(err) {
			return q.translate(doing, err)
		}
		if ctx.Err() != nil {
			return q.translate(doing, errors.Join(queue.ErrUnavailable, err))
		}
	}
	return q.try(ctx, doing, func(ctx context.Context, l *links) error {
		if err := l.ensure(ctx); err != nil {
			return err
		}
		own := &azservicebus.ReceivedMessage{LockToken: t.msg.LockToken}
		// renewing shows whether the lock is still valid, and uses the client's own
		// retries, which settling ignores
		if err := l.receiver.RenewMessageLock(ctx, own, nil); err != nil {
			return err
		}
		return op(ctx, l.receiver, &azservicebus.ReceivedMessage{LockToken: t.msg.LockToken})
	})
}
