package sqlqueue

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// deadBatch bounds how many dead letters one transaction moves.
const deadBatch = 100

// PeekDead lists dead letters, oldest first.
func (q *Queue) PeekDead(ctx context.Context, max int) ([]queue.Dead, error) {
	dead, err := q.dead(ctx, q.db, max, nil, "")
	return dead, failed("peek at dead letters", err)
}

// dead reads up to max dead letters, of those ids if any are given.
func (q *Queue) dead(ctx context.Context, src db.Querier, max int, ids []string, suffix string) ([]queue.Dead, error) {
	args := []any{q.name, max}
	only := ""
	for i, id := range ids {
		only += ",$" + strconv.Itoa(i+3)
		args = append(args, id)
	}
	if only != "" {
		only = ` AND message_id IN (` + strings.TrimPrefix(only, ",") + `)`
	}
	rows, err := src.QueryContext(ctx, `SELECT message_id, body, properties, correlation_id, delivery_count, enqueued_at, dead_reason, dead_text
		FROM queue_messages WHERE queue = $1 AND dead_at IS NOT NULL`+only+` ORDER BY dead_at, sequence LIMIT $2`+suffix, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []queue.Dead{}
	for rows.Next() {
		var d queue.Dead
		var body, properties string
		var reason, text sql.NullString
		var at int64
		if err := rows.Scan(&d.ID, &body, &properties, &d.CorrelationID, &d.DeliveryCount, &at, &reason, &text); err != nil {
			return nil, err
		}
		if err := content(&d.Message, body, properties); err != nil {
			return nil, err
		}
		d.EnqueuedAt, d.Reason, d.Description = db.Time(at), reason.String, text.String
		out = append(out, d)
	}
	return out, rows.Err()
}

// Redrive sends dead letters again under new ids, each with its dead letter's
// deletion in one transaction.
func (q *Queue) Redrive(ctx context.Context, max int, ids ...string) (int, error) {
	n, err := q.takeDead(ctx, max, ids, func(tx *db.Tx, d queue.Dead) error {
		d.ID = uuid.Must(uuid.NewV7()).String()
		tx.AfterCommit(q.woken)
		return q.insert(ctx, tx, d.Message)
	})
	return n, failed("redrive dead letters", err)
}

// PurgeDead deletes dead letters.
func (q *Queue) PurgeDead(ctx context.Context, max int, ids ...string) (int, error) {
	n, err := q.takeDead(ctx, max, ids, func(*db.Tx, queue.Dead) error { return nil })
	return n, failed("purge dead letters", err)
}

// takeDead deletes up to max dead letters, calling each for every one, in
// transactions of a batch.
func (q *Queue) takeDead(ctx context.Context, max int, ids []string, each func(*db.Tx, queue.Dead) error) (int, error) {
	total := 0
	for total < max {
		n := 0
		err := q.db.InTx(ctx, func(tx *db.Tx) error {
			dead, err := q.dead(ctx, tx, min(deadBatch, max-total), ids, tx.SkipLocked())
			if err != nil {
				return err
			}
			n = len(dead)
			for _, d := range dead {
				if _, err := tx.ExecContext(ctx, `DELETE FROM queue_messages WHERE queue = $1 AND message_id = $2`, q.name, d.ID); err != nil {
					return err
				}
				if err := each(tx, d); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return total, err
		}
		total += n
	}
	return total, nil
}
