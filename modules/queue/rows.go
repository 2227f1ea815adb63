package queue

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// keepSent is how long sent rows stay for looking things up.
	keepSent = 24 * time.Hour
	// tidyBatch bounds one deletion, which holds SQLite's writer.
	tidyBatch = 1000
	// countEvery is the pace of the gauges, which ask the broker.
	countEvery = 15 * time.Second
	countWait  = 5 * time.Second
)

// update sets columns of the rows. $1 in the assignment is arg.
func update(ctx context.Context, tx *db.Tx, rows []row, set string, arg int64) error {
	if len(rows) == 0 {
		return nil
	}
	args := make([]any, 1, len(rows)+1)
	args[0] = arg
	var in strings.Builder
	for i, c := range rows {
		if i > 0 {
			in.WriteByte(',')
		}
		in.WriteString("$" + strconv.Itoa(i+2))
		args = append(args, c.id)
	}
	_, err := tx.ExecContext(ctx, `UPDATE outbox SET `+set+` WHERE outbox_id IN (`+in.String()+`)`, args...)
	return err
}

func (r *Relay) markSent(ctx context.Context, rows []row) error {
	err := r.db.InTx(ctx, func(tx *db.Tx) error {
		return update(ctx, tx, rows, `sent_at = COALESCE(sent_at, now_ms() + $1)`, 0)
	})
	if err != nil {
		return fmt.Errorf("mark outbox rows as sent: %w", err)
	}
	return nil
}

// putBack makes unsent rows due again. The lane rests after a failure, so they
// need no backoff of their own.
func (r *Relay) putBack(ctx context.Context, rows []row) error {
	err := r.db.InTx(ctx, func(tx *db.Tx) error {
		return update(ctx, tx, rows, `not_before = now_ms() + $1, taken_at = NULL`, 0)
	})
	if err != nil {
		return fmt.Errorf("put outbox rows back: %w", err)
	}
	return nil
}

// tidyUp deletes rows sent long ago and keeps the gauges.
func (r *Relay) tidyUp(ctx context.Context) {
	for {
		if err := r.tidy(ctx); err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Msg("Tidying the outbox failed; trying again")
		}
		r.count(ctx)
		sleep(ctx, countEvery)
		if ctx.Err() != nil {
			return
		}
	}
}

func (r *Relay) tidy(ctx context.Context) error {
	for {
		var n int64
		err := r.db.InTx(ctx, func(tx *db.Tx) error {
			res, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE outbox_id IN
				(SELECT outbox_id FROM outbox WHERE sent_at < (SELECT now_ms()) - $1 ORDER BY sent_at LIMIT $2`+tx.SkipLocked()+`)`,
				keepSent.Milliseconds(), tidyBatch)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil || n < tidyBatch {
			return err
		}
	}
}

// Waiting is what waits for a queue's workers.
type Waiting struct {
	Unsent int64         // messages that wait in the outbox, and are due
	Oldest time.Duration // of those and the ones that are sent and not done with; 0: there is none
}

// Waits returns what waits for the workers of Jobs or Exports.
func Waits(ctx context.Context, d *db.DB, name string) (Waiting, error) {
	var w Waiting
	var oldest int64
	err := d.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(now_ms() - created_at), 0) FROM outbox WHERE queue = $1 AND sent_at IS NULL AND not_before <= now_ms()`, name).Scan(&w.Unsent, &oldest)
	if err == nil {
		var taken int64
		err = d.QueryRowContext(ctx, `SELECT COALESCE(max(now_ms() - created_at), 0) FROM outbox
			WHERE queue = $1 AND taken_at IS NOT NULL AND ended_at IS NULL AND taken_at > now_ms() - $2`, name, flightTime.Milliseconds()).Scan(&taken)
		oldest = max(oldest, taken, 0)
	}
	if err != nil {
		return Waiting{}, fmt.Errorf("look what waits for queue %s: %w", name, err)
	}
	w.Oldest = time.Duration(oldest) * time.Millisecond
	return w, nil
}

// count sets the gauges. A queue that does not answer keeps its last figures;
// the relay's failed sends are logged.
func (r *Relay) count(ctx context.Context) {
	if r.metrics == nil {
		return
	}
	for _, l := range r.lanes {
		call, cancel := context.WithTimeout(ctx, countWait)
		var n, oldest int64
		if err := r.db.QueryRowContext(call, `SELECT count(*), COALESCE(now_ms() - min(CASE WHEN not_before <= now_ms() THEN created_at END), 0)
			FROM outbox WHERE queue = $1 AND sent_at IS NULL`, l.name).Scan(&n, &oldest); err == nil {
			r.metrics.unsentRows(l.name, n, max(0, oldest))
		}
		if err := r.db.QueryRowContext(call, `SELECT count(*) FROM outbox_unreadable WHERE queue = $1`, l.name).Scan(&n); err == nil {
			r.metrics.unreadableRows(l.name, n)
		}
		if s, err := l.queue.Stats(call); err == nil {
			r.metrics.stats(l.name, s)
		}
		cancel()
	}
}
