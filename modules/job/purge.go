package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// lateWrites is when nothing can write a deleted job's files any more: the
	// longest upload URL and a worker's last attempt are over. What came late goes
	// then.
	lateWrites = time.Hour
	// purgeHold is how long one process has for a deletion before another takes
	// it on.
	purgeHold = 10 * time.Minute
	// purgeBatch bounds the deletions of one sweep.
	purgeBatch = 20
	// orphansEvery is the pace of the look for files without a job.
	orphansEvery = 24 * time.Hour
	// orphanAge is how old such a file must be: older than any job whose rows are
	// still being written, and than a database that was put back from last
	// night's backup.
	orphanAge = 7 * 24 * time.Hour
)

func (c Containers) all() []string { return []string{c.Raw, c.Outputs, c.Exports} }

// Tidy deletes jobs that have been kept long enough, the files of deleted jobs,
// and files that no job knows. It needs the right to delete in every container.
// Any number of processes may tidy at once.
func (s *Service) Tidy(ctx context.Context) error {
	if err := s.expire(ctx); err != nil {
		return err
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	return s.sweepOrphans(ctx)
}

// purge deletes the files of deleted jobs: once at once, and once more when no
// late write can come.
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
		if errors.Is(err, sql.ErrNoRows) { // others took them
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

// deleteFiles deletes what begins with the prefix in all containers.
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

// sweepOrphans looks once a day for files that no job knows: of uploads whose
// job was deleted, say, or of rows that a database lost. One process of all does
// it.
func (s *Service) sweepOrphans(ctx context.Context) error {
	var due int
	if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM chores WHERE name = 'orphan_files' AND due_at <= now_ms()`).Scan(&due); err != nil || due == 0 {
		return err
	}
	var mine bool
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE chores SET due_at = now_ms() + $1 WHERE name = 'orphan_files' AND due_at <= now_ms()`, orphansEvery.Milliseconds())
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		mine = n > 0
		return err
	})
	if err != nil {
		return fmt.Errorf("take the look for orphans: %w", err)
	}
	if !mine {
		return nil
	}
	files := 0
	for _, c := range s.Containers.all() {
		n, err := s.deleteOrphans(ctx, c)
		files += n
		if err != nil {
			return fmt.Errorf("look for orphans in %s: %w", c, err)
		}
	}
	if files > 0 {
		telemetry.Log(ctx).Warn().Int("files", files).Msg("Deleted files that no job knows")
	}
	return nil
}

// deleteOrphans deletes a container's old files whose job is not there. A name
// that OPAL doesn't write is left alone.
func (s *Service) deleteOrphans(ctx context.Context, container string) (files int, err error) {
	var folder string // the last one looked up: names come in order
	var known bool
	for info, err := range s.Blobs.List(ctx, container, "") {
		if err != nil {
			return files, err
		}
		if time.Since(info.ModifiedAt) < orphanAge {
			continue
		}
		tenantID, jobID, ok := ownerOf(info)
		if !ok {
			continue
		}
		if f := tenantID + "/" + jobID; f != folder {
			folder = f
			var n int
			if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE job_id = $1 AND tenant_id = $2`, jobID, tenantID).Scan(&n); err != nil {
				return files, err
			}
			known = n > 0
		}
		if known {
			continue
		}
		if err := s.Blobs.Delete(ctx, container, info.Name); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

// ownerOf takes the tenant and the job out of a file's path.
func ownerOf(info blob.Info) (tenantID, jobID string, ok bool) {
	parts := strings.SplitN(info.Name, "/", 3)
	if len(parts) < 3 || uuid.Validate(parts[1]) != nil || len(parts[1]) != 36 {
		return "", "", false
	}
	return parts[0], parts[1], true
}
