package cutout_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

const (
	floorY = 300 // where the product stands
	shadeW = 60  // how far its shadow reaches to the left
)

// standing draws a dark block on pale paper in a shadow that is as dark as the
// block where they touch and fades out over fade pixels.
func standing(fade float64, texture float64, block color.NRGBA) (*image.NRGBA, image.Rectangle) {
	in := image.Rect(220, 110, 400, floorY)
	img := filled(600, 420, paper, block, in)
	noise := rand.New(rand.NewPCG(4, 2))
	for y := range 420 {
		for x := range 600 {
			c := img.NRGBAAt(x, y)
			k := 1.
			if (image.Point{X: x, Y: y}).In(in) {
				k = 1 + texture*math.Sin(float64(x)*.7)*math.Sin(float64(y)*.55)
			} else {
				// distance from the plateau of the shadow, which lies around the foot
				dx := max(0, float64(in.Min.X-shadeW-x), float64(x-in.Max.X+10))
				dy := max(0, math.Abs(float64(y-floorY))-14)
				t := min(math.Hypot(dx, dy)/fade, 1)
				k = .015 + .985*t*t*(3-2*t)
			}
			g := noise.NormFloat64()
			put := func(v uint8) uint8 { return uint8(min(max(float64(v)*k+g, 0), 255)) }
			img.SetNRGBA(x, y, color.NRGBA{put(c.R), put(c.G), put(c.B), 255})
		}
	}
	return img, in
}

// The darkest part of a contact shadow is as dark as a dark product. It goes, and
// the product stays, whether it is textured or smooth.
func TestAContactShadowIsNoProduct(t *testing.T) {
	for name, c := range map[string]struct {
		texture float64
		block   color.NRGBA
	}{
		"textured":      {.5, color.NRGBA{40, 40, 44, 255}},
		"smooth":        {0, color.NRGBA{46, 40, 40, 255}},
		"smooth colour": {0, color.NRGBA{90, 30, 40, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			img, in := standing(24, c.texture, c.block)
			r := cutout.Cut(img)
			check(t, img, r)
			left, kept := 0, 0
			for y := range 420 {
				for x := range 600 {
					switch a, p := r.Alpha.AlphaAt(x, y).A, (image.Point{X: x, Y: y}); {
					case a > 128 && !p.In(in.Inset(-4)):
						left++
					case a > 128 && p.In(in):
						kept++
					}
				}
			}
			if area := in.Dx() * in.Dy(); kept < area*97/100 || left > area/100 {
				t.Errorf("%d of %d pixels of the product are kept, %d of its shadow", kept, area, left)
			}
		})
	}
}
