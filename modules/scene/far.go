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
	switch lk.far {
	case farCove:
		paintCove(c, lk, f, sd)
	case farPodium:
		paintTonal(c, lk, f, sd)
	case farRoom:
		paintRoom(c, lk, f, sd, r)
		c.lensBlur(0.034)
	case farFoliage:
		outdoorPlaces[seed%uint64(len(outdoorPlaces))](c, lk, f, sd, r)
		c.lensBlur(0.03)
	case farDark:
		paintDark(c, lk, f, sd, r)
	case farKitchen:
		paintKitchen(c, lk, f, sd, r)
		c.lensBlur(0.026)
	case farOffice:
		paintOffice(c, lk, f, sd, r)
		c.lensBlur(0.03)
	case farForest:
		naturePlaces[seed%uint64(len(naturePlaces))](c, lk, f, sd, r)
		c.lensBlur(0.032)
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
