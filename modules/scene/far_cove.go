package scene

// paintCove is a paper sweep: wall and floor are one sheet, told apart only by
// how they face the light.
func paintCove(c *canvas, lk *look, f *frame, sd float32) {
	bend := 0.13 * f.h
	c.fill(func(x, y float32) rgb {
		floor := smoothstep(f.edge-bend, f.edge+bend, y)
		dx, dy := (x-f.cx)/f.w, (y-0.36*f.h)/f.h
		pool := exp32(-(dx*dx*2.2 + dy*dy*3.2))
		wall := 0.74 + 0.30*pool
		depth := (y - f.edge) / max(f.h-f.edge, 0.01)
		fx := (x - f.cx) / f.w
		ground := 0.93 + 0.10*exp32(-((depth-0.42)*(depth-0.42)*5+fx*fx*3)) - 0.05*max(depth-0.5, 0)
		k := wall + (ground-wall)*floor
		// The bend sees less of the room, so it is slightly darker.
		g := (y - f.edge) / (bend * 0.9)
		k -= 0.035 * exp32(-g*g)
		return lk.wallRGB.scale(k)
	})
}

// paintTonal is the painted set of the minimal scene: one hue, two planes.
func paintTonal(c *canvas, lk *look, f *frame, sd float32) {
	floorTone := mix(lk.wallRGB, lk.accentRGB, 0.35*lk.kinship).scale(1.10)
	soft := 0.012 * f.h
	c.fill(func(x, y float32) rgb {
		dx, dy := (x-f.cx-sd*0.25*f.w)/f.w, (y-0.25*f.h)/f.h
		wall := 0.82 + 0.24*exp32(-(dx*dx*2.4+dy*dy*2.4))
		wall -= 0.10 * smoothstep(f.edge-0.16*f.h, f.edge, y) // contact with the floor
		depth := (y - f.edge) / max(f.h-f.edge, 0.01)
		ground := 0.86 + 0.14*smoothstep(0, 0.6, depth)
		return mix(lk.wallRGB.scale(wall), floorTone.scale(ground), smoothstep(f.edge-soft, f.edge+soft, y))
	})
}
