package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
)

// CheckOptions say what pictures are held against, and how it is reported.
type CheckOptions struct {
	Channels   []string  // by name; none: every channel's first preset
	Presets    []string  // by name, beside or instead of channels
	Slot       string    // of pictures that say none themselves: their place in a listing, such as PT01
	Category   string    // of the products, such as clothing; it chooses among a channel's presets
	Masks      string    // folder of masks: for mug.jpg its mug.png
	AsOf       time.Time // the day whose rules count; zero: today
	Format     string    // table, json, sarif, junit or html
	Output     string    // file for the report; "": standard output
	Fix        string    // folder for finished files of what failed; "": nothing is made
	Force      bool      // overwrite files that OPAL didn't make
	Advice     bool      // the table shows advice, too
	FailOnWarn bool
	Jobs       int // pictures side by side; 0: DefaultJobs
	Version    string
}

// Checkers are what a check works with.
type Checkers struct {
	Decoder pipeline.Decoder
	Cutter  pipeline.Cutter    // finds the product where nobody says where it is
	Fetch   *http.Client       // fetches URLs; nil: they are refused
	Fixer   *pipeline.Pipeline // nil when nothing is to be fixed
}

// checking is one run of Check.
type checking struct {
	Checkers
	CheckOptions
	Streams
	wanted channel.Wanted
	on     time.Time
	sets   map[string]int // pictures of a product, by SKU

	mu      sync.Mutex
	report  *CheckReport
	started time.Time
	over    bool
	thumbs  int // bytes of thumbnails
}

// Check holds the pictures that paths lead to against channels' rules and writes a
// report: files, folders, ZIPs, and CSVs that name files or URLs. It changes no picture.
//
// Errors: ErrNoPictures and other faults of kind Invalid before anything is checked;
// ErrFailed when a picture is rejected or can't be read; ErrInterrupted, within a second
// of ctx's end, with the report of what was checked by then.
func Check(ctx context.Context, s Streams, c Checkers, o CheckOptions, paths []string) error {
	r := &checking{Checkers: c, CheckOptions: o, Streams: s, sets: map[string]int{}, started: time.Now()}
	if err := r.prepare(); err != nil {
		return err
	}
	write, ok := reportFormats[o.Format]
	if !ok {
		return fault.New(fault.Invalid, "format_invalid", fmt.Sprintf("--format %q is not known; known are %s", o.Format, strings.Join(ReportFormats(), ", ")))
	}
	subjects, notes, end, err := r.gather(paths)
	defer end()
	if err != nil {
		return err
	}
	if r.Masks != "" {
		without := 0
		for _, sub := range subjects {
			if r.maskOf(sub) == "" {
				without++
			}
		}
		if without > 0 {
			notes = append(notes, fmt.Sprintf("%s: no mask for %d of %d pictures; of mug.jpg it is mug.png", filename.Show(r.Masks), without, len(subjects)))
		}
	}
	if !s.Quiet {
		for _, n := range notes {
			fmt.Fprintln(s.Err, n)
		}
	}
	r.report = &CheckReport{Common: []Common{}, Tool: "opal", Command: "check", Version: o.Version, State: Running, StartedAt: r.started.UTC(), AsOf: r.on.UTC().Format(time.DateOnly)}
	if len(r.Channels) == 0 && len(r.Presets) == 0 {
		r.report.Note = fmt.Sprintf("no channel was named: held against all %d that demand something; name yours with --channel", len(channel.Demanding()))
		if own := channel.OwnAdvice(); len(own) > 0 {
			r.report.Note += fmt.Sprintf(" (%s: OPAL's own advice, counts where it is named)", strings.Join(own, ", "))
		}
	}
	for _, p := range r.wanted.Presets {
		r.report.Presets = append(r.report.Presets, CheckPreset{Name: p.Name, Title: p.Title, Channel: p.Channel, preset: p})
	}
	for _, sub := range subjects {
		if sub.sku != "" {
			r.sets[sub.sku]++
		}
		r.report.Items = append(r.report.Items, &CheckedItem{File: sub.label, SKU: sub.sku, Slot: sub.slot, Status: Pending, Presets: []Verdict{}})
	}
	interrupted := r.all(ctx, subjects)
	var notFixed error
	if !interrupted && o.Fix != "" {
		notFixed = r.fix(ctx, subjects)
		if interrupted = errors.Is(notFixed, ErrInterrupted); interrupted {
			notFixed = nil
		}
	}
	r.mu.Lock() // pictures that are still worked on change nothing any more
	defer r.mu.Unlock()
	r.over = true
	r.report.State = Finished
	if interrupted {
		r.report.State = Interrupted
	}
	r.report.DurationMS = time.Since(r.started).Milliseconds()
	r.report.count()
	r.report.Presets = slices.DeleteFunc(r.report.Presets, func(p CheckPreset) bool { return p.Pictures == 0 })
	if err := r.write(write); err != nil {
		return err
	}
	switch {
	case interrupted:
		return ErrInterrupted
	case notFixed != nil: // the report of what was checked is there
		return notFixed
	case r.report.Totals.fail(o.FailOnWarn):
		return ErrFailed
	}
	return nil
}

// prepare reads the options.
func (r *checking) prepare() error {
	if r.Jobs < 0 || r.Jobs > MaxJobs {
		return fault.New(fault.Invalid, "jobs_invalid", fmt.Sprintf("Pictures side by side must be 1 to %d", MaxJobs))
	}
	if r.Jobs == 0 {
		r.Jobs = DefaultJobs()
	}
	if r.on = r.AsOf; r.on.IsZero() {
		r.on = time.Now()
	}
	var err error
	if r.wanted, err = channel.Want(r.Channels, r.Presets); err != nil {
		return err
	}
	if r.Masks != "" {
		if _, err := os.ReadDir(r.Masks); err != nil {
			return errMask.With("%s is not a folder that can be read", filename.Show(r.Masks))
		}
	}
	if err := r.writable(); err != nil {
		return err
	}
	if err := channel.CheckSlot(r.Slot); err != nil {
		return err
	}
	if r.Category != "" && !r.wanted.Has(r.Category) {
		return fault.New(fault.Invalid, "category_unknown", fmt.Sprintf("No channel that is asked for has rules for the category %q", r.Category))
	}
	return nil
}

// all checks the pictures side by side and reports whether it was interrupted.
func (r *checking) all(ctx context.Context, subjects []subject) (interrupted bool) {
	p := newProgress(r.Streams, "checking", len(subjects))
	defer p.end()
	return abreast(ctx, r.Jobs, len(subjects), func(i int) {
		s := subjects[i]
		done := CheckedItem{File: s.label, SKU: s.sku, Slot: s.slot, Presets: []Verdict{}}
		if err := fault.Guard(func() error { return r.one(ctx, s, &done) }); err != nil {
			if ctx.Err() != nil {
				return // the picture is not to blame
			}
			done.Status, done.Error, done.Code = couldNotRead, err.Error(), fault.CodeOf(err)
		}
		r.mu.Lock()
		if !r.over {
			*r.report.Items[i] = done
		}
		r.mu.Unlock()
		p.add()
	})
}

// one checks a picture.
func (r *checking) one(ctx context.Context, s subject, it *CheckedItem) error {
	if s.err != nil {
		return s.err
	}
	raw, err := s.load(ctx)
	if err != nil {
		return err
	}
	img, info, err := r.Decoder.Decode(ctx, raw)
	if err != nil {
		return err
	}
	it.Format, it.Width, it.Height, it.Bytes = string(info.Format), info.Width, info.Height, len(raw)
	sub := check.NewSubject(raw, img, info)
	sub.Name, sub.Set = s.name, r.sets[s.sku]
	presets := r.wanted.For(cmp.Or(s.slot, strings.ToUpper(r.Slot)), cmp.Or(s.category, r.Category))
	needed := slices.ContainsFunc(presets, func(p channel.Preset) bool { return check.NeedsProduct(p, r.on) })
	if needed {
		if err := r.locate(ctx, s, sub); err != nil {
			return err
		}
		it.Product = sub.Located()
	}
	var broken []channel.Rule
	for _, p := range presets {
		v := Verdict{Preset: p.Name, Checks: sub.Judge(p, r.on)}
		v.Status = check.Verdict(v.Checks)
		if !r.AsOf.IsZero() {
			if today := check.Verdict(sub.Judge(p, r.started)); today != v.Status {
				v.Today = today
			}
		}
		if slices.ContainsFunc(v.Checks, fixable) {
			it.needsFix = append(it.needsFix, p.Name)
		}
		for _, c := range v.Checks {
			if !c.Passed && c.Severity != string(channel.Advice) {
				i := slices.IndexFunc(p.Rules, func(rule channel.Rule) bool { return rule.Name == c.Rule && rule.Holds(r.on) })
				broken = append(broken, p.Rules[i])
			}
		}
		it.Presets = append(it.Presets, v)
	}
	it.settle()
	if r.Format == formatHTML {
		return r.draw(sub, broken, it)
	}
	return nil
}

// The thumbnails of a page.
const (
	thumbSide    = 360
	thumbQuality = 78
	maxThumbs    = 200 << 20 // bytes of all of them; later pictures have none
)

func (r *checking) draw(sub *check.Subject, broken []channel.Rule, it *CheckedItem) error {
	r.mu.Lock()
	full := r.thumbs > maxThumbs
	r.mu.Unlock()
	if full {
		return nil
	}
	b, err := imaging.Encode(sub.Draw(thumbSide, broken), imaging.EncodeOptions{Format: imaging.JPEG, Quality: thumbQuality})
	if err != nil {
		return fmt.Errorf("draw the thumbnail: %w", err)
	}
	it.thumb = b
	r.mu.Lock()
	defer r.mu.Unlock()
	r.thumbs += len(b)
	return nil
}

var errMask = fault.New(fault.Invalid, "mask_invalid", "The picture's mask can't be used")

// locate finds the product: by the mask that belongs to the picture, by its own
// transparency, or by cutting it out.
func (r *checking) locate(ctx context.Context, s subject, sub *check.Subject) error {
	if at := r.maskOf(s); at != "" {
		mask, err := r.readMask(ctx, at)
		if err != nil {
			return errMask.With("%s: %v", filename.Show(at), err)
		}
		if mask.Rect.Size() != sub.Image.Rect.Size() {
			return errMask.With("%s has %d × %d pixels, the picture %d × %d", filename.Show(at), mask.Rect.Dx(), mask.Rect.Dy(), sub.Image.Rect.Dx(), sub.Image.Rect.Dy())
		}
		if why := check.MaskFault(mask); why != "" {
			return errMask.With("%s: %s", filename.Show(at), why)
		}
		sub.Place(mask, check.ByMask, 1)
		return nil
	}
	if sub.Product != nil {
		return nil
	}
	c, err := r.Cutter.Cut(ctx, sub.Image)
	if err != nil {
		return err
	}
	sub.Place(check.AlphaOf(c.Image), check.ByCutter, c.Confidence)
	return nil
}

// maskOf returns the file of a picture's mask; "" where it has none.
func (r *checking) maskOf(s subject) string {
	if s.mask != "" || r.Masks == "" {
		return s.mask
	}
	at := filepath.Join(r.Masks, strings.TrimSuffix(s.name, filepath.Ext(s.name))+".png")
	if !exists(at) {
		return ""
	}
	return at
}

func (r *checking) readMask(ctx context.Context, at string) (*image.Alpha, error) {
	raw, err := read(ctx, nil, at, imaging.MaxBytes)
	if err != nil {
		return nil, err
	}
	img, _, err := r.Decoder.Decode(ctx, raw)
	if err != nil {
		return nil, err
	}
	return check.Mask(img), nil
}
