package servicebus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue"
)

// receiveWait bounds one wait for messages. After it the connection is probed:
// an idle one that is half-open would wait for a minute.
const receiveWait = 20 * time.Second

// token is the adapter's data of a delivery.
type token struct {
	links *links
	msg   *azservicebus.ReceivedMessage
	stale atomic.Bool // its link was tried: settle by the lock token
}

// Receive locks up to max messages. It asks for exactly that many: credit that
// is left over makes the service push messages that the library hands back
// unread. It returns none after a connection loss, as the library does.
func (q *Queue) Receive(ctx context.Context, max int) ([]*queue.Delivery, error) {
	l, err := q.open()
	if err != nil {
		return nil, q.translate("receive from", err)
	}
	if err := q.try(ctx, "receive from", func(ctx context.Context, l *links) error { return l.ensure(ctx) }); err != nil {
		return nil, err
	}
	began := time.Now()
	var messages []*azservicebus.ReceivedMessage
	idle := false
	// the life's context ends a receive whose client is given up
	err = l.life.call(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, receiveWait)
		defer cancel()
		var err error
		messages, err = receive(ctx, l.receiver, max)
		idle = errors.Is(ctx.Err(), context.DeadlineExceeded)
		if len(messages) == 0 && !idle {
			l.failed()
		}
		return err
	})
	switch {
	case len(messages) > 0:
		out := make([]*queue.Delivery, len(messages))
		for i, m := range messages {
			out[i] = q.delivery(l, m)
		}
		return out, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case l.life.over():
		if q.closed(l) {
			return nil, queue.ErrUnavailable.With("the queue is closed")
		}
		return nil, nil
	case idle:
		return nil, q.Ping(ctx)
	case err == nil && time.Since(began) < time.Millisecond:
		// never spin when the library returns immediately
		return nil, queue.ErrUnavailable.With("receiving ended at once")
	}
	return nil, q.translate("receive from", err)
}

// errUnreadable is a message that the library can't read.
var errUnreadable = errors.New("the client library can't read a message")

// guarded calls f, which makes messages with the library. The library panics on
// a message whose annotations or dead-letter properties are not of the type it
// expects, whoever sent it; such a message comes again until it is a dead
// letter.
func guarded(f func() ([]*azservicebus.ReceivedMessage, error)) (got []*azservicebus.ReceivedMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			got, err = nil, fmt.Errorf("%w: %v", errUnreadable, p)
		}
	}()
	return f()
}

func receive(ctx context.Context, r *azservicebus.Receiver, max int) ([]*azservicebus.ReceivedMessage, error) {
	return guarded(func() ([]*azservicebus.ReceivedMessage, error) { return r.ReceiveMessages(ctx, max, nil) })
}

// peekFrom reads messages from a sequence number on, without locking them.
func peekFrom(ctx context.Context, r *azservicebus.Receiver, from int64, max int) ([]*azservicebus.ReceivedMessage, error) {
	return guarded(func() ([]*azservicebus.ReceivedMessage, error) {
		return r.PeekMessages(ctx, max, &azservicebus.PeekMessagesOptions{FromSequenceNumber: &from})
	})
}

func (q *Queue) delivery(l *links, m *azservicebus.ReceivedMessage) *queue.Delivery {
	return &queue.Delivery{
		Message:       incoming(m),
		DeliveryCount: int(m.DeliveryCount),
		EnqueuedAt:    enqueuedAt(m),
		LockedUntil:   q.lockedUntil(m.LockedUntil),
		Token:         &token{links: l, msg: m},
	}
}

// deadLetterPrefix begins the names of the properties that the service gives a
// dead letter. They are not sent again with it.
const deadLetterPrefix = "DeadLetter"

func incoming(m *azservicebus.ReceivedMessage) queue.Message {
	out := queue.Message{ID: m.MessageID, Body: m.Body}
	if m.CorrelationID != nil {
		out.CorrelationID = *m.CorrelationID
	}
	for name, v := range m.ApplicationProperties {
		value, ok := v.(string)
		if !ok || strings.HasPrefix(name, deadLetterPrefix) {
			continue
		}
		if out.Properties == nil {
			out.Properties = map[string]string{}
		}
		out.Properties[name] = value
	}
	return out
}

func enqueuedAt(m *azservicebus.ReceivedMessage) time.Time {
	if m.EnqueuedTime == nil {
		return time.Time{}
	}
	return m.EnqueuedTime.UTC()
}

// lockedUntil converts the end of a lock from the service's clock to this
// process's. A remainder that can't be, because the clocks disagree, is replaced
// by the configured duration, which has just begun.
func (q *Queue) lockedUntil(at *time.Time) time.Time {
	now := time.Now()
	if at != nil {
		if left := at.Sub(now); left > 0 && left <= q.ns.lock {
			return now.Add(left)
		}
	}
	return now.Add(q.ns.lock)
}

// Renew extends the lock, by its token alone: that works on any connection. The
// library writes the new time into the message it is given, so it gets its own.
func (q *Queue) Renew(ctx context.Context, d *queue.Delivery) (time.Time, error) {
	own := &azservicebus.ReceivedMessage{LockToken: d.Token.(*token).msg.LockToken}
	err := q.try(ctx, "renew a lock of", func(ctx context.Context, l *links) error {
		if err := l.ensure(ctx); err != nil {
			return err
		}
		return l.receiver.RenewMessageLock(ctx, own, nil)
	})
	if err != nil {
		return time.Time{}, err
	}
	return q.lockedUntil(own.LockedUntil), nil
}
