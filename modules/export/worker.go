package export

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The retry policy of a variant.
const (
	maxTries   = 8
	minBackoff = 2 * time.Second
	maxBackoff = 5 * time.Minute
	settleTime = 20 * time.Second
	// outageTries is the place in the backoff of what waits for a store that
	// can't be reached: up to about a minute, however long that lasts.
	outageTries = 5
	maxLayer    = 8 * imaging.MaxBytes
)

// errFenced says that another worker has claimed the variants.
var errFenced = errors.New("the variants were claimed by another worker")

// work is an item's variants under this worker's fence.
type work struct {
	body    queue.Body
	source  Source
	presets []string
	attempt map[string]int
	tries   map[string]int
}

// Handle does what one message of queue "exports" asks for: the item's variants
// that are not there yet, and the job's ZIP when the job waits for it. It
// returns nil when the message is done with, also when what failed was given
// its next message; an error means that nothing could be recorded and the
// message is to come again.
func (s *Service) Handle(ctx context.Context, b queue.Body) error {
	log := telemetry.Log(ctx)
	log.Info().Msg("Processing export")
	// a shutdown in mid-claim must not leave open whether the variants were taken
	taking, taken := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	w, err := s.claim(taking, b)
	taken()
	if err != nil {
		return err
	}
	if w != nil {
		crashpoint.Reach(crashpoint.ExportClaimed)
		if whole, err := s.make(ctx, w); err != nil || !whole {
			return err
		}
	}
	round, wanted, err := s.Jobs.BundleRequested(ctx, s.DB, b.TenantID, b.JobID)
	if err != nil {
		return err
	}
	if wanted {
		if whole, err := s.bundle(ctx, b, round); err != nil || !whole {
			return err
		}
	}
	log.Info().Msg("Completed export")
	return nil
}

// claim takes the item's variants that are pending, or whose worker's lease ran
// out. It returns nil when there are none.
func (s *Service) claim(ctx context.Context, b queue.Body) (*work, error) {
	var w *work
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		w = &work{body: b, attempt: map[string]int{}, tries: map[string]int{}}
		rows, err := tx.QueryContext(ctx, `UPDATE exports SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() + $3, updated_at = now_ms()
			WHERE item_id = $1 AND tenant_id = $2 AND (status = 'pending' AND due_at <= now_ms() OR status = 'processing' AND lease_until < now_ms())
			RETURNING preset, attempt, tries`, b.ItemID, b.TenantID, s.Lease.Milliseconds())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p string
			var attempt, tries int
			if err := rows.Scan(&p, &attempt, &tries); err != nil {
				return err
			}
			w.presets = append(w.presets, p)
			w.attempt[p], w.tries[p] = attempt, tries
		}
		if err := rows.Err(); err != nil || len(w.presets) == 0 {
			w = nil
			return err
		}
		var src string
		if err := tx.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`, b.ItemID).Scan(&src); err != nil {
			return err
		}
		return json.Unmarshal([]byte(src), &w.source)
	})
	if err != nil {
		return nil, fmt.Errorf("claim the exports of item %s: %w", b.ItemID, err)
	}
	return w, nil
}

// make renders the claimed variants and records each as it is finished. whole
// is false when one of them has to be tried again, or is another worker's now.
func (s *Service) make(ctx context.Context, w *work) (whole bool, err error) {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beat sync.WaitGroup
	beat.Go(func() { s.heartbeat(run, w, cancel) })

	open := map[string]error{} // what is not recorded yet, and why it failed
	for _, p := range w.presets {
		open[p] = nil
	}
	lost := false
	l, err := s.load(run, w.source)
	if err == nil {
		err = render(run, l, w.presets, func(v Variant, err error) error {
			if err == nil {
				err = s.finish(run, w, v)
			}
			switch {
			case errors.Is(err, errFenced):
				lost = true
				delete(open, v.Preset.Name)
			case err != nil:
				open[v.Preset.Name] = err
			default:
				delete(open, v.Preset.Name)
			}
			return run.Err()
		})
	}
	cancel(nil)
	beat.Wait()
	for p, cause := range open {
		open[p] = cmp.Or(cause, err)
	}
	if len(open) == 0 || errors.Is(context.Cause(run), errFenced) {
		return !lost && len(open) == 0, nil
	}
	settle, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer done()
	again, err := s.failed(settle, w, open, ctx.Err() != nil)
	return !again && !lost && err == nil, err
}

// heartbeat renews the lease at a third of it.
func (s *Service) heartbeat(ctx context.Context, w *work, cancel context.CancelCauseFunc) {
	t := time.NewTicker(s.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		live := false
		for _, p := range w.presets {
			r, err := s.DB.ExecContext(ctx, `UPDATE exports SET lease_until = now_ms() + $4 WHERE item_id = $1 AND preset = $2 AND attempt = $3 AND status = 'processing'`,
				w.body.ItemID, p, w.attempt[p], s.Lease.Milliseconds())
			if err != nil {
				live = true // not known to be lost
				continue
			}
			if n, err := r.RowsAffected(); err != nil || n > 0 {
				live = true
			}
		}
		if !live {
			cancel(errFenced)
			return
		}
	}
}

// load fetches and decodes the layers, which OPAL's own pipeline wrote or, for a
// backdrop from a scoring service, has decoded safely before.
func (s *Service) load(ctx context.Context, src Source) (*Layers, error) {
	l := &Layers{Source: src}
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range []struct {
		path string
		into **image.NRGBA
	}{{src.CutoutPath, &l.Cutout}, {src.BackdropPath, &l.Backdrop}, {src.ShadowPath, &l.Shadow}} {
		if f.path == "" {
			continue
		}
		g.Go(func() error {
			b, _, err := s.Blobs.Get(ctx, s.Outputs, f.path, maxLayer)
			if err != nil {
				return fmt.Errorf("load %s: %w", f.path, err)
			}
			if *f.into, err = imaging.DecodeOwn(b); err != nil {
				return fmt.Errorf("decode %s: %w", f.path, err)
			}
			return nil
		})
	}
	return l, g.Wait()
}

// finish stores one variant and records it under the fence.
func (s *Service) finish(ctx context.Context, w *work, v Variant) error {
	p := v.Preset
	path, err := blob.ArtifactPath(w.body.TenantID, w.body.JobID, w.body.ItemID, p.Name, w.attempt[p.Name], p.Format.Extension())
	if err != nil {
		return err
	}
	if err := s.Blobs.Put(ctx, s.Exports, path, v.File, blob.PutOptions{ContentType: p.Format.MediaType(), IfNoneMatch: true}); err != nil {
		return fmt.Errorf("store %s: %w", p.Name, err)
	}
	crashpoint.Reach(crashpoint.ExportStored)
	checks, err := json.Marshal(v.Checks)
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := fenced(ctx, tx, w, p.Name, `status = 'completed', lease_until = NULL, blob_path = $4, format = $5, width = $6, height = $7, bytes = $8, checks = $9,
			error_code = NULL, error_message = NULL`, path, string(p.Format), v.Width, v.Height, len(v.File), string(checks)); err != nil {
			return err
		}
		if err := s.Meter.Captured(ctx, tx, w.body.TenantID, w.body.ItemID, p.Name); err != nil {
			return err
		}
		return s.Jobs.ExportsEnded(ctx, tx, w.body.TenantID, w.body.JobID, 1, 0)
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", p.Name, err)
	}
	crashpoint.Reach(crashpoint.ExportRecorded)
	return nil
}

// fenced updates a variant under its worker's fence; errFenced when it is lost.
// The assignments' own arguments begin at $4.
func fenced(ctx context.Context, tx *db.Tx, w *work, preset, set string, args ...any) error {
	r, err := tx.ExecContext(ctx, `UPDATE exports SET `+set+`, updated_at = now_ms() WHERE item_id = $1 AND preset = $2 AND attempt = $3 AND status = 'processing'`,
		append([]any{w.body.ItemID, preset, w.attempt[preset]}, args...)...)
	if err != nil {
		return err
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

// verdict is what becomes of a variant that wasn't made.
type verdict struct {
	again   bool
	counted bool // it uses up a try
	after   time.Duration
}

// judge decides it. A shutdown, and a store that can't be reached, use up no
// try: the variant is not to blame.
func judge(cause error, tries int, stopping bool) verdict {
	switch {
	case stopping:
		return verdict{again: true}
	case fault.IsUncounted(cause), errors.Is(cause, blob.ErrUnavailable), errors.Is(cause, db.ErrUnavailable):
		return verdict{again: true, after: backoff(outageTries, fault.RetryAfter(cause))}
	case fault.IsTransient(cause) && tries+1 < maxTries:
		return verdict{again: true, counted: true, after: backoff(tries, fault.RetryAfter(cause))}
	}
	return verdict{}
}

// failed records what becomes of the variants that are still open: another try,
// with one message for all of them, or the end. It reports whether there is
// another.
func (s *Service) failed(ctx context.Context, w *work, open map[string]error, stopping bool) (again bool, err error) {
	verdicts := map[string]verdict{}
	for p, cause := range open {
		verdicts[p] = judge(cause, w.tries[p], stopping)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		after, gone := time.Duration(-1), 0
		for _, p := range w.presets {
			cause, isOpen := open[p]
			if !isOpen {
				continue
			}
			v := verdicts[p]
			var err error
			if v.again {
				tries := map[bool]int{true: 1}[v.counted]
				err = fenced(ctx, tx, w, p, `status = 'pending', lease_until = NULL, due_at = now_ms() + $4, tries = tries + $5`, v.after.Milliseconds(), tries)
			} else {
				code, text := describe(cause)
				err = fenced(ctx, tx, w, p, `status = 'failed', lease_until = NULL, tries = tries + 1, error_code = $4, error_message = $5`, code, text)
			}
			switch {
			case errors.Is(err, errFenced):
			case err != nil:
				return err
			case v.again:
				after = max(after, v.after)
			default:
				gone++
			}
		}
		again = after >= 0
		if gone > 0 {
			if err := s.Jobs.ExportsEnded(ctx, tx, w.body.TenantID, w.body.JobID, 0, gone); err != nil {
				return err
			}
		}
		if again {
			return s.Outbox.SendExport(ctx, tx, w.body, queue.NotBefore(after))
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("record the failed exports of item %s: %w", w.body.ItemID, err)
	}
	log := telemetry.Log(ctx)
	if stopping {
		log.Info().Int("exports", len(open)).Msg("Gave the exports back")
		return again, nil
	}
	for _, p := range w.presets {
		if cause, isOpen := open[p]; isOpen {
			v := verdicts[p]
			log.Warn().Err(cause).Str("preset", p).Bool("again", v.again).Dur("after_ms", v.after).Msg("An export failed")
		}
	}
	return again, nil
}

// backoff is full jitter between 2 s and 5 min, and never less than the failed
// side asked for.
func backoff(tries int, asked time.Duration) time.Duration {
	d := minBackoff + time.Duration(rand.Int64N(int64(min(maxBackoff, minBackoff<<min(tries, 10)))))
	return min(maxBackoff, max(d, asked))
}

// describe is what the tenant reads; what has no code stays in the log.
func describe(err error) (code, text string) {
	if e, ok := fault.As(err); ok {
		return e.Code, e.Error()
	}
	return "internal", "The variant could not be made; the operators have the details under the correlation id"
}

// sweepBatch and lostMessage are as the jobs' sweep has them.
const (
	sweepBatch  = 200
	lostMessage = time.Hour
)

// Sweep writes new messages for variants whose worker died or whose message was
// lost. Any number of processes may sweep at once.
func (s *Service) Sweep(ctx context.Context) error {
	n := 0
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT item_id, preset, job_id, tenant_id, correlation_id FROM exports
			WHERE status = 'processing' AND lease_until < now_ms() OR status = 'pending' AND due_at < now_ms() - $1
			ORDER BY item_id, preset LIMIT $2`+tx.SkipLocked(), lostMessage.Milliseconds(), sweepBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		type late struct {
			preset string
			body   queue.Body
		}
		var found []late
		for rows.Next() {
			var l late
			if err := rows.Scan(&l.body.ItemID, &l.preset, &l.body.JobID, &l.body.TenantID, &l.body.CorrelationID); err != nil {
				return err
			}
			found = append(found, l)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		n = len(found)
		sent := map[string]bool{}
		for _, l := range found {
			if _, err := tx.ExecContext(ctx, `UPDATE exports SET status = 'pending', lease_until = NULL, due_at = now_ms(), updated_at = now_ms() WHERE item_id = $1 AND preset = $2`,
				l.body.ItemID, l.preset); err != nil {
				return err
			}
			if sent[l.body.ItemID] {
				continue
			}
			sent[l.body.ItemID] = true
			if err := s.Outbox.SendExport(ctx, tx, l.body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sweep exports: %w", err)
	}
	if n > 0 {
		telemetry.Log(ctx).Warn().Int("exports", n).Msg("Requeued exports whose worker died")
	}
	return nil
}
