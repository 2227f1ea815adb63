package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The retry policy of an item.
const (
	maxTries   = 8
	minBackoff = 2 * time.Second
	maxBackoff = 5 * time.Minute
	// outageBackoff is the try whose wait items have that wait for a dependency:
	// up to half a minute.
	outageBackoff = 4
	// maxDeaths is how often a photo may kill its decoder before it is poison.
	maxDeaths = 3
)

// settleTime bounds the transaction that ends an attempt, which must happen even
// when the attempt's own context is over.
const settleTime = 20 * time.Second

var (
	// errFenced says that another worker has claimed the item, or that it was
	// cancelled: what this attempt made is of no use.
	errFenced = errors.New("the item was claimed by another worker or has ended")

	errPoison = fault.New(fault.Invalid, "photo_kills_decoder", "The photo makes the image decoder crash; save it again with another program and upload that")
	errTries  = fault.New(fault.Unavailable, "tries_used_up", "The item failed too often")
)

// claimed is an item under a worker's fence.
type claimed struct {
	row
	attempt, tries, deaths  int
	filename, scene, prompt string
	rawPath                 string
	checkpoint              pipeline.Checkpoint
	brand                   Brand
	options                 pipeline.Options
	presets                 []string
}

// Process does the work that one message of queue "jobs" asks for. It returns
// nil when the message is done with: also for an item that failed for good, that
// is another worker's, or that was given back with a new message. An error means
// that nothing could be recorded and the message is to come again.
func (s *Service) Process(ctx context.Context, b queue.Body) error {
	telemetry.Log(ctx).Info().Msg("Processing job message")
	// a shutdown in mid-claim must not leave open whether the item was taken: it
	// is claimed, and then given back
	taking, taken := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	c, err := s.claim(taking, b)
	taken()
	if err != nil {
		return err
	}
	if c == nil {
		telemetry.Log(ctx).Info().Msg("Nothing to do for this message")
		return nil
	}
	crashpoint.Reach(crashpoint.ItemClaimed)
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	beating := make(chan struct{})
	go func() { defer close(beating); s.heartbeat(work, c, cancel) }()

	rec := &recorder{s: s, c: c}
	res, err := s.Pipeline.Run(work, s.input(c), &artifacts{s: s, c: c}, rec)
	lost := errors.Is(context.Cause(work), errFenced) || errors.Is(err, errFenced)
	cancel(nil)
	<-beating

	settle, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer done()
	switch {
	case lost:
		telemetry.Log(ctx).Warn().Int("attempt", c.attempt).Msg("Discarded an attempt: the item is another worker's or has ended")
		return nil
	case err == nil:
		err = s.complete(settle, c, rec, res)
		crashpoint.Reach(crashpoint.ItemCompleted)
	case ctx.Err() != nil:
		err = s.giveBack(settle, c, rec)
	default:
		err = s.failed(settle, c, rec, err)
	}
	if errors.Is(err, errFenced) {
		return nil
	}
	return err
}

// claim takes a queued item, or one whose worker's lease ran out. It returns nil
// when there is nothing to do.
func (s *Service) claim(ctx context.Context, b queue.Body) (*claimed, error) {
	var c *claimed
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		c = &claimed{row: row{itemID: b.ItemID, jobID: b.JobID, tenantID: b.TenantID, correlationID: b.CorrelationID}}
		var raw, checkpoint sql.NullString
		err := tx.QueryRowContext(ctx, `UPDATE items SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() + $4, due_at = NULL, updated_at = now_ms()
			WHERE item_id = $1 AND job_id = $2 AND tenant_id = $3 AND (status = 'queued' OR (status = 'processing' AND lease_until < now_ms()))
			RETURNING attempt, tries, deaths, filename, scene_type, scene_prompt, raw_blob_path, placement, correlation_id`,
			b.ItemID, b.JobID, b.TenantID, s.Lease.Milliseconds()).
			Scan(&c.attempt, &c.tries, &c.deaths, &c.filename, &c.scene, &c.prompt, &raw, &checkpoint, &c.correlationID)
		if errors.Is(err, sql.ErrNoRows) {
			c = nil
			return nil
		}
		if err != nil {
			return err
		}
		c.rawPath = raw.String
		var brand, options, presets string
		if err := tx.QueryRowContext(ctx, `SELECT brand, options, presets FROM jobs WHERE job_id = $1`, b.JobID).Scan(&brand, &options, &presets); err != nil {
			return err
		}
		for _, f := range []struct {
			text string
			into any
		}{{brand, &c.brand}, {options, &c.options}, {presets, &c.presets}, {checkpoint.String, &c.checkpoint}} {
			if f.text == "" {
				continue
			}
			if err := json.Unmarshal([]byte(f.text), f.into); err != nil {
				return err
			}
		}
		return s.adoptCutout(ctx, tx, c)
	})
	if err != nil {
		return nil, fmt.Errorf("claim item %s: %w", b.ItemID, err)
	}
	return c, nil
}

// adoptCutout takes over the cut-out of a sibling that has one: siblings share
// photo and options, and differ in the scene alone.
func (s *Service) adoptCutout(ctx context.Context, tx *db.Tx, c *claimed) error {
	if c.checkpoint.Cutout != nil {
		return nil
	}
	var text string
	err := tx.QueryRowContext(ctx, `SELECT o.placement FROM items i JOIN items o ON o.entry_id = i.entry_id AND o.raw_blob_path = i.raw_blob_path
		WHERE i.item_id = $1 AND o.placement IS NOT NULL ORDER BY o.position LIMIT 1`, c.itemID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var sibling pipeline.Checkpoint
	if err := json.Unmarshal([]byte(text), &sibling); err != nil {
		return err
	}
	c.checkpoint.Cutout = sibling.Cutout
	return nil
}

// heartbeat renews the lease at a third of it, and ends the attempt when it is
// lost. An unreachable database is not a loss: the lease may still be good, and
// the fence protects what is written.
func (s *Service) heartbeat(ctx context.Context, c *claimed, cancel context.CancelCauseFunc) {
	t := time.NewTicker(s.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := s.fenced(ctx, s.DB, c, `lease_until = now_ms() + $3`, s.Lease.Milliseconds())
		if errors.Is(err, errFenced) {
			cancel(errFenced)
			return
		}
		if err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Msg("Could not renew the lease")
		}
	}
}

// fenced updates an item under its worker's fence; errFenced when it is lost.
// The assignments' own arguments begin at $3.
func (s *Service) fenced(ctx context.Context, q db.Querier, c *claimed, set string, args ...any) error {
	r, err := q.ExecContext(ctx, `UPDATE items SET `+set+`, updated_at = now_ms() WHERE item_id = $1 AND attempt = $2 AND status = 'processing'`,
		append([]any{c.itemID, c.attempt}, args...)...)
	if err != nil {
		return fmt.Errorf("update item %s: %w", c.itemID, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return errFenced
	}
	return nil
}

func (s *Service) input(c *claimed) pipeline.Input {
	return pipeline.Input{
		TenantID: c.tenantID, JobID: c.jobID, ItemID: c.itemID, Filename: c.filename,
		Scene: c.scene, Prompt: c.prompt, Brand: c.brand.Look, Options: c.options, Done: c.checkpoint,
		Raw: func(ctx context.Context) ([]byte, error) { return s.photo(ctx, c.rawPath) },
	}
}

// complete records the finished item, plans its variants and writes the message
// to the export worker, in one transaction.
func (s *Service) complete(ctx context.Context, c *claimed, rec *recorder, res *pipeline.Result) error {
	fidelity := sql.NullString{}
	if res.Fidelity != nil {
		b, err := json.Marshal(res.Fidelity)
		if err != nil {
			return err
		}
		fidelity = sql.NullString{String: string(b), Valid: true}
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.fenced(ctx, tx, c, `status = 'completed', output_blob_path = $3, cutout_blob_path = $4, confidence = $5, needs_review = $6,
			review_reason = $7, fidelity = $8, error_code = NULL, error_message = NULL, lease_until = NULL, ended_at = now_ms()`,
			res.Output, res.Cutout, res.Confidence, res.NeedsReview, sql.NullString{String: res.ReviewReason, Valid: res.ReviewReason != ""}, fidelity); err != nil {
			return err
		}
		// before the export message's own line, which its commit hook writes
		tx.AfterCommit(func() { telemetry.Log(ctx).Info().Int("attempt", c.attempt).Msg("Item completed") })
		if err := rec.flush(ctx, tx); err != nil {
			return err
		}
		if err := s.Meter.Capture(ctx, tx, c.tenantID, c.itemID); err != nil {
			return err
		}
		n, err := s.Exporter.Plan(ctx, tx, Plan{TenantID: c.tenantID, JobID: c.jobID, ItemID: c.itemID, CorrelationID: c.correlationID,
			Presets: c.presets, Filename: c.filename, Scene: c.scene, Result: res})
		if err != nil {
			return err
		}
		if n > 0 {
			if err := s.Outbox.SendExport(ctx, tx, c.body()); err != nil {
				return err
			}
		}
		return s.ended(ctx, tx, c.row, ItemCompleted, n, map[string]any{"output_blob_path": res.Output, "needs_review": res.NeedsReview})
	})
	if err != nil {
		return fmt.Errorf("complete item %s: %w", c.itemID, err)
	}
	return nil
}

// giveBack puts an item back whose attempt a shutdown ended. It counts no try.
func (s *Service) giveBack(ctx context.Context, c *claimed, rec *recorder) error {
	telemetry.Log(ctx).Info().Int("attempt", c.attempt).Msg("Gave the item back")
	return s.requeue(ctx, c, rec, 0, 0, 0)
}

// requeue takes the item back to queued and writes its next message.
func (s *Service) requeue(ctx context.Context, c *claimed, rec *recorder, after time.Duration, tries, deaths int) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.fenced(ctx, tx, c, `status = 'queued', lease_until = NULL, due_at = now_ms() + $3, tries = tries + $4, deaths = deaths + $5`,
			after.Milliseconds(), tries, deaths); err != nil {
			return err
		}
		if err := rec.flush(ctx, tx); err != nil {
			return err
		}
		return s.Outbox.SendJob(ctx, tx, c.body(), queue.NotBefore(after))
	})
	if err != nil {
		return fmt.Errorf("give item %s back: %w", c.itemID, err)
	}
	return nil
}

// failed decides what becomes of an attempt that ended in an error.
func (s *Service) failed(ctx context.Context, c *claimed, rec *recorder, cause error) error {
	log := telemetry.Log(ctx).Warn().Err(cause).Int("attempt", c.attempt).Str("code", fault.CodeOf(cause))
	if errors.Is(cause, imaging.ErrDecoderDied) {
		deaths := max(1, imaging.Deaths(cause))
		if c.deaths+deaths >= maxDeaths {
			log.Msg("Item failed: its photo kills the decoder")
			if err := s.fail(ctx, c, rec, errPoison); err != nil {
				return err
			}
			return queue.Poison("photo_kills_decoder", cause)
		}
		log.Msg("The decoder died; the item is tried again")
		return s.requeue(ctx, c, rec, minBackoff, 0, deaths)
	}
	if fault.IsUncounted(cause) || errors.Is(cause, blob.ErrUnavailable) || errors.Is(cause, db.ErrUnavailable) {
		// nothing is wrong with the item: it waits for what is down
		log.Msg("The item waits, uncounted")
		return s.requeue(ctx, c, rec, max(backoff(outageBackoff, 0), fault.RetryAfter(cause)), 0, 0)
	}
	if fault.IsTransient(cause) && c.tries+1 < maxTries {
		after := backoff(c.tries, fault.RetryAfter(cause))
		log.Dur("after_ms", after).Int("tries", c.tries+1).Msg("The item is tried again")
		return s.requeue(ctx, c, rec, after, 1, 0)
	}
	log.Msg("Item failed")
	return s.fail(ctx, c, rec, cause)
}

// backoff is full jitter between 2 s and 5 min, and never less than the failed
// side asked for.
func backoff(tries int, asked time.Duration) time.Duration {
	ceiling := min(maxBackoff, minBackoff<<min(tries, 10))
	d := minBackoff + time.Duration(rand.Int64N(int64(ceiling)))
	return min(maxBackoff, max(d, asked))
}

// fail ends the item for good and gives back what was held for it.
func (s *Service) fail(ctx context.Context, c *claimed, rec *recorder, cause error) error {
	code, message := describe(cause)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.fenced(ctx, tx, c, `status = 'failed', error_code = $3, error_message = $4, lease_until = NULL, tries = tries + 1, ended_at = now_ms()`,
			code, message); err != nil {
			return err
		}
		if err := rec.flush(ctx, tx); err != nil {
			return err
		}
		if err := s.Meter.Release(ctx, tx, c.tenantID, c.itemID); err != nil {
			return err
		}
		return s.ended(ctx, tx, c.row, ItemFailed, 0, map[string]any{"code": code})
	})
	if err != nil {
		return fmt.Errorf("fail item %s: %w", c.itemID, err)
	}
	return nil
}

// describe gives the code and the text that the tenant sees. What has no code is
// internal, and its text stays in the log.
func describe(err error) (code, message string) {
	if e, ok := fault.As(err); ok {
		return e.Code, e.Error()
	}
	step := ""
	var se *pipeline.StepError
	if errors.As(err, &se) {
		step = " in step " + se.Step
	}
	return errTries.Code, errTries.Text + step + "; the operators have the details under the item's correlation id"
}
