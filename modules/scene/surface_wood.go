package scene

// The growth rings of a board, in scene units.
const (
	ringsPerUnit = 95    // how many lie in a unit, counted from the pith
	pithDepth    = 0.045 // how deep the pith lies below the board on the mean
	pithDrift    = 0.035 // how far it comes nearer and goes away again along the board
)

// grain is what a board shows at a place: its tone, about 0.5 on the mean, and how much of
// the light comes out of it: less in pores and in the gaps between boards.
type grain struct{ tone, open float32 }

// timber is plain-sawn boards that lie across the view, each from a tree of its own. A board
// is a plane that cuts the rings of its tree near the pith: where that lies deep they are
// long lines, where it comes up they close in arches.
func timber(width, ou, ov float32) func(u, v float32, d detail) grain {
	cloud, warp, speck := cloudTile(), warpTile(), speckTile()
	return func(u, v float32, d detail) grain {
		// Half a board of offset keeps a seam from running through the
		// middle of the picture, where the product stands.
		p := v/width + 0.37 + ou
		board := int(p)
		in := p - float32(board)
		h := hash64(uint64(board)*0x9e3779b9 + 77)
		shade := float32(h&1023)/1023 - 0.5
		off := float32(h>>10&1023) / 64
		along, across := u+off+ov, (in-0.5)*width
		side := (float32(h>>20&1023)/1023 - 0.5) * width * 0.9

		bend := warp.at(along*0.14, off, 0)
		c := across - side - 0.05*bend - 0.012*warp.at(along*0.5, off+v*0.3, 0)
		deep := max(pithDepth+pithDrift*warp.at(along*0.21+0.5, off, 0), 0.004)
		r := sqrt32(c*c+deep*deep) + 0.006*cloud.at(along*0.35, v*1.4+off, d.level)
		ring := r*ringsPerUnit + 1.4*warp.at(r*2.5, off, 0) + 40
		n := int(ring)
		late := ring - float32(n)
		// Slow early wood, then a quick dark line of late wood; no year is like another.
		late = smoothstep(0.15, 0.86, late) * smoothstep(1, 0.9, late) * (0.45 + 0.55*float32(hash64(uint64(n)+h)&255)/255)
		near := d.spot * ringsPerUnit * abs32(c) / max(r, 1e-3) // rings that lie closer than is seen are a tone
		late = 0.27 + (late-0.27)*smoothstep(0.75, 0.2, near)

		fibre := speck.at(along*0.16, v*2.1, d.level+1)
		fine := speck.at(along*0.28+0.3, v*4.3, d.level+1.5)
		tone := 0.56 + 0.2*shade + 0.13*bend + 0.13*cloud.at(along*0.3, v*0.8+off, d.level) - 0.34*(late-0.27) + 0.10*fibre + 0.07*fine
		g := grain{clamp01(tone), 1}
		// Open pores: short dark dashes along the grain.
		if pore := speck.at(along*0.34+0.3, v*3.1+0.7, d.level+0.5); pore > 0.34 {
			g.open -= min((pore-0.34)*0.9, 0.2)
		}
		if gap := min(in, 1-in) * width; gap < d.spot*2 {
			g.open *= 0.38 + 0.62*smoothstep(0, d.spot*2, gap)
		}
		return g
	}
}

// planks is timber of a tone between two.
func planks(dark, light rgb, width float32, ou, ov float32) surfaceFunc {
	wood := timber(width, ou, ov)
	return func(u, v float32, d detail) rgb {
		g := wood(u, v, d)
		return mix(dark, light, g.tone).scale(g.open)
	}
}

// Of a painted board: how much its grain is felt through the paint, and how much of what is
// dark in the bare wood.
const (
	reliefTone = 0.16
	reliefOpen = 0.7
)

// paintedPlanks is timber under a coat of paint.
func paintedPlanks(base rgb, width float32, ou, ov float32) surfaceFunc {
	wood := timber(width, ou, ov)
	return func(u, v float32, d detail) rgb {
		g := wood(u, v, d)
		return base.scale((1 + reliefTone*(g.tone-0.56)) * (1 - reliefOpen*(1-g.open)))
	}
}
