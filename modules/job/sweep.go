package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// lateJob is how long a job may have nothing open and not end before Sweep
// tries again to end it.
const lateJob = 10 * time.Minute

// Sweep repairs what crashes left: items whose worker died, whose message was lost, that were
// never uploaded or waited too long for an unavailable dependency, and jobs that have nothing
// open and did not end. Any number of processes may sweep at the same time.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.rescue(ctx); err != nil {
		return err
	}
	for _, r := range []struct {
		what  string
		where string
		age   time.Duration
		do    func(ctx context.Context, tx *db.Tx, items []row) error
	}{
		{"Cancelled items that were never uploaded", `status IN ('created', 'uploaded')`, s.Abandon,
			func(ctx context.Context, tx *db.Tx, items []row) error {
				return s.cancelRows(ctx, tx, items, "upload_expired", fmt.Sprintf("Nothing was uploaded and queued within %s", s.Abandon))
			}},
		{"Failed items that waited too long", `status = 'queued'`, lease.MaxAge, s.failRows},
	} {
		n := 0
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			items, err := selectRows(ctx, tx, r.where+` AND created_at < now_ms() - $2 ORDER BY item_id LIMIT $1`+tx.SkipLocked(), lease.SweepBatch, r.age.Milliseconds())
			n = len(items)
			if err != nil || n == 0 {
				return err
			}
			return r.do(ctx, tx, items)
		})
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if n > 0 {
			telemetry.Log(ctx).Warn().Int("items", n).Msg(r.what)
		}
	}
	if err := s.sweepVersions(ctx); err != nil {
		return err
	}
	return s.settleLate(ctx)
}

// rescue takes items back whose worker died or whose message was lost.
func (s *Service) rescue(ctx context.Context) error {
	var died, lost int
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		var found []row
		var err error
		died, lost, err = s.items().Rescue(ctx, tx, queue.NoneUnsent(queue.Jobs, "items"), rowColumns, func(scan func(dest ...any) error) error {
			var r row
			defer func() { found = append(found, r) }()
			return scan(r.dest()...)
		})
		if err != nil {
			return err
		}
		jobs := map[string]bool{}
		for _, it := range found {
			if err := s.Outbox.SendJob(ctx, tx, it.body()); err != nil {
				return err
			}
			jobs[it.jobID] = true
		}
		for _, id := range slices.Sorted(maps.Keys(jobs)) { // sweeps lock in one order
			if err := changed(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if died > 0 {
		telemetry.Log(ctx).Warn().Int("items", died).Msg("Requeued items whose worker died")
	}
	if lost > 0 {
		telemetry.Log(ctx).Warn().Int("items", lost).Msg("Requeued items whose message was lost")
	}
	return nil
}

// failRows ends items that waited too long, and gives back what was held for them.
func (s *Service) failRows(ctx context.Context, tx *db.Tx, items []row) error {
	code, message := describe(lease.ErrTooOld)
	for _, it := range items {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'failed', error_code = $2, error_message = $3, due_at = NULL, ended_at = now_ms(), updated_at = now_ms()
			WHERE item_id = $1`, it.itemID, code, message); err != nil {
			return err
		}
		if err := s.Meter.Release(ctx, tx, it.tenantID, it.itemID); err != nil {
			return err
		}
		if err := s.ended(ctx, tx, it, ItemFailed, 0, map[string]any{"code": code}); err != nil {
			return err
		}
	}
	return nil
}

// settleLate tries again to end jobs that have been open for lateJob after
// their items and variants ended: most of them wait for their ZIP.
func (s *Service) settleLate(ctx context.Context) error {
	rows, err := s.DB.QueryContext(ctx, `SELECT job_id FROM jobs WHERE finished_at IS NULL AND open_items = 0 AND open_exports = 0 AND updated_at < now_ms() - $1
		ORDER BY updated_at LIMIT $2`, lateJob.Milliseconds(), lease.SweepBatch)
	if err != nil {
		return fmt.Errorf("sweep jobs: %w", err)
	}
	defer rows.Close()
	var late []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		late = append(late, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range late {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			// puts other jobs first the next time
			r, err := tx.ExecContext(ctx, `UPDATE jobs SET `+counted+`, updated_at = now_ms() WHERE job_id = $1`, id)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 { // deleted in between
				return err
			}
			return s.settle(ctx, tx, id)
		})
		if err != nil {
			return fmt.Errorf("settle job %s: %w", id, err)
		}
	}
	return nil
}

// Oldest returns the age of the oldest item that is queued or processed; 0 when
// there is none. Its wait is bounded by lease.MaxAge.
func (s *Service) Oldest(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, s.DB, `SELECT min(created_at) FROM items WHERE status IN ('queued', 'processing')`)
}
