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
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// MaxRerenders bounds how often a variant is made anew, which costs its tenant
// nothing.
const MaxRerenders = 100

// Errors of a request to make variants anew.
var (
	ErrNoLayers  = fault.New(fault.Conflict, "layers_missing", "The item's layers are not there; make a new job of the photo")
	ErrRerenders = fault.New(fault.Conflict, "rerenders_exhausted", fmt.Sprintf("The variant was made anew %d times, as often as it can be; make a new job of the photo", MaxRerenders))
)

// RerenderRequest says which variants of a finished item to make anew.
type RerenderRequest struct {
	TenantID, JobID, ItemID, CorrelationID string

	Presets []string      // none: all that the item has. A preset that it doesn't have is added.
	Change  func(*Source) // what has changed since; nil: the picture is as it was
}

// Rerendered counts the variants that Rerender has opened for a first making: those
// that failed before, and New ones.
type Rerendered struct{ New, Failed int }

// Rerender records, in the caller's transaction, that an item's variants are to be made
// anew from its stored layers, free of charge. One whose file would be the same as it
// is, by its recipe, is left alone, and so is one that is being made of the same
// picture. A variant that is there is remade, see Remake. One that failed and one that
// the item didn't have is made for the first time: the caller counts those and writes
// their message.
//
// Errors: channel.ErrPreset, ErrNoLayers, ErrRerenders.
func (s *Service) Rerender(ctx context.Context, tx *db.Tx, r RerenderRequest) (n Rerendered, err error) {
	if err := channel.Validate(r.Presets); err != nil {
		return n, err
	}
	// variants before their source: the order in which workers lock them
	there, err := recorded(ctx, tx, r.ItemID)
	if err != nil {
		return n, err
	}
	src, changed, err := s.change(ctx, tx, r)
	if err != nil {
		return n, err
	}
	presets := r.Presets
	if len(presets) == 0 {
		for _, v := range there {
			presets = append(presets, v.preset)
		}
	}
	remake := []string{}
	for i, name := range presets {
		p, ok := channel.Find(name)
		if !ok || slices.Contains(presets[:i], name) {
			continue // a channel's file that named it is gone
		}
		at := slices.IndexFunc(there, func(v recordedVariant) bool { return v.preset == name })
		if at < 0 {
			made, err := plan(ctx, tx, r.TenantID, r.JobID, r.ItemID, r.CorrelationID, name, photoKey(name, src), 1)
			if err != nil {
				return n, err
			}
			n.New += made
			continue
		}
		v := there[at]
		switch {
		case v.status == "pending", v.status == "processing" && !changed, v.status == "completed" && v.recipe == recipe(p, src, time.Now()):
			continue
		case v.rerenders >= MaxRerenders:
			return n, ErrRerenders.With("%s", name)
		case v.status == "completed", v.status == "processing":
			remake = append(remake, name)
			if _, err := tx.ExecContext(ctx, `UPDATE exports SET rerenders = rerenders + 1 WHERE item_id = $1 AND preset = $2`, r.ItemID, name); err != nil {
				return n, fmt.Errorf("count what is made anew of %s: %w", name, err)
			}
			continue
		}
		// what was held for it has been given back, as for a file that its channel refuses.
		// Its wait is counted from now on.
		if _, err := tx.ExecContext(ctx, `UPDATE exports SET status = 'pending', due_at = now_ms(), tries = 0, rescues = 0, rerenders = rerenders + 1, rejected_first = TRUE,
			error_code = NULL, error_message = NULL, created_at = now_ms(), updated_at = now_ms() WHERE item_id = $1 AND preset = $2`, r.ItemID, name); err != nil {
			return n, fmt.Errorf("have %s made anew: %w", name, err)
		}
		n.Failed++
	}
	if len(remake) == 0 {
		return n, nil
	}
	if _, err := s.Remake(ctx, tx, RemakeRequest{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Presets: remake}); err != nil {
		return n, err
	}
	return n, nil
}

// change locks an item's source and brings it up to date.
func (s *Service) change(ctx context.Context, tx *db.Tx, r RerenderRequest) (src Source, changed bool, err error) {
	var text string
	err = tx.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`+tx.ForUpdate(), r.ItemID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return src, false, ErrNoLayers
	}
	if err != nil {
		return src, false, fmt.Errorf("load the source of item %s: %w", r.ItemID, err)
	}
	if err := json.Unmarshal([]byte(text), &src); err != nil {
		return src, false, fmt.Errorf("read the source of item %s: %w", r.ItemID, err)
	}
	if r.Change == nil {
		return src, false, nil
	}
	before, err := json.Marshal(src)
	if err != nil {
		return src, false, err
	}
	r.Change(&src)
	after, err := json.Marshal(src)
	if err != nil || string(before) == string(after) {
		return src, false, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET source = $2 WHERE item_id = $1`, r.ItemID, string(after)); err != nil {
		return src, false, fmt.Errorf("change the source of item %s: %w", r.ItemID, err)
	}
	return src, true, rekey(ctx, tx, r.ItemID, src)
}

// recordedVariant is a variant as its row has it.
type recordedVariant struct {
	preset, status, recipe string
	rerenders              int
}

// recorded returns an item's variants, locked in the order in which workers claim
// them.
func recorded(ctx context.Context, tx *db.Tx, itemID string) ([]recordedVariant, error) {
	rows, err := tx.QueryContext(ctx, `SELECT preset, status, COALESCE(recipe, ''), rerenders FROM exports WHERE item_id = $1 ORDER BY preset`+tx.ForUpdate(), itemID)
	if err != nil {
		return nil, fmt.Errorf("list the exports of item %s: %w", itemID, err)
	}
	defer rows.Close()
	var out []recordedVariant
	for rows.Next() {
		var v recordedVariant
		if err := rows.Scan(&v.preset, &v.status, &v.recipe, &v.rerenders); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// renderVersion is part of each recipe. It changes when the same picture and preset
// give another file than before.
const renderVersion = 2

// recipe digests all that a variant's file and its checks depend on: the preset with
// the rules that hold on a day, and the picture.
func recipe(p channel.Preset, src Source, on time.Time) string {
	layers := src.Layers
	if p.Background != channel.Scene {
		layers = sceneless(layers)
	}
	p.Rules = slices.DeleteFunc(slices.Clone(p.Rules), func(r channel.Rule) bool { return !r.Holds(on) })
	b, err := json.Marshal(struct {
		Version int
		Preset  channel.Preset
		Layers  picture.Layers
		Rights  picture.Rights
	}{renderVersion, p, layers, src.Rights})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
