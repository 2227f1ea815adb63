package scene

// arrangement is one composition of a set: where the camera stands, what the product
// stands on and what is seen behind it. A seed chooses one.
type arrangement struct {
	paint painter
	blur  float32 // of what is behind, in scene units

	lower    float32  // how much lower on the frame the surface ends than usual, as a share of its height: the camera stands lower
	top      material // materialAuto: the set's own, as all zero values below
	wall     lch
	accent   lch
	gobo     goboKind
	gloss    float32
	hardness float32
	plinth   plinth
	behind   bool // the light comes from behind
}

// painter paints what lies behind a surface. sd is -1 where the light stands on the left
// and +1 where it stands on the right.
type painter func(c *canvas, lk *look, f *frame, sd float32, r *rng)

// arrangements holds at least five compositions of each set.
var arrangements = map[farKind][]arrangement{
	farCove: {
		{paint: paintCove},
		{paint: paintCorner, lower: -0.07},
		{paint: paintPool, lower: 0.05},
		{paint: paintCove, lower: -0.03, gobo: goboWindow, hardness: 0.35},
		{paint: paintRoll, lower: 0.02},
	},
	farPodium: {
		{paint: paintTonal, plinth: plinthRound},
		{paint: paintTonal, plinth: plinthLow, lower: 0.03, wall: lch{0.84, 0.032, 130 * deg}, accent: lch{0.87, 0.035, 120 * deg}},
		{paint: paintTonal, plinth: plinthBlock, lower: -0.04, wall: lch{0.8, 0.03, 245 * deg}, accent: lch{0.86, 0.025, 240 * deg}},
		{paint: paintTonal, plinth: plinthNone, lower: -0.08, gobo: goboWindow, hardness: 0.55, wall: lch{0.86, 0.03, 85 * deg}, accent: lch{0.78, 0.05, 60 * deg}},
		{paint: paintTonal, plinth: plinthSteps, lower: -0.01, hardness: 0.5, wall: lch{0.82, 0.03, 310 * deg}, accent: lch{0.86, 0.03, 330 * deg}},
	},
	farRoom: {
		{paint: paintLivingRoom, blur: 0.022, top: woodOak, wall: lch{0.82, 0.028, 75 * deg}, accent: lch{0.6, 0.07, 45 * deg}},
		{paint: paintConsole, blur: 0.011, top: woodWalnut, lower: 0.06, wall: lch{0.83, 0.022, 85 * deg}, accent: lch{0.58, 0.06, 45 * deg}},
		{paint: paintDining, blur: 0.022, top: linen, lower: -0.07, wall: lch{0.62, 0.035, 150 * deg}, accent: lch{0.86, 0.015, 95 * deg}},
		{paint: paintBookcase, blur: 0.026, top: stone, lower: -0.02, wall: lch{0.66, 0.03, 65 * deg}, accent: lch{0.5, 0.035, 235 * deg}},
		{paint: paintReadingNook, blur: 0.024, top: woodWarm, lower: 0.02, behind: true, wall: lch{0.74, 0.045, 50 * deg}, accent: lch{0.52, 0.05, 130 * deg}},
	},
	farFoliage: {
		{paint: paintGarden, blur: 0.03},
		{paint: paintMeadow, blur: 0.03, lower: 0.05, top: woodWarm, behind: true},
		{paint: paintTerrace, blur: 0.03, lower: -0.05, top: stone},
		{paint: paintSea, blur: 0.026, lower: 0.02, top: woodOak, behind: true},
		{paint: paintPark, blur: 0.024, lower: -0.03, top: woodWalnut},
	},
	farDark: {
		{paint: paintFluted},
		{paint: paintDrapery, lower: -0.06, gloss: 0.3, wall: lch{0.4, 0.09, 18 * deg}},
		{paint: paintHalo, lower: 0.05, wall: lch{0.22, 0.02, 260 * deg}},
		{paint: paintLacquer, lower: -0.02, top: woodWalnut, gloss: 0.3, wall: lch{0.3, 0.045, 165 * deg}},
		{paint: paintNightWindow, blur: 0.03, lower: 0.02, wall: lch{0.2, 0.02, 270 * deg}},
	},
	farKitchen: {
		{paint: paintKitchen, blur: 0.026},
		{paint: paintTiledWall, blur: 0.013, lower: -0.05, top: woodOak, gloss: 0.12, wall: lch{0.86, 0.03, 165 * deg}, accent: lch{0.6, 0.09, 45 * deg}},
		{paint: paintCabinets, blur: 0.024, lower: 0.02, wall: lch{0.6, 0.035, 245 * deg}, accent: lch{0.8, 0.05, 75 * deg}},
		{paint: paintBreakfast, blur: 0.024, lower: -0.08, top: linen, gloss: 0.02, wall: lch{0.9, 0.025, 95 * deg}, accent: lch{0.68, 0.07, 60 * deg}},
		{paint: paintDarkKitchen, blur: 0.022, lower: 0.05, top: concrete, gloss: 0.12, wall: lch{0.38, 0.03, 165 * deg}, accent: lch{0.66, 0.08, 60 * deg}},
	},
	farOffice: {
		{paint: paintOffice, blur: 0.028},
		{paint: paintPrints, blur: 0.012, lower: -0.05, wall: lch{0.86, 0.014, 85 * deg}, accent: lch{0.55, 0.08, 45 * deg}},
		{paint: paintBlinds, blur: 0.022, lower: 0.03, top: laminate, behind: true, wall: lch{0.8, 0.015, 220 * deg}, accent: lch{0.6, 0.04, 150 * deg}},
		{paint: paintLoft, blur: 0.02, lower: 0.05, top: woodWalnut, wall: lch{0.7, 0.035, 50 * deg}, accent: lch{0.4, 0.03, 160 * deg}},
		{paint: paintPanels, blur: 0.022, lower: -0.02, top: concrete, wall: lch{0.56, 0.03, 255 * deg}, accent: lch{0.66, 0.09, 65 * deg}},
	},
	farForest: {
		{paint: paintForest, blur: 0.026},
		{paint: paintMist, blur: 0.026, lower: 0.05, top: stone, gobo: goboClear, hardness: 0.1},
		{paint: paintBirches, blur: 0.022, lower: -0.04, top: woodWarm},
		{paint: paintBrook, blur: 0.026, lower: -0.06, top: stone},
		{paint: paintLake, blur: 0.026, lower: 0.03, gobo: goboClear, behind: true},
	},
}

// arranged returns the set in the composition that a seed chooses.
func (s set) arranged(seed uint64) set {
	list := arrangements[s.far]
	s.at = int(seed % uint64(len(list)))
	a := list[s.at]
	s.lower, s.plinth, s.behind = a.lower, a.plinth, a.behind
	if a.top != materialAuto {
		s.top = a.top
	}
	if a.wall != (lch{}) {
		s.wall, s.accent = a.wall, a.accent
		if a.accent == (lch{}) {
			s.accent = sets[0].accent
		}
	}
	switch a.gobo {
	case goboNone:
	case goboClear:
		s.gobo = goboNone
	default:
		s.gobo = a.gobo
	}
	if a.gloss != 0 {
		s.gloss = a.gloss
	}
	if a.hardness != 0 {
		s.hardness = a.hardness
	}
	return s
}
