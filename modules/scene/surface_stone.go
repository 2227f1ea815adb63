package scene

// lacquered is a coat of paint: hardly any texture, and none of its colour's own.
func lacquered(base rgb, ou, ov float32) surfaceFunc {
	cloud, speck := cloudTile(), speckTile()
	return func(u, v float32, d detail) rgb {
		return base.scale(1 + 0.03*cloud.at(u*0.8+ou, v*0.8+ov, d.level) + 0.015*speck.at(u*3+ou, v*3+ov, d.level))
	}
}

// slab is cast or cut stone.
func slab(base rgb, contrast float32, ou, ov float32) surfaceFunc {
	cloud, warp, speck := cloudTile(), warpTile(), speckTile()
	warm, cool := base.times(rgb{1.045, 1, 0.94}), base.times(rgb{0.965, 1, 1.035})
	return func(u, v float32, d detail) rgb {
		broad := warp.at(u*0.22+ou, v*0.22+ov, d.level)
		mid := cloud.at(u*0.8+ou, v*0.8+ov, d.level)
		fine := speck.at(u*3.1+ou, v*3.1+ov, d.level+0.5)
		c := mix(cool, warm, clamp01(0.5+0.8*broad))
		k := 1 + contrast*(0.6*broad+0.9*mid+0.7*fine)
		// Grains of other minerals, light and dark.
		if fleck := speck.at(u*1.5+ov, v*1.5+ou, d.level+0.5); abs32(fleck) > 0.36 {
			k += contrast * 1.2 * fleck * smoothstep(0.36, 0.7, abs32(fleck))
		}
		// Pits are few, and their rims soft.
		pit := smoothstep(0.56, 1.0, speck.at(u*0.8+ov, v*0.8+ou, d.level)+0.5*mid)
		k *= 1 - 0.26*pit*(0.3+contrast*2)
		return c.scale(max(k, 0.15))
	}
}
