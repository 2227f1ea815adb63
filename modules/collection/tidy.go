package collection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/event"
)

const (
	// looks is how often the files of a ZIP that is forgotten are looked for: a worker
	// that lost it may write one more.
	looks = 2
	// nextLook is when no such worker is left.
	nextLook = time.Hour
	// tidyHold is how long one process has for a look.
	tidyHold = 10 * time.Minute
	// emptyAge is how long a collection without jobs is kept.
	emptyAge = 30 * 24 * time.Hour
)

// delete hides a locked collection; Tidy deletes its files and then the row.
func (s *Service) delete(ctx context.Context, tx *db.Tx, id string) error {
	if err := s.ZIPs.ForgetZIPs(ctx, tx, id); err != nil {
		return err
	}
	if err := event.Forget(ctx, tx, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM collection_jobs WHERE collection_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE collections SET status = 'deleted', zip = 'none', updated_at = now_ms(), tidy_at = now_ms(), tidy_looks = $2 WHERE collection_id = $1`, id, looks)
	return err
}

// Drop deletes a collection that its maker no longer needs, in the caller's transaction.
func (s *Service) Drop(ctx context.Context, tx *db.Tx, tenantID, id string) error {
	if _, err := lock(ctx, tx, tenantID, id); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	return s.delete(ctx, tx, id)
}

// Tidy deletes the files of ZIPs that are forgotten, collections that were deleted, and
// those whose jobs have all been deleted. Any number of processes may run it at the same
// time.
func (s *Service) Tidy(ctx context.Context) error {
	for range lease.SweepBatch {
		more, err := s.tidyOne(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	ids, err := texts(ctx, s.DB, `SELECT collection_id FROM collections c WHERE status <> 'deleted' AND NOT EXISTS (SELECT 1 FROM collection_jobs m WHERE m.collection_id = c.collection_id)
		AND (status NOT IN ('open', 'processing') AND updated_at < now_ms() - $3 OR updated_at < now_ms() - $1) ORDER BY updated_at LIMIT $2`,
		emptyAge.Milliseconds(), lease.SweepBatch, (24 * time.Hour).Milliseconds())
	if err != nil {
		return fmt.Errorf("look for empty collections: %w", err)
	}
	for _, id := range ids {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			var still string
			err := tx.QueryRowContext(ctx, `SELECT collection_id FROM collections c WHERE collection_id = $1 AND status <> 'deleted'
				AND NOT EXISTS (SELECT 1 FROM collection_jobs m WHERE m.collection_id = c.collection_id)`+tx.ForUpdate(), id).Scan(&still)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.delete(ctx, tx, id)
		})
		if err != nil {
			return fmt.Errorf("delete an empty collection: %w", err)
		}
	}
	return nil
}

// tidyOne looks for the files of one collection that nobody names.
func (s *Service) tidyOne(ctx context.Context) (more bool, err error) {
	var due int
	if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM collections WHERE tidy_at <= now_ms()`).Scan(&due); err != nil || due == 0 {
		return false, err
	}
	var id, tenantID, status string
	var left int
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE collections SET tidy_at = now_ms() + $1 WHERE collection_id =
			(SELECT collection_id FROM collections WHERE tidy_at <= now_ms() ORDER BY tidy_at LIMIT 1`+tx.SkipLocked()+`)
			RETURNING collection_id, tenant_id, status, tidy_looks`, tidyHold.Milliseconds()).Scan(&id, &tenantID, &status, &left)
	})
	if errors.Is(err, sql.ErrNoRows) { // other processes took them
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take a collection to tidy: %w", err)
	}
	if err := s.deleteFiles(ctx, tenantID, id); err != nil {
		return false, fmt.Errorf("delete the files of collection %s: %w", id, err)
	}
	if left > 1 {
		_, err = s.DB.ExecContext(ctx, `UPDATE collections SET tidy_looks = tidy_looks - 1, tidy_at = now_ms() + $2 WHERE collection_id = $1`, id, nextLook.Milliseconds())
	} else if status == deleted {
		_, err = s.DB.ExecContext(ctx, `DELETE FROM collections WHERE collection_id = $1 AND status = 'deleted'`, id)
	} else {
		_, err = s.DB.ExecContext(ctx, `UPDATE collections SET tidy_looks = 0, tidy_at = NULL WHERE collection_id = $1 AND tidy_looks <= 1`, id)
	}
	return err == nil, err
}

// deleteFiles deletes the files of a collection's former ZIPs. A ZIP that is being made
// names its parts as soon as they are stored, but for the one that is on its way: nothing
// is deleted meanwhile.
func (s *Service) deleteFiles(ctx context.Context, tenantID, id string) error {
	var zip string
	if err := s.DB.QueryRowContext(ctx, `SELECT zip FROM collections WHERE collection_id = $1`, id).Scan(&zip); err != nil {
		return err
	}
	if zip == ZIPPending {
		return nil // a later look does it, or that for files that nobody names
	}
	named, err := s.ZIPs.ZIPPaths(ctx, id)
	if err != nil {
		return err
	}
	for info, err := range s.Blobs.List(ctx, s.Exports, tenantID+"/"+id+"/") {
		if err != nil {
			return err
		}
		if slices.Contains(named, info.Name) {
			continue
		}
		if err := s.Blobs.Delete(ctx, s.Exports, info.Name); err != nil {
			return err
		}
	}
	return nil
}

// Names returns the files that a collection names; ok is false when there is no such
// collection of the tenant.
func (s *Service) Names(ctx context.Context, tenantID, id string) (paths []string, ok bool, err error) {
	if err := s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM collections WHERE collection_id = $1 AND tenant_id = $2)`, id, tenantID).Scan(&ok); err != nil || !ok {
		return nil, false, err
	}
	paths, err = s.ZIPs.ZIPPaths(ctx, id)
	return paths, true, err
}
