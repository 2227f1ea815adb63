package scene

// plinth is what the product stands on in the minimal set.
type plinth int

const (
	plinthRound plinth = iota // a cylinder
	plinthLow                 // a wide, low one
	plinthBlock               // a box
	plinthNone                // the floor
	plinthSteps               // a box before a taller one
)

// podium is the plinth's geometry. It is drawn at full resolution because the product
// stands on it, in focus.
type podium struct {
	cx, cy float32 // centre of the top
	a, b   float32 // half axes of the top: an ellipse's, or a box's seen in perspective
	tall   float32
	square bool
}

func newPodium(f *frame, kind plinth) podium {
	a := max(min(0.38*f.w, 0.44), 0.6*f.boxW)
	b := a * 0.25
	tall := 0.085 * f.h
	switch kind {
	case plinthNone:
		return podium{cx: f.px, cy: f.contact}
	case plinthLow:
		a, b, tall = a*1.16, a*0.26, 0.028*f.h
	case plinthBlock:
		a, b, tall = a*0.9, a*0.2, 0.125*f.h
	case plinthSteps:
		a, b, tall = a*0.98, a*0.22, 0.07*f.h
	}
	// The product's contact line lies a little in front of the centre.
	return podium{f.px, f.contact - 0.16*b, a, b, tall, kind == plinthBlock || kind == plinthSteps}
}

// boxTaper is how much narrower a box's top is behind than in front.
const boxTaper = 0.14

// halfAt is half the width of a box's top in a row of it.
func (p podium) halfAt(y float32) float32 { return p.a * (1 - boxTaper*clamp01((p.cy+p.b-y)/(2*p.b))) }

// onTop is 1 on the top face, with a soft rim.
func (p podium) onTop(x, y float32) float32 {
	if p.square {
		const rim = 0.012
		return smoothstep(0, rim, p.halfAt(y)-abs32(x-p.cx)) * smoothstep(0, rim, p.cy+p.b-y) * smoothstep(0, rim, y-p.cy+p.b)
	}
	dx, dy := (x-p.cx)/p.a, (y-p.cy)/p.b
	return smoothstep(1.0, 0.965, dx*dx+dy*dy)
}

// castOnFloor darkens the floor around the podium.
func (p podium) castOnFloor(c *canvas, lk *look, f *frame) {
	if p.a == 0 {
		return
	}
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
				if p.square && abs32(dx) < 1 && abs32(dy) < 1 || dx*dx+dy*dy < 1 {
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

// stage paints in focus on a backdrop that has been rasterised.
type stage struct {
	b    *backdrop
	lk   *look
	mul  *canvas // the light
	step float32
}

// paint blends what at returns, a colour and how much of the pixel it covers, over a part
// given in scene units.
func (s *stage) paint(x0, y0, x1, y1 float32, at func(x, y float32) (rgb, float32)) {
	f := &s.b.frame
	px := 1 / f.unit
	rows, cols := newRowReader(s.mul, s.step), newColumns(f.W, s.mul.w, s.step)
	for y := max(int(y0*f.unit)-2, 0); y < min(int(y1*f.unit)+2, f.H); y++ {
		rows.seek(y)
		fy := (float32(y) + 0.5) * px
		for x := max(int(x0*f.unit)-2, 0); x < min(int(x1*f.unit)+2, f.W); x++ {
			if c, cover := at((float32(x)+0.5)*px, fy); cover > 0 {
				s.b.over(x, y, c.times(rows.get(&cols, x)), cover)
			}
		}
	}
}

// inside is how much of a pixel lies within an outline that is d scene units away.
func (s *stage) inside(d float32) float32 { return clamp01(0.5 - d*s.b.unit) }

// paintPlinth draws what the product stands on.
func (s *stage) paintPlinth(p podium) {
	switch {
	case p.a == 0:
	case p.square:
		s.paintBox(p, s.lk.accentRGB)
	default:
		s.paintCylinder(p)
	}
	if p.a > 0 {
		s.b.shows(1, "podium", p.cx-0.8*p.a, p.cy-0.25*p.b, p.cx-0.5*p.a, p.cy+0.25*p.b)
	}
}

// face is the colour of a top that faces the light from above.
func (s *stage) face(c rgb) rgb {
	if s.lk.kept > 1 {
		return c
	}
	return mix(c, rgb{1, 1, 1}, 0.06)
}

// paintCylinder draws the top face, the rim highlight and the shaded side.
func (s *stage) paintCylinder(p podium) {
	unit := s.b.unit
	side := float32(s.lk.side)
	top := s.face(s.lk.accentRGB)
	s.paint(p.cx-p.a, p.cy-p.b, p.cx+p.a, p.cy+p.tall+p.b, func(fx, fy float32) (rgb, float32) {
		n := (fx - p.cx) / p.a
		if n <= -1.01 || n >= 1.01 {
			return rgb{}, 0
		}
		e := sqrt32(max(1-n*n, 0))
		front := p.cy + p.b*e
		edge := clamp01((p.a-abs32(fx-p.cx))*unit + 0.5)
		// Coverage of the whole silhouette.
		cover := edge * clamp01((p.cy+p.tall+p.b*e-fy)*unit+0.5) * clamp01((fy-(p.cy-p.b*e))*unit+0.5)
		if cover == 0 {
			return rgb{}, 0
		}
		onTop := clamp01((front-fy)*unit + 0.5)
		// Lambert on the cylinder's wall, key from the side and front.
		lambert := max(0.62*n*side+0.62*e, 0)
		drop := clamp01((fy - front) / p.tall)
		wall := s.lk.accentRGB.scale(0.42 + 0.40*lambert - 0.10*drop)
		face := top.scale(0.98 + 0.05*n*side + 0.04*(fy-p.cy)/p.b)
		c := mix(wall, face, onTop)
		// The rim is never razor sharp: it catches a line of light.
		rim := (fy - front) * unit / 1.6
		if rim > -2.5 && rim < 2.5 {
			c = c.scale(1 + 0.10*exp32(-rim*rim)*max(0.35+0.65*n*side+0.3*e, 0.1))
		}
		return c, cover
	})
}

// paintBox draws a box's top and its front.
func (s *stage) paintBox(p podium, col rgb) {
	unit := s.b.unit
	side := float32(s.lk.side)
	top := s.face(col)
	front, foot := p.cy+p.b, p.cy+p.b+p.tall
	s.paint(p.cx-p.a, p.cy-p.b, p.cx+p.a, foot, func(x, y float32) (rgb, float32) {
		n := (x - p.cx) / p.a
		if y < front-0.5/unit {
			cover := s.inside(abs32(x-p.cx)-p.halfAt(y)) * s.inside(p.cy-p.b-y)
			return top.scale(0.98 + 0.05*n*side + 0.03*(y-p.cy)/p.b), cover
		}
		drop := clamp01((y - front) / p.tall)
		c := col.scale(0.70 + 0.05*n*side - 0.10*drop)
		rim := (y - front) * unit / 1.6
		if rim < 2.5 {
			c = c.scale(1 + 0.22*exp32(-rim*rim))
		}
		return c, s.inside(abs32(x-p.cx)-p.a) * s.inside(y-foot)
	})
}

// over blends a linear colour into the stored backdrop.
func (b *backdrop) over(x, y int, c rgb, a float32) {
	p := b.lin[(y*b.W+x)*3:][:3]
	for i, v := range [3]float32{c.R, c.G, c.B} {
		old := float32(p[i])
		p[i] = uint16(old + (float32(to16(v))-old)*a + 0.5)
	}
}
