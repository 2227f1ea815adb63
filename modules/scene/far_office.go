package scene

// paintOffice is a window over a city, with shelves and a screen beside it.
func paintOffice(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	wall := lk.wallRGB
	side := func(t float32) float32 { return f.cx + sd*t*f.w/2 }
	c.fill(func(x, y float32) rgb {
		d := (x - side(1)) / f.w
		return wall.scale(0.42 + 0.36*exp32(-d*d*1.4))
	})
	// Glazing with a hazy skyline.
	x0, x1 := side(1.1), side(-0.12)
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	bottom := 0.56 * f.h
	for y := float32(0); y < bottom; y += 0.01 {
		c.rect(x0, y, x1, y+0.012, mix(rgb{0.95, 1.2, 1.55}, rgb{1.5, 1.55, 1.55}, y/bottom), 1)
	}
	for range 26 {
		w, h := r.between(0.03, 0.09), r.between(0.08, 0.32)*f.h
		x := x0 + r.float()*(x1-x0-w)
		col := mix(rgb{0.36, 0.47, 0.62}, rgb{0.85, 0.98, 1.1}, r.float())
		c.rect(x, bottom-h, x+w, bottom, col, 0.85)
		for range 5 {
			c.rect(x+r.float()*w*0.8, bottom-h*r.float(), x+r.float()*w, bottom-h*r.float()+0.01, rgb{1.9, 1.9, 1.8}, 0.5)
		}
	}
	dark := hex(0x39434d)
	for i := range 5 {
		x := x0 + (x1-x0)*float32(i)/4
		c.rect(x-0.007, -0.1, x+0.007, bottom, dark, 1)
	}
	c.rect(x0, 0.15*f.h, x1, 0.15*f.h+0.010, dark, 1)
	c.rect(x0, bottom, x1, bottom+0.02, hex(0xaeb6bd), 1)
	// Shelving with binders on the other side.
	a, b := side(-1.05), side(-0.26)
	if a > b {
		a, b = b, a
	}
	c.rect(a, 0.03*f.h, b, f.edge+0.1, lk.wallRGB.scale(0.62), 1)
	for _, y := range []float32{0.19, 0.36} {
		for x := a + 0.015; x < b-0.03; {
			w, h := r.between(0.016, 0.034), r.between(0.07, 0.115)
			col := []rgb{hex(0xdfe5ea), hex(0x4f6478), lk.accentRGB, hex(0x9fb2c2), hex(0xcfa978), hex(0x2f3b47)}[r.int(6)]
			if r.float() < 0.75 {
				c.rect(x, y*f.h-h, x+w, y*f.h, col.scale(0.85), 1)
			}
			x += w + r.between(0, 0.01)
		}
		c.rect(a, y*f.h, b, y*f.h+0.014, hex(0xd9dfe4).scale(0.8), 1)
	}
	c.fade(side(-0.64)-0.003, 0.375*f.h, side(-0.64)+0.003, f.edge+0.1, lk.wallRGB.scale(0.3), lk.wallRGB.scale(0.3), 1) // two doors
	c.shows(0, "cupboard", side(-0.98), 0.385*f.h, side(-0.67), f.edge-0.01)
	// Colleague's screen, chair and a plant.
	mx := side(0.52)
	c.rect(mx-0.15, 0.40*f.h, mx+0.15, 0.57*f.h, hex(0x20262c), 1)
	c.fade(mx-0.14, 0.41*f.h, mx+0.14, 0.56*f.h, rgb{0.62, 0.66, 0.7}, rgb{0.42, 0.45, 0.5}, 1) // a page on it
	c.block(mx-0.06, 0.43*f.h, mx+0.06, 0.56*f.h, rgb{0.92, 0.92, 0.9}, sd)
	for i := range 4 {
		y := (0.45 + 0.026*float32(i)) * f.h
		c.block(mx-0.045, y, mx+0.045-0.02*float32(i&1), y+0.01*f.h, rgb{0.5, 0.53, 0.57}, sd)
	}
	c.rect(mx-0.02, 0.57*f.h, mx+0.02, 0.68*f.h, hex(0x20262c), 1)
	chair := hex(0x353f49)
	if lk.kept > 1 {
		chair = lk.accentRGB
	}
	c.block(side(-0.02)-0.1*f.w, 0.5*f.h, side(-0.02)+0.1*f.w, f.edge+0.1, chair, sd)
	c.leaf(side(-0.02), 0.5*f.h, 0.1*f.w, 0.03*f.h, 0, chair, 1)
	c.shows(1, "chair", side(-0.02)-0.1*f.w, 0.5*f.h, side(-0.02)+0.1*f.w, f.edge-0.005)
	plant(c, side(0.93), 0.55*f.h, 0.15, hex(0x4f7250), r, 40)
	if lk.kept > 2 {
		c.block(side(0.7), 0.5*f.h, side(1.1), f.edge+0.1, lk.thirdRGB, sd)
		c.shows(2, "planter", side(0.7), 0.5*f.h, side(1), f.edge-0.005)
	}
	for i := range 4 {
		x := side(-0.8 + 0.5*float32(i))
		c.leaf(x, 0.05*f.h, 0.03, 0.007, 0, rgb{6, 6.3, 6.8}, 1)
	}
}
