package scene

// trunks stands trees across the view, the far ones, thin and bright with haze, first: they
// share the width, so that no two make one thick tree. bark is their colour, for how near
// they are, from 0 to 1; marks paints on each.
func trunks(c *canvas, f *frame, r *rng, n int, thin, thick, sd float32, bark func(near float32) rgb, marks ...func(x, w float32)) {
	order := make([]int, n)
	for i := range order { // far and near ones mixed, each at a place of its own
		j := r.int(i + 1)
		order[i], order[j] = order[j], i
	}
	for i := range n {
		near := float32(i) / float32(n-1)
		x := (float32(order[i]) + r.between(0.2, 0.8)) / float32(n) * f.w
		w := thin + (thick-thin)*near*near
		foot := (0.5 + 0.26*near) * f.h
		c.each(x, -0.1, x+w, foot, func(at int, u, _ float32) { // round, and lit from its side
			k := 0.62 + 0.55*clamp01(0.5+sd*(u-0.5)*1.3)
			c.blend(at, bark(near).scale(k), 0.97)
		})
		for _, m := range marks {
			m(x, w)
		}
	}
}

// paintForest is a clearing among old trees.
func paintForest(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.3*f.w, brandTint(lk)
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-sun)/f.w, (y-0.22*f.h)/f.h
		return mix(hex(0x2c3829), hex(0xa9b08e), 0.85*exp32(-(dx*dx*3.5+dy*dy*4))).times(tint)
	})
	trunks(c, f, r, 12, 0.022, 0.085, sd, func(near float32) rgb { return mix(hex(0x7d8468), hex(0x241d17), near).times(tint) })
	ferns := []rgb{hex(0x47573a), hex(0x5f7049), hex(0x7c8a5c), hex(0x3c4632)}
	foliage(c, f, r, 320, 0.045, 0.46, 0.78, ferns, func(x, y float32) float32 {
		dx := (x - sun) / f.w
		return tint.luma() * (0.45 + 0.9*exp32(-dx*dx*5))
	})
	foliage(c, f, r, 90, 0.045, -0.02, 0.14, ferns, func(x, y float32) float32 { return 0.8 })
	bokeh(c, f, r, 26, sun, 0.5, 0.03, 0.4, rgb{3, 2.9, 2.2})
	c.glow(sun, 0.1*f.h, 0.24*f.w, 0.4*f.h, rgb{0.14, 0.13, 0.09})
}

// paintMist is rows of firs in the fog, each paler than the one before it.
func paintMist(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.3*f.w, brandTint(lk)
	sky(c, f, sun, 0.5*f.h, hex(0xb3bfc0), hex(0xd5d9d2), rgb{0.22, 0.2, 0.15})
	for layer := range 4 {
		t := float32(layer) / 3
		col := mix(hex(0xa9b6b1), hex(0x3f524a), t).times(tint)
		base := (0.40 + 0.12*t) * f.h
		for range 16 - 3*layer {
			x, h := r.between(-0.05, 1.05)*f.w, (0.12+0.22*t)*r.between(0.6, 1.1)*f.h
			for s := range 14 { // a fir is a stack of boughs
				p := float32(s) / 13
				w := h * 0.26 * (0.08 + p)
				y := base - h + p*h
				c.leaf(x, y, w*0.5, h*0.055, 0, col.scale(r.between(0.92, 1.06)), 0.9)
			}
		}
		c.rect(0, base, f.w, 0.85*f.h, mix(col, hex(0xc3cbc5), 0.35), 0.9)
	}
	c.glow(f.cx, 0.5*f.h, 0.9*f.w, 0.07*f.h, rgb{0.10, 0.11, 0.10})
}

// paintBirches is a light wood in spring.
func paintBirches(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.28*f.w, brandTint(lk)
	sky(c, f, sun, 0.6*f.h, hex(0xa9b79a).times(tint), hex(0x93a37c).times(tint), rgb{0.4, 0.38, 0.28})
	leaves := []rgb{hex(0x84986a), hex(0xa3b183), hex(0x6a8058), hex(0xbcc59a)}
	foliage(c, f, r, 240, 0.03, 0, 0.5, leaves, func(x, y float32) float32 { return 0.8 })
	bark := func(near float32) rgb { return mix(hex(0xb9bda8), hex(0xf2efe6), near) }
	trunks(c, f, r, 11, 0.018, 0.062, sd, bark, func(x, w float32) {
		for range 12 {
			y, from := r.between(0, 0.7)*f.h, r.between(0, 0.6)
			c.rect(x+w*from, y, x+w*min(from+r.between(0.2, 0.7), 1), y+r.between(0.004, 0.016), hex(0x2f2c28), 0.8)
		}
	})
	foliage(c, f, r, 170, 0.04, 0.5, 0.78, leaves, func(x, y float32) float32 { return 0.7 })
	bokeh(c, f, r, 22, sun, 0.6, 0.02, 0.4, rgb{2.6, 2.6, 2})
}

// paintBrook is dark stones and water in the shade.
func paintBrook(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.25*f.w, brandTint(lk)
	sky(c, f, sun, 0.5*f.h, hex(0x3c4a3d).times(tint), hex(0x5f7061).times(tint), rgb{0.3, 0.32, 0.26})
	greens := []rgb{hex(0x4a5f45), hex(0x5f7556), hex(0x38493a)}
	foliage(c, f, r, 240, 0.045, 0, 0.4, greens, func(x, y float32) float32 {
		dx := (x - sun) / f.w
		return 0.6 + 0.7*exp32(-dx*dx*4)
	})
	for y := 0.42 * f.h; y < 0.85*f.h; y += 0.004 {
		c.rect(0, y, f.w, y+0.005, mix(hex(0x8a9c98), hex(0x4c5f60), (y/f.h-0.42)/0.4), 1)
	}
	for range 90 {
		c.leaf(sun+(r.float()+r.float()-1)*0.5*f.w, r.between(0.43, 0.7)*f.h, r.between(0.01, 0.04), 0.003, 0, rgb{1.5, 1.55, 1.5}.scale(r.between(0.4, 1)), 0.7)
	}
	for range 15 {
		x, y, s := r.between(0, 1)*f.w, r.between(0.38, 0.68)*f.h, r.between(0.03, 0.09)
		col := hex(0x6c7069).scale(r.between(0.55, 1))
		c.leaf(x, y, s, s*0.55, 0, col.scale(0.6), 1)
		c.leaf(x+sd*s*0.12, y-s*0.14, s*0.86, s*0.42, 0, col, 1)
		c.leaf(x+sd*s*0.2, y-s*0.26, s*0.6, s*0.22, 0, mix(col, hex(0x7d8f5e), 0.6).scale(1.25), 0.9)
	}
}

// paintLake is still water below mountains.
func paintLake(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	sun, tint := f.cx+sd*0.28*f.w, brandTint(lk)
	line := 0.46 * f.h
	sky(c, f, sun, line, hex(0x9fb3c4), hex(0xe6dfd2), rgb{0.35, 0.27, 0.18})
	for layer := range 3 {
		t := float32(layer) / 2
		ridge(c, f, r, line-0.01*f.h, (0.26-0.08*t)*f.h, 0.003, line, mix(hex(0x9aa9b4), hex(0x51635c), t).times(tint))
	}
	for y := line; y < 0.85*f.h; y += 0.003 { // the water mirrors what is above it
		src := max(int((2*line-y)*c.unit), 0)
		for x := range c.w {
			row, d := min(int(y*c.unit), c.h-1), 0.86-0.25*(y-line)/f.h
			i, k := (row*c.w+x)*3, (min(src, c.h-1)*c.w+x)*3
			c.pix[i], c.pix[i+1], c.pix[i+2] = c.pix[k]*d*0.9, c.pix[k+1]*d, c.pix[k+2]*d
		}
	}
	for range 60 {
		c.rect(r.between(-0.1, 0.9)*f.w, line+r.between(0.01, 0.25)*f.h, r.between(0.2, 1.1)*f.w, line+0.26*f.h*r.float(), rgb{1, 1, 1}, 0.012)
	}
}
