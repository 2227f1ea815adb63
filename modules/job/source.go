package job

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
)

// upload is a place that a photo may be put to, before it is recorded.
type upload struct{ entry, path string }

// signUploads signs an upload URL for each entry of a job that is about to be made,
// unless its photo is fetched.
func (s *Service) signUploads(ctx context.Context, j *Job) ([]upload, error) {
	var out []upload
	urls := map[string]string{} // by entry
	for i := range j.Items {
		it := &j.Items[i]
		if it.SourceURL != nil {
			continue
		}
		if urls[it.entry] == "" {
			path, err := blob.RawPath(j.TenantID, j.JobID, it.ItemID, it.Filename)
			if err != nil {
				return nil, err
			}
			if urls[it.entry], err = s.Blobs.UploadURL(ctx, s.Containers.Raw, path, s.UploadTTL, imagefile.MaxBytes); err != nil {
				return nil, fmt.Errorf("sign an upload URL: %w", err)
			}
			out = append(out, upload{it.entry, path})
		}
		it.UploadURL = urls[it.entry]
	}
	return out, nil
}

func insertUploads(ctx context.Context, tx *db.Tx, tenantID string, uploads []upload, now time.Time) error {
	err := insertMany(ctx, tx, `INSERT INTO uploads (raw_blob_path, tenant_id, entry_id, content_type, created_at)`, len(uploads),
		func(i int) ([]any, error) {
			return []any{uploads[i].path, tenantID, uploads[i].entry, "", now.UnixMilli()}, nil
		})
	if err != nil {
		return fmt.Errorf("record the uploads: %w", err)
	}
	return nil
}

// queueSources holds the credit of a new job's items whose photo is fetched, and
// writes their messages.
func (s *Service) queueSources(ctx context.Context, tx *db.Tx, j *Job, charges []Charge) error {
	for i, it := range j.Items {
		if it.SourceURL == nil {
			continue
		}
		if err := s.Meter.Reserve(ctx, tx, j.TenantID, charges[i]); err != nil {
			return err
		}
		r := row{itemID: it.ItemID, jobID: j.JobID, tenantID: j.TenantID, correlationID: j.CorrelationID}
		if err := s.Outbox.SendJob(ctx, tx, r.body()); err != nil {
			return err
		}
	}
	return nil
}

// checkSource checks the address of an entry's photo, and names a file after it that
// has no name.
func (s *Service) checkSource(it *NewItem, i int) error {
	if it.SourceURL == "" {
		return nil
	}
	if s.Sources == nil {
		return ErrNoSources
	}
	if err := s.Sources.Check(it.SourceURL); err != nil {
		f, ok := fault.As(err)
		if !ok {
			return err
		}
		return f.With("%s", strings.TrimSuffix(fmt.Sprintf("items[%d].source_url: %s", i, f.Detail()), ": "))
	}
	if it.Filename == "" {
		it.Filename = nameOf(it.SourceURL)
	}
	return nil
}

// nameOf returns the last part of an address's path as a file name.
func nameOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "photo"
	}
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '/' || r == '\\' || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, path.Base(u.Path))
	if runes := []rune(name); len(runes) > maxFilename {
		name = string(runes[len(runes)-maxFilename:])
	}
	if strings.Trim(name, ". ") == "" {
		return "photo"
	}
	return name
}

// original returns the photo of a claimed item, and fetches it first when the item
// has an address and no photo yet.
func (s *Service) original(ctx context.Context, c *claimed) ([]byte, error) {
	if c.rawPath != "" || c.source == "" {
		return s.photo(ctx, c.rawPath)
	}
	// a sibling may have fetched it by now
	if err := s.rawPathOf(ctx, c); err != nil || c.rawPath != "" {
		if err != nil {
			return nil, err
		}
		return s.photo(ctx, c.rawPath)
	}
	if s.Sources == nil {
		return nil, ErrNoSources
	}
	photo, err := s.Sources.Fetch(ctx, c.source)
	if err != nil {
		return nil, err
	}
	if _, err := s.Inspect(photo, int64(len(photo))); err != nil {
		return nil, err
	}
	return s.keepSource(ctx, c, photo)
}

// keepSource stores a fetched photo for an entry's items. When a sibling's worker was
// faster, its photo is the one, so that all items of an entry show the same.
func (s *Service) keepSource(ctx context.Context, c *claimed, photo []byte) ([]byte, error) {
	path, err := blob.RawPath(c.tenantID, c.jobID, c.itemID, c.filename)
	if err != nil {
		return nil, err
	}
	if err := s.Blobs.Put(ctx, s.Containers.Raw, path, photo, blob.PutOptions{ContentType: "application/octet-stream", IfNoneMatch: true}); err != nil {
		return nil, fmt.Errorf("store the photo: %w", err)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE items SET raw_blob_path = $1, updated_at = now_ms()
			WHERE entry_id = $2 AND raw_blob_path IS NULL AND status IN ('queued', 'processing')`, path, c.entry); err != nil {
			return err
		}
		return changed(ctx, tx, c.jobID)
	})
	if err != nil {
		return nil, fmt.Errorf("record the photo: %w", err)
	}
	if err := s.rawPathOf(ctx, c); err != nil {
		return nil, err
	}
	if c.rawPath == path || c.rawPath == "" { // "": it ended meanwhile, and this attempt is discarded
		return photo, nil
	}
	if err := s.Blobs.Delete(ctx, s.Containers.Raw, path); err != nil {
		return nil, fmt.Errorf("delete a photo that was fetched twice: %w", err)
	}
	return s.photo(ctx, c.rawPath)
}

// rawPathOf looks again where a claimed item's photo is.
func (s *Service) rawPathOf(ctx context.Context, c *claimed) error {
	if err := s.DB.QueryRowContext(ctx, `SELECT COALESCE(raw_blob_path, '') FROM items WHERE item_id = $1`, c.itemID).Scan(&c.rawPath); err != nil {
		return fmt.Errorf("look for the photo of item %s: %w", c.itemID, err)
	}
	return nil
}
