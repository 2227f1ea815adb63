package cutouttest

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
)

// Glass is a photograph of a product of clear glass whose light is known: through, the
// share of the backdrop's level that passes each pixel, and own, what the product adds to
// that. On another backdrop the product would show through × backdrop + own.
type Glass struct {
	Photo
	Solid   *image.Alpha // where the product is opaque: label, lid, cap
	through []float32
	own     []rgb
}

// GlassKind is a shape of a product of glass.
type GlassKind string

// The shapes.
const (
	LabelledBottle GlassKind = "labelled bottle" // with a dark cap and a printed label
	Jar            GlassKind = "jar"             // with a lid of metal, and a label of the colour of paper
	Tumbler        GlassKind = "tumbler"         // a drinking glass: nothing is opaque
)

// GlassKinds lists the shapes.
func GlassKinds() []GlassKind { return []GlassKind{LabelledBottle, Jar, Tumbler} }

// NewGlass draws a photograph of w × h pixels: level is the backdrop's, 0–255 at its middle,
// and it falls off to the edges by so much. The same arguments always give the same picture.
func NewGlass(kind GlassKind, w, h int, level, falloff float64, seed uint64) *Glass {
	r := rand.New(rand.NewPCG(seed, uint64(len(kind))))
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	g := &Glass{Solid: image.NewAlpha(image.Rect(0, 0, w, h)), through: make([]float32, w*h), own: make([]rgb, w*h)}
	g.Name, g.Seed, g.Image, g.Alpha = fmt.Sprintf("%s on %.0f %d", kind, level, seed), seed, image.NewNRGBA(g.Solid.Rect), image.NewAlpha(g.Solid.Rect)
	d := newVessel(kind, u)
	cover, solid := make([]float32, w*h), make([]float32, w*h)
	for i := range cover {
		x, y := float64(i%w)+.5, float64(i/w)+.5
		t, own, in, opaque := d.at((x-float64(w)/2)/float64(h), y/float64(h))
		if g.through[i] = 1; in {
			g.through[i], g.own[i], cover[i] = float32(t), own, 1
			if opaque {
				solid[i] = 1
			}
		}
	}
	// the lens mixes light, and what passes is a share of it
	sigma := .7
	gaussian(g.through, w, h, sigma)
	gaussian(cover, w, h, sigma)
	gaussian(solid, w, h, sigma)
	var ch [3][]float32
	for c := range ch {
		ch[c] = make([]float32, w*h)
		for i := range g.own {
			ch[c][i] = g.own[i][c]
		}
		gaussian(ch[c], w, h, sigma)
		for i := range g.own {
			g.own[i][c] = ch[c][i]
		}
	}
	cast := [3]float64{u(.985, 1), u(.985, 1), u(.98, 1)} // no backdrop is quite grey
	grain := u(1, 2)
	for i := range cover {
		x, y := float64(i%w)/float64(w)-.5, float64(i/w)/float64(h)-.5
		behind := level - falloff*(x*x+y*y)*2
		for c := range 3 {
			v := float64(g.through[i])*behind*cast[c] + float64(g.own[i][c]) + grain*r.NormFloat64()
			g.Image.Pix[4*i+c] = uint8(min(max(v, 0), 255))
		}
		g.Image.Pix[4*i+3] = 255
		g.Alpha.Pix[i] = uint8(min(cover[i]*255+.5, 255))
		g.Solid.Pix[i] = uint8(min(solid[i]*255+.5, 255))
	}
	g.Image = recompress(g.Image, 92)
	return g
}

// On is the product before another plain backdrop: what a photograph of it would show.
func (g *Glass) On(backdrop [3]uint8) *image.NRGBA {
	out := image.NewNRGBA(g.Image.Rect)
	for i, t := range g.through {
		for c := range 3 {
			out.Pix[4*i+c] = uint8(min(max(t*float32(backdrop[c])+g.own[i][c], 0), 255))
		}
		out.Pix[4*i+3] = 255
	}
	return out
}

// vessel is a body of revolution seen from the side, in heights of the picture.
type vessel struct {
	kind                         GlassKind
	top, neck, shoulder, foot    float64 // heights
	slim, wide                   float64 // half widths of neck and body
	wall, base, haze             float64 // darkness of the wall, thickness of the base, darkness all over
	shineAt, shine, shineWide    float64 // the reflection of a window: where across (-1–1), strength, width
	labelTop, labelEnd, capEnd   float64
	paper, ink, cap              rgb
	lines                        int
	labelWide, lineWide, capRibs float64
}

func newVessel(kind GlassKind, u func(a, b float64) float64) *vessel {
	d := &vessel{
		kind: kind, top: .12, foot: u(.86, .9), wall: u(.35, .6), base: u(.015, .03), haze: u(.03, .1),
		shineAt: u(-.6, -.35), shine: u(.45, .8), shineWide: u(.06, .1), lines: 3 + int(u(0, 3)), labelWide: u(.78, .95), lineWide: u(.5, .8), capRibs: u(50, 80),
	}
	d.ink = rgb{float32(u(10, 70)), float32(u(10, 70)), float32(u(10, 90))}
	switch kind {
	case LabelledBottle:
		d.neck, d.shoulder, d.slim, d.wide = u(.2, .24), u(.36, .42), u(.05, .07), u(.13, .18)
		d.capEnd, d.labelTop, d.labelEnd = u(.17, .19), u(.5, .54), u(.7, .76)
		d.paper, d.cap = rgb{float32(u(225, 250)), float32(u(215, 240)), float32(u(190, 215))}, rgb{float32(u(15, 50)), float32(u(15, 50)), float32(u(15, 50))}
	case Jar:
		d.top = .25
		d.neck, d.shoulder, d.wide = .34, u(.38, .41), u(.2, .24)
		d.slim = d.wide * .9
		d.capEnd, d.labelTop, d.labelEnd = .33, u(.52, .56), u(.7, .76)
		d.paper, d.cap = rgb{float32(u(150, 200)), float32(u(110, 150)), float32(u(60, 100))}, rgb{float32(u(170, 200)), float32(u(140, 160)), float32(u(60, 90))}
	case Tumbler:
		d.top, d.neck, d.shoulder, d.wide = .3, .3, .3, u(.16, .2)
		d.slim = d.wide
	}
	return d
}

// half is the vessel's half width at a height.
func (d *vessel) half(y float64) float64 {
	switch {
	case y < d.neck || d.shoulder <= d.neck:
		if d.kind == Tumbler { // wider at its mouth
			return d.wide * (1 - .25*(y-d.top)/(d.foot-d.top))
		}
		return d.slim
	case y < d.shoulder:
		t := (y - d.neck) / (d.shoulder - d.neck)
		return d.slim + (d.wide-d.slim)*math.Sqrt(1-(1-t)*(1-t))
	}
	return d.wide
}

// at is what a point of the vessel lets through (0–1) and adds (levels), whether it lies
// within the vessel, and whether that is opaque there.
func (d *vessel) at(x, y float64) (through float64, own rgb, in, opaque bool) {
	half := d.half(y)
	if y < d.top || y > d.foot || math.Abs(x) > half {
		return 1, own, false, false
	}
	s := x / half
	lit := float32(.72 + .28*math.Cos((s+.35)*1.3)) // the light's side of what is opaque
	if y < d.capEnd {
		p := d.cap
		rib := float32(1)
		if d.kind == Jar {
			rib = float32(1 + .12*math.Sin(s*d.capRibs))
		}
		glint := float32(90 * math.Exp(-(s-d.shineAt)*(s-d.shineAt)/.01))
		for c := range p {
			p[c] = min(p[c]*lit*rib+glint, 255)
		}
		return 0, p, true, true
	}
	if y > d.labelTop && y < d.labelEnd && math.Abs(s) < d.labelWide {
		p := d.paper
		t := (y - d.labelTop) / (d.labelEnd - d.labelTop) * float64(2*d.lines+1)
		if line := int(t); line%2 == 1 && math.Abs(s) < d.lineWide && math.Sin(s*97+float64(line)*2)+math.Sin(s*41) > -.3 {
			p = d.ink
		}
		for c := range p {
			p[c] *= lit
		}
		return 0, p, true, true
	}
	through = 1 - d.haze
	edge := math.Abs(s)
	through *= 1 - d.wall*math.Exp(-(1-edge)*(1-edge)/.0032)  // the wall, seen along it
	through *= 1 - .18*math.Exp(-(edge-.86)*(edge-.86)/.0006) // what the wall bends
	if y > d.foot-d.base {
		through *= .55 + .25*math.Sin(s*9)*math.Sin(s*9)
	}
	if d.kind == Tumbler && y < d.top+.008 {
		through *= .7
	}
	reflect := 0.
	if y > d.neck+.02 && y < d.foot-d.base-.03 {
		if off := math.Abs(s - d.shineAt); off < d.shineWide {
			reflect = d.shine
		} else if off < d.shineWide+.03 {
			reflect = d.shine * (1 - (off-d.shineWide)/.03)
		}
	}
	// a reflection lies over what is seen through
	through *= 1 - reflect
	for c := range own {
		own[c] = float32(255 * reflect)
	}
	return through, own, true, false
}
