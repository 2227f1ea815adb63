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
