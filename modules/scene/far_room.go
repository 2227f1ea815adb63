package scene

func paintRoom(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	wall := lk.wallRGB.times(rgb{1, 0.95, 0.87})
	side := func(t float32) float32 { return f.cx + sd*t*f.w/2 } // t: 1 = light-side border
	c.fill(func(x, y float32) rgb {
		d := (x - side(1)) / f.w
		return wall.scale(0.34 + 0.42*exp32(-d*d*1.6) - 0.06*y/f.h)
	})
	// Window with a warm sky and a curtain.
	wx, ww := side(0.66), 0.17*f.w
	c.rect(wx-ww, -0.1, wx+ww, 0.43*f.h, rgb{1.9, 1.72, 1.38}, 1)
	for range 60 {
		c.disc(wx+r.between(-ww, ww), r.between(0.2, 0.43)*f.h, r.between(0.01, 0.03), rgb{0.62, 0.72, 0.3}.scale(r.between(0.7, 1.5)), 0.5)
	}
	frameC := hex(0xcdb89a)
	c.rect(wx-0.009, -0.1, wx+0.009, 0.43*f.h, frameC, 1)
	c.rect(wx-ww, 0.2*f.h, wx+ww, 0.2*f.h+0.014, frameC, 1)
	c.rect(wx-ww-0.02, 0.43*f.h, wx+ww+0.02, 0.45*f.h, frameC, 1)
	for i := range 9 {
		x := wx - ww - 0.06 + float32(i)*0.014
		c.rect(x, -0.1, x+0.010, 0.6*f.h, mix(hex(0xd8c6a6), hex(0xf7ecd6), r.float()), 0.85)
		x = wx + ww + 0.06 - float32(i)*0.014
		c.rect(x-0.010, -0.1, x, 0.6*f.h, mix(hex(0xd8c6a6), hex(0xf7ecd6), r.float()), 0.85)
	}
	// Shelves with books and vessels on the other side.
	shelf := hex(0x5a3a22)
	a, b := side(-1.05), side(-0.34)
	if a > b {
		a, b = b, a
	}
	for _, y := range []float32{0.16, 0.34} {
		for x := a + 0.02; x < b-0.03; {
			w, h := r.between(0.012, 0.03), r.between(0.055, 0.105)
			if r.float() < 0.22 {
				w = r.between(0.04, 0.07)
				col := mix(hex(0xe8dcc8), lk.accentRGB, r.float())
				c.disc(x+w/2, y*f.h-w*0.45, w*0.5, col, 1)
				c.rect(x+w*0.36, y*f.h-w*1.25, x+w*0.64, y*f.h-w*0.6, col, 1)
				x += w + 0.02
				continue
			}
			col := mix(lk.accentRGB, []rgb{hex(0x7c3b28), hex(0xc9a06a), hex(0xeadfcb), hex(0x41515a)}[r.int(4)], r.between(0.4, 1)).scale(0.75)
			c.rect(x, y*f.h-h, x+w, y*f.h, col, 1)
			x += w + r.between(0, 0.012)
		}
		c.rect(a, y*f.h, b, y*f.h+0.018, shelf, 1)
	}
	// Sofa and plant near the table.
	c.leaf(side(-0.45), 0.66*f.h, 0.34*f.w, 0.15*f.h, 0, lk.accentRGB.scale(0.5), 1)
	c.leaf(side(-0.2), 0.6*f.h, 0.1, 0.07, 0.2*sd, mix(lk.thirdRGB, hex(0xe0c9a4), 0.5).scale(0.8), 1)
	plant(c, side(0.22), 0.6*f.h, 0.15, hex(0x4d6434), r, 42)
	// A lamp and fairy lights give the round highlights.
	lx := side(-0.12)
	c.rect(lx-0.004, -0.1, lx+0.004, 0.1*f.h, shelf, 1)
	c.leaf(lx, 0.12*f.h, 0.055, 0.035, 0, rgb{3.4, 2.3, 1.1}, 1)
	for i := range 15 {
		t := float32(i) / 14
		x := side(-1) + (side(0.3)-side(-1))*t
		y := (0.05 + 0.16*t*(1-t) + r.between(-0.01, 0.02)) * f.h
		c.disc(x, y, 0.006, rgb{15, 9, 3.6}.scale(r.between(0.5, 1.2)), 1)
	}
	c.glow(lx, 0.12*f.h, 0.2, 0.16, rgb{0.20, 0.12, 0.05})
}

// plant is a bunch of leaves fanning out from a point.
func plant(c *canvas, x, y, size float32, col rgb, r *rng, n int) {
	for range n {
		a := r.between(-2.7, -0.44)
		d := size * r.between(0.3, 1)
		lit := col.scale(r.between(0.5, 1.9))
		if r.float() < 0.1 {
			lit = rgb{1.3, 1.5, 0.7}
		}
		c.leaf(x+cos32(a)*d, y+sin32(a)*d*1.25, size*0.24, size*0.08, a+r.between(-0.5, 0.5), lit, 0.95)
	}
}
