// Package pipeline turns one product photo into one finished picture, step by
// step: ingest, cutout, place, enlarge, lock, output. A step is a file named
// step_<name>.go and a row in the table; engines that do the cutting and the
// placing are folders beside it.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"

	"go.opentelemetry.io/otel/attribute"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Options say which steps an item goes through.
type Options struct {
	RemoveBackground bool `json:"remove_background"` // false: the whole frame is the product
	GenerateScene    bool `json:"generate_scene"`    // false: the cut-out is the output
	Upscale          bool `json:"upscale"`           // false: the output has the scoring service's size
}

// DefaultOptions returns the options with every step on.
var DefaultOptions = Options{RemoveBackground: true, GenerateScene: true, Upscale: true}

// Input is one item's work.
type Input struct {
	TenantID string
	JobID    string
	ItemID   string
	Filename string
	Scene    string // scene type, one of picture.SceneTypes
	Prompt   string // the item's own words, added to those of the look
	Look     picture.Look
	Options  Options
	Review   picture.Review   // which cut-outs a person has to look at
	Rights   picture.Rights   // of the brand: stated in the place of the photo's
	Steering picture.Steering // of the item, over that of the look

	// Plate fetches the photograph in which the product is stood, where Scene is a plate.
	Plate func(ctx context.Context) (Plate, error)

	// Set returns the box that the products of the item's set share, once all of them are cut
	// out; nil where the item is in none. Error: ErrSetWaits.
	Set func(ctx context.Context) (Extent, error)

	// Raw fetches the photo's bytes. It is not called when a checkpoint makes
	// the photo unnecessary.
	Raw func(ctx context.Context) ([]byte, error)

	// Done holds the checkpoints of earlier attempts.
	Done Checkpoint
}

// Checkpoint names the finished, costly steps of an item, so that a crash
// repeats none of them.
type Checkpoint struct {
	Cutout *CutoutRecord   `json:"cutout,omitempty"`
	Placed *picture.Placed `json:"placed,omitempty"`
	// TurnedPath names the cut-out as it was turned; "": it wasn't.
	TurnedPath string `json:"turned,omitempty"`
	// EngineSSIM is the EngineSSIM of Fidelity, measured when the product was placed.
	EngineSSIM *float64 `json:"engine_ssim,omitempty"`
}

// CutoutRecord holds what a checkpoint keeps of a cut-out.
type CutoutRecord struct {
	Path         string   `json:"path"` // RGBA PNG in the artifacts
	Confidence   *float64 `json:"confidence"`
	NeedsReview  bool     `json:"needs_review"`
	ReviewReason string   `json:"review_reason,omitempty"`
	// Concerns are what a person should look at, whether or not one has to.
	Concerns []picture.Concern `json:"concerns,omitempty"`
	Whole    bool              `json:"whole,omitempty"` // the whole frame is the product
	Marks    *picture.Marks    `json:"marks,omitempty"` // of the photo
	// LogitsPath names what the engine saw, a grey PNG of logits; "": that was not kept.
	LogitsPath string `json:"logits,omitempty"`
	// Shadow is the photo's own; nil where nobody has wished it yet.
	Shadow *picture.OwnShadow `json:"shadow,omitempty"`
	// Clear is the cut-out with glass that shows what is behind it; nil where nobody has wished it yet.
	Clear *ClearCutout `json:"clear,omitempty"`
	// Size is the photo's, in pixels, upright; 0, 0 in records of before.
	Size [2]int `json:"size,omitzero"`
	// Bounds hold what is visible in the cut-out; the zero value in records of before.
	Bounds picture.Box `json:"bounds,omitzero"`
}

// ClearCutout is a cut-out some of which lets what is behind it show through.
type ClearCutout struct {
	Path string `json:"path,omitempty"` // RGBA PNG in the artifacts; "": there is none
	Why  string `json:"why,omitempty"`  // why there is none, for people
}

// Paths are the artifacts that the record names.
func (r *CutoutRecord) Paths() []string {
	paths := []string{r.Path}
	if r.LogitsPath != "" {
		paths = append(paths, r.LogitsPath)
	}
	if r.Shadow != nil && r.Shadow.Path != "" {
		paths = append(paths, r.Shadow.Path)
	}
	if r.Clear != nil && r.Clear.Path != "" {
		paths = append(paths, r.Clear.Path)
	}
	return paths
}

// Fidelity compares the product in the output with the original, inside the
// mask where alpha, eroded, is 1, before encoding.
type Fidelity struct {
	SSIM    float64 `json:"ssim"`     // structural similarity, 1 is identical
	MaxDiff int     `json:"max_diff"` // largest difference of a channel, 0–255
	// EngineSSIM is the similarity of what the engine returned, before the lock;
	// absent when the engine left the product to the lock.
	EngineSSIM *float64 `json:"engine_ssim,omitempty"`
	// Unlit compares with the original as it was, without the scene's light, which the other
	// figures take into account; nil where no light fell on it.
	Unlit    *Unlit         `json:"unlit,omitempty"`
	Seen     *picture.Seen  `json:"seen,omitempty"`     // how the picture shows the product; nil where nothing was cut out
	Upscale  string         `json:"upscale,omitempty"`  // how the scene was enlarged, and the product of a small photo
	Areas    []picture.Area `json:"areas,omitempty"`    // which part of the scene each colour of the palette names
	Note     string         `json:"note,omitempty"`     // what of the wishes the picture doesn't follow, and why
	Enlarged float64        `json:"enlarged,omitempty"` // the product's pixels in the output for one pixel of the photo
}

// Unlit is SSIM and MaxDiff of Fidelity, with the scene's light taken for a change.
type Unlit struct {
	SSIM    float64 `json:"ssim"`
	MaxDiff int     `json:"max_diff"`
}

// Result is a finished item.
type Result struct {
	picture.Layers
	OutputType   string // content type of the output
	Confidence   *float64
	NeedsReview  bool
	ReviewReason string
	Concerns     []picture.Concern // about the cut-out, the gravest first, and then about the product's place in the frame
	Fidelity     *Fidelity         // nil for a bare cut-out
}

// Artifacts is where an attempt's pictures are kept. Put never overwrites: each
// attempt has names of its own. Paths are opaque and stay valid for later
// attempts.
type Artifacts interface {
	Put(ctx context.Context, step, ext, contentType string, body []byte) (path string, err error)
	Get(ctx context.Context, path string) ([]byte, error)
	// ReadURL and UploadURL give short-lived URLs for the scoring service.
	ReadURL(ctx context.Context, path string) (string, error)
	UploadURL(ctx context.Context, step, ext string) (url, path string, err error)
}

// Recorder is told what becomes of each step: for the timeline, the checkpoints
// and the progress. An error of Checkpoint ends the attempt.
type Recorder interface {
	StepBegan(ctx context.Context, step string)
	StepEnded(ctx context.Context, step string, err error)
	StepReused(ctx context.Context, step string)
	Checkpoint(ctx context.Context, c Checkpoint) error
}

// Decoder decodes bytes from outside. *imaging.Decoder is one.
type Decoder interface {
	Decode(ctx context.Context, b []byte) (*image.NRGBA, imaging.Info, error)
}

// PhotoDecoder decodes photos, too, of which more counts than the pixels.
// *imaging.Decoder is one.
type PhotoDecoder interface {
	Decoder
	DecodeWith(ctx context.Context, b, beside []byte) (img *image.NRGBA, info imaging.Info, answer []byte, err error)
}

// DecodePhoto decodes a photo, and has its decoder's child read what it states of its
// making and its rights; marks is nil when it states nothing.
func DecodePhoto(ctx context.Context, d PhotoDecoder, photo []byte) (img *image.NRGBA, marks *picture.Marks, err error) {
	img, _, answer, err := d.DecodeWith(ctx, photo, provenance.Gather(photo))
	if err != nil {
		return nil, nil, err
	}
	return img, provenance.Marks(answer), nil
}

// Cutout is a cut-out as an engine returns it.
type Cutout struct {
	Image      *image.NRGBA      // the photo's size, straight alpha
	Confidence float64           // 0–1: the chance that the outline is right
	Reason     string            // why a person should look, or ""
	Concerns   []picture.Concern // what and where, the gravest first; may be empty
	Whole      bool              // nothing was found: the whole frame is the product
	Logits     *image.Gray       // what the engine saw, 1024 pixels a side at most; nil: it doesn't tell
}

// Cutter is the port of background removal. It is safe for concurrent use.
type Cutter interface {
	Cut(ctx context.Context, photo *image.NRGBA) (Cutout, error)
}

// Plate is a photograph of a set, as it is stored: upright, opaque, sRGB.
type Plate struct {
	Name string // for people; may be ""
	File []byte
	picture.Plate
}

// steering returns the item's wishes over those of its look.
func (in *Input) steering() picture.Steering {
	s := in.Steering.Over(in.Look.Steering)
	s.Palette = nil // engines read colours in the look
	return s
}

// look is the brand's, in the colours that are wished of the picture where some are.
func (in *Input) look() picture.Look {
	look := in.Look
	if wished := in.Steering.Over(in.Look.Steering).Palette; len(wished) > 0 {
		look.Palette = wished
	}
	return look
}

// Placement is a request for a scene.
type Placement struct {
	TenantID, JobID, ItemID string

	Title         string // the product's name as the file has it
	Scene         string
	Prompt        string // the words of item and look, joined
	Look          picture.Look
	Width, Height int
	Seed          uint64
	Steering      picture.Steering // Rotation and Flip are done
	Plate         *Plate           // where the scene is a plate

	Cutout     *image.NRGBA // for engines in this process
	CutoutPath string       // for engines that fetch it
	Artifacts  Artifacts
}

// Placer is the port of placement. It stores the layers in the artifacts and
// returns where they are. It is safe for concurrent use. Errors are transient
// or permanent as fault says.
type Placer interface {
	Place(ctx context.Context, p Placement) (*picture.Placed, error)
}

// Pipeline runs the steps with the engines that configuration chose.
type Pipeline struct {
	decoder PhotoDecoder
	cutter  Cutter
	placer  Placer
	refiner Refiner       // nil: hints can't be followed
	room    *imaging.Room // nil: unbounded
}

// WithRoom has photos wait until their pixels fit, and returns the pipeline.
func (p *Pipeline) WithRoom(r *imaging.Room) *Pipeline {
	p.room = r
	return p
}

// New returns a pipeline.
func New(decoder PhotoDecoder, cutter Cutter, placer Placer) *Pipeline {
	return &Pipeline{decoder: decoder, cutter: cutter, placer: placer}
}

// step is one row of the table.
type step struct {
	name   string
	wanted func(s *state) bool
	run    func(ctx context.Context, p *Pipeline, s *state) error
	quiet  bool // it is in no timeline
}

// told returns the step's name in timelines, answers and events, where enlarge
// has always been called upscale.
func (s step) told() string {
	if s.name == "enlarge" {
		return "upscale"
	}
	return s.name
}

// steps holds the steps of a photo, in order.
var steps = []step{
	{name: "ingest", wanted: func(s *state) bool { return s.in.Done.Cutout == nil }, run: ingest},
	{name: "cutout", wanted: always, run: cutOut},
	{name: "turn", wanted: func(s *state) bool { return s.in.steering().Turns() && !s.original() }, run: turn},
	{name: "set", wanted: func(s *state) bool { return s.in.Set != nil }, run: joinSet, quiet: true},
	{name: "place", wanted: scene, run: place},
	{name: "enlarge", wanted: func(s *state) bool { return scene(s) && s.in.Options.Upscale }, run: enlarge},
	{name: "lock", wanted: scene, run: lock},
	{name: "output", wanted: always, run: output},
}

func always(*state) bool  { return true }
func scene(s *state) bool { return s.in.Options.GenerateScene }

// errReused is returned by a step that an earlier attempt had already done.
var errReused = errors.New("reused")

// Run takes one photo through the steps. Errors have the fault kinds of the
// step that failed, which a *StepError names. A step that panics has a
// *fault.Panic as its error.
func (p *Pipeline) Run(ctx context.Context, in Input, a Artifacts, r Recorder) (*Result, error) {
	s := &state{in: in, artifacts: a, recorder: r, done: in.Done, result: &Result{}, room: p.room}
	defer s.leave()
	for _, st := range steps {
		if !st.wanted(s) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if st.quiet {
			if err := fault.Guard(func() error { return st.run(ctx, p, s) }); err != nil {
				return nil, err
			}
			continue
		}
		r.StepBegan(ctx, st.told())
		// a panic is the item's error: other items go on in this process
		inner, end := telemetry.Start(ctx, "step "+st.told())
		err := fault.Guard(func() error { return st.run(inner, p, s) })
		if errors.Is(err, errReused) {
			telemetry.Note(inner, attribute.Bool("opal.reused", true))
			end(nil)
			r.StepReused(ctx, st.told())
			continue
		}
		end(err)
		r.StepEnded(ctx, st.told(), err)
		if err != nil {
			return nil, &StepError{Step: st.told(), Err: err}
		}
	}
	return s.result, nil
}

// StepError names the step that failed.
type StepError struct {
	Step string
	Err  error
}

// Error returns the step and the cause.
func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }
