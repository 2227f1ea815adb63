package scene

// paintCove is a paper sweep: wall and floor are one sheet, told apart only by
// how they face the light.
func paintCove(c *canvas, lk *look, f *frame, sd float32, _ *rng) {
	bend := 0.13 * f.h
	c.fill(func(x, y float32) rgb {
		floor := smoothstep(f.edge-bend, f.edge+bend, y)
		dx, dy := (x-f.cx)/f.w, (y-0.36*f.h)/f.h
		pool := exp32(-(dx*dx*2.2 + dy*dy*3.2))
		wall := 0.74 + 0.30*pool
		depth := (y - f.edge) / max(f.h-f.edge, 0.01)
		fx := (x - f.cx) / f.w
		ground := 0.93 + 0.10*exp32(-((depth-0.42)*(depth-0.42)*5+fx*fx*3)) - 0.05*max(depth-0.5, 0)
		k := wall + (ground-wall)*floor
		// The bend sees less of the room, so it is slightly darker.
		g := (y - f.edge) / (bend * 0.9)
		k -= 0.035 * exp32(-g*g)
		return lk.wallRGB.scale(k)
	})
	if lk.gobo == goboNone {
		c.shows(0, "backdrop", 0.2*f.w, 0.06*f.h, 0.8*f.w, 0.24*f.h)
		return
	}
	at := across(f, sd) // beside the pattern of light
	c.shows(0, "backdrop", at(-0.98), 0.5*f.h, at(-0.8), 0.6*f.h)
}

// paintCorner is a corner of two walls and a table, all of one colour.
func paintCorner(c *canvas, lk *look, f *frame, sd float32, _ *rng) {
	soft := 0.004 * f.h
	corner := f.cx + sd*0.27*f.w
	c.fill(func(x, y float32) rgb {
		// which wall: the one on the light's side sees it at a flat angle
		shaded := smoothstep(-0.006, 0.006, (x-corner)*sd)
		t := (x - corner) * sd / f.w
		back := 0.90 + 0.10*exp32(-(t+0.3)*(t+0.3)*5) - 0.06*smoothstep(0.16, 0, -t)
		side := 0.70 + 0.16*smoothstep(0, 0.3, t)
		wall := back + (side-back)*shaded
		wall -= 0.08 * smoothstep(f.edge-0.2*f.h, f.edge, y)
		depth := clamp01((y - f.edge) / max(f.h-f.edge, 0.01))
		fx := (x - f.cx) / f.w
		ground := 0.98 + 0.07*exp32(-((depth-0.5)*(depth-0.5)*5+fx*fx*3)) - 0.1*smoothstep(0.12, 0, depth)
		return lk.wallRGB.scale(wall + (ground-wall)*smoothstep(f.edge-soft, f.edge+soft, y))
	})
	at := across(f, sd)
	c.shows(0, "backdrop", at(-0.85), 0.06*f.h, at(0.2), 0.26*f.h)
}

// paintPool is a sweep in a dim room with a pool of light on it.
func paintPool(c *canvas, lk *look, f *frame, sd float32, _ *rng) {
	bend := 0.10 * f.h
	cx := f.cx + sd*0.05*f.w
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-cx)/f.w, (y-0.42*f.h)/f.h
		d := sqrt32(dx*dx + dy*dy*0.9)
		wall := 0.50 + 0.56*smoothstep(0.56, 0.1, d)
		fx, fy := (x-cx)/f.w, (y-0.9*f.h)/f.h
		ground := 0.56 + 0.46*smoothstep(0.66, 0.05, sqrt32(fx*fx+fy*fy*5))
		k := wall + (ground-wall)*smoothstep(f.edge-bend, f.edge+bend, y)
		g := (y - f.edge) / bend
		return lk.wallRGB.scale(k - 0.03*exp32(-g*g))
	})
	c.shows(0, "backdrop", 0.36*f.w, 0.26*f.h, 0.64*f.w, 0.46*f.h)
}

// paintRoll is a roll of paper that hangs in a studio, narrower than the frame.
func paintRoll(c *canvas, lk *look, f *frame, sd float32, _ *rng) {
	room := lch{0.60, 0.008, 80 * deg}.rgb()
	if lk.tinted {
		room = lk.accentRGB
	}
	half, bend := 0.39*f.w, 0.11*f.h
	c.fill(func(x, y float32) rgb {
		// the sheet comes towards the camera and so grows wider
		t := max(y-f.edge+0.4*bend, 0) / f.h
		d := abs32(x-f.cx) - half*(1+1.5*t)
		depth := (y - f.edge) / max(f.h-f.edge, 0.01)
		floor := smoothstep(f.edge-bend, f.edge+bend, y)
		fx, fy := (x-f.cx)/f.w, (y-0.3*f.h)/f.h
		wall := 0.86 + 0.14*exp32(-(fx*fx*3+fy*fy*3))
		ground := 0.95 + 0.07*exp32(-(depth-0.5)*(depth-0.5)*4)
		g := (y - f.edge) / bend
		sheet := lk.wallRGB.scale(wall + (ground-wall)*floor - 0.035*exp32(-g*g))
		behind := room.scale((0.62 - 0.25*smoothstep(f.edge-0.03*f.h, f.edge+0.02*f.h, y) + 0.3*clamp01(depth)) * (1 - 0.35*smoothstep(0.06, 0, d)))
		return mix(sheet, behind, smoothstep(-0.0025, 0.0025, d))
	})
	c.shows(0, "backdrop", f.cx-0.3*f.w, 0.06*f.h, f.cx+0.3*f.w, 0.24*f.h)
	if lk.tinted {
		c.shows(1, "wall", 0.01*f.w, 0.05*f.h, f.cx-half-0.035*f.w, 0.4*f.h)
	}
}
