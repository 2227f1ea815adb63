package brand

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

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// MaxPlates bounds a tenant's plates.
const MaxPlates = 200

// maxPlateFilename bounds the name of a photograph's file, in characters.
const maxPlateFilename = 255

// forgottenPlate is how long a plate may be invisible whose process died while its file
// was stored or deleted.
const forgottenPlate = time.Hour

// Errors of callers with plates.
var (
	ErrPlateNotFound = fault.New(fault.NotFound, "plate_not_found", "There is no such plate")
	ErrPlateName     = fault.New(fault.Invalid, "plate_name_invalid", fmt.Sprintf("A plate's name has 1 to %d characters, without control characters", MaxName))
	ErrPlateFilename = fault.New(fault.Invalid, "plate_filename_invalid", fmt.Sprintf("A photograph's file name has 1 to %d characters, without control characters", maxPlateFilename))
	ErrPlatesFull    = fault.New(fault.Conflict, "plates_full", fmt.Sprintf("There are %d plates, as many as a tenant can have; delete one first", MaxPlates))
	ErrPlateUsed     = fault.New(fault.Conflict, "plate_in_use", "A brand profile names the plate; take it out there first")
	ErrPlateWanted   = fault.New(fault.Conflict, "plate_in_use_by_items", "Items that are not finished name the plate; wait for them or leave them out, or delete it with force=true, and they fail")
)

// Plate is a photograph of a tenant's own set or place, in which products are stood.
type Plate struct {
	ID, Name, Filename string

	Path          string // of its file
	Width, Height int    // pixels
	Bytes         int64
	Guess         picture.Plate // what was estimated
	Plate         picture.Plate // the same, as people corrected it
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// NewPlate is a photograph that becomes a plate.
type NewPlate struct {
	ID             string // "": a new one; a plate that is there under it is returned as it is
	Name, Filename string
	File           []byte // as it was sent
}

// PreparedPlate is a photograph as it is stored.
type PreparedPlate struct {
	File          []byte
	Width, Height int
	Guess         picture.Plate
}

// PlateFiles keeps the files of plates.
type PlateFiles interface {
	// Prepare decodes a photograph as photos are decoded, and estimates what it shows.
	Prepare(ctx context.Context, photo []byte) (PreparedPlate, error)
	Put(ctx context.Context, path string, file []byte) error
	// UploadURL returns a URL that a photograph can be PUT to, once.
	UploadURL(ctx context.Context, path string) (string, error)
	// Uploaded returns what was PUT there. Errors: ErrPlateMissing; one of kind TooLarge.
	Uploaded(ctx context.Context, path string) ([]byte, error)
	// Delete deletes a file; one that is not there is deleted.
	Delete(ctx context.Context, path string) error
}

// Plates holds the plates of all tenants. It is safe for concurrent use.
type Plates struct {
	// Wanted returns the items that are not finished and name a plate, some of them; nil: there
	// are no items.
	Wanted func(ctx context.Context, tenantID, plateID string) (itemIDs []string, err error)

	db      *db.DB
	files   PlateFiles
	uploads *semaphore.Weighted // photographs that are completed
}

// NewPlates returns the plates.
func NewPlates(d *db.DB, files PlateFiles) *Plates {
	return &Plates{db: d, files: files, uploads: semaphore.NewWeighted(platesAbreast)}
}

const plateColumns = `plate_id, name, filename, blob_path, width, height, bytes, guess, plate, created_at, updated_at`

func scanPlate(r interface{ Scan(dest ...any) error }) (p Plate, err error) {
	var guess, plate string
	var created, updated int64
	if err := r.Scan(&p.ID, &p.Name, &p.Filename, &p.Path, &p.Width, &p.Height, &p.Bytes, &guess, &plate, &created, &updated); err != nil {
		return p, err
	}
	p.CreatedAt, p.UpdatedAt = db.Time(created), db.Time(updated)
	if err := json.Unmarshal([]byte(guess), &p.Guess); err != nil {
		return p, fmt.Errorf("read the guess of plate %s: %w", p.ID, err)
	}
	if err := json.Unmarshal([]byte(plate), &p.Plate); err != nil {
		return p, fmt.Errorf("read plate %s: %w", p.ID, err)
	}
	return p, nil
}

// Create stores a photograph. Errors: ErrPlateName, ErrPlateFilename, ErrPlatesFull, those of Prepare.
func (s *Plates) Create(ctx context.Context, tenantID string, n NewPlate) (Plate, error) {
	if n.ID != "" {
		if p, err := s.Get(ctx, tenantID, n.ID); !errors.Is(err, ErrPlateNotFound) {
			return p, err
		}
	}
	if err := n.check(); err != nil {
		return Plate{}, err
	}
	if err := s.roomBeside(ctx, s.db, tenantID, n.ID); err != nil {
		return Plate{}, err
	}
	ready, err := s.files.Prepare(ctx, n.File)
	if err != nil {
		return Plate{}, err
	}
	id := cmp.Or(n.ID, uuid.Must(uuid.NewV7()).String())
	// each try has a file of its own: an earlier one may be on its way to deletion
	path := tenantID + "/plates/" + id + "/" + uuid.NewString() + ".jpg"
	about, err := json.Marshal(ready.Guess)
	if err != nil {
		return Plate{}, err
	}
	// invisible until the file is there, so that a crash leaves a row that names it
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.roomBeside(ctx, tx, tenantID, n.ID); err != nil {
			return err
		}
		if n.ID != "" { // an earlier try that didn't end
			if _, err := tx.ExecContext(ctx, `UPDATE plates SET plate_id = $2 WHERE plate_id = $1 AND gone_at IS NOT NULL`, id, uuid.NewString()); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO plates (plate_id, tenant_id, name, filename, blob_path, width, height, bytes, guess, plate, created_at, updated_at, gone_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, now_ms(), now_ms(), now_ms())`, id, tenantID, n.Name, n.Filename, path, ready.Width, ready.Height, len(ready.File), string(about))
		return err
	})
	if err != nil {
		return Plate{}, fmt.Errorf("record plate %s: %w", id, err)
	}
	if err := s.files.Put(ctx, path, ready.File); err != nil {
		return Plate{}, fmt.Errorf("store plate %s: %w", id, err)
	}
	if _, err := s.db.ExecContext(ctx, `UPDATE plates SET gone_at = NULL WHERE plate_id = $1 AND tenant_id = $2`, id, tenantID); err != nil {
		return Plate{}, fmt.Errorf("show plate %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}

// check refuses names that can't be kept, the file's first: the plate's may be the same.
func (n *NewPlate) check() (err error) {
	if n.Filename == "" || checkText("filename", n.Filename, maxPlateFilename) != nil || strings.ContainsAny(n.Filename, "\n\r\t") {
		return ErrPlateFilename
	}
	n.Name, err = plateName(n.Name)
	return err
}

// plateName returns a plate's name as it is kept. Error: ErrPlateName.
func plateName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || checkText("name", name, MaxName) != nil || strings.ContainsAny(name, "\n\r\t") {
		return "", ErrPlateName
	}
	return name, nil
}

// room fails when the tenant has as many plates as it can have.
func (s *Plates) room(ctx context.Context, q db.Querier, tenantID string) error {
	return s.roomBeside(ctx, q, tenantID, "")
}

// roomBeside is room, without the upload of the plate that is made.
func (s *Plates) roomBeside(ctx context.Context, q db.Querier, tenantID, id string) error {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM plates WHERE tenant_id = $1 AND gone_at IS NULL)
		+ (SELECT count(*) FROM plate_uploads WHERE tenant_id = $1 AND plate_id <> $2)`, tenantID, id).Scan(&n); err != nil {
		return fmt.Errorf("count the plates: %w", err)
	}
	if n >= MaxPlates {
		return ErrPlatesFull
	}
	return nil
}

// Get returns a plate. Error: ErrPlateNotFound.
func (s *Plates) Get(ctx context.Context, tenantID, id string) (Plate, error) {
	p, err := scanPlate(s.db.QueryRowContext(ctx, `SELECT `+plateColumns+` FROM plates WHERE plate_id = $1 AND tenant_id = $2 AND gone_at IS NULL`, id, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Plate{}, ErrPlateNotFound.With("%.64q", id)
	}
	if err != nil {
		return Plate{}, fmt.Errorf("load plate %s: %w", id, err)
	}
	return p, nil
}

// List returns a tenant's plates, the newest first.
func (s *Plates) List(ctx context.Context, tenantID string) ([]Plate, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+plateColumns+` FROM plates WHERE tenant_id = $1 AND gone_at IS NULL ORDER BY created_at DESC, plate_id DESC LIMIT $2`, tenantID, MaxPlates)
	if err != nil {
		return nil, fmt.Errorf("list the plates: %w", err)
	}
	defer rows.Close()
	var out []Plate
	for rows.Next() {
		p, err := scanPlate(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Correction is what people say of a plate; nil fields stay as they are.
type Correction struct {
	Name  *string
	Plate picture.PlateSaid
	Reset []string // fields that go back to what was estimated
}

// Correct changes what is known of a plate. Errors: ErrPlateNotFound, ErrPlateName,
// picture.ErrPlate.
func (s *Plates) Correct(ctx context.Context, tenantID, id string, c Correction) (Plate, error) {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		p, err := scanPlate(tx.QueryRowContext(ctx, `SELECT `+plateColumns+` FROM plates WHERE plate_id = $1 AND tenant_id = $2 AND gone_at IS NULL`+tx.ForUpdate(), id, tenantID))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrPlateNotFound.With("%.64q", id)
		}
		if err != nil {
			return err
		}
		if c.Name != nil {
			if p.Name, err = plateName(*c.Name); err != nil {
				return err
			}
		}
		if p.Plate, err = p.Plate.Corrected(p.Guess, c.Plate, c.Reset, p.Width, p.Height); err != nil {
			return err
		}
		about, err := json.Marshal(p.Plate)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE plates SET name = $3, plate = $4, updated_at = now_ms() WHERE plate_id = $1 AND tenant_id = $2`, id, tenantID, p.Name, string(about))
		return err
	})
	if err != nil {
		return Plate{}, fmt.Errorf("correct plate %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}

// Delete deletes a plate and its file, or what was uploaded for it. Finished pictures keep what they show of it.
// With force items that are not finished and name it are left to fail. Errors:
// ErrPlateNotFound, ErrPlateUsed, ErrPlateWanted.
func (s *Plates) Delete(ctx context.Context, tenantID, id string, force bool) error {
	if s.Wanted != nil && !force {
		items, err := s.Wanted(ctx, tenantID, id)
		if err != nil {
			return fmt.Errorf("look for items in plate %s: %w", id, err)
		}
		if len(items) > 0 {
			return ErrPlateWanted.With("%s", strings.Join(items, ", "))
		}
	}
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		used, err := profilesWith(ctx, tx, tenantID, id)
		if err != nil {
			return err
		}
		if used != "" {
			return ErrPlateUsed.With("%s", used)
		}
		r, err := tx.ExecContext(ctx, `UPDATE plates SET gone_at = now_ms() WHERE plate_id = $1 AND tenant_id = $2 AND gone_at IS NULL`, id, tenantID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrPlateNotFound.With("%.64q", id), err)
		}
		return nil
	})
	if errors.Is(err, ErrPlateNotFound) { // it may be on its way
		err = s.abandonUpload(ctx, tenantID, id)
	}
	if err != nil {
		return fmt.Errorf("delete plate %s: %w", id, err)
	}
	return s.clear(ctx, `plate_id = $1`, id)
}

// profilesWith returns a brand profile that names a plate; "" when none does.
func profilesWith(ctx context.Context, tx *db.Tx, tenantID, plateID string) (string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM brand_profiles WHERE tenant_id = $1`, tenantID)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return "", err
		}
		if p.names(plateID) || p.Draft != nil && p.Draft.names(plateID) {
			return p.ID, nil
		}
	}
	return "", rows.Err()
}

// names reports whether a profile has a plate, for all of its pictures or in one of its looks.
func (p *Profile) names(plateID string) bool {
	return slices.Contains(p.Plates, plateID) || slices.ContainsFunc(p.Looks, func(l Look) bool { return slices.Contains(l.SceneTypes, picture.PlateScene(plateID)) })
}

// Sweep deletes the files and rows of plates whose process died while it stored or
// deleted them, and of uploads that nobody completed.
func (s *Plates) Sweep(ctx context.Context) error {
	return errors.Join(s.clear(ctx, `gone_at < now_ms() - $1`, forgottenPlate.Milliseconds()), s.sweepUploads(ctx))
}

// clear deletes the files and then the rows of invisible plates.
func (s *Plates) clear(ctx context.Context, where string, arg any) error {
	rows, err := s.db.QueryContext(ctx, `SELECT plate_id, blob_path FROM plates WHERE gone_at IS NOT NULL AND `+where, arg)
	if err != nil {
		return fmt.Errorf("look for plates to delete: %w", err)
	}
	defer rows.Close()
	gone := map[string]string{}
	for rows.Next() {
		var id, path string
		if err := rows.Scan(&id, &path); err != nil {
			return err
		}
		gone[id] = path
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, path := range gone {
		if err := s.files.Delete(ctx, path); err != nil {
			return fmt.Errorf("delete the file of plate %s: %w", id, err)
		}
		if _, err := s.db.ExecContext(ctx, `DELETE FROM plates WHERE plate_id = $1 AND gone_at IS NOT NULL`, id); err != nil {
			return fmt.Errorf("delete plate %s: %w", id, err)
		}
	}
	return nil
}
