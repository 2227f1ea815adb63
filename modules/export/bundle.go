package export

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// maxBundle bounds a job's ZIP in bytes: it is built in memory, since a store
// takes a blob as a whole. A hundred photos take about 0.4 GB with the default
// presets.
const maxBundle = 1 << 30

// errBundle says that no ZIP can be made.
var errBundle = fault.New(fault.TooLarge, "export_too_large", "The job's variants are too large for one ZIP; download them one by one")

// bundled is one file of the ZIP.
type bundled struct {
	Export
	source Source
}

// entry is a line of the ZIP's manifest.
type entry struct {
	File   string        `json:"file"`
	ItemID string        `json:"item_id"`
	Source string        `json:"source"` // the photo's name
	Preset string        `json:"preset"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	Checks []check.Check `json:"checks"`
}

// bundle makes the job's ZIP and records it. Two workers at once make two; the
// first to be recorded counts. whole is false when the store can't be reached:
// then another message asks for it again.
func (s *Service) bundle(ctx context.Context, b queue.Body, round int) (whole bool, err error) {
	name := fmt.Sprintf("%s/%s/export/%s.zip", b.TenantID, b.JobID, uuid.Must(uuid.NewV7()))
	file, err := s.zip(ctx, b.TenantID, b.JobID)
	if err == nil {
		err = s.Blobs.Put(ctx, s.Exports, name, file, blob.PutOptions{ContentType: "application/zip", IfNoneMatch: true})
		crashpoint.Reach(crashpoint.BundleStored)
	}
	switch {
	case err == nil:
	case errors.Is(err, blob.ErrUnavailable) && ctx.Err() == nil:
		telemetry.Log(ctx).Warn().Err(err).Msg("The job's ZIP waits for the store")
		return false, s.DB.InTx(ctx, func(tx *db.Tx) error {
			return s.Outbox.SendExport(ctx, tx, b, queue.NotBefore(s.variants().Policy.Outage(fault.RetryAfter(err))))
		})
	case fault.IsTransient(err), db.Unreachable(err), ctx.Err() != nil:
		return false, fmt.Errorf("make the ZIP of job %s: %w", b.JobID, err)
	default:
		telemetry.Log(ctx).Error().Err(err).Msg("The job's ZIP can't be made")
		name = ""
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { return s.Jobs.BundleEnded(ctx, tx, b.TenantID, b.JobID, round, name) })
	return err == nil, err
}

// perFile bounds what a ZIP holds of a file beside its bytes: two headers with
// its name, and its part of the manifest.
const perFile = 8 << 10

// zip builds the job's ZIP: a folder a preset, the photos' own names, and a
// manifest with the checks.
func (s *Service) zip(ctx context.Context, tenantID, jobID string) ([]byte, error) {
	files, err := s.finished(ctx, tenantID, jobID)
	if err != nil {
		return nil, err
	}
	total := int64(perFile)
	for _, f := range files {
		total += f.Bytes + perFile
	}
	if total > maxBundle {
		return nil, errBundle.With("%d files of %s", len(files), check.Size(float64(total)))
	}
	// allocated once: a buffer that grows takes three times as much
	out := bytes.NewBuffer(make([]byte, 0, total))
	z := zip.NewWriter(out)
	var names filename.Names
	names.Reserve("manifest.json")
	manifest := []entry{}
	for _, f := range files {
		name := entryName(&names, f)
		// the pictures are compressed already
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: time.Now().UTC()})
		if err == nil {
			err = s.copyInto(ctx, w, *f.BlobPath, f.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", name, err)
		}
		manifest = append(manifest, entry{name, f.ItemID, f.source.Filename, f.Preset, f.Width, f.Height, f.Checks})
	}
	w, err := z.Create("manifest.json")
	if err != nil {
		return nil, err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := errors.Join(enc.Encode(manifest), z.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// errTorn says that a variant's file is not the one that was recorded.
var errTorn = fault.New(fault.Internal, "variant_torn", "A variant's file has another size than was recorded")

// copyInto streams a variant's file.
func (s *Service) copyInto(ctx context.Context, w io.Writer, path string, bytes int64) error {
	r, _, err := s.Blobs.Open(ctx, s.Exports, path, 0, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer r.Close()
	n, err := io.Copy(w, io.LimitReader(r, bytes+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if n != bytes {
		return errTorn.With("%s", path)
	}
	return nil
}

func (s *Service) finished(ctx context.Context, tenantID, jobID string) ([]bundled, error) {
	exports, err := s.List(ctx, tenantID, jobID)
	if err != nil {
		return nil, err
	}
	sources := map[string]Source{}
	var out []bundled
	for _, e := range exports {
		if e.Status != "completed" || e.BlobPath == nil {
			continue
		}
		src, ok := sources[e.ItemID]
		if !ok {
			var text string
			if err := s.DB.QueryRowContext(ctx, `SELECT source FROM export_sources WHERE item_id = $1`, e.ItemID).Scan(&text); err != nil {
				return nil, fmt.Errorf("load the source of item %s: %w", e.ItemID, err)
			}
			if err := json.Unmarshal([]byte(text), &src); err != nil {
				return nil, err
			}
			sources[e.ItemID] = src
		}
		out = append(out, bundled{Export: e, source: src})
	}
	return out, nil
}
