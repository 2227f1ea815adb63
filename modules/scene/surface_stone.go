package scene

func slab(base rgb, contrast float32, ou, ov float32) surfaceFunc {
	cloud, warp, speck := cloudTile(), warpTile(), speckTile()
	warm, cool := base.times(rgb{1.07, 1, 0.9}), base.times(rgb{0.93, 1, 1.06})
	return func(u, v float32, lod int, spot float32) rgb {
		broad := warp.at(u*0.22+ou, v*0.22+ov, lod)
		mid := cloud.at(u*0.8+ou, v*0.8+ov, lod)
		fine := speck.at(u*3.1+ou, v*3.1+ov, lod)
		c := mix(cool, warm, clamp01(0.5+0.8*broad))
		k := 1 + contrast*(0.9*broad+1.3*mid+1.1*fine)
		if pit := speck.at(u*1.6+ov, v*1.6+ou, lod) + 0.5*mid; pit > 0.46 {
			k *= 1 - min((pit-0.46)*2.2, 0.4)*(0.3+contrast*2)
		}
		return c.scale(max(k, 0.15))
	}
}
