package brand

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// MaxVersions bounds how many earlier versions of a profile are kept: the newest.
const MaxVersions = 50

// ErrVersionNotFound says that a profile had no such version, or that it is no longer kept.
var ErrVersionNotFound = fault.New(fault.NotFound, "brand_version_not_found", "The brand profile has no such version; the newest 50 are kept")

// Version is a profile as it was live before.
type Version struct {
	Version  int
	LiveFrom time.Time
	Profile  Profile
}

// goLive makes a change after which jobs follow another profile, and keeps the one that they
// followed.
func (s *Service) goLive(ctx context.Context, tenantID, id, set string, args ...any) (Profile, error) {
	return s.changeAfter(ctx, tenantID, id, keepVersion, set+`, version = version + 1, updated_at = now_ms()`, args...)
}

// keepVersion copies a profile's row to those that were live, and forgets the oldest of many.
func keepVersion(ctx context.Context, tx *db.Tx, tenantID, id string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO brand_versions (tenant_id, brand_profile_id, version, profile, live_from)
		SELECT tenant_id, brand_profile_id, version, profile, updated_at FROM brand_profiles WHERE tenant_id = $1 AND brand_profile_id = $2`+tx.ForUpdate()+`
		ON CONFLICT DO NOTHING`, tenantID, id); err != nil {
		return fmt.Errorf("keep a version: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM brand_versions WHERE tenant_id = $1 AND brand_profile_id = $2 AND version <=
		(SELECT version FROM brand_profiles WHERE tenant_id = $1 AND brand_profile_id = $2) - $3`, tenantID, id, MaxVersions); err != nil {
		return fmt.Errorf("forget old versions: %w", err)
	}
	return nil
}

const versionColumns = `version, profile, live_from`

func scanVersion(r interface{ Scan(dest ...any) error }, id string) (Version, error) {
	var v Version
	var text string
	var from int64
	if err := r.Scan(&v.Version, &text, &from); err != nil {
		return Version{}, err
	}
	v.Profile = defaultProfile()
	if err := json.Unmarshal([]byte(text), &v.Profile); err != nil {
		return Version{}, fmt.Errorf("decode version %d of profile %s: %w", v.Version, id, err)
	}
	v.LiveFrom = db.Time(from)
	v.Profile.ID, v.Profile.Version, v.Profile.CreatedAt, v.Profile.UpdatedAt = id, v.Version, v.LiveFrom, v.LiveFrom
	return v, nil
}

// Versions returns the profiles that were live before, the newest first. Error: ErrNotFound.
func (s *Service) Versions(ctx context.Context, tenantID, id string) ([]Version, error) {
	if _, err := s.Get(ctx, tenantID, id); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+versionColumns+` FROM brand_versions WHERE tenant_id = $1 AND brand_profile_id = $2 ORDER BY version DESC`, tenantID, id)
	if err != nil {
		return nil, fmt.Errorf("list versions of brand profile %s: %w", id, err)
	}
	defer rows.Close()
	all := []Version{}
	for rows.Next() {
		v, err := scanVersion(rows, id)
		if err != nil {
			return nil, fmt.Errorf("list versions of brand profile %s: %w", id, err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Restore makes an earlier version live again, as a new version; a draft stays a draft. Errors:
// ErrNotFound, ErrVersionNotFound, ErrInvalid when a plate that it names is gone, those of the
// presets.
func (s *Service) Restore(ctx context.Context, tenantID, id string, version int) (Profile, error) {
	if _, err := s.Get(ctx, tenantID, id); err != nil {
		return Profile{}, err
	}
	v, err := scanVersion(s.db.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM brand_versions WHERE tenant_id = $1 AND brand_profile_id = $2 AND version = $3`, tenantID, id, version), id)
	if errors.Is(err, sql.ErrNoRows) {
		return Profile{}, ErrVersionNotFound
	}
	if err != nil {
		return Profile{}, fmt.Errorf("load version %d of brand profile %s: %w", version, id, err)
	}
	return s.Replace(ctx, tenantID, v.Profile)
}
