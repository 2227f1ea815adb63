package scene

// paintLivingRoom is a bright room with a low sofa and a curtained window.
func paintLivingRoom(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.72, 0.26)
	c.shows(0, "wall", at(-0.96), 0.03*f.h, at(-0.2), 0.15*f.h)
	daylight(c, at(1.1), -0.05, at(0.5), 0.58*f.h, rgb{1.55, 1.56, 1.55}, hex(0xe9e4da), 2, 2, r, 0.35)
	c.folds(at(1.1), -0.1, at(0.84), 0.66*f.h, hex(0xf3ebdf), 6, 0.28, 0.9)
	c.folds(at(0.56), -0.1, at(0.4), 0.66*f.h, hex(0xefe6d8), 5, 0.32, 0.95)
	c.folds(at(0.86), -0.1, at(0.54), 0.66*f.h, rgb{1.15, 1.12, 1.06}, 7, 0.16, 0.55)
	framed(c, at(-0.78), 0.19*f.h, at(-0.46), 0.41*f.h, hex(0xb08d63), hex(0xf2eee6), mix(hex(0x8a7a66), lk.accentRGB, 0.5), sd)
	// a sofa with cushions
	sofa := hex(0xd3c9ba)
	c.cushion(at(-0.92), 0.56*f.h, 0.29*f.w, 0.11*f.h, sofa, sd)
	c.cushion(at(-0.16), 0.56*f.h, 0.27*f.w, 0.11*f.h, sofa, sd)
	c.cushion(at(0.36), 0.6*f.h, 0.07*f.w, 0.09*f.h, sofa.scale(1.04), sd)
	for i, x := range []float32{-0.8, -0.16} {
		col := lk.accentRGB
		if i == 1 {
			col = lk.thirdRGB
		}
		c.cushion(at(x), 0.55*f.h, 0.115*f.w, 0.08*f.h, col, sd)
		c.shows(1+i, "cushion", at(x)-0.08*f.w, 0.484*f.h, at(x)+0.08*f.w, 0.606*f.h)
	}
	c.fade(at(-1.1), 0.61*f.h, at(0.4), 0.74*f.h, sofa.scale(0.9), sofa.scale(0.66), 1)
	// a lamp beside it
	x := at(-0.99)
	c.block(x-0.004, 0.3*f.h, x+0.004, 0.6*f.h, hex(0x4b4038), sd)
}

// paintConsole is a wall close behind a sideboard, with a vase and a leaning picture, in
// the low sun of a window.
func paintConsole(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.66, 0.16)
	// the window's light on the wall, slanted
	c.fill(func(x, y float32) rgb {
		i := (min(int(y*c.unit), c.h-1)*c.w + min(int(x*c.unit), c.w-1)) * 3
		v := rgb{c.pix[i], c.pix[i+1], c.pix[i+2]}
		u := (x-f.cx)*sd/f.w + 0.36*(y/f.h-0.3)
		w := y/f.h + 0.16*(x-f.cx)*sd/f.w
		in := u > -0.3 && u < 0.16 && w > 0.04 && w < 0.5
		if in && (abs32(u+0.07) < 0.012 || abs32(w-0.27) < 0.011) {
			in = false
		}
		if in {
			return v.times(rgb{1.42, 1.36, 1.24})
		}
		return v
	})
	c.shows(0, "wall", at(0.56), 0.05*f.h, at(0.96), 0.3*f.h)
	foot := f.edge + 0.02
	framed(c, at(-0.98), foot-0.46*f.h, at(-0.52), foot, hex(0x6f5137), hex(0xf0ebe1), mix(hex(0xb59a7a), lk.thirdRGB, 0.7), sd)
	x := at(-0.42)
	twigs(c, x, foot-0.2*f.h, 0.36*f.h, hex(0x6b5a43), hex(0xb39a6b), r, 7)
	c.turned(x, foot-0.25*f.h, foot, 0.085*f.w, vase, lk.accentRGB, sd)
	c.shows(1, "vase", x-0.048*f.w, foot-0.165*f.h, x+0.048*f.w, foot-0.045*f.h)
	// books that lie
	y := foot
	for i, w := range []float32{0.15, 0.135, 0.12} {
		col := []rgb{hex(0xd8cfc0), lk.thirdRGB, hex(0x7d6a58)}[i]
		h := 0.028 * f.h
		if i == 1 {
			h = 0.085 * f.h
			c.shows(2, "box", at(0.7)-w*f.w, y-h, at(0.7)+w*f.w, y)
		}
		c.block(at(0.7)-w*f.w, y-h, at(0.7)+w*f.w, y-0.002, col, sd)
		y -= h
	}
	c.turned(at(0.72), y-0.07*f.h, y, 0.06*f.w, bowl, hex(0xcbbba4), sd)
}

// paintDining is a wall with panelling, a paper lamp and chairs at a laid table.
func paintDining(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.66, 0.24)
	c.shows(0, "wall", at(-0.96), 0.04*f.h, at(-0.3), 0.2*f.h)
	rail := 0.36 * f.h
	c.fade(-0.1, rail, f.w+0.1, f.edge+0.1, lk.accentRGB.scale(0.84), lk.accentRGB.scale(0.74), 1)
	c.block(-0.1, rail-0.012, f.w+0.1, rail+0.008, lk.accentRGB, sd)
	for i := range 5 { // the panels' mouldings
		x := at(-1 + 0.5*float32(i))
		c.fade(x-0.004, rail+0.01, x+0.004, f.edge+0.1, lk.accentRGB.scale(0.6), lk.accentRGB.scale(0.55), 0.8)
	}
	c.shows(1, "panelling", at(-0.46), rail+0.02*f.h, at(-0.05), f.edge-0.02*f.h)
	daylight(c, at(1.15), -0.05, at(0.74), 0.5*f.h, rgb{1.6, 1.62, 1.6}, hex(0xece8df), 1, 3, r, 0.5)
	// a lamp of paper over the table
	x, y := at(-0.1), 0.075*f.h
	c.block(x-0.002, -0.1, x+0.002, y, hex(0x55504a), sd)
	c.turned(x, y-0.09*f.h, y+0.09*f.h, 0.125*f.w, globe, rgb{1.25, 1.12, 0.9}, sd)
	c.glow(x, y+0.02*f.h, 0.2*f.w, 0.14*f.h, rgb{0.09, 0.07, 0.035})
	chair := hex(0x5d4330)
	for _, t := range []float32{-0.74, 0.5} {
		x, w := at(t), 0.12*f.w
		c.leaf(x, 0.445*f.h, w, 0.026*f.h, 0, chair, 1)
		for _, s := range []float32{-0.85, -0.3, 0.3, 0.85} {
			c.block(x+s*w-0.006, 0.44*f.h, x+s*w+0.006, f.edge+0.1, chair.scale(0.85), sd)
		}
	}
	// a bowl on the sideboard
	foot := f.edge + 0.02
	c.turned(at(0.84), foot-0.17*f.h, foot, 0.12*f.w, bowl, lk.thirdRGB, sd)
	c.shows(2, "bowl", at(0.8), foot-0.156*f.h, at(1), foot-0.055*f.h)
}

// paintBookcase is a wall of shelves.
func paintBookcase(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, sd, lk.wallRGB, 0.56, 0.22)
	wood, bays, rows := mix(hex(0x7a5a3d), lk.wallRGB, 0.15), 4, 4
	spines := []rgb{hex(0xd9cfbf), hex(0x8c5f47), hex(0x55646c), hex(0xb99d72), hex(0x3f474b), hex(0xe6dfd2), hex(0x9aa18d), hex(0x7c3f35)}
	high := (f.edge + 0.06) / float32(rows)
	for row := range rows {
		foot := high * float32(row+1)
		for bay := range bays {
			x0, x1 := at(-1.02+float32(bay)*0.51)+0.012*sd, at(-1.02+float32(bay+1)*0.51)-0.012*sd
			switch {
			case bay == 0 && row == 1:
				c.shows(0, "wall", x0, foot-high+0.02, x1, foot-0.002) // left empty
			case bay == 3 && row == 2:
				c.block(x0+0.02*sd, foot-high*0.8, x1-0.02*sd, foot, lk.accentRGB, sd)
				c.shows(1, "box", x0+0.02*sd, foot-high*0.8, x1-0.02*sd, foot)
			case bay == 0 && row == 2:
				c.block(x0+0.02*sd, foot-high*0.76, x1-0.02*sd, foot, lk.thirdRGB, sd)
				c.shows(2, "box", x0+0.02*sd, foot-high*0.76, x1-0.02*sd, foot)
			case bay == 2 && row == 1:
				c.turned((x0+x1)/2, foot-high*0.78, foot, 0.06*f.w, vase, hex(0xe4dccd), sd)
			case bay == 3 && row == 0:
				plant(c, (x0+x1)/2, foot-0.06*f.h, 0.09, hex(0x6f7f58), r, 34)
				c.turned((x0+x1)/2, foot-0.08*f.h, foot, 0.05*f.w, bowl, hex(0xcdbfa8), sd)
			default:
				books(c, f, r, x0, x0+(x1-x0)*r.between(0.6, 1), foot, high*0.45, high*0.78, spines)
			}
			c.fade(x0, foot-high, x1, foot-high*0.72, rgb{0.02, 0.015, 0.01}, lk.wallRGB.scale(0.3), 0.22) // under the board above
		}
		c.block(-0.1, foot-0.002, f.w+0.1, foot+0.016, wood, sd)
	}
	for bay := range bays + 1 {
		x := at(-1.02 + float32(bay)*0.51)
		c.fade(x-0.011, -0.1, x+0.011, f.edge+0.1, wood.scale(1.05), wood.scale(0.8), 1)
	}
	c.lit(at(0.4), 0.2*f.h, 0.5*f.w, 0.4*f.h, rgb{1.16, 1.12, 1.05})
}

// paintReadingNook is an armchair before a large window with a garden behind it.
func paintReadingNook(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	plaster(c, f, -sd, lk.wallRGB, 0.52, 0.2)
	c.shows(0, "wall", at(-1), 0.04*f.h, at(-0.66), 0.36*f.h)
	x0, x1, top, sill := at(-0.56), at(0.62), 0.03*f.h, 0.46*f.h
	c.block(x0-0.03*sd, top-0.03*f.h, x1+0.03*sd, sill+0.03*f.h, hex(0xefe9de), sd)
	c.fade(x0, top, x1, sill, rgb{1.5, 1.55, 1.6}, rgb{1.12, 1.2, 1.05}, 1)
	greens := []rgb{hex(0x8d9f7c), hex(0x6f8763), hex(0xaab997), hex(0x5c7455)}
	for range 170 {
		t := r.float()
		c.leaf(x0+(x1-x0)*r.float(), sill-(sill-top)*0.75*t*t, r.between(0.016, 0.04), r.between(0.01, 0.024), r.between(0, 3.1), greens[r.int(4)].scale(r.between(1, 1.7)), 0.7)
	}
	bar := hex(0xe6dfd2)
	for i := range 4 {
		x := x0 + (x1-x0)*float32(i)/3
		c.block(x-0.007, top, x+0.007, sill, bar, sd)
	}
	c.block(x0, top+(sill-top)*0.4-0.005, x1, top+(sill-top)*0.4+0.005, bar, sd)
	c.block(x0-0.04*sd, sill, x1+0.04*sd, sill+0.025*f.h, hex(0xf4efe6), sd)
	c.folds(at(0.66), -0.1, at(1.1), 0.7*f.h, hex(0xdcccb4), 7, 0.4, 1)
	// the armchair's back and arms
	x := at(-0.6)
	c.leaf(x, 0.5*f.h, 0.19*f.w, 0.12*f.h, 0, lk.accentRGB, 1)
	c.block(x-0.19*f.w, 0.5*f.h, x+0.19*f.w, 0.74*f.h, lk.accentRGB, sd)
	c.shows(1, "armchair", x-0.15*f.w, 0.47*f.h, x+0.15*f.w, 0.58*f.h)
	c.leaf(x+sd*0.2*f.w, 0.6*f.h, 0.05*f.w, 0.05*f.h, 0, lk.accentRGB.scale(1.15), 1)
	c.leaf(x-sd*0.2*f.w, 0.6*f.h, 0.05*f.w, 0.05*f.h, 0, lk.accentRGB.scale(0.75), 1)
	// a side table with a pot
	x = at(0.36)
	plant(c, x, 0.53*f.h, 0.11, hex(0x66795a), r, 44)
	c.block(x-0.065*f.w, 0.52*f.h, x+0.065*f.w, f.edge+0.02, lk.thirdRGB, sd)
	c.shows(2, "pot", x-0.065*f.w, 0.522*f.h, x+0.065*f.w, f.edge-0.004)
}
