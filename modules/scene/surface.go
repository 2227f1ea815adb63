package scene

// material is a procedural surface, a function of floor coordinates.
type material int

const (
	materialAuto material = iota
	paper
	woodWarm
	woodOak
	woodWalnut
	stone
	concrete
	marbleWhite
	marbleBlack
	linen
	woodWeathered
	laminate
	paintedWood
)

// detail is how coarse look-ups are at a distance: it prevents shimmer and doubles as
// depth of field.
type detail struct {
	level float32 // of the tiles
	spot  float32 // the same blur as a length, for lines that are drawn, not looked up
}

// surfaceFunc returns the albedo at (u, v) in scene units.
type surfaceFunc func(u, v float32, d detail) rgb

func newSurface(m material, lk *look, seed uint64) surfaceFunc {
	r := rng{seed ^ 0x5eed50f}
	ou, ov := r.between(0, 40), r.between(0, 40)
	switch m {
	case woodWarm:
		return planks(hex(0x54341f), hex(0xad8058), 0.30, ou, ov)
	case woodOak:
		return planks(hex(0xb18a5f), hex(0xdfc39c), 0.9, ou, ov)
	case woodWalnut:
		return planks(hex(0x2a170d), hex(0x6b442a), 0.36, ou, ov)
	case woodWeathered:
		return planks(hex(0x3a3025), hex(0x857259), 0.27, ou, ov)
	case stone:
		return slab(hex(0x96979b), 0.2, ou, ov)
	case concrete:
		return slab(hex(0xb4b1ac), 0.10, ou, ov)
	case marbleWhite:
		return marble(hex(0xeeedea), hex(0x9b9c9e), hex(0xc3bfb8), 0.75, ou, ov)
	case marbleBlack:
		return marble(hex(0x141315), hex(0x8d7a5c), hex(0x3a373a), 0.9, ou, ov)
	case laminate:
		return lacquered(hex(0xe9e7e2), ou, ov)
	case paintedWood:
		return paintedPlanks(lk.wallRGB, 0.26, ou, ov)
	case linen:
		return weave(mix(tone(lk.wallRGB, 0.88, 0.03), hex(0xe9e2d6), 0.5), ou, ov)
	}
	c := lk.wallRGB
	return func(u, v float32, d detail) rgb {
		return c.scale(1 + 0.02*speckTile().at(u*2+ou, v*2+ov, d.level))
	}
}

// floorCentre is the u coordinate of the picture's middle: far enough from zero
// for look-ups to stay positive.
const floorCentre = 8
