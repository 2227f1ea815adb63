package export

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// Options are what a Service is made of.
type Options struct {
	DB      *db.DB
	Blobs   blob.Store
	Outputs string // container of the pictures
	Exports string // container of the variants
	Outbox  *queue.Outbox

	ReadTTL time.Duration // of download URLs; 0: 15 min
}

// Service holds the exports of all tenants: the variants and ZIPs that are
// planned, and their results. It is safe for concurrent use.
type Service struct{ Options }

// New returns a service.
func New(o Options) *Service {
	if o.ReadTTL == 0 {
		o.ReadTTL = 15 * time.Minute
	}
	return &Service{o}
}

// PlanRequest says which variants to make from which picture.
type PlanRequest struct {
	TenantID, JobID, ItemID, CorrelationID string

	Presets []string
	Source  Source
}

// Plan records an item's variants, in the transaction that completes it, and
// returns how many there are. The caller writes the message.
func (s *Service) Plan(ctx context.Context, tx *db.Tx, r PlanRequest) (int, error) {
	src, err := json.Marshal(r.Source)
	if err != nil {
		return 0, err
	}
	review := sql.NullString{String: picture.ReviewPending, Valid: r.Source.NeedsReview}
	if _, err := tx.ExecContext(ctx, `INSERT INTO export_sources (item_id, source, review) VALUES ($1, $2, $3)
		ON CONFLICT (item_id) DO UPDATE SET source = excluded.source, review = excluded.review`, r.ItemID, string(src), review); err != nil {
		return 0, fmt.Errorf("record the export's source: %w", err)
	}
	n := 0
	for _, p := range r.Presets {
		made, err := plan(ctx, tx, r.TenantID, r.JobID, r.ItemID, r.CorrelationID, p, photoKey(p, r.Source), 0)
		if err != nil {
			return 0, err
		}
		n += made
	}
	return n, nil
}

// plan records a variant, unless it is there, and returns how many were recorded.
func plan(ctx context.Context, tx *db.Tx, tenantID, jobID, itemID, correlationID, preset string, photo sql.NullString, rerenders int) (int, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO exports (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, rerenders, photo_key, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'pending', now_ms(), $6, $7, now_ms(), now_ms()) ON CONFLICT DO NOTHING`, itemID, preset, jobID, tenantID, correlationID, rerenders, photo)
	if err != nil {
		return 0, fmt.Errorf("record export %s: %w", preset, err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Review records a person's decision about an item's picture,
// picture.ReviewApproved or ReviewRejected: its variants move in the next ZIP.
func (s *Service) Review(ctx context.Context, tx *db.Tx, itemID, state string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE export_sources SET review = $2 WHERE item_id = $1`, itemID, state); err != nil {
		return fmt.Errorf("record the review of item %s: %w", itemID, err)
	}
	return nil
}

// Replace has the ZIP hold the picture of another item in the place of an item's and of
// those that were made from it before, in the transaction that completes the other.
func (s *Service) Replace(ctx context.Context, tx *db.Tx, itemID, by string) error {
	if _, err := tx.ExecContext(ctx, `WITH RECURSIVE line(item_id) AS (
			SELECT CAST($1 AS TEXT)
			UNION SELECT e.replaced_by FROM export_sources e JOIN line ON e.item_id = line.item_id WHERE e.replaced_by IS NOT NULL)
		UPDATE export_sources SET replaced_by = $2 WHERE item_id IN (SELECT item_id FROM line) AND item_id <> $2`, itemID, by); err != nil {
		return fmt.Errorf("replace item %s in the ZIP: %w", itemID, err)
	}
	return nil
}

// Paths returns the paths of all files that a job's variants, their sources and its
// ZIPs name.
func (s *Service) Paths(ctx context.Context, jobID string) ([]string, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT blob_path, '' FROM exports WHERE job_id = $1 AND blob_path IS NOT NULL
		UNION ALL SELECT '', source FROM export_sources WHERE item_id IN (SELECT item_id FROM exports WHERE job_id = $1)
		UNION ALL SELECT p.blob_path, '' FROM bundle_parts p JOIN bundles b ON b.bundle_id = p.bundle_id WHERE b.owner_kind = 'job' AND b.owner_id = $1`, jobID)
	if err != nil {
		return nil, fmt.Errorf("load the paths of job %s: %w", jobID, err)
	}
	defer rows.Close()
	var paths []string
	for rows.Next() {
		var path, text string
		if err := rows.Scan(&path, &text); err != nil {
			return nil, err
		}
		if text == "" {
			paths = append(paths, path)
			continue
		}
		var src Source
		if err := json.Unmarshal([]byte(text), &src); err != nil {
			return nil, fmt.Errorf("read a source of job %s: %w", jobID, err)
		}
		paths = append(paths, src.CutoutPath, src.BackdropPath, src.ShadowPath, src.OutputPath, src.OwnShadowPath(), src.LightPath)
	}
	return paths, rows.Err()
}

// Forget deletes the records of a job's variants, in the transaction that
// deletes the job, and returns their number. The caller deletes their files.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, jobID string) (int, error) {
	if err := forgetBundles(ctx, tx, ownerJob, jobID); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM remakes WHERE job_id = $1`, jobID); err != nil {
		return 0, fmt.Errorf("delete the remakes of job %s: %w", jobID, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM export_sources WHERE item_id IN (SELECT item_id FROM exports WHERE job_id = $1)`, jobID); err != nil {
		return 0, fmt.Errorf("delete the sources of job %s: %w", jobID, err)
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM exports WHERE job_id = $1`, jobID)
	if err != nil {
		return 0, fmt.Errorf("delete the exports of job %s: %w", jobID, err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Export is one variant of an item.
type Export struct {
	ItemID, Preset, Status string

	Format        string
	Width, Height int
	Bytes         int64
	BlobPath      *string
	Checks        []check.Check
	Proof         *Proof // nil: not measured
	ErrorCode     *string
	ErrorMessage  *string
	Rejected      *string // why the channel refuses it; nil: it doesn't
	Review        *string // of its item: picture.ReviewPending, ReviewApproved or ReviewRejected; nil: nobody has to look

	recipe string // digest of all that the file depends on
}

// ErrNotFound says that the variant does not exist or is not finished.
var ErrNotFound = fault.New(fault.NotFound, "variant_not_found", "There is no such variant, or it is not finished")

const exportColumns = `item_id, preset, status, format, width, height, bytes, blob_path, checks, proof, error_code, error_message, rejected, COALESCE(recipe, ''),
	(SELECT s.review FROM export_sources s WHERE s.item_id = exports.item_id) AS review`

func scanExport(r interface{ Scan(dest ...any) error }) (Export, error) {
	var e Export
	var format, checks, measured sql.NullString
	var w, h, n sql.NullInt64
	if err := r.Scan(&e.ItemID, &e.Preset, &e.Status, &format, &w, &h, &n, &e.BlobPath, &checks, &measured, &e.ErrorCode, &e.ErrorMessage, &e.Rejected, &e.recipe, &e.Review); err != nil {
		return Export{}, err
	}
	if e.Status == "completed" && e.Rejected != nil {
		e.Status = "rejected"
	}
	e.Format, e.Width, e.Height, e.Bytes, e.Checks = format.String, int(w.Int64), int(h.Int64), n.Int64, []check.Check{}
	if checks.Valid {
		if err := json.Unmarshal([]byte(checks.String), &e.Checks); err != nil {
			return Export{}, fmt.Errorf("checks of %s/%s: %w", e.ItemID, e.Preset, err)
		}
	}
	if measured.Valid {
		e.Proof = new(Proof)
		if err := json.Unmarshal([]byte(measured.String), e.Proof); err != nil {
			return Export{}, fmt.Errorf("proof of %s/%s: %w", e.ItemID, e.Preset, err)
		}
	}
	return e, nil
}

// List returns a job's variants in order of item and preset.
func (s *Service) List(ctx context.Context, tenantID, jobID string) ([]Export, error) {
	return s.list(ctx, `job_id = $1 AND tenant_id = $2`, jobID, tenantID)
}

// OfItems returns the variants of up to some hundred items, by item and preset. Items of
// another tenant have none.
func (s *Service) OfItems(ctx context.Context, tenantID string, itemIDs []string) ([]Export, error) {
	if len(itemIDs) == 0 {
		return nil, nil
	}
	args, places := []any{tenantID}, make([]string, len(itemIDs))
	for i, id := range itemIDs {
		args = append(args, id)
		places[i] = "$" + strconv.Itoa(len(args))
	}
	return s.list(ctx, `tenant_id = $1 AND item_id IN (`+strings.Join(places, ", ")+`)`, args...)
}

func (s *Service) list(ctx context.Context, where string, args ...any) ([]Export, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT `+exportColumns+` FROM exports WHERE `+where+` ORDER BY item_id, preset`, args...)
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	defer rows.Close()
	var out []Export
	for rows.Next() {
		e, err := scanExport(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// downloadName returns the name under which a variant is saved: the one that its channel
// demands, where the picture says its product.
func (s *Service) downloadName(ctx context.Context, e Export) (string, error) {
	var text string
	if err := s.DB.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`, e.ItemID).Scan(&text); err != nil {
		return "", fmt.Errorf("load the source of item %s: %w", e.ItemID, err)
	}
	var src Source
	if err := json.Unmarshal([]byte(text), &src); err != nil {
		return "", fmt.Errorf("read the source of item %s: %w", e.ItemID, err)
	}
	var names Names
	return path.Base(names.All([]Unnamed{{Preset: presetOf(e), Source: src}})[0].Path), nil
}

// URL returns a short-lived URL of a variant's file: of the earlier one while a variant
// is made anew. ErrNotFound for another tenant's variant.
func (s *Service) URL(ctx context.Context, tenantID, itemID, preset string) (string, error) {
	e, err := scanExport(s.DB.QueryRowContext(ctx, `SELECT `+exportColumns+` FROM exports
		WHERE item_id = $1 AND preset = $2 AND tenant_id = $3 AND blob_path IS NOT NULL`, itemID, preset, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("load export %s of item %s: %w", preset, itemID, err)
	}
	name, err := s.downloadName(ctx, e)
	if err != nil {
		return "", err
	}
	u, err := s.Blobs.ReadURL(ctx, s.Exports, *e.BlobPath, s.ReadTTL, blob.ReadURLOptions{DownloadName: name})
	if err != nil {
		return "", fmt.Errorf("sign a URL of %s: %w", *e.BlobPath, err)
	}
	return u, nil
}
