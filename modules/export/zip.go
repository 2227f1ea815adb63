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

	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// defaultPart is how many bytes a part of a ZIP has at most: it is built in
// memory, since a store takes a blob as a whole.
const defaultPart = 256 << 20

// perFile bounds what a ZIP holds of a file beside its bytes: two headers with
// its name, and its part of the manifest.
const perFile = 8 << 10

// bundled is one file of a ZIP.
type bundled struct {
	Export
	source Source
	name   string // in the ZIP; "": it is not there, since the picture was rejected
}

// entry is a line of a ZIP's manifest.
type entry struct {
	File   string        `json:"file,omitempty"` // left out: the picture was rejected and is not in the ZIP
	ItemID string        `json:"item_id"`
	Source string        `json:"source"` // the photo's name
	Preset string        `json:"preset"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	Checks []check.Check `json:"checks"`

	Confidence   *float64 `json:"confidence"`              // of the cut-out, 0–1
	NeedsReview  bool     `json:"needs_review"`            // a person has to look before it is used: it is in the folder review
	Review       *string  `json:"review"`                  // pending, approved or rejected; null: nobody had to look
	ReviewReason string   `json:"review_reason,omitempty"` // what is to be looked at, and where
}

// state returns the review's state, "" when nobody had to look.
func (b bundled) state() string {
	if b.Review == nil {
		return ""
	}
	return *b.Review
}

// entry returns the file's line of the manifest.
func (b bundled) entry() entry {
	return entry{
		File: b.name, ItemID: b.ItemID, Source: b.source.Filename, Preset: b.Preset, Width: b.Width, Height: b.Height, Checks: b.Checks,
		Confidence: b.source.Confidence, NeedsReview: b.state() == picture.ReviewPending, Review: b.Review, ReviewReason: b.source.ReviewReason,
	}
}

const manifestName = "manifest.json"

// split cuts a ZIP's files into parts of at most limit bytes. A file that is
// larger has a part of its own. The result has at least one part. The same
// files are always cut in the same way, so that an attempt can continue where
// another ended.
func split(files []bundled, limit int64) [][]bundled {
	parts := [][]bundled{nil}
	size := int64(perFile)
	for _, f := range files {
		last := len(parts) - 1
		if len(parts[last]) > 0 && size+f.Bytes+perFile > limit {
			parts, last, size = append(parts, nil), last+1, perFile
		}
		parts[last] = append(parts[last], f)
		size += f.Bytes + perFile
	}
	return parts
}

// zip builds one part: a folder per preset, the photos' own names, and a
// manifest of the part with the checks. Pictures that a person has not looked
// at yet lie in folder review.
func (s *Service) zip(ctx context.Context, files []bundled) ([]byte, error) {
	total := int64(perFile)
	for _, f := range files {
		total += f.Bytes + perFile
	}
	// allocated once: a buffer that grows takes three times as much
	out := bytes.NewBuffer(make([]byte, 0, total))
	z := zip.NewWriter(out)
	manifest := []entry{}
	for _, f := range files {
		manifest = append(manifest, f.entry())
		if f.name == "" {
			continue
		}
		// the pictures are compressed already
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store, Modified: time.Now().UTC()})
		if err == nil {
			err = s.copyInto(ctx, w, *f.BlobPath, f.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", f.name, err)
		}
	}
	w, err := z.Create(manifestName)
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

// finished returns a job's finished variants with their names in its ZIP, which
// are unique over all its parts.
func (s *Service) finished(ctx context.Context, tenantID, jobID string) ([]bundled, error) {
	exports, err := s.List(ctx, tenantID, jobID)
	if err != nil {
		return nil, err
	}
	var names filename.Names
	names.Reserve(manifestName)
	sources := map[string]Source{}
	var out []bundled
	for _, e := range exports {
		if e.Status != "completed" && e.Status != "rejected" || e.BlobPath == nil {
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
		f := bundled{Export: e, source: src}
		if f.state() == picture.ReviewRejected {
			f.Bytes = 0
		} else {
			f.name = entryName(&names, f)
		}
		out = append(out, f)
	}
	return out, nil
}
