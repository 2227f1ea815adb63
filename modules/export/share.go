package export

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// A variant on white or on nothing is the same file for each scene of a photo. One item
// makes it; the items that have the same picture but for its scene take over its file,
// each in a row of its own.

// waitsForSibling is how long an item waits before it looks again for a file that
// another item of its photo is making. Mostly it is told before.
const waitsForSibling = 10 * time.Second

// sceneless returns the picture without its scene: all that a variant on white or on
// nothing depends on.
func sceneless(l picture.Layers) picture.Layers {
	return picture.Layers{CutoutPath: l.CutoutPath, CutoutBounds: l.CutoutBounds, Marks: l.Marks, OwnShadow: l.OwnShadow, Shadows: l.Shadows, Common: l.Common}
}

// photoKey returns what the items of a photo share of a preset's variant: a digest of
// the picture without its scene. NULL for a preset that shows the scene, or that is not
// known any more.
func photoKey(preset string, src Source) sql.NullString {
	p, ok := channel.Find(preset)
	if !ok || p.Background == channel.Scene {
		return sql.NullString{}
	}
	b, err := json.Marshal(struct {
		Layers picture.Layers
		Rights picture.Rights
	}{sceneless(src.Layers), src.Rights})
	if err != nil {
		return sql.NullString{}
	}
	sum := sha256.Sum256(b)
	return sql.NullString{String: hex.EncodeToString(sum[:]), Valid: true}
}

// rekey brings the keys of an item's variants up to date after its source changed.
func rekey(ctx context.Context, tx *db.Tx, itemID string, src Source) error {
	variants, err := recorded(ctx, tx, itemID)
	if err != nil {
		return err
	}
	for _, v := range variants {
		if _, err := tx.ExecContext(ctx, `UPDATE exports SET photo_key = $3 WHERE item_id = $1 AND preset = $2`, itemID, v.preset, photoKey(v.preset, src)); err != nil {
			return fmt.Errorf("record which photo %s of item %s shows: %w", v.preset, itemID, err)
		}
	}
	return nil
}

// firstOfItsPhoto is the condition, in SQL, of variants that no other item of the photo
// is making or makes before.
const firstOfItsPhoto = ` AND (photo_key IS NULL OR NOT EXISTS (SELECT 1 FROM exports o WHERE o.job_id = exports.job_id AND o.photo_key = exports.photo_key
	AND o.preset = exports.preset AND o.item_id <> exports.item_id AND (o.status = 'processing' OR o.status = 'pending' AND o.item_id < exports.item_id)))`

// lockShared locks what the items of a photo have of the same variants as an item, in
// one order, so that one of them claims a variant or takes it over.
func lockShared(ctx context.Context, tx *db.Tx, itemID string) error {
	rows, err := tx.QueryContext(ctx, `SELECT e.item_id FROM exports e WHERE e.photo_key IS NOT NULL AND EXISTS (SELECT 1 FROM exports m WHERE m.item_id = $1
		AND m.job_id = e.job_id AND m.photo_key = e.photo_key AND m.preset = e.preset) ORDER BY e.item_id, e.preset`+tx.ForUpdate(), itemID)
	if err != nil {
		return fmt.Errorf("lock the variants of the photo of item %s: %w", itemID, err)
	}
	defer rows.Close()
	for rows.Next() { // the locks are all that is wanted
		continue
	}
	return rows.Err()
}

// putOff has an item looked at again whose variants wait for another item of the photo.
func (m firstMaking) putOff(ctx context.Context, tx *db.Tx, b queue.Body) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM exports WHERE item_id = $1 AND tenant_id = $2 AND status = 'pending' AND due_at <= now_ms() AND NOT (TRUE`+firstOfItsPhoto+`)`,
		b.ItemID, b.TenantID).Scan(&n); err != nil || n == 0 {
		return err
	}
	return m.ask(ctx, tx, b, waitsForSibling)
}

// putOff does nothing: remakes wait for nobody.
func (m remaking) putOff(context.Context, *db.Tx, queue.Body) error { return nil }

// takeOver completes those of the claimed variants whose file another item of the photo
// has, and takes them from the work.
func (m firstMaking) takeOver(ctx context.Context, tx *db.Tx, k *work) error {
	return k.eachOfPhoto(ctx, tx, func(f file) error {
		if err := m.table().Update(ctx, tx, k.held[f.preset], completedBy, f.columns()...); err != nil {
			return err
		}
		return m.taken(ctx, tx, k, f)
	})
}

// takeOver puts the file that another item of the photo has in the place of the former.
func (m remaking) takeOver(ctx context.Context, tx *db.Tx, k *work) error {
	return k.eachOfPhoto(ctx, tx, func(f file) error { return m.record(ctx, tx, k, f) })
}

// eachOfPhoto calls take for each claimed variant whose file another item of the photo
// has, and takes it from the work.
func (k *work) eachOfPhoto(ctx context.Context, tx *db.Tx, take func(f file) error) error {
	for _, preset := range slices.Clone(k.presets) {
		p, ok := channel.Find(preset)
		if !ok || p.Background == channel.Scene || k.held[preset].Spent() {
			continue
		}
		f := file{preset: preset, recipe: recipe(p, k.source, time.Now())}
		err := tx.QueryRowContext(ctx, `SELECT blob_path, format, width, height, bytes, checks, rejected, proof FROM exports
			WHERE job_id = $1 AND preset = $2 AND recipe = $3 AND status = 'completed' AND item_id <> $4 AND blob_path IS NOT NULL ORDER BY item_id LIMIT 1`,
			k.body.JobID, preset, f.recipe, k.body.ItemID).Scan(&f.path, &f.format, &f.width, &f.height, &f.bytes, &f.checks, &f.refused, &f.proof)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look for %s of another item of the photo: %w", preset, err)
		}
		if err := take(f); err != nil {
			return err
		}
		delete(k.held, preset)
		k.presets = slices.DeleteFunc(k.presets, func(s string) bool { return s == preset })
	}
	return nil
}

// handOn completes the variants of the photo's other items that wait for a file.
func (m firstMaking) handOn(ctx context.Context, tx *db.Tx, k *work, f file) error {
	key := photoKey(f.preset, k.source)
	if !key.Valid {
		return nil
	}
	heirs, err := waitingFor(ctx, tx, k.body, f.preset, key)
	if err != nil {
		return err
	}
	for _, b := range heirs {
		src, err := m.w.source(ctx, tx, b.ItemID)
		if err != nil {
			return err
		}
		args := f.columns()
		if _, err := tx.ExecContext(ctx, `UPDATE exports SET `+completedBy+fmt.Sprintf(`, updated_at = now_ms() WHERE item_id = $%d AND preset = $%d AND status = 'pending'`, len(args)+1, len(args)+2),
			append(args, b.ItemID, f.preset)...); err != nil {
			return fmt.Errorf("hand %s on to item %s: %w", f.preset, b.ItemID, err)
		}
		if err := m.taken(ctx, tx, &work{how: m, body: b, source: src}, f); err != nil {
			return err
		}
	}
	return nil
}

// waitingFor returns the other items of a photo whose variant waits, in the order in
// which they would make it.
func waitingFor(ctx context.Context, tx *db.Tx, b queue.Body, preset string, key sql.NullString) ([]queue.Body, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+bodyColumns+` FROM exports WHERE job_id = $1 AND photo_key = $2 AND preset = $3 AND status = 'pending' AND item_id <> $4 ORDER BY item_id`,
		b.JobID, key, preset, b.ItemID)
	if err != nil {
		return nil, fmt.Errorf("look for the items that wait for %s: %w", preset, err)
	}
	defer rows.Close()
	var out []queue.Body
	scan := scanBodies(&out)
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// taken counts a variant whose file another item made. Nothing is paid for it: what was
// held is given back.
func (m firstMaking) taken(ctx context.Context, tx *db.Tx, k *work, f file) error {
	if err := m.w.Meter.Release(ctx, tx, k.body.TenantID, k.body.ItemID, f.preset); err != nil {
		return err
	}
	if f.refused.Valid {
		if err := m.w.reviewed(ctx, tx, k); err != nil {
			return err
		}
	}
	return m.w.Jobs.ExportsEnded(ctx, tx, k.body.TenantID, k.body.JobID, 1, 0)
}

// nextOfPhoto has the next item of the photo make what one item couldn't.
func (m firstMaking) nextOfPhoto(ctx context.Context, tx *db.Tx, b queue.Body, presets []string) error {
	var next []queue.Body
	for _, p := range presets {
		var key sql.NullString
		if err := tx.QueryRowContext(ctx, `SELECT photo_key FROM exports WHERE item_id = $1 AND preset = $2`, b.ItemID, p).Scan(&key); err != nil || !key.Valid {
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			continue
		}
		heirs, err := waitingFor(ctx, tx, b, p, key)
		if err != nil {
			return err
		}
		if len(heirs) > 0 {
			next = append(next, heirs[0])
		}
	}
	return m.w.sendAll(ctx, tx, next)
}

// completedBy is the assignment of a file's columns, see file.columns.
const completedBy = `status = 'completed', lease_until = NULL, blob_path = $1, format = $2, width = $3, height = $4, bytes = $5, checks = $6,
	error_code = NULL, error_message = NULL, rejected = $7, recipe = $8, proof = $9`

// columns returns the values of completedBy.
func (f file) columns() []any {
	return []any{f.path, f.format, f.width, f.height, f.bytes, f.checks, f.refused, f.recipe, f.proof}
}
