package job

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// A photo is cut out once, however many scenes of it begin at the same moment: the first
// item cuts, and its siblings wait until its cut-out is recorded.

// waitsForCut is how long an item waits before it looks again whether a sibling has cut
// their photo out. Mostly it is told before.
const waitsForCut = 5 * time.Second

// siblingCuts reports whether a sibling of a queued item is cutting their photo out. If
// so it writes the item's next message.
func (s *Service) siblingCuts(ctx context.Context, tx *db.Tx, b queue.Body) (bool, error) {
	// in one order, so that one of those that begin at the same moment is first
	rows, err := selectRows(ctx, tx, `entry_id = (SELECT entry_id FROM items WHERE item_id = $1) ORDER BY position`+tx.ForUpdate(), b.ItemID)
	if err != nil || len(rows) < 2 {
		return false, err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM items i JOIN items o ON o.entry_id = i.entry_id AND o.item_id <> i.item_id
		WHERE i.item_id = $1 AND i.status = 'queued' AND i.placement IS NULL AND o.status = 'processing' AND o.placement IS NULL AND o.lease_until >= now_ms()
			AND COALESCE(o.raw_blob_path, '') = COALESCE(i.raw_blob_path, '')
			AND NOT EXISTS (SELECT 1 FROM items d WHERE d.entry_id = i.entry_id AND d.raw_blob_path = i.raw_blob_path AND d.placement IS NOT NULL)`, b.ItemID).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether a sibling cuts the photo out: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET due_at = now_ms() + $2 WHERE item_id = $1 AND status = 'queued'`, b.ItemID, waitsForCut.Milliseconds()); err != nil {
		return false, fmt.Errorf("put item %s off: %w", b.ItemID, err)
	}
	return true, s.Outbox.SendJob(ctx, tx, b, queue.NotBefore(waitsForCut))
}

// wakeSiblings tells the siblings that wait for an item's cut-out that it is there.
func (s *Service) wakeSiblings(ctx context.Context, tx *db.Tx, it row) error {
	rows, err := selectRows(ctx, tx, `entry_id = (SELECT entry_id FROM items WHERE item_id = $1) AND item_id <> $1 AND status = 'queued' AND placement IS NULL
		AND due_at > now_ms() AND tries = 0 AND rescues = 0 ORDER BY position`, it.itemID)
	if err != nil {
		return fmt.Errorf("look for siblings that wait: %w", err)
	}
	for _, o := range rows {
		if err := s.Outbox.SendJob(ctx, tx, o.body()); err != nil {
			return err
		}
	}
	return nil
}
