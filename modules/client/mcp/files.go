package mcp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/opal-photo/opal/modules/fault"
)

// Errors of files.
var (
	errOutside = fault.New(fault.Forbidden, "file_outside", "This server reads files below the folders named at its start, and no others")
	errFile    = fault.New(fault.Invalid, "file_unreadable", "The file can't be read")
	errLarge   = fault.New(fault.TooLarge, "file_too_large", "A photo has at most 25 MB")
)

// maxPhoto bounds a photo's file, in bytes, as the API does.
const maxPhoto = 25 << 20

// Folders are the folders whose files a server may read, and the one that it may write
// to. Names that lead out of them, links included, are refused by the system, not by
// looking at the text.
type Folders struct {
	in  []folder
	out *folder
}

type folder struct {
	path string // absolute
	root *os.Root
}

// OpenFolders opens folders to read from, and one to write to ("": none).
func OpenFolders(in []string, out string) (*Folders, error) {
	f := &Folders{}
	for _, dir := range in {
		one, err := openFolder(dir)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.in = append(f.in, one)
	}
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return nil, errors.Join(fmt.Errorf("make the folder for files: %w", err), f.Close())
		}
		one, err := openFolder(out)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.out = &one
	}
	return f, nil
}

func openFolder(dir string) (folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return folder{}, err
	}
	r, err := os.OpenRoot(abs)
	if err != nil {
		return folder{}, fmt.Errorf("open the folder: %w", err)
	}
	return folder{abs, r}, nil
}

// Close closes the folders.
func (f *Folders) Close() error {
	var errs []error
	for _, one := range f.in {
		errs = append(errs, one.root.Close())
	}
	if f.out != nil {
		errs = append(errs, f.out.root.Close())
	}
	return errors.Join(errs...)
}

// names lists the folders for people and agents.
func (f *Folders) names() string {
	var all []string
	for _, one := range f.in {
		all = append(all, one.path)
	}
	return strings.Join(all, ", ")
}

// open opens a regular file by an absolute name, or by one relative to a folder.
func (f *Folders) open(name string) (*os.File, int64, error) {
	var last error
	for _, one := range f.in {
		rel := name
		if filepath.IsAbs(name) {
			var err error
			if rel, err = filepath.Rel(one.path, name); err != nil {
				continue
			}
		}
		if !filepath.IsLocal(rel) {
			continue
		}
		// a pipe must not hold the server up
		file, err := one.root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			last = errors.Join(last, err)
			continue
		}
		info, err := file.Stat()
		switch {
		case err != nil:
			err = errFile.With("%q", name)
		case !info.Mode().IsRegular():
			err = errFile.With("%q is not a file", name)
		case info.Size() > maxPhoto:
			err = errLarge.With("%q has %d bytes", name, info.Size())
		}
		if err != nil {
			return nil, 0, errors.Join(err, file.Close())
		}
		return file, info.Size(), nil
	}
	switch {
	case last == nil:
		return nil, 0, errOutside.With("%q is not below %s", name, f.names())
	case errors.Is(last, fs.ErrNotExist):
		return nil, 0, errFile.With("there is no %q below %s", name, f.names())
	case errors.Is(last, fs.ErrPermission):
		return nil, 0, errFile.With("%q may not be read", name)
	}
	return nil, 0, errOutside.With("%q leads out of %s", name, f.names())
}

// look fails as read would.
func (f *Folders) look(name string) error {
	file, size, err := f.open(name)
	if err != nil {
		return err
	}
	if size == 0 {
		err = errFile.With("%q is empty", name)
	}
	return errors.Join(err, file.Close())
}

// read returns a file's bytes.
func (f *Folders) read(name string) (b []byte, err error) {
	file, _, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b, err = io.ReadAll(io.LimitReader(file, maxPhoto+1)) // it may grow meanwhile
	if err != nil {
		return nil, errFile.With("%q: %v", name, err)
	}
	if len(b) > maxPhoto {
		return nil, errLarge.With("%q", name)
	}
	return b, nil
}

// maxSame bounds how many files of one name a folder gets.
const maxSame = 10_000

// save writes a new file of the name, or of one like it where that is taken, and
// returns its path. A file that was not written whole is removed.
func (f *Folders) save(name string, write func(io.Writer) error) (path string, err error) {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 1; n <= maxSame; n++ {
		if n > 1 {
			name = stem + "-" + strconv.Itoa(n) + ext
		}
		file, err := f.out.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("write %q: %w", name, err)
		}
		if err := errors.Join(write(file), file.Close()); err != nil {
			return "", errors.Join(err, f.out.root.Remove(name))
		}
		return filepath.Join(f.out.path, name), nil
	}
	return "", errFile.With("there are %d files like %q already", maxSame, name)
}

// safe makes a part of a file's name of a text of others: a to z, digits, - and _.
func safe(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 80 {
			break
		}
	}
	if out := strings.Trim(b.String(), "-"); out != "" {
		return out
	}
	return "picture"
}
