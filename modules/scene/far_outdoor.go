package scene

// brandTint is how far a place follows the set's wall colour.
func brandTint(lk *look) rgb {
	if lk.kept > 0 { // the surface has the brand's colour
		return rgb{1, 1, 1}
	}
	return mix(rgb{1, 1, 1}, lk.wallRGB.scale(1/max(lk.wallRGB.luma(), 0.02)), 0.12)
}

// sky is a gradient from the top to a row, brighter towards the sun.
func sky(c *canvas, f *frame, sun, to float32, top, low rgb, warm rgb) {
	c.fill(func(x, y float32) rgb {
		t := smoothstep(0, to, y)
		dx, dy := (x-sun)/f.w, (y-0.75*to)/f.h
		return mix(top, low, t).plus(warm.scale(exp32(-(dx*dx*3 + dy*dy*5))))
	})
}

// ridge paints a line of hills or trees down to a row; rough is how uneven it is.
func ridge(c *canvas, f *frame, r *rng, at, height, rough, to float32, col rgb) {
	n := 9
	tops := make([]float32, n+1)
	for i := range tops {
		tops[i] = at - height*r.between(0.25, 1)
	}
	const steps = 90
	for i := range steps {
		x := float32(i) / steps * 1.02
		p := x * float32(n) * 0.98
		k := min(int(p), n-1)
		t := p - float32(k)
		t = t * t * (3 - 2*t)
		top := tops[k]*(1-t) + tops[k+1]*t - rough*r.float()
		c.rect(x*f.w, top, (x+1.2/steps)*f.w, to, col, 1)
	}
}

// foliage scatters leaves in a band.
func foliage(c *canvas, f *frame, r *rng, n int, size, lo, hi float32, cols []rgb, light func(x, y float32) float32) {
	for range n {
		x, y := r.between(-0.05, 1.05)*f.w, r.between(lo, hi)*f.h
		col := cols[r.int(len(cols))].scale(light(x, y) * r.between(0.75, 1.25))
		c.leaf(x, y, size*r.between(0.6, 1.4), size*r.between(0.3, 0.6), r.between(0, 3.1), col, r.between(0.6, 1))
	}
}

// bokeh scatters points of light, which the lens turns into discs.
func bokeh(c *canvas, f *frame, r *rng, n int, cx, spread, lo, hi float32, col rgb) {
	for range n {
		x, y := cx+(r.float()+r.float()-1)*f.w*spread, r.between(lo, hi)*f.h
		c.disc(x, y, r.between(0.003, 0.008), col.scale(r.between(0.2, 1)), 1)
	}
}

// paintGarden is a hedge in soft morning light.
func paintGarden(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.36*f.w, brandTint(lk)
	sky(c, f, sun, 0.7*f.h, hex(0x5d7a58).times(tint), hex(0x83946f).times(tint), rgb{0.55, 0.5, 0.36})
	greens := []rgb{hex(0x48653f), hex(0x5f7f52), hex(0x7f9a6c), hex(0x3a5538), hex(0x93a67d)}
	for i := range greens {
		greens[i] = greens[i].times(tint)
	}
	light := func(x, y float32) float32 {
		dx, dy := (x-sun)/f.w, y/f.h
		return 0.5 + 0.8*exp32(-(dx*dx*3+dy*dy*2.5))
	}
	foliage(c, f, r, 420, 0.035, 0, 0.75, greens, light)
	foliage(c, f, r, 150, 0.06, 0.15, 0.75, greens, func(x, y float32) float32 { return 0.75 * light(x, y) })
	bokeh(c, f, r, 46, sun, 0.8, 0.02, 0.42, rgb{3.4, 3.2, 2.5})
	foliage(c, f, r, 60, 0.07, 0.42, 0.8, greens, func(x, y float32) float32 { return 0.45 })
}

// paintMeadow is tall grass before hills in the evening.
func paintMeadow(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.3*f.w, brandTint(lk)
	sky(c, f, sun, 0.5*f.h, hex(0x9db4c6), hex(0xf0dcc0), rgb{0.75, 0.5, 0.25})
	ridge(c, f, r, 0.44*f.h, 0.10*f.h, 0.004, 0.9*f.h, hex(0x93a3a6).times(tint))
	ridge(c, f, r, 0.50*f.h, 0.08*f.h, 0.008, 0.9*f.h, hex(0x7d8f78).times(tint))
	grass := []rgb{hex(0xb59f62), hex(0x98914f), hex(0x7c8046), hex(0xcbb67c)}
	for range 700 {
		y := r.float()
		x := r.between(-0.05, 1.05) * f.w
		dx := (x - sun) / f.w
		c.leaf(x, (0.5+0.3*y)*f.h, 0.004, r.between(0.03, 0.09), r.between(-0.35, 0.35), grass[r.int(4)].times(tint).scale((0.65+0.8*exp32(-dx*dx*4))*r.between(0.7, 1.2)), 0.8)
	}
	bokeh(c, f, r, 26, sun, 0.6, 0.46, 0.62, rgb{3.2, 2.6, 1.6})
	c.glow(sun, 0.36*f.h, 0.3*f.w, 0.16*f.h, rgb{0.35, 0.24, 0.1})
}

// paintTerrace is a plastered wall with a vine and the shade of a pergola.
func paintTerrace(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	tint := brandTint(lk)
	wall := hex(0xd9c9b2).times(tint)
	tilt := r.between(0.25, 0.45) * -sd
	c.fill(func(x, y float32) rgb {
		k := 0.78 + 0.25*smoothstep(0, 1, 0.5+sd*(x-f.cx)/f.w)
		p := (x + y*tilt) * 7 / f.w
		p -= float32(int(p+8)) - 8
		stripe := smoothstep(0.42, 0.5, p) * smoothstep(0.98, 0.9, p)
		return wall.scale(k * (1 - 0.30*stripe)).times(mix(rgb{1, 1, 1}, rgb{0.9, 0.96, 1.05}, stripe))
	})
	side := -sd
	leaves := []rgb{hex(0x55704a), hex(0x6f8a5c), hex(0x41593c), hex(0x8aa072)}
	for range 260 {
		t := r.float()
		x := f.cx + side*(0.5-0.32*r.float()*r.float())*f.w
		c.leaf(x, t*0.72*f.h, r.between(0.014, 0.04), r.between(0.01, 0.024), r.between(0, 3.1), leaves[r.int(4)].scale(r.between(0.6, 1.25)), 0.9)
	}
	// a terracotta pot at the other side
	px := f.cx + sd*r.between(0.30, 0.42)*f.w
	c.rect(px-0.06*f.w, 0.5*f.h, px+0.06*f.w, 0.72*f.h, hex(0xa7654a), 1)
	for range 60 {
		c.leaf(px+r.between(-0.11, 0.11)*f.w, r.between(0.34, 0.53)*f.h, r.between(0.02, 0.05), 0.012, r.between(0, 3.1), leaves[r.int(4)].scale(r.between(0.7, 1.3)), 0.9)
	}
}

// paintSea is water under a clear sky, with a headland.
func paintSea(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.28*f.w, brandTint(lk)
	line := r.between(0.36, 0.44) * f.h
	sky(c, f, sun, line, hex(0x8fb4d2), hex(0xe4ebe8), rgb{0.3, 0.26, 0.18})
	ridge(c, f, r, line, 0.09*f.h, 0.002, line, hex(0x8d9f9c).times(tint))
	for y := line; y < 0.85*f.h; y += 0.004 {
		t := (y - line) / (0.85*f.h - line)
		c.rect(0, y, f.w, y+0.005, mix(hex(0x7ea6b4), hex(0x3f7484), t).times(tint), 1)
	}
	for range 260 {
		t := r.float() * r.float()
		y := line + t*(0.7*f.h-line)
		dx := r.float() + r.float() - 1
		c.leaf(sun+dx*f.w*(0.12+0.5*t), y, r.between(0.004, 0.02)*(0.4+t), 0.0012+0.002*t, 0, rgb{2.2, 2.1, 1.8}.scale(r.between(0.3, 1)), 0.8)
	}
}

// paintPark is a lawn with trees, in the shade of one of them.
func paintPark(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.3*f.w, brandTint(lk)
	sky(c, f, sun, 0.4*f.h, hex(0xc9d8dc), hex(0xe6e6d6), rgb{0.25, 0.22, 0.15})
	ridge(c, f, r, 0.36*f.h, 0.16*f.h, 0.03, 0.9*f.h, hex(0x7f9678).times(tint))
	lawn := hex(0x94a382).times(tint)
	for y := 0.40 * f.h; y < 0.85*f.h; y += 0.004 {
		c.rect(0, y, f.w, y+0.005, lawn.scale(1.15-0.5*(y/f.h-0.4)), 1)
	}
	for range 3 + r.int(3) {
		x, h := r.between(0, 1)*f.w, r.between(0.16, 0.3)
		col := hex(0x5d7656).times(tint).scale(r.between(0.8, 1.2))
		foot := (0.40 + 0.16*h) * f.h
		c.leaf(x-sd*0.12, foot, 0.6*h, 0.014, 0, hex(0x5f7150).times(tint), 0.75) // its shade on the lawn
		c.rect(x-0.06*h, 0.2*f.h, x+0.06*h, foot+0.004, hex(0x463a30), 1)
		for range 70 {
			a, d := r.between(0, 6.28), sqrt32(r.float())*h
			dy := sin32(a) * d * 0.42
			c.leaf(x+cos32(a)*d*0.55, 0.2*f.h+dy, 0.035, 0.026, r.between(0, 3.1), col.scale(r.between(0.8, 1.15)*(1-1.3*dy/h*0.5)), 0.95)
		}
	}
	shade := []rgb{hex(0x3f5640), hex(0x50694c), hex(0x67805d)}
	for range 150 { // the near tree's branches, above
		x := f.cx + -sd*r.between(-0.1, 0.55)*f.w
		c.leaf(x, r.float()*r.float()*0.3*f.h, r.between(0.02, 0.05), r.between(0.01, 0.025), r.between(0, 3.1), shade[r.int(3)].scale(r.between(0.7, 1.2)), 0.9)
	}
	bokeh(c, f, r, 24, f.cx-sd*0.2*f.w, 0.5, 0, 0.2, rgb{2.6, 2.6, 2.2})
}
