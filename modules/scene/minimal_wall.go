package scene

// paintTonal is the painted set of the minimal scene: one hue, two planes.
func paintTonal(c *canvas, lk *look, f *frame, sd float32, _ *rng) {
	floorTone := mix(lk.wallRGB, lk.accentRGB, 0.35*lk.kinship).scale(1.10)
	switch {
	case lk.kept > 1 && lk.plinth == plinthNone:
		floorTone = lk.accentRGB
	case lk.kept > 0:
		floorTone = lk.wallRGB.scale(1.1)
	}
	soft := 0.012 * f.h
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-f.cx-sd*0.25*f.w)/f.w, (y-0.25*f.h)/f.h
		wall := 0.82 + 0.24*exp32(-(dx*dx*2.4+dy*dy*2.4))
		wall -= 0.10 * smoothstep(f.edge-0.16*f.h, f.edge, y) // contact with the floor
		depth := (y - f.edge) / max(f.h-f.edge, 0.01)
		ground := 0.86 + 0.14*smoothstep(0, 0.6, depth)
		return mix(lk.wallRGB.scale(wall), floorTone.scale(ground), smoothstep(f.edge-soft, f.edge+soft, y))
	})
	at := across(f, sd)
	switch lk.plinth {
	case plinthNone:
		c.shows(0, "backdrop", at(-0.97), 0.42*f.h, at(-0.8), 0.52*f.h)
		c.shows(1, "floor", at(-0.97), 0.88*f.h, at(-0.7), 0.98*f.h)
	case plinthBlock:
		c.shows(0, "backdrop", at(-0.97), 0.06*f.h, at(-0.45), 0.4*f.h)
	default:
		c.shows(0, "backdrop", 0.02*f.w, 0.05*f.h, 0.14*f.w, 0.3*f.h)
	}
	if lk.plinth == plinthSteps { // shade of what stands behind
		x, foot := at(stepAt), f.edge+stepFoot*f.h
		c.lit(x-sd*0.2*f.w, foot, 0.22*f.w, 0.03*f.h, rgb{0.74, 0.72, 0.74})
		c.lit(at(ballAt)-sd*0.05*f.w, f.edge+ballFoot*f.h, 0.085*f.w, 0.02*f.h, rgb{0.55, 0.53, 0.55})
	}
}

// Where the box and the ball of the set with steps stand: across the frame, and with
// their feet below the floor's end, as a share of the height.
const (
	stepAt   = -0.52
	stepFoot = 0.07
	ballAt   = 0.7
	ballFoot = 0.085
)

// third is the colour of what is on the wall.
func (s *stage) third(usual rgb) rgb {
	if s.lk.kept > 2 {
		return s.lk.thirdRGB
	}
	return usual
}

// paintWall paints what the minimal set has behind the product.
func (s *stage) paintWall() {
	switch s.lk.plinth {
	case plinthRound:
		s.paintArch(false)
	case plinthLow:
		s.paintArch(true)
	case plinthBlock:
		s.paintSplit()
	case plinthSteps:
		s.paintStep()
		s.paintBall()
	}
}

// paintArch cuts an arched niche into the wall, or hangs a pale disc like a low sun.
func (s *stage) paintArch(disc bool) {
	b, lk := s.b, s.lk
	f := &b.frame
	side := float32(lk.side)
	half := min(0.255*f.w, 0.32)
	cx := f.px
	spring := f.contact - f.boxH*0.72 // where the arch's curve begins
	half = min(half, 0.34*f.h)
	spring = max(spring, half+0.07*f.h) // the curve stays inside wide frames
	if disc {
		half *= 1.05
		spring = max(f.contact-f.boxH*0.62, half+0.07*f.h)
	}
	dist := func(x, y float32) float32 { // signed distance, negative inside
		dx := abs32(x - cx)
		if y < spring || disc {
			return sqrt32(dx*dx+(y-spring)*(y-spring)) - half
		}
		return dx - half
	}
	tintIn := s.third(mix(lk.wallRGB, lk.accentRGB, 0.4*lk.kinship))
	pale := s.third(mix(lk.accentRGB, rgb{1, 1, 1}, 0.15))
	s.paint(cx-half, spring-half, cx+half, f.edge, func(x, y float32) (rgb, float32) {
		cover := s.inside(dist(x, y)) * s.inside(y-f.edge)
		if cover == 0 {
			return rgb{}, 0
		}
		var c rgb
		if disc {
			c = pale.scale(0.98 - 0.12*(y-spring)/half)
		} else {
			// The reveal on the light side shades the niche.
			d := dist(x+side*0.075, y-0.035)
			shade := smoothstep(-0.05-0.05*(1-lk.hardness), 0.03, d)
			c = tintIn.scale(0.86 - 0.06*(y-spring)/f.h - 0.30*shade)
			lip := dist(x, y) * f.unit / 2.5
			c = c.scale(1 + 0.05*exp32(-lip*lip)*max(-side*(x-cx)/half, 0))
		}
		return c.scale(1 - 0.14*smoothstep(f.edge-0.10*f.h, f.edge, y)), cover
	})
	name := "arch"
	if disc {
		name = "disc"
	}
	b.shows(2, name, cx-0.35*half, spring-0.45*half, cx+0.35*half, spring-0.05*half)
}

// paintSplit gives one side of the wall another colour, as a panel that stands a little
// before it.
func (s *stage) paintSplit() {
	b, lk := s.b, s.lk
	f := &b.frame
	side := float32(lk.side)
	x := f.px + side*0.04*f.w
	col := s.third(mix(lk.wallRGB, lk.accentRGB, 0.5*lk.kinship).scale(1.12))
	far := f.cx + side*0.6*f.w
	s.paint(min(x, far)-0.1, 0, max(x, far)+0.1, f.edge, func(px, y float32) (rgb, float32) {
		d := (x - px) * side // negative on the panel
		floor := s.inside(y - f.edge)
		if cover := s.inside(d); cover > 0 {
			c := col.scale(0.96 - 0.10*smoothstep(f.edge-0.16*f.h, f.edge, y))
			rim := d * f.unit / 2
			return c.scale(1 - 0.12*exp32(-rim*rim)), cover * floor
		}
		// its shade on the wall behind it
		return rgb{}, 0.20 * smoothstep(0.05, 0, d) * floor
	})
	at := across(f, side)
	b.shows(2, "panel", at(0.5), 0.08*f.h, at(0.94), 0.36*f.h)
}

// paintStep stands a tall box behind the plinth.
func (s *stage) paintStep() {
	b, lk := s.b, s.lk
	f := &b.frame
	at := across(f, float32(lk.side))
	w := 0.2 * f.w
	foot := f.edge + stepFoot*f.h
	p := podium{cx: at(stepAt), cy: 0.36 * f.h, a: w, b: 0.022 * f.h, square: true}
	p.tall = foot - p.cy - p.b
	s.paintBox(p, s.third(mix(lk.wallRGB, lk.accentRGB, 0.6*lk.kinship)))
	b.shows(2, "box", p.cx-0.8*w, 0.46*f.h, p.cx+0.8*w, 0.58*f.h)
}

// paintBall lays a ball on the floor beside the plinth.
func (s *stage) paintBall() {
	lk := s.lk
	f := &s.b.frame
	side := float32(lk.side)
	at := across(f, side)
	r := 0.085 * min(f.w, f.h)
	cx, cy := at(ballAt), f.edge+ballFoot*f.h-r
	col := s.face(lk.accentRGB)
	s.paint(cx-r, cy-r, cx+r, cy+r, func(x, y float32) (rgb, float32) {
		dx, dy := (x-cx)/r, (y-cy)/r
		d := sqrt32(dx*dx + dy*dy)
		z := sqrt32(max(1-d*d, 0))
		lambert := max(0.5*dx*side-0.55*dy+0.6*z, 0)
		bounce := 0.10 * clamp01(dy)
		return col.scale(0.40 + 0.58*lambert + bounce), s.inside((d - 1) * r)
	})
}
