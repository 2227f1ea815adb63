package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Sweep cancels imports that never got their table, and those that nobody resumed for
// as long as ended ones are kept. Any number of processes may sweep at
// the same time.
func (s *Imports) Sweep(ctx context.Context) error {
	ids, err := s.ids(ctx, `SELECT import_id FROM imports WHERE status = 'created' AND created_at < now_ms() - $1 ORDER BY created_at LIMIT $2`, abandoned)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			i, err := scanImport(tx.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE import_id = $1 AND status = 'created'`+tx.ForUpdate(), id))
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.abandon(ctx, tx, i, ErrAbandoned)
		})
		if err != nil {
			return fmt.Errorf("cancel import %s: %w", id, err)
		}
	}
	forgotten, err := s.ids(ctx, `SELECT import_id FROM imports WHERE status = 'paused' AND updated_at < now_ms() - $1 ORDER BY updated_at LIMIT $2`, s.Kept)
	if err != nil {
		return err
	}
	for _, id := range forgotten {
		var tenantID string
		if err := s.DB.QueryRowContext(ctx, `SELECT tenant_id FROM imports WHERE import_id = $1`, id).Scan(&tenantID); err != nil {
			return fmt.Errorf("cancel import %s: %w", id, err)
		}
		if _, err := s.Cancel(ctx, tenantID, id); err != nil && !errors.Is(err, ErrImportEnded) {
			return fmt.Errorf("cancel import %s: %w", id, err)
		}
	}
	return nil
}

// Tidy deletes tables whose rows are all jobs, and imports that have been kept long
// enough. Their jobs have a retention of their own. Any number of processes may run it at
// the same time.
func (s *Imports) Tidy(ctx context.Context) error {
	ids, err := s.ids(ctx, `SELECT import_id FROM imports WHERE blob_path IS NOT NULL AND status IN ('working', 'completed', 'partial', 'failed', 'cancelled')
		AND updated_at < now_ms() - $1 ORDER BY updated_at LIMIT $2`, lateTable)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.forgetTable(ctx, id); err != nil {
			telemetry.Log(ctx).Warn().Err(err).Str("import", id).Msg("An import's table could not be deleted; trying again")
		}
	}
	old, err := s.ids(ctx, `SELECT import_id FROM imports WHERE ended_at < now_ms() - $1 AND blob_path IS NULL ORDER BY ended_at LIMIT $2`, s.Kept)
	if err != nil {
		return err
	}
	for _, id := range old {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			if err := event.Forget(ctx, tx, id); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `DELETE FROM imports WHERE import_id = $1`, id)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete import %s: %w", id, err)
		}
	}
	return nil
}

// lateTable is how long a table stays after its last use: its upload URL may still be
// valid, and a file that is put there late would stay.
const lateTable = 20 * time.Minute

func (s *Imports) forgetTable(ctx context.Context, id string) error {
	var path sql.NullString
	if err := s.DB.QueryRowContext(ctx, `SELECT blob_path FROM imports WHERE import_id = $1`, id).Scan(&path); err != nil {
		return err
	}
	if err := s.Blobs.Delete(ctx, s.Raw, path.String); err != nil {
		return err
	}
	_, err := s.DB.ExecContext(ctx, `UPDATE imports SET blob_path = NULL WHERE import_id = $1`, id)
	return err
}

func (s *Imports) ids(ctx context.Context, query string, age time.Duration) (out []string, err error) {
	rows, err := s.DB.QueryContext(ctx, query, age.Milliseconds(), lease.SweepBatch)
	if err != nil {
		return nil, fmt.Errorf("look for imports: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Names returns the files that an import names; ok is false when the tenant has no such
// import.
func (s *Imports) Names(ctx context.Context, tenantID, id string) (paths []string, ok bool, err error) {
	var path sql.NullString
	err = s.DB.QueryRowContext(ctx, `SELECT blob_path FROM imports WHERE import_id = $1 AND tenant_id = $2`, id, tenantID).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if path.Valid {
		paths = []string{path.String}
	}
	return paths, err == nil, err
}

// Oldest returns how long the oldest import has waited for a worker; 0 when none waits.
func (s *Imports) Oldest(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, s.DB, `SELECT min(due_at) FROM imports WHERE status = 'queued' AND due_at <= now_ms()`)
}
