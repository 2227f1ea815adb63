package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/event"
)

const deliveryColumns = `delivery_id, endpoint_id, event_id, event_type, job_id, status, tries, due_at, error_code, error_message, delivered_at, created_at, payload`

func scanDelivery(r scanner) (Delivery, error) {
	var d Delivery
	var due, delivered sql.NullInt64
	var created int64
	var body string
	if err := r.Scan(&d.DeliveryID, &d.EndpointID, &d.EventID, &d.EventType, &d.JobID, &d.Status, &d.Tries, &due, &d.ErrorCode, &d.ErrorMessage, &delivered, &created, &body); err != nil {
		return Delivery{}, err
	}
	if d.Status == Pending || d.Status == Processing {
		d.DueAt = db.MaybeTime(due)
	}
	d.DeliveredAt, d.CreatedAt, d.Payload, d.Attempts = db.MaybeTime(delivered), db.Time(created), json.RawMessage(body), []Attempt{}
	return d, nil
}

// Query selects deliveries of an endpoint.
type Query struct {
	Status string // "": all
	Cursor string // next of the page before; "": the first page
	Limit  int    // 1 to 200; 0: 50
}

var cursorPattern = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// Deliveries returns a page of an endpoint's deliveries, newest first, without their
// attempts, and the cursor of the next page ("" on the last).
func (s *Service) Deliveries(ctx context.Context, tenantID, endpointID string, q Query) (page []Delivery, next string, err error) {
	if _, err := s.Get(ctx, tenantID, endpointID); err != nil {
		return nil, "", err
	}
	if q.Cursor != "" && !cursorPattern.MatchString(q.Cursor) {
		return nil, "", ErrCursor
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit = min(q.Limit, 200)
	rows, err := s.DB.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE endpoint_id = $1 AND ($2 = '' OR delivery_id < $2) AND ($3 = '' OR status = $3) ORDER BY delivery_id DESC LIMIT $4`, endpointID, q.Cursor, q.Status, q.Limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	defer rows.Close()
	page = []Delivery{}
	for rows.Next() {
		d, err := scanDelivery(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list deliveries: %w", err)
		}
		page = append(page, d)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		next = page[q.Limit-1].DeliveryID
	}
	return page, next, nil
}

// Delivery returns a delivery with its attempts; ErrDeliveryNotFound for another
// endpoint's or tenant's.
func (s *Service) Delivery(ctx context.Context, tenantID, endpointID, deliveryID string) (Delivery, error) {
	d, err := scanDelivery(s.DB.QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM webhook_deliveries WHERE delivery_id = $1 AND endpoint_id = $2 AND tenant_id = $3`,
		deliveryID, endpointID, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, ErrDeliveryNotFound
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("load delivery %s: %w", deliveryID, err)
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT attempt, started_at, ms, status_code, error_code, response FROM webhook_attempts WHERE delivery_id = $1 ORDER BY attempt`, deliveryID)
	if err != nil {
		return Delivery{}, fmt.Errorf("load the log of delivery %s: %w", deliveryID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var a Attempt
		var started int64
		if err := rows.Scan(&a.Attempt, &started, &a.Millis, &a.StatusCode, &a.ErrorCode, &a.Response); err != nil {
			return Delivery{}, fmt.Errorf("load the log of delivery %s: %w", deliveryID, err)
		}
		a.StartedAt = db.Time(started)
		d.Attempts = append(d.Attempts, a)
	}
	return d, rows.Err()
}

// again takes ended deliveries back to pending: they are sent immediately, and have all
// their tries again. Their webhook-id stays, so that a receiver that has had one knows
// it.
const again = `status = 'pending', tries = 0, rescues = 0, due_at = now_ms(), error_code = NULL, error_message = NULL, delivered_at = NULL, updated_at = now_ms()`

// Replay sends a delivery again. One that waits for its next try is sent immediately.
func (s *Service) Replay(ctx context.Context, tenantID, endpointID, deliveryID string) (Delivery, error) {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE webhook_deliveries SET `+again+` WHERE delivery_id = $1 AND endpoint_id = $2 AND tenant_id = $3 AND status <> 'processing'`, deliveryID, endpointID, tenantID)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n == 0 {
			err = ErrBusy
		}
		return err
	})
	s.hurry()
	d, found := s.Delivery(ctx, tenantID, endpointID, deliveryID)
	if found != nil {
		return Delivery{}, found
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("replay delivery %s: %w", deliveryID, err)
	}
	return d, nil
}

// ReplayRange sends an endpoint's deliveries of a time again: those that failed, or
// with all set those that were delivered, too. It returns their number.
func (s *Service) ReplayRange(ctx context.Context, tenantID, endpointID string, from, to time.Time, all bool) (int, error) {
	if _, err := s.Get(ctx, tenantID, endpointID); err != nil {
		return 0, err
	}
	status := `status = 'failed'`
	if all {
		status = `status IN ('failed', 'delivered')`
	}
	var n int64
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE webhook_deliveries SET `+again+` WHERE endpoint_id = $1 AND tenant_id = $2 AND created_at >= $3 AND created_at < $4 AND `+status,
			endpointID, tenantID, from.UnixMilli(), to.UnixMilli())
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("replay deliveries of webhook %s: %w", endpointID, err)
	}
	s.hurry()
	return int(n), nil
}

// Try sends an endpoint an event of type Test, once and immediately, whatever the
// endpoint's state, and returns the delivery with what came of it.
func (s *Service) Try(ctx context.Context, tenantID, endpointID string) (Delivery, error) {
	e, err := s.Get(ctx, tenantID, endpointID)
	if err != nil {
		return Delivery{}, err
	}
	body, err := payload(event.Event{ID: newID(), Type: Test, TenantID: tenantID, Data: json.RawMessage(`{}`), CreatedAt: time.Now().UTC()})
	if err != nil {
		return Delivery{}, err
	}
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return Delivery{}, err
	}
	id := newID()
	var held []lease.Held
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		// its first try is its last
		if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_deliveries (delivery_id, endpoint_id, tenant_id, event_id, event_type, job_id, payload, status, tries, due_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, '', $6, 'pending', $7, now_ms(), now_ms(), now_ms())`, id, e.EndpointID, tenantID, m.ID, Test, body, len(s.Waits)-1); err != nil {
			return err
		}
		held, err = s.deliveries().Claim(ctx, tx, `delivery_id = $1`, id)
		return err
	})
	if err != nil {
		return Delivery{}, fmt.Errorf("try webhook %s: %w", endpointID, err)
	}
	for _, h := range held {
		if err := s.tryOnce(ctx, h); err != nil {
			return Delivery{}, fmt.Errorf("try webhook %s: %w", endpointID, err)
		}
	}
	return s.Delivery(ctx, tenantID, endpointID, id)
}

// tryOnce sends a test. It says nothing of the endpoint's health: a person who sets an
// endpoint up tries until it works.
func (s *Service) tryOnce(ctx context.Context, h lease.Held) error {
	p, err := s.parcel(ctx, h)
	if err != nil {
		return err
	}
	a, cause := s.attempt(ctx, p)
	a.Attempt = h.Attempt
	settle, done := lease.Settle(ctx)
	defer done()
	return s.DB.InTx(settle, func(tx *db.Tx) error {
		if cause == nil {
			if err := s.deliveries().Update(settle, tx, h, `status = 'delivered', delivered_at = now_ms(), lease_until = NULL, tries = 1`); err != nil {
				return err
			}
		} else {
			code, text := lease.Describe(cause, errUnreachable)
			a.ErrorCode = &code
			if err := s.deliveries().Update(settle, tx, h, `status = 'failed', error_code = $1, error_message = $2, lease_until = NULL, tries = 1`, code, text); err != nil {
				return err
			}
		}
		return logAttempt(settle, tx, p.id, a)
	})
}
