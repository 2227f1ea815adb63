package export

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
)

// reviewed has a person look at an item of which a channel refuses a variant that says
// something of the others, and
// takes that back when no channel does any more. A decision that was made stays.
func (w *Worker) reviewed(ctx context.Context, tx *db.Tx, k *work) error {
	// locks the item's source, so that workers on its variants come one after another
	if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET review = review WHERE item_id = $1`, k.body.ItemID); err != nil {
		return fmt.Errorf("lock the review of item %s: %w", k.body.ItemID, err)
	}
	rows, err := tx.QueryContext(ctx, `SELECT preset, rejected FROM exports WHERE item_id = $1 AND rejected IS NOT NULL ORDER BY preset`, k.body.ItemID)
	if err != nil {
		return fmt.Errorf("look for what is refused of item %s: %w", k.body.ItemID, err)
	}
	defer rows.Close()
	var reasons []string
	if r := k.source.ReviewReason; r != "" {
		reasons = append(reasons, r)
	}
	refused := 0
	for rows.Next() {
		var preset, why string
		if err := rows.Scan(&preset, &why); err != nil {
			return err
		}
		if p, _ := channel.Find(preset); p.Aside() {
			continue
		}
		reasons = append(reasons, preset+" is refused: "+why)
		refused++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	needed := k.source.NeedsReview || refused > 0
	if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET review = $2 WHERE item_id = $1 AND (review IS NULL OR review = $3)`,
		k.body.ItemID, sql.NullString{String: picture.ReviewPending, Valid: needed}, picture.ReviewPending); err != nil {
		return fmt.Errorf("have item %s looked at: %w", k.body.ItemID, err)
	}
	return w.Jobs.ExportsReviewed(ctx, tx, k.body.TenantID, k.body.ItemID, needed, strings.Join(reasons, "; "))
}
