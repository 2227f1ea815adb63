package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// maxDeaths is how often a photo may kill its decoder before it is poison.
const maxDeaths = 3

var (
	errPoison = fault.New(fault.Invalid, "photo_kills_decoder", "The photo makes the image decoder crash; save it again with another program and upload that")
	errTries  = fault.New(fault.Unavailable, "tries_used_up", "The item failed too often")
)

// items returns the leased table of items.
func (s *Service) items() *lease.Table {
	return &lease.Table{Name: "items", Key: []string{"item_id"}, Waiting: ItemQueued, Time: s.Lease,
		Policy: lease.Policy{Outages: []error{blob.ErrUnavailable, db.ErrUnavailable}}}
}

// claimed is an item under a worker's fence.
type claimed struct {
	row
	held                    lease.Held
	deaths                  int
	filename, scene, prompt string
	rawPath, source         string // source: where to fetch the photo while it has no rawPath
	checkpoint              pipeline.Checkpoint
	brand                   Brand
	steering                picture.Steering
	remakeOf                sql.NullString
	options                 pipeline.Options
	presets                 []string
}

// Process does the work that one message of queue "jobs" asks for. It returns
// nil when the message is done with: also for an item that failed permanently,
// that another worker holds, or that was given back with a new message. An error
// means that nothing could be recorded and the message is to come again.
func (s *Service) Process(ctx context.Context, b queue.Body) error {
	telemetry.Log(ctx).Info().Msg("Processing job message")
	if b.Kind == queue.KindCutout {
		return s.processVersion(ctx, b)
	}
	s.correctFirst(ctx)
	t := s.items()
	t.Before = func(ctx context.Context, tx *db.Tx) (bool, error) {
		if later, err := s.siblingCuts(ctx, tx, b); err != nil || later {
			return later, err
		}
		return s.setWaits(ctx, tx, b)
	}
	_, err := lease.Work[*attempt, *pipeline.Result]{
		Table: t, DB: s.DB, Where: `item_id = $1 AND job_id = $2 AND tenant_id = $3`, Args: []any{b.ItemID, b.JobID, b.TenantID},
		Load: func(ctx context.Context, tx *db.Tx, h lease.Held) (*attempt, error) {
			return s.load(ctx, tx, &claimed{row: row{itemID: b.ItemID, jobID: b.JobID, tenantID: b.TenantID}, held: h})
		},
		Make: func(ctx context.Context, a *attempt) (*pipeline.Result, error) {
			crashpoint.Reach(crashpoint.ItemClaimed)
			if a.options.GenerateScene { // before anything is made
				if err := s.plateThere(ctx, a.tenantID, a.scene); err != nil {
					return nil, err
				}
			}
			return s.Pipeline.Run(ctx, s.input(a.claimed), &artifacts{s: s, c: a.claimed}, a.rec)
		},
		Complete: func(ctx context.Context, a *attempt, res *pipeline.Result) error {
			err := s.complete(ctx, a.claimed, a.rec, res)
			crashpoint.Reach(crashpoint.ItemCompleted)
			return err
		},
		Judge: s.judge, Again: s.again, Fail: s.failed,
	}.Do(ctx)
	return err
}

// attempt is one try on an item: what is known of it, and what its steps record.
type attempt struct {
	*claimed
	rec *recorder
}

// load reads what the worker needs to know of an item.
func (s *Service) load(ctx context.Context, tx *db.Tx, c *claimed) (*attempt, error) {
	var raw, checkpoint, source, steering sql.NullString
	var brand, options, presets string
	if err := tx.QueryRowContext(ctx, `SELECT i.deaths, i.filename, i.scene_type, i.scene_prompt, i.raw_blob_path, i.source_url, i.entry_id, i.placement,
			i.correlation_id, j.brand, j.options, j.presets, i.steering, i.remake_of, `+productColumns+`
		FROM items i JOIN jobs j ON j.job_id = i.job_id WHERE i.item_id = $1`, c.itemID).
		Scan(append([]any{&c.deaths, &c.filename, &c.scene, &c.prompt, &raw, &source, &c.entry, &checkpoint, &c.correlationID, &brand, &options, &presets, &steering, &c.remakeOf}, productDest(&c.product)...)...); err != nil {
		return nil, fmt.Errorf("load item %s: %w", c.itemID, err)
	}
	c.rawPath, c.source = raw.String, source.String
	if err := parsed(jsonColumn{brand, &c.brand}, jsonColumn{options, &c.options}, jsonColumn{presets, &c.presets}, jsonColumn{checkpoint.String, &c.checkpoint}, jsonColumn{steering.String, &c.steering}); err != nil {
		return nil, err
	}
	if err := s.adoptCutout(ctx, tx, c); err != nil {
		return nil, err
	}
	return &attempt{c, &recorder{s: s, c: c}}, changed(ctx, tx, c.jobID)
}

// jsonColumn is a JSON column, and the value that it is read into.
type jsonColumn struct {
	json string
	into any
}

// parsed reads JSON columns; an empty one leaves its value as it is.
func parsed(columns ...jsonColumn) error {
	for _, t := range columns {
		if t.json == "" {
			continue
		}
		if err := json.Unmarshal([]byte(t.json), t.into); err != nil {
			return err
		}
	}
	return nil
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

func (s *Service) input(c *claimed) pipeline.Input {
	in := pipeline.Input{
		TenantID: c.tenantID, JobID: c.jobID, ItemID: c.itemID, Filename: c.filename,
		Scene: c.scene, Prompt: c.prompt, Look: c.brand.Look, Options: c.options, Review: s.review(c.brand.Review), Rights: c.brand.Rights, Done: c.checkpoint,
		Raw:      func(ctx context.Context) ([]byte, error) { return s.original(ctx, c) },
		Steering: c.steering,
	}
	if of := c.set(); of.id != "" {
		in.Set = func(ctx context.Context) (pipeline.Extent, error) { return s.boxOf(ctx, of) }
	}
	if id, ok := picture.ParsePlate(c.scene); ok && s.Plates != nil {
		in.Plate = func(ctx context.Context) (pipeline.Plate, error) { return s.Plates.Plate(ctx, c.tenantID, id) }
	}
	return in
}

// review returns a job's choice, with the operator's threshold where the job
// names none.
func (s *Service) review(r picture.Review) picture.Review {
	if r.Below == 0 {
		r.Off, r.Below = r.Off || s.Review.Off, s.Review.Below
	}
	return r
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
		if err := s.items().Update(ctx, tx, c.held, `status = 'completed', output_blob_path = $1, cutout_blob_path = $2, confidence = $3, needs_review = $4,
			review_reason = $5, fidelity = $6, concerns = $7, error_code = NULL, error_message = NULL, lease_until = NULL, ended_at = now_ms()`,
			res.OutputPath, res.CutoutPath, res.Confidence, res.NeedsReview, sql.NullString{String: res.ReviewReason, Valid: res.ReviewReason != ""}, fidelity, concernsText(res.Concerns)); err != nil {
			return err
		}
		// before the export message's own line, which its commit hook writes
		tx.AfterCommit(func() {
			telemetry.Log(ctx).Info().Int("attempt", c.held.Attempt).Msg("Item completed")
			s.Metrics.item(ItemCompleted, "")
		})
		if err := rec.flush(ctx, tx); err != nil {
			return err
		}
		if err := s.Meter.Capture(ctx, tx, c.tenantID, c.itemID); err != nil {
			return err
		}
		n, err := s.Exporter.Plan(ctx, tx, Plan{TenantID: c.tenantID, JobID: c.jobID, ItemID: c.itemID, CorrelationID: c.correlationID,
			Presets: c.presets, Filename: c.filename, Product: c.product, Rights: c.brand.Rights, Naming: c.brand.Naming, Scene: c.scene, Result: res})
		if err != nil {
			return err
		}
		if c.remakeOf.Valid {
			if err := supersede(ctx, tx, c.remakeOf.String, c.itemID); err != nil {
				return err
			}
			if err := s.Exporter.Replace(ctx, tx, c.remakeOf.String, c.itemID); err != nil {
				return err
			}
		}
		if n > 0 {
			if err := s.Outbox.SendExport(ctx, tx, c.body()); err != nil {
				return err
			}
		}
		if err := s.needsReview(ctx, tx, c, res); err != nil {
			return err
		}
		return s.ended(ctx, tx, c.row, ItemCompleted, n, map[string]any{"output_blob_path": res.OutputPath, "needs_review": res.NeedsReview})
	})
	if err != nil {
		return fmt.Errorf("complete item %s: %w", c.itemID, err)
	}
	return nil
}

// needsReview tells of a picture that a person should look at. It locks the job's row,
// as every event does.
func (s *Service) needsReview(ctx context.Context, tx *db.Tx, c *claimed, res *pipeline.Result) error {
	if !res.NeedsReview {
		return nil
	}
	if err := changed(ctx, tx, c.jobID); err != nil {
		return err
	}
	return event.Add(ctx, tx, event.New{Type: event.ItemNeedsReview, TenantID: c.tenantID, JobID: c.jobID, ItemID: c.itemID, Data: map[string]any{"review_reason": res.ReviewReason}})
}

// killed returns how often this attempt's photo has killed its decoder.
func killed(cause error) int {
	if !errors.Is(cause, imaging.ErrDecoderDied) {
		return 0
	}
	return max(1, imaging.Deaths(cause))
}

// poisons reports whether the photo has killed its decoder too often.
func (c *claimed) poisons(cause error) bool {
	n := killed(cause)
	return n > 0 && c.deaths+n >= maxDeaths
}

// judge returns the verdict on an attempt that failed. A photo that kills its decoder is
// tried again in another one, a few times.
func (s *Service) judge(a *attempt, cause error) lease.Verdict {
	switch policy := s.items().Policy; {
	case errors.Is(cause, pipeline.ErrSetWaits):
		return lease.Verdict{Again: true, After: looksAtSet}
	case a.poisons(cause):
		return lease.Verdict{}
	case killed(cause) > 0:
		return lease.Verdict{Again: true, After: policy.Backoff(0, 0)}
	default:
		return policy.Judge(a.held, cause)
	}
}

// again takes the item back to queued and writes its next message. cause is nil when a
// shutdown ended the attempt.
func (s *Service) again(ctx context.Context, a *attempt, v lease.Verdict, cause error) error {
	c, why := a.claimed, "stopped"
	if errors.Is(cause, pipeline.ErrSetWaits) {
		why = pipeline.ErrSetWaits.Code
		telemetry.Log(ctx).Info().Msg("The item waits for the other photos of its set")
	} else if cause != nil {
		why = fault.CodeOf(cause)
		log := telemetry.Log(ctx).Warn().Err(cause).Int("attempt", c.held.Attempt).Str("code", why).Dur("after_ms", v.After)
		if killed(cause) > 0 { // an alert counts the lines of outages
			log.Msg("The decoder died; the item is tried again")
		} else {
			log.Bool("counted", v.Counted).Int("tries", c.held.Tries).Msg("The item is tried again")
		}
	}
	s.Metrics.retried(why)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if deaths := killed(cause); deaths > 0 {
			if err := s.items().Update(ctx, tx, c.held, `deaths = deaths + $1`, deaths); err != nil {
				return err
			}
		}
		if err := s.items().Again(ctx, tx, c.held, v); err != nil {
			return err
		}
		if err := a.rec.flush(ctx, tx); err != nil {
			return err
		}
		if err := s.Outbox.SendJob(ctx, tx, c.body(), queue.NotBefore(v.After)); err != nil {
			return err
		}
		return changed(ctx, tx, c.jobID)
	})
	if err != nil {
		return fmt.Errorf("give item %s back: %w", c.itemID, err)
	}
	return nil
}

// failed ends the item permanently. The message of one that is to blame for its workers'
// or decoders' deaths is kept with the dead letters.
func (s *Service) failed(ctx context.Context, a *attempt, v lease.Verdict, cause error) error {
	log := telemetry.Log(ctx).Warn().Err(cause).Int("attempt", a.held.Attempt)
	var poison *fault.Error
	switch {
	case a.poisons(cause):
		log.Str("code", errPoison.Code).Msg("Item failed: its photo kills the decoder")
		poison = errPoison
	case v.Rescued:
		log.Str("code", lease.ErrRescues.Code).Msg("Item failed: its attempts broke off without finishing a step")
		poison = lease.ErrRescues
	default:
		log.Str("code", fault.CodeOf(cause)).Msg("Item failed")
		return s.fail(ctx, a.claimed, a.rec, cause)
	}
	if err := s.fail(ctx, a.claimed, a.rec, poison); err != nil {
		return err
	}
	return queue.Poison(poison.Code, cause)
}

// fail ends the item permanently and gives back what was held for it.
func (s *Service) fail(ctx context.Context, c *claimed, rec *recorder, cause error) error {
	code, message := describe(cause)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.items().Update(ctx, tx, c.held, `ended_at = now_ms()`); err != nil {
			return err
		}
		if err := s.items().Fail(ctx, tx, c.held, code, message); err != nil {
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
	s.Metrics.item(ItemFailed, code)
	return nil
}

// describe returns the code and the text that the tenant sees.
func describe(err error) (code, message string) {
	step := ""
	var se *pipeline.StepError
	if errors.As(err, &se) {
		step = " in step " + se.Step
	}
	return lease.Describe(err, fault.New(errTries.Kind, errTries.Code, errTries.Text+step+"; the operators have the details under the item's correlation id"))
}
