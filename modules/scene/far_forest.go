package scene

func paintForest(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun := f.cx + sd*0.3*f.w
	tint := mix(rgb{1, 1, 1}, lk.wallRGB.scale(1/max(lk.wallRGB.luma(), 0.02)), 0.25)
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-sun)/f.w, (y-0.25*f.h)/f.h
		return mix(hex(0x182014), hex(0x8f9a62), 0.85*exp32(-(dx*dx*4+dy*dy*5))).times(tint)
	})
	for i := range 11 {
		x := (float32(i)+r.between(0.1, 0.9))/11*1.1*f.w - 0.05*f.w
		w := r.between(0.015, 0.055)
		near := r.float()
		col := mix(hex(0x6d5f49), hex(0x241c14), near)
		c.rect(x, -0.1, x+w*(0.5+near), 0.8*f.h, col, 1)
		c.rect(x, -0.1, x+w*0.25, 0.8*f.h, col.scale(1.9), 0.8)
	}
	ferns := []rgb{hex(0x2f4420), hex(0x4a6129), hex(0x6f7f3a), hex(0x38301f)}
	for range 420 {
		y := 1 - r.float()*r.float()
		x := r.between(-0.05, 1.05) * f.w
		dx := (x - sun) / f.w
		lit := 0.35 + 1.3*exp32(-dx*dx*5)
		c.leaf(x, (0.2+0.55*y)*f.h, r.between(0.02, 0.06), r.between(0.006, 0.018), r.between(0, 3.1), ferns[r.int(4)].times(tint).scale(lit*r.between(0.5, 1.3)), 0.9)
	}
	for range 46 {
		x, y := sun+(r.float()+r.float()-1)*f.w*0.55, r.between(0.02, 0.5)*f.h
		c.disc(x, y, r.between(0.003, 0.009), rgb{6, 5.4, 2.8}.scale(r.between(0.2, 1)), 1)
	}
	// Shafts of light from the sun side.
	c.glow(sun, 0.1*f.h, 0.24*f.w, 0.4*f.h, rgb{0.16, 0.15, 0.07})
}
