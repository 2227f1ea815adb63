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
		standPots(c, lk, f, sd, r)
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

// Where pots stand, between the middle and the border of the frame, how wide they are and
// how high, and their blur: they are nearer than what lies behind them.
const (
	potWide = 0.11
	potHigh = 0.15
	potBlur = 0.013
)

// standPots stands planted pots on the surface's far end for the palette's second and third
// colour, where a place has no things of its own that may have any colour.
func standPots(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	if lk.kept < 2 {
		return
	}
	at := across(f, sd)
	greens := []rgb{hex(0x5f7a52), hex(0x79905f)}
	for i, t := range []float32{-0.76, 0.8} {
		if lk.kept < i+2 {
			break
		}
		x, k := at(t), 1-0.16*float32(i)
		wide, high := potWide*k, potHigh*k
		foot := f.edge + 0.012
		plant(c, x, foot-high+0.03, 0.16*k, greens[i], r, 60)
		c.turned(x, foot-high, foot, wide, pot, []rgb{lk.accentRGB, lk.thirdRGB}[i], sd)
		c.shows(i+1, "pot", x-0.66*wide, foot-0.84*high, x+0.66*wide, foot-0.02)
	}
	c.lensBlur(potBlur)
}

// pot is the outline of a planter.
func pot(t float32) float32 { return 1 - 0.2*t }
