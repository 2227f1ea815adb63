package scene

import "image"

// named is where a canvas shows a colour of the palette, and as what.
type named struct {
	what           string
	x0, y0, x1, y1 float32 // scene units
}

// shows notes where a colour of the palette is seen, as what. Blurring takes its rim off.
func (c *canvas) shows(colour int, what string, x0, y0, x1, y1 float32) {
	c.named[colour] = named{what, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// shrink takes the rim off every noted place.
func (c *canvas) shrink(by float32) {
	for i := range c.named {
		if n := &c.named[i]; n.what != "" {
			n.x0, n.y0, n.x1, n.y1 = n.x0+by, n.y0+by, n.x1-by, n.y1-by
		}
	}
}

// across returns a function that turns a place between the frame's borders, -1 away from
// the light and 1 on its side, into scene units.
func across(f *frame, sd float32) func(t float32) float32 {
	return func(t float32) float32 { return f.cx + sd*t*f.w/2 }
}

// bounds are the pixels of a part given in scene units.
func (c *canvas) bounds(x0, y0, x1, y1 float32) image.Rectangle {
	ax, bx := c.span(min(x0, x1), max(x0, x1), c.w)
	ay, by := c.span(min(y0, y1), max(y0, y1), c.h)
	return image.Rect(ax, ay, max(ax, bx), max(ay, by))
}

// each calls f with the position of each pixel of a part, as shares of it.
func (c *canvas) each(x0, y0, x1, y1 float32, f func(i int, u, v float32)) {
	b := c.bounds(x0, y0, x1, y1)
	left, top, w, h := min(x0, x1), min(y0, y1), max(abs32(x1-x0), 1e-5), max(abs32(y1-y0), 1e-5)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		v := clamp01(((float32(y)+0.5)/c.unit - top) / h)
		for x := b.Min.X; x < b.Max.X; x++ {
			f((y*c.w+x)*3, clamp01(((float32(x)+0.5)/c.unit-left)/w), v)
		}
	}
}

// fade paints a rectangle whose colour changes from its top to its foot.
func (c *canvas) fade(x0, y0, x1, y1 float32, top, foot rgb, a float32) {
	c.each(x0, y0, x1, y1, func(i int, _, v float32) { c.blend(i, mix(top, foot, v), a) })
}

// lit multiplies a part by a light that falls off from its middle.
func (c *canvas) lit(cx, cy, rx, ry float32, by rgb) {
	c.each(cx-2.2*rx, cy-2.2*ry, cx+2.2*rx, cy+2.2*ry, func(i int, u, v float32) {
		dx, dy := (u-0.5)*4.4, (v-0.5)*4.4
		e := exp32(-dx*dx - dy*dy)
		c.pix[i] *= 1 + (by.R-1)*e
		c.pix[i+1] *= 1 + (by.G-1)*e
		c.pix[i+2] *= 1 + (by.B-1)*e
	})
}

// turned paints a body of revolution that is lit from a side; half returns its half width
// at t, which is 0 at the top and 1 at the foot.
func (c *canvas) turned(x, top, foot, widest float32, half func(t float32) float32, col rgb, sd float32) {
	c.each(x-widest, top, x+widest, foot, func(i int, u, v float32) {
		h := half(v) * widest
		if h <= 0 {
			return
		}
		n := (u*2 - 1) * widest / h
		if n*n >= 1 {
			return
		}
		facing := max(0.55*n*sd+0.8*sqrt32(1-n*n), 0)
		c.blend(i, col.scale(0.5+0.52*facing), 1)
	})
}

// block paints a box or a canister with plain sides and a little shade away from the light.
func (c *canvas) block(x0, y0, x1, y1 float32, col rgb, sd float32) {
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	c.each(x0, y0, x1, y1, func(i int, u, v float32) { c.blend(i, col.scale(1+0.10*sd*(u-0.5)-0.06*(v-0.5)), 1) })
}

// cushion paints a rounded square.
func (c *canvas) cushion(x, y, rx, ry float32, col rgb, sd float32) {
	c.each(x-rx, y-ry, x+rx, y+ry, func(i int, u, v float32) {
		a, b := abs32(2*u-1), abs32(2*v-1)
		if a*a*a+b*b*b < 1 {
			c.blend(i, col.scale(1.02+0.14*sd*(u-0.5)-0.16*(v-0.4)), 1)
		}
	})
}

// folds paints hanging cloth.
func (c *canvas) folds(x0, y0, x1, y1 float32, col rgb, n, deep, a float32) {
	c.each(x0, y0, x1, y1, func(i int, u, v float32) {
		w := u + 0.02*sin32(9*u+2*v) + 0.012*sin32(23*u+1.3*v)
		k := 0.5 + 0.5*cos32(6.2832*n*w)
		c.blend(i, col.scale(1-deep*k*k), a)
	})
}

// globe is the outline of a sphere.
func globe(t float32) float32 { return sqrt32(max(1-(2*t-1)*(2*t-1), 0)) }

// vase is the outline of a vase: a neck, a shoulder and a foot.
func vase(t float32) float32 {
	if t < 0.18 {
		return 0.34
	}
	s := (t - 0.18) / 0.82
	return 0.34 + 0.66*sin32(3.1416*(0.12+0.72*s))*(1-0.1*s)
}

// lampshade is the outline of a lamp's shade.
func lampshade(t float32) float32 { return 0.62 + 0.38*t }

// bowl is the outline of a bowl.
func bowl(t float32) float32 { return sqrt32(max(1-t*t*0.9, 0)) }

// twigs paints dry branches that rise from a point.
func twigs(c *canvas, x, y, high float32, col, tip rgb, r *rng, n int) {
	for range n {
		a := r.between(-0.5, 0.5)
		length := high * r.between(0.6, 1)
		px, py := x, y
		const steps = 22
		for s := range steps {
			a += r.between(-0.05, 0.05)
			px += sin32(a) * length / steps
			py -= cos32(a) * length / steps
			c.disc(px, py, 0.0035, col, 0.9)
			if s > 6 && s%2 == 0 {
				c.leaf(px+r.between(-0.02, 0.02), py+r.between(-0.012, 0.008), 0.013, 0.006, a+r.between(-1, 1), tip.scale(r.between(0.75, 1.2)), 0.85)
			}
		}
	}
}

// books fills a board from one place to another.
func books(c *canvas, f *frame, r *rng, a, b, foot, low, high float32, cols []rgb) {
	if a > b {
		a, b = b, a
	}
	for x := a; x < b-0.012; {
		w, h := r.between(0.011, 0.026), r.between(low, high)
		if r.float() < 0.14 {
			x += r.between(0.015, 0.05)
			continue
		}
		w = min(w, b-x)
		c.block(x, foot-h, x+w, foot, cols[r.int(len(cols))].scale(r.between(0.85, 1.1)), 1)
		x += w + r.between(0, 0.003)
	}
}

// framed paints a framed print on a wall.
func framed(c *canvas, x0, y0, x1, y1 float32, frame, mat, ink rgb, sd float32) {
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	c.each(x0+0.012*-sd, y0+0.014, x1+0.018*-sd, y1+0.02, func(i int, _, _ float32) { // its shade on the wall
		c.pix[i], c.pix[i+1], c.pix[i+2] = c.pix[i]*0.8, c.pix[i+1]*0.8, c.pix[i+2]*0.8
	})
	c.block(x0, y0, x1, y1, frame, sd)
	w, h := x1-x0, y1-y0
	c.block(x0+0.07*w, y0+0.05*h, x1-0.07*w, y1-0.05*h, mat, sd)
	c.disc(x0+0.5*w, y0+0.42*h, 0.2*w, ink, 0.95)
	c.block(x0+0.28*w, y0+0.6*h, x1-0.28*w, y0+0.76*h, ink.scale(0.8), sd)
}

// daylight paints a window: the bright outside, with something green low in it, and its bars.
func daylight(c *canvas, x0, y0, x1, y1 float32, outside rgb, bar rgb, cols, rows int, r *rng, green float32) {
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	c.fade(x0, y0, x1, y1, outside, outside.times(rgb{0.94, 0.96, 0.96}), 1)
	for range int(70 * green) {
		t := r.float() * r.float()
		g := rgb{0.72, 0.86, 0.6}.scale(r.between(0.7, 1.4))
		c.disc(r.between(x0, x1), y1-(y1-y0)*0.62*t, r.between(0.012, 0.034), g, 0.5)
	}
	const half = 0.006
	for i := range cols + 1 {
		x := x0 + (x1-x0)*float32(i)/float32(cols)
		c.block(x-half, y0, x+half, y1, bar, 1)
	}
	for i := range rows + 1 {
		y := y0 + (y1-y0)*float32(i)/float32(rows)
		c.block(x0, y-half, x1, y+half, bar, 1)
	}
}

// plaster is a wall in soft light from a window beside it.
func plaster(c *canvas, f *frame, sd float32, wall rgb, dim, gain float32) {
	lamp := f.cx + sd*0.45*f.w
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-lamp)/f.w, (y-0.2*f.h)/f.h
		return wall.scale(dim + gain*exp32(-dx*dx*1.3-dy*dy*0.8))
	})
}

// plant is a bunch of leaves fanning out from a point.
func plant(c *canvas, x, y, size float32, col rgb, r *rng, n int) {
	for range n {
		a := r.between(-2.7, -0.44)
		d := size * r.between(0.3, 1)
		lit := col.scale(r.between(0.5, 1.9))
		if r.float() < 0.1 { // the sun on it
			lit = mix(col, rgb{0.9, 1, 0.7}, 0.35).scale(2)
		}
		c.leaf(x+cos32(a)*d, y+sin32(a)*d*1.25, size*0.24, size*0.08, a+r.between(-0.5, 0.5), lit, 0.95)
	}
}
