package scene

// paintFluted is fluted panelling before which a lamp is hidden.
func paintFluted(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	gold := lk.light.times(tone(lk.accentRGB, 0.72, 0.085))
	ribs := 2 * float32(int(11*f.w)) / f.w
	low := float32(0.32)
	if lk.kept > 0 {
		low = 0.75 // a brand's colour is seen, not only its bright ridges
	}
	c.fill(func(x, y float32) rgb {
		// Fluted panelling, lit from the side by a warm strip.
		phase := x*ribs*0.5 + 0.13
		phase -= float32(int(phase))
		facing := 0.5 - 0.5*cos32((phase+sd*0.12)*6.2832)
		dx, dy := (x-f.cx-sd*0.28*f.w)/f.w, (y-0.34*f.h)/f.h
		warm := exp32(-(dx*dx*7 + dy*dy*4))
		ex, ey := (x-f.cx+sd*0.4*f.w)/f.w, (y-0.45*f.h)/f.h
		rim := exp32(-(ex*ex*14 + ey*ey*5))
		k := low + (1-low)*facing
		base := lk.wallRGB.scale(0.10 + 0.5*k*(1-0.5*y/f.h))
		return base.plus(gold.scale((0.25*warm + 0.08*rim) * k))
	})
	c.lensBlur(0.006)
	at := across(f, sd)
	c.shows(0, "panelling", at(-0.96), 0.04*f.h, at(-0.4), 0.3*f.h)
	// A concealed light behind the counter: the line of warmth that separates
	// a dark product from a dark wall.
	c.glow(f.cx+sd*0.06*f.w, f.edge, 0.42*f.w, 0.016*f.h, gold.scale(0.85))
	c.glow(f.cx+sd*0.06*f.w, f.edge, 0.5*f.w, 0.10*f.h, gold.scale(0.24))
	for range 16 {
		x, y := r.float()*f.w, r.between(0.03, 0.5)*f.h
		c.disc(x, y, r.between(0.012, 0.03), gold.scale(r.between(0.6, 1.6)), r.between(0.03, 0.10))
	}
	c.soften(1.6 / c.unit)
}
