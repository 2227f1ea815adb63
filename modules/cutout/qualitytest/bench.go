package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	used    onnx.Usage    // of the model's last run
	wanted  [engines]bool // the engines that are measured
}

// patience bounds a run of the network: what is measured is processor time, and a machine
// that does other work beside gives little of it.
const patience = 15 * time.Minute

// openBench opens the model that is there, where an engine that is measured needs it.
func openBench(o options) (*bench, error) {
	b := &bench{decoder: imaging.NewDecoder(imaging.DecoderOptions{})}
	var err error
	if b.wanted, err = wantedEngines(o.engines); err != nil {
		return nil, err
	}
	if b.own, err = net.New(); err != nil {
		return nil, err
	}
	if !b.wanted[network] && !b.wanted[joined] {
		return b, nil
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

// wantedEngines reads the engines' names, with commas between them; "" is all.
func wantedEngines(list string) (wanted [engines]bool, err error) {
	for e := range wanted {
		wanted[e] = list == ""
	}
	if list == "" {
		return wanted, nil
	}
	for _, name := range strings.Split(list, ",") {
		e := slices.Index(engineNames[:], strings.TrimSpace(name))
		if e < 0 {
			return wanted, fmt.Errorf("there is no engine %q; %s", name, strings.Join(engineNames[:], ", "))
		}
		wanted[e] = true
	}
	return wanted, nil
}

func (b *bench) close() {
	_ = b.decoder.Close()
	if b.cutter != nil {
		_ = b.cutter.Close()
	}
}

// row holds a picture's cut-outs, and what each cost; nil for an engine that wasn't asked.
type row struct {
	name   string
	result [engines]*cutout.Result
	scored [engines]cutouttest.Score
	cost   [engines]cost
	bare   float64 // processor time of one run of the model, ms; 0: it didn't run
}

// cost is what one cut-out took.
type cost struct {
	cpu    float64 // processor time of all processes, ms
	looks  int     // how often a network was asked
	peakKB int64   // the most memory of all processes together
}

// looking counts how often a network is asked, and the processor time that its own process
// takes for it. The mask of a photo's first look is given where it is known, so that it runs
// once: a second look, which may be at all of the photo, mirrored or made darker, is
// asked of the network.
type looking struct {
	ask   func(context.Context, *image.NRGBA) (cutout.Mask, float64, error)
	first *cutout.Mask
	looks int
	cpu   float64 // ms
}

func (l *looking) Mask(ctx context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	l.looks++
	if l.looks == 1 && l.first != nil {
		return *l.first, nil
	}
	m, apart, err := l.ask(ctx, photo)
	l.cpu += apart
	return m, err
}

// askModel runs the operator's model, and returns the processor time of its process, ms.
func (b *bench) askModel(ctx context.Context, photo *image.NRGBA) (cutout.Mask, float64, error) {
	m, err := b.cutter.Mask(ctx, photo)
	return m, b.used.CPU.Seconds() * 1000, err
}

// askOwn runs OPAL's own network, in this process.
func (b *bench) askOwn(ctx context.Context, photo *image.NRGBA) (cutout.Mask, float64, error) {
	m, err := b.own.Mask(ctx, photo)
	return m, 0, err
}

// measure cuts a picture with each engine that is wanted.
func (b *bench) measure(ctx context.Context, name string, img *image.NRGBA) (r row, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	r.name = name
	// take runs an engine and notes its cost in this process.
	take := func(e int, cut func() (*cutout.Result, error)) error {
		forgetPeak()
		t := cpu()
		if r.result[e], err = cut(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.cost[e].cpu += cpu() - t
		r.cost[e].peakKB += ownPeak()
		return nil
	}
	alone := func(e int, ask func(context.Context, *image.NRGBA) (cutout.Mask, float64, error)) (mask cutout.Mask, err error) {
		return mask, take(e, func() (*cutout.Result, error) {
			t := cpu()
			var apart float64
			if mask, apart, err = ask(ctx, img); err != nil {
				return nil, err
			}
			if e == network {
				r.bare = cpu() - t + apart
			}
			r.cost[e].cpu, r.cost[e].looks = apart, 1
			return raw(img, mask), nil
		})
	}
	if b.wanted[studio] {
		if err := take(studio, func() (*cutout.Result, error) { return cutout.Cut(img), nil }); err != nil {
			return r, err
		}
	}
	if b.wanted[own] {
		if _, err := alone(own, b.askOwn); err != nil {
			return r, err
		}
	}
	if b.wanted[builtIn] {
		l := &looking{ask: b.askOwn}
		if err := take(builtIn, func() (*cutout.Result, error) { return cutout.CutOwn(ctx, img, l) }); err != nil {
			return r, err
		}
		r.cost[builtIn].looks = l.looks
	}
	if b.cutter == nil {
		return r, nil
	}
	mask, err := alone(network, b.askModel)
	if err != nil {
		return r, err
	}
	if b.wanted[joined] {
		l := &looking{ask: b.askModel, first: &mask}
		if err := take(joined, func() (*cutout.Result, error) { return cutout.CutLearned(ctx, img, l) }); err != nil {
			return r, err
		}
		r.cost[joined].cpu += r.bare + l.cpu
		r.cost[joined].looks = l.looks
		r.cost[joined].peakKB += b.used.PeakKB
	}
	r.cost[network].peakKB += b.used.PeakKB
	if !b.wanted[network] {
		r.result[network] = nil
	}
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
			c.Alpha, c.Image, c.Logits = nil, nil, nil
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
