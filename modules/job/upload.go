package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
)

// UploadRequest asks for a URL to PUT a photo to.
type UploadRequest struct {
	TenantID, JobID, ItemID, Filename, ContentType string
}

// UploadURL returns a URL that creates one blob once, and the blob's path. Each
// call gives a fresh path, so that a broken upload can be begun again.
func (s *Service) UploadURL(ctx context.Context, r UploadRequest) (url, rawBlobPath string, err error) {
	if err := checkFilename(r.Filename); err != nil {
		return "", "", err
	}
	it, _, err := getItem(ctx, s.DB, r.TenantID, r.JobID, r.ItemID)
	if err != nil {
		return "", "", err
	}
	if it.Status != ItemCreated && it.Status != ItemUploaded {
		return "", "", ErrUploadClosed.With("it is %s", it.Status)
	}
	path, err := blob.RawPath(r.TenantID, r.JobID, r.ItemID, r.Filename)
	if err != nil {
		return "", "", err
	}
	if err := s.recordUpload(ctx, s.DB, r.TenantID, it.entry, path, r.ContentType); err != nil {
		return "", "", err
	}
	url, err = s.Blobs.UploadURL(ctx, s.Containers.Raw, path, s.UploadTTL, imaging.MaxBytes)
	if err != nil {
		return "", "", fmt.Errorf("sign an upload URL: %w", err)
	}
	return url, path, nil
}

// maxContentType bounds what is kept of a content type, which nothing depends on.
const maxContentType = 100

func (s *Service) recordUpload(ctx context.Context, q db.Querier, tenantID, entryID, path, contentType string) error {
	if len(contentType) > maxContentType {
		contentType = contentType[:maxContentType]
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO uploads (raw_blob_path, tenant_id, entry_id, content_type, created_at)
		VALUES ($1, $2, $3, $4, now_ms())`, path, tenantID, entryID, contentType); err != nil {
		return fmt.Errorf("record the upload: %w", err)
	}
	return nil
}

// Complete says that an item's photo has been put. It takes the newest blob,
// checks that it is an image and queues the item and its siblings. Said again,
// it changes nothing.
func (s *Service) Complete(ctx context.Context, tenantID, jobID, itemID string) error {
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
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
	path, err := s.newestUpload(ctx, it.entry)
	if err != nil {
		return err
	}
	if err := s.inspect(ctx, path); err != nil {
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

// newestUpload returns the path of the newest blob put for a request entry.
func (s *Service) newestUpload(ctx context.Context, entryID string) (string, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT raw_blob_path FROM uploads WHERE entry_id = $1 ORDER BY created_at DESC, raw_blob_path DESC`, entryID)
	if err != nil {
		return "", fmt.Errorf("load the uploads: %w", err)
	}
	defer rows.Close()
	var paths []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			return "", err
		}
		paths = append(paths, p)
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	var newest string
	var at time.Time
	for _, p := range paths {
		info, err := s.Blobs.Head(ctx, s.Containers.Raw, p)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("look for the upload: %w", err)
		}
		if newest == "" || info.ModifiedAt.After(at) {
			newest, at = p, info.ModifiedAt
		}
	}
	if newest == "" {
		return "", ErrUploadMissing
	}
	return newest, nil
}

// inspect checks by content that a blob is an image within the limits.
func (s *Service) inspect(ctx context.Context, path string) error {
	info, err := s.Blobs.Head(ctx, s.Containers.Raw, path)
	if err != nil {
		return fmt.Errorf("look at the upload: %w", err)
	}
	if info.Size == 0 {
		return ErrUploadEmpty
	}
	if info.Size > imaging.MaxBytes {
		return imaging.ErrTooLarge.With("%d bytes", info.Size)
	}
	b, err := s.photo(ctx, path)
	if err != nil {
		return err
	}
	return s.Inspect(b)
}

func (s *Service) photo(ctx context.Context, path string) ([]byte, error) {
	b, _, err := s.Blobs.Get(ctx, s.Containers.Raw, path, imaging.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read the photo: %w", err)
	}
	return b, nil
}

// markUploaded gives the photo to an entry's items that wait for one.
func (s *Service) markUploaded(ctx context.Context, entryID, path string) error {
	_, err := s.DB.ExecContext(ctx, `UPDATE items SET status = 'uploaded', raw_blob_path = $1, updated_at = now_ms()
		WHERE entry_id = $2 AND status IN ('created', 'uploaded')`, path, entryID)
	if err != nil {
		return fmt.Errorf("mark the item uploaded: %w", err)
	}
	return nil
}

// Direct stores a photo sent through the API and marks the item and its siblings
// uploaded. It queues nothing.
func (s *Service) Direct(ctx context.Context, tenantID, jobID, itemID, filename string, body []byte) (rawBlobPath string, err error) {
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
	if len(body) == 0 {
		return "", ErrUploadEmpty
	}
	if err := s.Inspect(body); err != nil {
		return "", err
	}
	path, err := blob.RawPath(tenantID, jobID, itemID, filename)
	if err != nil {
		return "", err
	}
	if err := s.Blobs.Put(ctx, s.Containers.Raw, path, body, blob.PutOptions{ContentType: "application/octet-stream", IfNoneMatch: true}); err != nil {
		return "", fmt.Errorf("store the photo: %w", err)
	}
	if err := s.recordUpload(ctx, s.DB, tenantID, it.entry, path, ""); err != nil {
		return "", err
	}
	return path, s.markUploaded(ctx, it.entry, path)
}

// Enqueue queues a job's items that are uploaded, and those created whose photo
// is there. Said again, in any state, it changes nothing.
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
		path, err := s.newestUpload(ctx, it.entry)
		if err == nil {
			err = s.inspect(ctx, path)
		}
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
