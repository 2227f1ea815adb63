package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// window is how many entries of a table become jobs before that is recorded. After a
	// crash the same window makes the same jobs, by their ids: it never changes for an
	// import that is under way.
	window = 500
	// maxGroups bounds the combinations of brand and presets in a table: each is a job of its own in
	// every window.
	maxGroups = 20
	// slice is how many windows a worker does before it lets other imports go first.
	slice = 100
	// hands is how many imports a process works on at the same time.
	hands = 2
	// tick is how often a process looks for imports that others left.
	tick = 2 * time.Second
)

// table is the leased table.
func (s *Imports) table() *lease.Table {
	return &lease.Table{Name: "imports", Key: []string{"import_id"}, Waiting: Queued, Prompt: true, Time: s.Lease,
		Policy: lease.Policy{Outages: []error{blob.ErrUnavailable, db.ErrUnavailable}}}
}

// Run works on imports until the context ends. Any number of processes may run it at the
// same time.
func (s *Imports) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for range hands {
		all.Go(func() {
			look := time.NewTicker(tick)
			defer look.Stop()
			for ctx.Err() == nil {
				worked, err := s.Work(ctx)
				if err != nil && ctx.Err() == nil {
					telemetry.Log(ctx).Warn().Err(err).Msg("An import could not be recorded; it goes on when its lease ends")
				}
				if worked && err == nil {
					continue
				}
				select {
				case <-ctx.Done():
				case <-look.C:
				case <-s.wake:
				}
			}
		})
	}
	all.Wait()
	return nil
}

// held is an import under this worker's fence.
type held struct {
	Import
	lease.Held
	wishes  Wishes
	keyID   string
	entries int  // done
	again   bool // its slice is over, and rows are left
}

// Work takes one import that is due and works on it. It reports whether there was one.
func (s *Imports) Work(ctx context.Context) (worked bool, err error) {
	id, err := s.due(ctx)
	if err != nil || id == "" {
		return false, err
	}
	_, err = lease.Work[*held, struct{}]{
		Table: s.table(), DB: s.DB, Where: `import_id = $1`, Args: []any{id}, Load: s.load,
		Make: func(ctx context.Context, h *held) (struct{}, error) {
			return struct{}{}, s.advance(telemetry.With(ctx, telemetry.IDs{CorrelationID: h.CorrelationID, TenantID: h.TenantID}), h)
		},
		Complete: func(ctx context.Context, h *held, _ struct{}) error { return s.rowsDone(ctx, h) },
		Again: func(ctx context.Context, h *held, v lease.Verdict, cause error) error {
			if cause != nil {
				telemetry.Log(ctx).Warn().Err(cause).Str("import", h.ImportID).Bool("counted", v.Counted).Dur("after_ms", v.After).Msg("An import is tried again")
			}
			return s.table().Again(ctx, s.DB, h.Held, v)
		},
		Fail: s.failed,
	}.Do(ctx)
	return true, err
}

// due finds an import that waits or whose worker died, the one that has waited longest,
// of a tenant none of whose imports is being worked on. One that is being cancelled holds
// up no other, since the next may be its correction.
func (s *Imports) due(ctx context.Context) (id string, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT i.import_id FROM imports i WHERE (i.status = 'queued' AND i.due_at <= now_ms() OR i.status = 'processing' AND i.lease_until < now_ms())
		AND (i.cancelling OR NOT EXISTS (SELECT 1 FROM imports o WHERE o.tenant_id = i.tenant_id AND o.status = 'processing' AND NOT o.cancelling AND o.lease_until >= now_ms())) ORDER BY i.due_at LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for imports: %w", err)
	}
	return id, nil
}

// load reads a claimed import.
func (s *Imports) load(ctx context.Context, tx *db.Tx, row lease.Held) (*held, error) {
	id := row.Key[0]
	h := &held{Held: row}
	var wishes string
	var key sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT wishes, key_id, entries_done FROM imports WHERE import_id = $1`, id).Scan(&wishes, &key, &h.entries); err != nil {
		return nil, err
	}
	var err error
	if h.Import, err = scanImport(tx.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE import_id = $1`, id)); err != nil {
		return nil, err
	}
	h.keyID = key.String
	return h, json.Unmarshal([]byte(wishes), &h.wishes)
}

// advance does what is next for an import.
func (s *Imports) advance(ctx context.Context, h *held) error {
	if h.Cancelling {
		return s.cancelJobs(ctx, h)
	}
	if err := s.fetch(ctx, h); err != nil {
		return err
	}
	if h.Rows == nil {
		if err := s.count(ctx, h); err != nil {
			return err
		}
	}
	return s.rows(ctx, h)
}

// fetch keeps the table of an import that names its address, once, so that it stays the
// same whatever is at the address later.
func (s *Imports) fetch(ctx context.Context, h *held) error {
	if h.SourceURL == nil {
		return nil
	}
	if _, err := s.Blobs.Head(ctx, s.Raw, h.path); !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	if err := s.memory.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.memory.Release(1)
	b, err := s.Fetcher.FetchTable(ctx, *h.SourceURL, MaxFetched)
	if err != nil {
		return err
	}
	err = s.Blobs.Put(ctx, s.Raw, h.path, b, blob.PutOptions{ContentType: "application/octet-stream", IfNoneMatch: true})
	if err != nil && !errors.Is(err, blob.ErrExists) {
		return fmt.Errorf("keep the table: %w", err)
	}
	crashpoint.Reach(crashpoint.ImportFetched)
	return nil
}

// open opens an import's table.
func (s *Imports) open(ctx context.Context, h *held) (*feed.Reader, io.Closer, error) {
	in, _, err := s.Blobs.Open(ctx, s.Raw, h.path, 0, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open the table: %w", err)
	}
	r, err := feed.Open(storeErrors{in})
	if err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	return r, in, nil
}

// storeErrors marks what fails while a table is read as the store's failure, which passes.
type storeErrors struct{ from io.Reader }

// Read implements io.Reader.
func (s storeErrors) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		if _, known := fault.As(err); !known {
			err = fmt.Errorf("read the table: %w: %w", blob.ErrUnavailable, err)
		}
	}
	return n, err
}

// count reads the whole table, so that nothing is ordered by one that is broken further
// on.
func (s *Imports) count(ctx context.Context, h *held) error {
	r, in, err := s.open(ctx, h)
	if err != nil {
		return err
	}
	defer in.Close()
	groups := map[string]bool{}
	n := 0
	for ; ; n++ {
		if n%window == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if groups[groupOf(e.Photo, h.wishes)] = true; len(groups) > maxGroups {
			return ErrUnlike
		}
	}
	rows := r.Rows()
	if err := s.table().GoesOn(ctx, s.DB, h.Held, `format = $1, total_rows = $2, total_entries = $3`, r.Format, rows, n); err != nil {
		return err
	}
	crashpoint.Reach(crashpoint.ImportCounted)
	h.Rows, h.Format = &rows, &r.Format
	telemetry.Log(ctx).Info().Str("import", h.ImportID).Str("format", r.Format).Int("rows", rows).Int("photos", n).Msg("Counted the rows of an import")
	return nil
}

// groupOf tells which rows can be in one job.
func groupOf(p feed.Photo, w Wishes) string {
	brand, presets := wished(p, w)
	return brand + "\x00" + strings.Join(presets, "\x00")
}

func wished(p feed.Photo, w Wishes) (brand string, presets []string) {
	brand, presets = p.Brand, p.Presets
	if brand == "" {
		brand = w.Brand
	}
	if len(presets) == 0 {
		presets = w.Presets
	}
	return brand, presets
}

// numbered is an entry with its number in the table.
type numbered struct {
	feed.Entry
	n int
}

// rows makes jobs of the rows that are left, window by window.
func (s *Imports) rows(ctx context.Context, h *held) error {
	r, in, err := s.open(ctx, h)
	if err != nil {
		return err
	}
	defer in.Close()
	for range h.entries {
		if _, err := r.Next(); err != nil {
			return fmt.Errorf("skip to where the import was: %w", err)
		}
	}
	for range slice {
		var w []numbered
		for len(w) < window {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			w = append(w, numbered{e, h.entries + len(w)})
		}
		if len(w) == 0 {
			return nil
		}
		if err := s.makeWindow(ctx, h, w, r.Rows()); err != nil {
			return err
		}
		if len(w) < window {
			return nil
		}
	}
	h.again = true
	return nil
}

// placed is what a job's row keeps of an entry.
type placed struct {
	Row  int    `json:"row"`
	Line int    `json:"line"`
	Item string `json:"item"`           // the first of the entry's items
	File string `json:"file,omitempty"` // as the table has it
}

// made is a job that a window made.
type made struct {
	seq     int
	jobID   string
	files   int
	entries []placed
}

// group is the entries that can be in jobs of one kind.
type group struct {
	job     job.NewJob // without its items
	entries []numbered
}

// sorted puts the entries of a window into the groups of which jobs are made, and tells which can't
// become items.
func (s *Imports) sorted(ctx context.Context, tenantID string, wishes Wishes, w []numbered) (out []group, bad []numbered, err error) {
	groups := map[string][]numbered{}
	var order []string
	for _, e := range w {
		if e.Err == nil {
			if err := s.Jobs.CheckItem(item(e.Photo, wishes), wishes.Options); err != nil {
				f, ok := fault.As(err)
				if !ok {
					return nil, nil, err
				}
				e.Err = ofRow(f)
			}
		}
		if e.Err != nil {
			bad = append(bad, e)
			continue
		}
		g := groupOf(e.Photo, wishes)
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], e)
	}
	for _, g := range order {
		all := groups[g]
		brand, presets := wished(all[0].Photo, wishes)
		n := wishes.job(tenantID, brand, presets)
		if err := s.Jobs.CheckJob(ctx, n); err != nil {
			f, ok := fault.As(err)
			if !ok || fault.IsTransient(err) {
				return nil, nil, err
			}
			for i := range all {
				all[i].Err = f
			}
			bad = append(bad, all...)
			continue
		}
		out = append(out, group{n, all})
	}
	return out, bad, nil
}

// rowWords put what is said of a job's only entry into words of a table's columns.
var rowWords = strings.NewReplacer("items[0].scene_types", "scene", "items[0].scene_prompt", "prompt", "items[0].", "", "items[0]", "the row")

// ofRow returns the error of an entry in words of its row.
func ofRow(f *fault.Error) *fault.Error {
	if f.Detail() == "" {
		return f
	}
	return f.With("%s", rowWords.Replace(f.Detail()))
}

// makeWindow makes the jobs of a window and records that.
func (s *Imports) makeWindow(ctx context.Context, h *held, w []numbered, rows int) error {
	groups, bad, err := s.sorted(ctx, h.TenantID, h.wishes, w)
	if err != nil {
		return err
	}
	var jobs []made
	for _, g := range groups {
		for part := range slices.Chunk(g.entries, job.MaxItems) {
			m, err := s.makeJob(ctx, h, g.job, part)
			if err != nil {
				return err
			}
			crashpoint.Reach(crashpoint.ImportOrdered)
			jobs = append(jobs, m)
		}
	}
	return s.record(ctx, h, len(w), rows, jobs, bad)
}

// item returns the entry of a job's request for a photo.
func item(p feed.Photo, w Wishes) job.NewItem {
	n := job.NewItem{SourceURL: p.URL, Product: p.Product, SceneTypes: p.Scenes, ScenePrompt: p.Prompt}
	if p.URL == "" {
		n.Filename = path.Base(strings.ReplaceAll(p.File, `\`, "/"))
	}
	if len(n.SceneTypes) == 0 {
		n.SceneTypes = w.Scenes
	}
	if n.ScenePrompt == "" {
		n.ScenePrompt = w.Prompt
	}
	return n
}

// jobID returns the id of the job that begins with an entry: the same after a crash.
func jobID(importID string, first numbered) string {
	id := uuid.MustParse(importID) // its time
	sum := sha256.Sum256(fmt.Appendf(nil, "%s job %d", importID, first.n))
	copy(id[6:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// jobName returns what an import's jobs are called: as its collection is, within a job's length.
func jobName(i Import) string {
	name := []rune(strings.TrimSpace(cmp.Or(i.Name, i.Filename)))
	return strings.TrimSpace(string(name[:min(len(name), job.MaxName)]))
}

// makeJob makes one job, once.
func (s *Imports) makeJob(ctx context.Context, h *held, n job.NewJob, part []numbered) (made, error) {
	n.ID, n.CorrelationID, n.CollectionID = jobID(h.ImportID, part[0]), h.CorrelationID, h.CollectionID
	n.Name = jobName(h.Import)
	for _, e := range part {
		n.Items = append(n.Items, item(e.Photo, h.wishes))
	}
	j, err := s.Jobs.Get(ctx, h.TenantID, n.ID)
	if errors.Is(err, job.ErrJobNotFound) {
		end := func(err error) error { return err }
		if h.keyID != "" && s.Orders != nil {
			if end, err = s.Orders.Order(ctx, h.keyID, n.ID, n); err != nil {
				return made{}, err
			}
		}
		j, err = s.Jobs.Create(ctx, n)
		err = end(err)
	}
	if err != nil {
		return made{}, err
	}
	m := made{seq: part[0].n, jobID: j.JobID}
	for _, it := range j.Items {
		if it.SceneIndex != 0 || it.RetryOf != nil {
			continue
		}
		if len(m.entries) == len(part) {
			return made{}, fmt.Errorf("job %s has other entries than the table", j.JobID)
		}
		e := part[len(m.entries)]
		m.entries = append(m.entries, placed{Row: e.Row, Line: e.Line, Item: it.ItemID, File: e.File})
		if e.URL == "" {
			m.files++
		}
	}
	if len(m.entries) != len(part) {
		return made{}, fmt.Errorf("job %s has other entries than the table", j.JobID)
	}
	return m, nil
}

// record keeps what a window became, and that it is done.
func (s *Imports) record(ctx context.Context, h *held, entries, rows int, jobs []made, bad []numbered) error {
	photos, files := 0, 0
	for _, m := range jobs {
		photos, files = photos+len(m.entries), files+m.files
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.table().GoesOn(ctx, tx, h.Held, `entries_done = entries_done + $1, rows_done = $2, photos = photos + $3, files = files + $4, failed_entries = failed_entries + $5, tries = 0`,
			entries, rows, photos, files, len(bad)); err != nil {
			return err
		}
		for _, m := range jobs {
			text, err := json.Marshal(m.entries)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO import_jobs (import_id, seq, job_id, files, entries) VALUES ($1, $2, $3, $4, $5)`, h.ImportID, m.seq, m.jobID, m.files, string(text)); err != nil {
				return err
			}
		}
		for _, e := range bad {
			text, err := json.Marshal(e.Photo)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO import_errors (import_id, entry, row_no, line, code, message, photo) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				h.ImportID, e.n, e.Row, e.Line, e.Err.Code, clean(e.Err.Error()), clean(string(text))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record rows: %w", err)
	}
	crashpoint.Reach(crashpoint.ImportRecorded)
	h.entries, h.RowsDone, h.Photos, h.Errors = h.entries+entries, rows, h.Photos+photos, h.Errors+len(bad)
	s.Metrics.rows(photos, len(bad))
	return nil
}

// clean makes a text one that both databases take.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "") }

// cancelJobs cancels the jobs of an import; no more can join.
func (s *Imports) cancelJobs(ctx context.Context, h *held) error {
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.Collections.CloseIn(ctx, tx, h.TenantID, h.CollectionID) }); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	ids, err := s.Collections.Jobs(ctx, h.CollectionID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.Jobs.Cancel(ctx, h.TenantID, id); err != nil && !errors.Is(err, job.ErrJobNotFound) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// rowsDone ends a worker's part: all rows are jobs, or its slice is over.
func (s *Imports) rowsDone(ctx context.Context, h *held) error {
	if h.again {
		return s.table().Again(ctx, s.DB, h.Held, lease.Verdict{Again: true})
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.table().Update(ctx, tx, h.Held, `status = 'working', lease_until = NULL, due_at = NULL, tries = 0, error_code = NULL, error_message = NULL`); err != nil {
			return err
		}
		err := s.Collections.CloseIn(ctx, tx, h.TenantID, h.CollectionID)
		if fault.KindOf(err) == fault.NotFound { // it was deleted, and nothing else ends the import
			return s.end(ctx, tx, h, ErrGroupDeleted)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end the rows of import %s: %w", h.ImportID, err)
	}
	crashpoint.Reach(crashpoint.ImportEnded)
	telemetry.Log(ctx).Info().Str("import", h.ImportID).Int("rows", h.RowsDone).Int("photos", h.Photos).Int("errors", h.Errors).Msg("All rows of an import are jobs")
	return nil
}

// end ends an import with an error, in the caller's transaction.
func (s *Imports) end(ctx context.Context, tx *db.Tx, h *held, why *fault.Error) error {
	i := h.Import
	if i.Status = Failed; i.Cancelling {
		i.Status = Cancelled
	}
	i.ErrorCode = &why.Code
	if _, err := tx.ExecContext(ctx, `UPDATE imports SET status = $2, error_code = $3, error_message = $4, lease_until = NULL, due_at = NULL, ended_at = now_ms(), updated_at = now_ms()
		WHERE import_id = $1 AND ended_at IS NULL`, i.ImportID, i.Status, why.Code, clean(why.Error())); err != nil {
		return err
	}
	s.Metrics.ended(i.Status)
	return told(ctx, tx, i, h.Progress)
}

// mayGoOn reports whether an import that ended in an error may go on once somebody resumes
// it: nobody could pay, a part was away for too long, workers died. An error of the table
// stays one.
func mayGoOn(f *fault.Error) bool {
	switch f.Kind {
	case fault.PaymentRequired, fault.Unavailable, fault.RateLimited, fault.Internal, fault.Unauthorized, fault.Forbidden:
		return true
	}
	return false
}

// failed pauses an import that may go on, and ends others.
func (s *Imports) failed(ctx context.Context, h *held, v lease.Verdict, cause error) error {
	f, known := fault.As(cause)
	switch {
	case v.Rescued:
		f = ErrBrokeOff
	case !known:
		f = errImport
	}
	if mayGoOn(f) && !h.Cancelling {
		if f.Kind != fault.PaymentRequired {
			telemetry.Log(ctx).Error().Err(cause).Str("import", h.ImportID).Msg("An import could not go on")
		}
		telemetry.Log(ctx).Warn().Str("import", h.ImportID).Str("code", f.Code).Int("rows", h.RowsDone).Msg("Paused an import")
		return s.table().Update(ctx, s.DB, h.Held, `status = 'paused', lease_until = NULL, due_at = NULL, error_code = $1, error_message = $2`, f.Code, clean(f.Error()))
	}
	telemetry.Log(ctx).Warn().Err(cause).Str("import", h.ImportID).Msg("An import failed")
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.table().Update(ctx, tx, h.Held, `tries = tries + 1`); err != nil { // holds the fence
			return err
		}
		if err := s.end(ctx, tx, h, f); err != nil {
			return err
		}
		if h.Photos == 0 {
			return s.Collections.Drop(ctx, tx, h.TenantID, h.CollectionID)
		}
		err := s.Collections.CloseIn(ctx, tx, h.TenantID, h.CollectionID)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
}
