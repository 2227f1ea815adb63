package scene

// paintTiledWall is a wall of tiles close behind a worktop, with a rail of tools.
func paintTiledWall(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	lamp := at(0.8)
	const w, h, joint = 0.052, 0.105, 0.0035
	glaze := make([]float32, 1024)
	for i := range glaze {
		glaze[i] = r.between(0.93, 1.03)
	}
	grout := mix(lk.wallRGB, rgb{0.8, 0.78, 0.75}, 0.5).scale(0.86)
	if lk.kept > 0 {
		grout = lk.wallRGB.scale(0.8)
	}
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-lamp)/f.w, (y-0.25*f.h)/f.h
		k := 0.62 + 0.3*exp32(-dx*dx*1.2-dy*dy)
		u, v := (x+0.5)/w, (y+0.5)/h
		i, j := int(u), int(v)
		u, v = (u-float32(i))*w, (v-float32(j))*h
		if u < joint || v < joint {
			return grout.scale(k)
		}
		shine := smoothstep(0.012, 0, abs32(u-w*(0.5+0.3*sd))) * 0.07 // a glazed tile is a little curved
		return lk.wallRGB.scale(k * (glaze[(i*37+j*101)&1023] + shine))
	})
	c.shows(0, "tiles", at(-0.96), 0.03*f.h, at(-0.5), 0.14*f.h)
	rail := 0.2 * f.h
	metal := hex(0xa98c63)
	c.fade(-0.1, rail+0.012, f.w+0.1, rail+0.02, rgb{0, 0, 0}, rgb{0, 0, 0}, 0.14)
	c.block(-0.1, rail, f.w+0.1, rail+0.01, metal, sd)
	for i, t := range []float32{-0.78, -0.58, 0.46, 0.62, 0.82} {
		x, l := at(t), r.between(0.13, 0.19)*f.h
		col := []rgb{hex(0x9b7550), hex(0x6f6a63), hex(0x8d6a49), hex(0xb5aa9b), hex(0x7a5e43)}[i]
		c.fade(x-0.016*sd, rail+0.02, x-0.006*sd, rail+l, rgb{0, 0, 0}, rgb{0, 0, 0}, 0.12)
		c.block(x-0.006, rail+0.008, x+0.006, rail+l, col, sd)
		c.leaf(x, rail+l+0.02, 0.022+0.008*float32(i%2), 0.032, 0, col, 1)
	}
	foot := f.edge + 0.03
	board := hex(0xb88a5b)
	c.block(at(-0.96), foot-0.32*f.h, at(-0.66), foot, board, sd)
	c.leaf((at(-0.96)+at(-0.66))/2, foot-0.32*f.h, 0.075*f.w, 0.02*f.h, 0, board.scale(1.05), 1)
	c.block(at(-0.72), foot-0.21*f.h, at(-0.4), foot, lk.accentRGB, sd)
	c.leaf((at(-0.72)+at(-0.4))/2, foot-0.21*f.h, 0.082*f.w, 0.014*f.h, 0, mix(hex(0xb88a5b), lk.accentRGB, 0.2), 1)
	c.shows(1, "canister", at(-0.72), foot-0.19*f.h, at(-0.4), foot-0.03*f.h)
	c.turned(at(0.76), foot-0.17*f.h, foot, 0.12*f.w, bowl, lk.thirdRGB, sd)
	c.shows(2, "bowl", at(0.72), foot-0.156*f.h, at(0.94), foot-0.055*f.h)
	for i := range 5 {
		c.disc(at(0.62+0.07*float32(i)), foot-0.18*f.h-0.01*float32(i&1), 0.03, []rgb{hex(0xc9a24a), hex(0xb98a3e), hex(0xd0b062)}[i%3], 1)
	}
}

// paintCabinets are fronts with frames, an extractor hood and a lit worktop.
func paintCabinets(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	stone := hex(0xe4e0d8)
	lamp := at(0.5)
	c.fill(func(x, y float32) rgb {
		dx := (x - lamp) / f.w
		return stone.scale(0.68 + 0.22*exp32(-dx*dx*1.5))
	})
	low := 0.33 * f.h
	front := func(x0, x1, y0, y1 float32) {
		if x0 > x1 {
			x0, x1 = x1, x0
		}
		c.block(x0, y0, x1, y1, lk.wallRGB.scale(0.8), sd)
		c.fade(x0+0.022, y0+0.022, x1-0.022, y1-0.022, lk.wallRGB.scale(0.7), lk.wallRGB.scale(0.74), 1)
		c.block(x0+0.027, y0+0.029, x1-0.025, y1-0.025, lk.wallRGB.scale(0.78), sd)
		c.fade(x1-0.002, y0, x1+0.003, y1, rgb{0.03, 0.03, 0.03}, rgb{0.03, 0.03, 0.03}, 0.8)
		c.block(x1-0.016, y1-0.07, x1-0.011, y1-0.025, hex(0xb89a68), sd)
	}
	for _, t := range []float32{-1.2, -0.88, -0.56, 0.44, 0.76, 1.08} {
		front(at(t), at(t+0.32), -0.05*f.h, low)
	}
	c.shows(0, "cabinets", at(-0.54), -0.02*f.h, at(-0.26), low-0.03*f.h)
	// the light below them
	for _, t := range []float32{-0.72, 0.88} {
		c.fade(at(t-0.5), low, at(t+0.5), low+0.07*f.h, rgb{1.1, 1, 0.82}, rgb{0.9, 0.84, 0.74}, 0.35)
	}
	// the hood
	x := at(0.1)
	hood := hex(0xf0ece4)
	c.block(x-0.09*f.w, -0.1, x+0.09*f.w, 0.2*f.h, hood.scale(0.9), sd)
	c.turned(x, 0.1*f.h, 0.29*f.h, 0.17*f.w, func(t float32) float32 { return 0.5 + 0.5*t*t }, hood, sd)
	c.block(x-0.18*f.w, 0.285*f.h, x+0.18*f.w, 0.315*f.h, hex(0xb89a68).scale(0.9), sd)
	// what stands on the range and beside it
	foot := f.edge + 0.02
	c.turned(x, foot-0.1*f.h, foot, 0.085*f.w, func(t float32) float32 { return min(0.8+t, 1) }, hex(0x3d4347), sd)
	c.block(x-0.11*f.w, foot-0.085*f.h, x+0.11*f.w, foot-0.075*f.h, hex(0x30353a), sd)
	c.block(at(-0.92), foot-0.19*f.h, at(-0.6), foot, lk.accentRGB, sd)
	c.shows(1, "canister", at(-0.92), foot-0.19*f.h, at(-0.6), foot-0.03*f.h)
	c.turned(at(-0.44), foot-0.15*f.h, foot, 0.045*f.w, vase, hex(0xd5cec0), sd)
	c.block(at(0.62), foot-0.17*f.h, at(0.9), foot, lk.thirdRGB, sd)
	c.shows(2, "crock", at(0.62), foot-0.17*f.h, at(0.9), foot-0.03*f.h)
	for range 6 {
		x := at(r.between(0.66, 0.86))
		c.block(x-0.005, foot-r.between(0.24, 0.3)*f.h, x+0.005, foot-0.17*f.h, hex(0xa27b55), sd)
	}
}

// paintBreakfast is a corner with a wide window, café curtains and a chair.
func paintBreakfast(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.7, 0.24)
	c.shows(0, "wall", at(-0.96), 0.04*f.h, at(-0.46), 0.26*f.h)
	x0, x1, top, sill := at(-0.26), at(1.1), 0.03*f.h, 0.45*f.h
	c.block(x0-0.028*sd, top-0.03, x1, sill+0.03, hex(0xf6f3ec), sd)
	daylight(c, x0, top, x1, sill, rgb{1.6, 1.66, 1.7}, hex(0xece8de), 4, 1, r, 1)
	rod := top + (sill-top)*0.46
	c.folds(x0, rod, x1, sill, rgb{1.02, 0.99, 0.92}, 15, 0.2, 0.82)
	c.block(x0, rod-0.006, x1, rod+0.003, hex(0xb29160), sd)
	c.block(x0-0.04*sd, sill, x1, sill+0.02*f.h, hex(0xf8f6f0), sd)
	// a board with plates
	y := 0.40 * f.h
	for i, t := range []float32{-0.88, -0.72, -0.56} {
		c.leaf(at(t), y-0.058*f.h, 0.034*f.w, 0.058*f.h, 0, []rgb{hex(0xefe9dc), lk.thirdRGB, hex(0xcfc3ad)}[i].scale(0.92), 1)
	}
	c.block(at(-0.98), y, at(-0.44), y+0.014*f.h, hex(0xa87f55), sd)
	// chairs
	for i, t := range []float32{-0.66, 0.64} {
		x, w := at(t), 0.125*f.w
		c.block(x-w, 0.445*f.h, x+w, f.edge+0.05, lk.accentRGB.scale(0.95), sd)
		c.leaf(x, 0.448*f.h, w, 0.022*f.h, 0, lk.accentRGB.scale(0.98), 1)
		if i == 0 {
			c.shows(1, "chair", x-w, 0.445*f.h, x+w, f.edge-0.004)
		}
	}
	x := at(0.2)
	c.block(x-0.06*f.w, sill-0.12*f.h, x+0.06*f.w, sill+0.005*f.h, lk.thirdRGB, sd)
	c.shows(2, "pot", x-0.06*f.w, sill-0.1*f.h, x+0.06*f.w, sill+0.01*f.h)
	plant(c, x, sill-0.15*f.h, 0.07, hex(0x6d8a55), r, 30)
}

// paintDarkKitchen are tall dark fronts around a lit niche.
func paintDarkKitchen(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	lamp := at(0.9)
	c.fill(func(x, y float32) rgb {
		dx := (x - lamp) / f.w
		return lk.wallRGB.scale((0.62 + 0.4*exp32(-dx*dx*1.4)) * (1.04 - 0.12*y/f.h))
	})
	for _, t := range []float32{-0.98, -0.42, 0.66} { // the fronts' gaps
		c.fade(at(t)-0.003, -0.1, at(t)+0.003, f.edge+0.1, lk.wallRGB.scale(0.2), lk.wallRGB.scale(0.15), 1)
		c.fade(at(t)+0.003, -0.1, at(t)+0.007, f.edge+0.1, lk.wallRGB.scale(1.15), lk.wallRGB, 0.6)
	}
	c.block(at(-0.48)-0.004, 0.3*f.h, at(-0.48)+0.004, 0.56*f.h, hex(0xb08c57), sd)
	c.block(at(0.72)-0.004, 0.3*f.h, at(0.72)+0.004, 0.56*f.h, hex(0xb08c57), sd)
	c.shows(0, "cabinets", at(-0.95), 0.06*f.h, at(-0.54), 0.5*f.h)
	// the niche
	x0, x1, top := at(-0.38), at(0.62), 0.16*f.h
	warm := hex(0xcdb08a)
	c.fade(x0, top, x1, f.edge+0.1, warm.scale(0.95), warm.scale(0.55), 1)
	c.fade(x0, top, x1, top+0.02, rgb{1.9, 1.6, 1.15}, rgb{1.5, 1.25, 0.9}, 0.9)
	board := top + 0.26*f.h
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	for x := x0 + 0.03; x < x1-0.07; {
		w, h := r.between(0.026, 0.045), r.between(0.07, 0.13)*f.h
		col := []rgb{hex(0xd9cfc0), hex(0x6d5b48), hex(0xc9b9a0), hex(0x86765f)}[r.int(4)]
		c.turned(x+w, board-h, board, w, []func(float32) float32{vase, bowl, lampshade}[r.int(3)], col, sd)
		x += 2*w + r.between(0.012, 0.05)
	}
	c.block(x0, board, x1, board+0.014, hex(0x5b4632), sd)
	c.fade(x0, board+0.014, x1, board+0.03, rgb{1.7, 1.4, 1}, rgb{1.2, 1, 0.7}, 0.7)
	c.block(at(0.26), f.edge-0.16*f.h, at(0.54), f.edge+0.05, lk.accentRGB, sd)
	c.shows(1, "canister", at(0.26), f.edge-0.16*f.h, at(0.54), f.edge-0.02)
	c.block(at(-0.34), f.edge-0.14*f.h, at(-0.1), f.edge+0.05, lk.thirdRGB.scale(0.9), sd)
	c.shows(2, "crock", at(-0.34), f.edge-0.14*f.h, at(-0.1), f.edge-0.02)
	c.lit(f.cx, top, 0.5*f.w, 0.3*f.h, rgb{1.12, 1.08, 1})
}
