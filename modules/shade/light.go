package shade

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"sync"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
)

// Light is how a scene lights a product, as a layer above its pixels: by how much each part
// of the product's bounds becomes brighter or darker, coarse enough that no mark of the
// product can be drawn with it. The value 128 of a channel leaves its light as it is; twice
// the value is twice the light.
type Light struct{ grid *image.NRGBA }

const (
	lightSide = 80  // pixels of the grid's longer side
	unchanged = 128 // the value of a gain of 1
	mostGain  = 1.6
	leastGain = 0.5

	tintShare  = 0.42 // how far the product takes the colour of its surroundings
	mostTint   = 0.20 // the logarithm of the most by which one channel may gain on another
	levelShare = 0.30 // how far it takes their differences in brightness
	rimGain    = 0.55 // the brightest rim
	rimWidth   = 0.03 // of the product's longer side
	footDark   = 0.34 // how much darker the product is at its foot
	footHigh   = 0.06 // of its height
	outward    = 1.5  // how far beside a point the light that falls on it is looked for
	upwards    = 0.4  // how much of the light comes from above
	around     = 0.09 // radius over which surroundings are averaged, of the scene's longer side
	sceneSide  = 160  // pixels at which surroundings are looked at
)

// ErrLight says that a layer of light can't be read.
var ErrLight = fault.New(fault.Invalid, "light_invalid", "The layer of light is damaged")

// NewLight returns the light of a scene on a product, an RGBA picture cut to its bounds,
// that stands at a place of its backdrop. strength is 0–1; standing products are darker at
// their foot. from is the side that the light is said to come from, -1 left to 1 right; NaN
// leaves that to the backdrop.
func NewLight(backdrop, product *image.NRGBA, at image.Rectangle, strength, from float64, standing bool) *Light {
	k := min(1, lightSide/float64(max(product.Rect.Dx(), product.Rect.Dy())))
	w, h := max(2, int(float64(product.Rect.Dx())*k+.5)), max(2, int(float64(product.Rect.Dy())*k+.5))
	s := newSurroundings(backdrop, at)
	body := coverage(product, w, h)
	edge := append([]float64(nil), body...)
	r := max(1, int(rimWidth*float64(max(w, h))))
	for range 2 {
		blur(edge, w, h, r)
	}
	if math.IsNaN(from) {
		from = s.side()
	}
	l := &Light{image.NewNRGBA(image.Rect(0, 0, w, h))}
	for y := range h {
		for x := range w {
			u, v := (float64(x)+.5)/float64(w), (float64(y)+.5)/float64(h)
			c := s.at(u, v)
			bright := c.luma()
			level := math.Pow(bright/s.mean, levelShare)
			// the outline's slope tells where it faces; at its edge the blurred body is half
			i := y*w + x
			gx := edge[i-min(x, 1)] - edge[i+min(w-1-x, 1)] // towards the outside on the right
			gy := edge[i-min(y, 1)*w] - edge[i+min(h-1-y, 1)*w]
			facing := 0.0
			if n := math.Hypot(gx, gy); n > 1e-6 {
				facing = (gx*from - upwards*gy) / n
			}
			rim := rimGain * max(facing, 0) * smooth(.95, .5, edge[i]) * min(1.4, math.Sqrt(bright/s.mean))
			foot := 0.0
			if standing {
				foot = footDark * math.Exp(-(1-v)/footHigh)
			}
			for ch, tint := range c.tint() {
				gain := tint * level * (1 + rim*math.Sqrt(tint)) * (1 - foot)
				gain = min(max(1+(gain-1)*strength, leastGain), mostGain)
				l.grid.Pix[4*i+ch] = uint8(min(gain*unchanged+.5, 255))
			}
			l.grid.Pix[4*i+3] = 255
		}
	}
	return l
}

// coverage returns a product's alpha on a grid.
func coverage(product *image.NRGBA, w, h int) []float64 {
	small := imaging.Resize(product, w, h)
	out := make([]float64, w*h)
	for i := range out {
		out[i] = float64(small.Pix[4*i+3]) / 255
	}
	return out
}

// tone is linear light, red, green and blue.
type tone [3]float64

func (t tone) luma() float64 {
	return max(lumaShare[0]*t[0]+lumaShare[1]*t[1]+lumaShare[2]*t[2], 0.004)
}

// tint returns what light of this tone makes of a channel's gain, compared with white light
// of the same brightness. Of strong colours it takes a part: a blue wall tints an amber
// bottle, and a product that is no longer of its own colour can't be sold.
func (t tone) tint() (gain [3]float64) {
	bright := t.luma()
	least, most := math.Inf(1), math.Inf(-1)
	for c := range 3 {
		gain[c] = tintShare * math.Log(t[c]/bright)
		least, most = min(least, gain[c]), max(most, gain[c])
	}
	share := 1.0
	if spread := most - least; spread > 0 {
		share = mostTint * math.Tanh(spread/mostTint) / spread
	}
	for c := range 3 {
		gain[c] = math.Exp(share * gain[c])
	}
	return gain
}

// surroundings are what lies around a product in its scene, out of focus.
type surroundings struct {
	w, h  int
	light [3][]float64
	at0   [2]float64 // the product's middle, and half of its sides, as shares of the scene
	half  [2]float64
	mean  float64
}

func newSurroundings(backdrop *image.NRGBA, at image.Rectangle) *surroundings {
	w, h := backdrop.Rect.Dx(), backdrop.Rect.Dy()
	k := min(1, sceneSide/float64(max(w, h)))
	s := &surroundings{w: max(2, int(float64(w)*k+.5)), h: max(2, int(float64(h)*k+.5))}
	small := imaging.Resize(backdrop, s.w, s.h)
	for c := range 3 {
		s.light[c] = make([]float64, s.w*s.h)
		for i := range s.light[c] {
			s.light[c][i] = linear[small.Pix[4*i+c]]
		}
		for range 2 {
			blur(s.light[c], s.w, s.h, max(1, int(around*float64(max(s.w, s.h)))))
		}
	}
	s.at0 = [2]float64{float64(at.Min.X+at.Max.X) / 2 / float64(w), float64(at.Min.Y+at.Max.Y) / 2 / float64(h)}
	s.half = [2]float64{float64(at.Dx()) / 2 / float64(w), float64(at.Dy()) / 2 / float64(h)}
	const probes = 5
	for y := range probes {
		for x := range probes {
			s.mean += s.at((float64(x)+.5)/probes, (float64(y)+.5)/probes).luma() / (probes * probes)
		}
	}
	return s
}

// at returns the light that falls on a point of the product, as shares of its bounds.
func (s *surroundings) at(u, v float64) (t tone) {
	x := (s.at0[0]+(2*u-1)*s.half[0]*outward)*float64(s.w) - .5
	y := (s.at0[1]+(2*v-1)*s.half[1]*outward)*float64(s.h) - .5
	x, y = min(max(x, 0), float64(s.w-1)), min(max(y, 0), float64(s.h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, s.w-1), min(y0+1, s.h-1)
	fx, fy := x-float64(x0), y-float64(y0)
	for c := range 3 {
		l := s.light[c]
		top := l[y0*s.w+x0]*(1-fx) + l[y0*s.w+x1]*fx
		low := l[y1*s.w+x0]*(1-fx) + l[y1*s.w+x1]*fx
		t[c] = max(top*(1-fy)+low*fy, 0.002)
	}
	return t
}

// side returns where it is brighter, -1 left to 1 right.
func (s *surroundings) side() float64 {
	var left, right float64
	for _, v := range []float64{.1, .35, .6} {
		left, right = left+s.at(0, v).luma(), right+s.at(1, v).luma()
	}
	return min(max(2.5*(right-left)/(right+left), -1), 1)
}

// On returns a product, an RGBA picture cut to its bounds, in this light. The product
// itself stays as it is.
func (l *Light) On(product *image.NRGBA) *image.NRGBA {
	w, h := product.Rect.Dx(), product.Rect.Dy()
	gain := imaging.Resize(l.grid, w, h)
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	store := encodedTable()
	for y := range h {
		from := product.Pix[product.PixOffset(product.Rect.Min.X, product.Rect.Min.Y+y):][:4*w]
		by, to := gain.Pix[y*gain.Stride:][:4*w], out.Pix[y*out.Stride:][:4*w]
		for i := 0; i < 4*w; i += 4 {
			if to[i+3] = from[i+3]; to[i+3] == 0 {
				continue
			}
			for c := range 3 {
				if by[i+c] == unchanged {
					to[i+c] = from[i+c]
					continue
				}
				v := linear16[from[i+c]] * uint32(by[i+c]) / unchanged
				to[i+c] = store[min(v, 65535)>>4]
			}
		}
	}
	return out
}

// linear16 is linear in 16 bits.
var linear16 = func() (t [256]uint32) {
	for i, v := range linear {
		t[i] = uint32(v*65535 + .5)
	}
	return t
}()

// encodedTable returns sRGB's values of linear light in 12 bits.
var encodedTable = sync.OnceValue(func() *[4096]uint8 {
	var t [4096]uint8
	for i := range t {
		t[i] = uint8(255*encoded((float64(i)+.5)/4096) + .5)
	}
	return &t
})

// Encode returns the layer as a PNG of a few kilobytes.
func (l *Light) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	err := e.Encode(&b, l.grid)
	return b.Bytes(), err
}

// DecodeLight reads a layer, wherever it comes from. Error: ErrLight.
func DecodeLight(b []byte) (*Light, error) {
	cfg, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || cfg.Width > lightSide || cfg.Height > lightSide {
		return nil, ErrLight
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, ErrLight.With("%s", err)
	}
	grid := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	for y := range grid.Rect.Dy() {
		for x := range grid.Rect.Dx() {
			grid.Set(x, y, img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y))
			for c := range 3 { // a layer from elsewhere may not do more than one of OPAL's own
				v := &grid.Pix[grid.PixOffset(x, y)+c]
				*v = uint8(min(max(float64(*v), leastGain*unchanged), mostGain*unchanged))
			}
			grid.Pix[grid.PixOffset(x, y)+3] = 255
		}
	}
	return &Light{grid}, nil
}
