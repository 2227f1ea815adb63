package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/pipeline"
)

// lockEntry locks an item and its siblings, always in the same order.
// Errors: ErrItemNotFound.
func lockEntry(ctx context.Context, tx *db.Tx, itemID string) (it row, siblings []row, err error) {
	rows, err := selectRows(ctx, tx, `entry_id = (SELECT entry_id FROM items WHERE item_id = $1) ORDER BY position`+tx.ForUpdate(), itemID)
	if err != nil {
		return it, nil, err
	}
	i := slices.IndexFunc(rows, func(r row) bool { return r.itemID == itemID })
	if i < 0 {
		return it, nil, ErrItemNotFound
	}
	it = rows[i]
	return it, slices.Delete(rows, i, i+1), nil
}

// versionsOfSiblings asks for the same version for the siblings that have the cut-out that
// it was made of: one photo, whose mistake was shown once. Their versions begin with the
// finished cut-out. A sibling that isn't done, or is being changed itself, stays as it is.
func (s *Service) versionsOfSiblings(ctx context.Context, tx *db.Tx, c *claimedVersion, siblings []row) error {
	if c.draft == nil || c.checkpoint.Cutout == nil {
		return nil
	}
	hints, err := json.Marshal(c.hints)
	if err != nil {
		return err
	}
	checkpoint, err := json.Marshal(pipeline.Checkpoint{Cutout: c.checkpoint.Cutout})
	if err != nil {
		return err
	}
	for _, o := range siblings {
		if o.status != ItemCompleted {
			continue
		}
		newest, open, err := s.versionState(ctx, tx, o)
		if errors.Is(err, ErrNoCutout) || err == nil && (open > 0 || newest >= MaxVersions) {
			continue
		}
		if err != nil {
			return err
		}
		var base int
		var text string
		if err := tx.QueryRowContext(ctx, `SELECT version, checkpoint FROM cutout_versions WHERE item_id = $1 AND is_current`, o.itemID).Scan(&base, &text); err != nil {
			return fmt.Errorf("load the version of a sibling: %w", err)
		}
		var has pipeline.Checkpoint
		if err := json.Unmarshal([]byte(text), &has); err != nil {
			return fmt.Errorf("read the version of a sibling: %w", err)
		}
		if has.Cutout == nil || has.Cutout.Path != c.draft.Path {
			continue
		}
		v := nextVersion{id: newID(), version: newest + 1, base: base, hints: string(hints), checkpoint: sql.NullString{String: string(checkpoint), Valid: true}}
		if err := s.nextVersion(ctx, tx, o, v); err != nil {
			return err
		}
	}
	return nil
}
