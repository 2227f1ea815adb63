package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
)

// UploadRequest asks for a URL to PUT a photo to. Filename "": the item's file
// name.
type UploadRequest struct {
	TenantID, JobID, ItemID, Filename, ContentType string
}

// UploadURL returns a URL that creates one blob once, and the blob's path. Each
// call gives a fresh path, so that a broken upload can be begun again.
func (s *Service) UploadURL(ctx context.Context, r UploadRequest) (url, rawBlobPath string, err error) {
	it, _, err := getItem(ctx, s.DB, r.TenantID, r.JobID, r.ItemID)
	if err != nil {
		return "", "", err
	}
	if r.Filename == "" {
		r.Filename = it.Filename
	}
	if err := checkFilename(r.Filename); err != nil {
		return "", "", err
	}
	if it.Status != ItemCreated && it.Status != ItemUploaded {
		return "", "", ErrUploadClosed.With("it is %s", it.Status)
	}
	path, err := blob.RawPath(r.TenantID, r.JobID, r.ItemID, r.Filename)
	if err != nil {
		return "", "", err
	}
	if err := s.recordUpload(ctx, r.TenantID, it.entry, path, r.ContentType); err != nil {
		return "", "", err
	}
	url, err = s.Blobs.UploadURL(ctx, s.Containers.Raw, path, s.UploadTTL, imagefile.MaxBytes)
	if err != nil {
		return "", "", fmt.Errorf("sign an upload URL: %w", err)
	}
	return url, path, nil
}

const (
	// maxContentType bounds what is kept of a content type, which nothing depends
	// on, in bytes.
	maxContentType = 100
	// maxUploads bounds the uploads of one request entry: each costs a look at the
	// store when the upload is completed.
	maxUploads = 20
)

// recordUpload notes a path that a photo may be put to. When an entry has as many as
// it may have, an old one that was never used makes room.
func (s *Service) recordUpload(ctx context.Context, tenantID, entryID, path, contentType string) error {
	contentType = strings.ToValidUTF8(contentType[:min(len(contentType), maxContentType)], "")
	for {
		var oldest string
		var age int64
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			oldest = ""
			// The entry's first item is locked, so that calls at the same time are counted.
			var first string
			if err := tx.QueryRowContext(ctx, `SELECT item_id FROM items WHERE entry_id = $1 ORDER BY item_id LIMIT 1`+tx.ForUpdate(), entryID).Scan(&first); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM uploads WHERE entry_id = $1`, entryID).Scan(&n); err != nil {
				return err
			}
			if n >= maxUploads {
				return tx.QueryRowContext(ctx, `SELECT raw_blob_path, now_ms() - created_at FROM uploads WHERE entry_id = $1 ORDER BY created_at, raw_blob_path LIMIT 1`, entryID).
					Scan(&oldest, &age)
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO uploads (raw_blob_path, tenant_id, entry_id, content_type, created_at)
				VALUES ($1, $2, $3, $4, now_ms())`, path, tenantID, entryID, contentType)
			return err
		})
		if err != nil {
			return fmt.Errorf("record the upload: %w", err)
		}
		if oldest == "" {
			return nil
		}
		if err := s.forgetUpload(ctx, oldest, time.Duration(age)*time.Millisecond); err != nil {
			return err
		}
	}
}

// forgetUpload deletes a path whose URL has ended, and the blob that was put there:
// maxUploads newer URLs were asked for since.
func (s *Service) forgetUpload(ctx context.Context, path string, age time.Duration) error {
	if left := s.UploadTTL - age; left > 0 {
		return fault.Transient(ErrUploadURLs, left)
	}
	if err := s.Blobs.Delete(ctx, s.Containers.Raw, path); err != nil {
		return fmt.Errorf("delete an upload that was begun again: %w", err)
	}
	if _, err := s.DB.ExecContext(ctx, `DELETE FROM uploads WHERE raw_blob_path = $1 AND NOT EXISTS (SELECT 1 FROM items WHERE items.raw_blob_path = $1)`, path); err != nil {
		return fmt.Errorf("forget an upload that was begun again: %w", err)
	}
	return nil
}

// Complete says that an item's photo has been put. It takes the newest blob,
// checks that it is an image and queues the item and its siblings. Repeated, it
// changes nothing. jobID "": whichever job has the item.
func (s *Service) Complete(ctx context.Context, tenantID, jobID, itemID string) error {
	it, jobID, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return err
	}
	switch it.Status {
	case ItemCancelled:
		return ErrUploadClosed.With("it is %s", it.Status)
	case ItemCreated, ItemUploaded:
	default:
		return nil
	}
	path, err := s.usableUpload(ctx, it.entry)
	if err != nil {
		if noted := s.noteRefusal(ctx, it.entry, err); noted != nil {
			return noted
		}
		return err
	}
	if err := s.markUploaded(ctx, it.entry, path); err != nil {
		return err
	}
	crashpoint.Reach(crashpoint.UploadMarked)
	if err := s.queueUploaded(ctx, tenantID, jobID, it.entry); err != nil {
		return err
	}
	crashpoint.Reach(crashpoint.JobQueued)
	return nil
}

// RenamePhoto has an item that waits for its photo, and its siblings, take the name of another photo.
// Those that wait for none keep theirs.
//
// Errors: ErrItemNotFound, ErrFilename.
func (s *Service) RenamePhoto(ctx context.Context, tenantID, jobID, itemID, filename string) error {
	if err := checkFilename(filename); err != nil {
		return err
	}
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return err
	}
	if _, err := s.DB.ExecContext(ctx, `UPDATE items SET filename = $1, updated_at = now_ms() WHERE entry_id = $2 AND status IN ('created', 'uploaded')`, filename, it.entry); err != nil {
		return fmt.Errorf("rename item %s: %w", itemID, err)
	}
	return nil
}

// noteRefusal keeps why a photo was refused with its items, which wait for another, so
// that whoever looks at the job later is told. A failure of the store is no refusal.
func (s *Service) noteRefusal(ctx context.Context, entryID string, refused error) error {
	var why *fault.Error
	if !errors.As(refused, &why) || errors.Is(refused, ErrUploadMissing) {
		return nil
	}
	switch why.Kind {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
	default:
		return nil
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET error_code = $1, error_message = $2, updated_at = now_ms() WHERE entry_id = $3 AND status = 'created'`,
			why.Code, why.Text, entryID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE jobs SET `+counted+` WHERE job_id IN (SELECT job_id FROM items WHERE entry_id = $1)`, entryID); err != nil {
			return err
		}
		rows, err := selectRows(ctx, tx, `entry_id = $1 ORDER BY position LIMIT 1`, entryID)
		if err != nil || len(rows) == 0 {
			return err
		}
		return s.wakeSet(ctx, tx, rows[0])
	})
	if err != nil {
		return fmt.Errorf("note why the photo was refused: %w", err)
	}
	return nil
}

// usableUpload returns the path of the newest blob put for a request entry, when it
// is a picture within the limits.
func (s *Service) usableUpload(ctx context.Context, entryID string) (string, error) {
	newest, err := s.newestUpload(ctx, entryID)
	if err != nil {
		return "", err
	}
	return newest.Name, s.inspect(ctx, newest)
}

// newestUpload returns the newest blob put for a request entry.
func (s *Service) newestUpload(ctx context.Context, entryID string) (newest blob.Info, err error) {
	paths, err := uploadPaths(ctx, s.DB, entryID)
	if err != nil {
		return blob.Info{}, err
	}
	found := false
	for _, p := range paths {
		info, err := s.Blobs.Head(ctx, s.Containers.Raw, p)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return blob.Info{}, fmt.Errorf("look for the upload: %w", err)
		}
		if !found || info.ModifiedAt.After(newest.ModifiedAt) {
			newest, found = info, true
			newest.Name = p
		}
	}
	if !found {
		return blob.Info{}, ErrUploadMissing
	}
	return newest, nil
}

// uploadPaths are the paths that upload URLs were given out for, the newest first.
func uploadPaths(ctx context.Context, q db.Querier, entryID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT raw_blob_path FROM uploads WHERE entry_id = $1 ORDER BY created_at DESC, raw_blob_path DESC`, entryID)
	if err != nil {
		return nil, fmt.Errorf("load the uploads: %w", err)
	}
	defer rows.Close()
	var paths []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, rows.Err()
}

// The bytes of a photo that are read to judge it: nearly always only the first.
const (
	firstHead  = imagefile.HeadBytes
	headGrowth = 16
)

// inspect checks by content that a blob is an image within the limits.
func (s *Service) inspect(ctx context.Context, b blob.Info) error {
	if b.Size == 0 {
		return ErrUploadEmpty
	}
	if b.Size > imagefile.MaxBytes {
		return imagefile.ErrTooLarge.With("%d bytes", b.Size)
	}
	for n := min(b.Size, firstHead); ; n = min(b.Size, n*headGrowth) {
		more, err := s.inspectHead(ctx, b, n)
		if err != nil || !more || n == b.Size {
			return err
		}
	}
}

func (s *Service) inspectHead(ctx context.Context, b blob.Info, n int64) (more bool, err error) {
	done, err := s.holdPhoto(ctx, n)
	if err != nil {
		return false, err
	}
	defer done()
	r, _, err := s.Blobs.Open(ctx, s.Containers.Raw, b.Name, 0, n)
	if err != nil {
		return false, fmt.Errorf("read the photo: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return false, fmt.Errorf("read the photo: %w", errors.Join(blob.ErrUnavailable, err))
	}
	return s.Inspect(head, b.Size)
}

// photoBytes bounds the bytes of photos that uploads hold in memory in one process,
// whichever way they come: two of the largest, or hundreds of headers.
const photoBytes = 2 * imagefile.MaxBytes

// photoWait bounds how long an upload waits for its share of them.
const photoWait = 30 * time.Second

// holdPhoto takes n bytes of the memory for photos, and waits for them; done gives
// them back. ErrUploadsBusy when they are not free within photoWait.
func (s *Service) holdPhoto(ctx context.Context, n int64) (done func(), err error) {
	wait, cancel := context.WithTimeout(ctx, photoWait)
	defer cancel()
	if err := s.photos.Acquire(wait, n); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrUploadsBusy
	}
	return func() { s.photos.Release(n) }, nil
}

// photo reads a whole photo, for the work on it.
func (s *Service) photo(ctx context.Context, path string) ([]byte, error) {
	b, _, err := s.Blobs.Get(ctx, s.Containers.Raw, path, imagefile.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read the photo: %w", err)
	}
	return b, nil
}

// markUploaded gives the photo to an entry's items that wait for one.
func (s *Service) markUploaded(ctx context.Context, entryID, path string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET status = 'uploaded', raw_blob_path = $1, error_code = NULL, error_message = NULL, updated_at = now_ms()
			WHERE entry_id = $2 AND status IN ('created', 'uploaded')`, path, entryID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET `+counted+` WHERE job_id IN (SELECT job_id FROM items WHERE entry_id = $1)`, entryID)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark the item uploaded: %w", err)
	}
	return nil
}

// Direct stores a photo of size bytes that is sent through the API, and marks the
// item and its siblings uploaded. It queues nothing.
func (s *Service) Direct(ctx context.Context, tenantID, jobID, itemID, filename string, size int64, body io.Reader) (rawBlobPath string, err error) {
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return "", err
	}
	if it.Status != ItemCreated && it.Status != ItemUploaded {
		return "", ErrUploadClosed.With("it is %s", it.Status)
	}
	if filename == "" {
		filename = it.Filename
	}
	if err := checkFilename(filename); err != nil {
		return "", err
	}
	path, err := blob.RawPath(tenantID, jobID, itemID, filename)
	if err != nil {
		return "", err
	}
	if err := s.storeDirect(ctx, path, size, body); err != nil {
		return "", errors.Join(err, s.noteRefusal(ctx, it.entry, err))
	}
	if err := s.recordUpload(ctx, tenantID, it.entry, path, ""); err != nil {
		return "", err
	}
	return path, s.markUploaded(ctx, it.entry, path)
}

func (s *Service) storeDirect(ctx context.Context, path string, size int64, body io.Reader) error {
	if size == 0 {
		return ErrUploadEmpty
	}
	if size > imagefile.MaxBytes {
		return imagefile.ErrTooLarge.With("%d bytes", size)
	}
	done, err := s.holdPhoto(ctx, size)
	if err != nil {
		return err
	}
	defer done()
	photo := make([]byte, size)
	if _, err := io.ReadFull(body, photo); err != nil {
		return fmt.Errorf("read the photo: %w", err)
	}
	if _, err := s.Inspect(photo, size); err != nil {
		return err
	}
	if err := s.Blobs.Put(ctx, s.Containers.Raw, path, photo, blob.PutOptions{ContentType: "application/octet-stream", IfNoneMatch: true}); err != nil {
		return fmt.Errorf("store the photo: %w", err)
	}
	return nil
}

// Enqueue queues a job's items that are uploaded, and those created whose photo
// is there. Repeated, in any state, it changes nothing.
func (s *Service) Enqueue(ctx context.Context, tenantID, jobID string) error {
	if _, err := getJob(ctx, s.DB, tenantID, jobID); err != nil {
		return err
	}
	items, err := jobItems(ctx, s.DB, jobID)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, it := range items {
		if it.Status != ItemCreated || seen[it.entry] {
			continue
		}
		seen[it.entry] = true
		path, err := s.usableUpload(ctx, it.entry)
		if err != nil {
			if fault.IsTransient(err) {
				return err
			}
			continue // nothing usable there yet: it stays created
		}
		if err := s.markUploaded(ctx, it.entry, path); err != nil {
			return err
		}
	}
	return s.queueUploaded(ctx, tenantID, jobID, "")
}
