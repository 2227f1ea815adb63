package scene

// flatShadow is for goods seen from above: they lie on the surface, so the
// shadow is their own outline, slightly shifted and softened.
func (g *ground) flatShadow(s *silhouette, lk *look, f *frame) {
	cell := f.unit / float32(g.step)
	ox, oy := (s.x0-g.rect.Min.X)/g.step, (s.y0-g.rect.Min.Y)/g.step
	away := -float32(lk.side)
	part := func(dx, dy, radius, strength float32) {
		m := make([]float32, g.w*g.h)
		dx, dy = lk.cast.offset(dx*away, dy)
		sx, sy := ox+int(dx*cell), oy+int(dy*cell)
		for y := range s.h {
			gy := y + sy
			if gy < 0 || gy >= g.h {
				continue
			}
			for x := range s.w {
				if gx := x + sx; gx >= 0 && gx < g.w {
					m[gy*g.w+gx] = s.a[y*s.w+x]
				}
			}
		}
		r := int(radius*cell) + 1
		boxBlur(m, g.w, g.h, r, r, 3)
		for i, v := range m {
			g.density[i] = clamp01(1 - (1-g.density[i])*(1-strength*v*lk.shadow))
		}
	}
	part(0.002, 0.002, 0.0022, 0.5)
	part(0, 0.004, 0.016, 0.22)
	part(0.010, 0.009, 0.008-0.004*lk.hardness, 0.45)
	part(0.024, 0.022, 0.030-0.012*lk.hardness, 0.38)
}
