// Package tenant keeps the tenants, their API keys, and the replies that their
// idempotency keys stand for.
package tenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// DefaultID is the tenant of calls that name none, where no authentication is
// asked for.
const DefaultID = "default"

const maxName = 120 // characters of a tenant's or a key's name

// Errors of callers.
var (
	ErrID        = fault.New(fault.Invalid, "tenant_id_invalid", "The tenant_id is not valid: 1–64 of A–Z, a–z, 0–9, ., - and _, beginning with a letter or digit")
	ErrNotFound  = fault.New(fault.NotFound, "tenant_not_found", "There is no such tenant")
	ErrExists    = fault.New(fault.Conflict, "tenant_exists", "There is a tenant with this id already")
	ErrDisabled  = fault.New(fault.Forbidden, "tenant_disabled", "This tenant is disabled")
	ErrRetention = fault.New(fault.Invalid, "retention_invalid", "A retention is 0 (kept) to 36500 days")
	ErrName      = fault.New(fault.Invalid, "name_invalid", "The name is not valid: at most 120 characters, without control characters")
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckID fails with ErrID when id can't be the id of a tenant. Ids are part of
// blob paths, so they hold no separator and are not a relative path.
func CheckID(id string) error {
	if !idPattern.MatchString(id) || strings.Contains(id, "..") {
		return ErrID
	}
	return nil
}

// Tenant is a customer: everything else belongs to one.
type Tenant struct {
	ID         string     `json:"tenant_id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at"`
	// RetentionDays is how long finished jobs are kept: nil: as long as the
	// service's own rule says; 0: permanently.
	RetentionDays *int `json:"retention_days"`
}

// Service holds the tenants and their keys. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	pepper []byte
}

// MinPepper is the least number of bytes of New's pepper.
const MinPepper = 16

// New returns a service. The pepper is the secret under which keys are stored;
// keys made under another one don't work any more.
func New(d *db.DB, pepper []byte) (*Service, error) {
	if len(pepper) < MinPepper {
		return nil, fmt.Errorf("the pepper of API keys has %d bytes; it needs %d or more", len(pepper), MinPepper)
	}
	return &Service{db: d, pepper: pepper}, nil
}

// Create makes a tenant. An empty name becomes the id.
func (s *Service) Create(ctx context.Context, id, name string) (Tenant, error) {
	if err := CheckID(id); err != nil {
		return Tenant{}, err
	}
	if name = strings.TrimSpace(name); name == "" {
		name = id
	}
	if err := checkName(name); err != nil {
		return Tenant{}, err
	}
	var at int64
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO tenants (tenant_id, name, created_at) VALUES ($1, $2, now_ms()) RETURNING created_at`,
			id, name).Scan(&at)
	})
	if db.IsUnique(err) {
		return Tenant{}, ErrExists.With("%s", id)
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("create tenant %s: %w", id, err)
	}
	return Tenant{ID: id, Name: name, CreatedAt: db.Time(at)}, nil
}

// Get returns a tenant, disabled ones included.
func (s *Service) Get(ctx context.Context, id string) (Tenant, error) {
	t, err := scanTenant(s.db.QueryRowContext(ctx, `SELECT tenant_id, name, created_at, disabled_at, retention_days FROM tenants WHERE tenant_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Tenant{}, ErrNotFound.With("%s", id)
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("load tenant %s: %w", id, err)
	}
	return t, nil
}

// List returns every tenant by id.
func (s *Service) List(ctx context.Context) ([]Tenant, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT tenant_id, name, created_at, disabled_at, retention_days FROM tenants ORDER BY tenant_id`)
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	defer rows.Close()
	out := []Tenant{}
	for rows.Next() {
		t, err := scanTenant(rows)
		if err != nil {
			return nil, fmt.Errorf("list tenants: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Disable refuses a tenant's keys from now on. Its data is kept. Repeated, it
// changes nothing.
func (s *Service) Disable(ctx context.Context, id string) error {
	return s.update(ctx, id, `UPDATE tenants SET disabled_at = COALESCE(disabled_at, now_ms()) WHERE tenant_id = $1`)
}

// Enable reverses Disable.
func (s *Service) Enable(ctx context.Context, id string) error {
	return s.update(ctx, id, `UPDATE tenants SET disabled_at = NULL WHERE tenant_id = $1`)
}

// maxRetention bounds a retention, in days: a hundred years.
const maxRetention = 36500

// SetRetention sets how many days a tenant's finished jobs are kept. 0:
// permanently; nil: as long as the service's own rule says.
func (s *Service) SetRetention(ctx context.Context, id string, days *int) error {
	if days != nil && (*days < 0 || *days > maxRetention) {
		return ErrRetention
	}
	return s.update(ctx, id, `UPDATE tenants SET retention_days = $2 WHERE tenant_id = $1`, days)
}

// update changes a tenant's row, whose id is $1.
func (s *Service) update(ctx context.Context, id, query string, args ...any) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, query, append([]any{id}, args...)...)
		if err != nil {
			return fmt.Errorf("update tenant %s: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound.With("%s", id), err)
		}
		return nil
	})
}

func scanTenant(r interface{ Scan(dest ...any) error }) (Tenant, error) {
	var t Tenant
	var created int64
	var disabled sql.NullInt64
	if err := r.Scan(&t.ID, &t.Name, &created, &disabled, &t.RetentionDays); err != nil {
		return Tenant{}, err
	}
	t.CreatedAt, t.DisabledAt = db.Time(created), db.MaybeTime(disabled)
	return t, nil
}

func checkName(name string) error {
	if !fault.IsLine(name, maxName) {
		return ErrName
	}
	return nil
}
