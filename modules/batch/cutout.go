package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/provenance"
)

// CutoutOptions say where cut-outs go.
type CutoutOptions struct {
	Dir   string // folder for the PNGs
	File  string // of one picture: this file instead, "-" for standard output
	Force bool   // overwrite files that OPAL didn't make
	Own   bool   // take OPAL's own results for photos
	Jobs  int    // photos side by side; 0: DefaultJobs

	Review      picture.Review // which cut-outs a person has to look at
	Translucent bool           // glass shows what is behind it

	Hints *picture.Hints // of one picture: what is wrong with the cut-out that its engine makes
}

// CutoutLine is what is said of one file, as a line of JSON.
type CutoutLine struct {
	File         string   `json:"file"`
	Output       string   `json:"output,omitempty"`
	Confidence   *float64 `json:"confidence"` // null when there is no cut-out
	NeedsReview  bool     `json:"needs_review"`
	ReviewReason string   `json:"review_reason,omitempty"`
	// Concerns are what may be wrong and where, in pixels of the photo.
	Concerns []picture.Concern `json:"concerns,omitempty"`
	Note     string            `json:"note,omitempty"` // which wish the cut-out doesn't follow, and why
	Millis   int64             `json:"ms"`
	Error    string            `json:"error,omitempty"`
	Code     string            `json:"code,omitempty"`
	Skipped  bool              `json:"skipped,omitempty"` // one of OPAL's own results, passed over, as the note says
}

// Cutters cut products out of photos.
type Cutters struct {
	Decoder pipeline.PhotoDecoder
	Cutter  pipeline.Cutter
	Refiner pipeline.Refiner // nil: hints can't be followed
}

// Cutout removes the backgrounds of the photos that paths lead to: a PNG each, and a
// CutoutLine each on s.Out, in the order of the photos. The path "-" is standard
// input, whose PNG goes to standard output unless o.File says otherwise; lines go to
// s.Err then.
//
// Errors: ErrNoPictures and other faults of kind Invalid before anything is made;
// ErrFailed when a photo failed; ErrInterrupted, within a second of ctx's end.
func Cutout(ctx context.Context, s Streams, c Cutters, o CutoutOptions, paths []string) error {
	found, err := Find(paths)
	if err != nil {
		return err
	}
	if o.File == "" && slices.Contains(paths, Stdin) {
		o.File = Stdin
	}
	switch {
	case o.File != "" && len(found.Photos) > 1:
		return fault.New(fault.Invalid, "one_picture_expected", "One output is for one picture; for several name a folder with --out")
	case o.Hints != nil && len(found.Photos) > 1:
		return fault.New(fault.Invalid, "one_picture_expected", "Hints are for one picture: they are pixels of it")
	case o.Hints != nil && c.Refiner == nil:
		return pipeline.ErrNoHints
	case filename.HasExtension(o.File) && !strings.EqualFold(filepath.Ext(o.File), ".png"):
		return fault.New(fault.Invalid, "output_not_png", fmt.Sprintf("A cut-out is a PNG, for its transparency: name the output %s, or make other formats of it with opal process",
			strings.TrimSuffix(o.File, filepath.Ext(o.File))+".png"))
	case o.Jobs < 0 || o.Jobs > MaxJobs:
		return fault.New(fault.Invalid, "jobs_invalid", fmt.Sprintf("Photos side by side must be 1 to %d", MaxJobs))
	case o.Jobs == 0:
		o.Jobs = DefaultJobs()
	}
	if o.File == Stdin && isTerminal(s.Out) {
		return fault.New(fault.Invalid, "stdout_is_terminal", "Standard output is a terminal, and a PNG is no text; send it into a file or name one with --output")
	}
	r := &cutting{Cutters: c, CutoutOptions: o, stdin: s.In, stdout: s.Out}
	lines := s.Out
	if o.File == Stdin {
		lines = s.Err
		if s.Quiet {
			lines = io.Discard
		}
	}
	if err := r.open(found); err != nil {
		return err
	}
	if !s.Quiet {
		for _, n := range found.Notes {
			fmt.Fprintln(s.Err, n)
		}
	}
	return r.all(ctx, json.NewEncoder(lines), found)
}

// cutting is one run of Cutout.
type cutting struct {
	Cutters
	CutoutOptions
	stdin  io.Reader
	stdout io.Writer
	folder *folder // nil for standard output
}

func (r *cutting) open(found Found) error {
	known := own{hashes: map[string]bool{}}
	for _, p := range found.Reports {
		if rep, err := loadReport(p); err == nil && rep != nil {
			known.adopt(rep)
		}
	}
	dir := r.Dir
	switch r.File {
	case "":
	case Stdin:
		r.folder = &folder{own: known}
		return nil
	default:
		dir = filepath.Dir(r.File)
	}
	var err error
	r.folder, err = openFolder(dir, true, r.Force, known)
	return err
}

// all works on the photos side by side and says each in its turn.
func (r *cutting) all(ctx context.Context, lines *json.Encoder, found Found) error {
	photos, outputs := found.Photos, make([]string, len(found.Photos))
	var names filename.Names
	found.Named(func(i int, p Photo) {
		outputs[i] = filepath.Base(r.File)
		if r.File == "" {
			outputs[i] = names.Unique(filename.Stem(p.Path), ".png")
		}
	})
	ends := make([]chan CutoutLine, len(photos))
	for i := range ends {
		ends[i] = make(chan CutoutLine, 1)
	}
	go func() {
		var g errgroup.Group
		g.SetLimit(r.Jobs)
		for i, p := range photos {
			g.Go(func() error {
				ends[i] <- r.one(ctx, p, outputs[i])
				return nil
			})
		}
		_ = g.Wait()
	}()
	failed := false
	for _, end := range ends {
		select {
		case l := <-end:
			if ctx.Err() != nil && l.Code != "" {
				r.folder.close()
				return ErrInterrupted
			}
			failed = failed || l.Code != ""
			if err := lines.Encode(l); err != nil {
				return fmt.Errorf("write the line of %s: %w", l.File, err)
			}
		case <-ctx.Done():
			r.folder.close()
			return ErrInterrupted
		}
	}
	if failed {
		return ErrFailed
	}
	return nil
}

func (r *cutting) one(ctx context.Context, p Photo, name string) (l CutoutLine) {
	l.File = p.Path
	began := time.Now()
	err := fault.Guard(func() error { return r.cut(ctx, p, name, &l) })
	if err != nil {
		l = CutoutLine{File: p.Path, Error: words(err), Code: fault.CodeOf(err)}
	}
	l.Millis = time.Since(began).Milliseconds()
	return l
}

func (r *cutting) cut(ctx context.Context, p Photo, name string, l *CutoutLine) error {
	if p.Err != nil {
		return p.Err
	}
	raw, err := read(ctx, r.stdin, p.Path, imaging.MaxBytes)
	if err != nil {
		return err
	}
	hash := hashOf(raw)
	if !r.Own && r.folder.own.holds(raw, hash) {
		l.Skipped, l.Note = true, "one of OPAL's own results; --own takes those, too"
		return nil
	}
	doubtful := name
	if r.File == "" {
		doubtful = doubtfulPlace(name, true)
	}
	if r.File != Stdin {
		for _, n := range []string{name, doubtful} {
			if err := r.folder.free(n); err != nil {
				return err
			}
		}
	}
	photo, marks, err := pipeline.DecodePhoto(ctx, r.Decoder, raw)
	if err == nil {
		err = imaging.Visible(photo)
	}
	if err != nil {
		return err
	}
	if r.Hints != nil { // before the engine's work
		if err := r.Hints.Check(photo.Rect.Dx(), photo.Rect.Dy()); err != nil {
			return err
		}
	}
	c, err := r.Cutter.Cut(ctx, photo)
	if err != nil {
		return err
	}
	if r.Hints != nil {
		if l.Note, err = r.refine(ctx, photo, &c); err != nil {
			return err
		}
	}
	if r.Translucent {
		note := "nothing was cut out"
		if !c.Whole {
			c.Image, note = cutout.Translucent(photo, c.Image)
		}
		l.Note = picture.Noted(l.Note, note)
	}
	former := doubtful // the other place, where a run with another verdict wrote
	if l.NeedsReview = r.Review.Wanted(c.Confidence); l.NeedsReview {
		l.ReviewReason, former, name = pipeline.ReviewReason(&c), name, doubtful
	}
	b, err := imaging.Encode(c.Image, imaging.EncodeOptions{Format: imagefile.PNG, XMP: provenance.XMP(imagefile.SourceComposite, marks)})
	if err != nil {
		return err
	}
	if r.File == Stdin {
		if _, err := r.stdout.Write(b); err != nil {
			return ErrNotWritten.With("%v", err)
		}
		l.Output = Stdin
	} else {
		if err := r.folder.write(name, b); err != nil {
			return err
		}
		if former != name {
			r.folder.take(former, hash)
		}
		l.Output = r.folder.shown(name)
	}
	l.Confidence, l.Concerns = &c.Confidence, c.Concerns
	return nil
}

// refine changes a cut-out as the hints say, and has the new one judged. note says of hints that change nothing why.
func (r *cutting) refine(ctx context.Context, photo *image.NRGBA, c *pipeline.Cutout) (note string, err error) {
	after, err := r.Refiner.Refine(ctx, photo, c.Image, c.Logits, c.Whole, *r.Hints)
	if err != nil {
		return "", err
	}
	if !c.Whole && bytes.Equal(c.Image.Pix, after.Pix) {
		note = unmoved(c.Image, *r.Hints)
	}
	pipeline.Corrected(photo, c, after, *r.Hints)
	return note, nil
}

// unmoved names the points of hints that ask for what the cut-out has.
func unmoved(cut *image.NRGBA, h picture.Hints) string {
	var why []string
	for _, l := range []struct {
		strokes []picture.Stroke
		kept    bool
		words   string
	}{{h.Remove, false, "is outside the cut-out already"}, {h.Keep, true, "is in the cut-out already"}} {
		for _, s := range l.strokes {
			for _, p := range s.Points {
				if cut.NRGBAAt(cut.Rect.Min.X+int(p[0]), cut.Rect.Min.Y+int(p[1])).A > 127 == l.kept {
					why = append(why, fmt.Sprintf("%.0f,%.0f %s", p[0], p[1], l.words))
				}
			}
		}
	}
	return strings.TrimSuffix("the hints change nothing: "+strings.Join(why, ", "), ": ")
}
