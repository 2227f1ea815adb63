package scene

func paintFoliage(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun := f.cx + sd*0.36*f.w
	tint := mix(rgb{1, 1, 1}, lk.wallRGB.scale(1/max(lk.wallRGB.luma(), 0.02)), 0.25)
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-sun)/f.w, (y-0.05*f.h)/f.h
		near := exp32(-(dx*dx*2.5 + dy*dy*3))
		return mix(hex(0x24401c), rgb{1.0, 0.86, 0.36}, near*0.8).times(tint)
	})
	greens := []rgb{hex(0x39602a), hex(0x58803a), hex(0x7d9a42), hex(0x2a4a26), hex(0x9fae55)}
	layer := func(n int, size, lo, hi, light float32) {
		for range n {
			x, y := r.between(-0.05, 1.05)*f.w, r.between(lo, hi)*f.h
			dx, dy := (x-sun)/f.w, y/f.h
			lit := light * (0.35 + 1.5*exp32(-(dx*dx*3+dy*dy*3)))
			col := greens[r.int(5)].times(tint).times(lk.light).scale(lit * r.between(0.6, 1.4))
			c.leaf(x, y, size*r.between(0.6, 1.4), size*r.between(0.25, 0.5), r.between(0, 3.1), col, r.between(0.6, 1))
		}
	}
	layer(520, 0.03, 0, 0.75, 1.2)
	layer(160, 0.05, 0.1, 0.75, 0.75)
	// Gaps in the canopy towards the sun, and sparks of light on wet leaves.
	for range 130 {
		x, y := sun+(r.float()+r.float()-1)*f.w*0.85, r.float()*r.float()*0.6*f.h
		c.disc(x, y, r.between(0.004, 0.011), rgb{7, 6, 2.7}.times(tint).scale(r.between(0.3, 1.3)), 1)
	}
	layer(110, 0.05, 0.38, 0.8, 0.42)
	layer(14, 0.11, 0.35, 0.7, 0.3)
	c.glow(sun, 0.02*f.h, 0.5*f.w, 0.42*f.h, rgb{0.30, 0.22, 0.08})
}
