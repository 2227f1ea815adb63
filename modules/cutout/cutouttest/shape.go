package cutouttest

import (
	"math"
	"math/rand/v2"
)

// canvas collects a product's coverage in a unit square, sampled super x super
// times per pixel.
type canvas struct {
	n  int // samples per side
	in []bool
}

const super = 3

func newCanvas(side int) *canvas {
	n := side * super
	return &canvas{n: n, in: make([]bool, n*n)}
}

// fill marks the samples of the box (in unit coordinates) for which f holds, as v.
func (c *canvas) fill(x0, y0, x1, y1 float64, v bool, f func(x, y float64) bool) {
	n := float64(c.n)
	ax, ay := max(0, int(x0*n)), max(0, int(y0*n))
	bx, by := min(c.n-1, int(x1*n)+1), min(c.n-1, int(y1*n)+1)
	for j := ay; j <= by; j++ {
		for i := ax; i <= bx; i++ {
			if f((float64(i)+.5)/n, (float64(j)+.5)/n) {
				c.in[j*c.n+i] = v
			}
		}
	}
}

func (c *canvas) rect(x0, y0, x1, y1 float64) {
	c.fill(x0, y0, x1, y1, true, func(x, y float64) bool { return x >= x0 && x < x1 && y >= y0 && y < y1 })
}

func (c *canvas) ellipse(cx, cy, rx, ry float64, v bool) {
	c.fill(cx-rx, cy-ry, cx+rx, cy+ry, v, func(x, y float64) bool {
		x, y = (x-cx)/rx, (y-cy)/ry
		return x*x+y*y < 1
	})
}

// line draws a bar of the given width with round ends.
func (c *canvas) line(x0, y0, x1, y1, width float64) {
	r := width / 2
	dx, dy := x1-x0, y1-y0
	l2 := dx*dx + dy*dy
	c.fill(min(x0, x1)-r, min(y0, y1)-r, max(x0, x1)+r, max(y0, y1)+r, true, func(x, y float64) bool {
		t := 0.0
		if l2 > 0 {
			t = min(max(((x-x0)*dx+(y-y0)*dy)/l2, 0), 1)
		}
		ex, ey := x-x0-t*dx, y-y0-t*dy
		return ex*ex+ey*ey < r*r
	})
}

// curve draws a polyline of points from f(0) to f(1).
func (c *canvas) curve(steps int, width float64, f func(t float64) (x, y float64)) {
	x0, y0 := f(0)
	for i := 1; i <= steps; i++ {
		x1, y1 := f(float64(i) / float64(steps))
		c.line(x0, y0, x1, y1, width)
		x0, y0 = x1, y1
	}
}

// polygon fills a closed outline, its corners rounded to Catmull-Rom curves
// when smooth is set.
func (c *canvas) polygon(smooth bool, pts ...[2]float64) {
	if smooth {
		var p [][2]float64
		n := len(pts)
		for i := range n {
			a, b, d, e := pts[(i+n-1)%n], pts[i], pts[(i+1)%n], pts[(i+2)%n]
			for k := range 12 {
				t := float64(k) / 12
				var q [2]float64
				for m := range 2 {
					q[m] = .5 * (2*b[m] + (d[m]-a[m])*t + (2*a[m]-5*b[m]+4*d[m]-e[m])*t*t + (3*b[m]-a[m]-3*d[m]+e[m])*t*t*t)
				}
				p = append(p, q)
			}
		}
		pts = p
	}
	x0, y0, x1, y1 := 1.0, 1.0, 0.0, 0.0
	for _, p := range pts {
		x0, y0, x1, y1 = min(x0, p[0]), min(y0, p[1]), max(x1, p[0]), max(y1, p[1])
	}
	c.fill(x0, y0, x1, y1, true, func(x, y float64) bool {
		in := false
		for i, j := 0, len(pts)-1; i < len(pts); j, i = i, i+1 {
			if (pts[i][1] > y) != (pts[j][1] > y) && x < (pts[j][0]-pts[i][0])*(y-pts[i][1])/(pts[j][1]-pts[i][1])+pts[i][0] {
				in = !in
			}
		}
		return in
	})
}

// coverage averages the samples of each pixel.
func (c *canvas) coverage() []float32 {
	side := c.n / super
	o := make([]float32, side*side)
	for j := range c.n {
		for i := range c.n {
			if c.in[j*c.n+i] {
				o[j/super*side+i/super] += 1. / (super * super)
			}
		}
	}
	return o
}

// silhouette draws a family's outline in a square of the given side, with
// proportions that vary with the seed. It ends at the bottom between .8 and .95.
func silhouette(f Family, side int, r *rand.Rand) []float32 {
	c := newCanvas(side)
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	switch f {
	case Bottle:
		w, neck, shoulder := u(.11, .2), u(.035, .08), u(.3, .45)
		c.rect(.5-w, shoulder, .5+w, .92)
		c.ellipse(.5, shoulder, w, u(.08, .16), true)
		c.rect(.5-neck, .08, .5+neck, shoulder)
		c.rect(.5-neck*1.25, .06, .5+neck*1.25, u(.1, .16))
		c.ellipse(.5, .92, w, .03, true)
	case Mug:
		x1, top := u(.58, .66), u(.22, .4)
		c.rect(.2, top, x1, .85)
		c.ellipse((.2+x1)/2, top, (x1-.2)/2, .05, true)
		c.ellipse((.2+x1)/2, .85, (x1-.2)/2, .05, true)
		rx, ry := u(.12, .19), u(.13, .21)
		c.curve(40, u(.035, .07), func(t float64) (float64, float64) {
			a := (t*2 - 1) * 95 * math.Pi / 180
			return x1 + rx*math.Cos(a), .54 + ry*math.Sin(a)
		})
	case Stool:
		c.ellipse(.5, .3, u(.22, .32), u(.05, .09), true)
		leg := u(.012, .024)
		for _, l := range [4][2]float64{{.28, .2}, {.72, .8}, {.42, .4}, {.58, .6}} {
			c.line(l[0], .32, l[1], .93, leg)
		}
		y := u(.55, .75)
		c.line(.24, y, .76, y, leg*.7)
	case Fuzzy:
		rad := u(.22, .29)
		c.ellipse(.5, .55, rad, rad*u(.85, 1.15), true)
		for range 900 {
			a := u(0, 2*math.Pi)
			b := a + r.NormFloat64()*.08
			r1 := rad + u(.03, .1)
			c.line(.5+rad*.75*math.Cos(a), .55+rad*.75*math.Sin(a), .5+r1*math.Cos(b), .55+r1*math.Sin(b), .0022)
		}
	case Shoe:
		h := u(.36, .46)
		c.polygon(true, [2]float64{.08, .72}, [2]float64{.1, .5}, [2]float64{.2, h}, [2]float64{.34, h + .02}, [2]float64{.5, .55},
			[2]float64{.8, .62}, [2]float64{.93, .72}, [2]float64{.93, .8}, [2]float64{.5, .81}, [2]float64{.08, .8})
	case Box:
		x, y := u(.4, .65), u(.2, .3)
		c.polygon(false, [2]float64{.2, y + .1}, [2]float64{x, y}, [2]float64{.82, y + .08}, [2]float64{.82, .75}, [2]float64{.82 - x + .22, .88}, [2]float64{.2, .78})
	case Glasses:
		rx, ry, t := u(.15, .19), u(.11, .16), u(.018, .04)
		for _, cx := range []float64{.27, .73} {
			c.ellipse(cx, .62, rx+t, ry+t, true)
			c.ellipse(cx, .62, rx, ry, false)
		}
		c.curve(20, t, func(k float64) (float64, float64) { return .27 + rx + k*(.46-2*rx), .6 - .05*math.Sin(k*math.Pi) })
		c.line(.27-rx, .6, .06, .8, t)
		c.line(.73+rx, .6, .94, .8, t)
	case Garment:
		s := u(.5, .62)
		c.polygon(false, [2]float64{.38, .12}, [2]float64{.44, .17}, [2]float64{.56, .17}, [2]float64{.62, .12}, [2]float64{.78, .2}, [2]float64{.94, s - .08},
			[2]float64{.82, s}, [2]float64{.74, s - .12}, [2]float64{.76, .93}, [2]float64{.5, .95}, [2]float64{.24, .93}, [2]float64{.26, s - .12}, [2]float64{.18, s}, [2]float64{.06, s - .08}, [2]float64{.22, .2})
	case Lamp:
		w := u(.16, .26)
		c.polygon(false, [2]float64{.5 - w*.5, .08}, [2]float64{.5 + w*.5, .08}, [2]float64{.5 + w, .42}, [2]float64{.5 - w, .42})
		c.line(.5, .4, .5, .9, u(.02, .05))
		c.ellipse(.5, .91, u(.12, .2), .03, true)
	}
	return c.coverage()
}
