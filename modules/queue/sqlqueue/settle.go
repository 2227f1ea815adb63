package sqlqueue

import (
	"context"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// held runs a statement on a message whose lock this delivery still holds. The
// statement's own arguments begin at $4.
func (q *Queue) held(ctx context.Context, doing string, d *queue.Delivery, statement string, args ...any) error {
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, statement+` WHERE queue = $1 AND message_id = $2 AND lock_token = $3 AND visible_at > now_ms() AND dead_at IS NULL`,
			append([]any{q.name, d.ID, d.Token}, args...)...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n == 0 {
			err = queue.ErrLockLost
		}
		return err
	})
	return failed(doing, err)
}

// Renew extends the lock.
func (q *Queue) Renew(ctx context.Context, d *queue.Delivery) (time.Time, error) {
	until := time.Now().Add(q.lock)
	return until, q.held(ctx, "renew a lock", d, `UPDATE queue_messages SET visible_at = now_ms() + $4`, q.lock.Milliseconds())
}

// Complete deletes the message.
func (q *Queue) Complete(ctx context.Context, d *queue.Delivery) error {
	return q.held(ctx, "complete a message", d, `DELETE FROM queue_messages`)
}

// Abandon makes the message available again immediately; after its last
// delivery it becomes a dead letter.
func (q *Queue) Abandon(ctx context.Context, d *queue.Delivery) error {
	if d.DeliveryCount >= queue.MaxDeliveries {
		return q.DeadLetter(ctx, d, maxDeliveriesReason, maxDeliveriesText(d.DeliveryCount))
	}
	err := q.held(ctx, "abandon a message", d, `UPDATE queue_messages SET visible_at = now_ms(), lock_token = NULL`)
	q.woken()
	return err
}

// DeadLetter moves the message to the dead letters.
func (q *Queue) DeadLetter(ctx context.Context, d *queue.Delivery, reason, description string) error {
	return q.held(ctx, "dead-letter a message", d, `UPDATE queue_messages SET dead_at = now_ms(), dead_reason = $4, dead_text = $5, lock_token = NULL`,
		queue.DeadText(reason), queue.DeadText(description))
}
