package export

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// RemakeRequest asks for an item's finished variants to be made again.
type RemakeRequest struct {
	TenantID, JobID, ItemID, CorrelationID string

	// Presets are the variants to be made again; nil: all that are there.
	Presets []string
	// Layers are the picture that they are made of; nil: the one they were made of.
	Layers *picture.Layers
	// Review is the state of the new picture: picture.ReviewPending, or "": nobody has
	// to look. It counts with Layers alone.
	Review string
	// Confidence and ReviewReason are the new picture's, as Source has them; without them the former
	// one's stay, as far as somebody has to look. They count with Layers alone.
	Confidence   *float64
	ReviewReason string
}

const (
	// remakeFolder ends the folder's name of files that are made again: remakes count
	// their attempts from 1 as the first making does.
	remakeFolder = "-again"
	// beingMade is how long the remake of a variant waits that a worker is making for
	// the first time, perhaps of the former source.
	beingMade = 15 * time.Second
	// lostRemake is how long the message of a remake may be overdue.
	lostRemake = 2 * time.Minute
)

// Remake asks, in the caller's transaction, for variants of an item to be made again,
// and returns their number. Each variant keeps its file until the new one is there, and
// its price: a remake costs nothing. Variants that wait for their first making are made
// of the new source then; variants that failed stay failed. A remake that is being made
// begins anew.
func (s *Service) Remake(ctx context.Context, tx *db.Tx, r RemakeRequest) (int, error) {
	if r.Layers != nil {
		// no other change of the source comes in between
		if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET review = review WHERE item_id = $1`, r.ItemID); err != nil {
			return 0, fmt.Errorf("lock the source of item %s: %w", r.ItemID, err)
		}
		src, err := s.source(ctx, tx, r.ItemID)
		if err != nil {
			return 0, err
		}
		src.Layers = *r.Layers
		if r.Confidence != nil {
			src.Confidence = r.Confidence
		}
		if src.NeedsReview = r.Review == picture.ReviewPending; !src.NeedsReview || r.ReviewReason != "" {
			src.ReviewReason = r.ReviewReason // not the former picture's
		}
		text, err := json.Marshal(src)
		if err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET source = $2, review = NULLIF($3, '') WHERE item_id = $1`, r.ItemID, string(text), r.Review); err != nil {
			return 0, fmt.Errorf("record the source of item %s: %w", r.ItemID, err)
		}
		if err := rekey(ctx, tx, r.ItemID, src); err != nil {
			return 0, err
		}
	}
	only, args := "", []any{r.ItemID, r.TenantID, r.JobID, r.CorrelationID, beingMade.Milliseconds()}
	if r.Presets != nil {
		marks := make([]string, len(r.Presets))
		for i, p := range r.Presets {
			args = append(args, p)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		only = ` AND preset IN (` + strings.Join(append(marks, "''"), ", ") + `)`
	}
	rows, err := tx.QueryContext(ctx, `INSERT INTO remakes (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, created_at, updated_at)
		SELECT item_id, preset, $3, $2, $4, 'pending', now_ms() + CASE WHEN status = 'processing' THEN $5 ELSE 0 END, now_ms(), now_ms()
		FROM exports WHERE item_id = $1 AND tenant_id = $2 AND job_id = $3 AND status IN ('completed', 'processing')`+only+`
		ON CONFLICT (item_id, preset) DO UPDATE SET status = 'pending', attempt = remakes.attempt + 1, tries = 0, rescues = 0, lease_until = NULL,
			due_at = excluded.due_at, error_code = NULL, error_message = NULL, correlation_id = excluded.correlation_id, created_at = excluded.created_at, updated_at = excluded.updated_at
		RETURNING due_at > created_at`, args...)
	if err != nil {
		return 0, fmt.Errorf("ask for the variants of item %s again: %w", r.ItemID, err)
	}
	defer rows.Close()
	n, late := 0, 0
	for rows.Next() {
		var waits bool
		if err := rows.Scan(&waits); err != nil {
			return 0, err
		}
		n++
		if waits {
			late++
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	b := queue.Body{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID}
	if n > late {
		if err := s.askForRemake(ctx, tx, b); err != nil {
			return 0, err
		}
	}
	if late > 0 {
		if err := s.askForRemake(ctx, tx, b, queue.NotBefore(beingMade)); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Picture returns the layers that an item's variants are made of. Error: ErrNoLayers.
func (s *Service) Picture(ctx context.Context, q db.Querier, itemID string) (picture.Layers, error) {
	src, err := s.source(ctx, q, itemID)
	return src.Layers, err
}

// source returns what an item's variants are made of.
func (s *Service) source(ctx context.Context, q db.Querier, itemID string) (src Source, err error) {
	var text string
	err = q.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`, itemID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return src, ErrNoLayers
	}
	if err != nil {
		return src, fmt.Errorf("load the source of item %s: %w", itemID, err)
	}
	if err := json.Unmarshal([]byte(text), &src); err != nil {
		return src, fmt.Errorf("read the source of item %s: %w", itemID, err)
	}
	return src, nil
}

// askForRemake writes the message for an item's remakes.
func (s *Service) askForRemake(ctx context.Context, tx *db.Tx, b queue.Body, opts ...queue.SendOption) error {
	return s.Outbox.SendExport(ctx, tx, b, append(opts, queue.Kind(queue.KindRemake, b.ItemID))...)
}

// remaking is the making of variants that are there already.
type remaking struct{ w *Worker }

func (m remaking) table() *lease.Table {
	return &lease.Table{Name: "remakes", Key: []string{"item_id", "preset"}, Waiting: "pending", Prompt: true, Time: m.w.Lease, Lost: lostRemake, Policy: m.w.policy()}
}

// ready leaves variants alone that are being made for the first time.
func (m remaking) ready() string {
	return ` AND NOT EXISTS (SELECT 1 FROM exports e WHERE e.item_id = remakes.item_id AND e.preset = remakes.preset AND e.status IN ('pending', 'processing'))`
}

func (m remaking) folder(preset string) string { return preset + remakeFolder }

// record puts the new file in the place of the former one. A variant that is not there
// any more stays as it is.
func (m remaking) record(ctx context.Context, tx *db.Tx, k *work, f file) error {
	// the variant, its source, its remake: the order in which Rerender locks them
	var former sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT rejected FROM exports WHERE item_id = $1 AND preset = $2`+tx.ForUpdate(), k.body.ItemID, f.preset).Scan(&former); err != nil {
		return gone(err)
	}
	// one at a time: the last of an item's remakes has the ZIP made again
	var source string
	if err := tx.QueryRowContext(ctx, `SELECT item_id FROM export_sources WHERE item_id = $1`+tx.ForUpdate(), k.body.ItemID).Scan(&source); err != nil {
		return gone(err)
	}
	if err := m.table().Update(ctx, tx, k.held[f.preset], `status = 'completed', lease_until = NULL, error_code = NULL, error_message = NULL`); err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, `UPDATE exports SET rejected_first = COALESCE(rejected_first, rejected IS NOT NULL), blob_path = $3, format = $4, width = $5, height = $6,
		bytes = $7, checks = $8, rejected = $9, recipe = $10, proof = $11, updated_at = now_ms() WHERE item_id = $1 AND preset = $2 AND status = 'completed'`,
		k.body.ItemID, f.preset, f.path, f.format, f.width, f.height, f.bytes, f.checks, f.refused, f.recipe, f.proof)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if f.refused.Valid || former.Valid {
		if err := m.w.reviewed(ctx, tx, k); err != nil {
			return err
		}
	}
	return m.zip(ctx, tx, k.body)
}

// gone says that a row that is missing went with its job.
func gone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return lease.ErrLost
	}
	return err
}

// zip has the job's ZIP made again when the last of an item's remakes has ended.
func (m remaking) zip(ctx context.Context, tx *db.Tx, b queue.Body) error {
	var open int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM remakes WHERE item_id = $1 AND status IN ('pending', 'processing')`, b.ItemID).Scan(&open); err != nil || open > 0 {
		return err
	}
	return m.w.Jobs.ExportsRemade(ctx, tx, b.TenantID, b.JobID, b.ItemID)
}

// gone leaves the former file in its place.
func (m remaking) gone(ctx context.Context, tx *db.Tx, b queue.Body, _ []string) error {
	return m.zip(ctx, tx, b)
}

func (m remaking) ask(ctx context.Context, tx *db.Tx, b queue.Body, after time.Duration) error {
	return m.w.askForRemake(ctx, tx, b, queue.NotBefore(after))
}

// sweepRemakes writes new messages for remakes whose worker died or whose message was
// lost, and ends those that waited too long.
func (w *Worker) sweepRemakes(ctx context.Context) error {
	m := remaking{w}
	var died, lost int
	err := w.DB.InTx(ctx, func(tx *db.Tx) error {
		var found []queue.Body
		var err error
		if died, lost, err = m.table().Rescue(ctx, tx, queue.NoneUnsent(queue.Exports, "remakes"), bodyColumns, scanBodies(&found)); err != nil {
			return err
		}
		for _, b := range oncePerItem(found) {
			if err := m.ask(ctx, tx, b, 0); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE remakes SET status = 'failed', error_code = $2, error_message = $3, updated_at = now_ms() WHERE status = 'pending' AND created_at < now_ms() - $1`,
			lease.MaxAge.Milliseconds(), lease.ErrTooOld.Code, lease.ErrTooOld.Text)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep remakes: %w", err)
	}
	if died+lost > 0 {
		telemetry.Log(ctx).Warn().Int("worker_died", died).Int("message_lost", lost).Msg("Asked for remakes again")
	}
	return nil
}
