// Package placertest is the suite that every pipeline.Placer passes: Run for all,
// RunRemote for those that ask a service, against a local fake that follows the
// service's documented contract. Engines are tried inside the pipeline, so that
// the product lock is seen to hold for each.
package placertest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// Engine is what Run needs to know.
type Engine struct {
	Placer    pipeline.Placer
	Store     *Store
	Decoder   *imaging.Decoder
	Generated bool // a trained model paints pixels
}

// least structural similarity of the locked product with the original.
const leastFidelity = .99

// Run holds an engine to the port.
func Run(t *testing.T, e Engine) {
	for name, size := range map[string]image.Point{"wide product": {420, 200}, "tall product": {160, 480}, "tiny product": {9, 7}} {
		t.Run(name, func(t *testing.T) {
			res, err := e.run(t.Context(), size.X, size.Y)
			if err != nil {
				t.Fatal(err)
			}
			e.check(t, res)
		})
	}
	for name, size := range map[string]image.Point{"wide frame": {1200, 800}, "tall frame": {640, 900}} {
		t.Run(name, func(t *testing.T) { e.direct(t, size.X, size.Y) })
	}
	t.Run("at once", func(t *testing.T) {
		var g errgroup.Group
		for i := range 3 {
			g.Go(func() error {
				res, err := e.run(context.Background(), 300+10*i, 240)
				if err == nil {
					e.check(t, res)
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.run(ctx, 100, 100); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

// product is a box with marks that it is recognised by, before nothing.
func product(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w+4, h+4))
	box := image.Rect(2, 2, w+2, h+2)
	draw.Draw(img, box, image.NewUniform(color.NRGBA{180, 60, 40, 255}), image.Point{}, draw.Src)
	part := func(x0, y0, x1, y1 int, c color.NRGBA) {
		r := image.Rect(box.Min.X+w*x0/20, box.Min.Y+h*y0/20, box.Min.X+w*x1/20, box.Min.Y+h*y1/20)
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	part(5, 6, 15, 14, color.NRGBA{240, 230, 200, 255})
	part(6, 7, 13, 9, color.NRGBA{20, 20, 20, 255})
	part(6, 11, 9, 13, color.NRGBA{30, 80, 160, 255})
	return img
}

// cutter returns the photo, which is a cut-out.
type cutter struct{}

func (cutter) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	return pipeline.Cutout{Image: photo, Confidence: 1}, nil
}

type silent struct{}

func (silent) StepBegan(context.Context, string)                     {}
func (silent) StepEnded(context.Context, string, error)              {}
func (silent) StepReused(context.Context, string)                    {}
func (silent) Checkpoint(context.Context, pipeline.Checkpoint) error { return nil }

// run takes a w×h product through the pipeline, not upscaled.
func (e Engine) run(ctx context.Context, w, h int) (*pipeline.Result, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, product(w, h)); err != nil {
		return nil, err
	}
	return pipeline.New(e.Decoder, cutter{}, e.Placer).Run(ctx, pipeline.Input{
		TenantID: "t", JobID: "j", ItemID: "i", Filename: "red-box.png", Scene: "studio", Prompt: "calm light",
		Look:    picture.Look{ID: "default", Palette: []string{"#a3b18a"}, NegativePrompt: "clutter"},
		Options: pipeline.Options{RemoveBackground: true, GenerateScene: true},
		Raw:     func(context.Context) ([]byte, error) { return b.Bytes(), nil },
	}, e.Store, silent{})
}

// check looks at a finished picture.
func (e Engine) check(t *testing.T, res *pipeline.Result) {
	t.Helper()
	if res.Placed.Engine == "" || res.Placed.Generated != e.Generated {
		t.Errorf("engine %q, generated %v", res.Placed.Engine, res.Placed.Generated)
	}
	if res.Fidelity == nil || res.Fidelity.SSIM < leastFidelity {
		t.Errorf("fidelity %+v", res.Fidelity)
	}
	b, err := e.Store.Get(t.Context(), res.OutputPath)
	if err != nil {
		t.Error(err)
		return
	}
	source := "compositeSynthetic"
	if e.Generated {
		source = "compositeWithTrainedAlgorithmicMedia"
	}
	if e.Generated != bytes.Contains(b, []byte("compositeWithTrainedAlgorithmicMedia")) {
		t.Errorf("the output's digital source type is not %s", source)
	}
	info, err := imaging.Inspect(b)
	if err != nil || info.Width != res.Placed.Width || info.Height != res.Placed.Height {
		t.Errorf("the output is %d×%d (%v), the scene %d×%d", info.Width, info.Height, err, res.Placed.Width, res.Placed.Height)
	}
}

// direct asks for a frame that is not square.
func (e Engine) direct(t *testing.T, w, h int) {
	t.Helper()
	cut := product(300, 200)
	path, err := e.Store.Put(t.Context(), "cutout", "png", "image/png", encodePNG(t, cut))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Placer.Place(t.Context(), pipeline.Placement{
		TenantID: "t", JobID: "j", ItemID: "i", Title: "red box", Scene: "kitchen", Look: picture.Look{ID: "default"}, Width: w, Height: h, Seed: 7,
		Cutout: cut, CutoutPath: path, Artifacts: e.Store,
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Store.Get(t.Context(), p.BackdropPath)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := e.Decoder.Decode(t.Context(), b)
	if err != nil || img.Rect.Dx() != p.Width || img.Rect.Dy() != p.Height || p.Width != w || p.Height != h {
		t.Fatalf("the backdrop is %v (%v), it says %d×%d, asked for was %d×%d", img.Rect.Size(), err, p.Width, p.Height, w, h)
	}
	if p.Box == (picture.Box{}) {
		return // left to the lock
	}
	box := p.Box.Rect()
	if !box.In(img.Rect) || math.Abs(math.Log(float64(box.Dx())/float64(box.Dy())/1.5)) > .03 {
		t.Errorf("the product is at %v of %v", box, img.Rect.Size())
	}
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Try takes one product through the pipeline and returns what became of it.
func (e Engine) Try(ctx context.Context) error {
	_, err := e.run(ctx, 300, 200)
	return err
}
