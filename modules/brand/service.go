package brand

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
)

// Service holds the brand profiles of all tenants. It is safe for concurrent
// use.
type Service struct {
	db           *db.DB
	checkPresets func(names []string) error
}

// New returns a service. checkPresets fails with a fault that names an unknown
// preset; nil takes every name.
func New(d *db.DB, checkPresets func(names []string) error) *Service {
	if checkPresets == nil {
		checkPresets = func([]string) error { return nil }
	}
	return &Service{db: d, checkPresets: checkPresets}
}

// columns are what scan reads.
const columns = `brand_profile_id, profile, created_at, updated_at, version, draft, logo_hash`

// Get returns a profile; ErrNotFound when the tenant has none of that id.
func (s *Service) Get(ctx context.Context, tenantID, id string) (Profile, error) {
	if !idPattern.MatchString(id) {
		return Profile{}, ErrNotFound
	}
	p, err := scan(s.db.QueryRowContext(ctx, `SELECT `+columns+`
		FROM brand_profiles WHERE tenant_id = $1 AND brand_profile_id = $2`, tenantID, id))
	if errors.Is(err, sql.ErrNoRows) {
		if id == DefaultID {
			return defaultProfile(), nil
		}
		return Profile{}, ErrNotFound
	}
	if err != nil {
		return Profile{}, fmt.Errorf("load brand profile %s: %w", id, err)
	}
	return p, nil
}

// List returns a tenant's profiles, default first, the others by id.
func (s *Service) List(ctx context.Context, tenantID string) ([]Profile, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+columns+`
		FROM brand_profiles WHERE tenant_id = $1 ORDER BY brand_profile_id LIMIT $2`, tenantID, MaxProfiles+1)
	if err != nil {
		return nil, fmt.Errorf("list brand profiles: %w", err)
	}
	defer rows.Close()
	out := []Profile{defaultProfile()}
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list brand profiles: %w", err)
		}
		if p.ID == DefaultID {
			out[0] = p
			continue
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Create stores a new profile; ErrExists when its id is taken, default included.
func (s *Service) Create(ctx context.Context, tenantID string, p Profile) (Profile, error) {
	if err := s.check(ctx, tenantID, &p); err != nil {
		return Profile{}, err
	}
	if p.ID == DefaultID {
		return Profile{}, ErrExists
	}
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM brand_profiles WHERE tenant_id = $1`, tenantID).Scan(&n); err != nil {
			return err
		}
		if n >= MaxProfiles {
			return ErrTooMany.With("%d", n)
		}
		return s.insert(ctx, tx, tenantID, &p)
	})
	if db.IsUnique(err) {
		return Profile{}, ErrExists
	}
	if err != nil {
		return Profile{}, fmt.Errorf("create brand profile %s: %w", p.ID, err)
	}
	return p, nil
}

// Replace changes a profile as a whole; ErrNotFound when there is none. Jobs
// that run keep the profile they were made with.
func (s *Service) Replace(ctx context.Context, tenantID string, p Profile) (Profile, error) {
	if err := s.check(ctx, tenantID, &p); err != nil {
		return Profile{}, err
	}
	text, err := encode(p)
	if err != nil {
		return Profile{}, err
	}
	return s.goLive(ctx, tenantID, p.ID, `profile = $3`, text)
}

// Delete removes a profile; ErrDefault for default, ErrNotFound when there is
// none. Jobs that run keep it.
func (s *Service) Delete(ctx context.Context, tenantID, id string) error {
	if id == DefaultID {
		return ErrDefault
	}
	if !idPattern.MatchString(id) {
		return ErrNotFound
	}
	res, err := s.db.ExecContext(ctx, `DELETE FROM brand_profiles WHERE tenant_id = $1 AND brand_profile_id = $2`, tenantID, id)
	if err != nil {
		return fmt.Errorf("delete brand profile %s: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// Checked returns a profile as it would be kept, and keeps nothing. Errors: ErrInvalid, those
// of the presets.
func (s *Service) Checked(ctx context.Context, tenantID string, p Profile) (Profile, error) {
	err := s.check(ctx, tenantID, &p)
	return p, err
}

func (s *Service) check(ctx context.Context, tenantID string, p *Profile) error {
	if err := p.normalize(); err != nil {
		return err
	}
	plates, presets := slices.Clone(p.Plates), p.Steering.PhotoShadow.Presets()
	for _, l := range p.Looks {
		presets = append(presets, l.Steering.PhotoShadow.Presets()...)
		for _, scene := range l.SceneTypes {
			if id, ok := picture.ParsePlate(scene); ok {
				plates = append(plates, id)
			}
		}
	}
	for _, id := range plates {
		var n int
		if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM plates WHERE plate_id = $1 AND tenant_id = $2 AND gone_at IS NULL`, id, tenantID).Scan(&n); err != nil {
			return fmt.Errorf("look for plate %s: %w", id, err)
		}
		if n == 0 {
			return ErrInvalid.With("plates has %.64q, which there is not", id)
		}
	}
	if err := s.checkPresets(presets); err != nil {
		return fmt.Errorf("photo_shadow: %w", err)
	}
	return s.checkPresets(p.DefaultPresets)
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, tenantID string, p *Profile) error {
	text, err := encode(*p)
	if err != nil {
		return err
	}
	now, err := db.Now(ctx, tx)
	if err != nil {
		return err
	}
	p.CreatedAt, p.UpdatedAt, p.Version = now, now, 1
	_, err = tx.ExecContext(ctx, `INSERT INTO brand_profiles (tenant_id, brand_profile_id, profile, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $4)`, tenantID, p.ID, text, now.UnixMilli())
	return err
}

func encode(p Profile) (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

func scan(r interface{ Scan(dest ...any) error }) (Profile, error) {
	var id, text string
	var created, updated int64
	var version int
	var draft, logo sql.NullString
	if err := r.Scan(&id, &text, &created, &updated, &version, &draft, &logo); err != nil {
		return Profile{}, err
	}
	p := defaultProfile()
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return Profile{}, fmt.Errorf("decode the stored profile %s: %w", id, err)
	}
	p.ID, p.CreatedAt, p.UpdatedAt, p.Version, p.Logo = id, db.Time(created), db.Time(updated), version, logo.String
	if draft.Valid {
		d := defaultProfile()
		if err := json.Unmarshal([]byte(draft.String), &d); err != nil {
			return Profile{}, fmt.Errorf("decode the draft of profile %s: %w", id, err)
		}
		d.ID, d.CreatedAt, d.UpdatedAt = id, p.CreatedAt, p.UpdatedAt
		p.Draft = &d
	}
	return p, nil
}
