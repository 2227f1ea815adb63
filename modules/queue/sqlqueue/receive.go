package sqlqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// The reason of a message that was delivered too often, as Service Bus names
// it.
const maxDeliveriesReason = "MaxDeliveryCountExceeded"

func maxDeliveriesText(n int) string {
	return fmt.Sprintf("It was delivered %d times and never completed", n)
}

// Receive locks up to max messages, and waits for the first.
func (q *Queue) Receive(ctx context.Context, max int) ([]*queue.Delivery, error) {
	deadline := time.NewTimer(receiveWait)
	defer deadline.Stop()
	poll := time.NewTicker(q.poll)
	defer poll.Stop()
	for {
		got, buried, err := q.claim(ctx, max)
		if err != nil {
			return nil, failed("receive", err)
		}
		if len(got) > 0 {
			return got, nil
		}
		if buried {
			continue // messages behind them were not read
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.closed:
			return nil, queue.ErrUnavailable.With("the queue is closed")
		case <-deadline.C:
			return nil, nil
		case <-q.wake:
		case <-poll.C:
		}
	}
}

// visible is the condition of a message that may be delivered. The clock is read
// in a subquery, so that both engines read it once and use the index.
const visible = ` queue = $1 AND dead_at IS NULL AND visible_at <= (SELECT now_ms())`

// claim locks up to max messages. It reports whether it buried any that had been
// delivered too often.
func (q *Queue) claim(ctx context.Context, max int) (out []*queue.Delivery, buried bool, err error) {
	// look first without a write transaction: an idle worker must not block
	// writers
	var waits bool
	if err := q.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM queue_messages WHERE`+visible+`)`, q.name).Scan(&waits); err != nil || !waits {
		return nil, false, err
	}
	err = q.db.InTx(ctx, func(tx *db.Tx) error {
		out, buried = nil, false
		found, err := q.oldest(ctx, tx, max)
		if err != nil {
			return err
		}
		for _, d := range found {
			if d.DeliveryCount >= queue.MaxDeliveries { // the last one's lock ran out
				buried = true
				if err := q.bury(ctx, tx, d); err != nil {
					return err
				}
				continue
			}
			token := uuid.NewString()
			// taken before the database's clock is read, so that the lock is over
			// here no later than there
			now := time.Now()
			if _, err := tx.ExecContext(ctx, `UPDATE queue_messages SET lock_token = $3, visible_at = now_ms() + $4, delivery_count = delivery_count + 1
				WHERE queue = $1 AND message_id = $2`, q.name, d.ID, token, q.lock.Milliseconds()); err != nil {
				return err
			}
			d.DeliveryCount++
			d.Token, d.LockedUntil = token, now.Add(q.lock)
			out = append(out, d)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return out, buried, nil
}

func (q *Queue) oldest(ctx context.Context, tx *db.Tx, max int) ([]*queue.Delivery, error) {
	rows, err := tx.QueryContext(ctx, `SELECT message_id, body, properties, correlation_id, delivery_count, enqueued_at FROM queue_messages
		WHERE`+visible+` ORDER BY visible_at, sequence LIMIT $2`+tx.SkipLocked(), q.name, max)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*queue.Delivery
	for rows.Next() {
		d := &queue.Delivery{}
		var body, properties string
		var at int64
		if err := rows.Scan(&d.ID, &body, &properties, &d.CorrelationID, &d.DeliveryCount, &at); err != nil {
			return nil, err
		}
		if err := content(&d.Message, body, properties); err != nil {
			return nil, err
		}
		d.EnqueuedAt = db.Time(at)
		found = append(found, d)
	}
	return found, rows.Err()
}

func (q *Queue) bury(ctx context.Context, tx *db.Tx, d *queue.Delivery) error {
	_, err := tx.ExecContext(ctx, `UPDATE queue_messages SET dead_at = now_ms(), dead_reason = $3, dead_text = $4, lock_token = NULL
		WHERE queue = $1 AND message_id = $2`, q.name, d.ID, maxDeliveriesReason, maxDeliveriesText(d.DeliveryCount))
	return err
}
