package brand

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// Errors of callers who PUT a plate's photograph to the store.
var (
	ErrPlateMissing = fault.New(fault.Conflict, "plate_upload_missing", "Nothing has been uploaded for this plate; PUT the photograph to the upload_url first")
	ErrPlateEmpty   = fault.New(fault.Invalid, "plate_upload_empty", "The uploaded file is empty; PUT the photograph to the upload_url again")
	ErrPlateBusy    = fault.New(fault.Conflict, "plate_upload_busy", "Another call is completing the plate; ask again in some seconds, or in three minutes where that call broke off")
)

const (
	// plateUploadKept is how long a photograph that was PUT waits to be completed.
	plateUploadKept = time.Hour
	// plateTaken bounds how long one call is completing a plate.
	plateTaken = 3 * time.Minute
	// plateWait is how long a call waits for another that completes the same plate, and
	// plateLook how often it looks.
	plateWait = 30 * time.Second
	plateLook = 200 * time.Millisecond
	// platesAbreast is how many photographs one process completes at the same time: each is
	// held in memory as a whole.
	platesAbreast = 2
)

// PlateUpload is where the photograph of a plate to be is PUT.
type PlateUpload struct {
	ID  string // of the plate
	URL string // which creates one blob once
}

// BeginUpload gives a signed URL that a photograph is PUT to; CompleteUpload makes a plate of
// it within the hour. n's file is not looked at. Errors: ErrPlateName, ErrPlateFilename, ErrPlatesFull.
func (s *Plates) BeginUpload(ctx context.Context, tenantID string, n NewPlate) (PlateUpload, error) {
	if err := n.check(); err != nil {
		return PlateUpload{}, err
	}
	id := cmp.Or(n.ID, uuid.Must(uuid.NewV7()).String())
	var path string
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT blob_path FROM plate_uploads WHERE plate_id = $1 AND tenant_id = $2`, id, tenantID).Scan(&path)
		if !errors.Is(err, sql.ErrNoRows) { // begun before, by the same call
			return err
		}
		if err := s.room(ctx, tx, tenantID); err != nil {
			return err
		}
		path = tenantID + "/plates/" + id + "/" + uuid.NewString() + ".upload"
		_, err = tx.ExecContext(ctx, `INSERT INTO plate_uploads (plate_id, tenant_id, name, filename, blob_path, taken_at, created_at) VALUES ($1, $2, $3, $4, $5, 0, now_ms())`,
			id, tenantID, n.Name, n.Filename, path)
		return err
	})
	if err != nil {
		return PlateUpload{}, fmt.Errorf("begin the upload of plate %s: %w", id, err)
	}
	url, err := s.files.UploadURL(ctx, path)
	if err != nil {
		return PlateUpload{}, fmt.Errorf("sign the upload of plate %s: %w", id, err)
	}
	return PlateUpload{id, url}, nil
}

// CompleteUpload makes a plate of the photograph that was PUT: it is judged, decoded and its
// scene estimated as in Create. Repeated, it returns the plate. A photograph that is refused
// is deleted, so that another can be PUT to the same URL while that works. Of calls at the
// same time one does the work, and the others wait for what came of it. Errors:
// ErrPlateNotFound, ErrPlateMissing, ErrPlateEmpty, ErrPlateBusy, those of Create.
func (s *Plates) CompleteUpload(ctx context.Context, tenantID, id string) (Plate, error) {
	for wait := plateWait; ; wait -= plateLook {
		p, err := s.completeUpload(ctx, tenantID, id)
		if !errors.Is(err, ErrPlateBusy) || wait <= 0 {
			return p, err
		}
		select {
		case <-ctx.Done():
			return Plate{}, ctx.Err()
		case <-time.After(plateLook):
		}
	}
}

func (s *Plates) completeUpload(ctx context.Context, tenantID, id string) (Plate, error) {
	if p, err := s.Get(ctx, tenantID, id); !errors.Is(err, ErrPlateNotFound) {
		return p, err
	}
	if err := s.uploads.Acquire(ctx, 1); err != nil {
		return Plate{}, err
	}
	defer s.uploads.Release(1)
	n, path, err := s.takeUpload(ctx, tenantID, id)
	if errors.Is(err, ErrPlateNotFound) { // a call that has ended meanwhile made the plate
		return s.Get(ctx, tenantID, id)
	}
	if err != nil {
		return Plate{}, err
	}
	p, err := s.uploaded(ctx, tenantID, n, path)
	end := context.WithoutCancel(ctx)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
		err = errors.Join(err, s.files.Delete(end, path))
	}
	if err != nil {
		_, freed := s.db.ExecContext(end, `UPDATE plate_uploads SET taken_at = 0 WHERE plate_id = $1`, id)
		return Plate{}, errors.Join(err, freed)
	}
	return p, s.forgetUpload(end, id, path)
}

// uploaded makes a plate of the photograph at a path.
func (s *Plates) uploaded(ctx context.Context, tenantID string, n NewPlate, path string) (p Plate, err error) {
	if n.File, err = s.files.Uploaded(ctx, path); err != nil {
		return p, err
	}
	if len(n.File) == 0 {
		return p, ErrPlateEmpty
	}
	return s.Create(ctx, tenantID, n)
}

// takeUpload has this call alone complete an upload, for as long as plateTaken.
func (s *Plates) takeUpload(ctx context.Context, tenantID, id string) (n NewPlate, path string, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		n.ID = id
		var free bool
		err := tx.QueryRowContext(ctx, `SELECT name, filename, blob_path, taken_at < now_ms() - $3 FROM plate_uploads WHERE plate_id = $1 AND tenant_id = $2 AND created_at > now_ms() - $4`+tx.ForUpdate(),
			id, tenantID, plateTaken.Milliseconds(), plateUploadKept.Milliseconds()).Scan(&n.Name, &n.Filename, &path, &free)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrPlateNotFound.With("%.64q", id)
		case err != nil:
			return err
		case !free:
			return ErrPlateBusy
		}
		_, err = tx.ExecContext(ctx, `UPDATE plate_uploads SET taken_at = now_ms() WHERE plate_id = $1`, id)
		return err
	})
	if err != nil {
		return n, "", fmt.Errorf("take the upload of plate %s: %w", id, err)
	}
	return n, path, nil
}

// forgetUpload deletes an upload's file, then its row.
func (s *Plates) forgetUpload(ctx context.Context, id, path string) error {
	if err := s.files.Delete(ctx, path); err != nil {
		return fmt.Errorf("delete the upload of plate %s: %w", id, err)
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM plate_uploads WHERE plate_id = $1`, id); err != nil {
		return fmt.Errorf("forget the upload of plate %s: %w", id, err)
	}
	return nil
}

// abandonUpload deletes what was uploaded for a plate to be. Error: ErrPlateNotFound.
func (s *Plates) abandonUpload(ctx context.Context, tenantID, id string) error {
	_, path, err := s.takeUpload(ctx, tenantID, id)
	if err != nil {
		return err
	}
	return s.forgetUpload(ctx, id, path)
}

// sweepUploads deletes the uploads that were not completed in time.
func (s *Plates) sweepUploads(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT plate_id, blob_path FROM plate_uploads WHERE created_at < now_ms() - $1`, (plateUploadKept + plateTaken).Milliseconds())
	if err != nil {
		return fmt.Errorf("look for uploads of plates to delete: %w", err)
	}
	defer rows.Close()
	old := map[string]string{}
	for rows.Next() {
		var id, path string
		if err := rows.Scan(&id, &path); err != nil {
			return err
		}
		old[id] = path
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, path := range old {
		if err := s.forgetUpload(ctx, id, path); err != nil {
			return err
		}
	}
	return nil
}
