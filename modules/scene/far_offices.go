package scene

// paintPrints is a wall with framed prints close behind a desk with a lamp.
func paintPrints(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.7, 0.22)
	c.shows(0, "wall", at(0.46), 0.02*f.h, at(0.96), 0.13*f.h)
	inks := []rgb{mix(hex(0x4b5a63), lk.accentRGB, 0.3), mix(hex(0xb08a63), lk.accentRGB, 0.6), hex(0x6d7b70)}
	for i, t := range []float32{-0.9, -0.44, 0.02} {
		framed(c, at(t), 0.12*f.h+0.02*f.h*float32(i&1), at(t+0.36), 0.36*f.h+0.03*f.h*float32(i&1), hex(0x2f2c29), hex(0xf3f0ea), inks[i], sd)
	}
	foot := f.edge + 0.02
	// a task lamp
	x := at(0.7)
	steel := hex(0x4a4a48)
	c.leaf(x, foot-0.012*f.h, 0.075*f.w, 0.014*f.h, 0, steel, 1)
	const steps = 40
	for i := range steps {
		t := float32(i) / steps
		c.disc(x+sd*0.09*f.w*sin32(3.1416*t), foot-0.36*f.h*t, 0.0045, steel, 1)
	}
	c.turned(x-sd*0.03*f.w, foot-0.44*f.h, foot-0.34*f.h, 0.1*f.w, func(t float32) float32 { return 0.35 + 0.65*t }, lk.accentRGB, sd)
	c.leaf(x-sd*0.03*f.w, foot-0.338*f.h, 0.09*f.w, 0.012*f.h, 0, rgb{1.7, 1.5, 1.15}, 1)
	c.lit(x-sd*0.05*f.w, foot-0.2*f.h, 0.2*f.w, 0.2*f.h, rgb{1.22, 1.17, 1.05})
	// a box and books
	c.block(at(-0.94), foot-0.15*f.h, at(-0.56), foot, lk.accentRGB, sd)
	c.shows(1, "box", at(-0.94), foot-0.15*f.h, at(-0.56), foot-0.03*f.h)
	books(c, f, r, at(-0.54), at(-0.24), foot, 0.1*f.h, 0.15*f.h, []rgb{hex(0xd9d2c4), hex(0x50606b), hex(0xb79f7c), hex(0x8b4f3d), hex(0xeee8dc)})
	c.block(at(0.24), foot-0.1*f.h, at(0.46), foot, lk.thirdRGB, sd)
	c.shows(2, "pot", at(0.24), foot-0.1*f.h, at(0.46), foot-0.02*f.h)
	plant(c, at(0.35), foot-0.1*f.h, 0.1, hex(0x647d5a), r, 40)
}

// paintBlinds is a wide window with blinds, and a low cupboard with plants.
func paintBlinds(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.66, 0.2)
	sill := 0.44 * f.h
	sky := func(y float32) rgb { return mix(rgb{1.35, 1.5, 1.68}, rgb{1.5, 1.52, 1.5}, y/sill) }
	c.each(-0.1, -0.1, f.w+0.1, sill, func(i int, _, v float32) { c.blend(i, sky(v*sill), 1) })
	for range 12 { // the houses opposite
		x, w, h := r.between(-0.1, 1)*f.w, r.between(0.06, 0.16)*f.w, r.between(0.06, 0.24)*f.h
		c.block(x, sill-h, x+w, sill, mix(rgb{0.75, 0.85, 0.95}, rgb{1.1, 1.15, 1.2}, r.float()), sd)
	}
	for y := float32(0.004); y < 0.31*f.h; y += 0.026 { // the slats
		c.fade(-0.1, y, f.w+0.1, y+0.017, hex(0xf2efe9).scale(0.98), hex(0xd5d3cf).scale(0.8), 0.94)
	}
	for _, t := range []float32{-0.62, 0.06, 0.72} {
		c.block(at(t)-0.004, -0.1, at(t)+0.004, 0.32*f.h, hex(0xded9d0), sd)
	}
	c.block(-0.1, 0.31*f.h, f.w+0.1, 0.322*f.h, hex(0xe8e4dc), sd)
	for _, t := range []float32{-0.28, 0.46} {
		c.block(at(t)-0.012, -0.1, at(t)+0.012, sill, hex(0x7d858b), sd)
	}
	c.block(-0.1, sill, f.w+0.1, sill+0.022*f.h, hex(0xf4f2ee), sd)
	c.shows(0, "wall", at(-0.14), sill+0.03*f.h, at(0.26), f.edge-0.01)
	for i, t := range []float32{-0.7, 0.6} {
		x := at(t)
		col := []rgb{lk.accentRGB, lk.thirdRGB}[i]
		plant(c, x, sill+0.01*f.h, 0.14, hex(0x5d7a58), r, 60)
		c.block(x-0.1*f.w, sill+0.0*f.h, x+0.1*f.w, sill+0.17*f.h, col, sd)
		c.shows(1+i, "planter", x-0.1*f.w, sill, x+0.1*f.w, sill+0.17*f.h)
	}
	c.lit(f.cx, 0.6*f.h, 0.7*f.w, 0.2*f.h, rgb{0.9, 0.92, 0.95})
}

// paintLoft is a painted brick wall with a steel window and lamps.
func paintLoft(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	lamp := at(0.9)
	const w, h, joint = 0.092, 0.032, 0.004
	tones := make([]float32, 1024)
	for i := range tones {
		tones[i] = r.between(0.88, 1.05)
	}
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-lamp)/f.w, (y-0.3*f.h)/f.h
		k := 0.5 + 0.36*exp32(-dx*dx*1.3-dy*dy)
		v := (y + 0.5) / h
		j := int(v)
		u := (x+0.5)/w + 0.5*float32(j&1)
		i := int(u)
		if (u-float32(i))*w < joint || (v-float32(j))*h < joint {
			return lk.wallRGB.scale(k * 0.78)
		}
		return lk.wallRGB.scale(k * tones[(i*53+j*131)&1023])
	})
	c.shows(0, "wall", at(-0.4), 0.26*f.h, at(0.02), 0.5*f.h)
	steel := hex(0x2c2f31)
	x0, x1, sill := at(0.36), at(1.2), 0.47*f.h
	c.fade(x0, -0.1, x1, sill, rgb{1.4, 1.5, 1.6}, rgb{1.45, 1.45, 1.4}, 1)
	for range 9 {
		x, hh := x0+(x1-x0)*r.float(), r.between(0.1, 0.26)*f.h
		c.block(x-0.04, sill-hh, x+0.04, sill, mix(rgb{0.7, 0.76, 0.8}, rgb{1.05, 1.1, 1.1}, r.float()), sd)
	}
	for i := range 4 {
		x := x0 + (x1-x0)*float32(i)/3
		c.block(x-0.007, -0.1, x+0.007, sill, steel, sd)
	}
	for _, y := range []float32{0.1, 0.285, 0.47} {
		c.block(x0, y*f.h-0.006, x1, y*f.h+0.006, steel, sd)
	}
	// shelves of steel and wood
	for _, y := range []float32{0.2, 0.4} {
		books(c, f, r, at(-1.05), at(-0.62), y*f.h, 0.07*f.h, 0.12*f.h, []rgb{hex(0xd6cbb9), hex(0x44525a), hex(0x9a6c4a), hex(0x6f7569), hex(0xe5ddcf)})
		c.block(at(-1.1), y*f.h, at(-0.46), y*f.h+0.016, hex(0x7b5535), sd)
		c.block(at(-0.47)-0.003, y*f.h-0.02, at(-0.47)+0.003, y*f.h+0.05, steel, sd)
	}
	c.turned(at(-0.54), 0.33*f.h, 0.4*f.h, 0.028*f.w, vase, hex(0xc9bda9), sd)
	// hanging lamps
	for _, t := range []float32{-0.28, 0.14} {
		x := at(t)
		c.block(x-0.002, -0.1, x+0.002, 0.07*f.h, steel, sd)
		c.turned(x, 0.06*f.h, 0.13*f.h, 0.06*f.w, func(t float32) float32 { return 0.3 + 0.7*t*t }, mix(lk.accentRGB, steel, 0.5), sd)
		c.leaf(x, 0.131*f.h, 0.046*f.w, 0.008*f.h, 0, rgb{2.6, 2.1, 1.4}, 1)
	}
	// a cupboard and a chair
	c.block(at(-1.1), 0.56*f.h, at(-0.44), f.edge+0.1, lk.accentRGB, sd)
	c.shows(1, "cupboard", at(-0.98), 0.56*f.h, at(-0.48), f.edge-0.004)
	c.block(at(0.34), 0.56*f.h, at(0.72), f.edge+0.1, lk.thirdRGB.scale(0.9), sd)
	c.leaf(at(0.53), 0.56*f.h, 0.095*f.w, 0.025*f.h, 0, lk.thirdRGB.scale(0.92), 1)
	c.shows(2, "chair", at(0.36), 0.565*f.h, at(0.7), f.edge-0.004)
}

// paintPanels is a meeting room: felt panels, a door of glass and a line of light.
func paintPanels(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	lamp := at(0.5)
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-lamp)/f.w, (y-0.15*f.h)/f.h
		return lk.wallRGB.scale(0.6 + 0.36*exp32(-dx*dx*1.6-dy*dy*1.2))
	})
	const step = 0.28
	for t := float32(-1.05); t < 0.42; t += step {
		x := at(t)
		c.fade(x-0.004, -0.1, x+0.004, f.edge+0.1, lk.wallRGB.scale(0.36), lk.wallRGB.scale(0.3), 0.9)
		c.fade(x+0.004*sd, -0.1, x+0.012*sd, f.edge+0.1, lk.wallRGB.scale(1.05), lk.wallRGB.scale(0.9), 0.4)
	}
	c.shows(0, "panels", at(-0.76), 0.14*f.h, at(-0.5), 0.44*f.h)
	// glass and the corridor behind it
	x0, x1 := at(0.46), at(1.2)
	c.fade(x0, -0.1, x1, f.edge+0.1, rgb{1.12, 1.16, 1.2}, rgb{0.62, 0.64, 0.66}, 1)
	c.fade(at(0.7), 0.1*f.h, at(0.94), f.edge, rgb{0.72, 0.76, 0.8}, rgb{0.5, 0.5, 0.5}, 0.7)
	for _, t := range []float32{0.46, 0.8, 1.14} {
		c.block(at(t)-0.009, -0.1, at(t)+0.009, f.edge+0.1, hex(0x25282b), sd)
	}
	c.block(x0, 0.36*f.h, x1, 0.372*f.h, hex(0x25282b), sd)
	// a line of light
	c.block(at(-0.82), 0.055*f.h, at(0.3), 0.072*f.h, rgb{2.6, 2.5, 2.3}, sd)
	c.lit(at(-0.26), 0.065*f.h, 0.34*f.w, 0.09*f.h, rgb{1.35, 1.34, 1.3})
	// chairs and a plant
	for i, t := range []float32{-0.7, 0.28} {
		x := at(t)
		col := []rgb{lk.accentRGB, lk.thirdRGB}[i]
		c.block(x-0.13*f.w, 0.5*f.h, x+0.13*f.w, f.edge+0.1, col, sd)
		c.leaf(x, 0.5*f.h, 0.13*f.w, 0.035*f.h, 0, col.scale(1.03), 1)
		c.shows(1+i, "chair", x-0.12*f.w, 0.5*f.h, x+0.12*f.w, f.edge-0.004)
	}
	plant(c, at(-0.24), 0.5*f.h, 0.13, hex(0x58725a), r, 54)
	c.turned(at(-0.24), 0.52*f.h, f.edge+0.08, 0.06*f.w, func(t float32) float32 { return 1 - 0.25*t }, hex(0xc9c3b8), sd)
}
