package job

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
)

// Errors of a retry.
var (
	ErrItemEnded = fault.New(fault.Conflict, "item_ended", "The item has completed; it can no longer be left out")
	ErrNotFailed = fault.New(fault.Conflict, "item_not_failed", "Only an item that failed can be retried")
	ErrRetried   = fault.New(fault.Conflict, "item_retried", "The item has been retried already; look at the item that it became")
	ErrPhotoGone = fault.New(fault.Conflict, "photo_gone", "The item's photo has been deleted; make a new job with it")
)

// Again names the failed item that is to be tried again.
type Again struct {
	TenantID, JobID, ItemID string

	ID string // the new item's id; "": a new one. When it is there already, the request was carried out before

	Upload bool // the new item waits for another photo, and begins with that
}

// Retry tries a failed item again, from its last good step, and returns the new
// item that does so: the failed one stays as it is, and no longer counts in its
// job. The job opens again and ends again, with a new ZIP.
func (s *Service) Retry(ctx context.Context, a Again) (Item, error) {
	failed, _, err := getItem(ctx, s.DB, a.TenantID, a.JobID, a.ItemID)
	if err != nil {
		return Item{}, err
	}
	if failed.Status != ItemFailed {
		return Item{}, ErrNotFailed.With("it is %s", failed.Status)
	}
	if !a.Upload {
		if err := s.photoThere(ctx, failed); err != nil {
			return Item{}, err
		}
	}
	if err := s.plateThere(ctx, a.TenantID, failed.SceneType); err != nil {
		return Item{}, err
	}
	return s.tryAgain(ctx, a, nil)
}

// tryAgain makes the item that tries a failed one again, as it was or as is wished.
func (s *Service) tryAgain(ctx context.Context, a Again, w *wishes) (Item, error) {
	var err error
	id := cmp.Or(a.ID, newID())
	for range retryRaces {
		err = s.DB.InTx(ctx, func(tx *db.Tx) error { return s.retry(ctx, tx, a, id, w) })
		if !db.IsUnique(err) {
			break
		}
	}
	if err != nil {
		return Item{}, fmt.Errorf("retry item %s: %w", a.ItemID, err)
	}
	it, _, err := getItem(ctx, s.DB, a.TenantID, a.JobID, id)
	return it, err
}

// photoThere fails with ErrPhotoGone when a failed item's photo has been deleted. One
// that was never fetched from its address is fetched by the retry.
func (s *Service) photoThere(ctx context.Context, it Item) error {
	if it.RawBlobPath == nil {
		if it.SourceURL == nil {
			return ErrPhotoGone
		}
		return nil
	}
	if _, err := s.Blobs.Head(ctx, s.Containers.Raw, *it.RawBlobPath); errors.Is(err, blob.ErrNotFound) {
		return ErrPhotoGone
	} else if err != nil {
		return fmt.Errorf("look for the photo of item %s: %w", it.ItemID, err)
	}
	return nil
}

// retryRaces is how often a retry begins again because another one of the same
// job took its place in the list.
const retryRaces = 10 * MaxItems

// otherwise has the item that tries a failed one again begin with its cut-out, where it has
// one, and make what is wished of it.
func otherwise(ctx context.Context, tx *db.Tx, failedID, id string, w wishes) error {
	checkpoint, err := cutoutOnly(ctx, tx, failedID)
	if err != nil {
		return err
	}
	steering, err := steeringText(w.steering)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET scene_type = $2, scene_prompt = $3, steering = $4, placement = $5 WHERE item_id = $1`, id, w.scene, w.prompt, steering, checkpoint); err != nil {
		return fmt.Errorf("have item %s made otherwise: %w", id, err)
	}
	return nil
}

// anew has the item that tries a failed one again wait for another photo: nothing that was made
// of the failed one's is used.
func anew(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'created', source_url = NULL, raw_blob_path = NULL, cutout_blob_path = NULL, placement = NULL, confidence = NULL,
		needs_review = $2, review_reason = NULL, concerns = NULL WHERE item_id = $1`, id, false); err != nil {
		return fmt.Errorf("have item %s wait for another photo: %w", id, err)
	}
	return nil
}

// retryOf returns the item that tries a failed one again; "": none.
func retryOf(ctx context.Context, tx *db.Tx, failedID string) (string, error) {
	var next string
	if err := tx.QueryRowContext(ctx, `SELECT item_id FROM items WHERE retry_of = $1`, failedID).Scan(&next); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look for what became of item %s: %w", failedID, err)
	}
	return next, nil
}

// retry inserts the new item of a failed one, and queues it unless it waits for another photo.
// It locks in the order of all transitions: items, ledger, job.
func (s *Service) retry(ctx context.Context, tx *db.Tx, a Again, id string, w *wishes) error {
	tenantID, jobID, failedID := a.TenantID, a.JobID, a.ItemID
	if _, err := selectRows(ctx, tx, `item_id = $1`+tx.ForUpdate(), failedID); err != nil {
		return err
	}
	next, err := retryOf(ctx, tx, failedID)
	switch {
	case err != nil:
		return err
	case next == id: // this request was carried out before
		return nil
	case next != "":
		return ErrRetried.With("it is %s", next)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO items
		(item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, source_url, status, due_at,
		 raw_blob_path, cutout_blob_path, placement, confidence, needs_review, review_reason, concerns, retry_of, remake_of, steering, created_at, updated_at, `+productColumns+`)
		SELECT $2, job_id, tenant_id, correlation_id, (SELECT max(position) + 1 FROM items WHERE job_id = $3), entry_id, filename, scene_index, scene_type, scene_prompt, source_url,
			'queued', now_ms(), raw_blob_path, cutout_blob_path, placement, confidence, needs_review, review_reason, concerns, item_id, remake_of, steering, now_ms(), now_ms(), `+productColumns+`
		FROM items WHERE item_id = $1 AND status = 'failed'`, failedID, id, jobID); err != nil {
		return err
	}
	if w != nil {
		if err := otherwise(ctx, tx, failedID, id, *w); err != nil {
			return err
		}
	}
	if a.Upload {
		if err := anew(ctx, tx, id); err != nil {
			return err
		}
	}
	rows, err := selectRows(ctx, tx, `item_id = $1`, id)
	if err != nil {
		return err
	}
	if len(rows) == 0 { // deleted in between
		return ErrItemNotFound
	}
	j, err := getJob(ctx, tx, tenantID, jobID)
	if err != nil {
		return err
	}
	if w != nil && !j.Options.GenerateScene {
		return ErrNoScene
	}
	if err := s.Meter.Reserve(ctx, tx, tenantID, chargeOf(&j, id, rows[0].entry, rows[0].scene)); err != nil {
		return err
	}
	// one that was left out is taken back
	r, err := tx.ExecContext(ctx, `UPDATE items SET left_out_at = NULL, updated_at = now_ms() WHERE item_id = $1 AND left_out_at IS NOT NULL`, failedID)
	if err != nil {
		return err
	}
	back, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET failed_items = failed_items - 1 + $2, cancelled_items = cancelled_items - $2, open_items = open_items + 1, status = 'processing', finished_at = NULL,
		round = round + 1, `+counted+`, updated_at = now_ms() WHERE job_id = $1`, jobID, back); err != nil {
		return fmt.Errorf("open the job again: %w", err)
	}
	if err := event.Add(ctx, tx, event.New{Type: event.ItemRetried, TenantID: tenantID, JobID: jobID, ItemID: id, Data: rows[0].told(map[string]any{"retry_of": failedID})}); err != nil {
		return err
	}
	if a.Upload {
		return nil
	}
	return s.Outbox.SendJob(ctx, tx, rows[0].body())
}
