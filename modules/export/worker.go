package export

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/shade"
	"github.com/opal-photo/opal/modules/telemetry"
)

const maxLayer = 8 * imaging.MaxBytes

// errVariant stands for errors that have no code of their own.
var errVariant = fault.New(fault.Internal, "internal", "The variant could not be made; the operators have the details under the correlation id")

// Jobs is the part of the job module that a worker calls.
type Jobs interface {
	// ExportsEnded counts ended variants in the caller's transaction and ends
	// the job when nothing is open any more.
	ExportsEnded(ctx context.Context, tx *db.Tx, tenantID, jobID string, done, failed int) error
	// ExportsReviewed says whether a person has to look at an item, for its cut-out
	// or for its variants that their channels refuse, and why.
	ExportsReviewed(ctx context.Context, tx *db.Tx, tenantID, itemID string, needed bool, reason string) error
	// ExportsRemade has the job's ZIP made again, as an item's variants were.
	ExportsRemade(ctx context.Context, tx *db.Tx, tenantID, jobID, itemID string) error
	// BundleEnded tells of a round's ZIP, of which it gets the first part's path, or
	// with "" that it failed permanently. A ZIP of an earlier round is ignored.
	BundleEnded(ctx context.Context, tx *db.Tx, tenantID, jobID string, round int, exportBlobPath string) error
}

// Collections is the part of the collection module that a worker calls.
type Collections interface {
	// Jobs returns the ids of a collection's jobs in their order.
	Jobs(ctx context.Context, collectionID string) ([]string, error)
	// ZIPEnded tells of the ZIP of a round, and whether it is made. One of an earlier
	// round is ignored.
	ZIPEnded(ctx context.Context, tx *db.Tx, collectionID string, round int, made bool) error
}

// Meter counts what a variant costs, in the transaction that ends it. Each call
// resolves the variant's hold once and does nothing the second time.
type Meter interface {
	// Capture spends what is held for a variant that is made.
	Capture(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error
	// Release gives back what is held for a variant that failed permanently or that
	// its channel refuses.
	Release(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error
}

// NoMeter counts nothing.
type NoMeter struct{}

// Capture and Release do nothing.
func (NoMeter) Capture(context.Context, *db.Tx, string, string, string) error { return nil }
func (NoMeter) Release(context.Context, *db.Tx, string, string, string) error { return nil }

// WorkerOptions are what a Worker is made of beside its Service.
type WorkerOptions struct {
	Jobs   Jobs
	Groups Collections // nil: there are no collections
	Meter  Meter       // nil: NoMeter

	// Room bounds the pixels of the layers that are decoded at the same time; nil: unbounded.
	Room *imaging.Room

	Lease     time.Duration // of a worker on an item's variants or on a ZIP; 0: lease.DefaultTime
	PartBytes int64         // of a part of a ZIP, at most; 0: 256 MiB
}

// Worker makes the variants and ZIPs that messages of queue "exports" ask for. It
// is safe for concurrent use.
type Worker struct {
	*Service
	WorkerOptions

	zips *semaphore.Weighted
}

// NewWorker returns a worker on what a service records.
func NewWorker(s *Service, o WorkerOptions) *Worker {
	if o.Meter == nil {
		o.Meter = NoMeter{}
	}
	if o.PartBytes == 0 {
		o.PartBytes = defaultPart
	}
	return &Worker{Service: s, WorkerOptions: o, zips: semaphore.NewWeighted(1)}
}

// policy names the failures that variants and ZIPs are not to blame for.
func (w *Worker) policy() lease.Policy {
	return lease.Policy{Outages: []error{blob.ErrUnavailable, db.ErrUnavailable}}
}

// variants returns the leased table of variants.
func (w *Worker) variants() *lease.Table {
	return &lease.Table{Name: "exports", Key: []string{"item_id", "preset"}, Waiting: "pending", Prompt: true, Time: w.Lease, Policy: w.policy()}
}

// work is an item's variants under this worker's fence.
type work struct {
	how     making
	body    queue.Body
	source  Source
	presets []string
	held    map[string]lease.Held // by preset
}

// rows lists the held variants.
func (k *work) rows() []lease.Held {
	rows := make([]lease.Held, len(k.presets))
	for i, p := range k.presets {
		rows[i] = k.held[p]
	}
	return rows
}

// Handle does what one message of queue "exports" asks for: a ZIP, the item's variants
// that are not there yet, or those that are to be made again. It returns nil when the message is done with,
// also when failed variants were given their next message; an error means that
// nothing could be recorded and the message is to come again.
func (w *Worker) Handle(ctx context.Context, b queue.Body) error {
	telemetry.Log(ctx).Info().Msg("Processing export")
	do := w.handleItem
	switch b.Kind {
	case queue.KindBundle:
		do = w.bundle
	case queue.KindRemake:
		do = w.handleRemake
	}
	whole, err := do(ctx, b)
	if err == nil && whole {
		telemetry.Log(ctx).Info().Msg("Completed export")
	}
	return err
}

// handleItem makes an item's variants. It reports whether nothing is left to
// do.
func (w *Worker) handleItem(ctx context.Context, b queue.Body) (whole bool, err error) {
	return w.handleMaking(ctx, firstMaking{w}, b)
}

// handleRemake makes an item's variants again.
func (w *Worker) handleRemake(ctx context.Context, b queue.Body) (whole bool, err error) {
	return w.handleMaking(ctx, remaking{w}, b)
}

func (w *Worker) handleMaking(ctx context.Context, how making, b queue.Body) (whole bool, err error) {
	k, leave, err := w.take(ctx, how, b)
	if err != nil {
		return false, err
	}
	defer leave()
	if k == nil {
		return true, nil
	}
	crashpoint.Reach(crashpoint.ExportClaimed)
	return w.make(ctx, k)
}

// take claims the item's variants that are pending, or whose worker's lease ran out. It
// returns nil when there are no such variants. The caller calls leave when its work has ended.
func (w *Worker) take(ctx context.Context, how making, b queue.Body) (k *work, leave func(), err error) {
	t := how.table()
	t.Before = func(ctx context.Context, tx *db.Tx) (bool, error) {
		if err := lockShared(ctx, tx, b.ItemID); err != nil {
			return false, err
		}
		return false, how.putOff(ctx, tx, b)
	}
	k, _, leave, err = lease.Take(ctx, t, w.DB, `item_id = $1 AND tenant_id = $2`+how.ready(), []any{b.ItemID, b.TenantID},
		func(ctx context.Context, tx *db.Tx, rows []lease.Held) (*work, error) {
			return w.open(ctx, tx, how, b, rows)
		})
	return k, leave, err
}

// open reads what the worker needs to know of the variants that it claimed.
func (w *Worker) open(ctx context.Context, tx *db.Tx, how making, b queue.Body, rows []lease.Held) (*work, error) {
	k := &work{how: how, body: b, held: map[string]lease.Held{}}
	for _, h := range rows {
		p := h.Key[1]
		k.presets = append(k.presets, p)
		k.held[p] = h
	}
	var src string
	if err := tx.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`, b.ItemID).Scan(&src); err != nil {
		return nil, fmt.Errorf("load the exports of item %s: %w", b.ItemID, err)
	}
	if err := json.Unmarshal([]byte(src), &k.source); err != nil {
		return nil, err
	}
	if err := how.takeOver(ctx, tx, k); err != nil || len(k.presets) == 0 {
		return nil, err
	}
	return k, nil
}

// make renders the claimed variants and records each as it is finished. whole
// is false when one of them has to be tried again, or another worker holds it
// now.
func (w *Worker) make(ctx context.Context, k *work) (whole bool, err error) {
	run, stop := k.how.table().Keep(ctx, w.DB, k.rows())
	defer stop()

	open := map[string]error{} // what is not recorded yet, and why it failed
	var wanted []string
	for _, p := range k.presets {
		if open[p] = nil; k.held[p].Spent() {
			open[p] = lease.ErrRescues
			continue
		}
		wanted = append(wanted, p)
	}
	lost := false
	err = fault.Guard(func() error {
		if len(wanted) == 0 {
			return nil
		}
		l, leave, err := w.load(run, k.source)
		if err != nil {
			return err
		}
		defer leave()
		defer l.Recycle()
		return render(run, l, wanted, func(v Variant, err error) error {
			if err == nil {
				// a panic costs this variant, and not those beside it
				err = fault.Guard(func() error { return w.finish(run, k, v) })
			}
			switch {
			case errors.Is(err, lease.ErrLost):
				lost = true
				delete(open, v.Preset.Name)
			case err != nil:
				open[v.Preset.Name] = err
			default:
				delete(open, v.Preset.Name)
			}
			return run.Err()
		})
	})
	stop()
	for p, cause := range open {
		open[p] = cmp.Or(cause, err)
	}
	if len(open) == 0 || errors.Is(context.Cause(run), lease.ErrLost) {
		return !lost && len(open) == 0, nil
	}
	settle, done := lease.Settle(ctx)
	defer done()
	again, err := w.failed(settle, k, open, ctx.Err() != nil)
	return !again && !lost && err == nil, err
}

// load fetches the layers, waits for room, and decodes them. OPAL's own pipeline wrote them or,
// for a backdrop from a scoring service, has decoded it safely before. leave ends their stay.
func (w *Worker) load(ctx context.Context, src Source) (l *Layers, leave func(), err error) {
	l = &Layers{Source: src}
	into := map[string]**image.NRGBA{src.CutoutPath: &l.Cutout, src.BackdropPath: &l.Backdrop, src.ShadowPath: &l.Shadow, src.OwnShadowPath(): &l.Own}
	delete(into, "") // those that there are not
	files := map[string][]byte{}
	var mu sync.Mutex
	g, fetching := errgroup.WithContext(ctx)
	fetch := func(path string) {
		g.Go(func() error {
			return fault.Guard(func() error {
				b, _, err := w.Blobs.Get(fetching, w.Outputs, path, maxLayer)
				if err != nil {
					return fmt.Errorf("load %s: %w", path, err)
				}
				mu.Lock()
				defer mu.Unlock()
				files[path] = b
				return nil
			})
		})
	}
	for path := range into {
		fetch(path)
	}
	if src.LightPath != "" {
		fetch(src.LightPath)
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if leave, err = w.enter(ctx, into, files); err != nil {
		return nil, nil, err
	}
	var decoding errgroup.Group
	for path, to := range into {
		decoding.Go(func() error {
			return fault.Guard(func() (err error) {
				if *to, err = imaging.DecodeOwn(files[path]); err != nil {
					return fmt.Errorf("decode %s: %w", path, err)
				}
				return nil
			})
		})
	}
	if src.LightPath != "" {
		decoding.Go(func() error {
			return fault.Guard(func() (err error) {
				l.Light, err = shade.DecodeLight(files[src.LightPath])
				return err
			})
		})
	}
	if err := decoding.Wait(); err != nil {
		leave()
		return nil, nil, err
	}
	return l, leave, nil
}

// enter waits until a photo of the layers' size fits into the room.
func (w *Worker) enter(ctx context.Context, layers map[string]**image.NRGBA, files map[string][]byte) (leave func(), err error) {
	if w.Room == nil {
		return func() {}, nil
	}
	most := 0
	for path := range layers {
		info, err := imaging.Inspect(files[path])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		most = max(most, info.Width*info.Height)
	}
	return w.Room.Enter(ctx, most)
}

// finish stores one variant and records it under the fence.
func (w *Worker) finish(ctx context.Context, k *work, v Variant) error {
	p := v.Preset
	path, err := blob.ArtifactPath(k.body.TenantID, k.body.JobID, k.body.ItemID, k.how.folder(p.Name), k.held[p.Name].Attempt, p.Format.Extension())
	if err != nil {
		return err
	}
	if err := w.Blobs.Put(ctx, w.Exports, path, v.File, blob.PutOptions{ContentType: p.Format.MediaType(), IfNoneMatch: true}); err != nil {
		return fmt.Errorf("store %s: %w", p.Name, err)
	}
	crashpoint.Reach(crashpoint.ExportStored)
	checks, err := json.Marshal(v.Checks)
	if err != nil {
		return err
	}
	var refused sql.NullString
	if check.Worst(v.Checks) == channel.Reject {
		refused = sql.NullString{String: check.Reason(v.Checks), Valid: true}
	}
	measured, err := proofOf(v)
	if err != nil {
		return err
	}
	f := file{preset: p.Name, proof: measured, path: path, format: string(p.Format), width: v.Width, height: v.Height, bytes: len(v.File), checks: string(checks), refused: refused, recipe: recipe(p, k.source, time.Now())}
	err = w.DB.InTx(ctx, func(tx *db.Tx) error { return k.how.record(ctx, tx, k, f) })
	if err != nil {
		return fmt.Errorf("record %s: %w", p.Name, err)
	}
	crashpoint.Reach(crashpoint.ExportRecorded)
	return nil
}

// settle captures the hold of a variant, or, when its channel refuses it, releases
// the hold.
func (w *Worker) settle(ctx context.Context, tx *db.Tx, b queue.Body, preset, refused string) error {
	if refused == "" {
		return w.Meter.Capture(ctx, tx, b.TenantID, b.ItemID, preset)
	}
	return w.Meter.Release(ctx, tx, b.TenantID, b.ItemID, preset)
}

// goesOn records that an attempt made progress, and sets rescues to 0 for all
// variants that it holds: an item whose worker dies now and then is not to
// blame for it.
func (w *Worker) goesOn(ctx context.Context, tx *db.Tx, k *work) error {
	for _, h := range k.held {
		if h.Rescues > 0 {
			_, err := tx.ExecContext(ctx, `UPDATE exports SET rescues = 0 WHERE item_id = $1 AND status = 'processing'`, k.body.ItemID)
			return err
		}
	}
	return nil
}

// failed records the verdict on the variants that are still open: another try,
// with one message for all of them, or the end. It reports whether there is
// another try. An error of kind poison says that the message belongs to the
// dead letters.
func (w *Worker) failed(ctx context.Context, k *work, open map[string]error, stopping bool) (again bool, err error) {
	t := k.how.table()
	verdicts := map[string]lease.Verdict{}
	for p, cause := range open {
		if verdicts[p] = t.Policy.Judge(k.held[p], cause); stopping {
			verdicts[p] = lease.Stopped
		}
	}
	var poison error
	err = w.DB.InTx(ctx, func(tx *db.Tx) error {
		again, poison = false, nil
		var after time.Duration
		var gone []string
		for _, p := range k.presets {
			cause, isOpen := open[p]
			if !isOpen {
				continue
			}
			v := verdicts[p]
			var err error
			if v.Again {
				err = t.Again(ctx, tx, k.held[p], v)
			} else {
				code, text := lease.Describe(cause, errVariant)
				err = t.Fail(ctx, tx, k.held[p], code, text)
			}
			switch {
			case errors.Is(err, lease.ErrLost):
			case err != nil:
				return err
			case v.Again:
				again, after = true, max(after, v.After)
			default:
				if gone = append(gone, p); v.Rescued {
					poison = queue.Poison(lease.ErrRescues.Code, cause)
				}
			}
		}
		if len(gone) > 0 {
			if err := k.how.gone(ctx, tx, k.body, gone); err != nil {
				return err
			}
		}
		if again {
			return k.how.ask(ctx, tx, k.body, after)
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("record the failed exports of item %s: %w", k.body.ItemID, err)
	}
	log := telemetry.Log(ctx)
	for _, cause := range open {
		telemetry.Failed(ctx, cause)
	}
	if stopping {
		log.Info().Int("exports", len(open)).Msg("Gave the exports back")
		return again, nil
	}
	for _, p := range k.presets {
		if cause, isOpen := open[p]; isOpen {
			v := verdicts[p]
			log.Warn().Err(cause).Str("preset", p).Bool("again", v.Again).Bool("counted", v.Counted).Dur("after_ms", v.After).Msg("An export failed")
		}
	}
	return again, poison
}

// Sweep writes new messages for variants and ZIPs whose worker died or whose message
// was lost, and ends those that waited too long for an unavailable dependency. Any
// number of processes may sweep at the same time.
func (w *Worker) Sweep(ctx context.Context) error {
	var died, lost, late int
	err := w.DB.InTx(ctx, func(tx *db.Tx) error {
		var found []queue.Body
		var err error
		died, lost, err = w.variants().Rescue(ctx, tx, queue.NoneUnsent(queue.Exports, "exports"), bodyColumns, scanBodies(&found))
		if err != nil {
			return err
		}
		return w.sendAll(ctx, tx, found)
	})
	if err != nil {
		return fmt.Errorf("sweep exports: %w", err)
	}
	err = w.DB.InTx(ctx, func(tx *db.Tx) error {
		late, err = w.failLate(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep exports: %w", err)
	}
	for _, r := range []struct {
		n    int
		what string
	}{{died, "Requeued exports whose worker died"}, {lost, "Requeued exports whose message was lost"}, {late, "Failed exports that waited too long"}} {
		if r.n > 0 {
			telemetry.Log(ctx).Warn().Int("exports", r.n).Msg(r.what)
		}
	}
	if err := w.sweepRemakes(ctx); err != nil {
		return err
	}
	return w.sweepBundles(ctx)
}

const bodyColumns = `tenant_id, job_id, item_id, correlation_id`

// scanBodies reads bodyColumns.
func scanBodies(into *[]queue.Body) func(scan func(dest ...any) error) error {
	return func(scan func(dest ...any) error) error {
		var b queue.Body
		err := scan(&b.TenantID, &b.JobID, &b.ItemID, &b.CorrelationID)
		*into = append(*into, b)
		return err
	}
}

// sendAll writes one message per item.
func (w *Worker) sendAll(ctx context.Context, tx *db.Tx, bodies []queue.Body) error {
	for _, b := range oncePerItem(bodies) {
		if err := w.Outbox.SendExport(ctx, tx, b); err != nil {
			return err
		}
	}
	return nil
}

// oncePerItem leaves one body of each item.
func oncePerItem(bodies []queue.Body) (once []queue.Body) {
	seen := map[string]bool{}
	for _, b := range bodies {
		if !seen[b.ItemID] {
			seen[b.ItemID] = true
			once = append(once, b)
		}
	}
	return once
}

// failLate ends variants that waited too long, and returns their number.
func (w *Worker) failLate(ctx context.Context, tx *db.Tx) (int, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE exports SET status = 'failed', error_code = $3, error_message = $4, updated_at = now_ms()
		WHERE (item_id, preset) IN (SELECT item_id, preset FROM exports WHERE status = 'pending' AND created_at < now_ms() - $1
			ORDER BY item_id, preset LIMIT $2`+tx.SkipLocked()+`) RETURNING preset, `+bodyColumns,
		lease.MaxAge.Milliseconds(), lease.SweepBatch, lease.ErrTooOld.Code, lease.ErrTooOld.Text)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	type late struct {
		queue.Body
		preset string
	}
	var gone []late
	for rows.Next() {
		var l late
		if err := rows.Scan(&l.preset, &l.TenantID, &l.JobID, &l.ItemID, &l.CorrelationID); err != nil {
			return 0, err
		}
		gone = append(gone, l)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, b := range gone {
		if err := w.Meter.Release(ctx, tx, b.TenantID, b.ItemID, b.preset); err != nil {
			return 0, err
		}
		if err := w.Jobs.ExportsEnded(ctx, tx, b.TenantID, b.JobID, 0, 1); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}

// Oldest returns the age of the oldest variant that is still to be made; 0 when
// there is none. Its wait is bounded by lease.MaxAge.
func (w *Worker) Oldest(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, w.DB, `SELECT min(created_at) FROM exports WHERE status IN ('pending', 'processing')`)
}
