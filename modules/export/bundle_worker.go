package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// errBundle stands for errors that have no code of their own.
var errBundle = fault.New(fault.Internal, "internal", "The ZIP could not be made; the operators have the details under the correlation id")

// lostBundle is how long the message of a ZIP may be overdue: a job waits for it. A
// worker of the previous version, which does not know the message's kind, finds no
// work for it.
const lostBundle = 10 * time.Minute

// bundles returns the leased table of ZIPs.
func (w *Worker) bundles() *lease.Table {
	return &lease.Table{Name: "bundles", Key: []string{"bundle_id"}, Waiting: "pending", Prompt: true, Time: w.Lease, Lost: lostBundle, Policy: w.policy()}
}

// bundle is a ZIP under this worker's fence.
type bundle struct {
	body    queue.Body // Subject is its id
	held    lease.Held
	kind    string // ownerJob or ownerCollection
	ownerID string
	round   int
}

// bundle makes the ZIP that a message asks for, part by part, and records it. It
// reports whether nothing is left to do. One ZIP at a time is made in a process,
// since each part is built in memory.
func (w *Worker) bundle(ctx context.Context, b queue.Body) (whole bool, err error) {
	if err := w.zips.Acquire(ctx, 1); err != nil {
		return false, err // the drain's deadline: the message is given back
	}
	defer w.zips.Release(1)
	return lease.Work[*bundle, struct{}]{
		Table: w.bundles(), DB: w.DB, Where: `bundle_id = $1 AND tenant_id = $2`, Args: []any{b.Subject, b.TenantID},
		Load: func(ctx context.Context, tx *db.Tx, h lease.Held) (*bundle, error) {
			z := &bundle{body: b, held: h}
			return z, tx.QueryRowContext(ctx, `SELECT owner_kind, owner_id, round FROM bundles WHERE bundle_id = $1`, b.Subject).Scan(&z.kind, &z.ownerID, &z.round)
		},
		Make:     func(ctx context.Context, z *bundle) (struct{}, error) { return struct{}{}, w.makeParts(ctx, z) },
		Complete: func(ctx context.Context, z *bundle, _ struct{}) error { return w.endBundle(ctx, z, nil) },
		Again:    w.bundleAgain,
		Fail: func(ctx context.Context, z *bundle, v lease.Verdict, cause error) error {
			telemetry.Log(ctx).Warn().Err(cause).Msg("A ZIP failed")
			if err := w.endBundle(ctx, z, cause); err != nil || !v.Rescued {
				return err
			}
			return queue.Poison(lease.ErrRescues.Code, cause)
		},
	}.Do(ctx)
}

// makeParts builds, stores and records the parts that no earlier attempt
// recorded.
func (w *Worker) makeParts(ctx context.Context, z *bundle) error {
	there, err := w.parts(ctx, z.body.Subject)
	if err != nil {
		return err
	}
	jobs := []string{z.ownerID}
	if z.kind == ownerCollection {
		if w.Groups == nil {
			return errNoGroups
		}
		if jobs, err = w.Groups.Jobs(ctx, z.ownerID); err != nil {
			return err
		}
	}
	cut := splitter{limit: w.PartBytes, full: func(i int, part []bundled) error {
		if i <= len(there) {
			return nil
		}
		return w.makePart(ctx, z, i, part)
	}}
	// job by job, since the variants of a collection don't fit into memory
	names := newNames()
	for _, id := range jobs {
		files, err := w.finished(ctx, z.body.TenantID, id, names)
		if err != nil {
			return err
		}
		if err := cut.add(files); err != nil {
			return err
		}
	}
	return cut.end()
}

// errNoGroups says that this process can't list the jobs of a collection.
var errNoGroups = errors.New("this process knows no collections")

// makePart builds, stores and records part i of a ZIP.
func (w *Worker) makePart(ctx context.Context, z *bundle, i int, part []bundled) error {
	body, err := w.zip(ctx, part)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%s/export/%s-a%d-p%d.zip", z.body.TenantID, z.ownerID, z.body.Subject, z.held.Attempt, i)
	if err := w.Blobs.Put(ctx, w.Exports, name, body, blob.PutOptions{ContentType: "application/zip", IfNoneMatch: true}); err != nil {
		return fmt.Errorf("store part %d of the ZIP: %w", i, err)
	}
	crashpoint.Reach(crashpoint.BundleStored)
	err = w.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := w.bundles().GoesOn(ctx, tx, z.held, ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO bundle_parts (bundle_id, part, blob_path, files, bytes, created_at) VALUES ($1, $2, $3, $4, $5, now_ms())`,
			z.body.Subject, i, name, len(part), len(body))
		return err
	})
	if err != nil {
		return fmt.Errorf("record part %d of the ZIP: %w", i, err)
	}
	return nil
}

// endBundle records that a ZIP is made, or with a cause that it failed
// permanently, and tells its job, which may end. The records of earlier rounds'
// ZIPs are deleted when the newest ZIP is complete; their files are deleted
// with the orphans.
func (w *Worker) endBundle(ctx context.Context, z *bundle, cause error) error {
	err := w.DB.InTx(ctx, func(tx *db.Tx) error {
		path := ""
		if cause != nil {
			code, text := lease.Describe(cause, errBundle)
			if err := w.bundles().Fail(ctx, tx, z.held, code, text); err != nil {
				return err
			}
		} else {
			if err := tx.QueryRowContext(ctx, `SELECT blob_path FROM bundle_parts WHERE bundle_id = $1 AND part = 1`, z.body.Subject).Scan(&path); err != nil {
				return err
			}
			if err := w.bundles().Update(ctx, tx, z.held, `status = 'completed', lease_until = NULL, error_code = NULL, error_message = NULL`); err != nil {
				return err
			}
			for _, q := range []string{
				`DELETE FROM bundle_parts WHERE bundle_id IN (SELECT bundle_id FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND round < $3 AND status IN ('completed', 'failed'))`,
				`DELETE FROM bundles WHERE owner_kind = $1 AND owner_id = $2 AND round < $3 AND status IN ('completed', 'failed')`,
			} {
				if _, err := tx.ExecContext(ctx, q, z.kind, z.ownerID, z.round); err != nil {
					return err
				}
			}
		}
		return w.tellOwner(ctx, tx, z.kind, z.body.TenantID, z.ownerID, z.round, path)
	})
	if err != nil {
		return fmt.Errorf("end the ZIP of %s %s: %w", z.kind, z.ownerID, err)
	}
	return nil
}

// tellOwner tells a ZIP's job or collection of its end; without a path it failed.
func (w *Worker) tellOwner(ctx context.Context, tx *db.Tx, kind, tenantID, ownerID string, round int, path string) error {
	if kind == ownerJob {
		return w.Jobs.BundleEnded(ctx, tx, tenantID, ownerID, round, path)
	}
	if w.Groups == nil {
		return errNoGroups
	}
	return w.Groups.ZIPEnded(ctx, tx, ownerID, round, path != "")
}

// bundleAgain gives a ZIP back with its next message.
func (w *Worker) bundleAgain(ctx context.Context, z *bundle, v lease.Verdict, cause error) error {
	if cause != nil {
		telemetry.Log(ctx).Warn().Err(cause).Bool("counted", v.Counted).Dur("after_ms", v.After).Msg("A ZIP is tried again")
	}
	err := w.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := w.bundles().Again(ctx, tx, z.held, v); err != nil {
			return err
		}
		return w.askForBundle(ctx, tx, z.body, queue.NotBefore(v.After))
	})
	if err != nil {
		return fmt.Errorf("give the ZIP of %s %s back: %w", z.kind, z.ownerID, err)
	}
	return nil
}

// sweepBundles writes new messages for ZIPs whose worker died or whose message was
// lost, and ends those that waited too long.
func (w *Worker) sweepBundles(ctx context.Context) error {
	var died, lost int
	err := w.DB.InTx(ctx, func(tx *db.Tx) error {
		var found []queue.Body
		var err error
		died, lost, err = w.bundles().Rescue(ctx, tx, queue.NoneUnsent(queue.Exports, "bundles"), bodyColumns+`, bundle_id`, func(scan func(dest ...any) error) error {
			var b queue.Body
			err := scan(&b.TenantID, &b.JobID, &b.ItemID, &b.CorrelationID, &b.Subject)
			found = append(found, b)
			return err
		})
		if err != nil {
			return err
		}
		for _, b := range found {
			if err := w.askForBundle(ctx, tx, b); err != nil {
				return err
			}
		}
		return w.failLateBundles(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("sweep ZIPs: %w", err)
	}
	if died+lost > 0 {
		telemetry.Log(ctx).Warn().Int("worker_died", died).Int("message_lost", lost).Msg("Asked for ZIPs again")
	}
	return nil
}

func (w *Worker) failLateBundles(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.QueryContext(ctx, `UPDATE bundles SET status = 'failed', error_code = $3, error_message = $4, updated_at = now_ms()
		WHERE bundle_id IN (SELECT bundle_id FROM bundles WHERE status = 'pending' AND created_at < now_ms() - $1 ORDER BY bundle_id LIMIT $2`+tx.SkipLocked()+`)
		RETURNING tenant_id, owner_kind, owner_id, round`, lease.MaxAge.Milliseconds(), lease.SweepBatch, lease.ErrTooOld.Code, lease.ErrTooOld.Text)
	if err != nil {
		return err
	}
	defer rows.Close()
	type late struct {
		tenantID, kind, ownerID string
		round                   int
	}
	var found []late
	for rows.Next() {
		var l late
		if err := rows.Scan(&l.tenantID, &l.kind, &l.ownerID, &l.round); err != nil {
			return err
		}
		found = append(found, l)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, l := range found {
		if err := w.tellOwner(ctx, tx, l.kind, l.tenantID, l.ownerID, l.round, ""); err != nil {
			return err
		}
	}
	return nil
}
