package onnx

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/opal-photo/opal/modules/sandbox"
)

// ChildKind names the child that runs a network on the processor, CUDAChildKind the
// one that runs it on a graphics card.
const (
	ChildKind     = "infer"
	CUDAChildKind = "infer-cuda"
)

// A network on the processor is computed by one thread: workers process several
// pictures at the same time, not parts of one.
const threads = 1

// ChildHandler serves as the child that runs a network on the processor. Its
// arguments are the runtime's library, the model's file and its manifest.
func ChildHandler() sandbox.Handler {
	return sandbox.Handler{
		Prepare: prepare(CPU),
		Calls:   []string{"sysinfo", "uname", "getrusage", "sched_setaffinity", "sched_getparam", "sched_getscheduler"},
	}
}

// CUDAChildHandler serves as the child that runs a network on a graphics card. It has
// no limits: NVIDIA's driver maps more address space than a limit on memory leaves,
// opens devices during the work, and is told everything by ioctl, whose filter would
// bar nothing any more. The network sees pixels that another, limited child decoded.
func CUDAChildHandler() sandbox.Handler {
	return sandbox.Handler{Prepare: prepare(CUDA), Unlimited: true}
}

func prepare(d Device) func(args []string) (sandbox.Worker, error) {
	return func(args []string) (sandbox.Worker, error) {
		if len(args) != 3 {
			return nil, errors.New("usage: LIBRARY MODEL MANIFEST")
		}
		m, err := ParseManifest([]byte(args[2]))
		if err != nil {
			return nil, err
		}
		n, err := load(args[0], Model{m, args[1]}, d)
		if err != nil {
			return nil, err
		}
		return n.work, nil
	}
}

// net is a loaded network.
type net struct {
	manifest Manifest
	session  *ort.AdvancedSession
	in, out  *ort.Tensor[float32]
}

// load opens the library and the model, and checks that the model is what the
// manifest says.
func load(library string, m Model, d Device) (*net, error) {
	if err := m.Verify(context.Background()); err != nil { // the parent ends a child that takes too long
		return nil, err
	}
	if _, err := os.Stat(library); err != nil {
		return nil, ErrNoRuntime.With("%s", err)
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return nil, ErrNoRuntime.With("%s can't be opened as a library: %s; CUTOUT_RUNTIME names another, and `make model` lays one beside the program", library, plainWords(err.Error()))
	}
	n := &net{manifest: m.Manifest}
	o, err := options()
	if err != nil {
		return nil, err
	}
	defer func() { _ = o.Destroy() }()
	if err := d.add(o); err != nil {
		return nil, err
	}
	if err := n.open(m.File, d, o); err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // the file
	if d == CPU {        // a card's driver has no limits
		if err := sandbox.Room(int64(m.MemoryMB) << 20); err != nil {
			return nil, ErrMemory.With("%s: %s; raise it, or set CUTOUT_ENGINE=own", m.Name, err)
		}
	}
	return n, nil
}

// open makes the session. On a processor the network is rewritten for it, unless it is
// large, or of a kind that can't be.
func (n *net) open(file string, d Device, o *ort.SessionOptions) error {
	session := func(ins, outs []value, data func(output string) ([]byte, bool)) error {
		input, output, err := n.tensors(ins, outs)
		if err != nil {
			return err
		}
		in, out := []ort.Value{n.in}, []ort.Value{n.out}
		if b, ok := data(output); ok {
			n.session, err = ort.NewAdvancedSessionWithONNXData(b, []string{input}, []string{output}, in, out, o)
		} else {
			n.session, err = ort.NewAdvancedSession(file, []string{input}, []string{output}, in, out, o)
		}
		if err != nil {
			return d.refused(err)
		}
		return nil
	}
	if info, err := os.Stat(file); err == nil && d == CPU && info.Size() <= rewriteMost {
		b, err := os.ReadFile(file)
		if err != nil {
			return ErrBadModel.With("%s", err)
		}
		if g, ok := readGraph(b); ok {
			return session(g.inputs, g.outputs, g.rewrite)
		}
	}
	ins, outs, err := described(file)
	if err != nil {
		return err
	}
	return session(ins, outs, func(string) ([]byte, bool) { return nil, false })
}

// described asks the runtime for the model's inputs and outputs. It loads the model for
// that, without the work of making it fast.
func described(file string) (ins, outs []value, err error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = o.Destroy() }()
	if err := o.SetGraphOptimizationLevel(ort.GraphOptimizationLevelDisableAll); err != nil {
		return nil, nil, err
	}
	in, out, err := ort.GetInputOutputInfoWithOptions(file, o)
	if err != nil {
		return nil, nil, ErrBadModel.With("%s", plainWords(err.Error()))
	}
	values := func(all []ort.InputOutputInfo) (v []value) {
		for _, t := range all {
			v = append(v, value{t.Name, uint64(t.DataType), t.Dimensions})
		}
		return v
	}
	return values(in), values(out), nil
}

// options are for a process that shares its machine: threads that wait take no
// processor from others. A picture's memory stays for the next: to get it from the
// system anew costs a tenth of the run.
func options() (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	for _, err := range []error{
		o.SetIntraOpNumThreads(threads), o.SetInterOpNumThreads(1), o.SetCpuMemArena(true), o.SetMemPattern(false),
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"), o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	} {
		if err != nil {
			_ = o.Destroy()
			return nil, err
		}
	}
	return o, nil
}

// tensors makes room for what goes in and comes out, and returns their names.
func (n *net) tensors(ins, outs []value) (input, output string, err error) {
	m := n.manifest
	in, err := pick(ins, m.Input, "input")
	if err != nil {
		return "", "", err
	}
	out, err := pick(outs, m.Output, "output")
	if err != nil {
		return "", "", err
	}
	want := ort.NewShape(1, 3, int64(m.Height), int64(m.Width))
	if m.Layout == NHWC {
		want = ort.NewShape(1, int64(m.Height), int64(m.Width), 3)
	}
	if !fits(in.dims, want) {
		return "", "", ErrBadModel.With("input %s is %v, the manifest says %v", in.name, in.dims, want)
	}
	// Coverage has one value a pixel, however its dimensions of 1 are put.
	shape, size := ort.Shape(slices.Clone(out.dims)), int64(1)
	free := []int64{int64(m.Height), int64(m.Width)}
	for i, d := range shape {
		if d > 0 {
			if d > 1 && len(free) > 0 {
				free = free[1:]
			}
			continue
		}
		switch {
		case i == 0 || len(shape) == 4 && i == 1 && m.Layout == NCHW:
			shape[i] = 1
		case len(free) > 0:
			shape[i], free = free[0], free[1:]
		default:
			shape[i] = 1
		}
	}
	for _, d := range shape {
		size *= d
		if size > maxSide*maxSide {
			break
		}
	}
	if size != int64(m.Width)*int64(m.Height) {
		return "", "", ErrBadModel.With("output %s is %v, not one value for each of %d×%d pixels", out.name, out.dims, m.Width, m.Height)
	}
	if n.in, err = ort.NewEmptyTensor[float32](want); err != nil {
		return "", "", err
	}
	n.out, err = ort.NewEmptyTensor[float32](shape)
	return in.name, out.name, err
}

// pick returns the tensor of that name, the first when there is no name.
func pick(all []value, name, what string) (value, error) {
	for _, v := range all {
		if name != "" && v.name != name {
			continue
		}
		if v.kind != float32Type {
			return v, ErrBadModel.With("%s %s holds %v, not 32-bit floats", what, v.name, ort.TensorElementDataType(v.kind))
		}
		return v, nil
	}
	return value{}, ErrBadModel.With("it has no %s %q", what, name)
}

// fits tells whether a tensor takes the shape: a dimension below 1 is free.
func fits(has []int64, want ort.Shape) bool {
	if len(has) != len(want) {
		return false
	}
	for i, d := range has {
		if d > 0 && d != want[i] {
			return false
		}
	}
	return true
}

// work is the child's sandbox.Worker: Width×Height pixels of red, green and blue
// go in, as many 32-bit floats of coverage come out.
func (n *net) work(job sandbox.Work) ([]byte, error) {
	m := n.manifest
	pixels := m.Width * m.Height
	if len(job.In) != 3*pixels || len(job.Out) != 4*pixels {
		return nil, sandbox.Refuse("the picture has not the network's size")
	}
	n.fill(job.In)
	if err := n.session.Run(); err != nil {
		return nil, fmt.Errorf("run the network: %w", err)
	}
	for i, v := range m.Activation.apply(n.out.GetData()) {
		binary.LittleEndian.PutUint32(job.Out[4*i:], math.Float32bits(v))
	}
	return usage()
}

// Usage is what a child has used: processor time since its last picture, and the
// most memory it has held since its start.
type Usage struct {
	CPU    time.Duration
	PeakKB int64
}

// told is the processor time of the pictures before. A child does one at a time.
var told time.Duration

// usage is the reply of a job.
func usage() ([]byte, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil, nil // a child without the call works as well
	}
	all := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	used := Usage{CPU: all - told, PeakKB: u.Maxrss}
	if runtime.GOOS == "darwin" {
		used.PeakKB /= 1024
	}
	told = all
	return json.Marshal(used)
}

// fill puts the pixels, normalised, into the input.
func (n *net) fill(rgb []byte) {
	m, x := n.manifest, n.in.GetData()
	plane := m.Width * m.Height
	for c := range 3 {
		from := c
		if m.BGR {
			from = 2 - c
		}
		var table [256]float32
		for v := range table {
			table[v] = (float32(v) - m.Mean[c]) / m.Scale[c]
		}
		for i := range plane {
			v := table[rgb[3*i+from]]
			if m.Layout == NHWC {
				x[3*i+c] = v
			} else {
				x[c*plane+i] = v
			}
		}
	}
}

// closeRange is the range of an output below which a network saw nothing: it is
// not spread over 0–1.
const closeRange = .1

// apply returns the coverage, 0–1, that an output means, and no number where the output is none
// or, unless it is a logit, without bound.
func (a Activation) apply(v []float32) []float32 {
	lo, span := float32(0), float32(1)
	nan := float32(math.NaN())
	if a == MinMax && len(v) > 0 {
		hi := float32(math.Inf(-1))
		lo = float32(math.Inf(1))
		for _, x := range v {
			lo, hi = min(lo, x), max(hi, x)
		}
		if span = hi - lo; !(span > closeRange) {
			lo, span = 0, 1
		}
	}
	o := make([]float32, len(v))
	for i, x := range v {
		switch {
		case a == Sigmoid:
			x = float32(1 / (1 + math.Exp(-float64(x))))
		case math.IsInf(float64(x), 0):
			x = nan
		default:
			x = (x - lo) / span
		}
		o[i] = min(max(x, 0), 1) // which of no number is none
	}
	return o
}
