package job

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// MaxVersions bounds the versions of a cut-out, which cost their tenant nothing.
const MaxVersions = 100

// Errors of a change of a cut-out.
var (
	ErrNoCutout     = fault.New(fault.Conflict, "cutout_missing", "Only an item that is completed and whose background was removed has a cut-out to change")
	ErrCutoutBusy   = fault.New(fault.Conflict, "cutout_busy", "A version of this cut-out is being made; wait until it is there")
	ErrVersions     = fault.New(fault.Conflict, "versions_exhausted", fmt.Sprintf("The cut-out has %d versions, as many as it can have", MaxVersions))
	ErrNoVersion    = fault.New(fault.NotFound, "version_not_found", "There is no such version of the cut-out, or it is not completed")
	ErrHintsMissing = fault.New(fault.Invalid, "hints_missing", "Give hints or the version to restore, one of the two")
)

// The states of a version.
const (
	VersionQueued     = "queued"
	VersionProcessing = "processing"
	VersionCompleted  = "completed"
	VersionFailed     = "failed"
)

// Version is one version of an item's cut-out.
type Version struct {
	Version      int
	Status       string
	Current      bool           // it is the item's cut-out
	Base         *int           // the version that the hints are about; nil: the engine's own
	Hints        *picture.Hints // nil: the engine's own
	CutoutURL    *string        // short-lived; nil until it is completed
	ErrorCode    *string
	ErrorMessage *string
	CreatedAt    time.Time
	EndedAt      *time.Time
}

// Change asks for another version of an item's cut-out.
type Change struct {
	TenantID, JobID, ItemID string

	ID      string         // the new version's id; "": a new one. When it is there already, the request was carried out before
	Hints   *picture.Hints // what is wrong with the version that counts; nil: nothing
	Restore int            // the version that is to count again; 0: none
}

// ChangeCutout has a new version of an item's cut-out made as the hints say, or a former
// one count again, free of charge. When the new version is there, it is the item's
// cut-out: its picture is put together and its variants are made again, and the ZIP has
// another round. The item's status, its price and its job's state stay as they are. A
// decision about the former picture does not count for the new one. Items that show the
// same photo in other scenes, and have the same cut-out, follow.
//
// Errors: ErrItemNotFound, ErrNoCutout, ErrCutoutBusy, ErrVersions, ErrNoVersion,
// ErrHintsMissing, picture.ErrHints.
func (s *Service) ChangeCutout(ctx context.Context, c Change) error {
	if (c.Hints == nil) == (c.Restore == 0) {
		return ErrHintsMissing
	}
	if c.Hints != nil {
		if err := c.Hints.Check(0, 0); err != nil {
			return err
		}
	}
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.changeCutout(ctx, tx, c) }); err != nil {
		return fmt.Errorf("change the cut-out of item %s: %w", c.ItemID, err)
	}
	return nil
}

// changeCutout locks in the order of all transitions: the item first.
func (s *Service) changeCutout(ctx context.Context, tx *db.Tx, c Change) error {
	it, siblings, err := lockEntry(ctx, tx, c.ItemID)
	if err != nil {
		return err
	}
	if it.jobID != c.JobID || it.tenantID != c.TenantID {
		return ErrItemNotFound
	}
	if c.ID != "" {
		var there bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM cutout_versions WHERE version_id = $1 AND item_id = $2)`, c.ID, c.ItemID).Scan(&there); err != nil || there {
			return err
		}
	}
	if it.status != ItemCompleted {
		return ErrNoCutout.With("it is %s", it.status)
	}
	newest, open, err := s.versionState(ctx, tx, it)
	if err != nil {
		return err
	}
	if open > 0 {
		return ErrCutoutBusy.With("version %d", open)
	}
	if c.Restore != 0 {
		return s.restore(ctx, tx, it, siblings, c.Restore)
	}
	if newest >= MaxVersions {
		return ErrVersions
	}
	var base int
	var text string
	if err := tx.QueryRowContext(ctx, `SELECT version, checkpoint FROM cutout_versions WHERE item_id = $1 AND is_current`, it.itemID).Scan(&base, &text); err != nil {
		return fmt.Errorf("load the version that counts: %w", err)
	}
	var draft pipeline.Checkpoint
	if err := json.Unmarshal([]byte(text), &draft); err != nil {
		return fmt.Errorf("read version %d: %w", base, err)
	}
	if size := draft.Cutout.Size; size[0] > 0 {
		if err := c.Hints.Check(size[0], size[1]); err != nil {
			return err
		}
	}
	hints, err := json.Marshal(c.Hints)
	if err != nil {
		return err
	}
	return s.nextVersion(ctx, tx, it, nextVersion{id: cmp.Or(c.ID, newID()), version: newest + 1, base: base, hints: string(hints)})
}

// nextVersion is a version that is to be made.
type nextVersion struct {
	id            string
	version, base int
	hints         string         // JSON
	checkpoint    sql.NullString // JSON; NULL: its cut-out isn't made yet
}

// nextVersion records a version of an item's cut-out, and asks for it.
func (s *Service) nextVersion(ctx context.Context, tx *db.Tx, it row, v nextVersion) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO cutout_versions (version_id, item_id, version, job_id, tenant_id, correlation_id, status, base, hints, checkpoint,
			due_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, now_ms(), now_ms(), now_ms())`,
		v.id, it.itemID, v.version, it.jobID, it.tenantID, it.correlationID, v.base, v.hints, v.checkpoint); err != nil {
		return fmt.Errorf("record version %d: %w", v.version, err)
	}
	if err := s.askForVersion(ctx, tx, it.body(), v.id); err != nil {
		return err
	}
	return changed(ctx, tx, it.jobID)
}

// askForVersion writes the message for a version.
func (s *Service) askForVersion(ctx context.Context, tx *db.Tx, b queue.Body, id string, opts ...queue.SendOption) error {
	return s.Outbox.SendJob(ctx, tx, b, append(opts, queue.Kind(queue.KindCutout, id))...)
}

// versionState returns an item's newest version and the one that is being made, 0 when
// none is. The engine's own gets its row with the first change.
func (s *Service) versionState(ctx context.Context, tx *db.Tx, it row) (newest, open int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(max(version), 0), COALESCE(max(CASE WHEN status IN ('queued', 'processing') THEN version END), 0)
		FROM cutout_versions WHERE item_id = $1`, it.itemID).Scan(&newest, &open)
	if err != nil || newest > 0 {
		return newest, open, err
	}
	var text sql.NullString
	var options string
	if err := tx.QueryRowContext(ctx, `SELECT i.placement, j.options FROM items i JOIN jobs j ON j.job_id = i.job_id WHERE i.item_id = $1`, it.itemID).Scan(&text, &options); err != nil {
		return 0, 0, fmt.Errorf("load the engine's cut-out: %w", err)
	}
	var o pipeline.Options
	var c pipeline.Checkpoint
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return 0, 0, err
	}
	if text.Valid {
		if err := json.Unmarshal([]byte(text.String), &c); err != nil {
			return 0, 0, fmt.Errorf("read the engine's cut-out: %w", err)
		}
	}
	if !o.RemoveBackground || c.Cutout == nil || c.Cutout.Path == "" {
		return 0, 0, ErrNoCutout
	}
	layers, err := s.Exporter.Layers(ctx, tx, it.itemID)
	if err != nil {
		return 0, 0, err
	}
	b, err := json.Marshal(layers)
	if err != nil {
		return 0, 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO cutout_versions (version_id, item_id, version, job_id, tenant_id, correlation_id, status, is_current, checkpoint, layers,
			cutout_blob_path, output_blob_path, fidelity, created_at, updated_at, ended_at)
		SELECT $2, item_id, 1, job_id, tenant_id, correlation_id, 'completed', TRUE, placement, $3, cutout_blob_path, output_blob_path, fidelity, ended_at, now_ms(), ended_at
		FROM items WHERE item_id = $1`, it.itemID, newID(), string(b))
	if err != nil {
		return 0, 0, fmt.Errorf("record the engine's cut-out: %w", err)
	}
	return 1, 0, nil
}

// restore has a former version count again, and with the siblings that share the present
// cut-out and had the former one.
func (s *Service) restore(ctx context.Context, tx *db.Tx, it row, siblings []row, version int) error {
	var id, text, path string
	var current bool
	err := tx.QueryRowContext(ctx, `SELECT version_id, layers, cutout_blob_path, is_current FROM cutout_versions WHERE item_id = $1 AND version = $2 AND status = 'completed'`,
		it.itemID, version).Scan(&id, &text, &path, &current)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoVersion.With("%d", version)
	}
	if err != nil {
		return fmt.Errorf("load version %d: %w", version, err)
	}
	if current {
		return nil
	}
	var was string
	if err := tx.QueryRowContext(ctx, `SELECT cutout_blob_path FROM cutout_versions WHERE item_id = $1 AND is_current`, it.itemID).Scan(&was); err != nil {
		return fmt.Errorf("load the version that counts: %w", err)
	}
	tx.AfterCommit(func() {
		telemetry.Log(telemetry.With(ctx, telemetry.IDs{TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID})).Info().Int("version", version).Msg("Restored a cut-out")
	})
	if err := s.countsAgain(ctx, tx, it, id, text); err != nil {
		return err
	}
	for _, o := range siblings {
		err := tx.QueryRowContext(ctx, `SELECT f.version_id, f.layers FROM cutout_versions f
			JOIN cutout_versions c ON c.item_id = f.item_id AND c.is_current AND c.cutout_blob_path = $2
			WHERE f.item_id = $1 AND f.status = 'completed' AND f.cutout_blob_path = $3
				AND NOT EXISTS (SELECT 1 FROM cutout_versions n WHERE n.item_id = f.item_id AND n.status IN ('queued', 'processing'))
			ORDER BY f.version LIMIT 1`, o.itemID, was, path).Scan(&id, &text)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("load the version of a sibling: %w", err)
		}
		if err := s.countsAgain(ctx, tx, o, id, text); err != nil {
			return err
		}
	}
	return nil
}

// countsAgain has a former version, whose layers are given as JSON, count again.
func (s *Service) countsAgain(ctx context.Context, tx *db.Tx, it row, versionID, text string) error {
	var layers picture.Layers
	if err := json.Unmarshal([]byte(text), &layers); err != nil {
		return fmt.Errorf("read version %s: %w", versionID, err)
	}
	return s.counts(ctx, tx, it, versionID, layers, nil)
}

// counts makes a completed version the one that counts: the decision about the former
// picture is forgotten, and the variants are made again. concerns are those of its picture;
// nil: the former ones, but for what they say of the cut-out.
func (s *Service) counts(ctx context.Context, tx *db.Tx, it row, versionID string, layers picture.Layers, concerns []picture.Concern) error {
	former, err := cutoutOf(ctx, tx, `item_id = $1 AND is_current`, it.itemID)
	if err != nil {
		return err
	}
	is, err := cutoutOf(ctx, tx, `version_id = $1`, versionID)
	if err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE cutout_versions SET is_current = FALSE WHERE item_id = $1 AND is_current AND version_id <> $2`,
		`UPDATE cutout_versions SET is_current = TRUE, updated_at = now_ms() WHERE item_id = $1 AND version_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, q, it.itemID, versionID); err != nil {
			return fmt.Errorf("make the version count: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM reviews WHERE item_id = $1`, it.itemID); err != nil {
		return fmt.Errorf("forget the decision: %w", err)
	}
	r := Remake{TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID, CorrelationID: it.correlationID, Layers: layers}
	if err := s.judged(ctx, tx, it, former, is, concerns, &r); err != nil {
		return err
	}
	if _, err := s.Exporter.Remake(ctx, tx, r); err != nil {
		return err
	}
	return changed(ctx, tx, it.jobID)
}

// cutoutOf returns the cut-out of a version. Those of before keep less of it.
func cutoutOf(ctx context.Context, tx *db.Tx, where, id string) (pipeline.CutoutRecord, error) {
	var text sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT checkpoint FROM cutout_versions WHERE `+where, id).Scan(&text); err != nil {
		return pipeline.CutoutRecord{}, fmt.Errorf("load a version's cut-out: %w", err)
	}
	var c pipeline.Checkpoint
	if err := parsed(jsonColumn{text.String, &c}); err != nil {
		return pipeline.CutoutRecord{}, err
	}
	if c.Cutout == nil {
		return pipeline.CutoutRecord{}, nil
	}
	return *c.Cutout, nil
}

// judged keeps with an item what is thought of the cut-out that counts from now on, and says so
// to the variants' remake. Another reason to look than the former cut-out stays one.
func (s *Service) judged(ctx context.Context, tx *db.Tx, it row, former, is pipeline.CutoutRecord, concerns []picture.Concern, r *Remake) error {
	var was bool
	var reason, text sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT needs_review, review_reason, concerns FROM items WHERE item_id = $1`, it.itemID).Scan(&was, &reason, &text); err != nil {
		return err
	}
	needed := was
	switch {
	case is.NeedsReview:
		needed, reason.String = true, is.ReviewReason
	case former.NeedsReview && strings.HasPrefix(reason.String, former.ReviewReason): // channels that refuse it are asked again
		needed, reason.String = false, ""
	}
	if concerns == nil {
		var all []picture.Concern
		if err := parsed(jsonColumn{text.String, &all}); err != nil {
			return err
		}
		concerns = slices.Clone(is.Concerns)
		for _, c := range all {
			if !slices.Contains(former.Concerns, c) {
				concerns = append(concerns, c)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET confidence = $2, needs_review = $3, review_reason = $4, concerns = $5, updated_at = now_ms() WHERE item_id = $1`,
		it.itemID, is.Confidence, needed, sql.NullString{String: reason.String, Valid: reason.String != ""}, concernsText(concerns)); err != nil {
		return fmt.Errorf("keep what is thought of the cut-out: %w", err)
	}
	r.Confidence, r.ReviewReason = is.Confidence, is.ReviewReason
	if !needed {
		return nil
	}
	r.Review = picture.ReviewPending
	if was {
		return nil
	}
	if err := changed(ctx, tx, it.jobID); err != nil { // locks the job, as event.Add asks for
		return err
	}
	return event.Add(ctx, tx, event.New{Type: event.ItemNeedsReview, TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID, Data: it.told(map[string]any{"review_reason": reason.String})})
}

// Versions returns the versions of an item's cut-out, the first first; none for an item
// that has no cut-out yet. ErrItemNotFound for another tenant's item.
func (s *Service) Versions(ctx context.Context, tenantID, jobID, itemID string) ([]Version, error) {
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return nil, err
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT version, status, is_current, base, hints, cutout_blob_path, error_code, error_message, created_at, ended_at
		FROM cutout_versions WHERE item_id = $1 ORDER BY version`, itemID)
	if err != nil {
		return nil, fmt.Errorf("list the versions of item %s: %w", itemID, err)
	}
	defer rows.Close()
	all := []Version{}
	for rows.Next() {
		var v Version
		var hints, path sql.NullString
		var created int64
		var ended sql.NullInt64
		if err := rows.Scan(&v.Version, &v.Status, &v.Current, &v.Base, &hints, &path, &v.ErrorCode, &v.ErrorMessage, &created, &ended); err != nil {
			return nil, err
		}
		v.CreatedAt, v.EndedAt = db.Time(created), db.MaybeTime(ended)
		if hints.Valid {
			v.Hints = new(picture.Hints)
			if err := json.Unmarshal([]byte(hints.String), v.Hints); err != nil {
				return nil, fmt.Errorf("read the hints of version %d: %w", v.Version, err)
			}
		}
		if path.Valid && v.Status == VersionCompleted {
			if err := s.signVersion(ctx, &v, path.String); err != nil {
				return nil, err
			}
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(all) == 0 && it.Status == ItemCompleted && it.CutoutBlobPath != nil && it.EndedAt != nil {
		v := Version{Version: 1, Status: VersionCompleted, Current: true, CreatedAt: *it.EndedAt, EndedAt: it.EndedAt}
		if err := s.signVersion(ctx, &v, *it.CutoutBlobPath); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (s *Service) signVersion(ctx context.Context, v *Version, path string) error {
	u, err := s.readURL(ctx, s.Containers.Outputs, path)
	v.CutoutURL = &u
	return err
}
