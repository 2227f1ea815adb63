package scene

// paintKitchen is a window over a sink, with herbs, and shelves beside it.
func paintKitchen(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	wall := lk.wallRGB
	side := func(t float32) float32 { return f.cx + sd*t*f.w/2 }
	c.fill(func(x, y float32) rgb {
		d := (x - side(0.6)) / f.w
		return wall.scale(0.62 + 0.32*exp32(-d*d*2))
	})
	// Tiles below the sill.
	for row := range 7 {
		for col := range int(f.w/0.085) + 2 {
			x, y := float32(col)*0.085-0.04*float32(row&1), 0.42*f.h+float32(row)*0.042
			c.rect(x, y, x+0.081, y+0.038, wall.scale(r.between(0.8, 1.0)), 0.8)
		}
	}
	// Window over the sink.
	wx, ww, top, sill := side(0.42), 0.27*f.w, 0.04*f.h, 0.44*f.h
	c.rect(wx-ww-0.03, top-0.03, wx+ww+0.03, sill+0.03, hex(0xf4f2ee), 1)
	c.rect(wx-ww, top, wx+ww, sill, rgb{2.1, 2.25, 2.4}, 1)
	for range 90 {
		y := 1 - r.float()*r.float()*0.75
		c.disc(wx+r.between(-ww, ww), top+(sill-top)*y, r.between(0.012, 0.035), rgb{0.55, 0.82, 0.42}.scale(r.between(0.6, 1.7)), 0.6)
	}
	white := hex(0xe9e7e2)
	c.rect(wx-0.010, top, wx+0.010, sill, white, 1)
	for _, t := range []float32{-0.5, 0.5} {
		c.rect(wx+ww*t-0.005, top, wx+ww*t+0.005, sill, white, 1)
	}
	c.rect(wx-ww, top+(sill-top)*0.45, wx+ww, top+(sill-top)*0.45+0.012, white, 1)
	c.rect(wx-ww-0.04, sill, wx+ww+0.04, sill+0.022, hex(0xfdfcfa), 1)
	// Herbs on the sill.
	for _, t := range []float32{-0.75, -0.4, 0.7} {
		x := wx + ww*t
		c.rect(x-0.026, sill-0.055, x+0.026, sill, mix(hex(0xc98f6b), lk.accentRGB, 0.4), 1)
		plant(c, x, sill-0.05, 0.07, hex(0x5e8a3c), r, 26)
	}
	// Shelf with crockery and copper on the other side.
	a, b := side(-1.05), side(-0.3)
	if a > b {
		a, b = b, a
	}
	for _, y := range []float32{0.17, 0.33} {
		for x := a + 0.03; x < b-0.05; {
			w, h := r.between(0.035, 0.065), r.between(0.045, 0.09)
			col := []rgb{hex(0xf3efe6), hex(0xd9c3a2), lk.accentRGB, hex(0xb4703f), hex(0xe6e2d8), hex(0x9fb0a4)}[r.int(6)]
			c.rect(x, y*f.h-h, x+w, y*f.h, col, 1)
			c.rect(x+w*0.15, y*f.h-h, x+w*0.3, y*f.h, rgb{1.3, 1.3, 1.3}, 0.5)
			x += w + r.between(0.012, 0.04)
		}
		c.rect(a, y*f.h, b, y*f.h+0.02, hex(0xb98c5c), 1)
	}
	// Pendant lamps.
	for _, t := range []float32{-0.62, -0.16} {
		x := side(t)
		c.rect(x-0.003, -0.1, x+0.003, 0.04*f.h, hex(0x3a3a3a), 1)
		c.leaf(x, 0.06*f.h, 0.05, 0.028, 0, hex(0x4a4a48), 1)
		c.leaf(x, 0.078*f.h, 0.03, 0.012, 0, rgb{5, 4.2, 2.9}, 1)
	}
	c.shows(0, "tiles", side(-0.4), 0.47*f.h, side(0.4), 0.62*f.h)
	// Jars on the counter in front of the tiles.
	for i, t := range []float32{-0.76, 0.84} {
		x, w, h := side(t), r.between(0.075, 0.085)*f.w, r.between(0.13, 0.15)*f.h
		col := []rgb{lk.accentRGB, lk.thirdRGB}[i]
		if lk.kept < i+2 {
			col = mix(hex(0xd8c8ae), col, 0.6)
		}
		c.block(x-w, f.edge-h, x+w, f.edge+0.05, col, sd)
		c.shows(1+i, "canister", x-w, f.edge-h, x+w, f.edge-0.005)
	}
}
