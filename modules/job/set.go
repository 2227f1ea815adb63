package job

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// Items of a job that share SKU and set id are a set: their pictures have one scale. It is
// settled once, when the last photo of the set is cut out or has failed, or when the set has
// waited long enough, and holds from then on: for items that come late, too, for retries and
// for pictures that are made again.

const (
	// DefaultSetWait is how long a set waits for its photos, from its first cut-out on. The
	// documents of set_id and waiting name it.
	DefaultSetWait = 5 * time.Minute
	// looksAtSet is how long an item waits before it looks again whether its set is settled.
	// Mostly it is told before.
	looksAtSet = 10 * time.Second
)

// set names a set of a job.
type set struct{ jobID, sku, id string }

// set returns the set that an item is in; id is "" for one that is in none.
func (r *row) set() set { return set{r.jobID, r.product.SKU, r.product.SetID} }

// ofSet is the condition, in SQL, of the items that make a set: $1 to $3 are the set's.
// Pictures that are made again add nothing to it.
const ofSet = `job_id = $1 AND COALESCE(sku, '') = $2 AND set_id = $3 AND remake_of IS NULL`

func (s set) args() []any { return []any{s.jobID, s.sku, s.id} }

// uncut is the condition, in SQL, of items of a set whose photo is not cut out yet and may
// be. One that was refused isn't waited for, although another may replace it.
const uncut = `(status IN ('uploaded', 'queued', 'processing') OR status = 'created' AND error_code IS NULL)
	AND NOT EXISTS (SELECT 1 FROM items o WHERE o.entry_id = items.entry_id AND o.placement IS NOT NULL)`

// missing counts the photos of a set that are not cut out yet and may be.
func (s set) missing(ctx context.Context, q db.Querier) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(DISTINCT entry_id) FROM items WHERE `+ofSet+` AND `+uncut, s.args()...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the photos that set %s lacks: %w", s.id, err)
	}
	return n, nil
}

// settled returns the box of a set that is settled; the zero value for another.
func (s set) settled(ctx context.Context, q db.Querier) (pipeline.Extent, error) {
	var w, h sql.NullFloat64
	err := q.QueryRowContext(ctx, `SELECT width, height FROM item_sets WHERE job_id = $1 AND sku = $2 AND set_id = $3`, s.args()...).Scan(&w, &h)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return pipeline.Extent{}, fmt.Errorf("load set %s: %w", s.id, err)
	}
	return pipeline.Extent{w.Float64, h.Float64}, nil
}

// boxOf returns the box that the products of a set share, and decides on it when the time
// has come. Error: pipeline.ErrSetWaits.
func (s *Service) boxOf(ctx context.Context, of set) (box pipeline.Extent, err error) {
	waits := false
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		waits = false
		wait := cmp.Or(s.SetWait, DefaultSetWait).Milliseconds()
		if _, err := tx.ExecContext(ctx, `INSERT INTO item_sets (job_id, sku, set_id, waits_until) VALUES ($1, $2, $3, now_ms() + $4) ON CONFLICT (job_id, sku, set_id) DO NOTHING`,
			append(of.args(), wait)...); err != nil {
			return fmt.Errorf("begin set %s: %w", of.id, err)
		}
		var w, h sql.NullFloat64
		var late bool
		if err := tx.QueryRowContext(ctx, `SELECT width, height, waits_until <= now_ms() FROM item_sets WHERE job_id = $1 AND sku = $2 AND set_id = $3`+tx.ForUpdate(), of.args()...).
			Scan(&w, &h, &late); err != nil {
			return fmt.Errorf("load set %s: %w", of.id, err)
		}
		if w.Valid {
			box = pipeline.Extent{w.Float64, h.Float64}
			return nil
		}
		n, err := of.missing(ctx, tx)
		if err != nil {
			return err
		}
		if waits = n > 0 && !late; waits {
			return nil // the row stays, which says until when
		}
		all, err := of.extents(ctx, tx)
		if err != nil {
			return err
		}
		box = pipeline.Common(all)
		_, err = tx.ExecContext(ctx, `UPDATE item_sets SET width = $4, height = $5 WHERE job_id = $1 AND sku = $2 AND set_id = $3`, append(of.args(), box[0], box[1])...)
		return err
	})
	if err == nil && waits {
		err = pipeline.ErrSetWaits
	}
	return box, err
}

// extents returns how large the photos of a set that are cut out show their products.
func (s set) extents(ctx context.Context, tx *db.Tx) ([]pipeline.Extent, error) {
	var text string
	if err := tx.QueryRowContext(ctx, `SELECT brand FROM jobs WHERE job_id = $1`, s.jobID).Scan(&text); err != nil {
		return nil, fmt.Errorf("load the brand of job %s: %w", s.jobID, err)
	}
	var brand Brand
	if err := parsed(jsonColumn{text, &brand}); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT entry_id, placement, steering FROM items WHERE `+ofSet+` AND placement IS NOT NULL ORDER BY position`, s.args()...)
	if err != nil {
		return nil, fmt.Errorf("load the cut-outs of set %s: %w", s.id, err)
	}
	defer rows.Close()
	var out []pipeline.Extent
	seen := map[string]bool{}
	for rows.Next() {
		var entry, placement string
		var wishes sql.NullString
		if err := rows.Scan(&entry, &placement, &wishes); err != nil {
			return nil, err
		}
		if seen[entry] {
			continue
		}
		seen[entry] = true
		var c pipeline.Checkpoint
		var w picture.Steering
		if err := parsed(jsonColumn{placement, &c}, jsonColumn{wishes.String, &w}); err != nil {
			return nil, err
		}
		if c.Cutout != nil {
			out = append(out, c.Cutout.Extent(w.Over(brand.Look.Steering)))
		}
	}
	return out, rows.Err()
}

// setWaits reports whether a queued item that is cut out waits for its set. If so it writes
// the item's next message.
func (s *Service) setWaits(ctx context.Context, tx *db.Tx, b queue.Body) (bool, error) {
	rows, err := selectRows(ctx, tx, `item_id = $1 AND status = 'queued' AND set_id IS NOT NULL
		AND EXISTS (SELECT 1 FROM items o WHERE o.entry_id = items.entry_id AND o.placement IS NOT NULL)`, b.ItemID)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	of := rows[0].set()
	var waits int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM item_sets WHERE job_id = $1 AND sku = $2 AND set_id = $3 AND width IS NULL AND waits_until > now_ms()`, of.args()...).Scan(&waits); err != nil || waits == 0 {
		return false, err
	}
	if n, err := of.missing(ctx, tx); err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET due_at = now_ms() + $2 WHERE item_id = $1 AND status = 'queued'`, b.ItemID, looksAtSet.Milliseconds()); err != nil {
		return false, fmt.Errorf("put item %s off: %w", b.ItemID, err)
	}
	return true, s.Outbox.SendJob(ctx, tx, b, queue.NotBefore(looksAtSet))
}

// wakeSet tells the items that wait for a set that its last photo is cut out, or won't be.
func (s *Service) wakeSet(ctx context.Context, tx *db.Tx, it row) error {
	of := it.set()
	if of.id == "" {
		return nil
	}
	if n, err := of.missing(ctx, tx); err != nil || n > 0 {
		return err
	}
	rows, err := selectRows(ctx, tx, ofSet+` AND status = 'queued' AND due_at > now_ms() AND tries = 0 AND rescues = 0 ORDER BY position`, of.args()...)
	if err != nil {
		return fmt.Errorf("look for the items that wait for set %s: %w", of.id, err)
	}
	for _, o := range rows {
		if err := s.Outbox.SendJob(ctx, tx, o.body()); err != nil {
			return err
		}
	}
	return nil
}
