package batch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Photo is one file to work on.
type Photo struct {
	Path string
	Err  error // it can't be worked on; found while looking for it
	Own  bool  // it looks like one of OPAL's results

	load    func(ctx context.Context) ([]byte, error) // of a photo that is not a file of its own; nil: Path is read
	presets []string                                  // its own presets; empty: those of the run
}

// read reads the photo.
func (p Photo) read(ctx context.Context) ([]byte, error) {
	if p.load != nil {
		return p.load(ctx)
	}
	return read(ctx, nil, p.Path, imaging.MaxBytes)
}

// Found is what paths lead to.
type Found struct {
	Photos []Photo
	// Reports are the report.json files that lie in the folders.
	Reports []string
	// Notes are words for people: folders without a picture.
	Notes []string
}

// notPhotos are folders that systems and programs keep for themselves.
var notPhotos = []string{"__MACOSX", "@eaDir", "node_modules"}

// Find lists the files of the paths in order, folders searched through, each file
// once. Folders are searched for pictures by their extension; hidden ones are passed
// over. A file that is named itself is taken whatever it is called. A path that can't
// be read becomes a Photo with an error.
func Find(paths []string) (Found, error) {
	s := search{seen: map[string]bool{}}
	for _, p := range paths {
		if p == Stdin {
			s.found.Photos = append(s.found.Photos, Photo{Path: Stdin})
			continue
		}
		info, err := os.Stat(p)
		switch {
		case err != nil:
			s.add(Photo{Path: p, Err: explain(err)})
		case info.IsDir():
			s.folder(p)
		case !info.Mode().IsRegular():
			s.add(Photo{Path: p, Err: ErrNotAFile})
		default:
			s.add(Photo{Path: p})
		}
	}
	if len(s.found.Photos) == 0 {
		return s.found, ErrNoPictures.With("looked at %s", showAll(paths))
	}
	return s.found, nil
}

type search struct {
	found Found
	seen  map[string]bool // by the path that leads to the file itself
}

func (s *search) add(p Photo) {
	at, err := filepath.EvalSymlinks(p.Path)
	if err != nil { // it leads nowhere, but its folder may be reached in two ways
		at = p.Path
		if dir, err := filepath.EvalSymlinks(filepath.Dir(p.Path)); err == nil {
			at = filepath.Join(dir, filepath.Base(p.Path))
		}
	}
	if at = absolute(at); s.seen[at] {
		return
	}
	s.seen[at] = true
	p.Own = p.Err == nil && likely(p.Path)
	s.found.Photos = append(s.found.Photos, p)
}

// Named calls name for each photo in the order in which they get their names: those
// that look like OPAL's own results come last.
func (f Found) Named(name func(i int, p Photo)) {
	for _, own := range []bool{false, true} {
		for i, p := range f.Photos {
			if p.Own == own {
				name(i, p)
			}
		}
	}
}

func (s *search) folder(root string) {
	before := len(s.found.Photos)
	any := false // a picture lies here, be it that another path led to it, too
	// The separator has a link to a folder followed. The callback returns no error but SkipDir.
	_ = filepath.WalkDir(root+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.add(Photo{Path: path, Err: explain(err)})
			return fs.SkipDir
		case d.IsDir():
			if path != root+string(filepath.Separator) && (strings.HasPrefix(d.Name(), ".") || slices.Contains(notPhotos, d.Name())) {
				return fs.SkipDir
			}
			return nil
		case d.Name() == reportName:
			s.found.Reports = append(s.found.Reports, path)
			return nil
		case !filename.HasExtension(path) || isAppleDouble(path):
			return nil
		}
		if info, err := os.Stat(path); err != nil { // a link that leads nowhere, for one
			any = true
			s.add(Photo{Path: path, Err: explain(err)})
		} else if info.Mode().IsRegular() {
			any = true
			s.add(Photo{Path: path})
		}
		return nil
	})
	if !any && len(s.found.Photos) == before {
		s.found.Notes = append(s.found.Notes, filename.Show(root)+": no pictures in it")
	}
}

// isAppleDouble reports whether a file is one that macOS keeps beside another on
// foreign disks (RFC 1740): it has the photo's name behind "._" and holds no picture.
func isAppleDouble(path string) bool {
	if !strings.HasPrefix(filepath.Base(path), "._") {
		return false
	}
	f, _, err := openPlain(path, math.MaxInt64)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte{0, 5, 0x16, 7})
}

// explain gives an error of the file system a code, and takes the path out of its
// words: callers name the file themselves.
func explain(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	detail := err
	var path *fs.PathError
	if errors.As(err, &path) {
		detail = path.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotFound
	case errors.Is(err, fs.ErrPermission):
		return ErrUnreadable
	}
	return ErrUnreadable.With("%v", detail)
}

// showAll writes paths for people, the first few of them.
func showAll(paths []string) string {
	const most = 5
	var b strings.Builder
	for i, p := range paths {
		if i == most {
			b.WriteString(" ...")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(filename.Show(p))
	}
	return b.String()
}

// words are what a person reads of an error: of one that the photo is to blame for its own text, without the names of the
// steps that met it; of any other all, for who looks for its cause.
func words(err error) string {
	if f, ok := fault.As(err); ok {
		switch f.Kind {
		case fault.Internal, fault.Unavailable, fault.RateLimited:
		default:
			return f.Error()
		}
	}
	return err.Error()
}
