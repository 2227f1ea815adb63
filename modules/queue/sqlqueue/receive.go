package sqlqueue

import (
	"context"
	"fmt"
	"strings"
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
	// writers. Where messages were found a moment ago there are more, in all likelihood.
	if !q.found.Load() {
		var waits bool
		if err := q.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM queue_messages WHERE`+visible+`)`, q.name).Scan(&waits); err != nil || !waits {
			return nil, false, err
		}
	}
	err = q.db.InTx(ctx, func(tx *db.Tx) error {
		out, buried = nil, false
		found, err := q.oldest(ctx, tx, max)
		if err != nil {
			return err
		}
		q.found.Store(len(found) > 0)
		for _, d := range found {
			if d.DeliveryCount >= queue.MaxDeliveries { // the last one's lock ran out
				buried = true
				if err := q.bury(ctx, tx, d); err != nil {
					return err
				}
				continue
			}
			out = append(out, d)
		}
		return q.take(ctx, tx, out)
	})
	if err != nil {
		return nil, false, err
	}
	return out, buried, nil
}

// take locks messages, all by one statement and one token, which counts with a message's id.
func (q *Queue) take(ctx context.Context, tx *db.Tx, messages []*queue.Delivery) error {
	if len(messages) == 0 {
		return nil
	}
	token := uuid.NewString()
	args, places := []any{q.name, token, q.lock.Milliseconds()}, make([]string, len(messages))
	for i, d := range messages {
		args = append(args, d.ID)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	// taken before the database's clock is read, so that the locks are over
	// here no later than there
	until := time.Now().Add(q.lock)
	if _, err := tx.ExecContext(ctx, `UPDATE queue_messages SET lock_token = $2, visible_at = now_ms() + $3, delivery_count = delivery_count + 1
		WHERE queue = $1 AND message_id IN (`+strings.Join(places, ", ")+`)`, args...); err != nil {
		return err
	}
	for _, d := range messages {
		d.DeliveryCount++
		d.Token, d.LockedUntil = token, until
	}
	return nil
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
