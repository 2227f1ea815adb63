package job

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// MaxRemakes bounds how often one item's picture is made again.
const MaxRemakes = 50

// Errors of a picture that is to be made again.
var (
	ErrNotRemakable = fault.New(fault.Conflict, "item_not_finished", "Only the picture of an item that has completed or failed can be made again")
	ErrNoScene      = fault.New(fault.Conflict, "item_without_scene", "The job makes no scenes, so there is nothing to be made otherwise; make a new job")
	ErrRemakes      = fault.New(fault.Conflict, "remakes_exhausted", fmt.Sprintf("The picture was made again %d times, as often as it can be; make a new job of the photo", MaxRemakes))
)

// Other says how the picture of a finished item is to be made again.
type Other struct {
	TenantID, JobID, ItemID string

	ID       string           // the new item's; "": a new one. When it is there already, the request was carried out before
	Scene    string           // scene type; "": as it was
	Prompt   *string          // nil: as it was
	Steering picture.Steering // over what was wished of the item before
	Fresh    bool             // what was wished of the item before doesn't count
}

// remadeCharge is a finished item's charge for another picture: the cut-out is there.
func remadeCharge(j *Job, itemID, photoID, scene string) Charge {
	c := chargeOf(j, itemID, photoID, scene)
	c.Options.RemoveBackground = false
	return c
}

// RemakeCharge returns what making an ended item's picture again would use, in a scene (as it
// was: "").
func (s *Service) RemakeCharge(ctx context.Context, tenantID, jobID, itemID, scene string) (Charge, error) {
	j, err := getJob(ctx, s.DB, tenantID, jobID)
	if err != nil {
		return Charge{}, err
	}
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return Charge{}, err
	}
	if scene = cmp.Or(scene, it.SceneType); it.Status == ItemFailed { // nothing of it was charged
		return chargeOf(&j, "", it.entry, scene), nil
	}
	return remadeCharge(&j, "", it.entry, scene), nil
}

// RemakeItem makes the picture of a finished item again, from its cut-out, with another
// scene, other words or other wishes, and returns the new item that does so. The
// finished one stays as it is; the job's ZIP holds the new picture in its place. One that
// failed is tried again so, as Retry does. The job opens again and ends again. While a
// picture of the item with the same scene, words and wishes is on its way, that one's item is
// returned, with Alike set, and nothing is made or charged.
func (s *Service) RemakeItem(ctx context.Context, o Other) (Item, error) {
	done, _, err := getItem(ctx, s.DB, o.TenantID, o.JobID, o.ItemID)
	if err != nil {
		return Item{}, err
	}
	if done.Status != ItemCompleted && done.Status != ItemFailed {
		return Item{}, ErrNotRemakable.With("it is %s", done.Status)
	}
	w, err := s.wished(ctx, o, done)
	if err != nil {
		return Item{}, err
	}
	if err := s.photoThere(ctx, done); err != nil {
		return Item{}, err
	}
	if done.Status == ItemFailed {
		return s.tryAgain(ctx, Again{TenantID: o.TenantID, JobID: o.JobID, ItemID: o.ItemID, ID: o.ID}, &w)
	}
	steering, err := steeringText(w.steering)
	if err != nil {
		return Item{}, err
	}
	id, alike := cmp.Or(o.ID, newID()), ""
	for range retryRaces {
		err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			alike, err = s.remake(ctx, tx, o, id, w.scene, w.prompt, steering)
			return err
		})
		if !db.IsUnique(err) {
			break
		}
	}
	if err != nil {
		return Item{}, fmt.Errorf("make item %s again: %w", o.ItemID, err)
	}
	it, _, err := getItem(ctx, s.DB, o.TenantID, o.JobID, cmp.Or(alike, id))
	it.Alike = alike != ""
	return it, err
}

// remake inserts and queues the new item. It locks in the order of all transitions:
// items, ledger, job. It returns the item that makes the same picture already, "" where none does.
func (s *Service) remake(ctx context.Context, tx *db.Tx, o Other, id, scene, prompt string, steering sql.NullString) (alike string, err error) {
	rows, err := selectRows(ctx, tx, `item_id = $1 AND status = 'completed'`+tx.ForUpdate(), o.ItemID)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 { // deleted in between
		return "", ErrItemNotFound
	}
	var there, remakes int
	if err := tx.QueryRowContext(ctx, `SELECT count(CASE WHEN item_id = $2 THEN 1 END), count(*) FROM items WHERE remake_of = $1`, o.ItemID, id).Scan(&there, &remakes); err != nil {
		return "", err
	}
	switch {
	case there > 0: // this request was carried out before
		return "", nil
	case remakes >= MaxRemakes:
		return "", ErrRemakes
	}
	if alike, err = onItsWay(ctx, tx, o.ItemID, scene, prompt, steering); err != nil || alike != "" {
		return alike, err
	}
	j, err := getJob(ctx, tx, o.TenantID, o.JobID)
	if err != nil {
		return "", err
	}
	if !j.Options.GenerateScene {
		return "", ErrNoScene
	}
	checkpoint, err := cutoutOnly(ctx, tx, o.ItemID)
	if err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO items
		(item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, source_url, status, due_at,
		 raw_blob_path, cutout_blob_path, placement, confidence, needs_review, review_reason, concerns, remake_of, steering, created_at, updated_at, `+productColumns+`)
		SELECT $2, job_id, tenant_id, correlation_id, (SELECT max(position) + 1 FROM items WHERE job_id = $3), entry_id, filename, scene_index, $4, $5, source_url,
			'queued', now_ms(), raw_blob_path, cutout_blob_path, $6, confidence, needs_review, review_reason, concerns, item_id, $7, now_ms(), now_ms(), `+productColumns+`
		FROM items WHERE item_id = $1`, o.ItemID, id, o.JobID, scene, prompt, checkpoint, steering); err != nil {
		return "", err
	}
	if rows, err = selectRows(ctx, tx, `item_id = $1`, id); err != nil {
		return "", err
	}
	c := remadeCharge(&j, id, rows[0].entry, rows[0].scene)
	if !checkpoint.Valid {
		c.Options.RemoveBackground = j.Options.RemoveBackground
	}
	if err := s.Meter.Reserve(ctx, tx, o.TenantID, c); err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET total = total + 1, open_items = open_items + 1, status = 'processing', finished_at = NULL, late_round = NULL,
		round = round + 1, `+counted+`, updated_at = now_ms() WHERE job_id = $1`, o.JobID); err != nil {
		return "", fmt.Errorf("open the job again: %w", err)
	}
	if err := event.Add(ctx, tx, event.New{Type: event.ItemRetried, TenantID: o.TenantID, JobID: o.JobID, ItemID: id, Data: rows[0].told(map[string]any{"remake_of": o.ItemID})}); err != nil {
		return "", err
	}
	return "", s.Outbox.SendJob(ctx, tx, rows[0].body())
}

// onItsWay returns the item that makes an item's picture again with the same scene, words
// and wishes, and has not ended; "" where there is none.
func onItsWay(ctx context.Context, q db.Querier, itemID, scene, prompt string, steering sql.NullString) (id string, err error) {
	err = q.QueryRowContext(ctx, `SELECT item_id FROM items WHERE remake_of = $1 AND status IN ('queued', 'processing')
		AND scene_type = $2 AND scene_prompt = $3 AND COALESCE(steering, '') = $4 ORDER BY position LIMIT 1`, itemID, scene, prompt, steering.String).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look whether item %s is made again like that already: %w", itemID, err)
	}
	return id, nil
}

// supersede has an item's picture count in the place of another's and of all that were made
// of that before.
func supersede(ctx context.Context, tx *db.Tx, itemID, by string) error {
	var counts string
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(superseded_by, item_id) FROM items WHERE item_id = $1`, itemID).Scan(&counts); err != nil {
		return fmt.Errorf("look which picture counts of item %s: %w", itemID, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE items SET superseded_by = $2 WHERE (item_id = $1 OR superseded_by = $1) AND item_id <> $2`, counts, by); err != nil {
		return fmt.Errorf("have item %s count in the place of %s: %w", by, itemID, err)
	}
	return nil
}

// cutoutOnly returns a finished item's checkpoint without its scene; NULL when it has
// none.
func cutoutOnly(ctx context.Context, q db.Querier, itemID string) (sql.NullString, error) {
	var text sql.NullString
	err := q.QueryRowContext(ctx, `SELECT COALESCE((SELECT v.checkpoint FROM cutout_versions v WHERE v.item_id = items.item_id AND v.is_current), placement) FROM items WHERE item_id = $1`, itemID).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return text, fmt.Errorf("load the cut-out of item %s: %w", itemID, err)
	}
	var c pipeline.Checkpoint
	if text.String != "" {
		if err := json.Unmarshal([]byte(text.String), &c); err != nil {
			return text, fmt.Errorf("read the checkpoint of item %s: %w", itemID, err)
		}
	}
	if c.Cutout == nil {
		return sql.NullString{}, nil
	}
	b, err := json.Marshal(pipeline.Checkpoint{Cutout: c.Cutout})
	return sql.NullString{String: string(b), Valid: true}, err
}

// steeringText returns wishes as a row keeps them; NULL when there are none.
func steeringText(w picture.Steering) (sql.NullString, error) {
	if w.Empty() {
		return sql.NullString{}, nil
	}
	b, err := json.Marshal(w)
	return sql.NullString{String: string(b), Valid: true}, err
}

// checkPrompt fails when there are more words for a scene than are read.
func checkPrompt(prompt string) error {
	if utf8.RuneCountInString(prompt) > MaxPromptLength {
		return ErrRequest.With("scene_prompt is longer than %d characters", MaxPromptLength)
	}
	return nil
}
