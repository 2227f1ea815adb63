package scene

// farKind is what lies behind the surface.
type farKind int

const (
	farCove farKind = iota
	farPodium
	farRoom
	farFoliage
	farDark
	farKitchen
	farOffice
	farForest
)

// paintFar paints the far background sharp and in high dynamic range, then
// defocuses it with a lens blur, the way a camera would.
func paintFar(c *canvas, lk *look, f *frame, seed uint64) {
	r := &rng{seed ^ 0xfa4}
	sd := float32(lk.side) // -1 light on the left, +1 on the right
	a := arrangements[lk.far][lk.at]
	a.paint(c, lk, f, sd, r)
	if lk.far == farFoliage || lk.far == farForest {
		paintBlocks(c, lk, f, sd)
	}
	c.lensBlur(a.blur)
	if lk.far != farCove && lk.far != farPodium {
		c.shrink(areaRim)
	}
	if lk.farGain != 1 && lk.far != farCove && lk.far != farPodium {
		for i := range c.pix {
			c.pix[i] *= lk.farGain
		}
	}
	if lk.far != farCove && lk.far != farPodium {
		c.soften(1.2 / c.unit) // anti-aliases the aperture's edge
	}
}

// areaRim is the part of an area's rim, in scene units, that smoothing may touch in the
// small pictures by which colours are tuned.
const areaRim = 0.012

// paintBlocks stands a block behind the surface for the palette's second and third
// colour, where a place has no things of its own that may have any colour.
func paintBlocks(c *canvas, lk *look, f *frame, sd float32) {
	at := across(f, sd)
	for i, p := range [][3]float32{{-0.96, -0.6, 0.5}, {0.62, 0.94, 0.56}} {
		if lk.kept < i+2 {
			return
		}
		col := []rgb{lk.accentRGB, lk.thirdRGB}[i]
		c.block(at(p[0]), p[2]*f.h, at(p[1]), f.edge+0.1, col, sd)
		c.shows(i+1, "block", at(p[0]), p[2]*f.h, at(p[1]), f.edge-0.005)
	}
}
