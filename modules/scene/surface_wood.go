package scene

// planks is plain-sawn timber: long streaks of fibre, growth rings that drift
// along the board, and boards cut from different trees. They lie across the view.
func planks(dark, light rgb, width float32, ou, ov float32) surfaceFunc {
	cloud, warp, speck := cloudTile(), warpTile(), speckTile()
	return func(u, v float32, d detail) rgb {
		along, across := u, v
		// Half a board of offset keeps a seam from running through the
		// middle of the picture, where the product stands.
		p := across/width + 0.37 + ou
		board := int(p)
		in := p - float32(board)
		h := hash64(uint64(board)*0x9e3779b9 + 77)
		shade := float32(h&1023)/1023 - 0.5
		off := float32(h>>10&1023) / 64
		a := along*0.16 + off + ov
		drift := warp.at(a*0.8, across*0.25+off, d.level)
		// Rings: distance from a pith that lies off the board, bent by drift.
		ring := across*4.2/width + 1.1*drift + off
		ring -= float32(int(ring))
		// Slow early wood, then a quick dark line of late wood.
		ring = smoothstep(0, 0.8, ring) * smoothstep(1, 0.86, ring)
		fibre := cloud.at(a*0.55, across*1.9+off, d.level)
		fine := speck.at(a*0.30, across*2.3, d.level)
		tone := 0.56 + 0.22*shade + 0.26*fibre - 0.17*(ring-0.4) + 0.20*fine + 0.14*cloud.at(a*0.2, across*6, d.level) + 0.13*speck.at(a*1.1+0.6, across*6.5, d.level+1)
		c := mix(dark, light, clamp01(tone))
		// Open pores: short dark dashes along the grain.
		if pore := speck.at(a*0.8+0.3, across*3.1+0.7, d.level); pore > 0.3 {
			c = c.scale(1 - min((pore-0.3)*1.1, 0.2))
		}
		gap := min(in, 1-in) * width
		if gap < d.spot*2 {
			c = c.scale(0.38 + 0.62*smoothstep(0, d.spot*2, gap))
		}
		return c
	}
}
