package scene

func marble(base, vein, cloudy rgb, strength float32, ou, ov float32) surfaceFunc {
	cloud, warp := cloudTile(), warpTile()
	return func(u, v float32, lod int, spot float32) rgb {
		wu := u + 0.13*warp.at(u*0.3+ou, v*0.3+ov, lod)
		wv := v + 0.16*warp.at(u*0.3+ov+0.5, v*0.3+ou, lod)
		// Veins are the zero crossings of warped noise, stretched diagonally.
		a := cloud.at((wu+wv*0.6)*0.20+ou, (wv-wu*0.5)*0.11+ov, lod)
		b := cloud.at((wu-wv*0.3)*0.34+ov, (wv+wu*0.7)*0.22+ou, lod)
		presence := smoothstep(-0.15, 0.35, warp.at(u*0.21+ou*3, v*0.21, lod))
		v1 := 1 - min(abs32(a)*16, 1)
		v2 := 1 - min(abs32(b)*26, 1)
		soft := 1 - min(abs32(a)*3.2, 1)
		c := mix(base, cloudy, clamp01(0.34*soft*soft+0.22*(b+0.3)))
		return mix(c, vein, clamp01((v1*v1*0.9*presence+v2*v2*0.4*(1-presence))*strength))
	}
}
