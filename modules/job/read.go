package job

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

const jobColumns = `job_id, tenant_id, name, brand_profile_id, correlation_id, status, presets, options, total, open_items, done_items,
	failed_items, cancelled_items, open_exports, done_exports, failed_exports, export_blob_path, created_at, updated_at, finished_at,
	(SELECT count(*) FROM items i WHERE i.job_id = jobs.job_id AND i.retry_of IS NULL AND i.remake_of IS NULL) AS pictures`

type scanner interface{ Scan(dest ...any) error }

func scanJob(r scanner) (Job, error) {
	var j Job
	var presets, options string
	var created, updated int64
	var finished sql.NullInt64
	c := &j.Counts
	if err := r.Scan(&j.JobID, &j.TenantID, &j.Name, &j.BrandProfileID, &j.CorrelationID, &j.Status, &presets, &options, &c.Total, &c.Open, &c.Completed,
		&c.Failed, &c.Cancelled, &c.OpenExports, &c.DoneExports, &c.FailedExports, &j.ExportBlobPath, &created, &updated, &finished, &j.Pictures); err != nil {
		return Job{}, err
	}
	j.CreatedAt, j.UpdatedAt, j.FinishedAt = db.Time(created), db.Time(updated), db.MaybeTime(finished)
	if err := json.Unmarshal([]byte(presets), &j.Presets); err != nil {
		return Job{}, fmt.Errorf("job %s: presets: %w", j.JobID, err)
	}
	if err := json.Unmarshal([]byte(options), &j.Options); err != nil {
		return Job{}, fmt.Errorf("job %s: options: %w", j.JobID, err)
	}
	j.Items = []Item{}
	return j, nil
}

const itemColumns = `item_id, filename, status, scene_index, scene_type, scene_prompt, source_url, raw_blob_path,
	COALESCE((SELECT v.cutout_blob_path FROM cutout_versions v WHERE v.item_id = items.item_id AND v.is_current), cutout_blob_path) AS cutout_blob_path,
	COALESCE((SELECT v.output_blob_path FROM cutout_versions v WHERE v.item_id = items.item_id AND v.is_current), output_blob_path) AS output_blob_path,
	(SELECT v.version FROM cutout_versions v WHERE v.item_id = items.item_id AND v.is_current) AS cutout_version,
	error_code, error_message, needs_review, review_reason, concerns, confidence,
	COALESCE((SELECT v.fidelity FROM cutout_versions v WHERE v.item_id = items.item_id AND v.is_current), fidelity) AS fidelity, attempt, retry_of,
	(SELECT n.item_id FROM items n WHERE n.retry_of = items.item_id) AS retried_by, created_at, updated_at, ended_at, entry_id,
	(SELECT r.decision FROM reviews r WHERE r.item_id = items.item_id) AS decision, (SELECT r.note FROM reviews r WHERE r.item_id = items.item_id) AS note,
	(SELECT r.decided_at FROM reviews r WHERE r.item_id = items.item_id) AS decided_at,
	(SELECT r.decided_by FROM reviews r WHERE r.item_id = items.item_id) AS decided_by, (SELECT r.by_guest FROM reviews r WHERE r.item_id = items.item_id) AS by_guest, remake_of, superseded_by, steering,
	(SELECT s.waits_until FROM item_sets s WHERE s.job_id = items.job_id AND s.sku = COALESCE(items.sku, '') AND s.set_id = items.set_id AND s.width IS NULL
		AND s.waits_until > now_ms() AND items.status = 'queued' AND items.cutout_blob_path IS NOT NULL) AS set_until,
	left_out_at IS NOT NULL AS left_out, ` + productColumns

func scanItem(r scanner) (Item, error) {
	var it Item
	var fidelity, concerns, decision, note, by, steering sql.NullString
	var guest sql.NullBool
	var created, updated int64
	var ended, decided, waits sql.NullInt64
	if err := r.Scan(append([]any{&it.ItemID, &it.Filename, &it.Status, &it.SceneIndex, &it.SceneType, &it.ScenePrompt, &it.SourceURL, &it.RawBlobPath, &it.CutoutBlobPath,
		&it.OutputBlobPath, &it.CutoutVersion, &it.ErrorCode, &it.ErrorMessage, &it.NeedsReview, &it.ReviewReason, &concerns, &it.Confidence, &fidelity, &it.Attempt,
		&it.RetryOf, &it.RetriedBy, &created, &updated, &ended, &it.entry, &decision, &note, &decided, &by, &guest, &it.RemakeOf, &it.SupersededBy, &steering, &waits, &it.LeftOut}, productDest(&it.Product)...)...); err != nil {
		return Item{}, err
	}
	it.CreatedAt, it.UpdatedAt, it.EndedAt = db.Time(created), db.Time(updated), db.MaybeTime(ended)
	it.Steps = []Step{}
	if waits.Valid {
		it.Waiting = &Waiting{Reason: WaitsForSet, Until: db.Time(waits.Int64)}
	}
	if it.CutoutVersion == nil && it.Status == ItemCompleted && it.CutoutBlobPath != nil {
		it.CutoutVersion = new(1)
	}
	switch {
	case decision.Valid:
		it.Review = &Review{State: decision.String, Note: note.String, DecidedAt: db.MaybeTime(decided), By: by.String, Guest: guest.Bool}
	case it.NeedsReview:
		it.Review = &Review{State: picture.ReviewPending}
	}
	if steering.Valid {
		if err := json.Unmarshal([]byte(steering.String), &it.Steering); err != nil {
			return Item{}, fmt.Errorf("item %s: steering: %w", it.ItemID, err)
		}
	}
	it.Concerns = []picture.Concern{}
	if concerns.Valid {
		if err := json.Unmarshal([]byte(concerns.String), &it.Concerns); err != nil {
			return Item{}, fmt.Errorf("item %s: concerns: %w", it.ItemID, err)
		}
	}
	if fidelity.Valid {
		it.Fidelity = new(pipeline.Fidelity)
		if err := json.Unmarshal([]byte(fidelity.String), it.Fidelity); err != nil {
			return Item{}, fmt.Errorf("item %s: fidelity: %w", it.ItemID, err)
		}
	}
	return it, nil
}

// Get returns a job with its items and their timelines. Another tenant's job is
// not found.
func (s *Service) Get(ctx context.Context, tenantID, jobID string) (Job, error) {
	j, err := getJob(ctx, s.DB, tenantID, jobID)
	if err != nil {
		return Job{}, err
	}
	if j.Items, err = jobItems(ctx, s.DB, jobID); err != nil {
		return Job{}, err
	}
	return j, s.timelines(ctx, &j)
}

func getJob(ctx context.Context, q db.Querier, tenantID, jobID string) (Job, error) {
	j, err := scanJob(q.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs WHERE job_id = $1 AND tenant_id = $2`, jobID, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, ErrJobNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("load job %s: %w", jobID, err)
	}
	return j, nil
}

func jobItems(ctx context.Context, q db.Querier, jobID string) ([]Item, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+itemColumns+` FROM items WHERE job_id = $1 ORDER BY position`, jobID)
	if err != nil {
		return nil, fmt.Errorf("load items of job %s: %w", jobID, err)
	}
	defer rows.Close()
	items := []Item{}
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return items, tellWaits(ctx, q, ofJob(jobID, items))
}

func (s *Service) timelines(ctx context.Context, j *Job) error {
	rows, err := s.DB.QueryContext(ctx, `SELECT `+stepColumns+` FROM item_steps t JOIN items i ON i.item_id = t.item_id
		WHERE i.job_id = $1 ORDER BY t.attempt, t.started_at, `+stepOrder, j.JobID)
	if err != nil {
		return fmt.Errorf("load the timeline of job %s: %w", j.JobID, err)
	}
	at := make(map[string]*Item, len(j.Items))
	for i := range j.Items {
		at[j.Items[i].ItemID] = &j.Items[i]
	}
	return addSteps(rows, at)
}

// stepOrder puts steps of one millisecond into the order in which a picture goes through them.
const stepOrder = `CASE t.step WHEN 'ingest' THEN 1 WHEN 'cutout' THEN 2 WHEN 'turn' THEN 3 WHEN 'place' THEN 4 WHEN 'upscale' THEN 5 WHEN 'lock' THEN 6 ELSE 7 END`

const stepColumns = `t.item_id, t.attempt, t.step, t.status, t.error_code, t.started_at, t.ended_at`

// addSteps reads and closes rows of stepColumns and adds each to its item.
func addSteps(rows *sql.Rows, items map[string]*Item) error {
	defer rows.Close()
	for rows.Next() {
		var id string
		var st Step
		var started int64
		var ended sql.NullInt64
		if err := rows.Scan(&id, &st.Attempt, &st.Step, &st.Status, &st.ErrorCode, &started, &ended); err != nil {
			return err
		}
		st.StartedAt, st.EndedAt = db.Time(started), db.MaybeTime(ended)
		if ended.Valid {
			ms := ended.Int64 - started
			st.Millis = &ms
		}
		if it := items[id]; it != nil {
			it.Steps = append(it.Steps, st)
		}
	}
	return rows.Err()
}

// getItem returns an item and its job's id; ErrItemNotFound for an item of
// another tenant, and for one of another job unless jobID is "".
func getItem(ctx context.Context, q db.Querier, tenantID, jobID, itemID string) (Item, string, error) {
	row := q.QueryRowContext(ctx, `SELECT job_id, `+itemColumns+` FROM items WHERE item_id = $1 AND tenant_id = $2`, itemID, tenantID)
	var owner string
	it, err := scanItem(prefixed{row, &owner})
	if errors.Is(err, sql.ErrNoRows) || err == nil && jobID != "" && owner != jobID {
		return Item{}, "", ErrItemNotFound
	}
	if err != nil {
		return Item{}, "", fmt.Errorf("load item %s: %w", itemID, err)
	}
	return it, owner, tellWaits(ctx, q, func(yield func(string, *Item) bool) { yield(owner, &it) })
}

// prefixed scans one column before those that a scan function asks for.
type prefixed struct {
	r     scanner
	first any
}

func (p prefixed) Scan(dest ...any) error { return p.r.Scan(append([]any{p.first}, dest...)...) }

// OutputURL returns a short-lived URL of an item's finished picture.
func (s *Service) OutputURL(ctx context.Context, tenantID, itemID string) (string, error) {
	return s.itemURL(ctx, tenantID, itemID, s.Containers.Outputs, func(it Item) *string { return it.OutputBlobPath })
}

// CutoutURL returns a short-lived URL of an item's cut-out.
func (s *Service) CutoutURL(ctx context.Context, tenantID, itemID string) (string, error) {
	return s.itemURL(ctx, tenantID, itemID, s.Containers.Outputs, func(it Item) *string { return it.CutoutBlobPath })
}

// RawURL returns a short-lived URL of an item's photo as it was uploaded.
func (s *Service) RawURL(ctx context.Context, tenantID, itemID string) (string, error) {
	return s.itemURL(ctx, tenantID, itemID, s.Containers.Raw, func(it Item) *string { return it.RawBlobPath })
}

func (s *Service) itemURL(ctx context.Context, tenantID, itemID, container string, path func(Item) *string) (string, error) {
	it, _, err := getItem(ctx, s.DB, tenantID, "", itemID)
	if err != nil {
		return "", err
	}
	p := path(it)
	if p == nil {
		return "", ErrOutputMissing.With("it is %s", it.Status)
	}
	return s.readURL(ctx, container, *p)
}

// ExportURL returns a short-lived URL of a job's ZIP, and what people call the ZIP: by the
// job's name, else by its day.
func (s *Service) ExportURL(ctx context.Context, tenantID, jobID string) (url, name string, err error) {
	j, err := getJob(ctx, s.DB, tenantID, jobID)
	if err != nil {
		return "", "", err
	}
	if j.ExportBlobPath == nil {
		return "", "", ErrExportMissing.With("the job is %s", j.Status)
	}
	name = cmp.Or(j.Name, "opal-"+j.CreatedAt.UTC().Format(time.DateOnly))
	u, err := s.Blobs.ReadURL(ctx, s.Containers.Exports, *j.ExportBlobPath, s.ReadTTL, blob.ReadURLOptions{DownloadName: name + ".zip"})
	if err != nil {
		return "", "", fmt.Errorf("sign a URL of %s: %w", *j.ExportBlobPath, err)
	}
	return u, name, nil
}

func (s *Service) readURL(ctx context.Context, container, path string) (string, error) {
	var o blob.ReadURLOptions
	if container == s.Containers.Raw {
		o.ContentType = photoType(path)
	}
	u, err := s.Blobs.ReadURL(ctx, container, path, s.ReadTTL, o)
	if err != nil {
		return "", fmt.Errorf("sign a URL of %s: %w", path, err)
	}
	return u, nil
}

// photoTypes are the content types of photos by the ends of their names.
var photoTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heif", ".tif": "image/tiff",
	".tiff": "image/tiff",
}

// photoType returns the type that a photo is served as: a photo can be a page, too, and
// whoever put it named any type.
func photoType(name string) string {
	return cmp.Or(photoTypes[strings.ToLower(path.Ext(name))], "image/jpeg")
}
