package onnx

import (
	"errors"
	"image"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/onnx/onnxtest"
	"github.com/opal-photo/opal/modules/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.ServeIfChild(map[string]sandbox.Handler{ChildKind: ChildHandler(), CUDAChildKind: CUDAChildHandler(), imaging.ChildKind: imaging.ChildHandler(nil)})
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, o Options) *Cutter {
	t.Helper()
	o.Library = onnxtest.Library(t)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// The suite's product is blue on a light ground: what is dark in red is product.
func redness() []byte {
	return onnxtest.Network(tinySide, [3]float32{-255. / 138, 0, 0}, 228./138, false)
}

func TestSuite(t *testing.T) {
	cuttertest.Run(t, open(t, Options{Model: stored(t, tinyManifest(), redness()), Concurrency: 2}))
}

func shade(w, h int, r, g, b uint8) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = []uint8{r, g, b, 255}[i%4]
	}
	return img
}

// The mask is the network's output: the manifest sets layout, order of the channels,
// normalisation and activation.
func TestMaskIsTheNetworksOutput(t *testing.T) {
	weight := [3]float32{.5, -.25, .125}
	logistic := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for name, c := range map[string]struct {
		change func(*Manifest)
		free   bool
		want   float64
	}{
		"channels of 0-1":           {func(*Manifest) {}, false, .1 + .5*.8 - .25*.4 + .125*.2},
		"free dimensions":           {func(*Manifest) {}, true, .1 + .5*.8 - .25*.4 + .125*.2},
		"blue first":                {func(m *Manifest) { m.BGR = true }, false, .1 + .5*.2 - .25*.4 + .125*.8},
		"mean and scale":            {func(m *Manifest) { m.Mean, m.Scale = [3]float32{51, 51, 51}, [3]float32{102, 102, 102} }, false, .1 + .5*1.5 - .25*.5},
		"logits":                    {func(m *Manifest) { m.Activation = Sigmoid }, false, logistic(.1 + .5*.8 - .25*.4 + .125*.2)},
		"spread, but all the same":  {func(m *Manifest) { m.Activation = MinMax }, false, .1 + .5*.8 - .25*.4 + .125*.2},
		"below nothing is nothing":  {func(m *Manifest) { m.Mean = [3]float32{2000, 0, 0} }, false, 0},
		"above all is all":          {func(m *Manifest) { m.Mean = [3]float32{-2000, 0, 0} }, false, 1},
		"named tensors":             {func(m *Manifest) { m.Input, m.Output = "photo", "mask" }, false, .1 + .5*.8 - .25*.4 + .125*.2},
		"the photo's size is free ": {func(*Manifest) {}, false, .1 + .5*.8 - .25*.4 + .125*.2},
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyManifest()
			c.change(&m)
			mask, err := open(t, Options{Model: stored(t, m, onnxtest.Network(tinySide, weight, .1, c.free))}).Mask(t.Context(), shade(90, 160, 204, 102, 51))
			if err != nil {
				t.Fatal(err)
			}
			if mask.Width != tinySide || mask.Height != tinySide {
				t.Fatalf("a mask of %d×%d", mask.Width, mask.Height)
			}
			for i, v := range mask.Coverage {
				if math.Abs(float64(v)-c.want) > 1e-4 {
					t.Fatalf("pixel %d: %v, want %v", i, v, c.want)
				}
			}
		})
	}
}

// A model that is not what its manifest says is found before the first photo, and said so.
func TestWrongModelsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		network []byte
		change  func(*Manifest)
		says    string
	}{
		"no ONNX":        {[]byte("<html>404</html>"), func(*Manifest) {}, "can't be used"},
		"cut short":      {redness()[:60], func(*Manifest) {}, "can't be used"},
		"another size":   {redness(), func(m *Manifest) { m.Width = 320 }, "the manifest says"},
		"another layout": {redness(), func(m *Manifest) { m.Layout = NHWC }, "the manifest says"},
		"a classifier":   {onnxtest.Classes(tinySide), func(*Manifest) {}, "output mask is [1 3 1 1], not one value for each of 256×256 pixels"},
		"no such output": {redness(), func(m *Manifest) { m.Output = "alpha" }, `no output "alpha"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyManifest()
			c.change(&m)
			err := open(t, Options{Model: stored(t, m, c.network)}).Ready(t.Context())
			if !errors.Is(err, ErrBadModel) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, which doesn't say %q", err, c.says)
			}
			for _, word := range []string{"child", "\x1b", "onnxruntime_src", "exit status"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("%q is not for people: %v", word, err)
				}
			}
		})
	}
}

// A network whose answers can't be coverage is found when it is tried, whatever it is shown.
func TestUselessAnswersAreRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		bias   float32
		kind   Activation
		says   string
		weight [3]float32 // of red, green and blue
	}{
		"no numbers":             {nan, None, "answers no numbers for 65536 of 65536 pixels", [3]float32{}},
		"no numbers, as logits":  {nan, Sigmoid, "answers no numbers", [3]float32{}},
		"no numbers, spread":     {nan, MinMax, "answers no numbers", [3]float32{}},
		"without bound":          {inf, None, "answers no numbers", [3]float32{}},
		"without bound, spread":  {inf, MinMax, "answers no numbers", [3]float32{}},
		"nothing":                {0, None, "about 0.00, to different photos", [3]float32{}},
		"all":                    {1, None, "about 1.00, to different photos", [3]float32{}},
		"all, by endless logits": {inf, Sigmoid, "about 1.00, to different photos", [3]float32{}},
		// It tells light from dark photos, and nearly the same of product and backdrop.
		"something else": {0, None, "doesn't tell a product from its backdrop: of drawn photos it covers", [3]float32{.92, -2.6, 2.69}},
		"too little":     {.5, None, "doesn't tell a product from its backdrop", [3]float32{.1, .1, .1}},
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyManifest()
			m.Activation = c.kind
			err := open(t, Options{Model: stored(t, m, onnxtest.Network(tinySide, c.weight, c.bias, false))}).Try(t.Context())
			if !errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, which doesn't say %q", err, c.says)
			}
		})
	}
	if err := open(t, Options{Model: stored(t, tinyManifest(), redness())}).Try(t.Context()); err != nil {
		t.Errorf("one that looks at the photo: %v", err)
	}
}

// What is no number is the model's fault and not the photo's, in which then no product would
// be found.
func TestAnswersWithoutNumbersFailThePicture(t *testing.T) {
	c := open(t, Options{Model: stored(t, tinyManifest(), onnxtest.Network(tinySide, [3]float32{}, float32(math.NaN()), false))})
	if out, err := c.Cut(t.Context(), shade(400, 300, 200, 20, 20)); !errors.Is(err, ErrAnswer) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v, %v", out, err)
	}
}

// A network that begins to answer one number at work is blamed after some photos, in place of theirs.
func TestNothingInManyPhotosHasTheModelTried(t *testing.T) {
	product := shade(400, 300, 250, 250, 250)
	for y := 100; y < 200; y++ {
		for x := 150; x < 250; x++ {
			copy(product.Pix[product.PixOffset(x, y):], []uint8{20, 20, 90})
		}
	}
	for name, bias := range map[string]float32{"nothing": 0, "all": 1} {
		t.Run(name, func(t *testing.T) {
			c := open(t, Options{Model: stored(t, tinyManifest(), onnxtest.Network(tinySide, [3]float32{}, bias, false))})
			for n := 1; n <= fruitless+2; n++ {
				_, err := c.Cut(t.Context(), product)
				if n < fruitless && err != nil {
					t.Errorf("photo %d: %v", n, err)
				}
				if n >= fruitless && (!errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), "answers the same")) {
					t.Errorf("photo %d: %v", n, err)
				}
			}
		})
	}
	// Empty photos are none of the model's faults, and what is tried is tried once for so many.
	runs := 0
	c := open(t, Options{Model: stored(t, tinyManifest(), redness()), Used: func(Usage) { runs++ }})
	empty := shade(400, 300, 250, 250, 250)
	cut := func(photo *image.NRGBA, times, want int) {
		t.Helper()
		runs = 0
		for range times {
			if _, err := c.Cut(t.Context(), photo); err != nil {
				t.Error(err)
			}
		}
		if runs != want {
			t.Errorf("%d runs for %d photos, want %d", runs, times, want)
		}
	}
	tries := len(tinyManifest().drawn())
	cut(empty, fruitless, fruitless+tries)
	cut(empty, 2*fruitless, 2*fruitless) // the photos were to blame
	if _, err := c.Cut(t.Context(), product); err != nil {
		t.Error(err)
	}
	cut(empty, fruitless-1, fruitless-1) // a product began the count anew
}

func TestChangedFileIsNotLoaded(t *testing.T) {
	model := stored(t, tinyManifest(), redness())
	if err := os.WriteFile(model.File, onnxtest.Network(tinySide, [3]float32{1, 1, 1}, 0, false), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := model.Verify(t.Context()); !errors.Is(err, ErrChanged) {
		t.Errorf("verified: %v", err)
	}
	c := open(t, Options{Model: model})
	if err := c.Ready(t.Context()); !errors.Is(err, ErrChanged) {
		t.Errorf("loaded: %v", err)
	}
	if _, err := c.Mask(t.Context(), shade(9, 9, 0, 0, 0)); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "opal models add FILE") {
		t.Errorf("for a picture: %v", err)
	}
}

// A network that takes more than its manifest allows says what to change.
func TestMemoryIsBounded(t *testing.T) {
	const side = 2048 // input, output and the convolution's own copies: over 64 MB
	m := tinyManifest()
	m.Width, m.Height = side, side
	for mb, also := range map[int]string{1: "such as 1024", 80: "MB more"} { // before the run, and in it
		m.MemoryMB = mb
		err := open(t, Options{Model: stored(t, m, onnxtest.Network(side, [3]float32{1, 0, 0}, 0, false))}).Try(t.Context())
		if !errors.Is(err, ErrShort) || fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "memory_mb") || !strings.Contains(err.Error(), also) {
			t.Errorf("with %d MB: %v", mb, err)
		}
	}
	m.MemoryMB = 1024
	if err := open(t, Options{Model: stored(t, m, onnxtest.Network(side, [3]float32{1, 0, 0}, 0, false))}).Try(t.Context()); err != nil {
		t.Errorf("with 1 GB: %v", err)
	}
}

// The cost of a run is counted in the child: the worker's own count misses it.
func TestUsageIsTold(t *testing.T) {
	var used Usage
	c := open(t, Options{Model: stored(t, tinyManifest(), redness()), Used: func(u Usage) { used = u }})
	if err := c.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used.CPU <= 0 || used.PeakKB < 10<<10 {
		t.Errorf("%+v", used)
	}
}

func TestTimeIsBounded(t *testing.T) {
	c := open(t, Options{Model: stored(t, tinyManifest(), redness()), Timeout: time.Nanosecond})
	if err := c.Try(t.Context()); err == nil {
		t.Error("no limit on time")
	}
}

func TestMissingLibraryIsNamed(t *testing.T) {
	if _, err := FindLibrary("nowhere/libonnxruntime.so"); !errors.Is(err, ErrNoRuntime) {
		t.Errorf("%v", err)
	}
	c, err := New(Options{Library: "nowhere/libonnxruntime.so", Model: stored(t, tinyManifest(), redness())})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ready(t.Context()); !errors.Is(err, ErrNoRuntime) {
		t.Errorf("%v", err)
	}
	notOne := write(t, "text", []byte("root:x:0:0"))
	if c, err = New(Options{Library: notOne, Model: stored(t, tinyManifest(), redness())}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ready(t.Context()); !errors.Is(err, ErrNoRuntime) || !strings.Contains(err.Error(), notOne+" can't be opened as a library") {
		t.Errorf("%v", err)
	}
}

// A card that was asked for and can't be used is an error that says why: the processor
// doesn't take its place in silence.
func TestCUDAIsNotReplacedByTheProcessor(t *testing.T) {
	err := open(t, Options{Model: stored(t, tinyManifest(), redness()), Device: CUDA}).Ready(t.Context())
	if !errors.Is(err, ErrNoCUDA) || !strings.Contains(err.Error(), "set CUTOUT_DEVICE=cpu") || strings.Contains(err.Error(), "/onnxruntime_src") {
		t.Errorf("%v", err)
	}
	t.Log(err)
}
