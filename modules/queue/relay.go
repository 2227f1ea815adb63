package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The relay's pace.
const (
	relayBatch = 100
	// relayHold is how long a claimed row is kept from other relays: longer than
	// a send may take, so that a row is sent twice only after a crash.
	relayHold  = 30 * time.Second
	sendWait   = 20 * time.Second
	sweepEvery = 2 * time.Second
	keepSent   = 24 * time.Hour // sent rows stay for looking things up
	maxSendGap = time.Minute
)

// Relay sends the outbox's rows. Every role runs one; they pass over each
// other's rows.
type Relay struct {
	db      *db.DB
	outbox  *Outbox
	queues  map[string]Queue
	metrics *Metrics
}

// NewRelay returns a relay that sends to the queues named Jobs and Exports.
func NewRelay(d *db.DB, o *Outbox, jobs, exports Queue, m *Metrics) *Relay {
	return &Relay{db: d, outbox: o, queues: map[string]Queue{Jobs: jobs, Exports: exports}, metrics: m}
}

// claimedRow is a row that this relay is sending.
type claimedRow struct {
	id, queue, body string
	tries           int
}

// Run sends rows as they are written and, every few seconds, those that became
// due or were left by others, until ctx ends. What it can't send stays.
func (r *Relay) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			// one last look: what the workers wrote while they ended
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, err := r.Flush(last)
			if err != nil && last.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Msg("The outbox's last rows stay for the next process")
			}
			return nil
		case <-r.outbox.wake:
		case <-t.C:
			if err := r.tidy(ctx); err != nil && ctx.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Msg("Tidying the outbox failed; trying again")
			}
			t.Reset(sweepEvery/2 + time.Duration(rand.Int64N(int64(sweepEvery))))
		}
		for {
			n, err := r.Flush(ctx)
			if err != nil && ctx.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Msg("Sending messages failed; they stay in the outbox")
			}
			if n < relayBatch || err != nil {
				break
			}
		}
	}
}

// Flush sends up to a batch of due rows and returns how many it took on.
func (r *Relay) Flush(ctx context.Context) (int, error) {
	rows, err := r.claim(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var errs []error
	for _, name := range []string{Jobs, Exports} {
		var mine []claimedRow
		for _, c := range rows {
			if c.queue == name {
				mine = append(mine, c)
			}
		}
		if len(mine) > 0 {
			errs = append(errs, r.send(ctx, r.queues[name], mine))
		}
	}
	return len(rows), errors.Join(errs...)
}

// claim takes due rows by moving their not_before ahead, so that no lock is held
// while they are sent.
func (r *Relay) claim(ctx context.Context) ([]claimedRow, error) {
	var out []claimedRow
	err := r.db.InTx(ctx, func(tx *db.Tx) error {
		out = out[:0]
		rows, err := tx.QueryContext(ctx, `SELECT outbox_id, queue, body, tries FROM outbox
			WHERE sent_at IS NULL AND not_before <= now_ms() ORDER BY not_before, outbox_id LIMIT $1`+tx.SkipLocked(), relayBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c claimedRow
			if err := rows.Scan(&c.id, &c.queue, &c.body, &c.tries); err != nil {
				return err
			}
			out = append(out, c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, c := range out {
			if _, err := tx.ExecContext(ctx, `UPDATE outbox SET not_before = now_ms() + $2, tries = tries + 1 WHERE outbox_id = $1`, c.id, relayHold.Milliseconds()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim outbox rows: %w", err)
	}
	return out, nil
}

// send sends rows to one queue and marks them. When the sending fails they
// become due again after a while; when only the marking fails they are sent
// again, which duplicate detection takes out.
func (r *Relay) send(ctx context.Context, q Queue, rows []claimedRow) error {
	messages := make([]Message, len(rows))
	bodies := make([]Body, len(rows))
	for i, c := range rows {
		if err := json.Unmarshal([]byte(c.body), &bodies[i]); err != nil {
			return fmt.Errorf("outbox row %s: %w", c.id, err)
		}
		messages[i] = Message{ID: c.id, Body: []byte(c.body), CorrelationID: bodies[i].CorrelationID}
	}
	call, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	if err := q.Send(call, messages); err != nil {
		return errors.Join(fmt.Errorf("send %d messages to queue %s: %w", len(rows), q.Name(), err), r.putBack(ctx, rows))
	}
	for i, c := range rows {
		line := telemetry.With(ctx, telemetry.IDs{CorrelationID: bodies[i].CorrelationID, TenantID: bodies[i].TenantID, JobID: bodies[i].JobID, ItemID: bodies[i].ItemID})
		text := "Sent job message"
		if c.queue == Exports {
			text = "Sent export message"
		}
		telemetry.Log(line).Info().Str("message_id", c.id).Msg(text)
		r.metrics.sentOne(c.queue)
	}
	return r.mark(ctx, rows)
}

func (r *Relay) mark(ctx context.Context, rows []claimedRow) error {
	err := r.db.InTx(ctx, func(tx *db.Tx) error {
		for _, c := range rows {
			if _, err := tx.ExecContext(ctx, `UPDATE outbox SET sent_at = now_ms() WHERE outbox_id = $1`, c.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark outbox rows as sent: %w", err)
	}
	return nil
}

// putBack makes unsent rows due again, later with every try.
func (r *Relay) putBack(ctx context.Context, rows []claimedRow) error {
	return r.db.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		for _, c := range rows {
			gap := min(maxSendGap, time.Second<<min(c.tries, 6))
			if _, err := tx.ExecContext(ctx, `UPDATE outbox SET not_before = now_ms() + $2 WHERE outbox_id = $1 AND sent_at IS NULL`, c.id, gap.Milliseconds()); err != nil {
				return err
			}
		}
		return nil
	})
}

// tidy deletes rows sent long ago and counts those that wait.
func (r *Relay) tidy(ctx context.Context) error {
	if _, err := r.db.ExecContext(ctx, `DELETE FROM outbox WHERE outbox_id IN (SELECT outbox_id FROM outbox WHERE sent_at < now_ms() - $1 LIMIT $2)`,
		keepSent.Milliseconds(), 10*relayBatch); err != nil {
		return err
	}
	var n int64
	if err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE sent_at IS NULL AND not_before <= now_ms()`).Scan(&n); err != nil {
		return err
	}
	r.metrics.due(n)
	return nil
}
