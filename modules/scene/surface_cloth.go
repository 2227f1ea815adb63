package scene

func weave(base rgb, ou, ov float32) surfaceFunc {
	cloud, speck := cloudTile(), speckTile()
	return func(u, v float32, d detail) rgb {
		slub := speck.at(u*0.25+ou, v*3.4+ov, d.level) + speck.at(u*3.4+ov, v*0.25+ou, d.level)
		fold := cloud.at(u*0.25+ou, v*0.25+ov, d.level)
		k := 1 + 0.20*slub + 0.10*fold
		if d.level < 1.5 {
			x, y := u*190, v*190
			k += 0.05 * sin32(x*6.283) * sin32(y*6.283)
		}
		return base.scale(k)
	}
}
