package proof

import (
	"image"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
	"github.com/opal-photo/opal/modules/imaging"
)

func fullMask(w, h int) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	return m
}

func TestFidelity(t *testing.T) {
	a := imagefiletest.Photo(203, 151, 1)
	mask := fullMask(203, 151)
	if s, d := Fidelity(a, a, mask); math.Abs(s-1) > 1e-9 || d != 0 {
		t.Errorf("with itself: %v, %d", s, d)
	}
	changed := cloned(a)
	changed.Pix[changed.PixOffset(202, 150)+1] ^= 0x40
	if s, d := Fidelity(a, changed, mask); s >= 1 || s < 0.99 || d != 0x40 {
		t.Errorf("one value in the last corner: %v, %d", s, d)
	}
	noisy := cloned(a)
	for i := range noisy.Pix {
		if i%4 != 3 {
			noisy.Pix[i] = clip8(float64(noisy.Pix[i]) + float64(i*7919%41) - 20)
		}
	}
	blurred := imaging.Resize(imaging.Resize(a, 50, 37), 203, 151)
	sn, _ := Fidelity(a, noisy, mask)
	sb, _ := Fidelity(a, blurred, mask)
	so, do := Fidelity(a, imagefiletest.Photo(203, 151, 9), mask)
	if !(sn < 0.98 && sb < 0.85 && so < 0.5 && do > 100) {
		t.Errorf("noise %v, blur %v, another picture %v, %d", sn, sb, so, do)
	}
	// Outside the mask anything may differ.
	half := fullMask(203, 151)
	for y := range 151 {
		for x := range 100 {
			half.Pix[half.PixOffset(x, y)] = 254
		}
	}
	for y := range 151 {
		for x := range 100 {
			copy(changed.Pix[changed.PixOffset(x, y):], []uint8{1, 2, 3, 255})
		}
	}
	if s, d := Fidelity(a, changed, half); s < 0.99 || d != 0x40 {
		t.Errorf("outside the mask: %v, %d", s, d)
	}
	if s, d := Fidelity(a, noisy, image.NewAlpha(a.Rect)); s != 1 || d != 0 {
		t.Errorf("an empty mask: %v, %d", s, d)
	}
	if s, d := Fidelity(a, imagefiletest.Photo(204, 151, 1), mask); s != 0 || d != 255 {
		t.Errorf("another size: %v, %d", s, d)
	}
	if s, d := Fidelity(imagefiletest.Photo(3, 2, 1), imagefiletest.Photo(3, 2, 1), fullMask(3, 2)); s != 1 || d != 0 {
		t.Errorf("smaller than a window: %v, %d", s, d)
	}
}

// Bands of one picture are compared by several goroutines, and pictures beside each other.
func TestFidelitySideBySideIsTheSame(t *testing.T) {
	const w, h = 60, 4 * minBand * ssimStep // enough rows for several goroutines
	a, b, mask := imagefiletest.Photo(w, h, 1), imagefiletest.Photo(w, h, 9), fullMask(w, h)
	similar, worst := Fidelity(a, b, mask)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if s, d := Fidelity(a, b, mask); math.Abs(s-similar) > 1e-9 || d != worst {
				t.Errorf("%v, %d; alone %v, %d", s, d, similar, worst)
			}
		})
	}
	wg.Wait()
}

func BenchmarkFidelity(b *testing.B) {
	x, y, m := imagefiletest.Photo(2048, 2048, 1), imagefiletest.Photo(2048, 2048, 2), fullMask(2048, 2048)
	for b.Loop() {
		Fidelity(x, y, m)
	}
}

func clip8(v float64) uint8 { return uint8(max(0, min(v, 255))) }

func cloned(img *image.NRGBA) *image.NRGBA {
	return &image.NRGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}
