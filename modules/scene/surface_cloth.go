package scene

func weave(base rgb, ou, ov float32) surfaceFunc {
	cloud, speck := cloudTile(), speckTile()
	return func(u, v float32, d detail) rgb {
		fine := d.level + threadLevel
		slub := speck.at(u*0.25+ou, v*3.4+ov, fine) + speck.at(u*3.4+ov, v*0.25+ou, fine)
		fold := cloud.at(u*0.25+ou, v*0.25+ov, d.level)
		k := 1 + 0.24*slub + 0.10*fold
		if threads := smoothstep(0.3, 0, d.level); threads > 0 { // as long as the picture can show them
			x, y := u*190, v*190
			k += 0.05 * threads * sin32(x*6.283) * sin32(y*6.283)
		}
		return base.scale(k)
	}
}

// threadLevel is how much coarser threads are looked up: the tile is stretched by as much.
const threadLevel = 1.3
