package pipeline_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// known is a Cutter that has the true coverage.
type known struct{ alpha *image.Alpha }

func (k known) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	out := image.NewNRGBA(photo.Rect)
	copy(out.Pix, photo.Pix)
	for i, a := range k.alpha.Pix {
		out.Pix[4*i+3] = a
	}
	return pipeline.Cutout{Image: out, Confidence: 1}, nil
}

// Wished with the photo or only later, glass becomes translucent once; the opaque cut-out stays
// beside it, and is the picture's again when the wish is gone.
func TestGlassIsMadeTranslucentOnceAndLate(t *testing.T) {
	g := cutouttest.NewGlass(cutouttest.LabelledBottle, 320, 400, 220, 10, 3)
	var raw bytes.Buffer
	if err := png.Encode(&raw, g.Image); err != nil {
		t.Fatal(err)
	}
	decoder := imaging.NewDecoder(imaging.DecoderOptions{})
	defer decoder.Close()
	p := pipeline.New(decoder, known{g.Alpha}, nil)
	store := &pipeline.Memory{}
	fetched := 0
	in := pipeline.Input{Filename: "bottle.png", Options: pipeline.Options{RemoveBackground: true},
		Raw: func(context.Context) ([]byte, error) { fetched++; return raw.Bytes(), nil }}
	faint := func(path string) (n int) {
		b, err := store.Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := imaging.DecodeOwn(b)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range g.Alpha.Pix {
			if a == 255 && img.Pix[4*i+3] < 128 {
				n++
			}
		}
		return n
	}
	run := func(wish *bool) (*pipeline.Result, *journal) {
		j := &journal{}
		in.Steering.Translucent = wish
		res, err := p.Run(t.Context(), in, store, j)
		if err != nil {
			t.Fatal(err)
		}
		return res, j
	}
	yes, no := true, false
	opaque, j := run(nil)
	if n := faint(opaque.CutoutPath); n > 0 {
		t.Fatalf("nobody wished it, and %d pixels are translucent", n)
	}
	in.Done = j.checkpoints[len(j.checkpoints)-1]
	late, j := run(&yes)
	if n := faint(late.CutoutPath); n < 1000 || late.CutoutBounds != opaque.CutoutBounds {
		t.Errorf("%d pixels are translucent within %v of %v", n, late.CutoutBounds, opaque.CutoutBounds)
	}
	in.Done = j.checkpoints[len(j.checkpoints)-1]
	before := fetched
	if again, _ := run(&yes); again.CutoutPath != late.CutoutPath || fetched != before {
		t.Errorf("it is made again: %s after %s", again.CutoutPath, late.CutoutPath)
	}
	in.Look.Steering.Translucent = &yes
	if back, _ := run(&no); back.CutoutPath != opaque.CutoutPath {
		t.Errorf("against the brand's wish the picture is made of %s, not of %s", back.CutoutPath, opaque.CutoutPath)
	}
	in.Done, in.Look = pipeline.Checkpoint{}, picture.Look{}
	if first, _ := run(&yes); faint(first.CutoutPath) < 1000 || first.Fidelity != nil {
		t.Error("wished at first nothing is translucent")
	}
	// a product without glass says so
	p = pipeline.New(decoder, cutter{image.Rect(100, 100, 200, 300), 1}, nil)
	raw.Reset()
	photo, _ := product(320, 400)
	if err := png.Encode(&raw, photo); err != nil {
		t.Fatal(err)
	}
	if res, _ := run(&yes); res.Fidelity == nil || !strings.Contains(res.Fidelity.Note, "stays opaque") {
		t.Errorf("nothing tells why: %+v", res.Fidelity)
	}
}
