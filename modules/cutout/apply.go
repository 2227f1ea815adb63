package cutout

import (
	"image"

	"github.com/opal-photo/opal/modules/imaging"
)

// Channel says where a picture keeps its coverage.
type Channel int

// The channels.
const (
	Alpha Channel = iota // of a picture with transparency
	Grey                 // a mask: white is the product
)

// Matte is a cut-out's coverage that was made elsewhere, by a service or a model,
// as a picture with the photo's proportions and any size.
type Matte struct {
	Image   *image.NRGBA
	Channel Channel
}

func (m Matte) pixel(x, y int) float32 {
	i := m.Image.PixOffset(m.Image.Rect.Min.X+x, m.Image.Rect.Min.Y+y)
	if m.Channel == Alpha {
		return float32(m.Image.Pix[i+3]) / 255
	}
	return float32(m.Image.Pix[i]) / 255
}

// At returns the coverage of pixel x, y of the matte enlarged to w×h, 0–1,
// bilinear.
func (m Matte) At(x, y, w, h int) float32 {
	mw, mh := m.Image.Rect.Dx(), m.Image.Rect.Dy()
	if mw == w && mh == h {
		return m.pixel(x, y)
	}
	return bilinear((float32(x)+.5)*float32(mw)/float32(w)-.5, (float32(y)+.5)*float32(mh)/float32(h)-.5, mw, mh, m.pixel)
}

// Area is the share of the picture that is covered at least by half.
func (m Matte) Area() float64 {
	n := 0
	w, h := m.Image.Rect.Dx(), m.Image.Rect.Dy()
	for y := range h {
		for x := range w {
			if m.pixel(x, y) > .5 {
				n++
			}
		}
	}
	return float64(n) / float64(max(w*h, 1))
}

// Plausible reports whether a part that covers this share of a picture, 0–1, may be
// a product: neither dust nor the whole picture.
func Plausible(area float64) bool { return area >= minArea && area <= maxArea }

// The reasons why a picture is left whole, as people read them.
const (
	TooSmall     = tooSmall
	NothingFound = nothingFound
)

// MinSide is the smallest side of a photo, in pixels, in which a background and a
// product can be told apart.
const MinSide = minSide

func bilinear(u, v float32, w, h int, pixel func(x, y int) float32) float32 {
	u, v = min(max(u, 0), float32(w-1)), min(max(v, 0), float32(h-1))
	x, y := int(u), int(v)
	fx, fy := u-float32(x), v-float32(y)
	x1, y1 := min(x+1, w-1), min(y+1, h-1)
	top := pixel(x, y)*(1-fx) + pixel(x1, y)*fx
	bottom := pixel(x, y1)*(1-fx) + pixel(x1, y1)*fx
	return top*(1-fy) + bottom*fy
}

// sidesSize is the longest side, in pixels, at which the colours on both sides of
// an edge are looked up.
const sidesSize = 800

// Small returns a photo's size, brought to at most 800 pixels on its longer side:
// enough to look colours up and to compare outlines.
func Small(w, h int) (int, int) {
	k := float64(sidesSize) / float64(max(w, h))
	if k >= 1 {
		return w, h
	}
	return max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5))
}

// Coverage between these is an edge: a mixture of product and background.
const (
	edgeLow  = .02
	edgeHigh = .98
)

// refineFrom is how much smaller than the photo a matte must be for its edge to
// be looked for in the photo again: enlarged, it is a blur.
const refineFrom = 1.25

// plainDifference is the squared difference of colours (0–1, three channels) at
// which product and background tell an edge as well as the matte does.
const plainDifference = .004

// Cut takes the photo's pixels with the matte's coverage, and out of the edge the
// background's colour. It has the photo's size and straight alpha; what is
// transparent in the photo stays so.
func (m Matte) Cut(photo *image.NRGBA) *image.NRGBA {
	W, H := photo.Rect.Dx(), photo.Rect.Dy()
	out := image.NewNRGBA(photo.Rect)
	front, back := sides(photo, m)
	refine := float64(max(W, H)) > refineFrom*float64(max(m.Image.Rect.Dx(), m.Image.Rect.Dy()))
	sx, sy := float32(front.w)/float32(W), float32(front.h)/float32(H)
	for y := range H {
		in := photo.Pix[photo.PixOffset(photo.Rect.Min.X, photo.Rect.Min.Y+y):][:4*W]
		row := out.Pix[y*out.Stride:][:4*W]
		for x := range W {
			a := m.At(x, y, W, H)
			p, o := in[4*x:4*x+4:4*x+4], row[4*x:4*x+4:4*x+4]
			switch {
			case a <= edgeLow:
				continue
			case a >= edgeHigh:
				copy(o, p) // its own transparency included
				continue
			}
			u, v := (float32(x)+.5)*sx-.5, (float32(y)+.5)*sy-.5
			F, B := front.at(u, v), back.at(u, v)
			px := [3]float32{float32(p[0]) / 255, float32(p[1]) / 255, float32(p[2]) / 255}
			if refine {
				a = mixture(px, F, B, a)
			}
			o[3] = min(uint8(a*255+.5), p[3])
			if o[3] == 0 {
				continue
			}
			for c := range 3 {
				e := min(max((px[c]-(1-a)*B[c])/max(a, .05), 0), 1)
				// a faint pixel says little of the product's colour
				o[c] = uint8((e*a*a+F[c]*(1-a*a))*255 + .5)
			}
		}
	}
	return out
}

// mixture explains a pixel as product and background mixed and returns the share of
// the product; a is the share in the matte, which is trusted where both look alike.
func mixture(px, F, B [3]float32, a float32) float32 {
	var num, den float32
	for c := range 3 {
		num += (px[c] - B[c]) * (F[c] - B[c])
		den += (F[c] - B[c]) * (F[c] - B[c])
	}
	r := den / (den + plainDifference)
	return min(max(num/max(den, 1e-5), 0), 1)*r + a*(1-r)
}

// sides looks up the colours of product and background on either side of the
// outline, for every pixel.
func sides(photo *image.NRGBA, m Matte) (front, back *colours) {
	w, h := Small(photo.Rect.Dx(), photo.Rect.Dy())
	small := photo
	if w < photo.Rect.Dx() {
		small = imaging.Resize(photo, w, h)
	}
	front, back = newColours(w, h), newColours(w, h)
	for y := range h {
		for x := range w {
			p := small.Pix[small.PixOffset(small.Rect.Min.X+x, small.Rect.Min.Y+y):]
			a := m.At(x, y, w, h)
			front.add(x, y, p, sure(a))
			back.add(x, y, p, sure(1-a))
		}
	}
	front.fill()
	back.fill()
	return front, back
}

// sure is the weight of a pixel's colour for the side that covers a of it. Thin
// parts have no clean inside: better a mixed colour than none.
func sure(a float32) float32 {
	switch {
	case a >= edgeHigh:
		return 1
	case a > .5:
		return .002 * a
	}
	return 0
}

// colours is a picture with a weight for each pixel: r, g, b times the weight,
// and the weight.
type colours struct {
	w, h int
	p    [][4]float32
}

func newColours(w, h int) *colours { return &colours{w, h, make([][4]float32, w*h)} }

func (c *colours) add(x, y int, p []uint8, weight float32) {
	c.p[y*c.w+x] = [4]float32{float32(p[0]) / 255 * weight, float32(p[1]) / 255 * weight, float32(p[2]) / 255 * weight, weight}
}

// fill gives every pixel a colour: its own as far as its weight goes, and the
// rest from ever wider surroundings (push-pull).
func (c *colours) fill() {
	if c.w > 1 || c.h > 1 {
		half := newColours((c.w+1)/2, (c.h+1)/2)
		for y := range c.h {
			for x := range c.w {
				to, from := &half.p[y/2*half.w+x/2], c.p[y*c.w+x]
				for k := range to {
					to[k] += from[k]
				}
			}
		}
		for i, p := range half.p {
			if p[3] > 1 {
				half.p[i] = [4]float32{p[0] / p[3], p[1] / p[3], p[2] / p[3], 1}
			}
		}
		half.fill()
		for y := range c.h {
			for x := range c.w {
				p := &c.p[y*c.w+x]
				if p[3] >= 1 {
					continue
				}
				wide := half.at((float32(x)+.5)/2-.5, (float32(y)+.5)/2-.5)
				rest := 1 - p[3]
				for k := range 3 {
					p[k] += wide[k] * rest
				}
				p[3] = 1
			}
		}
		return
	}
	if p := &c.p[0]; p[3] > 0 {
		*p = [4]float32{p[0] / p[3], p[1] / p[3], p[2] / p[3], 1}
	}
}

// at returns the filled colour at u, v, bilinear.
func (c *colours) at(u, v float32) (rgb [3]float32) {
	u, v = min(max(u, 0), float32(c.w-1)), min(max(v, 0), float32(c.h-1))
	x, y := int(u), int(v)
	fx, fy := u-float32(x), v-float32(y)
	x1, y1 := min(x+1, c.w-1), min(y+1, c.h-1)
	a, b, d, e := &c.p[y*c.w+x], &c.p[y*c.w+x1], &c.p[y1*c.w+x], &c.p[y1*c.w+x1]
	for k := range rgb {
		rgb[k] = (a[k]*(1-fx)+b[k]*fx)*(1-fy) + (d[k]*(1-fx)+e[k]*fx)*fy
	}
	return rgb
}
