package scene

// A vessel stands on the surface's far end for a colour of the palette. Places are between
// the middle and the border of the frame, -1 away from the light and 1 on its side; sizes
// are in scene units.
type vessel struct {
	what       string
	at         float32
	wide, high float32 // half its width, its height
	half       func(t float32) float32
	x, y0, y1  float32 // the part of it that shows its colour alone: shares of wide, and of high above its foot
	grows      growth
}

// growth draws what grows out of a vessel, from its rim at (x, y), k times its usual size.
type growth func(c *canvas, x, y, k float32, green rgb, r *rng)

// vessels has, for each composition of a place outdoors, what stands there for the
// palette's second and third colour: alike sets of pots would tell the same picture.
var vessels = [][2]vessel{
	{planter(-0.76, 1, leafy), planter(0.8, 0.84, leafy)},
	{tall(0.78, 1, dry), round(-0.82, 0.9, leafy)},
	{round(-0.72, 1, leafy), crate(0.84, 1, leafy)},
	{crate(0.76, 1.05, leafy), tall(-0.86, 0.95, dry)},
	{shallow(-0.74, 1, leafy), planter(0.86, 0.9, leafy)},
}

func planter(at, k float32, grows growth) vessel {
	return vessel{"pot", at, 0.11 * k, 0.15 * k, func(t float32) float32 { return 1 - 0.2*t }, 0.66, 0.13, 0.84, grows}
}

func tall(at, k float32, grows growth) vessel {
	return vessel{"vase", at, 0.085 * k, 0.25 * k, vase, 0.6, 0.2, 0.62, grows}
}

func round(at, k float32, grows growth) vessel {
	return vessel{"round pot", at, 0.105 * k, 0.165 * k, func(t float32) float32 { return globe(0.14 + 0.8*t) }, 0.62, 0.24, 0.8, grows}
}

func crate(at, k float32, grows growth) vessel {
	return vessel{"box", at, 0.15 * k, 0.115 * k, nil, 0.9, 0.15, 0.9, grows}
}

func shallow(at, k float32, grows growth) vessel {
	return vessel{"bowl", at, 0.15 * k, 0.155 * k, bowl, 0.68, 0.32, 0.92, grows}
}

// leafy is a plant whose leaves fan out.
func leafy(c *canvas, x, y, k float32, green rgb, r *rng) { plant(c, x, y+0.03, 0.16*k, green, r, 60) }

// dry are branches with few leaves.
func dry(c *canvas, x, y, k float32, green rgb, r *rng) {
	twigs(c, x, y+0.02, 0.26*k, hex(0x6b5a45), green.scale(1.4), r, 6)
}

// vesselBlur is the blur of what stands on the surface: it is nearer than what lies behind it.
const vesselBlur = 0.013

// standVessels stands them where a place has no things of its own that may have any colour.
func standVessels(c *canvas, lk *look, f *frame, sd float32, r *rng) {
	if lk.kept < 2 {
		return
	}
	at, place := across(f, sd), lk.at
	if lk.far == farForest {
		place += 2
	}
	for i, v := range vessels[place%len(vessels)] {
		if lk.kept < i+2 {
			break
		}
		x, foot, col := at(v.at), f.edge+0.012, []rgb{lk.accentRGB, lk.thirdRGB}[i]
		v.grows(c, x, foot-v.high, v.wide/0.11, []rgb{hex(0x5f7a52), hex(0x79905f)}[i], r)
		if v.half == nil {
			c.block(x-v.wide, foot-v.high, x+v.wide, foot, col, sd)
			c.block(x-v.wide, foot-v.high, x+v.wide, foot-v.high+0.01, col.scale(1.12), sd)
		} else {
			c.turned(x, foot-v.high, foot, v.wide, v.half, col, sd)
		}
		c.shows(i+1, v.what, x-v.x*v.wide, foot-v.y1*v.high, x+v.x*v.wide, foot-v.y0*v.high)
	}
	c.lensBlur(vesselBlur)
}
