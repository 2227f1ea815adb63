package fileblob

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
)

// writer is a blob that is being written under a name of its own. It appears
// under its real name as a whole, or not at all.
type writer struct {
	s          *Store
	f          *os.File
	temp, path string
	o          blob.PutOptions
	done       bool
}

func (s *Store) begin(container, name string, o blob.PutOptions) (*writer, error) {
	p, err := file(container, name)
	if err != nil {
		return nil, err
	}
	if o.IfNoneMatch {
		if _, err := s.root.Lstat(p); err == nil {
			return nil, blob.ErrExists // saves reading the body; commit makes sure
		}
	}
	dir := filepath.Dir(p)
	w := &writer{s: s, temp: filepath.Join(dir, partialPrefix+uuid.NewString()), path: p, o: o}
	for range folderRaces {
		err = s.root.MkdirAll(dir, 0o700)
		if err == nil {
			w.f, err = s.root.OpenFile(w.temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		}
		// MkdirAll reports a folder that is removed while it looks as one that
		// exists; the file's own name is never taken
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return nil, translate(err)
	}
	return w, nil
}

// folderRaces is how often a folder may be removed, because another blob's
// deletion left it empty, before the new file is in it.
const folderRaces = 100

// commit makes the blob appear. A hard link is the one call that fails when the
// name is taken, so of several creators exactly one wins.
func (w *writer) commit() error {
	if err := w.f.Sync(); err != nil {
		return translate(err)
	}
	if err := w.f.Close(); err != nil {
		return translate(err)
	}
	if w.o.IfNoneMatch {
		if err := w.s.root.Link(w.temp, w.path); err != nil {
			return translate(err)
		}
	} else if err := w.s.root.Rename(w.temp, w.path); err != nil {
		return translate(err)
	} else {
		w.done = true
	}
	// the name, too, must outlive a power cut: the caller reports the blob as
	// stored
	if err := w.s.syncDir(filepath.Dir(w.path)); err != nil {
		return translate(err)
	}
	if w.o.ContentType == "" {
		return nil
	}
	b, err := json.Marshal(meta{ContentType: w.o.ContentType})
	if err != nil {
		return err
	}
	return translate(w.s.root.WriteFile(w.path+metaSuffix, b, 0o600))
}

// syncDir brings a folder's entries to the disk.
func (s *Store) syncDir(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// staleAfter is how old an unfinished file is when no writer can be at work on
// it any more: no upload lasts longer than its URL.
const staleAfter = time.Hour

// sweep removes files that writers left when they died, and empty folders.
func (s *Store) sweep() error {
	var folders []string
	err := fs.WalkDir(s.root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process removed it meanwhile
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			folders = append(folders, filepath.FromSlash(p))
			return nil
		}
		if !strings.HasPrefix(d.Name(), partialPrefix) {
			return nil
		}
		if st, err := d.Info(); err == nil && time.Since(st.ModTime()) > staleAfter {
			if err := s.root.Remove(filepath.FromSlash(p)); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	for _, f := range slices.Backward(folders) { // the deepest first
		s.prune(f)
	}
	return err
}

// abort removes the file unless commit has moved it.
func (w *writer) abort() {
	if err := w.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return
	}
	if !w.done {
		_ = w.s.root.Remove(w.temp)
	}
}
