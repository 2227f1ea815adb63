// Package preflight holds single pictures that tenants send against channels' rules, for
// programs that want to know before they publish.
//
// Where it is known where the product is, the answer comes at the same moment. Else the
// picture is kept, a worker cuts the product out (work.go), and the picture is deleted
// when the check has ended. The result is kept for Kept.
package preflight

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The states of a check.
const (
	Queued     = "queued"
	Processing = "processing"
	Completed  = "completed"
	Failed     = "failed"
)

const (
	// Kept is how long results are kept, where retention is no shorter.
	Kept = 30 * 24 * time.Hour
	// MaxOpen bounds a tenant's checks that wait for a worker.
	MaxOpen = 200
	// MaxFilename bounds a file's name, in bytes.
	MaxFilename = 255

	// atOnce bounds the pictures that are checked while their senders wait. More are left
	// to the workers.
	atOnce = 2
	// atOncePixels is the size from which a picture is left to the workers.
	atOncePixels = 20_000_000
	// maxHeld bounds the bytes of the files that are in memory while they are sent.
	maxHeld = 4 * imagefile.MaxBytes
	// holdPatience is how long a call waits for its share of that.
	holdPatience = 10 * time.Second
)

// Errors of callers.
var (
	ErrNotFound = fault.New(fault.NotFound, "check_not_found", "There is no such check; they are kept for 30 days")
	ErrName     = fault.New(fault.Invalid, "filename_invalid", fmt.Sprintf("A file's name has 1 to %d bytes, without control characters", MaxFilename))
	ErrCategory = fault.New(fault.Invalid, "category_unknown", "No channel that is asked for has rules for that category of products")
	ErrMask     = fault.New(fault.Invalid, "mask_invalid", "The mask can't be used: it must be a picture of the same size, white or opaque where the product is")
	ErrFull     = fault.New(fault.RateLimited, "checks_full", fmt.Sprintf("%d checks wait already; send more when some have ended", MaxOpen))
	ErrBusy     = fault.New(fault.Unavailable, "checks_busy", "Many pictures are being received; send it again in a few seconds")
)

// Errors lists what Create refuses a picture with, beside what package imagefile does.
func Errors() []*fault.Error {
	return []*fault.Error{ErrName, ErrCategory, ErrMask, ErrFull, ErrBusy, imagefile.ErrEmpty, imaging.ErrDecoderDied, imaging.ErrNoHEIF, imaging.ErrNoChild}
}

// Options are what a Service works with.
type Options struct {
	DB      *db.DB
	Blobs   blob.Store
	Raw     string // the container of pictures that wait
	Outbox  *queue.Outbox
	Decoder pipeline.Decoder
	Cutter  pipeline.Cutter // nil in processes that have no worker
	Lease   time.Duration   // of a check; 0: the default
	Kept    time.Duration   // 0: Kept
}

// Service keeps the checks. It is safe for concurrent use.
type Service struct {
	Options
	places *semaphore.Weighted // pictures that are checked while their senders wait
	memory *semaphore.Weighted // bytes of files
}

// New returns the service.
func New(o Options) *Service {
	if o.Kept <= 0 || o.Kept > Kept {
		o.Kept = Kept
	}
	return &Service{Options: o, places: semaphore.NewWeighted(atOnce), memory: semaphore.NewWeighted(maxHeld)}
}

// File is a file that is sent.
type File struct {
	Body io.Reader
	Size int64
}

// NewCheck asks for a check.
type NewCheck struct {
	ID       string // "": a new one; a check that is there under it is returned as it is
	TenantID string
	Filename string // for rules on names
	Picture  File
	Mask     *File // of the picture's size, white or opaque where the product is; nil: none

	Channels []string // by name; with Presets empty, too: all
	Presets  []string
	Slot     string    // the picture's place in a listing, such as MAIN
	Category string    // of the product, such as clothing
	On       time.Time // the day whose rules count; zero: today
}

// Wanted is what a check holds its picture against.
type Wanted struct {
	Presets []string  `json:"presets"`
	On      time.Time `json:"on"`
}

// Check is a picture's check.
type Check struct {
	CheckID, TenantID, Filename, Status string

	On           time.Time // the day whose rules count
	Result       *Result   // nil until it is completed
	ErrorCode    *string
	ErrorMessage *string
	CreatedAt    time.Time
	EndedAt      *time.Time
	ExpiresAt    time.Time // when it is deleted
}

// Open reports whether a worker has yet to end the check.
func (c Check) Open() bool { return c.Status == Queued || c.Status == Processing }

// Result is what a check found.
type Result struct {
	Verdict string          `json:"verdict"` // the worst of the presets'
	Format  string          `json:"format"`
	Width   int             `json:"width"` // pixels of the upright picture
	Height  int             `json:"height"`
	Bytes   int             `json:"bytes"`
	Product *check.Located  `json:"product"` // nil where no rule asked for it
	Presets []PresetVerdict `json:"presets"`
}

// PresetVerdict is a picture held against one preset.
type PresetVerdict struct {
	Preset  string        `json:"preset"`
	Title   string        `json:"title"`
	Channel string        `json:"channel"`
	Verdict string        `json:"verdict"`
	Checks  []check.Check `json:"checks"`
}

// Create checks a picture, or has a worker do so: then the check is Queued. It is
// completed where a mask was sent or no rule asks for the product, and this process has
// room.
//
// Errors: ErrName, ErrCategory, ErrMask, ErrFull, ErrBusy, channel.ErrNoChannel,
// channel.ErrPreset, channel.ErrSlot, those of imagefile.Inspect, and of Decode.
func (s *Service) Create(ctx context.Context, n NewCheck) (Check, error) {
	if n.Filename == "" || len(n.Filename) > MaxFilename || !utf8.ValidString(n.Filename) || strings.ContainsFunc(n.Filename, unicode.IsControl) {
		return Check{}, ErrName
	}
	if n.ID != "" {
		if c, err := s.Get(ctx, n.TenantID, n.ID); !errors.Is(err, ErrNotFound) {
			return c, err
		}
	}
	w, presets, err := wantedOf(n)
	if err != nil {
		return Check{}, err
	}
	size := n.Picture.Size
	if n.Mask != nil {
		size += n.Mask.Size
	}
	if n.Picture.Size > imagefile.MaxBytes || n.Mask != nil && n.Mask.Size > imagefile.MaxBytes {
		return Check{}, imagefile.ErrTooLarge.With("%d bytes", size)
	}
	waiting, stop := context.WithTimeout(ctx, holdPatience)
	err = s.memory.Acquire(waiting, size)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return Check{}, ctx.Err()
		}
		return Check{}, ErrBusy
	}
	defer s.memory.Release(size)
	p, err := readPhoto(n.Picture)
	if err != nil {
		return Check{}, err
	}
	var mask *photo
	if n.Mask != nil {
		m, err := readPhoto(*n.Mask)
		if err != nil {
			return Check{}, maskError(err)
		}
		if m.info.Width != p.info.Width || m.info.Height != p.info.Height {
			return Check{}, ErrMask.With("the mask has %d × %d pixels, the picture %d × %d", m.info.Width, m.info.Height, p.info.Width, p.info.Height)
		}
		mask = &m
	}
	c := Check{CheckID: cmp.Or(n.ID, uuid.Must(uuid.NewV7()).String()), TenantID: n.TenantID, Filename: n.Filename, On: w.On}
	known := mask != nil || p.info.HasAlpha || !needProduct(presets, w.On)
	if known && p.info.Width*p.info.Height <= atOncePixels && s.places.TryAcquire(1) {
		defer s.places.Release(1)
		c.Result, err = s.judge(ctx, p, mask, c.Filename, presets, w.On, false)
		if err != nil {
			return Check{}, err
		}
		if c.Result != nil {
			return s.record(ctx, c, w)
		}
	}
	return s.queue(ctx, c, w, p, mask)
}

// wantedOf returns what a picture is held against.
func wantedOf(n NewCheck) (Wanted, []channel.Preset, error) {
	all, err := channel.Want(n.Channels, n.Presets)
	if err != nil {
		return Wanted{}, nil, err
	}
	if err := channel.CheckSlot(n.Slot); err != nil {
		return Wanted{}, nil, err
	}
	if n.Category != "" && !all.Has(n.Category) {
		return Wanted{}, nil, ErrCategory.With("%.60q", n.Category)
	}
	w := Wanted{On: n.On.UTC()}
	if n.On.IsZero() {
		w.On = time.Now().UTC()
	}
	presets := all.For(n.Slot, n.Category)
	for _, p := range presets {
		w.Presets = append(w.Presets, p.Name)
	}
	return w, presets, nil
}

// record keeps a check that is completed.
func (s *Service) record(ctx context.Context, c Check, w Wanted) (Check, error) {
	result, err := json.Marshal(c.Result)
	if err != nil {
		return Check{}, err
	}
	wanted, err := json.Marshal(w)
	if err != nil {
		return Check{}, err
	}
	if _, err := s.DB.ExecContext(ctx, `INSERT INTO picture_checks (check_id, tenant_id, correlation_id, filename, wanted, status, result, created_at, updated_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, 'completed', $6, now_ms(), now_ms(), now_ms())`,
		c.CheckID, c.TenantID, telemetry.CorrelationID(ctx), c.Filename, string(wanted), string(result)); err != nil {
		return Check{}, fmt.Errorf("record a check: %w", err)
	}
	return s.Get(ctx, c.TenantID, c.CheckID)
}

// queue keeps the picture and asks a worker. The files come first: a row names none that
// are not there.
func (s *Service) queue(ctx context.Context, c Check, w Wanted, p photo, mask *photo) (Check, error) {
	wanted, err := json.Marshal(w)
	if err != nil {
		return Check{}, err
	}
	var full bool
	if full, err = s.full(ctx, s.DB, c.TenantID); err != nil || full {
		return Check{}, fullError(full, err)
	}
	var paths [2]sql.NullString
	for i, f := range []*photo{&p, mask} {
		if f == nil {
			continue
		}
		name := []string{c.Filename, "mask.png"}[i]
		path, err := blob.RawPath(c.TenantID, c.CheckID, "check", name)
		if err != nil {
			return Check{}, err
		}
		if err := s.Blobs.Put(ctx, s.Raw, path, f.file, blob.PutOptions{ContentType: "application/octet-stream", IfNoneMatch: true}); err != nil {
			return Check{}, fmt.Errorf("keep the picture: %w", err)
		}
		paths[i] = sql.NullString{String: path, Valid: true}
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if full, err := s.full(ctx, tx, c.TenantID); err != nil || full {
			return fullError(full, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO picture_checks (check_id, tenant_id, correlation_id, filename, wanted, status, picture_path, mask_path, due_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, now_ms(), now_ms(), now_ms())`,
			c.CheckID, c.TenantID, telemetry.CorrelationID(ctx), c.Filename, string(wanted), paths[0], paths[1]); err != nil {
			return fmt.Errorf("record a check: %w", err)
		}
		return s.ask(ctx, tx, open{id: c.CheckID, tenantID: c.TenantID, correlationID: telemetry.CorrelationID(ctx)})
	})
	if err != nil {
		for _, path := range paths {
			if path.Valid {
				_ = s.Blobs.Delete(context.WithoutCancel(ctx), s.Raw, path.String) // the sweep of files that nobody names finds it otherwise
			}
		}
		return Check{}, err
	}
	return s.Get(ctx, c.TenantID, c.CheckID)
}

func (s *Service) full(ctx context.Context, q db.Querier, tenantID string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM picture_checks WHERE tenant_id = $1 AND status IN ('queued', 'processing')`, tenantID).Scan(&n); err != nil {
		return false, fmt.Errorf("count open checks: %w", err)
	}
	return n >= MaxOpen, nil
}

func fullError(full bool, err error) error {
	if full && err == nil {
		return ErrFull
	}
	return err
}

// open is a check that waits.
type open struct{ id, tenantID, correlationID string }

// ask writes the message for a check. Where the contract's body names a job and an item,
// it has the check: no item has that id, so a worker that doesn't know the kind finds
// nothing to do.
func (s *Service) ask(ctx context.Context, tx *db.Tx, o open, opts ...queue.SendOption) error {
	b := queue.Body{TenantID: o.tenantID, JobID: o.id, ItemID: o.id, CorrelationID: o.correlationID}
	return s.Outbox.SendJob(ctx, tx, b, append(opts, queue.Kind(queue.KindCheck, o.id))...)
}

// Get returns a tenant's check. ErrNotFound, also for another tenant's.
func (s *Service) Get(ctx context.Context, tenantID, checkID string) (Check, error) {
	c := Check{CheckID: checkID, TenantID: tenantID}
	var wanted string
	var result sql.NullString
	var created int64
	var ended sql.NullInt64
	err := s.DB.QueryRowContext(ctx, `SELECT filename, status, wanted, result, error_code, error_message, created_at, ended_at FROM picture_checks WHERE check_id = $1 AND tenant_id = $2`,
		checkID, tenantID).Scan(&c.Filename, &c.Status, &wanted, &result, &c.ErrorCode, &c.ErrorMessage, &created, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return Check{}, ErrNotFound
	}
	if err != nil {
		return Check{}, fmt.Errorf("load check %s: %w", checkID, err)
	}
	var w Wanted
	if err := json.Unmarshal([]byte(wanted), &w); err != nil {
		return Check{}, fmt.Errorf("read check %s: %w", checkID, err)
	}
	c.On = w.On
	if result.Valid {
		c.Result = new(Result)
		if err := json.Unmarshal([]byte(result.String), c.Result); err != nil {
			return Check{}, fmt.Errorf("read the result of check %s: %w", checkID, err)
		}
	}
	c.CreatedAt = db.Time(created)
	c.ExpiresAt = c.CreatedAt.Add(s.Kept)
	c.EndedAt = db.MaybeTime(ended)
	return c, nil
}
