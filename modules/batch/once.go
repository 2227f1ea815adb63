package batch

import (
	"context"
	"sync"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// ofPhoto is what the scenes of one photo share: its cut-out, and the variants that show no
// scene. The scene that comes first makes them, and the others wait for it.
type ofPhoto struct {
	mu       sync.Mutex
	left     int // scenes that haven't ended
	photo    Photo
	set      *photoSet // the photos whose pictures have one scale with this one's; nil: none
	extent   *pipeline.Extent
	cut      *pipeline.CutoutRecord
	files    map[string]kept // those that the cut-out's record names, by their paths
	made     bool
	variants []export.Variant
}

// cutting gives a run the photo's cut-out, or has it made by this run while the others
// wait. The caller calls done when its run has ended.
func (o *ofPhoto) cutting(in *pipeline.Input, store *pipeline.Memory, watch *stopwatch) (rec pipeline.Recorder, done func(), err error) {
	o.mu.Lock()
	if o.cut != nil {
		defer o.mu.Unlock()
		for path, k := range o.files {
			b, err := k.read()
			if err != nil {
				return nil, nil, err
			}
			store.Set(path, b)
		}
		in.Done.Cutout = o.cut
		return watch, func() {}, nil
	}
	unlock := sync.OnceFunc(o.mu.Unlock)
	return &cutKeeper{watch, o, store, unlock, in.Steering.Over(in.Look.Steering)}, unlock, nil
}

// cutKeeper keeps the photo's cut-out for its other scenes.
type cutKeeper struct {
	*stopwatch
	o      *ofPhoto
	store  *pipeline.Memory
	unlock func()
	wishes picture.Steering
}

// Checkpoint keeps the first cut-out that comes.
func (k *cutKeeper) Checkpoint(ctx context.Context, c pipeline.Checkpoint) error {
	if k.o.cut == nil && c.Cutout != nil {
		files := map[string]kept{}
		for _, path := range c.Cutout.Paths() {
			b, err := k.store.Get(ctx, path)
			if err != nil {
				return err
			}
			if files[path], err = k.o.set.keep(b); err != nil {
				return err
			}
		}
		extent := c.Cutout.Extent(k.wishes)
		k.o.cut, k.o.files, k.o.extent = c.Cutout, files, &extent
	}
	k.unlock()
	return nil
}

// ended frees what the photo's scenes shared when the last one has ended.
func (o *ofPhoto) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left--; o.left == 0 {
		for _, k := range o.files {
			k.remove()
		}
		o.cut, o.files, o.variants = nil, nil, nil
	}
}

// sceneless returns the variants of those presets that show no scene, made once for the
// photo, and the presets that do.
func (o *ofPhoto) sceneless(ctx context.Context, l *export.Layers, presets []string) (variants []export.Variant, rest []string, err error) {
	var plain []string
	for _, name := range presets {
		if p, ok := channel.Find(name); ok && p.Background != channel.Scene {
			plain = append(plain, name)
		} else {
			rest = append(rest, name)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.made {
		var made []export.Variant
		if err := export.Render(ctx, l, plain, func(v export.Variant) error { made = append(made, v); return nil }); err != nil {
			return nil, nil, err
		}
		o.variants, o.made = made, true
	}
	return o.variants, rest, nil
}
