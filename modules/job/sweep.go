package job

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The sweep's limits.
const (
	sweepBatch = 200
	// lostMessage is when a queued item's message is taken to be lost. The queue
	// keeps messages, so this only mends what an operator purged or a
	// dead-letter took. A tenant with messages still to be sent has an honest
	// backlog, and none of its items is taken to have lost its own.
	lostMessage = time.Hour
	// lateBundle is when a job's ZIP is asked for again.
	lateBundle = 10 * time.Minute
)

// Sweep repairs what crashes left: items whose worker died, whose message was
// lost, that were never uploaded, and jobs whose ZIP did not come. Any number of
// processes may sweep at once.
func (s *Service) Sweep(ctx context.Context) error {
	for _, r := range []struct {
		what  string
		where string
		args  []any
		do    func(ctx context.Context, tx *db.Tx, items []row) error
	}{
		{"Requeued items whose worker died", `status = 'processing' AND lease_until < now_ms()`, nil, s.requeueRows},
		{"Requeued items whose message was lost", `status = 'queued' AND due_at < now_ms() - $2
			AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.sent_at IS NULL AND o.queue = 'jobs' AND o.tenant_id = items.tenant_id)`, []any{lostMessage.Milliseconds()}, s.requeueRows},
		{"Cancelled items that were never uploaded", `status IN ('created', 'uploaded') AND created_at < now_ms() - $2`, []any{s.Abandon.Milliseconds()},
			func(ctx context.Context, tx *db.Tx, items []row) error {
				return s.cancelRows(ctx, tx, items, "upload_expired", fmt.Sprintf("Nothing was uploaded and queued within %s", s.Abandon))
			}},
	} {
		n := 0
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			items, err := selectRows(ctx, tx, r.where+` ORDER BY item_id LIMIT $1`+tx.SkipLocked(), append([]any{sweepBatch}, r.args...)...)
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
	return s.sweepBundles(ctx)
}

// requeueRows takes items back to queued with a new message. A worker that is
// alive after all loses its fence.
func (s *Service) requeueRows(ctx context.Context, tx *db.Tx, items []row) error {
	for _, it := range items {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'queued', lease_until = NULL, due_at = now_ms(), updated_at = now_ms() WHERE item_id = $1`, it.itemID); err != nil {
			return err
		}
		if err := s.Outbox.SendJob(ctx, tx, it.body()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sweepBundles(ctx context.Context) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT job_id, tenant_id, correlation_id FROM jobs
			WHERE bundle = 'requested' AND bundle_asked_at < now_ms() - $1 ORDER BY bundle_asked_at LIMIT $2`+tx.SkipLocked(), lateBundle.Milliseconds(), sweepBatch)
		if err != nil {
			return fmt.Errorf("sweep ZIPs: %w", err)
		}
		var late []row
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.jobID, &r.tenantID, &r.correlationID); err != nil {
				rows.Close()
				return err
			}
			late = append(late, r)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, r := range late {
			if err := s.askForBundle(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}
