package scene

// paintLight returns the light falling on the set, and the light its glossy
// surface mirrors from the far background.
func paintLight(far *canvas, lk *look, f *frame, unit float32, seed uint64) (mul, add *canvas) {
	lw, lh := far.w, far.h
	mul, add = newCanvas(lw, lh, unit), newCanvas(lw, lh, unit)
	sd := float32(lk.side)
	var mask []float32
	if lk.gobo != goboNone {
		mask = paintGobo(lk.gobo, lw, lh, unit, lk, f, seed)
	}
	goboDepth := 0.30 + 0.22*lk.hardness
	onWall := lk.flat || lk.far == farCove || lk.far == farPodium
	sky := rgb{0.80, 0.95, 1.22} // shade is filled by cooler light
	mul.fill(func(x, y float32) rgb {
		nx, ny := (x-f.cx)/f.w, y/f.h-0.5
		k := 1 + lk.falloff*(sd*nx*1.1-0.25*ny-0.06)
		r2 := nx*nx + ny*ny
		k *= 1 - lk.vignette*smoothstep(0.1, 0.62, r2)*0.9
		table := smoothstep(f.edge-0.01, f.edge+0.01, y)
		if lk.flat {
			table = 1
		}
		if lk.backlit && !lk.flat {
			// Light from behind: the back of the table glows, the front falls off.
			k *= 1 + table*(0.35-0.75*smoothstep(f.edge, f.h, y))
		}
		c := lk.light.scale(k * lk.exposure)
		if mask != nil && (onWall || table > 0) {
			m := (1 - mask[min(int(y*unit), lh-1)*lw+min(int(x*unit), lw-1)]) * goboDepth
			if !onWall {
				m *= table
			}
			c = c.times(mix(rgb{1, 1, 1}, sky.scale(0.85), m)).scale(1 - m*0.8)
			if lk.gobo == goboWindow {
				c = c.scale(1 + goboDepth*0.28)
			}
		}
		return c
	})
	if lk.flat || lk.gloss == 0 || onWall {
		return mul, add
	}
	for y := range lh {
		fy := (float32(y) + 0.5) / unit
		if fy < f.edge {
			continue
		}
		depth := (fy - f.edge) / max(f.h-f.edge, 0.01)
		src := min(max(int((f.edge-(fy-f.edge)*1.15)*unit), 0), lh-1)
		k := lk.gloss * (0.16 + 0.84*(1-depth)*(1-depth))
		for x := range lw {
			i, j := (y*lw+x)*3, (src*lw+x)*3
			for c := range 3 {
				add.pix[i+c] = min(far.pix[j+c], 1.6) * k
			}
		}
	}
	if lk.surface != marbleBlack && lk.surface != marbleWhite {
		add.soften(0.02)
	} else {
		add.soften(0.006)
	}
	return mul, add
}
