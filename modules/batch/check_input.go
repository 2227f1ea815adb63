package batch

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
)

// subject is a picture that is to be checked, wherever it lies.
type subject struct {
	label    string // for people, and as the file's address in reports
	name     string // of the file
	sku      string
	slot     string
	category string
	mask     string // a file with the product's mask; ""
	err      error  // it can't be read; found while looking for it
	load     func(ctx context.Context) ([]byte, error)
}

// The extensions of what holds or names pictures.
const (
	zipExtension = ".zip"
	csvExtension = ".csv"
	tsvExtension = ".tsv"
)

// gather lists the pictures of paths: files, folders, ZIPs, and CSVs that name files or
// URLs. The notes are for people.
func (c *checking) gather(paths []string) (all []subject, notes []string, end func(), err error) {
	var closers []func()
	end = func() {
		for _, f := range closers {
			f()
		}
	}
	var plain []string
	flush := func() error {
		if len(plain) == 0 {
			return nil
		}
		found, err := Find(plain)
		plain = nil
		notes = append(notes, found.Notes...)
		if err != nil {
			return nil // there may be others; none at all is told at the end
		}
		for _, p := range found.Photos {
			s := subject{label: p.Path, name: filepath.Base(p.Path), err: p.Err}
			s.load = func(ctx context.Context) ([]byte, error) { return read(ctx, nil, p.Path, imaging.MaxBytes) }
			all = append(all, s)
		}
		return nil
	}
	for _, p := range paths {
		switch strings.ToLower(filepath.Ext(p)) {
		case zipExtension:
			if err := flush(); err != nil {
				return nil, nil, end, err
			}
			list, note, closer := fromZIP(p)
			closers = append(closers, closer)
			all, notes = append(all, list...), append(notes, note...)
		case csvExtension, tsvExtension:
			if err := flush(); err != nil {
				return nil, nil, end, err
			}
			list, err := c.fromCSV(p)
			if err != nil {
				return nil, nil, end, err
			}
			all = append(all, list...)
		default:
			plain = append(plain, p)
		}
	}
	if err := flush(); err != nil {
		return nil, nil, end, err
	}
	if len(all) == 0 {
		return nil, notes, end, ErrNoPictures.With("looked at %s", showAll(paths))
	}
	for i := range all {
		all[i].complete()
	}
	return all, notes, end, nil
}

// complete reads what the name says of the picture, as orders do.
func (s *subject) complete() {
	p := filename.Product(s.name)
	s.sku = cmp.Or(s.sku, p.SKU, p.ASIN, p.GTIN)
	s.slot = cmp.Or(s.slot, p.Slot)
}
