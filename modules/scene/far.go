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
	c.lensBlur(a.blur)
	if lk.far == farFoliage || lk.far == farForest {
		standVessels(c, lk, f, sd, r)
	}
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
