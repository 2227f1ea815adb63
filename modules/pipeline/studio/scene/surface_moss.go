package scene

func moss(wood surfaceFunc, ou, ov float32) surfaceFunc {
	cloud, speck := cloudTile(), speckTile()
	deep, bright := hex(0x27361a), hex(0x7b8a3c)
	return func(u, v float32, lod int, spot float32) rgb {
		c := wood(u, v, lod, spot)
		patch := cloud.at(u*0.42+ou*2, v*0.36+ov*2, lod)
		fuzz := speck.at(u*1.3, v*1.3, max(lod-1, 0))
		clump := cloud.at(u*2.2+0.3, v*2.2, lod)
		cover := smoothstep(0.03, 0.17, patch+0.11*fuzz+0.17*clump)
		if cover == 0 {
			return c
		}
		lit := clamp01(0.34 + 0.55*clump + 0.45*fuzz + 0.5*speck.at(u*4.1, v*4.1, lod))
		return mix(c, mix(deep, bright, lit*lit), cover)
	}
}
