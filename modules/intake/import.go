package intake

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

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// The states of an import. A working one has made its jobs, which are worked on; a paused
// one waits for somebody to resume it; the last four have ended.
const (
	Created    = "created" // waits for its table
	Queued     = "queued"
	Processing = "processing" // its rows are becoming jobs
	Working    = "working"
	Paused     = "paused"
	Completed  = "completed" // every row
	Partial    = "partial"
	Failed     = "failed"
	Cancelled  = "cancelled"
)

const (
	// MaxTable bounds a table that is uploaded, in bytes.
	MaxTable = 256 << 20
	// MaxFetched bounds a table that is fetched: it is in memory once.
	MaxFetched = 64 << 20
	// MaxOpen bounds a tenant's imports that have not ended.
	MaxOpen = 20
	// Kept is how long imports are kept after their end, where retention is no shorter.
	Kept = 30 * 24 * time.Hour

	maxName     = 200
	maxFilename = 255
	tableTTL    = blob.MaxUploadTTL
	abandoned   = 24 * time.Hour // after which an import without a table is cancelled
)

// Errors of callers.
var (
	ErrImportNotFound = fault.New(fault.NotFound, "import_not_found", "There is no such import; they are kept for 30 days after their end")
	ErrImportName     = fault.New(fault.Invalid, "import_name_invalid", fmt.Sprintf("An import's name has at most %d characters, without control characters", maxName))
	ErrImportFile     = fault.New(fault.Invalid, "filename_invalid", fmt.Sprintf("The table's file name has 1 to %d characters, without control characters and path separators", maxFilename))
	ErrTableMissing   = fault.New(fault.Conflict, "import_file_missing", "The table has not been uploaded; PUT it to the upload_url first")
	ErrTableLarge     = fault.New(fault.TooLarge, "import_file_too_large", fmt.Sprintf("The table is larger than %d MB, or %d MB where it is fetched; leave out columns, or split it", MaxTable>>20, MaxFetched>>20))
	ErrStarted        = fault.New(fault.Conflict, "import_started", "The import has its table already")
	ErrNotPaused      = fault.New(fault.Conflict, "import_not_paused", "Only an import that is paused can be resumed; rows without a picture are in its table of errors, to be mended and sent as another import")
	ErrImportEnded    = fault.New(fault.Conflict, "import_ended", "The import has ended")
	ErrImportsFull    = fault.New(fault.RateLimited, "imports_full", fmt.Sprintf("%d imports have not ended; begin another when one has", MaxOpen))
	ErrCursor         = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this call returned")
	ErrUnlike         = fault.New(fault.Invalid, "import_too_mixed", fmt.Sprintf("The rows ask for more than %d combinations of brand and presets; split the table", maxGroups))
	ErrGroupDeleted   = fault.New(fault.Conflict, "import_collection_deleted", "The import's collection was deleted; the jobs that it made go on")
	ErrAbandoned      = fault.New(fault.Conflict, "import_file_expired", "No table was uploaded and started within a day")
	ErrBrokeOff       = fault.New(fault.Internal, "import_broke_off", "The work on the import broke off repeatedly without getting on; resume it, or ask the operators, who have the details under its correlation id")
)

// ImportErrors are the errors with which an import may be paused or end, and those of its
// rows, beside those of jobs and of fetching, for the documentation.
var ImportErrors = slices.Concat(TableErrors, []*fault.Error{ErrTableLarge, ErrUnlike, ErrAbandoned, ErrGroupDeleted, ErrBrokeOff, feed.ErrRow, feed.ErrNoPhoto, feed.ErrDuplicate, feed.ErrCell, feed.ErrMany, feed.ErrFile})

// TableErrors are the errors of a table that can't be read.
var TableErrors = []*fault.Error{feed.ErrEmpty, feed.ErrNotTable, feed.ErrColumns, feed.ErrRecord, feed.ErrTooManyRows}

// errImport stands for errors that have no code of their own.
var errImport = fault.New(fault.Internal, "internal", "The import could not go on; resume it later, or ask the operators, who have the details under its correlation id")

// Wishes are what a row gets that doesn't ask for something itself.
type Wishes struct {
	Brand       string           `json:"brand,omitempty"`
	Presets     []string         `json:"presets,omitempty"`
	Scenes      []string         `json:"scenes,omitempty"`
	Prompt      string           `json:"prompt,omitempty"`
	Options     pipeline.Options `json:"options"`
	Review      string           `json:"review,omitempty"`
	ReviewBelow *float64         `json:"review_below,omitempty"`
}

// NewImport asks for an import.
type NewImport struct {
	ID            string // "": a new one; when it is there already, the request was carried out before
	TenantID      string
	CorrelationID string
	Name          string
	Filename      string // "": of the address, or table
	SourceURL     string // where the table is fetched; "": it is uploaded
	KeyID         string // the API key whose budget pays; "": none has to
	Wishes        Wishes
}

// Import is a table on its way to jobs.
type Import struct {
	ImportID      string
	TenantID      string
	CorrelationID string
	CollectionID  string
	Name          string
	Filename      string
	SourceURL     *string
	Status        string
	Cancelling    bool
	Format        *string
	Rows          *int // of the table; nil: not counted yet
	RowsDone      int
	Photos        int // that became items
	Files         int // of them, those that are uploaded
	Errors        int // rows and photos that could not become items
	ErrorCode     *string
	ErrorMessage  *string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	EndedAt       *time.Time

	Progress  collection.Progress // of its jobs
	UploadURL string              // where to PUT the table, while it waits for it

	path string
}

// Ended reports whether the import has ended.
func (i Import) Ended() bool {
	switch i.Status {
	case Completed, Partial, Failed, Cancelled:
		return true
	}
	return false
}

// Jobs is the job module's service, as far as imports need it.
type Jobs interface {
	Create(ctx context.Context, n job.NewJob) (job.Job, error)
	Get(ctx context.Context, tenantID, jobID string) (job.Job, error)
	Cancel(ctx context.Context, tenantID, jobID string) error
	// CheckItem refuses an entry for these steps that Create would refuse.
	CheckItem(n job.NewItem, steps pipeline.Options) error
	// CheckJob refuses what Create would refuse of a job beside its entries.
	CheckJob(ctx context.Context, n job.NewJob) error
	// Unsent returns the items of a job that wait for their photo.
	Unsent(ctx context.Context, tenantID, jobID string) (itemIDs []string, err error)
	UploadURL(ctx context.Context, r job.UploadRequest) (url, rawBlobPath string, err error)
}

// Collections is the collection module's service, as far as imports need it.
type Collections interface {
	Get(ctx context.Context, tenantID, id string) (collection.Collection, error)
	Jobs(ctx context.Context, collectionID string) ([]string, error)
	CreateIn(ctx context.Context, tx *db.Tx, n collection.NewCollection) error
	CloseIn(ctx context.Context, tx *db.Tx, tenantID, id string) error
	// Drop deletes a collection that has no jobs.
	Drop(ctx context.Context, tx *db.Tx, tenantID, id string) error
}

// Orders sets the price of a job aside from the budget of an API key, before the job is
// made. The job's error is handed to end, which returns it. The same id is ordered once.
type Orders interface {
	Order(ctx context.Context, keyID, id string, n job.NewJob) (end func(error) error, err error)
}

// ImportOptions are what the imports are made of.
type ImportOptions struct {
	DB          *db.DB
	Blobs       blob.Store
	Raw         string // the container of tables
	Fetcher     *Fetcher
	Jobs        Jobs
	Collections Collections
	Orders      Orders        // nil: keys have no budgets
	Lease       time.Duration // of a worker on an import; 0: lease.DefaultTime
	Kept        time.Duration // 0: Kept
	Metrics     *Metrics      // nil: none
}

// Imports holds the imports of all tenants. It is safe for concurrent use.
type Imports struct {
	ImportOptions
	wake   chan struct{}       // there may be something to do
	memory *semaphore.Weighted // fetched tables
	looks  *semaphore.Weighted // previews
}

// NewImports returns the service.
func NewImports(o ImportOptions) *Imports {
	if o.Kept <= 0 || o.Kept > Kept {
		o.Kept = Kept
	}
	return &Imports{ImportOptions: o, wake: make(chan struct{}, 1), memory: semaphore.NewWeighted(1), looks: semaphore.NewWeighted(looksAtOnce)}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Create makes an import. One whose table is fetched begins immediately; else the table
// is PUT to its UploadURL and the import started. Errors: ErrImportName, ErrImportFile,
// ErrImportsFull, those of addresses, and those of the wishes.
func (s *Imports) Create(ctx context.Context, n NewImport) (Import, error) {
	if n.ID != "" {
		if i, err := s.Get(ctx, n.TenantID, n.ID); !errors.Is(err, ErrImportNotFound) {
			return i, err
		}
	}
	n.ID = cmp.Or(n.ID, newID())
	if !fault.IsLine(n.Name, maxName) {
		return Import{}, ErrImportName
	}
	if n.SourceURL != "" {
		if err := s.Fetcher.Check(n.SourceURL); err != nil {
			return Import{}, ofTable(err)
		}
	}
	n.Filename = cmp.Or(n.Filename, lastPart(n.SourceURL), "table.csv")
	if !fault.IsLine(n.Filename, maxFilename) || n.Filename == "." || n.Filename == ".." || strings.ContainsAny(n.Filename, `/\`) {
		return Import{}, ErrImportFile
	}
	w := n.Wishes
	if err := s.checkWishes(ctx, n.TenantID, w); err != nil {
		return Import{}, err
	}
	path, err := blob.RawPath(n.TenantID, n.ID, "import", n.Filename)
	if err != nil {
		return Import{}, err
	}
	if n.SourceURL == "" { // before anything is written: a store that can't sign leaves no import behind
		if _, err := s.Blobs.UploadURL(ctx, s.Raw, path, tableTTL, MaxTable); err != nil {
			return Import{}, fmt.Errorf("sign an upload URL: %w", err)
		}
	}
	wishes, err := json.Marshal(w)
	if err != nil {
		return Import{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		var open int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM imports WHERE tenant_id = $1 AND ended_at IS NULL`, n.TenantID).Scan(&open); err != nil {
			return err
		}
		if open >= MaxOpen {
			return ErrImportsFull
		}
		status, due := Created, sql.NullInt64{}
		if n.SourceURL != "" {
			now, err := db.Now(ctx, tx)
			if err != nil {
				return err
			}
			status, due = Queued, sql.NullInt64{Int64: now.UnixMilli(), Valid: true}
		}
		group := collection.NewID()
		if err := s.Collections.CreateIn(ctx, tx, collection.NewCollection{ID: group, TenantID: n.TenantID, CorrelationID: n.CorrelationID, Name: cmp.Or(n.Name, n.Filename)}); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO imports (import_id, tenant_id, correlation_id, collection_id, name, filename, wishes, key_id, source_url, blob_path, status, due_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now_ms(), now_ms())`,
			n.ID, n.TenantID, n.CorrelationID, group, n.Name, n.Filename, string(wishes), orNull(n.KeyID), orNull(n.SourceURL), path, status, due)
		return err
	})
	if err != nil && !db.IsUnique(err) {
		return Import{}, fmt.Errorf("create an import: %w", err)
	}
	s.hurry()
	return s.Get(ctx, n.TenantID, n.ID)
}

// checkWishes refuses wishes that no row could have.
func (s *Imports) checkWishes(ctx context.Context, tenantID string, w Wishes) error {
	if err := s.Jobs.CheckItem(job.NewItem{Filename: "photo.jpg", ScenePrompt: w.Prompt, SceneTypes: w.Scenes}, w.Options); err != nil {
		return err
	}
	return s.Jobs.CheckJob(ctx, w.job(tenantID, w.Brand, w.Presets))
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// lastPart returns the file name at the end of an address, "" when there is none.
func lastPart(address string) string {
	path, _, _ := strings.Cut(address, "?")
	_, path, _ = strings.Cut(path, "://")
	if !strings.Contains(path, "/") {
		return ""
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	if !fault.IsLine(name, maxFilename) || strings.Trim(name, ".") == "" || strings.ContainsAny(name, `\`) {
		return ""
	}
	return name
}

// job returns the request for a job of a brand and presets, without entries.
func (w Wishes) job(tenantID, brand string, presets []string) job.NewJob {
	return job.NewJob{TenantID: tenantID, BrandProfileID: brand, Presets: presets, Options: w.Options, Review: w.Review, ReviewBelow: w.ReviewBelow}
}

const importColumns = `import_id, tenant_id, correlation_id, collection_id, name, filename, source_url, status, cancelling, format, total_rows, rows_done, photos, files, failed_entries,
	error_code, error_message, created_at, updated_at, ended_at, COALESCE(blob_path, '')`

func scanImport(r interface{ Scan(dest ...any) error }) (Import, error) {
	var i Import
	var created, updated int64
	var ended sql.NullInt64
	if err := r.Scan(&i.ImportID, &i.TenantID, &i.CorrelationID, &i.CollectionID, &i.Name, &i.Filename, &i.SourceURL, &i.Status, &i.Cancelling, &i.Format, &i.Rows, &i.RowsDone, &i.Photos, &i.Files,
		&i.Errors, &i.ErrorCode, &i.ErrorMessage, &created, &updated, &ended, &i.path); err != nil {
		return Import{}, err
	}
	i.CreatedAt, i.UpdatedAt, i.EndedAt = db.Time(created), db.Time(updated), db.MaybeTime(ended)
	return i, nil
}

// Get returns an import with the progress of its jobs; ErrImportNotFound for another
// tenant's.
func (s *Imports) Get(ctx context.Context, tenantID, id string) (Import, error) {
	i, err := scanImport(s.DB.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE import_id = $1 AND tenant_id = $2`, id, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Import{}, ErrImportNotFound
	}
	if err != nil {
		return Import{}, fmt.Errorf("load import %s: %w", id, err)
	}
	c, err := s.Collections.Get(ctx, tenantID, i.CollectionID)
	if err != nil && !errors.Is(err, collection.ErrNotFound) { // it may have been deleted since
		return Import{}, err
	}
	i.Progress = c.Progress
	if i.Status == Created {
		if i.UploadURL, err = s.Blobs.UploadURL(ctx, s.Raw, i.path, tableTTL, MaxTable); err != nil {
			return Import{}, fmt.Errorf("sign an upload URL: %w", err)
		}
	}
	return i, nil
}

// Start says that an import's table has been PUT. Repeated, it changes nothing. Errors:
// ErrImportNotFound, ErrTableMissing, ErrTableLarge, ErrImportEnded.
func (s *Imports) Start(ctx context.Context, tenantID, id string) (Import, error) {
	i, err := s.Get(ctx, tenantID, id)
	if err != nil || i.Status != Created {
		if err == nil && i.Ended() {
			err = ErrImportEnded.With("it is %s", i.Status)
		}
		return i, err
	}
	info, err := s.Blobs.Head(ctx, s.Raw, i.path)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return Import{}, ErrTableMissing
	case err != nil:
		return Import{}, fmt.Errorf("look for the table of import %s: %w", id, err)
	case info.Size > MaxTable:
		return Import{}, ErrTableLarge
	}
	if _, err := s.DB.ExecContext(ctx, `UPDATE imports SET status = 'queued', due_at = now_ms(), updated_at = now_ms() WHERE import_id = $1 AND status = 'created'`, id); err != nil {
		return Import{}, fmt.Errorf("start import %s: %w", id, err)
	}
	s.hurry()
	return s.Get(ctx, tenantID, id)
}

// Resume lets a paused import go on. Errors: ErrImportNotFound, ErrNotPaused.
func (s *Imports) Resume(ctx context.Context, tenantID, id string) (Import, error) {
	r, err := s.DB.ExecContext(ctx, `UPDATE imports SET status = 'queued', due_at = now_ms(), tries = 0, rescues = 0, error_code = NULL, error_message = NULL, updated_at = now_ms()
		WHERE import_id = $1 AND tenant_id = $2 AND status = 'paused'`, id, tenantID)
	if err != nil {
		return Import{}, fmt.Errorf("resume import %s: %w", id, err)
	}
	i, err := s.Get(ctx, tenantID, id)
	if err != nil {
		return Import{}, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return Import{}, errors.Join(err, ErrNotPaused.With("it is %s", i.Status))
	}
	s.hurry()
	return i, nil
}

// Cancel stops an import: no more rows become jobs, and what has not ended is cancelled.
// Pictures that are finished stay. Repeated, it changes nothing. Errors:
// ErrImportNotFound, ErrImportEnded.
func (s *Imports) Cancel(ctx context.Context, tenantID, id string) (Import, error) {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		i, err := scanImport(tx.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE import_id = $1 AND tenant_id = $2`+tx.ForUpdate(), id, tenantID))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrImportNotFound
		case err != nil:
			return err
		case i.Cancelling, i.Status == Cancelled:
			return nil
		case i.Ended():
			return ErrImportEnded.With("it is %s", i.Status)
		case i.Status == Created:
			return s.abandon(ctx, tx, i, nil)
		}
		// a worker that holds it loses it
		_, err = tx.ExecContext(ctx, `UPDATE imports SET status = 'queued', cancelling = TRUE, due_at = now_ms(), lease_until = NULL, tries = 0, rescues = 0, error_code = NULL, error_message = NULL,
			updated_at = now_ms() WHERE import_id = $1`, id)
		return err
	})
	if err != nil {
		return Import{}, fmt.Errorf("cancel import %s: %w", id, err)
	}
	s.hurry()
	return s.Get(ctx, tenantID, id)
}

// abandon cancels an import that has no table; why is nil where that was asked for.
func (s *Imports) abandon(ctx context.Context, tx *db.Tx, i Import, why *fault.Error) error {
	code, text := sql.NullString{}, sql.NullString{}
	if why != nil {
		code, text = orNull(why.Code), orNull(why.Text)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE imports SET status = 'cancelled', error_code = $2, error_message = $3, ended_at = now_ms(), updated_at = now_ms() WHERE import_id = $1`, i.ImportID, code, text); err != nil {
		return err
	}
	if err := s.Collections.Drop(ctx, tx, i.TenantID, i.CollectionID); err != nil {
		return err
	}
	i.Status = Cancelled
	return told(ctx, tx, i, collection.Progress{})
}

// told writes the event of an import's end.
func told(ctx context.Context, tx *db.Tx, i Import, p collection.Progress) error {
	data := map[string]any{"import_id": i.ImportID, "collection_id": i.CollectionID, "name": i.Name, "status": i.Status, "rows": i.RowsDone, "photos": i.Photos, "errors": i.Errors,
		"items": p.Total, "completed": p.Completed, "failed": p.Failed, "cancelled": p.Cancelled}
	if i.ErrorCode != nil {
		data["error_code"] = *i.ErrorCode
	}
	return event.Add(ctx, tx, event.New{Type: event.ImportFinished, TenantID: i.TenantID, JobID: i.ImportID, Data: data})
}

// CollectionEnded ends the import whose jobs a collection holds, in the transaction in
// which the collection ends.
func (s *Imports) CollectionEnded(ctx context.Context, tx *db.Tx, e collection.Ended) error {
	i, err := scanImport(tx.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE collection_id = $1 AND ended_at IS NULL`+tx.ForUpdate(), e.CollectionID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the import of collection %s: %w", e.CollectionID, err)
	}
	why := (*fault.Error)(nil)
	switch {
	case e.Deleted:
		i.Status, why = Cancelled, ErrGroupDeleted
	case i.Cancelling:
		i.Status = Cancelled
	case e.Progress.Completed == 0:
		i.Status = Failed
	case i.Errors > 0 || e.Status != collection.Completed:
		i.Status = Partial
	default:
		i.Status = Completed
	}
	if why != nil {
		i.ErrorCode, i.ErrorMessage = &why.Code, &why.Text
	}
	if _, err := tx.ExecContext(ctx, `UPDATE imports SET status = $2, error_code = $3, error_message = $4, lease_until = NULL, due_at = NULL, ended_at = now_ms(), updated_at = now_ms() WHERE import_id = $1`,
		i.ImportID, i.Status, i.ErrorCode, i.ErrorMessage); err != nil {
		return fmt.Errorf("end import %s: %w", i.ImportID, err)
	}
	s.Metrics.ended(i.Status)
	return told(ctx, tx, i, e.Progress)
}

// hurry has Run look immediately.
func (s *Imports) hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
