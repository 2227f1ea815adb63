// Package cuttertest is the suite that every pipeline.Cutter passes: Run for all,
// RunRemote for those that ask a provider, against a local fake that follows the
// provider's documented contract.
package cuttertest

import (
	"context"
	"image"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// Least overlap (intersection over union) with the truth of a product that is
// plain to see.
const leastOverlap = .96

// Run holds an engine to the port.
func Run(t *testing.T, c pipeline.Cutter) {
	t.Run("good photo", func(t *testing.T) { good(t, c, 640, 480) })
	t.Run("upright photo", func(t *testing.T) { good(t, c, 300, 421) })
	t.Run("photo is not written to", func(t *testing.T) {
		img := photo(320, 240, 0)
		before := slices.Clone(img.Pix)
		if _, err := c.Cut(t.Context(), img); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, img.Pix) {
			t.Error("the engine changed the photo")
		}
	})
	for name, img := range map[string]*image.NRGBA{"one pixel": image.NewNRGBA(image.Rect(0, 0, 1, 1)), "plain wall": wall(200, 150)} {
		t.Run(name, func(t *testing.T) { nothing(t, c, img) })
	}
	t.Run("at once", func(t *testing.T) {
		var g errgroup.Group
		for i := range 6 {
			g.Go(func() error {
				img := photo(320+8*i, 240, float64(6*i))
				out, err := c.Cut(context.Background(), img)
				if err != nil {
					return err
				}
				check(t, img, out)
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}

func wall(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = []uint8{uint8(ground[0]), uint8(ground[1]), uint8(ground[2]), 255}[i%4]
	}
	return img
}

func good(t *testing.T, c pipeline.Cutter, w, h int) {
	t.Helper()
	img := photo(w, h, 0)
	out, err := c.Cut(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	check(t, img, out)
}

// check compares a cut-out with the truth.
func check(t *testing.T, img *image.NRGBA, out pipeline.Cutout) {
	t.Helper()
	if out.Image == nil || out.Image.Rect != img.Rect {
		t.Errorf("the cut-out has not the photo's size %v", img.Rect)
		return
	}
	if out.Whole || out.Confidence < picture.ReviewBelow || out.Confidence > 1 || out.Reason != "" {
		t.Errorf("whole %v, confidence %v, reason %q", out.Whole, out.Confidence, out.Reason)
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	both, either, halo, changed := 0, 0, 0, 0
	for y := range h {
		for x := range w {
			p, q := out.Image.Pix[out.Image.PixOffset(x, y):], img.Pix[img.PixOffset(x, y):]
			a, b := p[3] > 127, inside(x, y, w, h) > .5
			if a && b {
				both++
			}
			if a || b {
				either++
			}
			switch {
			case p[3] == 255 && inside(x, y, w, h) == 1 && (p[0] != q[0] || p[1] != q[1] || p[2] != q[2]):
				changed++
			case p[3] > 20 && p[3] < 235 && float64(p[0]) > (product[0]+ground[0])/2:
				halo++
			}
		}
	}
	if iou := float64(both) / float64(either); iou < leastOverlap {
		t.Errorf("overlap with the product is %.3f", iou)
	}
	if changed > 0 {
		t.Errorf("%d pixels inside the product are not the photo's", changed)
	}
	if halo > (w+h)/20 {
		t.Errorf("%d pixels of the edge have the background's colour", halo)
	}
}

// nothing expects the photo to be left whole.
func nothing(t *testing.T, c pipeline.Cutter, img *image.NRGBA) {
	t.Helper()
	out, err := c.Cut(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if !out.Whole || out.Confidence != 0 || out.Reason == "" || out.Image.Rect != img.Rect {
		t.Errorf("whole %v, confidence %v, reason %q, size %v", out.Whole, out.Confidence, out.Reason, out.Image.Rect)
	}
}
