package scene

// brass is the metal of the luxury set, in its light.
func brass(lk *look) rgb { return lk.light.times(tone(lk.accentRGB, 0.72, 0.085)) }

// paintDrapery is heavy cloth that a lamp strikes from the side.
func paintDrapery(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	gold := brass(lk)
	ph := [3]float32{r.between(0, 6), r.between(0, 6), r.between(0, 6)}
	c.fill(func(x, y float32) rgb {
		u := x / f.w
		w := u + 0.012*sin32(5*y+ph[0]) + 0.03*sin32(4.1*u+ph[1])
		// the slope of the folds, not their depth, meets the light
		slope := cos32(38*w+ph[2])*0.62 + cos32(17*w+ph[0])*0.38
		deep := 0.5 + 0.5*sin32(38*w+ph[2])
		facing := clamp01(0.5 + 0.5*slope*sd)
		dx := (x - at(0.55)) / f.w
		lamp := 0.28 + 0.72*exp32(-dx*dx*2.6)
		k := (0.16 + 0.9*facing*facing) * (0.6 + 0.4*deep)
		if lk.kept > 0 { // a brand's colour is seen, not only its bright folds
			k = 0.6 + 0.2*facing*facing + 0.06*deep
			lamp = 0.6 + 0.4*lamp
		}
		k *= lamp * (1.1 - 0.45*y/f.h)
		sheen := facing * facing * facing * facing * facing * facing * 0.05 * lamp
		return lk.wallRGB.scale(k).plus(gold.scale(sheen))
	})
	c.lensBlur(0.005)
	c.shows(0, "drapery", at(0.1), 0.05*f.h, at(0.8), 0.26*f.h)
	c.glow(at(0.3), f.edge, 0.5*f.w, 0.05*f.h, gold.scale(0.07))
	c.soften(1.6 / c.unit)
}

// paintHalo is a plain wall with a ring of light behind the product.
func paintHalo(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	gold := brass(lk)
	cx, cy, radius := f.px, 0.4*f.h, min(0.33*f.h, 0.36*f.w)
	c.fill(func(x, y float32) rgb {
		d := sqrt32((x-cx)*(x-cx)+(y-cy)*(y-cy)) - radius
		near := exp32(-d * d / 0.0064)
		wide := exp32(-d * d / 0.05)
		ax, ay := (x-cx)/f.w, (y-cy)/f.h
		pool := exp32(-(ax*ax*3 + ay*ay*3))
		base := lk.wallRGB.scale(0.34 + 0.5*pool)
		return base.plus(gold.scale(0.30*near + 0.15*wide))
	})
	c.shows(0, "wall", 0.01*f.w, 0.02*f.h, 0.13*f.w, 0.09*f.h)
	const steps = 240
	for i := range steps {
		a := 6.2832 * float32(i) / steps
		c.disc(cx+cos32(a)*radius, cy+sin32(a)*radius, 0.0055, gold.plus(rgb{0.5, 0.42, 0.26}).scale(1.3), 0.9)
	}
	c.lensBlur(0.006)
	c.soften(1.6 / c.unit)
}

// paintLacquer are lacquered panels with inlaid brass between two wall lamps.
func paintLacquer(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	gold := brass(lk)
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-at(0.3))/f.w, (y-0.28*f.h)/f.h
		return lk.wallRGB.scale(0.42 + 0.5*exp32(-(dx*dx*2.2+dy*dy*1.6)))
	})
	line := func(x0, y0, x1, y1 float32) {
		c.fade(x0, y0, x1, y1, gold.scale(0.85), gold.scale(0.45), 1)
	}
	const thin = 0.0035
	for _, t := range []float32{-0.72, 0, 0.72} {
		w := float32(0.3)
		x0, x1 := at(t-w), at(t+w)
		if x0 > x1 {
			x0, x1 = x1, x0
		}
		top := 0.07 * f.h
		line(x0, top, x0+2*thin, f.edge)
		line(x1-2*thin, top, x1, f.edge)
		line(x0, top, x1, top+2*thin)
		line(x0+0.025, top+0.025, x0+0.025+thin, f.edge)
		line(x1-0.025-thin, top+0.025, x1-0.025, f.edge)
		line(x0+0.025, top+0.025, x1-0.025, top+0.025+thin)
	}
	c.shows(0, "panels", at(-0.93), 0.3*f.h, at(-0.6), 0.48*f.h)
	for _, t := range []float32{-0.36, 0.36} {
		x, y := at(t), 0.24*f.h
		c.lit(x, y-0.03*f.h, 0.13*f.w, 0.17*f.h, rgb{3.2, 2.8, 2.2})
		c.glow(x, y-0.04*f.h, 0.035*f.w, 0.07*f.h, gold.scale(0.35))
		c.block(x-0.006, y-0.02*f.h, x+0.006, y+0.12*f.h, gold.scale(0.6), sd)
		c.turned(x, y-0.07*f.h, y+0.02*f.h, 0.03*f.w, func(t float32) float32 { return 1 - 0.3*t }, rgb{1.9, 1.5, 1}, sd)
	}
	c.lensBlur(0.007)
	c.glow(f.cx, f.edge, 0.5*f.w, 0.05*f.h, gold.scale(0.08))
	c.soften(1.4 / c.unit)
}

// paintNightWindow is a city at night behind tall panes.
func paintNightWindow(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	at := across(f, sd)
	gold := brass(lk)
	line := 0.5 * f.h
	c.fill(func(x, y float32) rgb {
		t := clamp01(y / line)
		return mix(rgb{0.010, 0.014, 0.03}, rgb{0.07, 0.055, 0.06}, t*t*t)
	})
	for range 26 { // towers
		x, w, h := r.between(-0.1, 1)*f.w, r.between(0.04, 0.11)*f.w, r.between(0.1, 0.36)*f.h
		c.fade(x, line-h, x+w, line+0.2, rgb{0.016, 0.018, 0.028}, rgb{0.03, 0.028, 0.03}, 0.9)
		for range 9 {
			lx, ly := x+w*r.float(), line-h*r.float()
			c.disc(lx, ly, r.between(0.003, 0.006), mix(rgb{1.5, 1, 0.5}, rgb{1.1, 1.15, 1.3}, r.float()*r.float()).scale(r.between(0.8, 3)), 1)
		}
	}
	for range 70 { // streets
		x := r.between(-0.05, 1.05) * f.w
		c.disc(x, line+r.float()*0.1*f.h, r.between(0.003, 0.006), mix(rgb{2.2, 1.3, 0.5}, rgb{2, 0.7, 0.4}, r.float()*0.7).scale(r.between(0.5, 2.4)), 1)
	}
	c.fade(-0.1, line+0.06*f.h, f.w+0.1, f.edge+0.1, rgb{0.05, 0.04, 0.035}, rgb{0.02, 0.018, 0.017}, 0.8)
	// the panes' bars, and a pillar that a lamp strikes
	for _, t := range []float32{-0.74, 0.02} {
		c.fade(at(t)-0.009, -0.1, at(t)+0.009, f.edge+0.1, rgb{0.012, 0.011, 0.011}, rgb{0.02, 0.018, 0.016}, 1)
	}
	x0, x1 := at(0.66), at(1.2)
	c.each(x0, -0.1, x1, f.edge+0.1, func(i int, u, v float32) {
		d := u - 0.4
		c.blend(i, lk.wallRGB.scale(0.66+0.5*exp32(-d*d*6)-0.25*v), 1)
	})
	c.fade(x0-0.004, -0.1, x0+0.004, f.edge+0.1, gold.scale(0.5), gold.scale(0.3), 0.9)
	c.shows(0, "pillar", at(0.68), 0.04*f.h, at(0.98), 0.4*f.h)
}
