package proof

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

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
	a := photo(203, 151, 1)
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
	so, do := Fidelity(a, photo(203, 151, 9), mask)
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
	if s, d := Fidelity(a, photo(204, 151, 1), mask); s != 0 || d != 255 {
		t.Errorf("another size: %v, %d", s, d)
	}
	if s, d := Fidelity(photo(3, 2, 1), photo(3, 2, 1), fullMask(3, 2)); s != 1 || d != 0 {
		t.Errorf("smaller than a window: %v, %d", s, d)
	}
}

func BenchmarkFidelity(b *testing.B) {
	x, y, m := photo(2048, 2048, 1), photo(2048, 2048, 2), fullMask(2048, 2048)
	for b.Loop() {
		Fidelity(x, y, m)
	}
}

// photo draws a picture with smooth areas, edges and texture, the same each
// time. A seed gives another one.
func photo(w, h int, seed uint32) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	noise := seed*2654435761 + 1
	f := float64(seed%7) + 3
	for y := range h {
		v := float64(y) / float64(h)
		for x := range w {
			u := float64(x) / float64(w)
			noise ^= noise << 13
			noise ^= noise >> 17
			noise ^= noise << 5
			r := 90 + 120*u + 40*math.Sin(f*9*v)
			g := 200 - 110*v + 30*math.Sin(f*25*(u+v))
			b := 120 + 60*math.Cos(f*4*u*v)
			if d := math.Hypot(u-0.5, v-0.55); d < 0.28 { // an object with a hard edge and stripes
				s := 50 * math.Copysign(1, math.Sin(f*30*(u*0.8+v*0.6)))
				r, g, b = 150+s-200*d, 60+s, 40+300*d
			}
			n := float64(noise%9) - 4
			img.SetNRGBA(x, y, color.NRGBA{clip8(r + n), clip8(g + n), clip8(b + n), 255})
		}
	}
	return img
}

func clip8(v float64) uint8 { return uint8(max(0, min(v, 255))) }

func cloned(img *image.NRGBA) *image.NRGBA {
	return &image.NRGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}
