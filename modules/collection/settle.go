package collection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/event"
)

// state is what settling needs of a collection.
type state struct {
	id, tenantID, correlationID, name, status, zip string

	round int
}

func (s *Service) load(ctx context.Context, q db.Querier, id string) (c state, err error) {
	c.id = id
	err = q.QueryRowContext(ctx, `SELECT tenant_id, correlation_id, name, status, zip, zip_round FROM collections WHERE collection_id = $1`, id).
		Scan(&c.tenantID, &c.correlationID, &c.name, &c.status, &c.zip, &c.round)
	return c, err
}

// of lists the collections of a job and locks them, in one order.
func of(ctx context.Context, tx *db.Tx, jobID string) (ids []string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT collection_id FROM collections WHERE collection_id IN (SELECT collection_id FROM collection_jobs WHERE job_id = $1)
		AND status <> 'deleted' ORDER BY collection_id`+tx.ForUpdate(), jobID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// JobEnded tells of a job's end, in the transaction that ends it.
func (s *Service) JobEnded(ctx context.Context, tx *db.Tx, jobID string) error {
	ids, err := of(ctx, tx, jobID)
	if err != nil {
		return fmt.Errorf("look for the collections of job %s: %w", jobID, err)
	}
	for _, id := range ids {
		// a ZIP that was asked for before lacks what this job made since
		if _, err := tx.ExecContext(ctx, `UPDATE collections SET zip = CASE WHEN status = 'processing' THEN 'none' ELSE zip END, updated_at = now_ms() WHERE collection_id = $1`, id); err != nil {
			return fmt.Errorf("note the end of job %s: %w", jobID, err)
		}
		if err := s.settle(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// JobForgotten takes a job out of its collections, in the transaction that deletes it.
// ZIPs that hold its pictures go with it, and are made again when that is asked for.
func (s *Service) JobForgotten(ctx context.Context, tx *db.Tx, jobID string) error {
	ids, err := of(ctx, tx, jobID)
	if err != nil {
		return fmt.Errorf("look for the collections of job %s: %w", jobID, err)
	}
	for _, id := range ids {
		if err := s.ZIPs.ForgetZIPs(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE collections SET zip = 'none', updated_at = now_ms(), tidy_at = now_ms(), tidy_looks = $2 WHERE collection_id = $1`, id, looks); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM collection_jobs WHERE collection_id = $1 AND job_id = $2`, id, jobID); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// ZIPEnded tells of a ZIP's end, in the transaction that ends it. One of an earlier round
// is ignored.
func (s *Service) ZIPEnded(ctx context.Context, tx *db.Tx, collectionID string, round int, made bool) error {
	zip := ZIPFailed
	if made {
		zip = ZIPReady
	}
	r, err := tx.ExecContext(ctx, `UPDATE collections SET zip = $3, updated_at = now_ms() WHERE collection_id = $1 AND zip_round = $2 AND zip = 'pending' AND status <> 'deleted'`,
		collectionID, round, zip)
	if err != nil {
		return fmt.Errorf("record the ZIP of collection %s: %w", collectionID, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return s.settle(ctx, tx, collectionID)
}

// settle ends a closed collection whose jobs have ended: first it asks for the ZIP, then
// it sets the terminal state, once. The collection's row is locked.
func (s *Service) settle(ctx context.Context, tx *db.Tx, id string) error {
	c, err := s.load(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("load collection %s: %w", id, err)
	}
	if c.status != Processing || c.zip == ZIPPending {
		return nil
	}
	all, err := s.progress(ctx, tx, id)
	if err != nil {
		return err
	}
	p := all[id]
	if p.OpenJobs > 0 {
		return nil
	}
	if c.zip == NoZIP {
		asked, err := s.ask(ctx, tx, c)
		if err != nil || asked {
			return err
		}
	}
	status, err := outcome(ctx, tx, c, p)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE collections SET status = $2, finished_at = now_ms(), updated_at = now_ms() WHERE collection_id = $1`, id, status); err != nil {
		return fmt.Errorf("end collection %s: %w", id, err)
	}
	if err := event.Add(ctx, tx, event.New{Type: event.CollectionFinished, TenantID: c.tenantID, JobID: id,
		Data: map[string]any{"collection_id": id, "name": c.name, "status": status, "jobs": p.Jobs, "items": p.Total, "completed": p.Completed, "failed": p.Failed, "cancelled": p.Cancelled}}); err != nil {
		return err
	}
	if s.Ended == nil {
		return nil
	}
	return s.Ended(ctx, tx, Ended{TenantID: c.tenantID, CollectionID: id, Status: status, Progress: p})
}

// outcome returns a collection's terminal state.
func outcome(ctx context.Context, q db.Querier, c state, p Progress) (string, error) {
	var unlike int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM collection_jobs m JOIN jobs j ON j.job_id = m.job_id WHERE m.collection_id = $1 AND j.status <> 'completed'`, c.id).Scan(&unlike); err != nil {
		return "", fmt.Errorf("load the jobs of collection %s: %w", c.id, err)
	}
	switch {
	case p.Completed == 0 && p.Failed > 0:
		return Failed, nil
	case p.Completed == 0:
		return Cancelled, nil
	case unlike > 0, c.zip == ZIPFailed:
		return Partial, nil
	}
	return Completed, nil
}

// ask asks for a collection's ZIP, unless it has no finished picture. Its row is locked.
func (s *Service) ask(ctx context.Context, tx *db.Tx, c state) (bool, error) {
	z := ZIP{TenantID: c.tenantID, CollectionID: c.id, CorrelationID: c.correlationID, Round: c.round + 1}
	err := tx.QueryRowContext(ctx, `SELECT i.job_id, i.item_id FROM items i WHERE i.status = 'completed' AND i.job_id = (SELECT m.job_id FROM collection_jobs m JOIN jobs j ON j.job_id = m.job_id
		WHERE m.collection_id = $1 AND j.done_items > 0 ORDER BY m.position LIMIT 1) ORDER BY i.position LIMIT 1`, c.id).Scan(&z.JobID, &z.ItemID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find a completed item of collection %s: %w", c.id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE collections SET zip = 'pending', zip_round = zip_round + 1, updated_at = now_ms() WHERE collection_id = $1`, c.id); err != nil {
		return false, fmt.Errorf("ask for the ZIP of collection %s: %w", c.id, err)
	}
	return true, s.ZIPs.AskForZIP(ctx, tx, z)
}

// late is how long a closed collection may stay as it is before a sweep looks at it.
const late = 10 * time.Minute

// Sweep tries again to end collections that are late. Any number of processes may sweep
// at the same time.
func (s *Service) Sweep(ctx context.Context) error {
	ids, err := texts(ctx, s.DB, `SELECT collection_id FROM collections WHERE status = 'processing' AND updated_at < now_ms() - $1 ORDER BY updated_at LIMIT $2`,
		late.Milliseconds(), lease.SweepBatch)
	if err != nil {
		return fmt.Errorf("sweep collections: %w", err)
	}
	for _, id := range ids {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			if err := touch(ctx, tx, id); err != nil { // locks it, and puts others first the next time
				return err
			}
			err := s.settle(ctx, tx, id)
			if errors.Is(err, sql.ErrNoRows) { // deleted in between
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("settle collection %s: %w", id, err)
		}
	}
	return nil
}

func texts(ctx context.Context, q db.Querier, query string, args ...any) (out []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}
