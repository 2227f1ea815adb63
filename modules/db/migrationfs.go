package db

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// overlay is several folders read as one.
type overlay []fs.FS

// migrationsFor returns the migrations that both engines share and the engine's
// own ("sqlite" or "postgres"), as one folder.
func migrationsFor(engine string) (fs.FS, error) {
	common, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(common, engine)
	if err != nil {
		return nil, err
	}
	return overlay{common, own}, nil
}

// Open opens the file in the first folder that has it.
func (o overlay) Open(name string) (fs.File, error) {
	for _, f := range o {
		file, err := f.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the files of all folders.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, f := range o {
		entries, err := fs.ReadDir(f, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(entries, fs.DirEntry.IsDir)...)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}
