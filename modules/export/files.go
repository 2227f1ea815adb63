package export

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/filename"
)

// File is a finished file as a ZIP has it.
type File struct {
	Entry        // its line of the manifest; File is its path in the ZIP, "" where its picture was rejected
	URL   string // short-lived; "" where Entry.File is
}

// ManifestColumns returns the names of the columns of a manifest's table.
func ManifestColumns() []string {
	out := make([]string, len(manifestColumns))
	for i, c := range manifestColumns {
		out[i] = c.name
	}
	return out
}

// Row returns the file's cells in the manifest's table, by ManifestColumns. None is a formula
// to a spreadsheet.
func (f *File) Row() []string {
	out := make([]string, len(manifestColumns))
	for i, c := range manifestColumns {
		out[i] = filename.Cell(c.of(&f.Entry))
	}
	return out
}

// Files returns what a job's ZIP holds by now, also before it is made, with the names that
// files have in it. Files of several items that are one and the same share a path. A job of
// another tenant has none.
func (s *Service) Files(ctx context.Context, tenantID, jobID string) ([]File, error) {
	all, err := s.finished(ctx, tenantID, jobID, newNames())
	if err != nil {
		return nil, fmt.Errorf("list the files of job %s: %w", jobID, err)
	}
	out := make([]File, len(all))
	for i, f := range all {
		out[i].Entry = f.entry()
		if f.Path == "" {
			continue
		}
		if out[i].URL, err = s.Blobs.ReadURL(ctx, s.Exports, *f.BlobPath, s.ReadTTL, blob.ReadURLOptions{}); err != nil {
			return nil, fmt.Errorf("sign a URL of %s: %w", *f.BlobPath, err)
		}
	}
	return out, nil
}
