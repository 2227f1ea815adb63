package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

var errNoPictures = fault.New(fault.Invalid, "no_pictures", "No pictures were found; name files, or folders that hold JPEG, PNG or WebP files")

// pictureExtensions are what a folder is searched for. A file that is named
// itself is taken whatever it is called.
var pictureExtensions = []string{".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif", ".bmp"}

// source is one picture to work on.
type source struct {
	path string
	name string // for its outputs: unique among the sources, without an extension
}

// findPictures lists the files of the paths, folders searched through, in order.
func findPictures(paths []string) ([]source, error) {
	var found []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			found = append(found, p) // reported when it is worked on, with the others done
			continue
		}
		if !info.IsDir() {
			found = append(found, p)
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.Type().IsRegular() && slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(path))) {
				found = append(found, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", p, err)
		}
	}
	if len(found) == 0 {
		return nil, errNoPictures
	}
	taken := map[string]bool{}
	var out []source
	for _, p := range found {
		base := filepath.Base(p)
		name := strings.TrimSuffix(base, filepath.Ext(base))
		unique := name
		for n := 2; taken[strings.ToLower(unique)]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		taken[strings.ToLower(unique)] = true
		out = append(out, source{p, unique})
	}
	return out, nil
}

// readPicture reads a file of at most max bytes.
func readPicture(path string, max int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "not_a_file", "It is not a file")
	}
	if info.Size() > max {
		return nil, fault.New(fault.TooLarge, "image_too_large", fmt.Sprintf("The file is larger than %d MB; export it smaller", max>>20))
	}
	return os.ReadFile(path)
}
