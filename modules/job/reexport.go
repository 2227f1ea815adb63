package job

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// ErrNotExportable says that an item has no finished picture to make variants of.
var ErrNotExportable = fault.New(fault.Conflict, "item_not_exportable", "Only an item that is completed has a picture to make variants of")

// Reexport asks for an item's variants anew, from its stored layers.
type Reexport struct {
	TenantID, JobID, ItemID string

	Presets []string // none: all that the item has
}

// Reexport has variants of a finished item made anew, free of charge: after a rule, a
// preset or the brand's rights changed, or for presets that the job did not name. What
// would come out as it is stays as it is. The job's ZIP is made again. Presets that are
// new or failed before open the job again, as a retry does.
//
// Errors: ErrItemNotFound, ErrNotExportable, and those of Exporter.Rerender.
func (s *Service) Reexport(ctx context.Context, r Reexport) (Item, error) {
	it, _, err := getItem(ctx, s.DB, r.TenantID, r.JobID, r.ItemID)
	if err != nil {
		return Item{}, err
	}
	if it.Status != ItemCompleted {
		return Item{}, ErrNotExportable.With("it is %s", it.Status)
	}
	rights, err := s.rightsNow(ctx, r)
	if err != nil {
		return Item{}, err
	}
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.reexport(ctx, tx, r, rights) }); err != nil {
		return Item{}, fmt.Errorf("export item %s anew: %w", r.ItemID, err)
	}
	return it, nil
}

// rightsNow returns the rights that the job's brand states now; nil when the brand is
// gone.
func (s *Service) rightsNow(ctx context.Context, r Reexport) (*picture.Rights, error) {
	j, err := getJob(ctx, s.DB, r.TenantID, r.JobID)
	if err != nil {
		return nil, err
	}
	b, err := s.Brands.Brand(ctx, r.TenantID, j.BrandProfileID)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load brand profile %s: %w", j.BrandProfileID, err)
	}
	return &b.Rights, nil
}

// reexport locks variants before jobs, as workers do.
func (s *Service) reexport(ctx context.Context, tx *db.Tx, r Reexport, rights *picture.Rights) error {
	rows, err := selectRows(ctx, tx, `item_id = $1 AND status = 'completed'`, r.ItemID)
	if err != nil {
		return err
	}
	if len(rows) == 0 { // deleted in between
		return ErrItemNotFound
	}
	n, err := s.Exporter.Rerender(ctx, tx, Rerender{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: rows[0].correlationID, Presets: r.Presets, Rights: rights})
	if err != nil || n.New+n.Failed == 0 {
		return err
	}
	// a job that has ended, or whose ZIP is being made, gets another ZIP
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET open_exports = open_exports + $2 + $3, failed_exports = failed_exports - $3,
		round = CASE WHEN open_items + open_exports = 0 THEN round + 1 ELSE round END, status = 'processing', finished_at = NULL, late_round = NULL, `+counted+`, updated_at = now_ms()
		WHERE job_id = $1`, r.JobID, n.New, n.Failed); err != nil {
		return fmt.Errorf("count the exports of job %s: %w", r.JobID, err)
	}
	return s.Outbox.SendExport(ctx, tx, rows[0].body())
}
