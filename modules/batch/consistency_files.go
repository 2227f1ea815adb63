package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
)

// ErrPhotoGone says that a photograph of which pictures are to be made again is not where the
// run found it.
var ErrPhotoGone = fault.New(fault.NotFound, "photo_gone", "A photograph of the run is not there any more; bring it back, or begin anew with opal process")

// state is what became of the files of a run's items since it wrote them.
type state struct {
	missing []string // files that are not there, below the folder
	changed []string // files that somebody changed
	lost    map[string]bool
	edited  map[string]bool // items with a changed file
	unseen  map[string]bool // items whose finished picture is missing or changed: what is known of it doesn't hold
	gone    map[string]bool // items whose photo is not there
	photos  []string        // photos that are not there
}

// inspect holds a run's files in a folder against its report.
func (r *Report) inspect(folder string) (*state, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	defer root.Close()
	s := &state{lost: map[string]bool{}, edited: map[string]bool{}, unseen: map[string]bool{}, gone: map[string]bool{}}
	known := map[string]string{} // what became of a file: scenes share some
	for _, it := range r.Items {
		name := correctionOf(it.File, it.Scene)
		for _, file := range it.Files {
			was, looked := known[file.Path]
			if !looked {
				was = became(root, file)
				known[file.Path] = was
				switch was {
				case "missing":
					s.missing = append(s.missing, file.Path)
				case "changed":
					s.changed = append(s.changed, file.Path)
				}
			}
			s.lost[name] = s.lost[name] || was == "missing"
			s.edited[name] = s.edited[name] || was == "changed"
			s.unseen[name] = s.unseen[name] || was != "" && strings.HasPrefix(path.Base(file.Path), "output.")
		}
		if _, err := os.Stat(r.at(folder, it.File)); err != nil && it.Status != Failed {
			s.gone[name] = true
			if !slices.Contains(s.photos, it.File) {
				s.photos = append(s.photos, it.File)
			}
		}
	}
	return s, nil
}

// became says what became of a file of a folder: "missing", "changed", or "" where it is as it was written.
func became(root *os.Root, file File) string {
	name := filepath.FromSlash(file.Path)
	info, err := root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	case err != nil || !info.Mode().IsRegular() || info.Size() != int64(file.Bytes):
		return "changed"
	}
	if b, err := root.ReadFile(name); err != nil || hashOf(b) != file.SHA256 {
		return "changed"
	}
	return ""
}

// held are the items that are left as the report has them: those whose files somebody changed,
// and those whose photo is gone, with the photos that share their scale.
func (s *state) held(r *Report) map[string]bool {
	type set struct{ sku, id string }
	broken, all := map[set]bool{}, false
	for _, it := range r.Items {
		if s.gone[correctionOf(it.File, it.Scene)] {
			broken[set{it.SKU, it.SetID}] = it.SetID != ""
			all = all || r.Options.OneSet && it.SetID == ""
		}
	}
	held := map[string]bool{}
	for _, it := range r.Items {
		name := correctionOf(it.File, it.Scene)
		if s.edited[name] || s.gone[name] || broken[set{it.SKU, it.SetID}] || all && it.SetID == "" {
			held[name] = true
		}
	}
	return held
}

// undone are the items that are to be made whatever they look like: files of them are missing,
// or the run was interrupted before them.
func (s *state) undone(r *Report, held map[string]bool) (names []string) {
	for _, it := range r.Items {
		name := correctionOf(it.File, it.Scene)
		if !held[name] && (it.Status == Pending || it.Status == Completed && s.lost[name]) {
			names = append(names, inScene(it.File, it.Scene))
		}
	}
	return names
}

// at returns where a photograph that the run named is: relative names count from the folder in
// which the run was begun, which the report states as seen from its own.
func (r *Report) at(folder, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	if r.Options.From != "" {
		if p := filepath.Join(absolute(folder), filepath.FromSlash(r.Options.From), name); exists(p) {
			return p
		}
	}
	return name
}

// seenFrom is the working folder as seen from the folder of the results.
func seenFrom(folder string) string {
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	if rel, err := filepath.Rel(absolute(folder), here); err == nil {
		return filepath.ToSlash(rel)
	}
	return ""
}

// again are the photos of a run, under their names in the report.
func (r *Report) again(folder string) (found Found) {
	seen := map[string]bool{}
	for _, it := range r.Items {
		if seen[it.File] {
			continue
		}
		seen[it.File] = true
		at := r.at(folder, it.File)
		found.Photos = append(found.Photos, Photo{Path: it.File, load: func(ctx context.Context) ([]byte, error) {
			return read(ctx, nil, at, imaging.MaxBytes)
		}})
	}
	return found
}

// filesNamed lists files for people.
func filesNamed(names []string) string {
	var shown []string
	for _, n := range names[:min(len(names), maxShown)] {
		shown = append(shown, filename.Show(n))
	}
	if n := len(names) - len(shown); n > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(shown, ", ")
}
