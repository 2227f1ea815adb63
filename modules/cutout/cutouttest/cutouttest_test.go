package cutouttest

import (
	"bytes"
	"image"
	"math"
	"testing"
)

func TestSameSeedSamePicture(t *testing.T) {
	for _, tier := range Tiers() {
		a, b := New(tier, Mug, 160, 120, 4), New(tier, Mug, 160, 120, 4)
		if !bytes.Equal(a.Image.Pix, b.Image.Pix) || !bytes.Equal(a.Alpha.Pix, b.Alpha.Pix) {
			t.Errorf("%s: one seed, two pictures", tier)
		}
		if c := New(tier, Mug, 160, 120, 5); bytes.Equal(a.Image.Pix, c.Image.Pix) {
			t.Errorf("%s: two seeds, one picture", tier)
		}
	}
}

func TestEveryShapeIsWithinThePicture(t *testing.T) {
	for _, f := range Families() {
		p := New(White, f, 240, 180, 1)
		n := 0
		for i, a := range p.Alpha.Pix {
			x, y := i%240, i/240
			if a >= half {
				n++
				if x == 0 || y == 0 || x == 239 || y == 179 {
					t.Errorf("%s touches the edge", f)
					break
				}
			}
		}
		if share := float64(n) / float64(len(p.Alpha.Pix)); share < .01 || share > .5 {
			t.Errorf("%s covers %.3f of the picture", f, share)
		}
	}
}

func square(r image.Rectangle) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, 40, 40))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			m.Pix[y*40+x] = 255
		}
	}
	return m
}

func TestCompare(t *testing.T) {
	a, b := square(image.Rect(10, 10, 30, 30)), square(image.Rect(12, 10, 32, 30))
	if s := Compare(a, a); s.IoU != 1 || s.Boundary != 0 || s.BF != 1 || s.Band != 0 {
		t.Errorf("a mask against itself: %+v", s)
	}
	s := Compare(b, a)
	if math.Abs(s.IoU-18./22) > 1e-9 {
		t.Errorf("IoU %v, want %v", s.IoU, 18./22)
	}
	if s.Boundary < .7 || s.Boundary > 1.3 { // two sides are off by 2 px, two slide along themselves
		t.Errorf("boundary error %v", s.Boundary)
	}
	if s := Compare(square(image.Rectangle{}), a); s.IoU != 0 || !math.IsInf(s.Boundary, 1) {
		t.Errorf("an empty mask: %+v", s)
	}
}

func TestAUC(t *testing.T) {
	if v := AUC([]float64{.9, .8, .2, .1}, []bool{true, true, false, false}); v != 1 {
		t.Errorf("a perfect order has %v", v)
	}
	if v := AUC([]float64{.5, .5}, []bool{true, false}); v != .5 {
		t.Errorf("a tie has %v", v)
	}
	if v := AUC([]float64{.5}, []bool{true}); !math.IsNaN(v) {
		t.Errorf("nothing bad has %v", v)
	}
}
