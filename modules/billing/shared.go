package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// A preset that shows no scene is made once for all items of a photo and charged once.
// The first item that is reserved holds its price. The hold goes to the item that makes
// the variant, and from an item that ends without it to one that still may.

// unpaid leaves out the lines that another item of the photo holds or has paid.
func unpaid(ctx context.Context, q db.Querier, c Charge, lines []line) ([]line, error) {
	out := make([]line, 0, len(lines))
	for _, l := range lines {
		photo := c.sharer(l.kind, l.name)
		if photo != "" {
			var n int
			if err := q.QueryRowContext(ctx, `SELECT count(*) FROM charges WHERE photo_id = $1 AND kind = $2 AND name = $3 AND state <> 'released'`, photo, l.kind, l.name).Scan(&n); err != nil {
				return nil, fmt.Errorf("look for the charges of photo %s: %w", photo, err)
			}
			if n > 0 {
				continue
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// sharedHold is a hold that may go to another item of its photo.
type sharedHold struct {
	itemID, name, photoID, jobID, brandID, priceName, month string
	version, price, fromFree, fromPaid, heldAt              int64
	billed                                                  bool
}

const sharedColumns = `item_id, name, photo_id, job_id, brand_id, price_name, month, price_version, price, from_free, from_paid, held_at, billed`

func scanShared(scan func(...any) error) (h sharedHold, err error) {
	err = scan(&h.itemID, &h.name, &h.photoID, &h.jobID, &h.brandID, &h.priceName, &h.month, &h.version, &h.price, &h.fromFree, &h.fromPaid, &h.heldAt, &h.billed)
	return h, err
}

// inherit gives an item that has made a shared preset the hold of its photo, where
// another item has it.
func (s *Service) inherit(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error {
	const query = `SELECT ` + sharedColumns + ` FROM charges WHERE photo_id = (SELECT entry_id FROM items WHERE item_id = $1) AND tenant_id = $2
		AND kind = 'preset' AND name = $3 AND state = 'held' AND item_id <> $1 AND NOT EXISTS (SELECT 1 FROM charges m WHERE m.item_id = $1 AND m.kind = 'preset' AND m.name = $3)`
	if _, err := scanShared(tx.QueryRowContext(ctx, query, itemID, tenantID, preset).Scan); errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return fmt.Errorf("look for the hold of %s that item %s shares: %w", preset, itemID, err)
	}
	l, err := ledger.Open(ctx, tx, tenantID)
	if err != nil {
		return err
	}
	h, err := scanShared(tx.QueryRowContext(ctx, query, itemID, tenantID, preset).Scan) // again under the lock
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the hold of %s that item %s shares: %w", preset, itemID, err)
	}
	return s.pass(ctx, tx, l, h, itemID)
}

// bequeath gives the shared holds of an item that ends without its variants to items of
// its photo that still may make them. name is a preset's, or "" for all.
func (s *Service) bequeath(ctx context.Context, tx *db.Tx, l *ledger.Ledger, itemID, name string) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+sharedColumns+` FROM charges WHERE item_id = $1 AND tenant_id = $2 AND kind = 'preset' AND state = 'held'
		AND photo_id IS NOT NULL AND ($3 = '' OR name = $3) ORDER BY name`, itemID, l.TenantID, name)
	if err != nil {
		return fmt.Errorf("look for the shared holds of item %s: %w", itemID, err)
	}
	defer rows.Close()
	var holds []sharedHold
	for rows.Next() {
		h, err := scanShared(rows.Scan)
		if err != nil {
			return err
		}
		holds = append(holds, h)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, h := range holds {
		var heir string
		err := tx.QueryRowContext(ctx, `SELECT i.item_id FROM items i LEFT JOIN exports e ON e.item_id = i.item_id AND e.preset = $3
			WHERE i.entry_id = $1 AND i.item_id <> $2 AND (i.status IN ('queued', 'processing') OR e.status IN ('pending', 'processing'))
				AND NOT EXISTS (SELECT 1 FROM charges c WHERE c.item_id = i.item_id AND c.kind = 'preset' AND c.name = $3)
			ORDER BY i.position LIMIT 1`, h.photoID, itemID, h.name).Scan(&heir)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look for an item that still needs %s: %w", h.name, err)
		}
		if err := s.pass(ctx, tx, l, h, heir); err != nil {
			return err
		}
	}
	return nil
}

// pass releases a hold and holds the same amount, at the same price and in the same
// month, for another item of the photo.
func (s *Service) pass(ctx context.Context, tx *db.Tx, l *ledger.Ledger, h sharedHold, heir string) error {
	released, err := l.Post(ctx, tx, ledger.Posting{Key: "pass:" + h.itemID + ":" + h.name, Kind: "release", ItemID: h.itemID,
		Legs: []ledger.Leg{ledger.Move(ledger.Held, ledger.Free, h.fromFree), ledger.Move(ledger.Held, ledger.Paid, h.fromPaid)}})
	if err != nil {
		return err
	}
	reserved, err := l.Post(ctx, tx, ledger.Posting{Key: "res:" + heir + ":" + h.name, Kind: "reserve", ItemID: heir,
		Legs: []ledger.Leg{ledger.Move(ledger.Free, ledger.Held, h.fromFree), ledger.Move(ledger.Paid, ledger.Held, h.fromPaid)}})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE charges SET state = 'released', ended_at = $3, resolved_by = $4 WHERE item_id = $1 AND kind = 'preset' AND name = $2 AND state = 'held'`,
		h.itemID, h.name, l.Now, orNull(released)); err != nil {
		return fmt.Errorf("pass the hold of %s on: %w", h.name, err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO charges (item_id, kind, name, tenant_id, job_id, brand_id, price_version, price_name, price,
			billed, from_free, from_paid, state, month, reserved_by, held_at, photo_id) VALUES ($1, 'preset', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'held', $12, $13, $14, $15)`,
		heir, h.name, l.TenantID, h.jobID, h.brandID, h.version, h.priceName, h.price, h.billed, h.fromFree, h.fromPaid, h.month, orNull(reserved), h.heldAt, h.photoID); err != nil {
		return fmt.Errorf("hold %s for item %s: %w", h.name, heir, err)
	}
	return nil
}
