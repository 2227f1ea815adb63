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
	Fixed  []string            `json:"fixed,omitempty"`  // photos that were made again
	Before *consistency.Result `json:"before,omitempty"` // as it was before they were
	Left   []string            `json:"left,omitempty"`   // that were made again in an earlier run, and stand out still
}

// Correction is what was changed for a picture so that it looks as the others do.
type Correction struct {
	Steering  picture.Steering `json:"steering,omitzero"`
	Catalogue bool             `json:"catalogue,omitempty"` // its set follows the catalogue, not the product
	// Fixed says that this is what a look at the folder made of the picture, which is not
	// corrected a second time; else these are wishes that somebody had for it.
	Fixed bool `json:"fixed,omitempty"`
}

// ErrNotARun says that a folder's pictures can't be made again.
var ErrNotARun = fault.New(fault.Invalid, "not_a_run", "Only pictures that `opal process` made can be made again: name the folder with its report.json")

// Consistency holds a folder's pictures against each other and tells which stand out. The
// outputs of a run of Process are looked at by its report; of other folders each picture,
// by the place that it states for its product, else by cutting that out.
//
// Errors: ErrNoPictures, ErrNotARun; ErrFailed when pictures were to be made again and
// failed; those of the files.
func Consistency(ctx context.Context, s Streams, c Cutters, p *pipeline.Pipeline, o ConsistencyOptions, folder string) error {
	rep, err := loadReport(filepath.Join(folder, reportName))
	if err != nil {
		return err
	}
	var out Consistent
	if rep == nil {
		if o.Fix {
			return ErrNotARun
		}
		pictures, err := c.seen(ctx, s, folder, o.Jobs)
		if err != nil {
			return err
		}
		out.Result = consistency.Of(pictures)
		return out.tell(s, o.JSON)
	}
	out.Result = rep.consistency()
	if o.Fix && out.Drifting > 0 {
		if err := rep.photosThere(); err != nil {
			return err
		}
		if err := out.fix(ctx, s, p, o, rep, folder); err != nil {
			return err
		}
	}
	if n := rep.earlierOutputs(); n > 0 {
		out.Note = strings.TrimPrefix(fmt.Sprintf("%s. %d pictures of earlier runs in this folder were not compared: opal process --resume with all photos takes them over", out.Note, n), ". ")
	}
	return out.tell(s, o.JSON)
}

// photosThere fails when a photo of the run is gone: its picture could not be made again, and
// would be lost. Error: ErrNotARun.
func (r *Report) photosThere() error {
	for _, it := range r.Items {
		if it.Status != Completed {
			continue
		}
		if _, err := os.Stat(it.File); err != nil {
			return ErrNotARun.With("the photo %s is not there any more; bring it back first", it.File)
		}
	}
	return nil
}

// consistency holds a run's pictures against each other. Each is named by its photo.
func (r *Report) consistency() consistency.Result {
	var pictures []consistency.Picture
	for _, it := range r.Items {
		if it.Status == Completed && it.Fidelity != nil && it.Fidelity.Seen != nil {
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

// fix makes the worst pictures again, as the others are. A picture is corrected once: it
// would not look otherwise the second time.
func (c *Consistent) fix(ctx context.Context, s Streams, p *pipeline.Pipeline, o ConsistencyOptions, rep *Report, folder string) error {
	before := c.Result
	for range fixPasses {
		run := rep.Options
		run.Dir, run.Resume, run.Force, run.Jobs, run.JSON, run.DryRun, run.ChannelNames, run.Own = folder, true, false, o.Jobs, false, false, false, true
		run.Corrections = map[string]Correction{}
		for name, was := range rep.Options.Corrections {
			run.Corrections[name] = was
		}
		changed := false
		c.Left = nil
		for _, d := range c.Worst {
			name := correctionOf(d.Name, d.Group)
			was := run.Corrections[name]
			if was.Fixed {
				c.Left = append(c.Left, d.Name)
				continue
			}
			run.Corrections[name] = was.more(d, run.Steering)
			if changed = true; !slices.Contains(c.Fixed, d.Name) {
				c.Fixed = append(c.Fixed, d.Name)
			}
		}
		if !changed {
			break
		}
		var err error
		if run.Plates, err = run.plates(ctx, o.PreparePlate); err != nil {
			return err
		}
		var photos []string
		run.Products = map[string]picture.Product{}
		for _, it := range rep.Items {
			if it.SetID != "" {
				run.Products[productKey(it.File)] = picture.Product{SKU: it.SKU, SetID: it.SetID}
			}
			if !slices.Contains(photos, it.File) {
				photos = append(photos, it.File)
			}
		}
		quiet := s
		quiet.Out, quiet.Quiet = s.Err, true
		err = Process(ctx, quiet, p, run, photos)
		if err != nil && !errors.Is(err, ErrFailed) { // a variant that its channel refuses is in the report
			return err
		}
		after, loadErr := loadReport(filepath.Join(folder, reportName))
		if loadErr != nil || after == nil {
			return errors.Join(err, loadErr)
		}
		rep = after
		c.Before, c.Result = &before, after.consistency()
	}
	return nil
}

// plates makes the run's plates again of their photographs.
func (o *Options) plates(ctx context.Context, prepare PreparePlate) (map[string]pipeline.Plate, error) {
	shown := slices.ContainsFunc(o.Scenes, func(scene string) bool { _, ok := picture.ParsePlate(scene); return ok })
	if !shown {
		return nil, nil
	}
	if len(o.PlateFiles) == 0 || prepare == nil {
		return nil, ErrNotARun.With("the run doesn't say which photographs its plates are")
	}
	plates, _, err := ReadPlates(ctx, o.PlateFiles, prepare)
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
		case "shadow_angle":
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

// seen measures the pictures of a folder that is no run's.
func (c Cutters) seen(ctx context.Context, s Streams, folder string, jobs int) ([]consistency.Picture, error) {
	found, err := Find([]string{folder})
	if err != nil {
		return nil, err
	}
	if jobs == 0 {
		jobs = DefaultJobs()
	}
	all := make([]consistency.Picture, len(found.Photos))
	bad := make([]error, len(found.Photos))
	progress := newProgress(s, "looking", len(found.Photos))
	interrupted := abreast(ctx, jobs, len(found.Photos), func(i int) {
		p := found.Photos[i]
		all[i].Name = p.Path
		if bad[i] = p.Err; bad[i] == nil {
			bad[i] = fault.Guard(func() error { return c.look(ctx, p, &all[i]) })
		}
		progress.add()
	})
	progress.end()
	if interrupted {
		return nil, ErrInterrupted
	}
	var pictures []consistency.Picture
	for i, err := range bad {
		if err == nil {
			pictures = append(pictures, all[i])
			continue
		}
		if !s.Quiet {
			fmt.Fprintf(s.Err, "opal: %s: %v\n", found.Photos[i].Path, err)
		}
	}
	if len(pictures) == 0 {
		return nil, ErrNoPictures
	}
	return pictures, nil
}

// look measures one picture. Pictures of one size are held against each other.
func (c Cutters) look(ctx context.Context, p Photo, into *consistency.Picture) error {
	raw, err := p.read(ctx)
	if err != nil {
		return err
	}
	img, _, err := c.Decoder.Decode(ctx, raw)
	if err != nil {
		return err
	}
	into.Group = fmt.Sprintf("%d×%d", img.Rect.Dx(), img.Rect.Dy())
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
	if c.Before != nil && c.Before.Score != nil {
		fmt.Fprintf(&b, "%.1f of 100 before, with %d of %d pictures that stood out; made again:\n", *c.Before.Score, c.Before.Drifting, c.Before.Pictures)
		for _, name := range c.Fixed {
			fmt.Fprintf(&b, "  %s\n", name)
		}
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
	for _, name := range c.Left {
		fmt.Fprintf(&b, "  %s was made again before, and stands out still: change it by hand\n", name)
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
	if c.Catalogue && !picture.Catalogue(look.ID) {
		if _, plate := picture.ParsePlate(it.Scene); !plate && steering.Seed == nil { // the others' composition stays
			seed := pipeline.SeedOf(tenantID, look.ID, it.Scene)
			steering.Seed = &seed
		}
		look.ID = catalogueLook
	}
	return look, steering
}
