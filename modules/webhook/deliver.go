package webhook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// schedule is the waits before each try of a delivery, of which there are ten.
var schedule = []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	// tick is how often Run looks for what is due.
	tick = 400 * time.Millisecond
	// tidyEvery is how often Run takes back what died and deletes what is old.
	tidyEvery = 15 * time.Second
	// maxFlying bounds the deliveries that a process sends at the same time: one waits
	// for its endpoint and costs little else.
	maxFlying = 256
	// perEndpoint bounds those of one endpoint, and of one that fails.
	perEndpoint = 4
	perFailing  = 1
	// maxDue bounds the endpoints that one look takes on.
	maxDue = 1000
	// spread is the share by which a wait is shorter or longer by chance.
	spread = .2
)

// Run spreads events and sends deliveries until the context ends. Deliveries that are
// being sent then are given back. Any number of processes may run it.
func (s *Service) Run(ctx context.Context) error {
	var hands sync.WaitGroup
	defer hands.Wait()
	look := time.NewTicker(tick)
	defer look.Stop()
	var tidied time.Time
	for {
		if err := s.turn(ctx, &hands); err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Msg("Webhooks could not be looked for; trying again")
		}
		if time.Since(tidied) > tidyEvery {
			tidied = time.Now()
			if err := s.tidy(ctx); err != nil && ctx.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Msg("Webhooks could not be tidied; trying again")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		case <-s.wake:
		}
	}
}

// turn spreads all events and begins to send what is due.
func (s *Service) turn(ctx context.Context, hands *sync.WaitGroup) error {
	for {
		n, err := s.Spread(ctx)
		if err != nil {
			return err
		}
		if n < fanoutBatch {
			break
		}
	}
	held, err := s.claim(ctx)
	if err != nil {
		return err
	}
	for _, h := range held {
		crashpoint.Reach(crashpoint.WebhookClaimed)
		hands.Go(func() {
			defer s.landed(h.endpoint)
			if err := s.deliver(ctx, h.Held); err != nil {
				telemetry.Log(ctx).Warn().Err(err).Str("delivery", h.Key[0]).Msg("A delivery could not be recorded; it is sent again when its lease ends")
			}
		})
	}
	return nil
}

// flight is a delivery that this process holds.
type flight struct {
	lease.Held
	endpoint string
}

// claim takes deliveries that are due, few of an endpoint.
func (s *Service) claim(ctx context.Context) ([]flight, error) {
	due, err := s.due(ctx)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	taking, done := lease.Settle(ctx)
	defer done()
	var out []flight
	err = s.DB.InTx(taking, func(tx *db.Tx) error {
		out = nil
		for _, e := range due {
			n := s.room(e.id, e.failing, len(out))
			if n <= 0 {
				continue
			}
			held, err := s.deliveries().Claim(taking, tx, `delivery_id IN (SELECT delivery_id FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' AND due_at <= now_ms()
				ORDER BY due_at, delivery_id LIMIT $2`+tx.SkipLocked()+`)`, e.id, n)
			if err != nil {
				return err
			}
			for _, h := range held {
				out = append(out, flight{h, e.id})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range out {
		s.flying[f.endpoint]++
		s.total++
	}
	return out, nil
}

type dueEndpoint struct {
	id      string
	failing bool
}

// due lists the enabled endpoints with deliveries that are due, the longest waiting
// first.
func (s *Service) due(ctx context.Context) ([]dueEndpoint, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT d.endpoint_id, e.failing_since IS NOT NULL FROM webhook_deliveries d JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id
		WHERE d.status = 'pending' AND d.due_at <= now_ms() AND e.status = 'enabled' GROUP BY d.endpoint_id, e.failing_since ORDER BY min(d.due_at) LIMIT $1`, maxDue)
	if err != nil {
		return nil, fmt.Errorf("look for deliveries: %w", err)
	}
	defer rows.Close()
	var out []dueEndpoint
	for rows.Next() {
		var e dueEndpoint
		if err := rows.Scan(&e.id, &e.failing); err != nil {
			return nil, fmt.Errorf("look for deliveries: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// room is how many more deliveries of an endpoint may be sent, with so many taken.
func (s *Service) room(endpoint string, failing bool, taken int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := perEndpoint
	if failing {
		most = perFailing
	}
	return min(most-s.flying[endpoint], maxFlying-s.total-taken)
}

func (s *Service) landed(endpoint string) {
	s.mu.Lock()
	s.total--
	if s.flying[endpoint]--; s.flying[endpoint] == 0 {
		delete(s.flying, endpoint)
	}
	s.mu.Unlock()
	s.hurry()
}

// parcel is a delivery with what its sending needs.
type parcel struct {
	id, endpointID, eventID, eventType, url, payload string
	secrets                                          []string // sealed
	trace                                            string   // of the event
	ids                                              telemetry.IDs
}

// deliver makes one try of a held delivery and records what came of it.
func (s *Service) deliver(ctx context.Context, h lease.Held) error {
	p, err := s.parcel(ctx, h)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) { // deleted, or held by another
			return nil
		}
		return err
	}
	ctx, end := telemetry.Receive(telemetry.With(ctx, p.ids), p.trace, "deliver webhook", attribute.String("opal.event", p.eventType),
		attribute.String("opal.event_id", p.eventID), attribute.Int("opal.attempt", h.Attempt))
	var a Attempt
	cause := error(errRescues)
	defer func() { end(cause) }()
	if !h.Spent() {
		a, cause = s.attempt(ctx, p)
		crashpoint.Reach(crashpoint.WebhookSent)
	}
	a.Attempt = h.Attempt
	settle, done := lease.Settle(ctx)
	defer done()
	if cause != nil && ctx.Err() != nil { // a shutdown cut it off
		return lostIsFine(s.deliveries().Again(settle, s.DB, h, lease.Stopped))
	}
	return lostIsFine(s.record(settle, h, p, a, cause))
}

func lostIsFine(err error) error {
	if errors.Is(err, lease.ErrLost) {
		return nil
	}
	return err
}

func (s *Service) parcel(ctx context.Context, h lease.Held) (parcel, error) {
	p := parcel{id: h.Key[0]}
	var secret string
	var old sql.NullString
	err := s.DB.QueryRowContext(ctx, `SELECT d.endpoint_id, d.event_id, d.event_type, d.payload, d.tenant_id, d.job_id, d.traceparent, d.correlation_id, e.url, e.secret, CASE WHEN e.old_until > now_ms() THEN e.old_secret END
		FROM webhook_deliveries d JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id WHERE d.delivery_id = $1 AND d.attempt = $2`, p.id, h.Attempt).
		Scan(&p.endpointID, &p.eventID, &p.eventType, &p.payload, &p.ids.TenantID, &p.ids.JobID, &p.trace, &p.ids.CorrelationID, &p.url, &secret, &old)
	if err != nil {
		return parcel{}, fmt.Errorf("load delivery %s: %w", p.id, err)
	}
	p.secrets = []string{secret}
	if old.Valid {
		p.secrets = append(p.secrets, old.String)
	}
	return p, nil
}

// record writes a try's outcome: the log's row, the delivery's state, and the
// endpoint's health.
func (s *Service) record(ctx context.Context, h lease.Held, p parcel, a Attempt, cause error) error {
	outcome := Delivered
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if a.StartedAt.IsZero() { // it was not sent
			a.StartedAt = time.Now()
		}
		if cause == nil {
			if err := s.deliveries().Update(ctx, tx, h, `status = 'delivered', delivered_at = now_ms(), lease_until = NULL, tries = tries + 1, error_code = NULL, error_message = NULL`); err != nil {
				return err
			}
			if err := logAttempt(ctx, tx, p.id, a); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET failing_since = NULL WHERE endpoint_id = $1 AND failing_since IS NOT NULL`, p.endpointID)
			return err
		}
		f, _ := fault.As(cause)
		if f == nil {
			f = errUnreachable
		}
		a.ErrorCode = &f.Code
		last := h.Tries+1 >= len(s.Waits) || f.Is(errGone) || f.Is(errRescues)
		if last {
			outcome = Failed
			if err := s.deliveries().Fail(ctx, tx, h, f.Code, f.Error()); err != nil {
				return err
			}
		} else {
			outcome = Pending
			if err := s.deliveries().Update(ctx, tx, h, `error_code = $1, error_message = $2`, f.Code, f.Error()); err != nil {
				return err
			}
			if err := s.deliveries().Again(ctx, tx, h, lease.Verdict{Again: true, Counted: true, After: max(jittered(s.Waits[h.Tries+1]), fault.RetryAfter(cause))}); err != nil {
				return err
			}
		}
		if err := logAttempt(ctx, tx, p.id, a); err != nil {
			return err
		}
		return s.unwell(ctx, tx, p, f, last)
	})
	if err == nil {
		s.Metrics.tried(outcome, time.Duration(a.Millis)*time.Millisecond)
		if outcome == Failed {
			telemetry.Log(ctx).Warn().Str("webhook", p.endpointID).Str("delivery", p.id).Str("code", *a.ErrorCode).Msg("A delivery failed")
		}
	}
	return err
}

// jittered changes a wait by at most spread of it.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - spread + 2*spread*rand.Float64()))
}

func logAttempt(ctx context.Context, tx *db.Tx, deliveryID string, a Attempt) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_attempts (delivery_id, attempt, started_at, ms, status_code, error_code, response) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (delivery_id, attempt) DO NOTHING`, deliveryID, a.Attempt, a.StartedAt.UnixMilli(), a.Millis, a.StatusCode, a.ErrorCode, a.Response); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	return nil
}

// unwell notes that an endpoint failed, and disables it when it answered 410, or when
// a delivery's last try failed and nothing was delivered since its first.
func (s *Service) unwell(ctx context.Context, tx *db.Tx, p parcel, f *fault.Error, last bool) error {
	if _, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, now_ms()) WHERE endpoint_id = $1`, p.endpointID); err != nil {
		return err
	}
	where, reason, args := ``, reasonGone, []any{p.endpointID}
	if !f.Is(errGone) {
		if !last {
			return nil
		}
		// it failed before this delivery's second try, and has not succeeded since
		where, reason = ` AND failing_since <= (SELECT min(a.started_at) FROM webhook_attempts a WHERE a.delivery_id = $3
			AND a.attempt > (SELECT min(b.attempt) FROM webhook_attempts b WHERE b.delivery_id = $3))`, reasonFailing
		args = append(args, p.id)
	}
	args = slices.Insert(args, 1, any(reason))
	r, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET status = 'disabled', disabled_reason = $2, updated_at = now_ms() WHERE endpoint_id = $1 AND status <> 'disabled'`+where, args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE webhook_deliveries SET status = 'failed', error_code = $2, error_message = $3, updated_at = now_ms() WHERE endpoint_id = $1 AND status = 'pending'`,
		p.endpointID, errDisabled.Code, errDisabled.Text); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		telemetry.Log(ctx).Warn().Str("webhook", p.endpointID).Str("reason", reason).Msg("Disabled a webhook")
	})
	return nil
}

// tidy takes back deliveries whose process died, and deletes old ones and the
// endpoints of jobs that are over.
func (s *Service) tidy(ctx context.Context) error {
	died := 0
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		var err error
		died, _, err = s.deliveries().Rescue(ctx, tx, `FALSE`, `delivery_id`, func(scan func(dest ...any) error) error {
			var id string
			return scan(&id)
		})
		return err
	})
	if err != nil {
		return err
	}
	if died > 0 {
		telemetry.Log(ctx).Warn().Int("deliveries", died).Msg("Took back deliveries whose process died")
		s.hurry()
	}
	for _, q := range []string{
		`DELETE FROM webhook_deliveries WHERE delivery_id IN (SELECT delivery_id FROM webhook_deliveries WHERE created_at < now_ms() - $1 ORDER BY created_at LIMIT 500)`,
		`DELETE FROM webhook_endpoints WHERE endpoint_id IN (SELECT endpoint_id FROM webhook_endpoints WHERE job_id IS NOT NULL AND created_at < now_ms() - $1 - $1 ORDER BY endpoint_id LIMIT 500)`,
	} {
		if _, err := s.DB.ExecContext(ctx, q, Kept.Milliseconds()); err != nil {
			return fmt.Errorf("delete old deliveries: %w", err)
		}
	}
	return nil
}
