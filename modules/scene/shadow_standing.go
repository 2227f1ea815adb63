package scene

// standingShadow builds the three parts of a grounded shadow.
func (g *ground) standingShadow(s *silhouette, ft *footing, lk *look, f *frame, harmony float32) {
	if ft.low < 0 {
		return
	}
	cell := f.unit / float32(g.step) // grid cells per scene unit
	ox, oy := (s.x0-g.rect.Min.X)/g.step, (s.y0-g.rect.Min.Y)/g.step
	n := g.w * g.h
	column := func(m []float32, x int, y0, y1, v float32) {
		x += ox
		if x < 0 || x >= g.w {
			return
		}
		for y := max(int(y0), 0); y <= min(int(y1), g.h-1); y++ {
			m[y*g.w+x] = max(m[y*g.w+x], v)
		}
	}

	// 1. Contact: the dark line where no light gets in. It follows the real
	// contour, not the bounding box.
	contact := make([]float32, n)
	t := max(0.0046*cell, 0.8)
	// 2. Occlusion: the floor around the footprint sees less sky.
	foot := make([]float32, n)
	depth := max(min(0.085*float32(s.w), 0.35*ft.height), 0.014*cell)
	near := max(0.07*ft.height, 3)
	for x := range s.w {
		if ft.bottom[x] < 0 {
			continue
		}
		y := float32(ft.bottom[x] + oy)
		column(contact, x, y-4*t, y+t*1.6, ft.weight[x])
		gap := max(ft.base[x]-float32(ft.bottom[x]), 0) / near
		w := exp32(-gap)
		by := ft.base[x] + float32(oy)
		// An elliptic footprint: a straight bar of shadow looks artificial.
		side := (2*float32(x)+1)/float32(s.w) - 1
		round := 0.25 + 0.75*sqrt32(max(1-side*side, 0))
		column(foot, x, by-depth*round, by+depth*0.42*round, w*(0.4+0.6*round))
	}
	r1 := max(int(t), 1)
	boxBlur(contact, g.w, g.h, r1*2, r1, 2)
	tight := append([]float32(nil), foot...)
	boxBlur(tight, g.w, g.h, int(0.010*cell)+1, int(0.005*cell)+1, 2)
	boxBlur(foot, g.w, g.h, int(0.038*cell)+1, int(0.021*cell)+1, 3)

	// 3. Cast shadow: the silhouette laid on the floor away from the light, in
	// slabs by height; the higher the slab, the wider its penumbra.
	away := -float32(lk.side)
	shear := (0.86 + 0.3*lk.hardness) * away * harmony
	room := 0.85 * (f.contact - f.edge) * cell / ft.height
	squash := min(0.14, room)
	if lk.backlit {
		squash = -0.30 // towards the camera
		shear *= 0.5
	}
	shear, squash = lk.cast.steer(shear, squash, room)
	const slabs = 4
	reach := 0.72 + 0.28*lk.hardness // part of the height that still casts visibly
	var layers [slabs][]float32
	for k := range layers {
		layers[k] = make([]float32, n)
	}
	for y := range s.h {
		for x := range s.w {
			a := s.a[y*s.w+x]
			if a < 0.1 {
				continue
			}
			up := ft.base[x] - float32(y)
			if up < -near {
				continue
			}
			up = max(up, 0)
			hgt := up / ft.height / reach
			if hgt >= 1 {
				continue
			}
			gx := int(float32(x+ox) + up*shear + 0.5)
			gy := int(ft.base[x] + float32(oy) - up*squash + 0.5)
			if gx < 0 || gx >= g.w || gy < 0 || gy >= g.h {
				continue
			}
			pos := hgt * slabs
			k := min(int(pos), slabs-1)
			fr := pos - float32(k)
			i := gy*g.w + gx
			layers[k][i] = max(layers[k][i], a*(1-0.4*fr))
			if k+1 < slabs { // neighbouring slabs overlap so no seam shows
				layers[k+1][i] = max(layers[k+1][i], a*fr)
			}
		}
	}
	cast := layers[0]
	soft := 0.010 + 0.020*(1-lk.hardness)
	for k, m := range layers {
		h := (float32(k) + 0.6) / slabs
		rx := int((0.004+soft*h*1.5)*cell) + 1
		boxBlur(m, g.w, g.h, rx, max(rx*45/100, 1), 3)
		fade := (1 - h*0.5) * (0.72 + 0.16*lk.hardness) * lk.shadow
		if k == 0 {
			for i := range cast {
				cast[i] = 1 - fade*m[i]
			}
			continue
		}
		for i, v := range m {
			cast[i] *= 1 - fade*v
		}
	}
	for i := range n {
		free := (1 - 0.82*min(contact[i]*1.25, 1)*lk.shadow) * (1 - 0.50*min(tight[i]*1.2, 1)*lk.shadow) * (1 - 0.62*foot[i]*lk.shadow) * cast[i]
		g.density[i] = 1 - clamp01(free)
	}
}
