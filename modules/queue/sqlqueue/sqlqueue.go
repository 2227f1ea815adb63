// Package sqlqueue is the embedded queue: messages are rows, a lock is a row's
// token and the time until which other receivers don't see the row.
package sqlqueue

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// Defaults of Options, and fixed times.
const (
	defaultLock = time.Minute
	defaultPoll = 500 * time.Millisecond
	// seenFor is the window of duplicate detection.
	seenFor = 10 * time.Minute
	// forgetEvery is how often ids beyond the window are deleted.
	forgetEvery = time.Minute
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

// Queue is one queue in the database. It is a queue.Queue. A message sent
// through it wakes its own Receive immediately; one sent by another process is
// found at the next poll.
type Queue struct {
	db   *db.DB
	name string
	lock time.Duration
	poll time.Duration
	wake chan struct{} // a message was sent by this process

	found atomic.Bool // messages were there when it looked last

	closing sync.Once
	closed  chan struct{}

	mu     sync.Mutex
	forgot time.Time // when old ids were last deleted
}

// Open returns the queue. Its tables come with the migrations.
func Open(o Options) *Queue {
	q := &Queue{db: o.DB, name: o.Name, lock: o.Lock, poll: o.Poll, wake: make(chan struct{}, 1), closed: make(chan struct{})}
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

// failed wraps an error of the database in one of package queue; errors of the
// context and of package queue pass unchanged.
func failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, queue.ErrLockLost):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, errors.Join(queue.ErrUnavailable, err))
}

// Send writes the messages that were not seen within the window, all or none.
func (q *Queue) Send(ctx context.Context, messages []queue.Message) error {
	if err := q.forget(ctx); err != nil {
		return failed("forget old message ids", err)
	}
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		for _, m := range messages {
			// an id beyond the window counts as new, whether it was deleted yet or not
			r, err := tx.ExecContext(ctx, `INSERT INTO queue_seen (queue, message_id, seen_at) VALUES ($1, $2, now_ms())
				ON CONFLICT (queue, message_id) DO UPDATE SET seen_at = excluded.seen_at WHERE queue_seen.seen_at < excluded.seen_at - $3`,
				q.name, m.ID, seenFor.Milliseconds())
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
	return failed("send", err)
}

// forget deletes ids beyond the window, now and then.
func (q *Queue) forget(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.forgot) < forgetEvery {
		return nil
	}
	err := q.db.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM queue_seen WHERE queue = $1 AND message_id IN
			(SELECT message_id FROM queue_seen WHERE queue = $1 AND seen_at < (SELECT now_ms()) - $2`+tx.SkipLocked()+`)`, q.name, seenFor.Milliseconds())
		return err
	})
	if err == nil {
		q.forgot = time.Now()
	}
	return err
}

func (q *Queue) insert(ctx context.Context, tx *db.Tx, m queue.Message) error {
	properties := ""
	if len(m.Properties) > 0 {
		b, err := json.Marshal(m.Properties)
		if err != nil {
			return err
		}
		properties = string(b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO queue_messages (message_id, queue, sequence, body, correlation_id, properties, enqueued_at, visible_at)
		VALUES ($1, $2, $3, $4, $5, $6, now_ms(), now_ms()) ON CONFLICT DO NOTHING`,
		m.ID, q.name, uuid.Must(uuid.NewV7()).String(), base64.StdEncoding.EncodeToString(m.Body), m.CorrelationID, properties)
	return err
}

// content reads a row's body and properties into a message.
func content(m *queue.Message, body, properties string) (err error) {
	if m.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
		return err
	}
	if properties == "" {
		return nil
	}
	return json.Unmarshal([]byte(properties), &m.Properties)
}

// woken signals Receive. One waiting signal is enough.
func (q *Queue) woken() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Stats counts the messages.
func (q *Queue) Stats(ctx context.Context) (queue.Stats, error) {
	var s queue.Stats
	err := q.db.QueryRowContext(ctx, `SELECT count(*), count(dead_at) FROM queue_messages WHERE queue = $1`, q.name).Scan(&s.Active, &s.Dead)
	s.Active -= s.Dead
	return s, failed("count", err)
}

// Ping checks that the database answers.
func (q *Queue) Ping(ctx context.Context) error { return failed("ping", q.db.Ping(ctx)) }

// Close ends a waiting Receive. The caller closes the database.
func (q *Queue) Close(context.Context) error {
	q.closing.Do(func() { close(q.closed) })
	return nil
}
