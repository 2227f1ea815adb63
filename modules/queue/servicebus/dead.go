package servicebus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/queue"
)

const (
	peekBatch = 250  // messages that the service returns per peek
	statsMax  = 1000 // messages that Stats looks at; counting them otherwise takes the right to manage
	deadBatch = 50
	// deadWait bounds the wait for dead letters that a peek has shown.
	deadWait = 5 * time.Second
	// maxSkipped bounds how many dead letters are held while others are looked
	// for.
	maxSkipped = 5000
)

// peek calls each for up to max messages, without locking them, and returns how
// many there were.
func peek(ctx context.Context, r *azservicebus.Receiver, max int, each func(*azservicebus.ReceivedMessage)) (int, error) {
	n, from := 0, int64(0) // the receiver's own position is shared
	for n < max {
		got, err := peekFrom(ctx, r, from, min(peekBatch, max-n))
		if err != nil || len(got) == 0 {
			return n, err
		}
		for _, m := range got {
			each(m)
			if m.SequenceNumber != nil {
				from = *m.SequenceNumber + 1
			}
		}
		n += len(got)
	}
	return n, nil
}

// PeekDead lists dead letters, oldest first.
func (q *Queue) PeekDead(ctx context.Context, max int) ([]queue.Dead, error) {
	var out []queue.Dead
	err := q.try(ctx, "peek at the dead letters of", func(ctx context.Context, l *links) error {
		out = []queue.Dead{}
		_, err := peek(ctx, l.dead, max, func(m *azservicebus.ReceivedMessage) { out = append(out, dead(m)) })
		return err
	})
	return out, err
}

func dead(m *azservicebus.ReceivedMessage) queue.Dead {
	d := queue.Dead{Message: incoming(m), EnqueuedAt: enqueuedAt(m)}
	d.DeliveryCount = int(m.DeliveryCount) - 1 // the library adds the delivery that a peek is not
	if m.DeadLetterReason != nil {
		d.Reason = *m.DeadLetterReason
	}
	if m.DeadLetterErrorDescription != nil {
		d.Description = *m.DeadLetterErrorDescription
	}
	return d
}

// Stats counts by peeking, up to 1,000 messages of each kind.
func (q *Queue) Stats(ctx context.Context) (queue.Stats, error) {
	var s queue.Stats
	err := q.try(ctx, "count the messages of", func(ctx context.Context, l *links) error {
		s = queue.Stats{}
		if err := l.ensure(ctx); err != nil {
			return err
		}
		active, err := peek(ctx, l.receiver, statsMax, func(m *azservicebus.ReceivedMessage) {
			if m.State == azservicebus.MessageStateActive {
				s.Active++
			}
		})
		if err != nil {
			return err
		}
		n, err := peek(ctx, l.dead, statsMax, func(*azservicebus.ReceivedMessage) {})
		s.Dead, s.AtLeast = int64(n), active == statsMax || n == statsMax
		return err
	})
	return s, err
}

// redriveSpace makes the new id of a redriven message from its old one and its
// place in the dead-letter queue, so that a redrive which is cut short between
// sending and removing does not double the message when it is repeated.
const redriveSpace = "opal/redrive"

// Redrive sends dead letters again under new ids.
func (q *Queue) Redrive(ctx context.Context, max int, ids ...string) (int, error) {
	return q.takeDead(ctx, "redrive dead letters of", max, ids, func(ctx context.Context, m *azservicebus.ReceivedMessage) error {
		again := incoming(m)
		place := int64(0)
		if m.SequenceNumber != nil {
			place = *m.SequenceNumber
		}
		again.ID = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%s/%d", redriveSpace, m.MessageID, place)).String()
		return q.Send(ctx, []queue.Message{again})
	})
}

// PurgeDead deletes dead letters.
func (q *Queue) PurgeDead(ctx context.Context, max int, ids ...string) (int, error) {
	return q.takeDead(ctx, "purge dead letters of", max, ids, func(context.Context, *azservicebus.ReceivedMessage) error { return nil })
}

// takeDead removes up to max dead letters, calling each for every one before.
func (q *Queue) takeDead(ctx context.Context, doing string, max int, ids []string, each func(context.Context, *azservicebus.ReceivedMessage) error) (int, error) {
	want, err := q.countDead(ctx, max, ids)
	if err != nil || want == 0 {
		return 0, err
	}
	l, err := q.open()
	if err != nil {
		return 0, q.translate(doing, err)
	}
	n := 0
	err = l.life.call(ctx, func(ctx context.Context) error {
		var err error
		n, err = q.removeDead(ctx, doing, l, want, ids, each)
		return err
	})
	return n, err
}

func (q *Queue) removeDead(ctx context.Context, doing string, l *links, want int, ids []string, each func(context.Context, *azservicebus.ReceivedMessage) error) (int, error) {
	// a receiver of its own: a shared one keeps the credit that was not used up
	r, err := l.life.client.NewReceiverForQueue(q.name, &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	if err != nil {
		return 0, q.translate(doing, err)
	}
	var skipped []*azservicebus.ReceivedMessage
	defer func() { free(ctx, r, l.dead, skipped) }()
	n := 0
	for n < want && len(skipped) < maxSkipped {
		wait, cancel := context.WithTimeout(ctx, deadWait)
		got, err := receive(wait, r, deadBatch)
		cancel()
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if len(got) == 0 && (err == nil || errors.Is(err, context.DeadlineExceeded)) {
			return n, nil // another process holds the rest
		}
		if err != nil {
			return n, q.translate(doing, err)
		}
		for i, m := range got {
			if n == want || len(ids) > 0 && !slices.Contains(ids, m.MessageID) {
				skipped = append(skipped, m)
				continue
			}
			err := each(ctx, m)
			if err == nil {
				err = q.translate(doing, r.CompleteMessage(ctx, m, nil))
			}
			if err != nil {
				skipped = append(skipped, got[i:]...)
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// countDead returns how many dead letters there are, of those ids if any are
// given, and max at most. It distinguishes an empty queue from one that is slow
// or can't be reached.
func (q *Queue) countDead(ctx context.Context, max int, ids []string) (int, error) {
	look := max
	if len(ids) > 0 {
		look = maxSkipped
	}
	n := 0
	err := q.try(ctx, "peek at the dead letters of", func(ctx context.Context, l *links) error {
		n = 0
		_, err := peek(ctx, l.dead, look, func(m *azservicebus.ReceivedMessage) {
			if len(ids) == 0 || slices.Contains(ids, m.MessageID) {
				n++
			}
		})
		return err
	})
	return min(n, max), err
}

// free makes dead letters available again immediately instead of when their
// locks run out. Their receiver is closed first: its credit would bring them
// back to it.
func free(ctx context.Context, r, other *azservicebus.Receiver, skipped []*azservicebus.ReceivedMessage) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
	defer cancel()
	_ = r.Close(end)
	for _, m := range skipped {
		_ = other.AbandonMessage(end, &azservicebus.ReceivedMessage{LockToken: m.LockToken}, nil)
	}
}
