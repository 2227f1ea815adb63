package batch

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/opal-photo/opal/modules/pipeline"
)

// photoSet are photos of one product whose pictures have one scale and one crop. The first
// picture that needs the scale has the photos cut out that are not yet; each is cut once.
type photoSet struct {
	run    *run
	photos []*ofPhoto
	hash   func() string // of the photos, whatever their order

	mu    sync.Mutex
	known bool
	box   pipeline.Extent
}

// sets puts the photos into their sets: by the list of products, which says which SKU and
// set id a photo has; with OneSet all others are one.
func (r *run) sets(photos []*ofPhoto) {
	all := map[[2]string]*photoSet{}
	for _, o := range photos {
		p := r.productOf(o.photo.Path)
		if p.SetID == "" && !r.OneSet {
			continue
		}
		key := [2]string{p.SKU, p.SetID}
		if p.SetID == "" {
			key = [2]string{}
		}
		s := all[key]
		if s == nil {
			s = &photoSet{run: r}
			s.hash = sync.OnceValue(s.digest)
			all[key] = s
		}
		s.photos, o.set = append(s.photos, o), s
	}
}

// digest names the photos of the set by their bytes.
func (s *photoSet) digest() string {
	var all []string
	for _, o := range s.photos {
		sum := ""
		if o.photo.Err == nil {
			if raw, err := o.photo.read(context.Background()); err == nil {
				sum = hashOf(raw)
			}
		}
		all = append(all, sum)
	}
	slices.Sort(all)
	return hashOf([]byte(strings.Join(all, " ")))
}

// common returns the box that the products of the set share. A photo that can't be cut out
// adds nothing to it, and fails by itself.
func (s *photoSet) common(ctx context.Context) (pipeline.Extent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known {
		return s.box, nil
	}
	var all []pipeline.Extent
	for _, o := range s.photos {
		e, err := s.run.extent(ctx, o)
		if ctx.Err() != nil {
			return pipeline.Extent{}, ctx.Err()
		}
		if err == nil {
			all = append(all, e)
		}
	}
	s.box, s.known = pipeline.Common(all), true
	return s.box, nil
}

// extent returns how large a photo shows its product, which it has cut out for that where no
// scene of it was.
func (r *run) extent(ctx context.Context, o *ofPhoto) (pipeline.Extent, error) {
	o.mu.Lock()
	known := o.extent
	o.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	if o.photo.Err != nil {
		return pipeline.Extent{}, o.photo.Err
	}
	raw, err := o.photo.read(ctx)
	if err != nil {
		return pipeline.Extent{}, err
	}
	if !r.Own && r.folder.own.holds(raw, hashOf(raw)) {
		return pipeline.Extent{}, errOwn
	}
	in := r.input(&Item{File: o.photo.Path}, raw)
	in.Options.GenerateScene = false
	store := &pipeline.Memory{}
	rec, cut, err := o.cutting(&in, store, &stopwatch{ms: map[string]int64{}})
	if err != nil {
		return pipeline.Extent{}, err
	}
	defer cut()
	if in.Done.Cutout == nil { // else a scene of it did so meanwhile
		if _, err := r.pipeline.Run(ctx, in, store, rec); err != nil {
			return pipeline.Extent{}, err
		}
	}
	cut()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.extent == nil {
		return pipeline.Extent{}, nil
	}
	return *o.extent, nil
}

// kept is a file of a photo that is not finished: in memory, or on disk where those of a
// whole set wait.
type kept struct {
	b    []byte
	file string
}

// keep keeps a file's bytes. s is nil for a photo that is in no set.
func (s *photoSet) keep(b []byte) (k kept, err error) {
	if s == nil {
		return kept{b: b}, nil
	}
	dir, err := s.run.waitingRoom()
	if err != nil {
		return k, err
	}
	f, err := os.CreateTemp(dir, "cutout-*.png")
	if err != nil {
		return k, err
	}
	_, err = f.Write(b)
	return kept{file: f.Name()}, cmp.Or(err, f.Close())
}

func (k kept) read() ([]byte, error) {
	if k.file == "" {
		return k.b, nil
	}
	return os.ReadFile(k.file)
}

func (k kept) remove() {
	if k.file != "" {
		_ = os.Remove(filepath.Clean(k.file)) // the folder goes at the end of the run
	}
}

// waitingRoom returns the folder, outside the results, for the cut-outs of sets.
func (r *run) waitingRoom() (string, error) {
	r.lines.Lock()
	defer r.lines.Unlock()
	if r.waiting == "" {
		dir, err := os.MkdirTemp("", "opal-sets-")
		if err != nil {
			return "", err
		}
		r.waiting = dir
	}
	return r.waiting, nil
}

// leaveWaitingRoom deletes that folder.
func (r *run) leaveWaitingRoom() {
	r.lines.Lock()
	defer r.lines.Unlock()
	if r.waiting != "" {
		_ = os.RemoveAll(r.waiting)
		r.waiting = ""
	}
}
