package export

import (
	"context"
	"database/sql"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/queue"
)

// making is how variants are made: for the first time, or again. Both are done under
// the leases of a table of their own.
type making interface {
	table() *lease.Table
	// ready is a further condition of rows that are claimed, in SQL.
	ready() string
	// putOff writes the message for variants that wait for another item of their photo.
	putOff(ctx context.Context, tx *db.Tx, b queue.Body) error
	// takeOver ends, in the claim's transaction, what needs no making.
	takeOver(ctx context.Context, tx *db.Tx, k *work) error
	// folder names the folder of a preset's files below their item.
	folder(preset string) string
	// record writes that a file is made, under its fence.
	record(ctx context.Context, tx *db.Tx, k *work, f file) error
	// gone settles what failed permanently.
	gone(ctx context.Context, tx *db.Tx, b queue.Body, presets []string) error
	// ask writes the item's next message.
	ask(ctx context.Context, tx *db.Tx, b queue.Body, after time.Duration) error
}

// file is a stored variant as its row records it.
type file struct {
	preset, path, format string
	width, height, bytes int
	checks               string         // JSON
	refused              sql.NullString // why its channel refuses it
	proof                sql.NullString // JSON, see Proof
	recipe               string         // digest of all that it depends on
}

// firstMaking makes variants that are counted in their job and cost credits.
type firstMaking struct{ w *Worker }

func (m firstMaking) table() *lease.Table         { return m.w.variants() }
func (m firstMaking) ready() string               { return firstOfItsPhoto }
func (m firstMaking) folder(preset string) string { return preset }

func (m firstMaking) record(ctx context.Context, tx *db.Tx, k *work, f file) error {
	if err := lockShared(ctx, tx, k.body.ItemID); err != nil {
		return err
	}
	if err := m.table().Update(ctx, tx, k.held[f.preset], completedBy, f.columns()...); err != nil {
		return err
	}
	if err := m.w.settle(ctx, tx, k.body, f.preset, f.refused.String); err != nil {
		return err
	}
	if f.refused.Valid {
		if err := m.w.reviewed(ctx, tx, k); err != nil {
			return err
		}
	}
	if err := m.w.goesOn(ctx, tx, k); err != nil {
		return err
	}
	if err := m.handOn(ctx, tx, k, f); err != nil {
		return err
	}
	return m.w.Jobs.ExportsEnded(ctx, tx, k.body.TenantID, k.body.JobID, 1, 0)
}

func (m firstMaking) gone(ctx context.Context, tx *db.Tx, b queue.Body, presets []string) error {
	if err := m.nextOfPhoto(ctx, tx, b, presets); err != nil {
		return err
	}
	for _, p := range presets {
		if err := m.w.Meter.Release(ctx, tx, b.TenantID, b.ItemID, p); err != nil {
			return err
		}
	}
	return m.w.Jobs.ExportsEnded(ctx, tx, b.TenantID, b.JobID, 0, len(presets))
}

func (m firstMaking) ask(ctx context.Context, tx *db.Tx, b queue.Body, after time.Duration) error {
	return m.w.Outbox.SendExport(ctx, tx, b, queue.NotBefore(after))
}
