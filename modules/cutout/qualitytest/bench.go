package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/cutout/net"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
)

// The engines, as columns.
const (
	studio  = iota
	network // the operator's model alone
	joined  // and with the classical engine
	own     // OPAL's own network alone
	builtIn // and as CUTOUT_ENGINE=own uses it
	engines
)

var engineNames = [engines]string{"studio", "network", "joined", "own", "built-in"}

// masksAlone tells whether a column is a network's coverage as it is, which has no
// confidence.
func masksAlone(e int) bool { return e == network || e == own }

// bench holds what measures.
type bench struct {
	decoder *imaging.Decoder
	cutter  *onnx.Cutter // nil: there is no model
	own     *net.Network
	used    onnx.Usage // of the network's last run
	cpu     [engines][]float64
	peak    [engines]int64 // KB
}

// patience bounds a run of the network: what is measured is processor time, and a machine
// that does other work beside gives little of it.
const patience = 15 * time.Minute

// openBench opens the model that is there.
func openBench(o options) (*bench, error) {
	b := &bench{decoder: imaging.NewDecoder(imaging.DecoderOptions{})}
	var err error
	if b.own, err = net.New(); err != nil {
		return nil, err
	}
	m, found, err := onnx.Store{Dir: o.models}.Choose(o.model)
	if err != nil {
		return nil, err
	}
	if !found {
		fmt.Printf("There is no model in %s: the built-in engines are measured alone. `make model` brings one.\n\n", o.models)
		return b, nil
	}
	library, err := onnx.FindLibrary(o.runtime)
	if err != nil {
		return nil, err
	}
	b.cutter, err = onnx.New(onnx.Options{Library: library, Model: m, Timeout: patience, Used: func(u onnx.Usage) { b.used = u }})
	if err == nil {
		fmt.Printf("model %s, %s\n\n", m.Name, m.SHA256)
	}
	return b, err
}

func (b *bench) close() {
	_ = b.decoder.Close()
	if b.cutter != nil {
		_ = b.cutter.Close()
	}
}

// row holds a picture's cut-outs; nil for an engine that isn't there.
type row struct {
	name   string
	result [engines]*cutout.Result
	scored [engines]cutouttest.Score
}

// remembered returns the mask of a photo's first look, so that it runs once. A second
// look, which may be at all of the photo, mirrored or made darker, is asked of the network.
type remembered struct {
	mask   cutout.Mask
	looked bool
	bench  *bench
	cpu    float64 // of second looks, in the network's process, ms
}

func (r *remembered) Mask(ctx context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	if !r.looked {
		r.looked = true
		return r.mask, nil
	}
	m, err := r.bench.cutter.Mask(ctx, photo)
	r.cpu += r.bench.used.CPU.Seconds() * 1000
	return m, err
}

// measure cuts a picture with each engine.
func (b *bench) measure(ctx context.Context, name string, img *image.NRGBA) (r row, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	r.name = name
	t := cpu()
	r.result[studio] = cutout.Cut(img)
	b.cpu[studio] = append(b.cpu[studio], cpu()-t)
	b.peak[studio] = max(b.peak[studio], ownPeak())
	t = cpu()
	mask, err := b.own.Mask(ctx, img)
	if err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	r.result[own] = raw(img, mask)
	b.cpu[own] = append(b.cpu[own], cpu()-t)
	t = cpu()
	if r.result[builtIn], err = cutout.CutOwn(ctx, img, b.own); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	b.cpu[builtIn] = append(b.cpu[builtIn], cpu()-t)
	b.peak[own], b.peak[builtIn] = ownPeak(), ownPeak()
	if b.cutter == nil {
		return r, nil
	}
	t = cpu()
	mask, err = b.cutter.Mask(ctx, img)
	if err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	look := cpu() - t + b.used.CPU.Seconds()*1000
	t = cpu()
	r.result[network] = raw(img, mask)
	b.cpu[network] = append(b.cpu[network], look+cpu()-t)
	t = cpu()
	known := &remembered{mask: mask, bench: b}
	if r.result[joined], err = cutout.CutLearned(ctx, img, known); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	b.cpu[joined] = append(b.cpu[joined], look+known.cpu+cpu()-t)
	b.peak[network] = max(b.peak[network], b.used.PeakKB)
	b.peak[joined] = max(b.peak[joined], b.used.PeakKB+ownPeak())
	return r, nil
}

// raw is the network's cut-out as it is: coverage enlarged, the photo's colours.
func raw(img *image.NRGBA, m cutout.Mask) *cutout.Result {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	r := &cutout.Result{Alpha: image.NewAlpha(image.Rect(0, 0, w, h)), Image: image.NewNRGBA(image.Rect(0, 0, w, h)), Found: true}
	for y := range h {
		v := max((float64(y)+.5)*float64(m.Height)/float64(h)-.5, 0)
		y0 := min(int(v), m.Height-1)
		y1, fy := min(y0+1, m.Height-1), float32(v-float64(y0))
		for x := range w {
			u := max((float64(x)+.5)*float64(m.Width)/float64(w)-.5, 0)
			x0 := min(int(u), m.Width-1)
			x1, fx := min(x0+1, m.Width-1), float32(u-float64(x0))
			at := func(x, y int) float32 { return m.Coverage[y*m.Width+x] }
			a := (at(x0, y0)*(1-fx)+at(x1, y0)*fx)*(1-fy) + (at(x0, y1)*(1-fx)+at(x1, y1)*fx)*fy
			i := y*w + x
			r.Alpha.Pix[i] = uint8(min(max(a, 0), 1)*255 + .5)
			copy(r.Image.Pix[4*i:4*i+3], img.Pix[img.PixOffset(img.Rect.Min.X+x, img.Rect.Min.Y+y):])
			r.Image.Pix[4*i+3] = r.Alpha.Pix[i]
		}
	}
	return r
}

// score compares the cut-outs with the truth, and drops their pixels.
func (r *row) score(truth *image.Alpha) {
	for e, c := range r.result {
		if c != nil {
			r.scored[e] = cutouttest.Compare(c.Alpha, truth)
		}
	}
	r.drop()
}

// drop frees the pixels and keeps the measures.
func (r *row) drop() {
	for _, c := range r.result {
		if c != nil {
			c.Alpha, c.Image = nil, nil
		}
	}
}

func (r *row) save(dir string) error {
	for e, c := range r.result {
		if c == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Join(dir, engineNames[e]), 0o755); err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, engineNames[e], r.name+".png"))
		if err != nil {
			return err
		}
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, c.Image)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read decodes a file as OPAL does.
func (b *bench) read(ctx context.Context, file string) (*image.NRGBA, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	img, _, err := b.decoder.Decode(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return img, nil
}

// cpu is this process's processor time, in ms.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}

// ownPeak is the most memory that this process has held, in KB.
func ownPeak() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Maxrss / maxrssUnit
}
