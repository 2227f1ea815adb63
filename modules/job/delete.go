package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Why a job was deleted.
const (
	DeletedOnRequest   = "request"
	DeletedByRetention = "retention"
)

// ErrNoDeletion says that the tenant has no receipt of that id.
var ErrNoDeletion = fault.New(fault.NotFound, "deletion_not_found", "There is no such deletion")

// Deletion is the receipt of a deleted job. The job's rows went in the
// transaction that wrote it; its files follow, and CompletedAt says from when
// on no late write can add one.
type Deletion struct {
	DeletionID  string     `json:"deletion_id"`
	JobID       string     `json:"job_id"`
	Reason      string     `json:"reason"` // request or retention
	Items       int        `json:"items"`
	Variants    int        `json:"variants"`
	Files       int64      `json:"files"` // deleted so far
	Bytes       int64      `json:"bytes"`
	CreatedAt   time.Time  `json:"created_at"`
	FilesAt     *time.Time `json:"files_at"`     // when all files that were there had been deleted
	CompletedAt *time.Time `json:"completed_at"` // when upload URLs and workers had ended too, and nothing was left
}

// Delete deletes a job with all its pictures, immediately and permanently, and
// returns the receipt. Items that have not ended are cancelled and their
// credits given back; the ledger keeps the credits that were spent. Repeated,
// it returns the same receipt.
func (s *Service) Delete(ctx context.Context, tenantID, jobID string) (Deletion, error) {
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.delete(ctx, tx, tenantID, jobID, DeletedOnRequest) }); err != nil && !errors.Is(err, ErrJobNotFound) {
		return Deletion{}, fmt.Errorf("delete job %s: %w", jobID, err)
	}
	d, err := scanDeletion(s.DB.QueryRowContext(ctx, `SELECT `+deletionColumns+` FROM deletions WHERE job_id = $1 AND tenant_id = $2`, jobID, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Deletion{}, ErrJobNotFound
	}
	if err != nil {
		return Deletion{}, fmt.Errorf("load the receipt of job %s: %w", jobID, err)
	}
	return d, nil
}

// delete writes the receipt and removes the rows. It locks in the order of all
// transitions: items, variants, ledger, job.
func (s *Service) delete(ctx context.Context, tx *db.Tx, tenantID, jobID, reason string) error {
	var items []row
	for n := -1; n != len(items); { // again, until no retry has added an item in between
		n = len(items)
		var err error
		if items, err = selectRows(ctx, tx, `job_id = $1 AND tenant_id = $2 ORDER BY position`+tx.ForUpdate(), jobID, tenantID); err != nil {
			return err
		}
	}
	if len(items) == 0 { // every job has items
		return ErrJobNotFound
	}
	variants, err := s.Exporter.Forget(ctx, tx, jobID)
	if err != nil {
		return err
	}
	for _, it := range items {
		// also of completed items: their variants may not have been made yet
		if err := s.Meter.Release(ctx, tx, tenantID, it.itemID); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO deletions (deletion_id, tenant_id, job_id, reason, items, variants, created_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, now_ms(), now_ms())`, newID(), tenantID, jobID, reason, len(items), variants); err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	for _, q := range []string{
		`DELETE FROM uploads WHERE entry_id IN (SELECT entry_id FROM items WHERE job_id = $1)`,
		`DELETE FROM reviews WHERE job_id = $1`,
		`DELETE FROM cutout_versions WHERE job_id = $1`,
		`DELETE FROM item_sets WHERE job_id = $1`,
		`DELETE FROM item_steps WHERE item_id IN (SELECT item_id FROM items WHERE job_id = $1)`,
		`DELETE FROM items WHERE job_id = $1`,
		`DELETE FROM jobs WHERE job_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, jobID); err != nil {
			return fmt.Errorf("delete the rows: %w", err)
		}
	}
	if err := event.Forget(ctx, tx, jobID); err != nil {
		return err
	}
	if s.Callbacks != nil {
		if err := s.Callbacks.Forget(ctx, tx, jobID); err != nil {
			return err
		}
	}
	if s.Groups != nil {
		if err := s.Groups.JobForgotten(ctx, tx, jobID); err != nil {
			return err
		}
	}
	if s.Shares != nil {
		if err := s.Shares.JobForgotten(ctx, tx, jobID); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() {
		telemetry.Log(telemetry.With(ctx, telemetry.IDs{TenantID: tenantID, JobID: jobID})).Info().Str("reason", reason).Int("items", len(items)).Msg("Deleted a job")
	})
	return nil
}

const deletionColumns = `deletion_id, job_id, reason, items, variants, files, bytes, created_at, files_at, completed_at`

func scanDeletion(r scanner) (Deletion, error) {
	var d Deletion
	var created int64
	var files, completed sql.NullInt64
	err := r.Scan(&d.DeletionID, &d.JobID, &d.Reason, &d.Items, &d.Variants, &d.Files, &d.Bytes, &created, &files, &completed)
	d.CreatedAt, d.FilesAt, d.CompletedAt = db.Time(created), db.MaybeTime(files), db.MaybeTime(completed)
	return d, err
}

// Deletion returns a receipt; ErrNoDeletion for another tenant's receipt.
func (s *Service) Deletion(ctx context.Context, tenantID, deletionID string) (Deletion, error) {
	d, err := scanDeletion(s.DB.QueryRowContext(ctx, `SELECT `+deletionColumns+` FROM deletions WHERE deletion_id = $1 AND tenant_id = $2`, deletionID, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Deletion{}, ErrNoDeletion
	}
	if err != nil {
		return Deletion{}, fmt.Errorf("load deletion %s: %w", deletionID, err)
	}
	return d, nil
}

// deletionCursor matches the ids of receipts, which are their lists' cursors.
var deletionCursor = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// Deletions returns a tenant's receipts, newest first, and the cursor of the
// next page ("" on the last). The limit is 1 to MaxPage; 0 is 50.
func (s *Service) Deletions(ctx context.Context, tenantID, cursor string, limit int) (all []Deletion, next string, err error) {
	q := &query{}
	q.add(`tenant_id = %s`, tenantID)
	if cursor != "" {
		if !deletionCursor.MatchString(cursor) {
			return nil, "", ErrCursor
		}
		q.add(`deletion_id < %s`, cursor)
	}
	return page(ctx, s, q, `SELECT `+deletionColumns+` FROM deletions`, `deletion_id DESC`, limit, func(rows *sql.Rows) (Deletion, string, error) {
		d, err := scanDeletion(rows)
		return d, d.DeletionID, err
	})
}
