// Package sqlqueue is the embedded queue: messages are rows, a lock is a row's
// token and the time until which nobody else sees it.
package sqlqueue

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// Defaults of Options.
const (
	defaultLock = time.Minute
	defaultPoll = 500 * time.Millisecond
	// seenFor is the window of duplicate detection.
	seenFor = 10 * time.Minute
	// receiveWait is how long one Receive waits for messages.
	receiveWait = 30 * time.Second
)

// Options configure a queue.
type Options struct {
	DB   *db.DB
	Name string
	Lock time.Duration // of a delivery; 0: one minute
	Poll time.Duration // how often other processes' messages are looked for; 0: 500 ms
}

// Queue is one queue in the database. It is a queue.Queue.
type Queue struct {
	db   *db.DB
	name string
	lock time.Duration
	poll time.Duration
	wake chan struct{} // a message was sent by this process
	done chan struct{}
}

// Open returns the queue. Its table comes with the migrations.
func Open(o Options) *Queue {
	q := &Queue{db: o.DB, name: o.Name, lock: o.Lock, poll: o.Poll, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if q.lock == 0 {
		q.lock = defaultLock
	}
	if q.poll == 0 {
		q.poll = defaultPoll
	}
	return q
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// unavailable gives a database's error the queue's fault.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, errors.Join(queue.ErrUnavailable, err))
}

// Send writes the messages that were not seen within the window, all or none.
func (q *Queue) Send(ctx context.Context, messages []queue.Message) error {
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM queue_seen WHERE seen_at < now_ms() - $1`, seenFor.Milliseconds()); err != nil {
			return err
		}
		for _, m := range messages {
			r, err := tx.ExecContext(ctx, `INSERT INTO queue_seen (queue, message_id, seen_at) VALUES ($1, $2, now_ms()) ON CONFLICT DO NOTHING`, q.name, m.ID)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				if err != nil {
					return err
				}
				continue
			}
			if err := q.insert(ctx, tx, m); err != nil {
				return err
			}
		}
		tx.AfterCommit(q.woken)
		return nil
	})
	return unavailable("send", err)
}

func (q *Queue) insert(ctx context.Context, tx *db.Tx, m queue.Message) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO queue_messages (message_id, queue, sequence, body, correlation_id, enqueued_at, visible_at)
		VALUES ($1, $2, $3, $4, $5, now_ms(), now_ms()) ON CONFLICT DO NOTHING`,
		m.ID, q.name, uuid.Must(uuid.NewV7()).String(), base64.StdEncoding.EncodeToString(m.Body), m.CorrelationID)
	return err
}

func (q *Queue) woken() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Receive locks up to max messages, and waits for the first.
func (q *Queue) Receive(ctx context.Context, max int) ([]*queue.Delivery, error) {
	deadline := time.NewTimer(receiveWait)
	defer deadline.Stop()
	poll := time.NewTicker(q.poll)
	defer poll.Stop()
	for {
		got, err := q.claim(ctx, max)
		if err != nil || len(got) > 0 {
			return got, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.done:
			return nil, queue.ErrUnavailable.With("the queue is closed")
		case <-deadline.C:
			return nil, nil
		case <-q.wake:
		case <-poll.C:
		}
	}
}

func (q *Queue) claim(ctx context.Context, max int) ([]*queue.Delivery, error) {
	// look first without a write transaction: an idle worker must not hold up
	// those who write
	var waiting int
	if err := q.db.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM queue_messages
		WHERE queue = $1 AND dead_at IS NULL AND visible_at <= now_ms() LIMIT 1) AS w`, q.name).Scan(&waiting); err != nil {
		return nil, unavailable("look for messages", err)
	}
	if waiting == 0 {
		return nil, nil
	}
	var out []*queue.Delivery
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.QueryContext(ctx, `SELECT message_id, body, correlation_id, delivery_count, enqueued_at FROM queue_messages
			WHERE queue = $1 AND dead_at IS NULL AND visible_at <= now_ms() ORDER BY visible_at, sequence LIMIT $2`+tx.SkipLocked(), q.name, max)
		if err != nil {
			return err
		}
		defer rows.Close()
		var found []*queue.Delivery
		for rows.Next() {
			d := &queue.Delivery{}
			var body string
			var at int64
			if err := rows.Scan(&d.ID, &body, &d.CorrelationID, &d.DeliveryCount, &at); err != nil {
				return err
			}
			if d.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
				return err
			}
			d.EnqueuedAt = db.Time(at)
			found = append(found, d)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, d := range found {
			if d.DeliveryCount >= queue.MaxDeliveries {
				if err := q.bury(ctx, tx, d.ID, "MaxDeliveryCountExceeded", fmt.Sprintf("It was delivered %d times and never completed", d.DeliveryCount)); err != nil {
					return err
				}
				continue
			}
			token := uuid.NewString()
			if _, err := tx.ExecContext(ctx, `UPDATE queue_messages SET lock_token = $3, visible_at = now_ms() + $4, delivery_count = delivery_count + 1
				WHERE queue = $1 AND message_id = $2`, q.name, d.ID, token, q.lock.Milliseconds()); err != nil {
				return err
			}
			d.DeliveryCount++
			d.Token, d.LockedUntil = token, time.Now().Add(q.lock)
			out = append(out, d)
		}
		return nil
	})
	return out, unavailable("receive", err)
}

func (q *Queue) bury(ctx context.Context, tx *db.Tx, id, reason, text string) error {
	_, err := tx.ExecContext(ctx, `UPDATE queue_messages SET dead_at = now_ms(), dead_reason = $3, dead_text = $4, lock_token = NULL
		WHERE queue = $1 AND message_id = $2`, q.name, id, reason, text)
	return err
}

// held runs a statement on a message whose lock this delivery still holds.
func (q *Queue) held(ctx context.Context, d *queue.Delivery, statement string, args ...any) error {
	r, err := q.db.ExecContext(ctx, statement+` WHERE queue = $1 AND message_id = $2 AND lock_token = $3 AND visible_at > now_ms() AND dead_at IS NULL`,
		append([]any{q.name, d.ID, d.Token}, args...)...)
	if err != nil {
		return unavailable("settle", err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return unavailable("settle", err)
	}
	if n == 0 {
		return queue.ErrLockLost
	}
	return nil
}

// Renew extends the lock.
func (q *Queue) Renew(ctx context.Context, d *queue.Delivery) (time.Time, error) {
	until := time.Now().Add(q.lock)
	return until, q.held(ctx, d, `UPDATE queue_messages SET visible_at = now_ms() + $4`, q.lock.Milliseconds())
}

// Complete deletes the message.
func (q *Queue) Complete(ctx context.Context, d *queue.Delivery) error {
	return q.held(ctx, d, `DELETE FROM queue_messages`)
}

// Abandon gives the message back at once.
func (q *Queue) Abandon(ctx context.Context, d *queue.Delivery) error {
	err := q.held(ctx, d, `UPDATE queue_messages SET visible_at = now_ms(), lock_token = NULL`)
	q.woken()
	return err
}

// maxDeadText bounds what is kept of a description, as Service Bus does.
const maxDeadText = 4096

// DeadLetter moves the message to the dead letters.
func (q *Queue) DeadLetter(ctx context.Context, d *queue.Delivery, reason, description string) error {
	if len(description) > maxDeadText {
		description = description[:maxDeadText]
	}
	return q.held(ctx, d, `UPDATE queue_messages SET dead_at = now_ms(), dead_reason = $4, dead_text = $5, lock_token = NULL`, reason, description)
}

// PeekDead lists dead letters.
func (q *Queue) PeekDead(ctx context.Context, max int) ([]queue.Dead, error) {
	dead, err := q.dead(ctx, q.db, max, nil, "")
	return dead, unavailable("peek", err)
}

func (q *Queue) dead(ctx context.Context, src db.Querier, max int, ids []string, suffix string) ([]queue.Dead, error) {
	rows, err := src.QueryContext(ctx, `SELECT message_id, body, correlation_id, delivery_count, enqueued_at, dead_reason, dead_text
		FROM queue_messages WHERE queue = $1 AND dead_at IS NOT NULL ORDER BY sequence`+suffix, q.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	out := []queue.Dead{}
	for rows.Next() {
		var d queue.Dead
		var body string
		var reason, text sql.NullString
		var at int64
		if err := rows.Scan(&d.ID, &body, &d.CorrelationID, &d.DeliveryCount, &at, &reason, &text); err != nil {
			return nil, err
		}
		if len(out) == max || len(wanted) > 0 && !wanted[d.ID] {
			continue
		}
		if d.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, err
		}
		d.EnqueuedAt, d.Reason, d.Description = db.Time(at), reason.String, text.String
		out = append(out, d)
	}
	return out, rows.Err()
}

// Redrive sends dead letters again under new ids.
func (q *Queue) Redrive(ctx context.Context, max int, ids ...string) (int, error) {
	return q.takeDead(ctx, max, ids, func(tx *db.Tx, d queue.Dead) error {
		d.ID = uuid.Must(uuid.NewV7()).String()
		tx.AfterCommit(q.woken)
		return q.insert(ctx, tx, d.Message)
	})
}

// PurgeDead deletes dead letters.
func (q *Queue) PurgeDead(ctx context.Context, max int, ids ...string) (int, error) {
	return q.takeDead(ctx, max, ids, func(*db.Tx, queue.Dead) error { return nil })
}

func (q *Queue) takeDead(ctx context.Context, max int, ids []string, each func(*db.Tx, queue.Dead) error) (int, error) {
	n := 0
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		dead, err := q.dead(ctx, tx, max, ids, tx.SkipLocked())
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
	return n, unavailable("take dead letters", err)
}

// Stats counts the messages.
func (q *Queue) Stats(ctx context.Context) (queue.Stats, error) {
	var s queue.Stats
	err := q.db.QueryRowContext(ctx, `SELECT count(*), count(dead_at) FROM queue_messages WHERE queue = $1`, q.name).Scan(&s.Active, &s.Dead)
	s.Active -= s.Dead
	return s, unavailable("count", err)
}

// Ping checks that the database answers.
func (q *Queue) Ping(ctx context.Context) error { return q.db.Ping(ctx) }

// Close ends a waiting Receive.
func (q *Queue) Close(context.Context) error {
	close(q.done)
	return nil
}
