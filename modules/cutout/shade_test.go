package cutout_test

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
)

// shaded draws a shoe's side view as a block with a sole, and a hard shadow at its foot that goes on
// to the right. It returns the photo, its coverage, and where the shadow lies.
func shaded(upper, sole, shadow color.NRGBA, texture int) (img *image.NRGBA, truth *image.Alpha, at image.Rectangle) {
	const w, h = 360, 270
	img, truth = filled(w, h, color.NRGBA{214, 218, 226, 255}, upper, image.Rectangle{}), image.NewAlpha(image.Rect(0, 0, w, h))
	at = image.Rect(80, 196, 300, 210)
	body, foot := image.Rect(90, 70, 265, 170), image.Rect(80, 170, 270, 196)
	noise := rand.New(rand.NewPCG(7, 11))
	for y := range h {
		for x := range w {
			p := image.Pt(x, y)
			switch {
			case p.In(body):
				c := upper
				if texture > 0 {
					d := uint8(texture * ((x / 5) & 1))
					c.R, c.G, c.B = c.R+d, c.G+d, c.B+d
				}
				img.SetNRGBA(x, y, c)
			case p.In(foot):
				img.SetNRGBA(x, y, sole)
			case p.In(at):
				img.SetNRGBA(x, y, shadow)
			}
			if p.In(body) || p.In(foot) {
				truth.SetAlpha(x, y, color.Alpha{A: 255})
			}
			c, d := img.NRGBAAt(x, y), noise.NormFloat64()*1.2
			put := func(v uint8) uint8 { return uint8(min(max(float64(v)+d, 0), 255)) }
			img.SetNRGBA(x, y, color.NRGBA{put(c.R), put(c.G), put(c.B), 255})
		}
	}
	return img, truth, at
}

// A hard shadow has an edge all around, and a dark product's colours. Where the network denies
// it, colours don't add it; a product of its tone stays whole.
func TestHardShadowAtTheFootIsNotAdded(t *testing.T) {
	black, rubber, white := color.NRGBA{24, 26, 30, 255}, color.NRGBA{34, 36, 40, 255}, color.NRGBA{206, 200, 204, 255}
	deep := color.NRGBA{22, 23, 26, 255}
	for name, c := range map[string]struct {
		upper, sole, shadow color.NRGBA
		texture             int
		doubt               float32 // of the network about the sole's heel
		halo                float32 // its coverage of the shadow
	}{
		"black shoe with a white sole":         {black, white, deep, 24, .6, .07},
		"the same, half believed":              {black, white, deep, 24, .6, .35},
		"smooth black shoe":                    {black, white, deep, 0, .6, .07},
		"black sole of the shadow's tone":      {black, rubber, deep, 24, .7, .1},
		"smooth, of the shadow's tone through": {black, rubber, deep, 0, .7, .2},
	} {
		t.Run(name, func(t *testing.T) {
			img, truth, at := shaded(c.upper, c.sole, c.shadow, c.texture)
			r := cutLearned(t, img, seen(truth, func(x, y float64, v float32) float32 {
				p := image.Pt(int(x*360), int(y*270))
				switch {
				case p.In(image.Rect(80, 172, 135, 194)):
					return c.doubt
				case p.In(at):
					return max(v, c.halo)
				}
				return v
			}))
			added, lost, product := 0, 0, 0
			for y := range 270 {
				for x := range 360 {
					a := r.Alpha.AlphaAt(x, y).A
					if image.Pt(x, y).In(at.Inset(2)) && a > 40 {
						added++
					}
					if truth.AlphaAt(x, y).A == 255 {
						if product++; a < 128 {
							lost++
						}
					}
				}
			}
			if inner := at.Inset(2); added*20 > inner.Dx()*inner.Dy() {
				t.Errorf("%d of the shadow's %d pixels are in the cut-out", added, inner.Dx()*inner.Dy())
			}
			if lost*50 > product {
				t.Errorf("%d of the product's %d pixels are lost", lost, product)
			}
		})
	}
}
