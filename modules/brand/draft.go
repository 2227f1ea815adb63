package brand

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// ErrNoDraft says that a profile has no changes that wait.
var ErrNoDraft = fault.New(fault.Conflict, "brand_draft_missing", "The brand profile has no draft; PUT one first")

// SaveDraft keeps changes of a profile that jobs don't follow yet, in the place of those
// before. The profile must exist. Errors: ErrNotFound, ErrInvalid, those of the presets.
func (s *Service) SaveDraft(ctx context.Context, tenantID string, p Profile) (Profile, error) {
	if err := s.check(ctx, tenantID, &p); err != nil {
		return Profile{}, err
	}
	text, err := encode(p)
	if err != nil {
		return Profile{}, err
	}
	return s.change(ctx, tenantID, p.ID, `draft = $3`, text)
}

// DropDraft forgets the changes of a profile that are not live. Without any it changes
// nothing. Error: ErrNotFound.
func (s *Service) DropDraft(ctx context.Context, tenantID, id string) (Profile, error) {
	return s.change(ctx, tenantID, id, `draft = NULL`)
}

// Publish makes a profile's draft live: jobs that are ordered from then on follow it.
// Errors: ErrNotFound, ErrNoDraft, ErrInvalid when a plate or preset that it names is gone.
func (s *Service) Publish(ctx context.Context, tenantID, id string) (Profile, error) {
	now, err := s.Get(ctx, tenantID, id)
	if err != nil {
		return Profile{}, err
	}
	if now.Draft == nil {
		return Profile{}, ErrNoDraft
	}
	if err := s.check(ctx, tenantID, now.Draft); err != nil {
		return Profile{}, err
	}
	return s.goLive(ctx, tenantID, id, `profile = COALESCE(draft, profile), draft = NULL`)
}

// change changes a profile's row, which default may not have yet, and returns what it is then.
func (s *Service) change(ctx context.Context, tenantID, id, set string, args ...any) (Profile, error) {
	return s.changeAfter(ctx, tenantID, id, func(context.Context, *db.Tx, string, string) error { return nil }, set, args...)
}

// changeAfter changes a profile's row after something else in the same transaction.
func (s *Service) changeAfter(ctx context.Context, tenantID, id string, before func(ctx context.Context, tx *db.Tx, tenantID, id string) error, set string, args ...any) (Profile, error) {
	if !idPattern.MatchString(id) {
		return Profile{}, ErrNotFound
	}
	var out Profile
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		for try := range 2 {
			if err := before(ctx, tx, tenantID, id); err != nil {
				return err
			}
			p, err := scan(tx.QueryRowContext(ctx, `UPDATE brand_profiles SET `+set+` WHERE tenant_id = $1 AND brand_profile_id = $2 RETURNING `+columns, append([]any{tenantID, id}, args...)...))
			switch {
			case err == nil:
				out = p
				return nil
			case !errors.Is(err, sql.ErrNoRows):
				return err
			case id != DefaultID || try > 0:
				return ErrNotFound
			}
			first := defaultProfile()
			if err := s.insert(ctx, tx, tenantID, &first); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err) { // two first changes of default at the same time: the row is there now
		return s.changeAfter(ctx, tenantID, id, before, set, args...)
	}
	if err != nil {
		return Profile{}, fmt.Errorf("change brand profile %s: %w", id, err)
	}
	return out, nil
}
