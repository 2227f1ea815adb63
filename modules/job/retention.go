package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// expireBatch bounds how many jobs one sweep deletes, so that the sweep's other
// work is not held up by a night's worth of them.
const expireBatch = 50

// Kept says how long a tenant's jobs are kept, and what waits for a photo.
type Kept struct {
	Days    int           // after a job's end, until it is deleted with all of its files; 0: until somebody deletes it
	Own     bool          // whether that is a rule of the tenant's, in place of the service's
	Service int           // days of the service's own rule; 0: none
	Waits   time.Duration // for an item's photo, until the item is cancelled
}

// Kept returns the rules by which expire and the sweep go.
func (s *Service) Kept(ctx context.Context, tenantID string) (Kept, error) {
	k := Kept{Service: int(s.Retention.Hours()) / 24, Waits: s.Abandon}
	var own sql.NullInt64
	if err := s.DB.QueryRowContext(ctx, `SELECT retention_days FROM tenants WHERE tenant_id = $1`, tenantID).Scan(&own); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Kept{}, fmt.Errorf("load a tenant's retention: %w", err)
	}
	if k.Days, k.Own = k.Service, own.Valid; own.Valid {
		k.Days = int(own.Int64)
	}
	return k, nil
}

// expire deletes finished jobs that have been kept as long as their tenant, or
// else the service, wants.
func (s *Service) expire(ctx context.Context) error {
	own := int64(s.Retention.Hours()) / 24
	// the shortest rule of all bounds which jobs are read; usually there is no
	// rule, and no job is read
	var shortest sql.NullInt64
	if err := s.DB.QueryRowContext(ctx, `SELECT min(days) FROM (SELECT retention_days AS days FROM tenants UNION ALL SELECT CAST($1 AS BIGINT)) AS rules WHERE days > 0`,
		own).Scan(&shortest); err != nil {
		return fmt.Errorf("look for retention rules: %w", err)
	}
	if !shortest.Valid {
		return nil
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT j.tenant_id, j.job_id FROM jobs j LEFT JOIN tenants t ON t.tenant_id = j.tenant_id
		WHERE j.finished_at IS NOT NULL AND j.finished_at < now_ms() - $3 * 86400000
			AND COALESCE(t.retention_days, $1) > 0 AND j.finished_at < now_ms() - COALESCE(t.retention_days, $1) * 86400000
		ORDER BY j.finished_at LIMIT $2`, own, expireBatch, shortest.Int64)
	if err != nil {
		return fmt.Errorf("look for jobs past their retention: %w", err)
	}
	defer rows.Close()
	type past struct{ tenantID, jobID string }
	var found []past
	for rows.Next() {
		var p past
		if err := rows.Scan(&p.tenantID, &p.jobID); err != nil {
			return err
		}
		found = append(found, p)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var failed []error
	for _, p := range found { // one that can't be deleted holds up no other
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			// it may have been opened again by a retry
			var finished sql.NullInt64
			if err := tx.QueryRowContext(ctx, `SELECT finished_at FROM jobs WHERE job_id = $1`, p.jobID).Scan(&finished); err != nil || !finished.Valid {
				return err
			}
			return s.delete(ctx, tx, p.tenantID, p.jobID, DeletedByRetention)
		})
		if err != nil && !errors.Is(err, sql.ErrNoRows) && !errors.Is(err, ErrJobNotFound) { // another sweep was first
			failed = append(failed, fmt.Errorf("delete job %s past its retention: %w", p.jobID, err))
		}
	}
	return errors.Join(failed...)
}
