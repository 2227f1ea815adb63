package webhook

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
)

// check refuses what an endpoint can't be, and returns its URL and types as they are
// kept.
func (s *Service) check(n *NewEndpoint) error {
	to, err := s.URLs.Check(n.URL)
	if err != nil {
		if errors.Is(err, egress.ErrProhibited) {
			return ErrURL.With("it leads to an address that is not public")
		}
		return ErrURL.With("%s", err)
	}
	n.URL = to.String()
	if !fault.IsLine(n.Description, maxDescription) {
		return ErrDescription
	}
	for _, e := range n.Events {
		if !slices.Contains(s.Types, e) {
			return ErrEvents.With("%q; there are %s", e, strings.Join(s.Types, ", "))
		}
	}
	n.Events = slices.Compact(slices.Sorted(slices.Values(n.Events)))
	return nil
}

// Create makes an endpoint and returns its secret, which is shown only this once.
// Errors: ErrURL, ErrEvents, ErrDescription, ErrTooMany.
func (s *Service) Create(ctx context.Context, tenantID string, n NewEndpoint) (e Endpoint, secret string, err error) {
	if err := s.check(&n); err != nil {
		return Endpoint{}, "", err
	}
	id := cmp.Or(n.ID, newID())
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		secret, err = s.secretOf(ctx, tx, `endpoint_id = $1 AND tenant_id = $2`, id, tenantID)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var count int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1 AND job_id IS NULL`, tenantID).Scan(&count); err != nil {
			return err
		}
		if count >= MaxEndpoints {
			return ErrTooMany.With("%d", count)
		}
		secret, err = s.insert(ctx, tx, id, tenantID, nil, n)
		return err
	})
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("create a webhook: %w", err)
	}
	e, err = s.Get(ctx, tenantID, id)
	return e, secret, err
}

// Callback makes the endpoint of one job, in the transaction that makes the job, and
// returns its secret.
func (s *Service) Callback(ctx context.Context, tx *db.Tx, tenantID, jobID, url string) (secret string, err error) {
	n := NewEndpoint{URL: url}
	if err := s.check(&n); err != nil {
		return "", err
	}
	return s.insert(ctx, tx, newID(), tenantID, &jobID, n)
}

// CallbackSecret returns the secret of a job's callback again.
func (s *Service) CallbackSecret(ctx context.Context, tenantID, jobID string) (string, error) {
	secret, err := s.secretOf(ctx, s.DB, `job_id = $1 AND tenant_id = $2`, jobID, tenantID)
	if err != nil {
		return "", fmt.Errorf("load the secret of job %s's callback: %w", jobID, err)
	}
	return secret, nil
}

// secretOf returns an endpoint's secret, or sql.ErrNoRows.
func (s *Service) secretOf(ctx context.Context, q db.Querier, where string, args ...any) (string, error) {
	var id, sealed string
	if err := q.QueryRowContext(ctx, `SELECT endpoint_id, secret FROM webhook_endpoints WHERE `+where, args...).Scan(&id, &sealed); err != nil {
		return "", err
	}
	return s.open(id, sealed)
}

// CheckURL refuses a URL that no endpoint can have, with ErrURL.
func (s *Service) CheckURL(url string) error { return s.check(&NewEndpoint{URL: url}) }

func (s *Service) insert(ctx context.Context, tx *db.Tx, id, tenantID string, jobID *string, n NewEndpoint) (string, error) {
	secret := newSecret()
	sealed, err := s.seal(id, secret)
	if err != nil {
		return "", err
	}
	types, err := json.Marshal(append([]string{}, n.Events...))
	if err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_endpoints (endpoint_id, tenant_id, job_id, url, description, events, status, secret, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'enabled', $7, now_ms(), now_ms())`, id, tenantID, jobID, n.URL, n.Description, string(types), sealed); err != nil {
		return "", fmt.Errorf("insert the webhook: %w", err)
	}
	return secret, nil
}

const endpointColumns = `endpoint_id, tenant_id, job_id, url, description, events, status, disabled_reason, failing_since, old_until, created_at, updated_at`

type scanner interface{ Scan(dest ...any) error }

func scanEndpoint(r scanner) (Endpoint, error) {
	var e Endpoint
	var types string
	var failing, old sql.NullInt64
	var created, updated int64
	if err := r.Scan(&e.EndpointID, &e.TenantID, &e.JobID, &e.URL, &e.Description, &types, &e.Status, &e.DisabledReason, &failing, &old, &created, &updated); err != nil {
		return Endpoint{}, err
	}
	e.FailingSince, e.OldUntil, e.CreatedAt, e.UpdatedAt = db.MaybeTime(failing), db.MaybeTime(old), db.Time(created), db.Time(updated)
	if e.OldUntil != nil && e.OldUntil.Before(time.Now()) {
		e.OldUntil = nil
	}
	return e, json.Unmarshal([]byte(types), &e.Events)
}

// Get returns an endpoint; ErrNotFound for another tenant's.
func (s *Service) Get(ctx context.Context, tenantID, id string) (Endpoint, error) {
	e, err := scanEndpoint(s.DB.QueryRowContext(ctx, `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE endpoint_id = $1 AND tenant_id = $2`, id, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Endpoint{}, ErrNotFound
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("load webhook %s: %w", id, err)
	}
	return e, nil
}

// List returns a tenant's endpoints, oldest first, without those of jobs.
func (s *Service) List(ctx context.Context, tenantID string) ([]Endpoint, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE tenant_id = $1 AND job_id IS NULL ORDER BY endpoint_id`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	defer rows.Close()
	out := []Endpoint{}
	for rows.Next() {
		e, err := scanEndpoint(rows)
		if err != nil {
			return nil, fmt.Errorf("list webhooks: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Update changes an endpoint's URL, description and types as a whole.
func (s *Service) Update(ctx context.Context, tenantID, id string, n NewEndpoint) (Endpoint, error) {
	if err := s.check(&n); err != nil {
		return Endpoint{}, err
	}
	types, err := json.Marshal(append([]string{}, n.Events...))
	if err != nil {
		return Endpoint{}, err
	}
	return s.change(ctx, tenantID, id, `url = $3, description = $4, events = $5`, n.URL, n.Description, string(types))
}

// Pause holds an endpoint's deliveries back, which wait. Repeated, it changes nothing.
func (s *Service) Pause(ctx context.Context, tenantID, id string) (Endpoint, error) {
	return s.change(ctx, tenantID, id, `status = CASE WHEN status = 'enabled' THEN 'paused' ELSE status END`)
}

// Enable has a paused or disabled endpoint sent to again. Deliveries that
// waited are sent; failed ones are sent when they are replayed.
func (s *Service) Enable(ctx context.Context, tenantID, id string) (Endpoint, error) {
	e, err := s.change(ctx, tenantID, id, `status = 'enabled', disabled_reason = NULL, failing_since = NULL`)
	s.hurry()
	return e, err
}

// Rotate gives an endpoint a new secret and returns it. The one before signs beside it
// for a day.
func (s *Service) Rotate(ctx context.Context, tenantID, id string) (e Endpoint, secret string, err error) {
	secret = newSecret()
	sealed, err := s.seal(id, secret)
	if err != nil {
		return Endpoint{}, "", err
	}
	e, err = s.change(ctx, tenantID, id, `old_secret = secret, old_until = now_ms() + $4, secret = $3`, sealed, overlap.Milliseconds())
	return e, secret, err
}

// change updates an endpoint's row. args are those of the assignments, from $3 on.
func (s *Service) change(ctx context.Context, tenantID, id, set string, args ...any) (Endpoint, error) {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET `+set+`, updated_at = now_ms() WHERE endpoint_id = $1 AND tenant_id = $2`, append([]any{id, tenantID}, args...)...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound, err)
		}
		return nil
	})
	if err != nil {
		return Endpoint{}, fmt.Errorf("change webhook %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}

// Delete deletes an endpoint with its deliveries and their log.
func (s *Service) Delete(ctx context.Context, tenantID, id string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM webhook_endpoints WHERE endpoint_id = $1 AND tenant_id = $2`, id, tenantID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, err)
	}
	return nil
}

// Forget deletes the endpoint of a job, with its deliveries, in the transaction that
// deletes the job; and the deliveries of its events to others.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, jobID string) error {
	for _, q := range []string{`DELETE FROM webhook_endpoints WHERE job_id = $1`, `DELETE FROM webhook_deliveries WHERE job_id = $1`} {
		if _, err := tx.ExecContext(ctx, q, jobID); err != nil {
			return fmt.Errorf("delete the deliveries of job %s: %w", jobID, err)
		}
	}
	return nil
}
