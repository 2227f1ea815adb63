package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// ownerJob is the owner of a ZIP that holds one job's variants.
const ownerJob = "job"

// BundleRequest asks for the ZIP of a job's round: each retry begins another.
type BundleRequest struct {
	TenantID, JobID, CorrelationID string

	ItemID string // one that is completed: every message names an item
	Round  int

	After time.Duration // how long the making waits
}

// Bundle asks for the ZIP of a job's round, in the transaction in which the job's
// last variant ended, unless that was done before. It reports whether the ZIP has
// ended, and if so whether it failed.
func (s *Service) Bundle(ctx context.Context, tx *db.Tx, r BundleRequest) (ended, failed bool, err error) {
	id := uuid.Must(uuid.NewV7()).String()
	res, err := tx.ExecContext(ctx, `INSERT INTO bundles (bundle_id, owner_kind, owner_id, round, tenant_id, job_id, item_id, correlation_id, status, due_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $3, $6, $7, 'pending', now_ms() + $8, now_ms(), now_ms()) ON CONFLICT DO NOTHING`,
		id, ownerJob, r.JobID, r.Round, r.TenantID, r.ItemID, r.CorrelationID, r.After.Milliseconds())
	if err != nil {
		return false, false, fmt.Errorf("ask for the ZIP of job %s: %w", r.JobID, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return false, false, err
	} else if n > 0 {
		return false, false, s.askForBundle(ctx, tx, queue.Body{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Subject: id}, queue.NotBefore(r.After))
	}
	var status string
	if err := tx.QueryRowContext(ctx, `SELECT status FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND round = $3`, ownerJob, r.JobID, r.Round).Scan(&status); err != nil {
		return false, false, fmt.Errorf("look at the ZIP of job %s: %w", r.JobID, err)
	}
	return status == "completed" || status == "failed", status == "failed", nil
}

// BundleWaits reports whether the ZIP of a job's round is asked for and no worker
// has begun it. No worker can begin it before the transaction ends.
func (s *Service) BundleWaits(ctx context.Context, tx *db.Tx, jobID string, round int) (bool, error) {
	var status string
	err := tx.QueryRowContext(ctx, `SELECT status FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND round = $3 AND attempt = 0`+tx.ForUpdate(), ownerJob, jobID, round).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the ZIP of job %s: %w", jobID, err)
	}
	return status == "pending", nil
}

// askForBundle writes the message for the ZIP that the body names as its subject.
// Every request for a ZIP goes through it.
func (s *Service) askForBundle(ctx context.Context, tx *db.Tx, b queue.Body, opts ...queue.SendOption) error {
	return s.Outbox.SendExport(ctx, tx, b, append(opts, queue.Kind(queue.KindBundle, b.Subject))...)
}

// Part is a part of a ZIP.
type Part struct {
	URL   string // short-lived
	Bytes int64
}

// Parts returns the parts of a job's newest ZIP in their order; no parts when
// the job has no ZIP or belongs to another tenant.
func (s *Service) Parts(ctx context.Context, tenantID, jobID string) ([]Part, error) {
	var bundleID string
	err := s.DB.QueryRowContext(ctx, `SELECT bundle_id FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND tenant_id = $3 AND status = 'completed'
		ORDER BY round DESC LIMIT 1`, ownerJob, jobID, tenantID).Scan(&bundleID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the ZIP of job %s: %w", jobID, err)
	}
	stored, err := s.parts(ctx, bundleID)
	if err != nil {
		return nil, err
	}
	out := make([]Part, len(stored))
	for i, p := range stored {
		if p.bytes == 0 { // made before sizes were recorded
			info, err := s.Blobs.Head(ctx, s.Exports, p.path)
			if err != nil {
				return nil, fmt.Errorf("look at %s: %w", p.path, err)
			}
			p.bytes = info.Size
		}
		if out[i].URL, err = s.Blobs.ReadURL(ctx, s.Exports, p.path, s.ReadTTL, blob.ReadURLOptions{}); err != nil {
			return nil, fmt.Errorf("sign a URL of %s: %w", p.path, err)
		}
		out[i].Bytes = p.bytes
	}
	return out, nil
}

// storedPart is a part as it is recorded.
type storedPart struct {
	path         string
	files, bytes int64
}

// parts returns a ZIP's recorded parts in their order.
func (s *Service) parts(ctx context.Context, bundleID string) ([]storedPart, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT blob_path, files, bytes FROM bundle_parts WHERE bundle_id = $1 ORDER BY part`, bundleID)
	if err != nil {
		return nil, fmt.Errorf("list the parts of ZIP %s: %w", bundleID, err)
	}
	defer rows.Close()
	var out []storedPart
	for rows.Next() {
		var p storedPart
		if err := rows.Scan(&p.path, &p.files, &p.bytes); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// forgetBundles deletes the records of a job's ZIPs.
func forgetBundles(ctx context.Context, tx *db.Tx, jobID string) error {
	for _, q := range []string{
		`DELETE FROM bundle_parts WHERE bundle_id IN (SELECT bundle_id FROM bundles WHERE owner_kind = 'job' AND owner_id = $1)`,
		`DELETE FROM bundles WHERE owner_kind = 'job' AND owner_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, jobID); err != nil {
			return fmt.Errorf("delete the ZIPs of job %s: %w", jobID, err)
		}
	}
	return nil
}
