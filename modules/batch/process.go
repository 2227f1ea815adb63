package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/shade"
)

// Options are what a run makes of each photo.
type Options struct {
	Dir     string   `json:"out"` // folder for the results
	Scenes  []string `json:"scenes"`
	Presets []string `json:"presets"`
	Prompt  string   `json:"prompt,omitempty"`
	// UnknownWords are those of the prompt that no scene heeds.
	UnknownWords []string     `json:"unknown_words,omitempty"`
	Look         picture.Look `json:"look"`
	// Steering is what is wished of every picture.
	Steering picture.Steering          `json:"steering,omitzero"`
	Plates   map[string]pipeline.Plate `json:"-"` // by scene type, see ReadPlates
	// PlateFiles are the photographs of Plates, by which a run is repeated.
	PlateFiles []string `json:"plate_files,omitempty"`
	// Corrections are what is wished of single pictures beside that, see Consistency.
	Corrections map[string]Correction `json:"corrections,omitempty"`
	Steps       pipeline.Options      `json:"steps"`
	Resume      bool                  `json:"resume,omitempty"` // take what a run before made of the same bytes with the same options
	Force       bool                  `json:"force,omitempty"`  // overwrite files that OPAL didn't make
	Own         bool                  `json:"own,omitempty"`    // take OPAL's own results for photos
	Jobs        int                   `json:"jobs"`             // photos side by side; 0: DefaultJobs
	Review      picture.Review        `json:"review,omitzero"`  // which cut-outs a person has to look at

	// From is the working folder of the run as seen from Dir, with slashes: relative names of
	// photos and plates count from there. "": as it is now.
	From string `json:"from,omitempty"`

	// Held are items, by the names of their corrections, that stay as the run before has them.
	Held map[string]bool `json:"-"`

	// OneSet has all photos, unless the list of products says otherwise, be one set: angles of
	// one product, whose pictures keep one scale and one crop.
	OneSet bool `json:"one_set,omitempty"`

	// ChannelNames has the finished files laid out under the names that their channels
	// demand, too.
	ChannelNames bool `json:"channel_names,omitempty"`
	// Products and Wishes are what is known of each photo's product, and wished of its pictures
	// beside Steering; see ReadProducts.
	Products map[string]picture.Product  `json:"-"`
	Wishes   map[string]picture.Steering `json:"-"`

	Version string    `json:"-"` // of OPAL, for the report
	On      time.Time `json:"-"` // the day whose rules count; zero: today
	JSON    bool      `json:"-"` // a line of JSON on Streams.Out for each item that ends
	DryRun  bool      `json:"-"` // say what would be made, and make nothing

	FailOnWarn bool `json:"fail_on_warn,omitempty"` // a warning counts as a rejection does
}

// check refuses options that make no sense together, and drops repeated values.
func (o *Options) check() error {
	if len(o.Scenes) == 0 {
		return fault.New(fault.Invalid, "scene_type_unknown", "No scene is named; known are "+picture.SceneForms())
	}
	o.Scenes = slices.Clone(o.Scenes)
	for i, s := range o.Scenes {
		var ok bool
		if o.Scenes[i], ok = picture.CleanScene(s); !ok {
			return fault.New(fault.Invalid, "scene_type_unknown", fmt.Sprintf("Scene %.60q is not known%s", s, picture.SceneHint(s)))
		}
		if _, isPlate := picture.ParsePlate(o.Scenes[i]); isPlate {
			if _, ok := o.Plates[o.Scenes[i]]; !ok {
				return fault.New(fault.Invalid, "plate_not_found", fmt.Sprintf("Scene %q is no plate of this run; name its photograph with --plate", s))
			}
		}
	}
	if o.Dir == "" {
		return errNoFolder
	}
	if len(o.Presets) == 0 {
		return channel.ErrPreset.With("none is named; see opal process --help")
	}
	if err := channel.Validate(o.Presets); err != nil {
		return err
	}
	if err := o.Steering.CheckWishes(); err != nil {
		return err
	}
	if err := channel.Validate(o.Steering.PhotoShadow.Presets()); err != nil {
		return fmt.Errorf("photo_shadow: %w", err)
	}
	if o.Jobs < 0 || o.Jobs > MaxJobs {
		return fault.New(fault.Invalid, "jobs_invalid", fmt.Sprintf("Photos side by side must be 1 to %d", MaxJobs))
	}
	if o.Jobs == 0 {
		o.Jobs = DefaultJobs()
	}
	o.Scenes, o.Presets = once(o.Scenes), once(o.Presets)
	if !o.Steps.GenerateScene {
		o.Scenes = o.Scenes[:1] // all of them would be the same cut-out
	}
	return nil
}

// once drops what is repeated.
func once(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// fail reports whether a run counts as failed.
func (t Totals) fail(onWarn bool) bool {
	return t.Failed > 0 || t.Rejected > 0 || onWarn && t.Warned > 0
}

// run is one run over photos.
type run struct {
	Options
	pipeline *pipeline.Pipeline
	Streams
	folder  *folder
	journal *journal
	before  *Report         // of the run before in the same folder; nil without one
	photos  map[string]bool // the photos of this run, by their paths

	lines   sync.Mutex
	taken   map[int]bool // items of the run before that were taken over
	waiting string       // a folder for what sets keep; "": there is none yet
}

// Process runs the whole pipeline over the photos that paths lead to and writes each
// picture's output, cut-out and variants into a folder of its own below o.Dir, beside
// report.json. A photo that can't be finished doesn't keep the others from being so.
//
// Errors: ErrNoPictures, ErrReport and other faults of kind Invalid before anything is
// made, and ErrInUse; ErrFailed when an item failed or a channel refuses a variant; ErrInterrupted, within a second of ctx's end.
func Process(ctx context.Context, s Streams, p *pipeline.Pipeline, o Options, paths []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if slices.Contains(paths, Stdin) {
		return fault.New(fault.Invalid, "stdin_unsupported", "Standard input is not taken here; name files or folders")
	}
	found, err := Find(paths)
	if err != nil {
		return err
	}
	_, err = finish(ctx, s, p, o, found)
	return err
}

// finish does the same as Process with photos that were found, and options that were
// checked. It returns the report, too, which is nil when the run didn't begin.
func finish(ctx context.Context, s Streams, p *pipeline.Pipeline, o Options, found Found) (*Report, error) {
	r := &run{Options: o, pipeline: p, Streams: s, photos: map[string]bool{}, taken: map[int]bool{}}
	if !o.DryRun {
		unlock, err := lockFolder(o.Dir)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	if err := r.open(found); err != nil {
		return nil, err
	}
	r.say(slices.Concat(found.Notes, r.unmatched(found.Photos)))
	items := r.items(found)
	if o.DryRun {
		return nil, r.rehearse(items)
	}
	if r.From == "" {
		r.From = seenFrom(r.Dir)
	}
	r.journal = &journal{folder: r.folder, report: &Report{
		Tool: "opal", Command: "process", Version: o.Version, State: Running, StartedAt: time.Now().UTC(), Options: r.Options, Earlier: r.earlier(),
	}}
	r.hold(items)
	for _, w := range items {
		r.journal.report.Items = append(r.journal.report.Items, w.item)
	}
	if err := r.journal.update(func(*Report) {}); err != nil {
		return nil, err
	}
	defer r.leaveWaitingRoom()
	interrupted := r.all(ctx, items)
	if r.ChannelNames && !interrupted {
		if err := r.deliver(); err != nil {
			r.folder.close()
			return r.journal.report, errors.Join(err, r.journal.end(Interrupted))
		}
	}
	r.folder.close()
	state := Finished
	if interrupted {
		state = Interrupted
	}
	if err := r.journal.end(state); err != nil {
		return nil, err
	}
	r.sum()
	switch {
	case interrupted:
		return r.journal.report, ErrInterrupted
	case r.journal.report.Totals.fail(r.FailOnWarn):
		return r.journal.report, ErrFailed
	}
	return r.journal.report, nil
}

// open opens the folder of the results and learns what earlier runs made.
func (r *run) open(found Found) error {
	var err error
	known := own{hashes: map[string]bool{}}
	for _, p := range found.Reports {
		if rep, err := loadReport(p); err == nil && rep != nil { // else it is somebody's report
			known.adopt(rep)
		}
	}
	r.before, err = loadReport(filepath.Join(r.Dir, reportName))
	if err != nil && !r.Force {
		return err
	}
	if r.before != nil {
		known.adopt(r.before)
	}
	r.folder, err = openFolder(r.Dir, !r.DryRun, r.Force, known)
	return err
}

// work is an item that is to be made.
type work struct {
	photo   Photo
	item    *Item
	dir     string // below the folder, with slashes
	presets []string
	photoOf *ofPhoto // what the photo's scenes share
	held    bool     // it stays as the run before has it
}

// items gives each photo its folder. A photo that a run before had keeps the one it
// has there; the folders of other photos are left alone.
func (r *run) items(found Found) []work {
	photos := found.Photos
	var names filename.Names
	names.Reserve(reportName)
	if r.ChannelNames {
		names.Reserve(deliveryFolder)
	}
	kept := r.keep(photos)
	for _, dir := range kept {
		names.Reserve(dir)
	}
	for _, dir := range r.foreign(photos) {
		names.Reserve(dir)
	}
	names.Reserve(reviewFolder)
	dirs := make([]string, len(photos))
	found.Named(func(i int, p Photo) {
		dir, ok := kept[absolute(p.Path)]
		if !ok && p.Err == nil {
			dir = names.Unique(filename.Stem(p.Path), "")
		}
		dirs[i] = dir
	})
	var all []work
	var each []*ofPhoto
	r.Corrections = maps.Clone(r.Corrections)
	for i, p := range photos {
		r.photos[p.Path] = true
		dir := dirs[i]
		var folders filename.Names
		shared := &ofPhoto{left: len(r.Scenes), photo: p}
		each = append(each, shared)
		for _, scene := range r.Scenes {
			w := work{photo: p, dir: dir, photoOf: shared, presets: r.Presets, item: &Item{File: p.Path, Scene: scene, Status: Pending, Steps: map[string]int64{}, Variants: []Variant{}}}
			if of := r.productOf(p.Path); of.SetID != "" {
				w.item.SKU, w.item.SetID = of.SKU, of.SetID
			}
			if len(p.presets) > 0 {
				w.presets = p.presets
			}
			if !r.Steps.GenerateScene {
				w.item.Scene = ""
			}
			r.wish(w.item)
			if len(r.Scenes) > 1 {
				w.dir = path.Join(dir, folders.Unique(sceneFolder(scene), ""))
			}
			all = append(all, w)
		}
	}
	r.sets(each)
	return all
}

// sceneFolder names the folder of a scene's results; a plate's has its photograph's name.
func sceneFolder(scene string) string {
	if id, ok := picture.ParsePlate(scene); ok {
		return picture.SceneLabel(scene) + "-" + id
	}
	return picture.SceneLabel(scene)
}

// folders maps the photos of the run before, by their absolute paths, to their
// folders, as far as these are still there.
func (r *run) folders() map[string]string {
	out := map[string]string{}
	if r.before == nil {
		return out
	}
	for _, it := range r.before.Items {
		if len(it.Files) == 0 {
			continue
		}
		dir, ok := photoDir(it.Files[0].Path)
		if ok && filepath.IsLocal(dir) && (exists(filepath.Join(r.Dir, dir)) || exists(filepath.Join(r.Dir, reviewFolder, dir))) {
			out[absolute(it.File)] = dir
		}
	}
	return out
}

// keep are the folders of photos that this run has, too.
func (r *run) keep(photos []Photo) map[string]string {
	had, out := r.folders(), map[string]string{}
	for _, p := range photos {
		if dir, ok := had[absolute(p.Path)]; ok {
			out[absolute(p.Path)] = dir
		}
	}
	return out
}

// foreign are the folders of photos that this run has not.
func (r *run) foreign(photos []Photo) []string {
	had := r.folders()
	for _, p := range photos {
		delete(had, absolute(p.Path))
	}
	var out []string
	for _, dir := range had {
		out = append(out, dir)
	}
	return out
}

// all works on the items side by side and reports whether it was interrupted. Items
// unfinished by then are abandoned: their files never appear.
func (r *run) all(ctx context.Context, items []work) (interrupted bool) {
	p := newProgress(r.Streams, "processing", len(items))
	defer p.end()
	return abreast(ctx, r.Jobs, len(items), func(i int) {
		w := items[i]
		if w.held {
			w.photoOf.ended()
			p.add()
			return
		}
		done := *w.item
		done.Steps = map[string]int64{} // the report is written meanwhile
		r.one(ctx, w, &done)
		if ctx.Err() != nil && done.Status != Completed {
			return // the photo is not to blame
		}
		r.record(w, done)
		p.add()
	})
}

// record puts an item that ended into the report, unless the run is over.
func (r *run) record(w work, done Item) {
	err := r.journal.update(func(rep *Report) {
		if rep.State == Running {
			*w.item = done
		}
	})
	r.lines.Lock()
	defer r.lines.Unlock()
	if err != nil && !r.Quiet {
		fmt.Fprintln(r.Err, "opal:", err)
	}
	if r.JSON {
		_ = json.NewEncoder(r.Out).Encode(done) // a closed pipe is not the photo's fault
	}
}

// one makes an item.
func (r *run) one(ctx context.Context, w work, it *Item) {
	defer w.photoOf.ended()
	err := fault.Guard(func() error { return r.make(ctx, w, it) })
	var step *pipeline.StepError
	if errors.As(err, &step) {
		err = step.Err
	}
	switch {
	case errors.Is(err, errOwn):
		it.Status = skipped
	case err != nil:
		it.fail(err)
	default:
		it.Status = Completed
	}
}

// fail records why there is no picture, and drops the fields of an unfinished one.
func (it *Item) fail(err error) {
	text, code := words(err), fault.CodeOf(err)
	it.Status, it.Error, it.Code = Failed, &text, &code
}

// errOwn says that a file is one of OPAL's results.
var errOwn = errors.New("one of OPAL's own results")

func (r *run) make(ctx context.Context, w work, it *Item) error {
	if w.photo.Err != nil {
		return w.photo.Err
	}
	raw, err := w.photo.read(ctx)
	if err != nil {
		return err
	}
	it.SHA256 = hashOf(raw)
	if !r.Own && r.folder.own.holds(raw, it.SHA256) {
		return errOwn
	}
	it.Key = r.key(it, w.photoOf.set)
	if r.Resume && r.reuse(it, w.presets) {
		return nil
	}
	if err := r.free(w); err != nil {
		return err
	}
	store := &pipeline.Memory{}
	in := r.input(it, raw)
	if set := w.photoOf.set; set != nil {
		in.Set = set.common
	}
	recorder, cut, err := w.photoOf.cutting(&in, store, &stopwatch{ms: it.Steps})
	if err != nil {
		return err
	}
	defer cut()
	res, err := r.pipeline.Run(ctx, in, store, recorder)
	cut()
	if err != nil {
		return err
	}
	it.Confidence, it.NeedsReview, it.ReviewReason, it.Concerns, it.Fidelity = res.Confidence, res.NeedsReview, res.ReviewReason, boxes(res.Concerns), res.Fidelity
	former := doubtfulPlace(w.dir, !res.NeedsReview) // where a run with another verdict wrote
	w.dir = doubtfulPlace(w.dir, res.NeedsReview)
	began := time.Now()
	if err := r.writeAll(ctx, w, it, store, res); err != nil {
		return err
	}
	for _, n := range r.names(w) {
		r.folder.take(path.Join(former, n), it.SHA256)
	}
	it.Steps["export"] = time.Since(began).Milliseconds()
	return nil
}

// tenantID is the tenant of work without a server, which scenes' seeds depend on.
const tenantID = "local"

// input is what the pipeline makes of an item's photo.
func (r *run) input(it *Item, raw []byte) pipeline.Input {
	in := pipeline.Input{
		TenantID: tenantID, Filename: filepath.Base(it.File), Scene: it.Scene, Prompt: r.Prompt, Options: r.Steps, Review: r.Review,
		Raw: func(context.Context) ([]byte, error) { return raw, nil },
	}
	in.Look, in.Steering = r.wishes(it)
	if in.Scene == "" {
		in.Scene = r.Scenes[0]
	}
	if plate, ok := r.Plates[in.Scene]; ok {
		in.Plate = func(context.Context) (pipeline.Plate, error) { return plate, nil }
	}
	return in
}

// names are those of the item's files.
func (r *run) names(w work) []string {
	names := []string{"cutout.png", "output.jpg"}
	if !r.Steps.GenerateScene {
		names[1] = "output.png"
	}
	for _, n := range w.presets {
		if p, ok := channel.Find(n); ok {
			names = append(names, variantName(p))
		}
	}
	return names
}

// free fails when one of the item's files can't be written, before it costs anything.
func (r *run) free(w work) error {
	names := r.names(w)
	for _, dir := range places(w.dir) {
		for _, n := range names {
			if err := r.folder.free(path.Join(dir, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func variantName(p channel.Preset) string { return p.Name + "." + p.Format.Extension() }

// writeAll writes the output, the cut-out and the variants.
func (r *run) writeAll(ctx context.Context, w work, it *Item, store *pipeline.Memory, res *pipeline.Result) error {
	write := func(name string, b []byte) (string, error) {
		name = path.Join(w.dir, name)
		if err := r.folder.write(name, b); err != nil {
			return "", err
		}
		it.Files = append(it.Files, File{Path: name, SHA256: hashOf(b), Bytes: len(b)})
		return r.folder.shown(name), nil
	}
	var err error
	save := func(name, from string) (string, error) {
		b, err := store.Get(ctx, from)
		if err != nil {
			return "", err
		}
		return write(name, b)
	}
	if it.Output, err = save("output"+path.Ext(res.OutputPath), res.OutputPath); err != nil {
		return err
	}
	if _, err := save("cutout.png", res.CutoutPath); err != nil {
		return err
	}
	l, err := layersOf(ctx, store, export.Source{Layers: res.Layers, Filename: w.photo.Path, Scene: it.Scene})
	if err != nil {
		return err
	}
	defer l.Recycle()
	l.On = r.On
	add := func(v export.Variant) error {
		shown, err := write(variantName(v.Preset), v.File)
		made := Variant{Preset: v.Preset.Name, File: shown, Width: v.Width, Height: v.Height, Bytes: len(v.File), Status: Completed, Fidelity: v.Fidelity, Unlit: v.Unlit, Place: v.Place, Checks: v.Checks}
		if v.Fidelity != nil {
			l := check.Limits(v.Preset)
			made.Limits = &l
		}
		if check.Worst(v.Checks) == channel.Reject {
			made.Status = Rejected
		}
		it.Variants = append(it.Variants, made)
		return err
	}
	presets := w.presets
	if len(r.Scenes) > 1 {
		var shared []export.Variant
		if shared, presets, err = w.photoOf.sceneless(ctx, l, presets); err != nil {
			return err
		}
		for _, v := range shared {
			if err := add(v); err != nil {
				return err
			}
		}
	}
	err = export.Render(ctx, l, presets, add)
	slices.SortFunc(it.Variants, func(a, b Variant) int { return slices.Index(w.presets, a.Preset) - slices.Index(w.presets, b.Preset) })
	it.review()
	return err
}

// review has a person look at an item of which a channel refuses a variant that says
// something of the others.
func (it *Item) review() {
	for _, v := range it.Variants {
		if p, _ := channel.Find(v.Preset); v.Status == Rejected && !p.Aside() {
			it.NeedsReview = true
			it.ReviewReason = picture.Noted(it.ReviewReason, v.Preset+" is refused: "+check.Reason(v.Checks))
		}
	}
}

// layersOf decodes a finished picture's layers.
func layersOf(ctx context.Context, store pipeline.Artifacts, src export.Source) (*export.Layers, error) {
	l := &export.Layers{Source: src}
	for _, f := range []struct {
		path string
		into **image.NRGBA
	}{{src.CutoutPath, &l.Cutout}, {src.BackdropPath, &l.Backdrop}, {src.ShadowPath, &l.Shadow}, {src.OwnShadowPath(), &l.Own}} {
		if f.path == "" {
			continue
		}
		b, err := store.Get(ctx, f.path)
		if err == nil {
			*f.into, err = imaging.DecodeOwn(b)
		}
		if err != nil {
			return nil, err
		}
	}
	if src.LightPath != "" {
		b, err := store.Get(ctx, src.LightPath)
		if err != nil {
			return nil, err
		}
		if l.Light, err = shade.DecodeLight(b); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// stopwatch times the steps.
type stopwatch struct {
	ms    map[string]int64
	began time.Time
}

// StepBegan starts the clock.
func (w *stopwatch) StepBegan(context.Context, string) { w.began = time.Now() }

// StepEnded stops it.
func (w *stopwatch) StepEnded(_ context.Context, step string, _ error) {
	w.ms[step] = time.Since(w.began).Milliseconds()
}

// StepReused has no time.
func (*stopwatch) StepReused(context.Context, string) {}

// Checkpoint keeps nothing: the work ends with the process.
func (*stopwatch) Checkpoint(context.Context, pipeline.Checkpoint) error { return nil }

// say tells people.
func (r *run) say(lines []string) {
	if r.Quiet {
		return
	}
	for _, l := range lines {
		_, _ = io.WriteString(r.Err, l+"\n")
	}
}
