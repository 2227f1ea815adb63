package export

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// defaultPart is how many bytes a part of a ZIP has at most: it is built in
// memory, since a store takes a blob as a whole.
const defaultPart = 256 << 20

// perFile bounds what a ZIP holds of a file beside its bytes: two headers with
// its name, and its part of the manifests.
const perFile = 12 << 10

// bundled is one file of a ZIP.
type bundled struct {
	Export
	source Source
	Named         // in the ZIP; without a path it is not there, since the picture was rejected
	photo  string // what the file shares with those of its photo's other items; "": nothing
	again  bool   // the file is that of the one before, and packed with it
}

// state returns the review's state, "" when nobody had to look.
func (b bundled) state() string {
	if b.Review == nil {
		return ""
	}
	return *b.Review
}

// entry returns the file's line of the manifest.
func (b bundled) entry() Entry {
	e := Entry{
		File: b.Path, ItemID: b.ItemID, Source: b.source.Filename, Preset: b.Preset, Status: b.Status, Width: b.Width, Height: b.Height, Bytes: b.Bytes,
		Product: b.source.Product, NameProblem: b.Problem, Checks: b.Checks,
		Confidence: b.source.Confidence, NeedsReview: b.state() == picture.ReviewPending, Review: b.Review, ReviewReason: b.source.ReviewReason,
	}
	if b.Slot != "" {
		e.Slot = b.Slot
	}
	if p, ok := channel.Find(b.Preset); ok {
		e.Channel, e.AltText = p.Channel, AltText(p, b.source)
		e.inScene(p, b.source)
	}
	return e
}

// splitter cuts a ZIP's files into parts of at most limit bytes. A file that is larger has
// a part of its own. There is at least one part. The same files are always cut in the same
// way, so that an attempt can continue where another ended.
type splitter struct {
	limit int64
	full  func(part int, files []bundled) error // is called with each part, from 1 on

	parts int
	files []bundled
	size  int64
}

// add takes the next files.
func (s *splitter) add(files []bundled) error {
	for _, f := range files {
		if f.again { // it is in the part of the one before
			s.files, s.size = append(s.files, f), s.size+perFile
			continue
		}
		if len(s.files) > 0 && s.size+f.Bytes+2*perFile > s.limit {
			if err := s.end(); err != nil {
				return err
			}
		}
		s.files = append(s.files, f)
		s.size += f.Bytes + perFile
	}
	return nil
}

// end hands over the last part.
func (s *splitter) end() error {
	s.parts++
	files := s.files
	s.files, s.size = nil, 0
	return s.full(s.parts, files)
}

// zip builds one part: a folder per channel, the names that it demands, and the
// part's manifests with the checks. Pictures that a person has not looked at yet lie in
// folder review.
func (s *Service) zip(ctx context.Context, files []bundled) ([]byte, error) {
	total := int64(perFile)
	for _, f := range files {
		total += perFile
		if !f.again {
			total += f.Bytes
		}
	}
	// allocated once: a buffer that grows takes three times as much
	out := bytes.NewBuffer(make([]byte, 0, total))
	z := zip.NewWriter(out)
	var manifest []Entry
	for _, f := range files {
		manifest = append(manifest, f.entry())
		if f.Path == "" || f.again {
			continue
		}
		// the pictures are compressed already
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Store, Modified: time.Now().UTC()})
		if err == nil {
			err = s.copyInto(ctx, w, *f.BlobPath, f.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", f.Path, err)
		}
	}
	for _, m := range []struct {
		name  string
		write func(io.Writer, []Entry) error
	}{{ManifestJSON, WriteManifestJSON}, {ManifestCSV, WriteManifestCSV}} {
		w, err := z.Create(m.name)
		if err != nil {
			return nil, err
		}
		if err := m.write(w, manifest); err != nil {
			return nil, fmt.Errorf("write %s: %w", m.name, err)
		}
	}
	if err := z.Close(); err != nil {
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

// finished returns a job's finished variants with their names in a ZIP, which are unique
// over all its parts.
func (s *Service) finished(ctx context.Context, tenantID, jobID string, names *Names) ([]bundled, error) {
	exports, err := s.List(ctx, tenantID, jobID)
	if err != nil {
		return nil, err
	}
	sources := map[string]Source{}
	var out []bundled
	for _, e := range exports {
		if e.Status != "completed" && e.Status != "rejected" || e.BlobPath == nil {
			continue
		}
		src, ok := sources[e.ItemID]
		if !ok {
			var text string
			var replaced sql.NullString
			if err := s.DB.QueryRowContext(ctx, `SELECT source, replaced_by FROM export_sources WHERE item_id = $1`, e.ItemID).Scan(&text, &replaced); err != nil {
				return nil, fmt.Errorf("load the source of item %s: %w", e.ItemID, err)
			}
			if err := json.Unmarshal([]byte(text), &src); err != nil {
				return nil, err
			}
			src.replaced = replaced.Valid
			sources[e.ItemID] = src
		}
		if src.replaced {
			continue
		}
		f := bundled{Export: e, source: src}
		if key := photoKey(e.Preset, src); key.Valid {
			f.photo = e.Preset + " " + key.String + " " + e.recipe
		}
		if f.state() == picture.ReviewRejected {
			f.Bytes, f.photo = 0, ""
		}
		out = append(out, f)
	}
	out = gather(out)
	nameAll(names, out)
	return out, nil
}

// gather puts files that are one and the same behind each other. The first is packed:
// one that nobody has to look at, where there is one.
func gather(files []bundled) []bundled {
	same := map[string][]bundled{}
	for _, f := range files {
		if f.photo != "" {
			same[f.photo] = append(same[f.photo], f)
		}
	}
	out := make([]bundled, 0, len(files))
	for _, f := range files {
		group := same[f.photo]
		switch {
		case len(group) == 0:
			if f.photo == "" {
				out = append(out, f)
			}
			continue // else it came with the first of its group
		case len(group) > 1:
			slices.SortStableFunc(group, func(a, b bundled) int { return pending(a) - pending(b) })
			group[0].source.Scene = "" // the name says no scene
			for i := range group[1:] {
				group[i+1].again = true
			}
		}
		out = append(out, group...)
		delete(same, f.photo)
	}
	return out
}

// pending is 1 for a file that a person has to look at, else 0.
func pending(f bundled) int {
	if f.state() == picture.ReviewPending {
		return 1
	}
	return 0
}

// newNames returns the names of a ZIP that has no files yet.
func newNames() *Names {
	names := &Names{}
	names.Reserve(ManifestJSON, ManifestCSV)
	return names
}

// nameAll gives files their names in the ZIP, but those that a person rejected.
func nameAll(names *Names, files []bundled) {
	var there []int
	var unnamed []Unnamed
	for i, f := range files {
		if f.state() == picture.ReviewRejected || f.again {
			continue
		}
		u := Unnamed{Preset: presetOf(f.Export), Source: f.source}
		if f.state() == picture.ReviewPending {
			u.Within = ReviewFolder
		}
		there, unnamed = append(there, i), append(unnamed, u)
	}
	for i, n := range names.All(unnamed) {
		files[there[i]].Named = n
	}
	for i := range files {
		if files[i].again {
			files[i].Named = files[i-1].Named
		}
	}
}

// presetOf returns a variant's preset. One whose channel's file is gone keeps a folder
// of its own.
func presetOf(e Export) channel.Preset {
	if p, ok := channel.Find(e.Preset); ok {
		return p
	}
	return channel.Preset{Name: e.Preset, Channel: e.Preset, Format: channel.Format(e.Format)}
}
