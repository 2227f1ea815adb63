package batch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// key names what an item's picture depends on: the photo's bytes and the options.
func (r *run) key(it *Item, of *photoSet) string {
	set := ""
	if of != nil {
		set = of.hash()
	}
	look, steering := r.wishes(it)
	b, err := json.Marshal(struct {
		Photo, Scene, Prompt string
		Look                 picture.Look
		Steps                pipeline.Options
		Review               picture.Review
		Steering             picture.Steering `json:",omitzero"`
		Plate                string           `json:",omitempty"`
		Set                  string           `json:",omitempty"` // all photos of the set that it is in
	}{it.SHA256, it.Scene, r.Prompt, look, r.Steps, r.Review, steering, r.plateKey(it.Scene), set})
	if err != nil {
		return "" // numbers that JSON doesn't know; nothing is reused then
	}
	return hashOf(b)
}

// plateKey names the plate that a scene shows; "" where it shows none.
func (r *run) plateKey(scene string) string {
	p, ok := r.Plates[scene]
	if !ok {
		return ""
	}
	b, err := json.Marshal(p.Plate)
	if err != nil {
		return ""
	}
	return hashOf(append(b, p.File...))
}

// reuse takes over what a run before made of the same bytes with the same options,
// when all of it is there still, unchanged: of the same file, or of one that this run
// doesn't have, which was renamed then. Each picture is taken over once.
func (r *run) reuse(it *Item, presets []string) bool {
	if r.before == nil || it.Key == "" {
		return false
	}
	r.lines.Lock()
	defer r.lines.Unlock()
	for _, sameFile := range []bool{true, false} {
		for i, old := range r.before.Items {
			if old.Key != it.Key || old.Status != Completed || r.taken[i] {
				continue
			}
			if same := old.File == it.File; same != sameFile || !same && r.photos[old.File] || !r.has(old, presets) {
				continue
			}
			r.taken[i] = true
			file := it.File
			*it = *old
			it.File, it.Reused = file, true
			return true
		}
	}
	return false
}

// hold takes over the items that stay as the run before has them, whatever became of their files.
func (r *run) hold(items []work) {
	if len(r.Held) == 0 || r.before == nil {
		return
	}
	for i := range items {
		w := &items[i]
		if !r.Held[correctionOf(w.item.File, w.item.Scene)] {
			continue
		}
		for j, old := range r.before.Items {
			if old.File == w.item.File && old.Scene == w.item.Scene && !r.taken[j] {
				r.taken[j], w.held = true, true
				*w.item = *old
				break
			}
		}
	}
}

// has reports whether an item has all presets of this run, and its files their
// bytes.
func (r *run) has(old *Item, presets []string) bool {
	made := map[string]bool{}
	for _, v := range old.Variants {
		made[v.Preset] = true
	}
	for _, p := range presets {
		if !made[p] {
			return false
		}
	}
	for _, f := range old.Files {
		b, err := r.folder.read(f.Path)
		if err != nil || hashOf(b) != f.SHA256 {
			return false
		}
	}
	return len(old.Files) > 0
}

// earlier returns the files of earlier runs that still exist. Files that this run
// makes anew are taken out as it goes.
func (r *run) earlier() []File {
	if r.before == nil {
		return nil
	}
	var out []File
	seen := map[string]bool{}
	for _, f := range r.before.all() {
		if !seen[f.Path] && filepath.IsLocal(filepath.FromSlash(f.Path)) && exists(filepath.Join(r.Dir, filepath.FromSlash(f.Path))) {
			seen[f.Path] = true
			out = append(out, f)
		}
	}
	return out
}

// sort removes from the earlier files those that items made or took over, and from
// the items those that are not photos.
func (r *Report) sort() {
	r.Items = slices.DeleteFunc(r.Items, func(it *Item) bool {
		if it.Status == skipped && !slices.Contains(r.PassedOver, it.File) {
			r.PassedOver = append(r.PassedOver, it.File)
		}
		return it.Status == skipped
	})
	mine := map[string]bool{}
	for _, it := range r.Items {
		for _, f := range it.Files {
			mine[f.Path] = true
		}
	}
	for _, f := range r.Delivery {
		mine[f.Path] = true
	}
	var out []File
	for _, f := range r.Earlier {
		if !mine[f.Path] {
			out = append(out, f)
		}
	}
	r.Earlier = out
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// absolute is a path that means the same from every folder.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
