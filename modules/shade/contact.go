package shade

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
)

// The soft shadow where a product touches its ground, as shares of its height.
const (
	contactSide = 320 // pixels of the grid on which it is made, of the product's longer side
	contactPad  = 0.14
	touching    = 0.012 // gap over which contact fades
	hovering    = 0.07  // gap over which the darkness under it fades
	thin        = 0.006 // half the thickness of the contact
	deepAt      = 0.03  // depth of the darkness around it
	contactDark = 0.55
	aroundDark  = 0.34
)

// ContactShadow returns a soft shadow where a product, an RGBA picture cut to its bounds,
// touches its ground, as a layer and where that lies, in the product's pixels.
func ContactShadow(product *image.NRGBA) (layer *image.NRGBA, at image.Rectangle) {
	pw, ph := product.Rect.Dx(), product.Rect.Dy()
	k := min(1, contactSide/float64(max(pw, ph)))
	w, h := max(1, int(float64(pw)*k+.5)), max(1, int(float64(ph)*k+.5))
	small := imaging.Resize(product, w, h)
	bottom, low := make([]int, w), -1
	for x := range w {
		bottom[x] = -1
		for y := h - 1; y >= 0; y-- {
			if small.Pix[small.PixOffset(x, y)+3] > 127 {
				bottom[x] = y
				break
			}
		}
		low = max(low, bottom[x])
	}
	pad := max(4, int(contactPad*float64(max(w, h))))
	gw, gh := w+2*pad, h+2*pad
	contact, around := make([]float64, gw*gh), make([]float64, gw*gh)
	size := float64(max(w, h))
	column := func(m []float64, x int, from, to, v float64) {
		for y := max(0, int(from)); y <= min(gh-1, int(to)); y++ {
			m[y*gw+x] = max(m[y*gw+x], v)
		}
	}
	for x, b := range bottom {
		if b < 0 {
			continue
		}
		gap := float64(low-b) / size
		y := float64(b + pad)
		column(contact, x+pad, y-3*thin*size, y+thin*size+.5, math.Exp(-gap*gap/(touching*touching)))
		side := (2*float64(x)+1)/float64(w) - 1
		round := 0.3 + 0.7*math.Sqrt(max(1-side*side, 0))
		column(around, x+pad, float64(low+pad)-deepAt*size*round-1, float64(low+pad)+.5*deepAt*size*round+.5, math.Exp(-gap/hovering)*round)
	}
	for range 2 {
		blur(contact, gw, gh, max(1, int(.006*size)))
	}
	for range 3 {
		blur(around, gw, gh, max(1, int(.022*size)))
	}
	layer = image.NewNRGBA(image.Rect(0, 0, gw, gh))
	for i := range contact {
		free := (1 - contactDark*min(1, 1.2*contact[i])) * (1 - aroundDark*around[i])
		layer.Pix[4*i+3] = uint8((1-free)*255 + .5)
	}
	back := func(v int) int { return int(math.Round(float64(v) / k)) }
	return layer, image.Rect(back(-pad), back(-pad), back(w+pad), back(h+pad))
}
