package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/check/consistency"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/provenance"
)

// ConsistencyOptions say what becomes of the pictures that stand out.
type ConsistencyOptions struct {
	Fix  bool // make the worst again, as the others are
	JSON bool
	Jobs int // photos side by side; 0: DefaultJobs

	// PreparePlate makes plates of the photographs that the run stood its products in.
	PreparePlate PreparePlate
}

// Consistent is what a look at a folder came to.
type Consistent struct {
	consistency.Result
	Fixed  []string            `json:"fixed,omitempty"`  // pictures that were made again as they stood out, by photo and scene
	Made   []string            `json:"made,omitempty"`   // those made as files of them were missing, or a run was interrupted before them
	Before *consistency.Result `json:"before,omitempty"` // as it was before they were
	Left   []Left              `json:"left,omitempty"`   // that stand out still, and are not made again
	// Missing and Changed are files of the run, below its folder, that are not there any more and
	// that somebody changed by hand. What is changed is never overwritten.
	Missing []string `json:"missing,omitempty"`
	Changed []string `json:"changed,omitempty"`
	// Gone are photos that are not there any more, so that nothing can be made of them again.
	Gone []string `json:"gone,omitempty"`
}

// Left is a picture that stands out still, and is not made again.
type Left struct {
	Picture string `json:"picture"` // its photo and its scene
	Why     string `json:"why"`     // for people, and what they can do
}

// Correction is what was changed for a picture so that it looks as the others do.
type Correction struct {
	Steering  picture.Steering `json:"steering,omitzero"`
	Light     string           `json:"light,omitempty"`     // the side that its scene is lit from, as the others are
	Catalogue bool             `json:"catalogue,omitempty"` // its set follows the catalogue, not the product
	// Fixed says that this is what a look at the folder made of the picture, which is not
	// corrected a second time; else these are wishes that somebody had for it.
	Fixed bool `json:"fixed,omitempty"`
}

// ErrNotAFolder says that a file was named where a folder is wanted.
var ErrNotAFolder = fault.New(fault.Invalid, "not_a_folder", "A folder of pictures is wanted")

var errDamaged = fault.New(fault.Invalid, "report_invalid", "The folder's report.json is damaged, or another program's; move it away to compare the folder's pictures without it")

// ErrNotARun says that a folder's pictures can't be made again.
var ErrNotARun = fault.New(fault.Invalid, "not_a_run", "Only pictures that `opal process` made can be made again: name the folder with its report.json")

// Consistency holds a folder's pictures against each other and tells which stand out. The
// outputs of a run of Process are looked at by its report; of other folders each picture,
// by the place that it states for its product, else by cutting that out.
//
// Errors: ErrNoPictures, ErrNotARun, ErrNotAFolder, ErrPhotoGone; ErrFailed when files of the
// run are missing or were changed, or pictures can't be read; ErrTooManyPictures; those of the files.
func Consistency(ctx context.Context, s Streams, c Cutters, p *pipeline.Pipeline, o ConsistencyOptions, folder string) error {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return ErrNotAFolder.With("%s is a file", folder)
	}
	rep, err := loadReport(filepath.Join(folder, reportName))
	if errors.Is(err, ErrReport) {
		return errDamaged
	}
	if err != nil {
		return err
	}
	var out Consistent
	if rep == nil {
		if o.Fix {
			return ErrNotARun
		}
		pictures, unread, err := c.seen(ctx, s, folder, o.Jobs)
		if err != nil {
			return err
		}
		out.Result = consistency.Of(pictures)
		if unread > 0 {
			out.note("Pictures that can't be read, and were not compared: %d", unread)
		}
		if err := out.tell(s, o.JSON); err != nil || unread == 0 {
			return err
		}
		return ErrFailed
	}
	now, err := rep.inspect(folder)
	if err != nil {
		return err
	}
	out.Result = rep.consistency(now)
	if o.Fix {
		if rep, now, err = out.fix(ctx, s, p, o, rep, now, folder); err != nil {
			return err
		}
		out.Gone = now.photos
	}
	out.Missing, out.Changed = now.missing, now.changed
	out.notes(rep, now, folder)
	if err := out.tell(s, o.JSON); err != nil {
		return err
	}
	if len(out.Missing)+len(out.Changed) > 0 {
		return ErrFailed
	}
	return nil
}

// note adds a sentence to what is said of pictures that were not compared.
func (c *Consistent) note(format string, args ...any) {
	c.Note = strings.TrimPrefix(fmt.Sprintf("%s. "+format, append([]any{c.Note}, args...)...), ". ")
}

// notes says which pictures were not compared because they are not finished or of earlier runs.
func (c *Consistent) notes(rep *Report, now *state, folder string) {
	pending, fixing := 0, false
	for _, it := range rep.Items {
		if it.Status == Pending {
			pending++
		}
	}
	for _, w := range rep.Options.Corrections {
		fixing = fixing || w.Fixed
	}
	if pending > 0 {
		how := "opal process --resume"
		if fixing {
			how = "opal consistency " + filename.Show(folder) + " --fix"
		}
		c.note("Pictures not done, as the run was interrupted: %d; %s goes on with them", pending, how)
	}
	if n := rep.earlierOutputs() - pending; n > 0 {
		c.note("%d pictures of earlier runs in this folder were not compared: opal process --resume with all photos takes them over", n)
	}
	unseen := 0
	for _, is := range now.unseen {
		if is {
			unseen++
		}
	}
	if unseen > 0 {
		c.note("Pictures not compared, as their files are missing or were changed: %d", unseen)
	}
}

// consistency holds a run's pictures against each other, but those that are not as they were
// measured. Each is named by its photo.
func (r *Report) consistency(now *state) consistency.Result {
	var pictures []consistency.Picture
	for _, it := range r.Items {
		if it.Status == Completed && it.Fidelity != nil && it.Fidelity.Seen != nil && !now.unseen[correctionOf(it.File, it.Scene)] {
			pictures = append(pictures, consistency.Picture{Name: it.File, Group: it.Scene, Seen: *it.Fidelity.Seen})
		}
	}
	return consistency.Of(pictures)
}

// earlierOutputs counts the finished pictures of runs before, which the report knows as files alone.
func (r *Report) earlierOutputs() (n int) {
	for _, f := range r.Earlier {
		if strings.HasPrefix(path.Base(f.Path), "output.") {
			n++
		}
	}
	return n
}

// fixPasses bounds how often the pictures are looked at while they are fixed: what one alone
// was wished is left away first, and what stands out still is corrected then.
const fixPasses = 8

// fix makes the worst pictures again, as the others are, and those that are not there. A
// picture is corrected once: it would not look otherwise the second time. It returns the report
// and what became of its files.
func (c *Consistent) fix(ctx context.Context, s Streams, p *pipeline.Pipeline, o ConsistencyOptions, rep *Report, now *state, folder string) (*Report, *state, error) {
	before := c.Result
	for range fixPasses {
		held := now.held(rep)
		run := rep.Options
		run.Dir, run.Resume, run.Force, run.Jobs, run.JSON, run.DryRun, run.ChannelNames, run.Own = folder, true, false, o.Jobs, false, false, false, true
		run.Held = held
		run.Corrections = map[string]Correction{}
		for name, was := range rep.Options.Corrections {
			run.Corrections[name] = was
		}
		undone := now.undone(rep, held)
		changed := len(undone) > 0 && len(c.Made) == 0
		c.Left = nil
		for _, d := range c.Worst {
			name, shown := correctionOf(d.Name, d.Group), inScene(d.Name, d.Group)
			was := run.Corrections[name]
			switch {
			case now.edited[name]:
				c.Left = append(c.Left, Left{shown, "files of it were changed by hand, so it is kept as it is"})
				continue
			case held[name]:
				c.Left = append(c.Left, Left{shown, "its photo, or one of its set, is not there any more: bring it back"})
				continue
			case was.Fixed:
				c.Left = append(c.Left, Left{shown, "it was made again before: " + byHand(d.Kinds, d.Usual.ShadowAngle)})
				continue
			}
			run.Corrections[name] = was.more(d, run.Steering)
			if changed = true; !slices.Contains(c.Fixed, shown) {
				c.Fixed = append(c.Fixed, shown)
			}
		}
		if !changed {
			break
		}
		var err error
		if run.Plates, err = run.plates(ctx, o.PreparePlate, func(name string) string { return rep.at(folder, name) }); err != nil {
			return nil, nil, err
		}
		run.Products = map[string]picture.Product{}
		for _, it := range rep.Items {
			if it.SetID != "" {
				run.Products[productKey(it.File)] = picture.Product{SKU: it.SKU, SetID: it.SetID}
			}
		}
		quiet := s
		quiet.Out, quiet.Quiet = s.Err, true
		if err := run.check(); err != nil {
			return nil, nil, err
		}
		_, err = finish(ctx, quiet, p, run, rep.again(folder))
		if errors.Is(err, ErrInterrupted) && !s.Quiet {
			fmt.Fprintf(s.Err, "opal: nothing is lost: opal consistency %s --fix goes on\n", filename.Show(folder))
		}
		if err != nil && !errors.Is(err, ErrFailed) { // a variant that its channel refuses is in the report
			return nil, nil, err
		}
		after, loadErr := loadReport(filepath.Join(folder, reportName))
		if loadErr != nil || after == nil {
			return nil, nil, errors.Join(err, loadErr)
		}
		rep = after
		if now, err = rep.inspect(folder); err != nil {
			return nil, nil, err
		}
		c.Made = append(c.Made, undone...)
		c.Before, c.Result = &before, after.consistency(now)
	}
	return rep, now, nil
}

// handles say how people steer each kind of drift: a column of the list for --products, or a
// flag of opal process.
var handles = map[string]string{
	"fill": "scale or height_mm", "centre": "x", "floor": "y", "horizon": "camera_pitch", "white_point": "relight or seed", "exposure": "relight or seed", "light": "light_angle",
	"shadow_angle": "light_angle", "shadow_depth": "--shadow-strength",
}

// byHand says what to change of a picture that stands out still. usual is where the others' shadows
// fall, in degrees.
func byHand(kinds []string, usual float64) string {
	var columns, flags []string
	for _, k := range kinds {
		h := handles[k]
		if h == "light_angle" && slices.Contains(kinds, "shadow_angle") {
			h = fmt.Sprintf("light_angle (the others have about %.0f)", math.Mod(math.Round(usual)+180+360, 360))
		}
		switch {
		case h == "":
		case strings.HasPrefix(h, "--"):
			flags = append(flags, h)
		case !slices.Contains(columns, h):
			columns = append(columns, h)
		}
	}
	var how []string
	if len(columns) > 0 {
		how = append(how, "give its photo another "+strings.Join(columns, ", ")+" in a list for --products")
	}
	if len(flags) > 0 {
		how = append(how, "make it with another "+strings.Join(flags, ", "))
	}
	if how == nil {
		return "change it by hand"
	}
	return strings.Join(how, ", or ") + ", with opal process --resume"
}

// plates makes the run's plates again of their photographs.
func (o *Options) plates(ctx context.Context, prepare PreparePlate, at func(string) string) (map[string]pipeline.Plate, error) {
	shown := slices.ContainsFunc(o.Scenes, func(scene string) bool { _, ok := picture.ParsePlate(scene); return ok })
	if !shown {
		return nil, nil
	}
	if len(o.PlateFiles) == 0 || prepare == nil {
		return nil, ErrNotARun.With("the run doesn't say which photographs its plates are")
	}
	var files []string
	for _, name := range o.PlateFiles {
		file := at(name)
		if !exists(file) {
			return nil, ErrPhotoGone.With("%s, which --plate named", filename.Show(name))
		}
		files = append(files, file)
	}
	plates, _, err := ReadPlates(ctx, files, prepare)
	return plates, err
}

// correctionOf is the name of an item's correction.
func correctionOf(file, scene string) string { return scene + " " + file }

// more returns the wishes by which a picture comes to look as the others do: first without
// what it alone was wished, then with what is still to be changed.
func (c Correction) more(d consistency.Drift, base picture.Steering) Correction {
	dropped := false
	for _, kind := range d.Kinds {
		dropped = c.drop(kind) || dropped
	}
	if dropped {
		return c
	}
	c.Fixed = true
	base = c.Steering.Over(base)
	w, shadow := &c.Steering, picture.Shadow{}
	if w.Shadow != nil {
		shadow = *w.Shadow
	}
	for _, kind := range d.Kinds {
		switch kind {
		case "fill":
			scale := base.Scale
			if scale == 0 {
				scale = 1
			}
			w.Scale = min(max(math.Round(1000*scale*d.Usual.Fill/max(d.Seen.Fill, 0.01))/1000, 0.1), 4)
		case "centre":
			w.X = picture.Number(min(max(rounded(d.Usual.Centre), 0), 1))
		case "floor":
			w.Y = picture.Number(min(max(rounded(d.Usual.Floor), 0), 1))
		case "light":
			c.Light = d.Usual.Light
		case "shadow_angle":
			if slices.Contains(d.Kinds, "light") { // it falls as the others' where the scene is lit as theirs
				continue
			}
			shadow.Direction = picture.Number(math.Round(math.Mod(d.Usual.ShadowAngle+360, 360)))
		case "shadow_depth":
			strength := 1.0
			if base.Shadow != nil && base.Shadow.Strength != nil {
				strength = *base.Shadow.Strength
			}
			shadow.Strength = picture.Number(min(rounded(strength*d.Usual.ShadowDepth/max(d.Seen.ShadowDepth, 1)), 1.5))
		default: // colour and light follow the product where there is no catalogue
			c.Catalogue = true
		}
	}
	if shadow != (picture.Shadow{}) {
		w.Shadow = &shadow
	}
	return c
}

// drop takes back the wishes that can make a picture stand out in a kind, and reports whether
// there were any.
func (c *Correction) drop(kind string) bool {
	was, w := c.Steering, &c.Steering
	shadow := picture.Shadow{}
	if w.Shadow != nil {
		shadow = *w.Shadow
	}
	switch kind {
	case "fill":
		w.Scale, w.FrameMM, w.Anchor = 0, 0, "" // its real height stays: it is the product's
	case "centre":
		w.X, w.Anchor = nil, ""
	case "floor":
		w.Y, w.Anchor = nil, ""
	case "horizon":
		w.CameraPitch = nil
	case "white_point", "exposure":
		w.Seed, w.Relight = nil, nil
	case "light":
		w.LightAngle = nil
	case "shadow_angle":
		w.LightAngle, shadow.Direction = nil, nil
	case "shadow_depth":
		shadow.Off, shadow.Strength, shadow.Softness, shadow.Length = false, nil, nil, nil
	}
	if w.Shadow = &shadow; shadow == (picture.Shadow{}) {
		w.Shadow = nil
	}
	return !reflect.DeepEqual(was, *w)
}

func rounded(v float64) float64 { return math.Round(1000*v) / 1000 }

// mostSeen bounds how many pictures of a folder that is no run's are compared: each is cut out,
// which takes a second or two.
const mostSeen = 2000

// ErrTooManyPictures says that a folder holds more pictures than are compared.
var ErrTooManyPictures = fault.New(fault.Invalid, "too_many_pictures", fmt.Sprintf("At most %d pictures are compared: name the folder of one catalogue", mostSeen))

// seen measures the pictures of a folder that is no run's, and counts those that can't be read.
func (c Cutters) seen(ctx context.Context, s Streams, folder string, jobs int) (pictures []consistency.Picture, unread int, err error) {
	found, err := Find([]string{folder})
	if err != nil {
		return nil, 0, err
	}
	if n := len(found.Photos); n > mostSeen {
		return nil, 0, ErrTooManyPictures.With("%s holds %d", filename.Show(folder), n)
	}
	if jobs == 0 {
		jobs = DefaultJobs()
	}
	alone := alone(ctx, found.Photos)
	all := make([]consistency.Picture, len(found.Photos))
	bad := make([]error, len(found.Photos))
	progress := newProgress(s, "looking", len(found.Photos))
	interrupted := abreast(ctx, jobs, len(found.Photos), func(i int) {
		p := found.Photos[i]
		all[i].Name = p.Path
		if bad[i] = p.Err; bad[i] == nil {
			bad[i] = fault.Guard(func() error { return c.look(ctx, p, alone[i], &all[i]) })
		}
		progress.add()
	})
	progress.end()
	if interrupted {
		return nil, 0, ErrInterrupted
	}
	for i, err := range bad {
		if err == nil {
			pictures = append(pictures, all[i])
			continue
		}
		unread++
		if !s.Quiet {
			fmt.Fprintf(s.Err, "opal: %s: %v\n", found.Photos[i].Path, err)
		}
	}
	if len(pictures) == 0 {
		return nil, 0, ErrNoPictures
	}
	return pictures, unread, nil
}

// alone reports of each picture whether too few others can be of its size: then it is held against
// none, and need not be cut out, which takes seconds. Which way up they are is not asked.
func alone(ctx context.Context, photos []Photo) []bool {
	sizes, count := make([]image.Point, len(photos)), map[image.Point]int{}
	for i, p := range photos {
		if raw, err := p.read(ctx); err == nil {
			if info, err := imagefile.Inspect(raw); err == nil {
				sizes[i] = image.Pt(min(info.Width, info.Height), max(info.Width, info.Height))
				count[sizes[i]]++
			}
		}
	}
	out := make([]bool, len(photos))
	for i, size := range sizes {
		out[i] = count[size] < consistency.LeastGroup
	}
	return out
}

// look measures one picture. Pictures of one size are held against each other; of one that is alone
// nothing else is measured.
func (c Cutters) look(ctx context.Context, p Photo, alone bool, into *consistency.Picture) error {
	raw, err := p.read(ctx)
	if err != nil {
		return err
	}
	img, _, err := c.Decoder.Decode(ctx, raw)
	if err != nil {
		return err
	}
	into.Group = fmt.Sprintf("%d×%d", img.Rect.Dx(), img.Rect.Dy())
	if alone {
		return nil
	}
	var box image.Rectangle
	if info, err := imagefile.Inspect(raw); err == nil {
		if at, ok := provenance.ReadPlace(imagefile.ReadMetadata(info.Format, raw).XMP); ok && at.Size == [2]int{img.Rect.Dx(), img.Rect.Dy()} && at.File != [4]int{0, 0, at.Size[0], at.Size[1]} { // a part of a photo says where it is from, and not where the product is
			box = image.Rect(at.File[0], at.File[1], at.File[0]+at.File[2], at.File[1]+at.File[3])
		}
	}
	if box.Empty() {
		cut, err := c.Cutter.Cut(ctx, img)
		if err != nil {
			return err
		}
		box = imaging.AlphaBounds(cut.Image, 128)
	}
	into.Seen = consistency.Measure(img, box)
	return nil
}

func (c *Consistent) tell(s Streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(s.Out).Encode(c)
	}
	var b strings.Builder
	if len(c.Fixed) > 0 && c.Before != nil && c.Before.Score != nil {
		fmt.Fprintf(&b, "%.1f of 100 before, with %d of %d pictures that stood out; made again:\n", *c.Before.Score, c.Before.Drifting, c.Before.Pictures)
		for _, name := range c.Fixed {
			fmt.Fprintf(&b, "  %s\n", name)
		}
	}
	if len(c.Made) > 0 {
		fmt.Fprintf(&b, "made, as they were missing or not done: %s\n", filesNamed(c.Made))
	}
	if c.Score != nil {
		fmt.Fprintf(&b, "%.1f of 100: %d of %d pictures stand out\n", *c.Score, c.Drifting, c.Compared)
	}
	if c.Note != "" {
		fmt.Fprintln(&b, c.Note)
	}
	for _, d := range c.Worst {
		fmt.Fprintf(&b, "  %s: %s\n", inScene(d.Name, d.Group), d.Reason)
	}
	for _, l := range c.Left {
		fmt.Fprintf(&b, "  %s stands out still: %s\n", l.Picture, l.Why)
	}
	if n := len(c.Missing); n > 0 {
		fmt.Fprintf(&b, "missing, and made again by --fix where the photo is there (%d): %s\n", n, filesNamed(c.Missing))
	}
	if n := len(c.Changed); n > 0 {
		fmt.Fprintf(&b, "changed since they were made, and kept (%d): %s\n", n, filesNamed(c.Changed))
	}
	if n := len(c.Gone); n > 0 {
		fmt.Fprintf(&b, "photos that are not there any more, whose pictures are kept as they are (%d): %s\n", n, filesNamed(c.Gone))
	}
	_, err := fmt.Fprint(s.Out, b.String())
	return err
}

// inScene names a picture by its photo and its scene, where it has one: a photo has a picture
// in each of its scenes.
func inScene(name, scene string) string {
	if scene == "" {
		return name
	}
	return fmt.Sprintf("%s, %s", name, scene)
}

// catalogueLook is the look of a picture whose set follows the catalogue where no brand is
// named.
const catalogueLook = "catalogue"

// wish keeps what the list of products wishes of an item's picture, where it isn't corrected
// yet: a look at the folder finds it in the report.
func (r *run) wish(it *Item) {
	w, ok := r.Wishes[productKey(it.File)]
	if !ok || w.Empty() {
		return
	}
	name := correctionOf(it.File, it.Scene)
	if _, corrected := r.Corrections[name]; corrected {
		return
	}
	if r.Corrections == nil {
		r.Corrections = map[string]Correction{}
	}
	r.Corrections[name] = Correction{Steering: w}
}

// wishes returns the look and the steering of an item: the run's, corrected.
func (r *run) wishes(it *Item) (picture.Look, picture.Steering) {
	look, steering := r.Look, r.Steering
	c, ok := r.Corrections[correctionOf(it.File, it.Scene)]
	if !ok {
		return look, steering
	}
	steering = c.Steering.Over(steering)
	if c.Light != "" {
		look.Light = c.Light
	}
	if c.Catalogue && !picture.Catalogue(look.ID) {
		if _, plate := picture.ParsePlate(it.Scene); !plate && steering.Seed == nil { // the others' composition stays
			seed := pipeline.SeedOf(tenantID, look.ID, it.Scene)
			steering.Seed = &seed
		}
		look.ID = catalogueLook
	}
	return look, steering
}
