package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// row holds the columns of an item that transitions need.
type row struct {
	itemID, jobID, tenantID, correlationID, status, entry, scene string

	product picture.Product
}

func (r row) body() queue.Body {
	return queue.Body{TenantID: r.tenantID, JobID: r.jobID, ItemID: r.itemID, CorrelationID: r.correlationID}
}

const rowColumns = `item_id, job_id, tenant_id, correlation_id, status, entry_id, scene_type, ` + productColumns

// dest returns where rowColumns are scanned to.
func (r *row) dest() []any {
	return append([]any{&r.itemID, &r.jobID, &r.tenantID, &r.correlationID, &r.status, &r.entry, &r.scene}, productDest(&r.product)...)
}

func selectRows(ctx context.Context, q db.Querier, where string, args ...any) ([]row, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+rowColumns+` FROM items WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// queueUploaded takes a job's uploaded items (of one request entry, or of all
// when entryID is "") to queued: credits reserved and message written in one
// transaction. When the credits don't suffice it changes nothing.
func (s *Service) queueUploaded(ctx context.Context, tenantID, jobID, entryID string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		j, err := getJob(ctx, tx, tenantID, jobID)
		if err != nil {
			return err
		}
		where, args := `job_id = $1 AND status = 'uploaded'`, []any{jobID}
		if entryID != "" {
			where, args = where+` AND entry_id = $2`, append(args, entryID)
		}
		items, err := selectRows(ctx, tx, where+` ORDER BY position`+tx.ForUpdate(), args...)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, it := range items {
			c := chargeOf(&j, it.itemID, it.entry, it.scene)
			if err := s.Meter.Reserve(ctx, tx, tenantID, c); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'queued', due_at = now_ms(), updated_at = now_ms() WHERE item_id = $1`, it.itemID); err != nil {
				return err
			}
			if err := s.Outbox.SendJob(ctx, tx, it.body()); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE jobs SET status = CASE WHEN status = 'created' THEN 'processing' ELSE status END, `+counted+`, updated_at = now_ms() WHERE job_id = $1`, jobID)
		return err
	})
	if err != nil {
		return fmt.Errorf("queue the items of job %s: %w", jobID, err)
	}
	return nil
}

// Cancel cancels the items that have not ended. Finished items keep their
// pictures.
func (s *Service) Cancel(ctx context.Context, tenantID, jobID string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := getJob(ctx, tx, tenantID, jobID); err != nil {
			return err
		}
		items, err := selectRows(ctx, tx, `job_id = $1 AND status IN ('created', 'uploaded', 'queued', 'processing') ORDER BY position`+tx.ForUpdate(), jobID)
		if err != nil {
			return err
		}
		return s.cancelRows(ctx, tx, items, "cancelled", "Cancelled on request")
	})
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", jobID, err)
	}
	return nil
}

// CancelItem leaves one item out: it is cancelled as Cancel would, and one that failed counts
// as cancelled in its job from then on, until it is tried again. Repeated, it changes nothing.
//
// Errors: ErrItemNotFound, ErrItemEnded when it has completed, and ErrRetried when it failed
// and another item tries it again.
func (s *Service) CancelItem(ctx context.Context, tenantID, jobID, itemID string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := selectRows(ctx, tx, `item_id = $1`+tx.ForUpdate(), itemID)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].jobID != jobID || rows[0].tenantID != tenantID {
			return ErrItemNotFound
		}
		switch rows[0].status {
		case ItemCancelled:
			return nil
		case ItemCompleted:
			return ErrItemEnded
		case ItemFailed:
			return s.leaveOutFailed(ctx, tx, rows[0])
		}
		return s.cancelRows(ctx, tx, rows, "left_out", "Left out on request")
	})
	if err != nil {
		return fmt.Errorf("cancel item %s: %w", itemID, err)
	}
	return nil
}

// leaveOutFailed has an item that failed count as left out, also in a job that has ended: no
// picture of it is missing any more. The item stays as it ended, and so does its job.
func (s *Service) leaveOutFailed(ctx context.Context, tx *db.Tx, it row) error {
	if next, err := retryOf(ctx, tx, it.itemID); err != nil {
		return err
	} else if next != "" {
		return ErrRetried.With("it is %s", next)
	}
	r, err := tx.ExecContext(ctx, `UPDATE items SET left_out_at = now_ms(), updated_at = now_ms() WHERE item_id = $1 AND left_out_at IS NULL`, it.itemID)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET failed_items = failed_items - 1, cancelled_items = cancelled_items + 1, `+counted+`, updated_at = now_ms() WHERE job_id = $1`, it.jobID); err != nil {
		return fmt.Errorf("count the item: %w", err)
	}
	return event.Add(ctx, tx, event.New{Type: event.ItemCancelled, TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID, Data: it.told(map[string]any{"left_out": true})})
}

// withoutRemakes takes the pictures that were to be made again and weren't out of what was
// cancelled: the ones before count.
func withoutRemakes(ctx context.Context, tx *db.Tx, jobID string, c *Counts) error {
	if c.Cancelled == 0 {
		return nil
	}
	var remakes int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM items WHERE job_id = $1 AND (status = 'cancelled' OR left_out_at IS NOT NULL) AND remake_of IS NOT NULL`, jobID).Scan(&remakes); err != nil {
		return fmt.Errorf("count the remakes of job %s: %w", jobID, err)
	}
	c.Cancelled -= remakes
	return nil
}

func (s *Service) cancelRows(ctx context.Context, tx *db.Tx, items []row, code, message string) error {
	for _, it := range items {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'cancelled', error_code = $2, error_message = $3, lease_until = NULL,
			due_at = NULL, ended_at = now_ms(), updated_at = now_ms() WHERE item_id = $1`, it.itemID, code, message); err != nil {
			return err
		}
		if err := s.Meter.Release(ctx, tx, it.tenantID, it.itemID); err != nil {
			return err
		}
		if err := s.ended(ctx, tx, it, ItemCancelled, 0, nil); err != nil {
			return err
		}
	}
	return nil
}

// ends gives the counter and the event of each terminal state of an item.
var ends = map[string]struct{ counter, event string }{
	ItemCompleted: {"done_items", event.ItemCompleted},
	ItemFailed:    {"failed_items", event.ItemFailed},
	ItemCancelled: {"cancelled_items", event.ItemCancelled},
}

// ended counts an item that has become terminal, writes its event, and ends the
// job when nothing is open. exports is the number of variants to be made of it.
func (s *Service) ended(ctx context.Context, tx *db.Tx, it row, status string, exports int, data map[string]any) error {
	end := ends[status]
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET open_items = open_items - 1, `+end.counter+` = `+end.counter+` + 1,
		open_exports = open_exports + $2, `+counted+`, updated_at = now_ms() WHERE job_id = $1`, it.jobID, exports); err != nil {
		return fmt.Errorf("count the item: %w", err)
	}
	if err := event.Add(ctx, tx, event.New{Type: end.event, TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID, Data: it.told(data)}); err != nil {
		return err
	}
	if status != ItemCompleted {
		if err := s.wakeSet(ctx, tx, it); err != nil {
			return err
		}
	}
	return s.settle(ctx, tx, it.jobID)
}

// settle ends a job whose items and exports have ended: first it asks for the
// ZIP, then it sets the terminal state, once.
func (s *Service) settle(ctx context.Context, tx *db.Tx, jobID string) error {
	var tenantID, correlationID string
	var c Counts
	var round int
	var finished sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT tenant_id, correlation_id, round, open_items, done_items, failed_items, cancelled_items,
		open_exports, failed_exports, finished_at FROM jobs WHERE job_id = $1`+tx.ForUpdate(), jobID).
		Scan(&tenantID, &correlationID, &round, &c.Open, &c.Completed, &c.Failed, &c.Cancelled, &c.OpenExports, &c.FailedExports, &finished); err != nil {
		return fmt.Errorf("load the counters of job %s: %w", jobID, err)
	}
	if finished.Valid || c.Open > 0 || c.OpenExports > 0 {
		return nil
	}
	noZIP := false
	if c.Completed > 0 {
		ended, failed, err := s.bundle(ctx, tx, BundleRequest{TenantID: tenantID, JobID: jobID, CorrelationID: correlationID, Round: round})
		if err != nil || !ended {
			return err
		}
		noZIP = failed
	}
	if err := withoutRemakes(ctx, tx, jobID, &c); err != nil {
		return err
	}
	status := outcome(c, noZIP)
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET status = $2, finished_at = now_ms(), `+counted+`, updated_at = now_ms() WHERE job_id = $1`, jobID, status); err != nil {
		return fmt.Errorf("end job %s: %w", jobID, err)
	}
	if err := event.Add(ctx, tx, event.New{Type: event.JobFinished, TenantID: tenantID, JobID: jobID, Round: round, Data: map[string]any{"status": status}}); err != nil || s.Groups == nil {
		return err
	}
	return s.Groups.JobEnded(ctx, tx, jobID)
}

// outcome returns a job's terminal state.
func outcome(c Counts, noZIP bool) string {
	switch {
	case c.Completed == 0 && c.Failed > 0:
		return JobFailed
	case c.Completed == 0:
		return JobCancelled
	case c.Failed > 0, c.Cancelled > 0, c.FailedExports > 0, noZIP:
		return JobPartial
	}
	return JobCompleted
}

// bundle asks for the ZIP of a job's round, unless that was done, and reports
// whether it has ended. Its message names one of the job's completed items.
func (s *Service) bundle(ctx context.Context, tx *db.Tx, r BundleRequest) (ended, failed bool, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT item_id FROM items WHERE job_id = $1 AND status = 'completed' ORDER BY position LIMIT 1`, r.JobID).Scan(&r.ItemID); err != nil {
		return false, false, fmt.Errorf("find a completed item of job %s: %w", r.JobID, err)
	}
	return s.Exporter.Bundle(ctx, tx, r)
}

// ExportsEnded counts variants that have ended, in the export worker's
// transaction, and ends the job when nothing is open.
func (s *Service) ExportsEnded(ctx context.Context, tx *db.Tx, tenantID, jobID string, done, failed int) error {
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET open_exports = open_exports - $3, done_exports = done_exports + $4,
		failed_exports = failed_exports + $5, `+counted+`, updated_at = now_ms() WHERE job_id = $1 AND tenant_id = $2`,
		jobID, tenantID, done+failed, done, failed); err != nil {
		return fmt.Errorf("count the exports of job %s: %w", jobID, err)
	}
	return s.settle(ctx, tx, jobID)
}

// ExportsRemade has the job's ZIP made again, in the transaction in which the last of
// an item's variants was made again.
func (s *Service) ExportsRemade(ctx context.Context, tx *db.Tx, tenantID, jobID, itemID string) error {
	rows, err := selectRows(ctx, tx, `item_id = $1 AND job_id = $2 AND tenant_id = $3`, itemID, jobID, tenantID)
	if err != nil || len(rows) == 0 { // deleted in between
		return err
	}
	if err := changed(ctx, tx, jobID); err != nil {
		return err
	}
	return s.zipAgain(ctx, tx, rows[0])
}

// ExportsReviewed says whether a person has to look at an item, for its cut-out or for
// variants that their channels refuse, and why, in the export worker's transaction.
func (s *Service) ExportsReviewed(ctx context.Context, tx *db.Tx, tenantID, itemID string, needed bool, reason string) error {
	var was bool
	err := tx.QueryRowContext(ctx, `SELECT needs_review FROM items WHERE item_id = $1 AND tenant_id = $2`+tx.ForUpdate(), itemID, tenantID).Scan(&was)
	if errors.Is(err, sql.ErrNoRows) { // deleted in between
		return nil
	}
	if err != nil {
		return fmt.Errorf("load item %s: %w", itemID, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET needs_review = $3, review_reason = $4, updated_at = now_ms() WHERE item_id = $1 AND tenant_id = $2`,
		itemID, tenantID, needed, sql.NullString{String: reason, Valid: reason != ""}); err != nil {
		return fmt.Errorf("have item %s looked at: %w", itemID, err)
	}
	if was || !needed {
		return nil
	}
	rows, err := selectRows(ctx, tx, `item_id = $1`, itemID)
	if err != nil || len(rows) == 0 {
		return err
	}
	it := rows[0]
	var locked string // as event.Add asks for
	if err := tx.QueryRowContext(ctx, `SELECT job_id FROM jobs WHERE job_id = $1`+tx.ForUpdate(), it.jobID).Scan(&locked); err != nil {
		return fmt.Errorf("lock job %s: %w", it.jobID, err)
	}
	return event.Add(ctx, tx, event.New{Type: event.ItemNeedsReview, TenantID: tenantID, JobID: it.jobID, ItemID: itemID, Data: it.told(map[string]any{"review_reason": reason})})
}

// BundleEnded keeps the path of a round's ZIP, or with "" that there is none, and
// ends the job. A ZIP of an earlier round is ignored. A job that has ended takes
// one that a decision asked for, and keeps its former one when that failed.
func (s *Service) BundleEnded(ctx context.Context, tx *db.Tx, tenantID, jobID string, round int, exportBlobPath string) error {
	r, err := tx.ExecContext(ctx, `UPDATE jobs SET export_blob_path = CASE WHEN finished_at IS NULL THEN $4 ELSE COALESCE($4, export_blob_path) END, late_round = NULL, `+counted+`, updated_at = now_ms()
		WHERE job_id = $1 AND tenant_id = $2 AND round = $3 AND (finished_at IS NULL OR late_round = round)`,
		jobID, tenantID, round, sql.NullString{String: exportBlobPath, Valid: exportBlobPath != ""})
	if err != nil {
		return fmt.Errorf("record the ZIP of job %s: %w", jobID, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if exportBlobPath != "" {
		if err := event.Add(ctx, tx, event.New{Type: event.ExportCompleted, TenantID: tenantID, JobID: jobID, Round: round, Data: map[string]any{"export_blob_path": exportBlobPath}}); err != nil {
			return err
		}
	}
	return s.settle(ctx, tx, jobID)
}
