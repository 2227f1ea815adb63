package onnx

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/answer"
	"github.com/opal-photo/opal/modules/sandbox"
)

// The errors of a picture's try.
var (
	ErrDied        = fault.New(fault.Unavailable, "cutout_model_died", "the process that runs the cut-out model ended before the picture was done")
	ErrUnavailable = fault.New(fault.Unavailable, "cutout_model_unavailable", "the cut-out model can't be started")
	ErrShort       = fault.New(fault.Unavailable, "cutout_model_short", "the cut-out model has too little memory")
	ErrAnswer      = fault.New(fault.Unavailable, "cutout_model_answer", "the cut-out model's answer is of no use")
)

// Defaults of Options.
const (
	defaultTimeout = 3 * time.Minute // a run of 3 s takes a minute where twenty times as much work waits as there is room for
	startTimeout   = time.Minute     // a model of 88 MB takes .5 s on an idle machine
	cudaStart      = 3 * time.Minute // two gigabytes of libraries are read from an image that may just have come
	idleTimeout    = 5 * time.Minute // a waiting child holds the model's memory
	jobsPerChild   = 500             // memory that the runtime doesn't give back comes back with the child
)

// Options say which model runs and how.
type Options struct {
	Library string // ONNX Runtime's library
	Model   Model

	// Device computes the network. "" is CPU. CUDA wants a Library built with it.
	Device Device

	// Concurrency is how many pictures are processed together: each has a child
	// with the model's memory. 0 is 1.
	Concurrency int

	// Keep lets a child that has no work keep the model's memory, which it else gives
	// back after some minutes.
	Keep bool

	// Timeout bounds one run of the network. 0 is three minutes.
	Timeout time.Duration

	// Used, if given, is called after each run with its cost. Runs at the same time
	// call it at the same time.
	Used func(Usage)

	// Command starts a child, as sandbox.Options has it; for tests.
	Command []string
}

// Cutter removes backgrounds with a network in a child process. It is a
// pipeline.Cutter and a cutout.Network.
type Cutter struct {
	model Model
	used  func(Usage)
	pool  *sandbox.Pool

	nothing atomic.Int32 // photos running in which nothing was found
}

// New returns a cutter. It starts nothing before the first picture or Warm; the
// caller closes it.
func New(o Options) (*Cutter, error) {
	m, err := json.Marshal(o.Model.Manifest)
	if err != nil {
		return nil, fmt.Errorf("write the manifest for the child: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	idle, start := idleTimeout, startTimeout
	if o.Device == CUDA {
		start = cudaStart
	}
	if o.Keep {
		idle = 0
	}
	return &Cutter{model: o.Model, used: o.Used, pool: sandbox.New(sandbox.Options{
		Kind: o.Device.kind(), Args: []string{o.Library, o.Model.File, string(m)}, Command: o.Command,
		Start: start, Timeout: o.Timeout, Jobs: jobsPerChild, Idle: idle, Concurrency: max(o.Concurrency, 1),
	})}, nil
}

// Warm loads the model before the first picture. It doesn't wait for that.
func (c *Cutter) Warm() { c.pool.Warm() }

// Close ends the child.
func (c *Cutter) Close() error { return c.pool.Close() }

// Name returns the model's name.
func (c *Cutter) Name() string { return c.model.Name }

// Version returns the beginning of the model's hash.
func (c *Cutter) Version() string { return c.model.SHA256[:min(12, len(c.model.SHA256))] }

// Cut separates the product from its background. Where nothing was found in photo after photo it
// tries the network, and fails the picture when that is to blame.
func (c *Cutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	look := &firstLook{Cutter: c}
	r, err := cutout.CutLearned(ctx, photo, look)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	if look.asked {
		if err := c.answered(ctx, r.Found && !look.even); err != nil {
			return pipeline.Cutout{}, err
		}
	}
	return answer.Of(r), nil
}

// Mask asks the network for its coverage of a photo.
func (c *Cutter) Mask(ctx context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	m := c.model.Manifest
	pixels := m.Width * m.Height
	mask := cutout.Mask{Width: m.Width, Height: m.Height, Coverage: make([]float32, pixels)}
	err := c.pool.Do(ctx, sandbox.Job{
		Input: rgb(imaging.Resize(photo, m.Width, m.Height)), Output: int64(4 * pixels), Memory: int64(m.MemoryMB) << 20,
	}, func(out io.ReaderAt, reply []byte) error {
		var u Usage
		if c.used != nil && json.Unmarshal(reply, &u) == nil {
			c.used(u)
		}
		b := make([]byte, 4*pixels)
		if _, err := out.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for i := range mask.Coverage {
			mask.Coverage[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return nil
	})
	var died *sandbox.DiedError
	var unavailable *sandbox.UnavailableError
	switch {
	case errors.As(err, &died):
		if said := m.short(died.Error()); said != "" {
			return mask, ErrShort.With("%s", said)
		}
		return mask, ErrDied.With("%s: %s", m.Name, died)
	case errors.As(err, &unavailable):
		return mask, ErrUnavailable.With("%s: %s", m.Name, reason(unavailable))
	case err != nil:
		return mask, err
	}
	return mask, m.believe(mask.Coverage)
}

// believe refuses coverage that holds what is no number: the network's weights or its arithmetic
// are broken, and the photo is not to blame.
func (m Manifest) believe(coverage []float32) error {
	n := 0
	for _, v := range coverage {
		if v != v {
			n++
		}
	}
	if n > 0 {
		return ErrAnswer.With("%s answers no numbers for %d of %d pixels; CUTOUT_MODEL names another model, CUTOUT_ENGINE=own does without one", m.Name, n, len(coverage))
	}
	return nil
}

// Ready loads the model and waits until it is. A model that can't be loaded is found before
// the first photo; the process that has loaded it waits for that photo.
//
// Errors: ErrNoRuntime, ErrBadModel, ErrChanged, ErrNoCUDA and ErrMemory, which say what to do;
// ErrUnavailable; the context's error.
func (c *Cutter) Ready(ctx context.Context) error {
	err := c.pool.Ready(ctx)
	var unavailable *sandbox.UnavailableError
	if !errors.As(err, &unavailable) {
		return err
	}
	var said *sandbox.PrepareError
	if errors.As(err, &said) {
		for _, known := range []*fault.Error{ErrNoRuntime, ErrBadModel, ErrChanged, ErrNoCUDA, ErrMemory} {
			if said.Code == known.Code {
				return known.With("%s", said.Detail)
			}
		}
	}
	return ErrUnavailable.With("%s: %s", c.model.Name, reason(unavailable))
}

// reason is what a person reads of a child that can't be started.
func reason(err *sandbox.UnavailableError) string {
	var said *sandbox.PrepareError
	if errors.As(err, &said) {
		return said.Text
	}
	return plainWords(err.Error())
}

// rgb are the picture's pixels without alpha, row by row.
func rgb(img *image.NRGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	b := make([]byte, 0, 3*w*h)
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		for x := 0; x < len(row); x += 4 {
			b = append(b, row[x], row[x+1], row[x+2])
		}
	}
	return b
}
