package scene

func marble(base, vein, cloudy rgb, strength float32, ou, ov float32) surfaceFunc {
	cloud, warp := cloudTile(), warpTile()
	return func(u, v float32, d detail) rgb {
		wu := u + 0.13*warp.at(u*0.3+ou, v*0.3+ov, d.level)
		wv := v + 0.16*warp.at(u*0.3+ov+0.5, v*0.3+ou, d.level)
		// Veins are the zero crossings of warped noise, stretched diagonally.
		a := cloud.at((wu+wv*0.6)*0.20+ou, (wv-wu*0.5)*0.11+ov, d.level)
		b := cloud.at((wu-wv*0.3)*0.34+ov, (wv+wu*0.7)*0.22+ou, d.level)
		presence := smoothstep(-0.15, 0.35, warp.at(u*0.21+ou*3, v*0.21, d.level))
		// Out of focus a vein is wider, and fainter by as much.
		wide := 1 + d.spot*softVein
		v1 := 1 - min(abs32(a)*16/wide, 1)
		v2 := 1 - min(abs32(b)*26/wide, 1)
		soft := 1 - min(abs32(a)*3.2, 1)
		c := mix(base, cloudy, clamp01(0.34*soft*soft+0.22*(b+0.3)))
		return mix(c, vein, clamp01((v1*v1*0.9*presence+v2*v2*0.4*(1-presence))*strength/wide))
	}
}

// softVein is by how much of its width a vein grows for each unit of blur.
const softVein = 40
