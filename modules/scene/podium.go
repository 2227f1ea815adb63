package scene

// podium is the cylinder of the minimal scene. It is drawn at full resolution
// because the product stands on it, in focus.
type podium struct {
	cx, cy float32 // centre of the top ellipse
	a, b   float32 // its half axes
	tall   float32
}

func newPodium(f *frame) podium {
	a := max(min(0.38*f.w, 0.44), 0.6*f.boxW)
	b := a * 0.25
	// The product's contact line lies a little in front of the centre.
	return podium{f.px, f.contact - 0.16*b, a, b, 0.085 * f.h}
}

// onTop is 1 on the top face, with a soft rim.
func (p podium) onTop(x, y float32) float32 {
	dx, dy := (x-p.cx)/p.a, (y-p.cy)/p.b
	return smoothstep(1.0, 0.965, dx*dx+dy*dy)
}

// castOnFloor darkens the floor around the podium.
func (p podium) castOnFloor(c *canvas, lk *look, f *frame) {
	d := make([]float32, c.w*c.h)
	away := -float32(lk.side)
	y0 := p.cy + p.tall
	for y := range c.h {
		fy := (float32(y) + 0.5) / c.unit
		for x := range c.w {
			fx := (float32(x) + 0.5) / c.unit
			var v float32
			for k := range 5 { // the cylinder's shadow is its base swept away
				t := float32(k) * 0.16
				dx := (fx - p.cx - away*p.a*t) / (p.a * 1.01)
				dy := (fy - y0 + p.b*t*0.5) / (p.b * 1.05)
				if dx*dx+dy*dy < 1 {
					v = max(v, 0.62-0.10*float32(k))
				}
			}
			d[y*c.w+x] = v
		}
	}
	near := append([]float32(nil), d...)
	r := int((0.030-0.02*lk.hardness)*c.unit) + 1
	boxBlur(d, c.w, c.h, r, max(r/2, 1), 3)
	boxBlur(near, c.w, c.h, max(r/4, 1), 1, 2)
	for i := range d {
		k := 1 - clamp01(0.55*d[i]+0.45*near[i])
		c.pix[i*3] *= k + (1-k)*0.10
		c.pix[i*3+1] *= k
		c.pix[i*3+2] *= k
	}
}

// paint draws the top face, the rim highlight and the shaded side.
func (p podium) paint(b *backdrop, lk *look, mul *canvas, step float32) {
	f := &b.frame
	px := 1 / f.unit
	side := float32(lk.side)
	top := mix(lk.accentRGB, rgb{1, 1, 1}, 0.06)
	rr := newRowReader(mul, step)
	cols := newColumns(f.W, mul.w, step)
	y0, y1 := max(int((p.cy-p.b)*f.unit)-2, 0), min(int((p.cy+p.tall+p.b)*f.unit)+2, f.H)
	x0, x1 := max(int((p.cx-p.a)*f.unit)-2, 0), min(int((p.cx+p.a)*f.unit)+2, f.W)
	for y := y0; y < y1; y++ {
		rr.seek(y)
		fy := (float32(y) + 0.5) * px
		for x := x0; x < x1; x++ {
			fx := (float32(x) + 0.5) * px
			n := (fx - p.cx) / p.a
			if n <= -1.01 || n >= 1.01 {
				continue
			}
			e := sqrt32(max(1-n*n, 0))
			front := p.cy + p.b*e
			edge := clamp01((p.a-abs32(fx-p.cx))*f.unit + 0.5)
			// Coverage of the whole silhouette.
			cover := edge * clamp01((p.cy+p.tall+p.b*e-fy)*f.unit+0.5) * clamp01((fy-(p.cy-p.b*e))*f.unit+0.5)
			if cover == 0 {
				continue
			}
			m := rr.get(&cols, x)
			onTop := clamp01((front-fy)*f.unit + 0.5)
			// Lambert on the cylinder's wall, key from the side and front.
			lambert := max(0.62*n*side+0.62*e, 0)
			drop := clamp01((fy - front) / p.tall)
			wall := lk.accentRGB.scale(0.42 + 0.40*lambert - 0.10*drop)
			face := top.scale(0.98 + 0.05*n*side + 0.04*(fy-p.cy)/p.b)
			c := mix(wall, face, onTop)
			// The rim is never razor sharp: it catches a line of light.
			rim := (fy - front) * f.unit / 1.6
			if rim > -2.5 && rim < 2.5 {
				c = c.scale(1 + 0.10*exp32(-rim*rim)*max(0.35+0.65*n*side+0.3*e, 0.1))
			}
			b.over(x, y, c.times(m), cover)
		}
	}
}

// over blends a linear colour into the stored backdrop.
func (b *backdrop) over(x, y int, c rgb, a float32) {
	p := b.lin[(y*b.W+x)*3:][:3]
	for i, v := range [3]float32{c.R, c.G, c.B} {
		old := float32(p[i])
		p[i] = uint16(old + (float32(to16(v))-old)*a + 0.5)
	}
}

// paintArch cuts an arched niche into the wall (or, for every third seed,
// hangs a pale disc like a low sun).
func paintArch(b *backdrop, lk *look, mul *canvas, p podium, step float32, seed uint64) {
	f := &b.frame
	px := 1 / f.unit
	side := float32(lk.side)
	disc := seed%3 == 2
	half := min(0.255*f.w, 0.32)
	cx := f.px
	spring := f.contact - f.boxH*0.72 // where the arch's curve begins
	half = min(half, 0.34*f.h)
	spring = max(spring, half+0.07*f.h) // the curve stays inside wide frames
	if disc {
		half *= 1.05
		spring = max(f.contact-f.boxH*0.62, half+0.07*f.h)
	}
	rr := newRowReader(mul, step)
	cols := newColumns(f.W, mul.w, step)
	y0, y1 := max(int((spring-half)*f.unit)-2, 0), min(int(f.edge*f.unit)+2, f.H)
	x0, x1 := max(int((cx-half)*f.unit)-2, 0), min(int((cx+half)*f.unit)+2, f.W)
	dist := func(x, y float32) float32 { // signed distance, negative inside
		dx := abs32(x - cx)
		if y < spring || disc {
			return sqrt32(dx*dx+(y-spring)*(y-spring)) - half
		}
		return dx - half
	}
	tintIn := mix(lk.wallRGB, lk.accentRGB, 0.4*lk.kinship)
	for y := y0; y < y1; y++ {
		rr.seek(y)
		fy := (float32(y) + 0.5) * px
		bottom := clamp01((f.edge-fy)*f.unit + 0.5)
		for x := x0; x < x1; x++ {
			fx := (float32(x) + 0.5) * px
			cover := clamp01(0.5-dist(fx, fy)*f.unit) * bottom
			if cover == 0 {
				continue
			}
			m := rr.get(&cols, x)
			var c rgb
			if disc {
				c = mix(lk.accentRGB, rgb{1, 1, 1}, 0.15).scale(0.98 - 0.12*(fy-spring)/half)
			} else {
				// The reveal on the light side shades the niche.
				d := dist(fx+side*0.075, fy-0.035)
				shade := smoothstep(-0.05-0.05*(1-lk.hardness), 0.03, d)
				c = tintIn.scale(0.86 - 0.06*(fy-spring)/f.h - 0.30*shade)
				lip := dist(fx, fy) * f.unit / 2.5
				c = c.scale(1 + 0.05*exp32(-lip*lip)*max(-side*(fx-cx)/half, 0))
			}
			c = c.scale(1 - 0.14*smoothstep(f.edge-0.10*f.h, f.edge, fy))
			b.over(x, y, c.times(m), cover)
		}
	}
}
