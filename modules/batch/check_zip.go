package batch

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
)

// The limits of a ZIP. Pictures are compressed already: one that grows far beyond its
// size when it is unpacked is made to fill memory or time.
const (
	maxEntries   = 20_000
	growth       = 20        // times the ZIP's own size that its pictures may have together
	growthAlways = 256 << 20 // bytes that they may have, however small it is
)

var errZIP = fault.New(fault.Invalid, "zip_invalid", "The ZIP can't be read; pack it again")

// fromZIP lists the pictures in a ZIP. They are unpacked in memory, one at a time.
func fromZIP(p string) (all []subject, notes []string, end func()) {
	end = func() {}
	bad := func(err error) []subject { return []subject{{label: p, name: path.Base(p), err: err}} }
	info, err := os.Stat(p)
	switch {
	case err != nil:
		return bad(explain(err)), nil, end
	case !info.Mode().IsRegular():
		return bad(ErrNotAFile), nil, end
	}
	r, err := zip.OpenReader(p)
	if errors.Is(err, fs.ErrPermission) {
		return bad(explain(err)), nil, end
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are shown, and nothing is written under them
		return bad(errZIP.With("%v", err)), nil, end
	}
	end = func() { _ = r.Close() }
	left := &atomic.Int64{}
	left.Store(growth*info.Size() + growthAlways)
	for i, f := range r.File {
		if i == maxEntries {
			notes = append(notes, fmt.Sprintf("%s: it has %d entries; those after the first %d are left out", filename.Show(p), len(r.File), maxEntries))
			break
		}
		if !isPicture(f.Name) || f.FileInfo().IsDir() {
			continue
		}
		all = append(all, subject{
			label: p + "/" + f.Name, name: path.Base(strings.ReplaceAll(f.Name, `\`, "/")),
			load: func(ctx context.Context) ([]byte, error) { return unpack(ctx, f, left) },
		})
	}
	if len(all) == 0 {
		notes = append(notes, filename.Show(p)+": no pictures in it")
	}
	return all, notes, end
}

// isPicture reports whether an entry is worth a look: by its extension, and not one of
// the files that systems keep beside pictures.
func isPicture(name string) bool {
	parts := strings.Split(strings.ReplaceAll(name, `\`, "/"), "/")
	for _, p := range parts {
		if slices.Contains(notPhotos, p) || strings.HasPrefix(p, ".") && p != "." && p != ".." {
			return false
		}
	}
	return filename.HasExtension(name)
}

// unpack reads an entry, whatever its header says of its size.
func unpack(ctx context.Context, f *zip.File, left *atomic.Int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.UncompressedSize64 > imaging.MaxBytes {
		return nil, ErrTooLarge.With("%d MB, at most %d", f.UncompressedSize64>>20, imaging.MaxBytes>>20)
	}
	if left.Load() <= 0 {
		return nil, errZIP.With("its pictures are more than %d times as large as the ZIP", growth)
	}
	if f.Flags&1 != 0 {
		return nil, errZIP.With("the entry is encrypted")
	}
	rc, err := f.Open()
	if err != nil {
		return nil, errZIP.With("%v", err)
	}
	defer rc.Close()
	b, err := io.ReadAll(io.LimitReader(rc, imaging.MaxBytes+1))
	left.Add(-int64(len(b)))
	switch {
	case len(b) > imaging.MaxBytes:
		return nil, ErrTooLarge.With("more than %d MB", imaging.MaxBytes>>20)
	case err != nil:
		return nil, errZIP.With("%v", err)
	}
	return b, nil
}
