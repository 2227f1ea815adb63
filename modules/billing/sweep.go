package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The pace at which Mollie is asked for changes that no webhook reported.
const (
	firstLook    = 15 * time.Second // after a payment or refund was begun
	claimTime    = time.Minute      // for which other sweeps leave a claimed row alone
	maxOpenPoll  = 15 * time.Minute
	earlyPoll    = 24 * time.Hour // for reversals of a paid payment, in the first two weeks
	latePoll     = 7 * 24 * time.Hour
	earlyPolls   = 14
	lastPoll     = 80               // about 15 months after it was paid
	keyLife      = 50 * time.Minute // Mollie keeps an Idempotency-Key for an hour
	maxOpenAge   = 90 * 24 * time.Hour
	noticeTries  = 20
	sweepBatch   = 50
	releaseBatch = 200
)

// pollAfter is how long after its polls-th poll a payment is polled again.
func pollAfter(status string, polls int64) time.Duration {
	if status == mollie.Paid {
		if polls < earlyPolls {
			return earlyPoll
		}
		return latePoll
	}
	return min(maxOpenPoll, firstLook<<min(polls, 10))
}

// Run sweeps until ctx ends: immediately when this process's webhook was called,
// and every PollEvery for everything else.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Msg("A sweep of the payments failed; trying again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-time.After(s.o.PollEvery):
		}
	}
}

// Sweep does the due work: payments that the webhook named or that are to be
// polled, refunds without an answer, and holds of variants that have ended. Each
// failure leaves its row for a later sweep and lets the others go on. It is safe
// in several processes at the same time.
func (s *Service) Sweep(ctx context.Context) error {
	errs := []error{s.releaseEnded(ctx)}
	if s.o.Mollie != nil {
		errs = append(errs, s.sweepNotices(ctx), s.sweepPayments(ctx), s.sweepRefunds(ctx))
	}
	return errors.Join(errs...)
}

type notice struct {
	id           string
	count, tries int64
}

// The payments that a sweep asks the provider about: those that are known here come
// first and all. Ids that no payment here has may be real, of a payment whose answer
// was lost, or invented: all processes together ask about one of them in each
// unknownEvery.
const (
	unknownEvery = 2 * time.Second
	// unknownKept is how long such an id is kept. By then polling has found the
	// payment of a real one.
	unknownKept = time.Hour
)

func (s *Service) sweepNotices(ctx context.Context) error {
	var due []notice
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		var err error
		if due, err = claimNotices(ctx, tx, known, sweepBatch); err != nil {
			return err
		}
		ok, err := unknownsTurn(ctx, tx)
		if err != nil || !ok {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM payment_notices WHERE received_at < now_ms() - $1 AND NOT `+known, unknownKept.Milliseconds()); err != nil {
			return err
		}
		unknown, err := claimNotices(ctx, tx, "NOT "+known, 1)
		due = append(due, unknown...)
		return err
	})
	if err != nil {
		return fmt.Errorf("claim the payments that were noted: %w", err)
	}
	var errs []error
	for _, n := range due {
		err := s.sync(ctx, n.id)
		if err != nil {
			errs = append(errs, err)
			if !errors.Is(err, ErrRejected) && n.tries < noticeTries {
				continue // due again when the claim ends
			}
		}
		// the count has grown when the webhook was called again meanwhile: the notice
		// then stays
		if _, err := s.o.DB.ExecContext(ctx, `DELETE FROM payment_notices WHERE mollie_id = $1 AND count = $2`, n.id, n.count); err != nil {
			errs = append(errs, fmt.Errorf("end the notice of %s: %w", n.id, err))
		}
		if _, err := s.o.DB.ExecContext(ctx, `UPDATE payment_notices SET due_at = now_ms() WHERE mollie_id = $1`, n.id); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// known says that a notice is of a payment that was begun here.
const known = `EXISTS (SELECT 1 FROM payments p WHERE p.mollie_id = payment_notices.mollie_id)`

// claimNotices takes the notices that are due, oldest first, for claimTime.
func claimNotices(ctx context.Context, tx *db.Tx, where string, limit int) ([]notice, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE payment_notices SET tries = tries + 1, due_at = now_ms() + $1 WHERE mollie_id IN
		(SELECT mollie_id FROM payment_notices WHERE due_at <= now_ms() AND `+where+` ORDER BY due_at LIMIT $2`+tx.SkipLocked()+`) RETURNING mollie_id, count, tries`,
		claimTime.Milliseconds(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []notice
	for rows.Next() {
		var n notice
		if err := rows.Scan(&n.id, &n.count, &n.tries); err != nil {
			return nil, err
		}
		due = append(due, n)
	}
	return due, rows.Err()
}

// unknownsTurn reports whether an unknown id may be asked about now, and if so takes
// that turn.
func unknownsTurn(ctx context.Context, tx *db.Tx) (bool, error) {
	r, err := tx.ExecContext(ctx, `UPDATE payment_unknowns SET next_at = now_ms() + $1 WHERE next_at <= now_ms()`, unknownEvery.Milliseconds())
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

type poll struct {
	id, mollieID, status  string
	polls, createdAt, now int64
}

// sweepPayments asks Mollie for the payments that are due.
func (s *Service) sweepPayments(ctx context.Context) error {
	var due []poll
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		due = nil
		rows, err := tx.QueryContext(ctx, `UPDATE payments SET polls = polls + 1, poll_at = now_ms() + $1 WHERE payment_id IN
			(SELECT payment_id FROM payments WHERE poll_at <= now_ms() ORDER BY poll_at LIMIT $2`+tx.SkipLocked()+`)
			RETURNING payment_id, COALESCE(mollie_id, ''), status, polls, created_at, now_ms()`, claimTime.Milliseconds(), sweepBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p poll
			if err := rows.Scan(&p.id, &p.mollieID, &p.status, &p.polls, &p.createdAt, &p.now); err != nil {
				return err
			}
			due = append(due, p)
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("claim the payments to poll: %w", err)
	}
	var errs []error
	for _, p := range due {
		if err := s.pollOne(ctx, p); err != nil {
			errs = append(errs, err)
		}
		// after the polled state has been applied, which may have ended it
		if _, err := s.o.DB.ExecContext(ctx, `UPDATE payments SET poll_at = CASE WHEN $3 THEN NULL ELSE now_ms() + $4 END
			WHERE payment_id = $1 AND status = $2 AND poll_at IS NOT NULL`, p.id, p.status, p.over(), pollAfter(p.status, p.polls).Milliseconds()); err != nil {
			errs = append(errs, fmt.Errorf("plan the next poll of payment %s: %w", p.id, err))
		}
	}
	return errors.Join(errs...)
}

// over reports whether a payment need not be polled any more.
func (p poll) over() bool {
	if p.status == mollie.Paid {
		return p.polls >= lastPoll
	}
	return p.now-p.createdAt > maxOpenAge.Milliseconds()
}

// pollOne asks what became of a payment. One without Mollie's id is created
// again under its Idempotency-Key, and once Mollie has forgotten that, looked
// for in the list.
func (s *Service) pollOne(ctx context.Context, p poll) error {
	if p.mollieID != "" {
		return s.sync(ctx, p.mollieID)
	}
	if p.now-p.createdAt < keyLife.Milliseconds() {
		full, err := getPayment(ctx, s.o.DB, p.id)
		if err != nil {
			return err
		}
		err = s.createAtMollie(ctx, full)
		if errors.Is(err, ErrProviderRefused) {
			return nil // recorded
		}
		return err
	}
	var found *mollie.Payment
	err := s.o.Mollie.List(ctx, func(m mollie.Payment) bool {
		if m.Metadata[metaPayment] == p.id {
			found = &m
		}
		return found == nil && m.CreatedAt.UnixMilli() > p.createdAt-time.Hour.Milliseconds()
	})
	if err != nil {
		return fmt.Errorf("look for payment %s: %w", p.id, errors.Join(ErrProvider, err))
	}
	if found != nil {
		return s.sync(ctx, found.ID)
	}
	_, err = s.o.DB.ExecContext(ctx, `UPDATE payments SET status = 'expired', problem = 'it never reached Mollie', poll_at = NULL, updated_at = now_ms()
		WHERE payment_id = $1 AND status = 'creating' AND mollie_id IS NULL`, p.id)
	return err
}

func (s *Service) sweepRefunds(ctx context.Context) error {
	var due []refundRequest
	var now int64
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		due = nil
		rows, err := tx.QueryContext(ctx, `UPDATE refund_requests SET retry_at = now_ms() + $1 WHERE request_id IN
			(SELECT request_id FROM refund_requests WHERE retry_at <= now_ms() ORDER BY retry_at LIMIT $2`+tx.SkipLocked()+`)
			RETURNING request_id, payment_id, amount, description, created_at, now_ms(),
			(SELECT mollie_id FROM payments p WHERE p.payment_id = refund_requests.payment_id), (SELECT currency FROM payments p WHERE p.payment_id = refund_requests.payment_id)`,
			claimTime.Milliseconds(), sweepBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r refundRequest
			if err := rows.Scan(&r.id, &r.paymentID, &r.amount, &r.description, &r.createdAt, &now, &r.mollieID, &r.currency); err != nil {
				return err
			}
			due = append(due, r)
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("claim the refunds to resume: %w", err)
	}
	var errs []error
	for _, r := range due {
		if err := s.resumeRefund(ctx, r, now); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// releaseEnded gives back what is held for items and variants whose end was never
// reported: a preset whose variant failed, was cancelled or rejected, or that a
// completed item never planned.
func (s *Service) releaseEnded(ctx context.Context) error {
	type hold struct{ tenantID, itemID, kind, name string }
	rows, err := s.o.DB.QueryContext(ctx, `SELECT c.tenant_id, c.item_id, c.kind, c.name FROM charges c JOIN items i ON i.item_id = c.item_id
		LEFT JOIN exports e ON e.item_id = c.item_id AND e.preset = c.name
		WHERE c.state = 'held' AND (i.status IN ('failed', 'cancelled')
			OR (c.kind = 'preset' AND i.status = 'completed' AND (e.status IS NULL OR e.status IN ('failed', 'cancelled') OR e.rejected IS NOT NULL))) LIMIT $1`, releaseBatch)
	if err != nil {
		return fmt.Errorf("look for holds to release: %w", err)
	}
	defer rows.Close()
	var ended []hold
	for rows.Next() {
		var h hold
		if err := rows.Scan(&h.tenantID, &h.itemID, &h.kind, &h.name); err != nil {
			return err
		}
		ended = append(ended, h)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var errs []error
	for _, h := range ended {
		errs = append(errs, s.o.DB.InTx(ctx, func(tx *db.Tx) error {
			return s.resolve(ctx, tx, h.tenantID, h.itemID, stateReleased, "rel:"+h.itemID+":"+h.name, h.kind, h.name)
		}))
	}
	return errors.Join(errs...)
}

// OldestHold returns the age of the oldest hold; 0 when there is none.
func (s *Service) OldestHold(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, s.o.DB, `SELECT min(held_at) FROM charges WHERE state = 'held'`)
}
