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
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// lostVersion is how long the message of a version may be overdue: a person waits for
// it. A worker of the version before finds no work for it.
const lostVersion = lease.LostMessage / 30

// errVersion stands for errors that have no code of their own.
var errVersion = fault.New(fault.Internal, "internal", "The cut-out could not be changed; the operators have the details under the item's correlation id")

// versions returns the leased table of cut-outs' versions.
func (s *Service) versions() *lease.Table {
	return &lease.Table{Name: "cutout_versions", Key: []string{"version_id"}, Waiting: VersionQueued, Prompt: true, Time: s.Lease, Lost: lostVersion,
		Policy: lease.Policy{Outages: []error{blob.ErrUnavailable, db.ErrUnavailable}}}
}

// claimedVersion is a version under a worker's fence.
type claimedVersion struct {
	claimed // the item that it is of; its held is the version's
	id      string
	version int
	hints   picture.Hints
	draft   *pipeline.CutoutRecord
}

// processVersion makes the version of a cut-out that a message names. It returns nil
// when the message is done with.
func (s *Service) processVersion(ctx context.Context, b queue.Body) error {
	_, err := lease.Work[*claimedVersion, *pipeline.Result]{
		Table: s.versions(), DB: s.DB,
		Where: `version_id = $1 AND item_id = $2 AND job_id = $3 AND tenant_id = $4`, Args: []any{b.Subject, b.ItemID, b.JobID, b.TenantID},
		Load: func(ctx context.Context, tx *db.Tx, h lease.Held) (*claimedVersion, error) {
			return s.loadVersion(ctx, tx, &claimedVersion{id: b.Subject, claimed: claimed{row: row{itemID: b.ItemID, jobID: b.JobID, tenantID: b.TenantID}, held: h}})
		},
		Make: s.makeVersion, Complete: s.completeVersion, Again: s.versionAgain, Fail: s.failVersion,
	}.Do(ctx)
	return err
}

// correctFirst makes a version that waits, before the work that a message brought: a person
// waits for a correction, which takes seconds, and its own message stands behind the batch.
// One at a time, so that corrections in any number leave half of the work to the items; those
// of siblings, which follow by themselves, come last.
func (s *Service) correctFirst(ctx context.Context) {
	b := queue.Body{Kind: queue.KindCutout}
	err := s.DB.QueryRowContext(ctx, `SELECT version_id, item_id, job_id, tenant_id, correlation_id FROM cutout_versions
		WHERE status = 'queued' AND due_at <= now_ms() ORDER BY CASE WHEN checkpoint IS NULL THEN 0 ELSE 1 END, due_at LIMIT 1`).
		Scan(&b.Subject, &b.ItemID, &b.JobID, &b.TenantID, &b.CorrelationID)
	if errors.Is(err, sql.ErrNoRows) || ctx.Err() != nil {
		return
	}
	ctx = telemetry.With(ctx, telemetry.IDs{CorrelationID: b.CorrelationID, TenantID: b.TenantID, JobID: b.JobID, ItemID: b.ItemID})
	if err == nil {
		err = s.processVersion(ctx, b)
	}
	if err != nil { // its message brings it again
		telemetry.Log(ctx).Warn().Err(err).Msg("A correction could not go before the batch")
	}
}

// loadVersion reads what the worker needs to know of a version.
func (s *Service) loadVersion(ctx context.Context, tx *db.Tx, c *claimedVersion) (*claimedVersion, error) {
	var hints, draft, brand, options string
	var checkpoint, raw, steering sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT v.version, v.correlation_id, v.hints, v.checkpoint, d.checkpoint, i.filename, i.scene_type, i.scene_prompt, i.raw_blob_path, j.brand, j.options, i.steering, `+productColumns+`
		FROM cutout_versions v JOIN cutout_versions d ON d.item_id = v.item_id AND d.version = v.base
		JOIN items i ON i.item_id = v.item_id JOIN jobs j ON j.job_id = i.job_id WHERE v.version_id = $1`, c.id).
		Scan(append([]any{&c.version, &c.correlationID, &hints, &checkpoint, &draft, &c.filename, &c.scene, &c.prompt, &raw, &brand, &options, &steering}, productDest(&c.product)...)...); err != nil {
		return nil, fmt.Errorf("load version %s: %w", c.id, err)
	}
	c.rawPath = raw.String
	var of pipeline.Checkpoint
	if err := parsed(jsonColumn{hints, &c.hints}, jsonColumn{draft, &of}, jsonColumn{brand, &c.brand}, jsonColumn{options, &c.options},
		jsonColumn{checkpoint.String, &c.checkpoint}, jsonColumn{steering.String, &c.steering}); err != nil {
		return nil, err
	}
	c.draft = of.Cutout
	return c, changed(ctx, tx, c.jobID)
}

// makeVersion changes the cut-out, unless an attempt before has done that, and puts the
// item's picture together with it.
func (s *Service) makeVersion(ctx context.Context, c *claimedVersion) (*pipeline.Result, error) {
	files := &artifacts{s: s, c: &c.claimed, prefix: fmt.Sprintf("v%d-", c.version)}
	in := s.input(&c.claimed)
	review := in.Review
	in.Review = picture.Review{Off: true} // of its place, a person has looked at it
	rec := &versionRecorder{s, c}
	if in.Done.Cutout == nil {
		if c.draft == nil {
			return nil, ErrNoCutout
		}
		cut, err := s.Pipeline.Refine(ctx, pipeline.RefineInput{Draft: c.draft, Hints: c.hints, Review: review, Raw: in.Raw}, files)
		if err != nil {
			return nil, err
		}
		in.Done = pipeline.Checkpoint{Cutout: cut}
		c.checkpoint.Cutout = cut
		if err := rec.Checkpoint(ctx, in.Done); err != nil {
			return nil, err
		}
	}
	return s.Pipeline.Run(ctx, in, files, rec)
}

// versionRecorder keeps a version's checkpoints. Its steps are in the log alone.
type versionRecorder struct {
	s *Service
	c *claimedVersion
}

// StepBegan, StepEnded and StepReused keep nothing.
func (*versionRecorder) StepBegan(context.Context, string)        {}
func (*versionRecorder) StepEnded(context.Context, string, error) {}
func (*versionRecorder) StepReused(context.Context, string)       {}

// Checkpoint keeps a finished step's result under the worker's fence.
func (r *versionRecorder) Checkpoint(ctx context.Context, c pipeline.Checkpoint) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	err = r.s.versions().GoesOn(ctx, r.s.DB, r.c.held, `checkpoint = $1`, string(b))
	crashpoint.Reach(crashpoint.StepRecorded)
	return err
}

// completeVersion records the version, which counts from now on.
func (s *Service) completeVersion(ctx context.Context, c *claimedVersion, res *pipeline.Result) error {
	layers, err := json.Marshal(res.Layers)
	if err != nil {
		return err
	}
	fidelity := sql.NullString{}
	if res.Fidelity != nil {
		b, err := json.Marshal(res.Fidelity)
		if err != nil {
			return err
		}
		fidelity = sql.NullString{String: string(b), Valid: true}
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		it, siblings, err := lockEntry(ctx, tx, c.itemID)
		if errors.Is(err, ErrItemNotFound) { // deleted in between
			return lease.ErrLost
		}
		if err != nil {
			return err
		}
		if err := s.versions().Update(ctx, tx, c.held, `status = 'completed', lease_until = NULL, due_at = NULL, layers = $1, cutout_blob_path = $2, output_blob_path = $3, fidelity = $4,
			error_code = NULL, error_message = NULL, ended_at = now_ms()`, string(layers), res.CutoutPath, res.OutputPath, fidelity); err != nil {
			return err
		}
		tx.AfterCommit(func() { telemetry.Log(ctx).Info().Int("version", c.version).Msg("Changed a cut-out") })
		if err := s.versionsOfSiblings(ctx, tx, c, siblings); err != nil {
			return err
		}
		return s.counts(ctx, tx, it, c.id, res.Layers, res.Concerns)
	})
	if err != nil {
		return fmt.Errorf("complete version %s: %w", c.id, err)
	}
	return nil
}

// versionAgain gives a version back with its next message.
func (s *Service) versionAgain(ctx context.Context, c *claimedVersion, v lease.Verdict, cause error) error {
	if cause != nil {
		telemetry.Log(ctx).Warn().Err(cause).Int("version", c.version).Bool("counted", v.Counted).Dur("after_ms", v.After).Msg("A version of a cut-out is tried again")
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.versions().Again(ctx, tx, c.held, v); err != nil {
			return err
		}
		if err := s.askForVersion(ctx, tx, c.body(), c.id, queue.NotBefore(v.After)); err != nil {
			return err
		}
		return changed(ctx, tx, c.jobID)
	})
	if err != nil {
		return fmt.Errorf("give version %s back: %w", c.id, err)
	}
	return nil
}

// failVersion ends a version permanently. The version that counts stays the one that it was.
func (s *Service) failVersion(ctx context.Context, c *claimedVersion, v lease.Verdict, cause error) error {
	telemetry.Log(ctx).Warn().Err(cause).Int("version", c.version).Msg("A version of a cut-out failed")
	code, message := lease.Describe(cause, errVersion)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.versions().Update(ctx, tx, c.held, `due_at = NULL, ended_at = now_ms()`); err != nil {
			return err
		}
		if err := s.versions().Fail(ctx, tx, c.held, code, message); err != nil {
			return err
		}
		return changed(ctx, tx, c.jobID)
	})
	if err != nil {
		return fmt.Errorf("fail version %s: %w", c.id, err)
	}
	if v.Rescued {
		return queue.Poison(lease.ErrRescues.Code, cause)
	}
	return nil
}

// sweepVersions writes new messages for versions whose worker died or whose message was
// lost, and ends those that waited too long.
func (s *Service) sweepVersions(ctx context.Context) error {
	var died, lost int
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		type found struct {
			body queue.Body
			id   string
		}
		var all []found
		var err error
		died, lost, err = s.versions().Rescue(ctx, tx, queue.NoneUnsent(queue.Jobs, "cutout_versions"), `tenant_id, job_id, item_id, correlation_id, version_id`, func(scan func(dest ...any) error) error {
			var f found
			defer func() { all = append(all, f) }()
			return scan(&f.body.TenantID, &f.body.JobID, &f.body.ItemID, &f.body.CorrelationID, &f.id)
		})
		if err != nil {
			return err
		}
		for _, f := range all {
			if err := s.askForVersion(ctx, tx, f.body, f.id); err != nil {
				return err
			}
		}
		code, message := lease.Describe(lease.ErrTooOld, errVersion)
		_, err = tx.ExecContext(ctx, `UPDATE cutout_versions SET status = 'failed', error_code = $2, error_message = $3, due_at = NULL, ended_at = now_ms(), updated_at = now_ms()
			WHERE status = 'queued' AND created_at < now_ms() - $1`, lease.MaxAge.Milliseconds(), code, message)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep versions: %w", err)
	}
	if died+lost > 0 {
		telemetry.Log(ctx).Warn().Int("worker_died", died).Int("message_lost", lost).Msg("Asked for versions of cut-outs again")
	}
	return nil
}
