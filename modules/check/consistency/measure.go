// Package consistency tells whether a catalogue's pictures have one look: by fill, centre,
// floor line, horizon, white point, exposure, and their shadows' angle and depth.
package consistency

import (
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

const (
	side     = 240  // pixels of the longer side at which a picture is looked at
	band     = 0.03 // of the height, above and below an edge
	leastRow = 4.0  // step in lightness and colour that is a horizon
	lit      = 0.3  // share of a ground taken for shade, which has a colour of its own
	nearFoot = 0.55 // of the product's width: how far beside it its shadow is looked for
	below    = 0.14 // of its longer side: how far below its foot
	above    = 0.22 // of its height: how far above its foot
	contact  = 4    // pixels below its foot that are dark in each light
	least    = 1.5  // lightness below which a difference is no shadow
)

// Measure returns how a picture shows its product, which lies within a box of it.
func Measure(img *image.NRGBA, box image.Rectangle) picture.Seen {
	return MeasureOn(img, nil, false, box)
}

// MeasureOn is Measure for a picture whose ground is known, without product and shadow and of
// the same size: horizon and tones are the ground's own, whatever part of it a product hides.
// With cast the ground lacks the shadow, which is then all that made it darker; else, and with
// a nil ground, what is darker than the same row farther out is taken for it.
func MeasureOn(img, bare *image.NRGBA, cast bool, box image.Rectangle) picture.Seen {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	box = box.Intersect(image.Rect(0, 0, w, h))
	out := picture.Seen{}
	if box.Empty() {
		return out
	}
	fw, fh := float64(w), float64(h)
	out.Fill = max(float64(box.Dx())/fw, float64(box.Dy())/fh)
	out.Centre, out.Floor = float64(box.Min.X+box.Max.X)/2/fw, float64(box.Max.Y)/fh
	g := newGround(img, box)
	own := g
	if bare != nil {
		own = newGround(bare, image.Rectangle{})
	}
	out.Horizon = own.horizon()
	out.White, out.Exposure = own.tones()
	if !cast || bare == nil {
		own = nil
	}
	out.ShadowAngle, out.ShadowDepth = g.shadow(own)
	return out
}

// ground is a small picture in CIELAB, and where its product is.
type ground struct {
	w, h int
	lab  [][3]float64
	box  image.Rectangle
}

func newGround(img *image.NRGBA, box image.Rectangle) *ground {
	k := min(1, side/float64(max(img.Rect.Dx(), img.Rect.Dy())))
	g := &ground{w: max(8, int(float64(img.Rect.Dx())*k+.5)), h: max(8, int(float64(img.Rect.Dy())*k+.5))}
	small := imaging.Resize(img, g.w, g.h)
	g.lab = make([][3]float64, g.w*g.h)
	for i := range g.lab {
		g.lab[i] = labOf(small.Pix[4*i:])
	}
	if box.Empty() {
		return g
	}
	kx, ky := float64(g.w)/float64(img.Rect.Dx()), float64(g.h)/float64(img.Rect.Dy())
	g.box = image.Rect(int(float64(box.Min.X)*kx)-1, int(float64(box.Min.Y)*ky)-1, int(math.Ceil(float64(box.Max.X)*kx))+1, int(math.Ceil(float64(box.Max.Y)*ky))+1).
		Intersect(image.Rect(0, 0, g.w, g.h))
	return g
}

// beside reports whether a pixel shows no product.
func (g *ground) beside(x, y int) bool { return !image.Pt(x, y).In(g.box) }

// horizon returns the row at which the ground differs most from what is above it, all
// across the picture beside the product.
func (g *ground) horizon() float64 {
	n := max(2, int(band*float64(g.h)))
	best, at := 0.0, 0
	for y := g.h / 6; y < g.h*9/10; y++ {
		if y < n || y > g.h-n {
			continue
		}
		var steps []float64
		for x := range g.w {
			if !g.beside(x, y) && !g.beside(x, y-1) {
				continue
			}
			var d [3]float64
			for i := 1; i <= n; i++ {
				for c := range 3 {
					d[c] += g.lab[(y+i-1)*g.w+x][c] - g.lab[(y-i)*g.w+x][c]
				}
			}
			steps = append(steps, math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2])/float64(n))
		}
		if len(steps) < g.w/5 {
			continue
		}
		if v := quantile(steps, .4); v > best {
			best, at = v, y
		}
	}
	if best < leastRow {
		return 0
	}
	return float64(at) / float64(g.h)
}

// tones returns the colour of the light, as the floor and what is behind it show it, and the
// lightness of the ground.
func (g *ground) tones() (white [2]float64, exposure float64) {
	var light []float64
	for y := range g.h {
		for x := range g.w {
			if g.beside(x, y) {
				light = append(light, g.lab[y*g.w+x][0])
			}
		}
	}
	if len(light) == 0 {
		return white, 0
	}
	exposure = quantile(light, .5)
	edge := int(g.horizon() * float64(g.h))
	if edge == 0 {
		edge = g.box.Max.Y
	}
	if edge == 0 {
		edge = g.h / 2
	}
	n := 0.0
	for _, part := range [][2]int{{0, edge}, {edge, g.h}} {
		if a, b, ok := g.cast(part[0], part[1]); ok {
			white[0], white[1], n = white[0]+a, white[1]+b, n+1
		}
	}
	if n == 0 {
		return white, exposure
	}
	return [2]float64{white[0] / n, white[1] / n}, exposure
}

// cast returns the colour that most of the rows from one to another have where they are
// lit: the medians, which things that stand there leave as they are. ok is false where the
// product leaves nothing of them.
func (g *ground) cast(from, to int) (a, b float64, ok bool) {
	var light, as, bs []float64
	for y := from; y < to; y++ {
		for x := range g.w {
			if g.beside(x, y) {
				light = append(light, g.lab[y*g.w+x][0])
			}
		}
	}
	if len(light) < g.w {
		return 0, 0, false
	}
	least := quantile(light, lit)
	for y := from; y < to; y++ {
		for x := range g.w {
			if v := g.lab[y*g.w+x]; g.beside(x, y) && v[0] >= least {
				as, bs = append(as, v[1]), append(bs, v[2])
			}
		}
	}
	return quantile(as, .5), quantile(bs, .5), true
}

// shadow returns where the darkness beside the product's foot lies, and how deep it is:
// what is darker than the ground without it; nil: than the same row farther out.
func (g *ground) shadow(bare *ground) (angle, depth float64) {
	b := g.box
	reach := max(3, int(nearFoot*float64(max(b.Dx(), b.Dy()/3))))
	x0, x1 := max(0, b.Min.X-reach), min(g.w, b.Max.X+reach)
	y0, y1 := max(0, b.Max.Y-int(above*float64(b.Dy()))), min(g.h, b.Max.Y+max(3, int(below*float64(max(b.Dx(), b.Dy())))))
	foot := b.Max.Y
	if bare != nil {
		foot += contact // where the shadow is known it is dark right below the product, whatever its direction
	}
	var right, near, total float64
	var all []float64
	for y := y0; y < y1; y++ {
		var out []float64
		for x := range g.w {
			if x < x0 || x >= x1 {
				out = append(out, g.lab[y*g.w+x][0])
			}
		}
		if len(out) < g.w/12 { // the product fills the frame: the row's brightest pixels stand in
			for x := range g.w {
				if g.beside(x, y) {
					out = append(out, g.lab[y*g.w+x][0])
				}
			}
			slices.Sort(out)
			out = out[len(out)*2/3:]
		}
		if len(out) == 0 {
			continue
		}
		base := quantile(out, .5)
		for x := x0; x < x1; x++ {
			if !g.beside(x, y) {
				continue
			}
			if bare != nil {
				base = bare.lab[y*g.w+x][0]
			}
			d := base - g.lab[y*g.w+x][0]
			if d < least {
				continue
			}
			all = append(all, d)
			total += d
			switch {
			case x >= b.Max.X:
				right += d
			case x < b.Min.X:
				right -= d
			}
			if y >= foot {
				near += d
			}
		}
	}
	if total == 0 || len(all) < 4 {
		return 0, 0
	}
	return math.Atan2(right, max(near, 0.15*total)) * 180 / math.Pi, quantile(all, .9)
}

// quantile returns the value below which a share of the values lies. It sorts them.
func quantile(v []float64, share float64) float64 {
	slices.Sort(v)
	return v[min(int(share*float64(len(v))), len(v)-1)]
}

// labOf is CIELAB (D65) of an sRGB pixel.
func labOf(p []uint8) [3]float64 {
	r, g, b := linear[p[0]], linear[p[1]], linear[p[2]]
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := f((.4124564*r+.3575761*g+.1804375*b)/.95047), f(.2126729*r+.7151522*g+.0721750*b), f((.0193339*r+.1191920*g+.9503041*b)/1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

var linear = func() (t [256]float64) {
	for i := range t {
		if v := float64(i) / 255; v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()
