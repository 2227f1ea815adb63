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

// The owners of ZIPs: one job, or a collection of several jobs' pictures.
const (
	ownerJob        = "job"
	ownerCollection = "collection"
)

// BundleRequest asks for the ZIP of a job's round: each retry begins another; or of a
// collection's.
type BundleRequest struct {
	TenantID, JobID, CorrelationID string

	CollectionID string // the collection whose ZIP it is, with JobID one of its jobs; "": the job's own

	ItemID string // one that is completed: every message names an item
	Round  int

	After time.Duration // how long the making waits
}

// Bundle asks for the ZIP of a job's round, in the transaction in which the job's
// last variant ended, unless that was done before. It reports whether the ZIP has
// ended, and if so whether it failed.
func (s *Service) Bundle(ctx context.Context, tx *db.Tx, r BundleRequest) (ended, failed bool, err error) {
	kind, owner := ownerJob, r.JobID
	if r.CollectionID != "" {
		kind, owner = ownerCollection, r.CollectionID
	}
	id := uuid.Must(uuid.NewV7()).String()
	res, err := tx.ExecContext(ctx, `INSERT INTO bundles (bundle_id, owner_kind, owner_id, round, tenant_id, job_id, item_id, correlation_id, status, due_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $9, $6, $7, 'pending', now_ms() + $8, now_ms(), now_ms()) ON CONFLICT DO NOTHING`,
		id, kind, owner, r.Round, r.TenantID, r.ItemID, r.CorrelationID, r.After.Milliseconds(), r.JobID)
	if err != nil {
		return false, false, fmt.Errorf("ask for the ZIP of %s %s: %w", kind, owner, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return false, false, err
	} else if n > 0 {
		return false, false, s.askForBundle(ctx, tx, queue.Body{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Subject: id}, queue.NotBefore(r.After))
	}
	var status string
	if err := tx.QueryRowContext(ctx, `SELECT status FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND round = $3`, kind, owner, r.Round).Scan(&status); err != nil {
		return false, false, fmt.Errorf("look at the ZIP of %s %s: %w", kind, owner, err)
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

// Parts returns the parts of a job's newest ZIP in their order, saved under a name; no parts
// when the job has no ZIP or belongs to another tenant.
func (s *Service) Parts(ctx context.Context, tenantID, jobID, name string) ([]Part, error) {
	return s.partsOf(ctx, ownerJob, tenantID, jobID, name)
}

// Outdated reports whether variants of a job are made anew, or a newer ZIP of it is asked for or made, beside the one that
// Parts has. Asked before Parts it misses none that is ready meanwhile. A job of another tenant has none.
func (s *Service) Outdated(ctx context.Context, tenantID, jobID string) (outdated bool, err error) {
	const open = ` AND tenant_id = $2 AND status IN ('pending', 'processing')`
	err = s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bundles WHERE owner_kind = $3 AND owner_id = $1`+open+`)
		OR EXISTS (SELECT 1 FROM exports WHERE job_id = $1`+open+`) OR EXISTS (SELECT 1 FROM remakes WHERE job_id = $1`+open+`)`, jobID, tenantID, ownerJob).Scan(&outdated)
	if err != nil {
		return false, fmt.Errorf("look for a newer ZIP of job %s: %w", jobID, err)
	}
	return outdated, nil
}

// CollectionOutdated is Outdated for a collection's ZIP, which is made anew when it is asked for.
func (s *Service) CollectionOutdated(ctx context.Context, tenantID, collectionID string) (outdated bool, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bundles WHERE owner_kind = $3 AND owner_id = $1 AND tenant_id = $2 AND status IN ('pending', 'processing'))`,
		collectionID, tenantID, ownerCollection).Scan(&outdated)
	if err != nil {
		return false, fmt.Errorf("look for a newer ZIP of collection %s: %w", collectionID, err)
	}
	return outdated, nil
}

// CollectionParts is Parts for a collection's ZIP.
func (s *Service) CollectionParts(ctx context.Context, tenantID, collectionID, name string) ([]Part, error) {
	return s.partsOf(ctx, ownerCollection, tenantID, collectionID, name)
}

func (s *Service) partsOf(ctx context.Context, kind, tenantID, ownerID, name string) ([]Part, error) {
	var bundleID string
	err := s.DB.QueryRowContext(ctx, `SELECT bundle_id FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND tenant_id = $3 AND status = 'completed'
		ORDER BY round DESC LIMIT 1`, kind, ownerID, tenantID).Scan(&bundleID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the ZIP of %s %s: %w", kind, ownerID, err)
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
		saved := name + ".zip"
		if len(stored) > 1 {
			saved = fmt.Sprintf("%s-part-%d.zip", name, i+1)
		}
		if out[i].URL, err = s.Blobs.ReadURL(ctx, s.Exports, p.path, s.ReadTTL, blob.ReadURLOptions{DownloadName: saved}); err != nil {
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

// forgetBundles deletes the records of an owner's ZIPs. The rows of ZIPs go last, so that
// a worker that is recording a part waits.
func forgetBundles(ctx context.Context, tx *db.Tx, kind, ownerID string) error {
	for _, q := range []string{
		`DELETE FROM bundle_parts WHERE bundle_id IN (SELECT bundle_id FROM bundles WHERE owner_kind = $1 AND owner_id = $2)`,
		`DELETE FROM bundles WHERE owner_kind = $1 AND owner_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, q, kind, ownerID); err != nil {
			return fmt.Errorf("delete the ZIPs of %s %s: %w", kind, ownerID, err)
		}
	}
	return nil
}

// ForgetCollection deletes the records of a collection's ZIPs. A worker that is making one
// loses its fence.
func (s *Service) ForgetCollection(ctx context.Context, tx *db.Tx, collectionID string) error {
	return forgetBundles(ctx, tx, ownerCollection, collectionID)
}

// CollectionPaths returns the paths of the files of a collection's ZIPs.
func (s *Service) CollectionPaths(ctx context.Context, collectionID string) (paths []string, err error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT p.blob_path FROM bundle_parts p JOIN bundles b ON b.bundle_id = p.bundle_id WHERE b.owner_kind = $1 AND b.owner_id = $2`, ownerCollection, collectionID)
	if err != nil {
		return nil, fmt.Errorf("load the paths of collection %s: %w", collectionID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, rows.Err()
}
