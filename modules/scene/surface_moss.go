package scene

// moss grows over weathered boards in cushions: rounded, with dark creases
// between them, brighter where they face the light, and with a shadow on the
// wood along their edge. side is where the light comes from.
func moss(wood surfaceFunc, side float32, ou, ov float32) surfaceFunc {
	cloud, warp, speck := cloudTile(), warpTile(), speckTile()
	dark, mid, tip := hex(0x252b1a), hex(0x434e2e), hex(0x737d52)
	dry := hex(0x6b5f34)

	// Patches leave the middle free, where the product stands, and close in
	// towards the sides.
	patch := func(u, v float32, level float32) float32 {
		aside := smoothstep(0.16, 0.62, abs32(u-floorCentre)) * 0.30
		return cloud.at(u*0.36+ou*2, v*0.30+ov*2, level) + 0.45*cloud.at(u*1.4+ov, v*1.2+ou, level) + aside - 0.36
	}
	// Billows: the distance of noise from zero is round on top and creased below.
	height := func(u, v float32, level float32) float32 {
		w := 0.05 * warp.at(u*1.1, v*1.1, level)
		return abs32(cloud.at(u*1.7+w, v*1.5-w, level)) + 0.55*abs32(cloud.at(u*4.1+0.3, v*3.7+w, level))
	}
	const reach = 0.012 // how far towards the light slopes are felt
	return func(u, v float32, d detail) rgb {
		c := wood(u, v, d)
		fine := 0.45 * speck.at(u*1.6, v*1.6, d.level+1)
		p := patch(u, v, d.level) + 0.05*fine
		if p < -0.08 {
			return c
		}
		cover := smoothstep(-0.02, 0.05, p+0.035*speck.at(u*3.3, v*3.3, d.level))
		// The wood beside a cushion lies in its shadow.
		c = c.scale(1 - 0.55*smoothstep(-0.08, 0, p))
		if cover == 0 {
			return c
		}
		h := height(u, v, d.level)
		// A patch's rim curves down to the wood.
		rim := smoothstep(0, 0.16, p)
		slope := h - height(u+side*reach, v+0.6*reach, d.level) + 0.35*(patch(u, v, d.level)-patch(u+side*reach*2, v+reach, d.level))
		tuft := 0.4 * speck.at(u*3.2+ov, v*3.2, d.level+1)
		lit := 0.16 + 0.34*smoothstep(0, 0.5, h)*(0.4+0.6*rim) + 0.5*slope + 0.30*fine + 0.34*tuft
		m := mix(dark, mid, smoothstep(0, 0.5, lit))
		m = mix(m, tip, smoothstep(0.36, 1.15, lit))
		m = mix(m, dry.scale(0.4+0.8*clamp01(lit)), 0.35*smoothstep(0.12, 0.4, warp.at(u*0.9+ou, v*0.9+ov, d.level)))
		return mix(c, m, cover)
	}
}
