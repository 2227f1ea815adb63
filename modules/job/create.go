package job

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// Create makes a job and its items: one item per entry and scene. Items whose photo
// is fetched from an address are queued, and their credit is held. A job that is there
// under the request's ID is returned as it was made.
func (s *Service) Create(ctx context.Context, n NewJob) (Job, error) {
	j, brand, err := s.draft(ctx, n)
	if err != nil {
		return Job{}, err
	}
	charges := chargesOf(&j)
	var uploads []upload
	if n.Uploads { // before anything is written: a store that can't sign leaves no job behind
		if uploads, err = s.signUploads(ctx, &j); err != nil {
			return Job{}, err
		}
	}
	there := false
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if n.ID != "" {
			if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE job_id = $1 AND tenant_id = $2)`, n.ID, n.TenantID).Scan(&there); err != nil || there {
				return err
			}
		}
		now, err := db.Now(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.Meter.Check(ctx, tx, n.TenantID, charges); err != nil {
			return err
		}
		j.CreatedAt, j.UpdatedAt = now, now
		if err := insertJob(ctx, tx, &j, brand); err != nil {
			return err
		}
		if n.CallbackURL != "" {
			if j.CallbackSecret, err = s.Callbacks.Callback(ctx, tx, n.TenantID, j.JobID, n.CallbackURL); err != nil {
				return err
			}
		}
		if err := insertUploads(ctx, tx, n.TenantID, uploads, now); err != nil {
			return err
		}
		if err := s.queueSources(ctx, tx, &j, charges); err != nil || n.CollectionID == "" {
			return err
		}
		return s.Groups.Join(ctx, tx, n.TenantID, n.CollectionID, j.JobID) // last, as locks are taken
	})
	if there || (db.IsUnique(err) && n.ID != "") {
		return s.made(ctx, n)
	}
	if err != nil {
		return Job{}, fmt.Errorf("create a job: %w", err)
	}
	j.Counts = Counts{Total: len(j.Items), Open: len(j.Items)}
	return j, nil
}

// made returns the job that a request made before, whose answer was lost.
func (s *Service) made(ctx context.Context, n NewJob) (Job, error) {
	j, err := s.Get(ctx, n.TenantID, n.ID)
	if err != nil {
		return Job{}, err
	}
	j.Items = slices.DeleteFunc(j.Items, func(it Item) bool { return it.RetryOf != nil })
	if n.Uploads {
		if _, err := s.signUploads(ctx, &j); err != nil {
			return Job{}, err
		}
	}
	if n.CallbackURL != "" {
		j.CallbackSecret, err = s.Callbacks.CallbackSecret(ctx, n.TenantID, n.ID)
	}
	return j, err
}

// Charges checks a request as Create does and returns what its items would use.
// It makes nothing.
func (s *Service) Charges(ctx context.Context, n NewJob) ([]Charge, error) {
	j, _, err := s.draft(ctx, n)
	if err != nil {
		return nil, err
	}
	return chargesOf(&j), nil
}

// Plan checks a request as Create does and returns the job that it would make, whose items have no
// ids. It makes nothing.
func (s *Service) Plan(ctx context.Context, n NewJob) (Job, error) {
	j, _, err := s.draft(ctx, n)
	if err != nil {
		return Job{}, err
	}
	j.JobID = ""
	for i := range j.Items {
		j.Items[i].ItemID = ""
	}
	return j, nil
}

// draft checks a request and makes the job of it that would be inserted.
func (s *Service) draft(ctx context.Context, n NewJob) (Job, Brand, error) {
	if n.BrandProfileID == "" {
		n.BrandProfileID = picture.DefaultBrand
	}
	if err := s.validate(&n); err != nil {
		return Job{}, Brand{}, err
	}
	brand, err := s.Brands.Brand(ctx, n.TenantID, n.BrandProfileID)
	if err != nil {
		return Job{}, Brand{}, fmt.Errorf("load brand profile %s: %w", n.BrandProfileID, err)
	}
	brand.Review = n.review(brand.Review)
	for _, it := range n.Items {
		for _, t := range it.SceneTypes {
			if err := s.checkPlate(ctx, n.TenantID, t); err != nil {
				return Job{}, Brand{}, err
			}
		}
	}
	j := Job{
		JobID: cmp.Or(n.ID, newID()), TenantID: n.TenantID, Name: n.Name, BrandProfileID: n.BrandProfileID, Status: JobCreated, CorrelationID: n.CorrelationID,
		Presets: firstNonEmpty(n.Presets, brand.Presets, s.Exporter.DefaultPresets()), Options: n.Options, Items: expand(n.Items, brand.Plates, n.Options),
	}
	if slices.ContainsFunc(j.Items, func(it Item) bool { return it.SourceURL != nil }) {
		j.Status = JobProcessing
	}
	return j, brand, nil
}

func chargesOf(j *Job) []Charge {
	charges := make([]Charge, len(j.Items))
	for i, it := range j.Items {
		charges[i] = chargeOf(j, it.ItemID, it.entry, it.SceneType)
	}
	return charges
}

// Charge returns what one of the job's items uses.
func (j *Job) Charge(it Item) Charge { return chargeOf(j, it.ItemID, it.entry, it.SceneType) }

// chargeOf returns what an item in a scene uses. A photo's own backdrop is neither made nor
// enlarged.
func chargeOf(j *Job, itemID, photoID, scene string) Charge {
	o := j.Options
	if scene == picture.CropOriginal {
		o.GenerateScene, o.Upscale = false, false
	}
	return Charge{ItemID: itemID, JobID: j.JobID, Options: o, Presets: j.Presets, BrandID: j.BrandProfileID, PhotoID: photoID}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func firstNonEmpty(lists ...[]string) []string {
	for _, l := range lists {
		if len(l) > 0 {
			return l
		}
	}
	return nil
}

func (s *Service) validate(n *NewJob) error {
	if len(n.Items) == 0 || len(n.Items) > MaxItems {
		return ErrRequest.With("items must hold 1 to %d entries, got %d", MaxItems, len(n.Items))
	}
	if n.CallbackURL != "" {
		if s.Callbacks == nil {
			return ErrNoCallbacks
		}
		if err := s.Callbacks.CheckURL(n.CallbackURL); err != nil {
			return err
		}
	}
	if n.CollectionID != "" && s.Groups == nil {
		return ErrNoGroups
	}
	name, err := cleanName(n.Name)
	if err != nil {
		return err
	}
	n.Name = name
	for i := range n.Items {
		if err := s.validateItem(&n.Items[i], i, n.Options); err != nil {
			return err
		}
	}
	return s.validateJob(n)
}

// validateItem checks entry i of a request for these steps, and completes it.
func (s *Service) validateItem(it *NewItem, i int, steps pipeline.Options) error {
	if err := s.checkSource(it, i); err != nil {
		return err
	}
	if err := checkFilename(it.Filename); err != nil {
		return err
	}
	if err := s.identify(it, i); err != nil {
		return err
	}
	if utf8.RuneCountInString(it.ScenePrompt) > MaxPromptLength {
		return ErrRequest.With("items[%d].scene_prompt is longer than %d characters", i, MaxPromptLength)
	}
	if len(it.SceneTypes) > MaxScenes || it.SceneCount < 0 || it.SceneCount > MaxScenes {
		return ErrRequest.With("items[%d] asks for more than %d scenes", i, MaxScenes)
	}
	if it.SceneCount > 0 && len(it.SceneTypes) > 0 && it.SceneCount != len(it.SceneTypes) {
		return ErrRequest.With("items[%d].scene_count is %d but scene_types has %d entries; leave one of them out", i, it.SceneCount, len(it.SceneTypes))
	}
	var ok bool
	it.SceneTypes = slices.Clone(it.SceneTypes)
	for k, t := range it.SceneTypes {
		if it.SceneTypes[k], ok = picture.CleanScene(t); !ok {
			return ErrSceneType.With("items[%d].scene_types has %.60q%s", i, t, picture.SceneHint(t))
		}
	}
	return s.checkWishes(picture.Wishes{Steering: it.Steering, Scenes: it.unmade(steps), NoScene: !steps.GenerateScene}, fmt.Sprintf("items[%d].", i))
}

// unmade are the scenes of an entry that its wishes are held against. Where no scene is made those
// of OPAL say how many items there are, as ever; a tenant's own backgrounds are meant to be seen.
func (it *NewItem) unmade(steps pipeline.Options) (scenes []string) {
	for _, t := range it.SceneTypes {
		if _, plate := picture.ParsePlate(t); plate || steps.GenerateScene {
			scenes = append(scenes, t)
		}
	}
	return scenes
}

// checkWishes refuses wishes that make no sense together, and those for presets that there are not.
// at is the path of what holds them in the request, such as "items[3].". Errors: picture.ErrSteering,
// channel.ErrPreset.
func (s *Service) checkWishes(w picture.Wishes, at string) error {
	if err := w.Check(func(field string) string {
		switch field {
		case "no_scene":
			return "processing_options.generate_scene"
		case "scene", "plate":
			return at + "scene_types"
		}
		return at + "steering." + field
	}); err != nil {
		return err
	}
	if names := w.Steering.PhotoShadow.Presets(); len(names) > 0 {
		if err := s.Exporter.CheckPresets(names); err != nil {
			return fmt.Errorf("%ssteering.photo_shadow: %w", at, err)
		}
	}
	return nil
}

// CheckItem refuses an entry of a request for these steps that Create would refuse. It calls nobody.
func (s *Service) CheckItem(n NewItem, steps pipeline.Options) error {
	return s.validateItem(&n, 0, steps)
}

// CheckJob refuses what Create would refuse of a request beside its entries.
func (s *Service) CheckJob(ctx context.Context, n NewJob) error {
	if err := s.validateJob(&n); err != nil {
		return err
	}
	id := cmp.Or(n.BrandProfileID, picture.DefaultBrand)
	if _, err := s.Brands.Brand(ctx, n.TenantID, id); err != nil {
		return fmt.Errorf("load brand profile %s: %w", id, err)
	}
	return nil
}

// Unsent returns the items of a job that wait for their photo. Another tenant's job is
// not found.
func (s *Service) Unsent(ctx context.Context, tenantID, jobID string) (itemIDs []string, err error) {
	if _, err := getJob(ctx, s.DB, tenantID, jobID); err != nil {
		return nil, err
	}
	rows, err := selectRows(ctx, s.DB, `job_id = $1 AND status IN ('created', 'uploaded') ORDER BY position`, jobID)
	if err != nil {
		return nil, fmt.Errorf("load the items of job %s: %w", jobID, err)
	}
	for _, r := range rows {
		itemIDs = append(itemIDs, r.itemID)
	}
	return itemIDs, nil
}

// validateJob checks what a request says for all of its entries.
func (s *Service) validateJob(n *NewJob) error {
	if b := n.ReviewBelow; b != nil && !(*b >= 0 && *b <= 1) {
		return ErrRequest.With("review_below must be between 0 and 1")
	}
	if n.Review != "" && n.Review != "on" && n.Review != "off" {
		return ErrRequest.With("review must be on or off")
	}
	return s.Exporter.CheckPresets(n.Presets)
}

// review returns the request's choice of a review, or else r, the brand's
// choice.
func (n *NewJob) review(r picture.Review) picture.Review {
	switch {
	case n.Review != "":
		r.Off = n.Review == "off"
	case n.ReviewBelow != nil:
		r.Off = false // a threshold asks for the review
	}
	if b := n.ReviewBelow; b != nil {
		r.Below = *b
		r.Off = r.Off || *b == 0 // nothing lies below 0
	}
	return r
}

// checkFilename refuses names that can't be shown or used in download names.
// Blob paths are built from cleaned parts of the name only.
func checkFilename(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxFilename || !utf8.ValidString(name) {
		return ErrFilename.With("it has %d characters", n)
	}
	if name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		return ErrFilename.With("%q", name)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		return ErrFilename.With("%q", name)
	}
	return nil
}

// distinct makes scenes of one photo differ that are named several times: another composition
// each where the scene has several, by a seed above 0, else one alone, which the note says.
func distinct(types []string, wished picture.Steering) (scenes []string, seeds []uint64, note string) {
	count := map[string]int{}
	for _, t := range types {
		n := count[t]
		count[t]++
		_, plain := picture.ParsePaint(t)
		_, plate := picture.ParsePlate(t)
		if n > 0 && (plain || plate || t == picture.CropOriginal || wished.Seed != nil) {
			note = "left out"
			continue
		}
		scenes, seeds = append(scenes, t), append(seeds, uint64(n))
	}
	if note != "" {
		note = fmt.Sprintf("%d of %d scenes are left out: each would be the same picture as another", len(types)-len(scenes), len(types))
	}
	return scenes, seeds, note
}

// expand makes the items of the entries: one per scene, siblings of one entry
// sharing its upload.
// Scenes that an entry doesn't name are the brand's plates, else the usual ones.
func expand(entries []NewItem, plates []string, steps pipeline.Options) []Item {
	known := picture.SceneTypes()
	if len(plates) > 0 {
		known = make([]string, len(plates))
		for i, id := range plates {
			known[i] = picture.PlateScene(id)
		}
	}
	var items []Item
	for _, e := range entries {
		types := e.SceneTypes
		for i := len(types); i < max(1, e.SceneCount); i++ {
			types = append(types, known[i%len(known)])
		}
		types, seeds, note := distinct(types, e.Steering)
		if len(e.SceneTypes) > 0 && !steps.GenerateScene {
			note = picture.Noted(note, "no scene is made, as processing_options.generate_scene is false: scene_types changes nothing but how often the cut-out is made")
		}
		entry := newID()
		status, source := ItemCreated, (*string)(nil)
		if e.SourceURL != "" {
			status, source = ItemQueued, &e.SourceURL
		}
		for i, t := range types {
			steering := e.Steering
			if seeds[i] > 0 {
				steering.Seed = &seeds[i]
			}
			items = append(items, Item{
				Note: note, ItemID: newID(), Filename: e.Filename, Status: status,
				SceneIndex: i, SceneType: t, ScenePrompt: e.ScenePrompt, Steering: steering, Product: e.Product, SourceURL: source, Steps: []Step{}, entry: entry,
			})
		}
	}
	return items
}

func insertJob(ctx context.Context, tx *db.Tx, j *Job, brand Brand) error {
	brandJSON, err := json.Marshal(brand)
	if err != nil {
		return err
	}
	presets, err := json.Marshal(j.Presets)
	if err != nil {
		return err
	}
	options, err := json.Marshal(j.Options)
	if err != nil {
		return err
	}
	now := j.CreatedAt.UnixMilli()
	if _, err := tx.ExecContext(ctx, `INSERT INTO jobs
		(job_id, tenant_id, name, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		j.JobID, j.TenantID, j.Name, j.BrandProfileID, j.CorrelationID, j.Status, string(presets), string(options), string(brandJSON),
		len(j.Items), len(j.Items), now, now); err != nil {
		return fmt.Errorf("insert the job: %w", err)
	}
	if err := insertMany(ctx, tx, `INSERT INTO items
		(item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, source_url, status, due_at, created_at, updated_at, steering, `+productColumns+`)`,
		len(j.Items), func(i int) ([]any, error) { return itemArgs(j, i) }); err != nil {
		return fmt.Errorf("insert the items: %w", err)
	}
	return event.Add(ctx, tx, event.New{Type: event.JobCreated, TenantID: j.TenantID, JobID: j.JobID, Data: map[string]any{"items": len(j.Items)}})
}

// itemArgs are a new item's values, in the order in which insertJob names them.
func itemArgs(j *Job, i int) ([]any, error) {
	it := &j.Items[i]
	it.CreatedAt, it.UpdatedAt = j.CreatedAt, j.CreatedAt
	steering, err := steeringText(it.Steering)
	if err != nil {
		return nil, err
	}
	now := j.CreatedAt.UnixMilli()
	return append([]any{it.ItemID, j.JobID, j.TenantID, j.CorrelationID, i, it.entry, it.Filename, it.SceneIndex, it.SceneType, it.ScenePrompt, it.SourceURL,
		it.Status, sql.NullInt64{Int64: now, Valid: it.Status == ItemQueued}, now, now, steering}, productArgs(it.Product)...), nil
}
