package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
)

// recorder writes the timeline of one attempt. A step's end is written with the
// next one's begin, and the last with the attempt's own transaction, so that the
// timeline costs one small write a step.
type recorder struct {
	s       *Service
	c       *claimed
	pending []stepRow
	began   time.Time // of the running step
}

type stepRow struct {
	step, status string
	code         sql.NullString
	began, ended time.Time
}

// StepBegan records that a step runs.
func (r *recorder) StepBegan(ctx context.Context, step string) {
	r.began = time.Now()
	r.pending = append(r.pending, stepRow{step: step, status: "running", began: r.began})
	r.write(ctx)
}

// StepEnded records a step's end with the next write, and logs how long it took:
// the workbook's times come from these lines.
func (r *recorder) StepEnded(ctx context.Context, step string, err error) {
	row := stepRow{step: step, status: "done", ended: time.Now()}
	line := telemetry.Log(ctx).Info().Str("step", step).Int64("ms", row.ended.Sub(r.began).Milliseconds())
	if err != nil {
		row.status, row.code = "failed", sql.NullString{String: fault.CodeOf(err), Valid: true}
		line = line.Str("code", row.code.String)
	}
	line.Msg("Step ended")
	r.s.Metrics.step(step, row.status, row.ended.Sub(r.began))
	r.pending = append(r.pending, row)
}

// StepReused records that an earlier attempt had done the step.
func (r *recorder) StepReused(_ context.Context, step string) {
	r.pending = append(r.pending, stepRow{step: step, status: "reused", ended: time.Now()})
}

// Checkpoint keeps a finished step's result under the worker's fence.
func (r *recorder) Checkpoint(ctx context.Context, c pipeline.Checkpoint) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	first := r.c.checkpoint.Cutout == nil
	err = r.s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := r.s.items().GoesOn(ctx, tx, r.c.held, `placement = $1, cutout_blob_path = $2, confidence = $3, needs_review = $4, review_reason = $5, concerns = $6`,
			string(b), c.Cutout.Path, c.Cutout.Confidence, c.Cutout.NeedsReview,
			sql.NullString{String: c.Cutout.ReviewReason, Valid: c.Cutout.ReviewReason != ""}, concernsText(c.Cutout.Concerns)); err != nil || !first {
			return err
		}
		if err := r.s.wakeSiblings(ctx, tx, r.c.row); err != nil {
			return err
		}
		return r.s.wakeSet(ctx, tx, r.c.row)
	})
	if err == nil {
		r.c.checkpoint.Cutout = c.Cutout
	}
	crashpoint.Reach(crashpoint.StepRecorded)
	return err
}

// write flushes outside a transaction. The timeline is for people: losing a row
// of it does not end the attempt.
func (r *recorder) write(ctx context.Context) {
	err := r.s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := r.insert(ctx, tx); err != nil {
			return err
		}
		return changed(ctx, tx, r.c.jobID)
	})
	if err != nil {
		telemetry.Log(ctx).Warn().Err(err).Msg("Could not write the timeline")
	}
	r.pending = r.pending[:0]
}

// flush writes the pending rows in the caller's transaction.
func (r *recorder) flush(ctx context.Context, tx *db.Tx) error { return r.insert(ctx, tx) }

func (r *recorder) insert(ctx context.Context, tx *db.Tx) error {
	for _, p := range r.pending {
		var err error
		if p.status == "running" {
			_, err = tx.ExecContext(ctx, `INSERT INTO item_steps (item_id, attempt, step, status, started_at) VALUES ($1, $2, $3, 'running', $4)
				ON CONFLICT (item_id, attempt, step) DO NOTHING`, r.c.itemID, r.c.held.Attempt, p.step, p.began.UnixMilli())
		} else {
			_, err = tx.ExecContext(ctx, `UPDATE item_steps SET status = $4, error_code = $5, ended_at = $6
				WHERE item_id = $1 AND attempt = $2 AND step = $3`, r.c.itemID, r.c.held.Attempt, p.step, p.status, p.code, p.ended.UnixMilli())
		}
		if err != nil {
			return fmt.Errorf("write the timeline: %w", err)
		}
	}
	return nil
}
