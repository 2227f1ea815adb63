package cutout_test

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// Before a busy backdrop an edge that is out of focus is as even as the network drew it: stripes of
// nearly the product's colour don't make it ragged.
func TestSoftEdgeBeforeStripesStaysEven(t *testing.T) {
	const w, h, r, soft = 300, 240, 70., 4.
	pot := color.NRGBA{205, 120, 40, 255}
	img, truth := image.NewNRGBA(image.Rect(0, 0, w, h)), image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			back := [3]float64{196, 150, 110}
			if (x/5+y/3)%2 == 0 {
				back = [3]float64{120, 92, 70}
			}
			if (x/11+y/7)%3 == 0 {
				back = [3]float64{222, 205, 180}
			}
			a := min(max((r-math.Hypot(float64(x)-w/2, float64(y)-h/2))/soft+.5, 0), 1)
			c := color.NRGBA{A: 255}
			for i, p := range [3]*uint8{&c.R, &c.G, &c.B} {
				*p = uint8(float64([3]uint8{pot.R, pot.G, pot.B}[i])*a + back[i]*(1-a) + .5)
			}
			img.SetNRGBA(x, y, c)
			truth.SetAlpha(x, y, color.Alpha{A: uint8(255*a + .5)})
		}
	}
	r0 := cutLearned(t, img, seen(truth, nil))
	// where the coverage falls below a half, seen from the middle in all directions
	var sum, squares float64
	const directions = 360
	for d := range directions {
		sin, cos := math.Sincos(2 * math.Pi * float64(d) / directions)
		out := r - 15
		for r0.Alpha.AlphaAt(int(w/2+out*cos+.5), int(h/2+out*sin+.5)).A > 127 && out < r+15 {
			out += .25
		}
		sum += out
		squares += out * out
	}
	mean := sum / directions
	if rough := math.Sqrt(squares/directions - mean*mean); rough > 1 {
		t.Errorf("the edge is off the circle by %.2f pixels", rough)
	}
}

// Where a network's coverage goes down over a wide stretch before a busy backdrop, as beside a shadow, the cut-out
// ends with an edge: no half of the floor surrounds it. A thin part beside it that the network is sure of stays.
func TestAWideDoubtBeforeABusyBackdropIsNoHalf(t *testing.T) {
	body, shadow, wire := image.Rect(150, 80, 330, 380), image.Rect(330, 80, 390, 380), image.Rect(330, 220, 520, 224)
	boards := planks(600, 450)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		c := boards.NRGBAAt(x, y)
		switch p := image.Pt(x, y); {
		case p.In(body), p.In(wire):
			return color.NRGBA{30, 34, 60, 255}, 1
		case p.In(shadow):
			k := float64(x-shadow.Min.X) / float64(shadow.Dx())
			return mixOf(color.NRGBA{30, 26, 20, 255}, c, k), float32(1 - k)
		}
		return c, 0
	})
	r := cutLearned(t, img, n)
	half := 0
	for y := 110; y < 190; y++ {
		for x := 300; x < 420; x++ {
			if a := r.Alpha.AlphaAt(x, y).A; a > 25 && a < 230 {
				half++
			}
		}
	}
	if half /= 80; half > 6 {
		t.Errorf("%d pixels across the edge are half there", half)
	}
	if a := r.Alpha.AlphaAt(460, 222).A; a < 200 {
		t.Errorf("the wire has coverage %d", a)
	}
}
