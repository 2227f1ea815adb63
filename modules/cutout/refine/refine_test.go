package refine_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/refine"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.ServeIfChild(map[string]sandbox.Handler{refine.ChildKind: refine.ChildHandler()})
	goleak.VerifyTestMain(m)
}

// scene is a photo of two dark squares on light ground, and a cut-out of the first.
func scene(w, h int) (photo, cut *image.NRGBA) {
	photo, cut = image.NewNRGBA(image.Rect(0, 0, w, h)), image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := photo.PixOffset(x, y)
			in := func(x0, x1 int) bool { return 8*x >= x0*w && 8*x < x1*w && 4*y >= h && 4*y < 3*h }
			v := uint8(240)
			if in(1, 3) || in(5, 7) {
				v = 60
			}
			copy(photo.Pix[i:], []uint8{v, v, v, 255})
			if in(1, 3) {
				copy(cut.Pix[i:], []uint8{v, v, v, 255})
			}
		}
	}
	return photo, cut
}

func keep(x, y float64) picture.Hints {
	return picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{x, y}}}}}
}

// The child does what the package does, for a part of a larger picture too.
func TestTheChildRefines(t *testing.T) {
	p := refine.New(refine.Options{})
	defer p.Close()
	photo, cut := scene(160, 120)
	logits := cutout.Cut(photo).Logits
	want, err := cutout.Refine(cutout.Draft{Photo: photo, Image: cut, Logits: logits}, keep(120, 60))
	if err != nil {
		t.Fatal(err)
	}
	large := image.NewNRGBA(image.Rect(-3, -5, 200, 200))
	for y := range 120 {
		copy(large.Pix[large.PixOffset(0, y):], photo.Pix[photo.PixOffset(0, y):][:4*160])
	}
	part, _ := large.SubImage(photo.Rect).(*image.NRGBA)
	for name, from := range map[string]*image.NRGBA{"a picture": photo, "a part of one": part} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Refine(t.Context(), from, cut, logits, false, keep(120, 60))
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect != photo.Rect || !bytes.Equal(got.Pix, want.Pix) {
				t.Error("it is another picture")
			}
			if got.Pix[got.PixOffset(120, 60)+3] != 255 {
				t.Error("the part did not come back")
			}
		})
	}
}

func TestWhatCantBeRefined(t *testing.T) {
	p := refine.New(refine.Options{})
	defer p.Close()
	photo, cut := scene(160, 120)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	dead := refine.New(refine.Options{Command: []string{"/nowhere/opal"}})
	defer dead.Close()
	for name, c := range map[string]struct {
		ctx   context.Context
		pool  *refine.Pool
		cut   *image.NRGBA
		hints picture.Hints
		want  error
	}{
		"hints outside":            {t.Context(), p, cut, keep(161, 3), picture.ErrHints},
		"hints that leave nothing": {t.Context(), p, cut, picture.Hints{Box: &picture.Box{0, 0, 5, 5}}, picture.ErrHints},
		"a call that is over":      {ended, p, cut, keep(3, 3), context.Canceled},
		"no child":                 {t.Context(), dead, cut, keep(3, 3), refine.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.pool.Refine(c.ctx, photo, c.cut, nil, false, c.hints); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := p.Refine(t.Context(), photo, image.NewNRGBA(image.Rect(0, 0, 3, 3)), nil, false, keep(3, 3)); err == nil {
		t.Error("a cut-out of another size was taken")
	}
}
