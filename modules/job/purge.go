package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// lateWrites is the time after which nothing can write a deleted job's files
	// any more: the longest upload URL and a worker's last attempt are over. Files
	// that were written late are deleted then.
	lateWrites = time.Hour
	// purgeHold is how long one process has for a deletion before another takes
	// it on.
	purgeHold = 10 * time.Minute
	// purgeBatch bounds the deletions of one sweep.
	purgeBatch = 20
)

func (c Containers) all() []string { return []string{c.Raw, c.Outputs, c.Exports} }

// Tidy deletes jobs that have been kept long enough, the files of deleted jobs,
// and files that no job names. It needs the right to delete in every container.
// Any number of processes may run it at the same time.
func (s *Service) Tidy(ctx context.Context) error {
	if err := s.expire(ctx); err != nil {
		return err
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	return s.sweepOrphans(ctx)
}

// purge deletes the files of deleted jobs: immediately, and again after
// lateWrites.
func (s *Service) purge(ctx context.Context) error {
	for range purgeBatch {
		var due int
		if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM deletions WHERE due_at <= now_ms()`).Scan(&due); err != nil || due == 0 {
			return err
		}
		var id, tenantID, jobID string
		var again sql.NullInt64
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			return tx.QueryRowContext(ctx, `UPDATE deletions SET due_at = now_ms() + $1 WHERE deletion_id =
				(SELECT deletion_id FROM deletions WHERE due_at <= now_ms() ORDER BY due_at LIMIT 1`+tx.SkipLocked()+`)
				RETURNING deletion_id, tenant_id, job_id, files_at`, purgeHold.Milliseconds()).Scan(&id, &tenantID, &jobID, &again)
		})
		if errors.Is(err, sql.ErrNoRows) { // other processes took them
			return nil
		}
		if err != nil {
			return fmt.Errorf("take a deletion: %w", err)
		}
		files, bytes, err := s.deleteFiles(ctx, tenantID+"/"+jobID+"/")
		if err != nil {
			return fmt.Errorf("delete the files of job %s: %w", jobID, err)
		}
		set, args := `files_at = now_ms(), due_at = now_ms() + $4`, []any{id, files, bytes, lateWrites.Milliseconds()}
		if again.Valid {
			set, args = `completed_at = now_ms(), due_at = NULL`, args[:3]
		}
		if _, err := s.DB.ExecContext(ctx, `UPDATE deletions SET files = files + $2, bytes = bytes + $3, `+set+` WHERE deletion_id = $1`, args...); err != nil {
			return fmt.Errorf("record the deletion of job %s: %w", jobID, err)
		}
		telemetry.Log(telemetry.With(ctx, telemetry.IDs{TenantID: tenantID, JobID: jobID})).Info().Int64("files", files).Int64("bytes", bytes).Bool("last_look", again.Valid).
			Msg("Deleted a job's files")
	}
	return nil
}

// deleteFiles deletes all files whose names begin with the prefix, in all
// containers.
func (s *Service) deleteFiles(ctx context.Context, prefix string) (files, bytes int64, err error) {
	for _, c := range s.Containers.all() {
		for info, err := range s.Blobs.List(ctx, c, prefix) {
			if err != nil {
				return files, bytes, err
			}
			if err := s.Blobs.Delete(ctx, c, info.Name); err != nil {
				return files, bytes, err
			}
			files++
			bytes += info.Size
		}
	}
	return files, bytes, nil
}
