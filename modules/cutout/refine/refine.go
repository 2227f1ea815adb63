// Package refine changes cut-outs as people's hints say, in a child process whose
// memory and time are bounded: hints and photos come from outside.
package refine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/sandbox"
)

// ChildKind names the child.
const ChildKind = "refine"

// Errors of a try.
var (
	ErrDied        = fault.New(fault.Unavailable, "refine_died", "The process that changes the cut-out ended before it was done")
	ErrUnavailable = fault.New(fault.Unavailable, "refine_unavailable", "The process that changes cut-outs can't be started")
)

// Limits of a child. A photo of 12 megapixels takes 1.0 to 1.5 s of processor time and
// maps about 400 MB.
const (
	timeout        = 30 * time.Second
	idleTime       = time.Minute
	jobsPerChild   = 20
	memoryBase     = 640 << 20
	memoryPerPixel = 48
	cpuBase        = 5 * time.Second
	cpuPerMega     = 500 * time.Millisecond
	pixelsPerMega  = 1_000_000
	bytesPerPixel  = 4
)

// Options are a Pool's.
type Options struct {
	// Command starts a child, as sandbox.Options has it; for tests.
	Command []string
	// Concurrency is how many cut-outs are changed at the same time. 0 is 1.
	Concurrency int
}

// Pool changes cut-outs in child processes. It is safe for concurrent use.
type Pool struct{ pool *sandbox.Pool }

// New returns a pool. It starts nothing before the first cut-out; the caller closes it.
func New(o Options) *Pool {
	return &Pool{sandbox.New(sandbox.Options{
		Kind: ChildKind, Command: o.Command, Timeout: timeout, Jobs: jobsPerChild, Idle: idleTime, Concurrency: max(o.Concurrency, 1),
	})}
}

// Close ends the children.
func (p *Pool) Close() error { return p.pool.Close() }

// header is a job's parameters. The input is the photo's pixels, the cut-out's, the
// logits and the hints as JSON, one after the other; the output is the new cut-out's
// pixels.
type header struct {
	Width, Height             uint32
	LogitsWidth, LogitsHeight uint32 // 0: no logits
	Whole                     uint32 // 1: nothing was found
}

// Refine returns the cut-out that hints make of another one, as cutout.Refine does.
//
// Errors: picture.ErrHints; ErrDied; ErrUnavailable; the context's error.
func (p *Pool) Refine(ctx context.Context, photo, cut *image.NRGBA, logits *image.Gray, whole bool, h picture.Hints) (*image.NRGBA, error) {
	w, ht := photo.Rect.Dx(), photo.Rect.Dy()
	if err := h.Check(w, ht); err != nil {
		return nil, err
	}
	if cut.Rect.Size() != photo.Rect.Size() {
		return nil, fmt.Errorf("the cut-out is %v, the photo %v", cut.Rect.Size(), photo.Rect.Size())
	}
	hints, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write the hints for the child: %w", err)
	}
	head := header{Width: uint32(w), Height: uint32(ht)}
	if whole {
		head.Whole = 1
	}
	size := w * ht * bytesPerPixel
	in := make([]byte, 0, 2*size+len(hints)+1<<20)
	in = appendRows(in, photo.Pix, photo.Stride, w*bytesPerPixel, ht)
	in = appendRows(in, cut.Pix, cut.Stride, w*bytesPerPixel, ht)
	if logits != nil {
		lw, lh := logits.Rect.Dx(), logits.Rect.Dy()
		head.LogitsWidth, head.LogitsHeight = uint32(lw), uint32(lh)
		in = appendRows(in, logits.Pix, logits.Stride, lw, lh)
	}
	params, err := binary.Append(nil, binary.LittleEndian, head)
	if err != nil {
		return nil, err
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, ht))
	err = p.pool.Do(ctx, sandbox.Job{
		Params: params, Input: append(in, hints...), Output: int64(size),
		Memory: memoryBase + int64(w)*int64(ht)*memoryPerPixel, CPU: cpuBase + cpuPerMega*time.Duration(w*ht/pixelsPerMega),
	}, func(pixels io.ReaderAt, _ []byte) error {
		_, err := pixels.ReadAt(out.Pix, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	})
	var refused *sandbox.RefusedError
	var died *sandbox.DiedError
	var unavailable *sandbox.UnavailableError
	switch {
	case errors.As(err, &refused):
		return nil, picture.ErrHints.With("%s", refused.Reason)
	case errors.As(err, &died):
		return nil, ErrDied.With("%s", died)
	case errors.As(err, &unavailable):
		return nil, ErrUnavailable.With("%s", unavailable)
	case err != nil:
		return nil, err
	}
	return out, nil
}

// appendRows appends a picture's rows without what lies between them.
func appendRows(to, pix []byte, stride, length, rows int) []byte {
	for y := range rows {
		to = append(to, pix[y*stride:][:length]...)
	}
	return to
}

// ChildHandler serves as the child.
func ChildHandler() sandbox.Handler {
	return sandbox.Handler{Prepare: func([]string) (sandbox.Worker, error) { return work, nil }}
}

// work is the child's sandbox.Worker.
func work(job sandbox.Work) ([]byte, error) {
	var head header
	if _, err := binary.Decode(job.Params, binary.LittleEndian, &head); err != nil {
		return nil, fmt.Errorf("read the parameters: %w", err)
	}
	const most = 1 << 16
	if head.Width > most || head.Height > most || head.LogitsWidth > most || head.LogitsHeight > most {
		return nil, errors.New("the request is out of bounds")
	}
	w, h := int(head.Width), int(head.Height)
	size, logits := w*h*bytesPerPixel, int(head.LogitsWidth)*int(head.LogitsHeight)
	if size == 0 || len(job.Out) != size || len(job.In) < 2*size+logits {
		return nil, errors.New("the request is out of bounds")
	}
	rect := image.Rect(0, 0, w, h)
	d := cutout.Draft{
		Photo: &image.NRGBA{Pix: job.In[:size:size], Stride: w * bytesPerPixel, Rect: rect},
		Image: &image.NRGBA{Pix: job.In[size : 2*size : 2*size], Stride: w * bytesPerPixel, Rect: rect},
		Whole: head.Whole == 1,
	}
	if rest := job.In[2*size:]; logits > 0 {
		d.Logits = &image.Gray{Pix: rest[:logits:logits], Stride: int(head.LogitsWidth), Rect: image.Rect(0, 0, int(head.LogitsWidth), int(head.LogitsHeight))}
	}
	var hints picture.Hints
	if err := json.Unmarshal(job.In[2*size+logits:], &hints); err != nil {
		return nil, fmt.Errorf("read the hints: %w", err)
	}
	out, err := cutout.Refine(d, hints)
	if errors.Is(err, picture.ErrHints) {
		return nil, sandbox.Refuse(reason(err))
	}
	if err != nil {
		return nil, err
	}
	copy(job.Out, out.Pix)
	return nil, nil
}

// reason returns what follows the sentinel's text in an error of hints.
func reason(err error) string {
	text, prefix := err.Error(), picture.ErrHints.Error()+": "
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return text
}
