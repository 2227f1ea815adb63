package scene

import "math"

// look is the scene after palette, prompt and light have been applied: all
// that a backdrop depends on besides size and seed. It is comparable, so it is
// the cache key too.
type look struct {
	set
	wallRGB, accentRGB, thirdRGB rgb
	surface                      material
	exposure                     float32
	kinship                      float32 // how well wall and accent mix: 0 where the mixture would be mud
	farGain                      float32 // light on the far background alone
	backlit                      bool
	flat                         bool
	mood                         mood
	tinted                       bool // the prompt or brand chose the colours
	kept                         int  // how many of the palette's colours are shown exactly

	// of the shadow alone; zero in the keys of backdrops
	cast cast
	tint rgb // what shade on the floor looks like where it isn't black
}

// A product paler than paleProduct (OKLCH lightness) would lose its edge against
// a bright window, so the light behind it is turned down.
const (
	paleProduct = 0.82
	behindPale  = 0.62
)

// resolveLook picks colours in order of authority: brand palette, prompt,
// product (only when there is no palette, so a catalogue stays consistent),
// scene default.
func resolveLook(st set, words steer, palette []rgb, p *product, catalogue bool, side Light, flat bool) look {
	lk := look{set: st, surface: st.top, exposure: 1, farGain: 1, flat: flat, backlit: st.behind && !flat}
	if st.painted { // words and palettes steer the light at most
		lk.paintedLight(words, side)
		return lk
	}
	if flat {
		lk.surface, lk.gobo = st.flatTop, st.flatGobo
	}
	if words.material != materialAuto {
		lk.surface = words.material
		if st.far == farDark && words.material == marbleWhite {
			lk.surface = marbleBlack // luxury is dark stone by definition
		}
	}
	if words.gobo != goboNone {
		lk.gobo = words.gobo
	}
	if side != LightAuto {
		lk.side = side
	}
	lk.mood = words.mood

	chosen := append(append([]rgb{}, palette...), words.colours...)
	lk.tinted = len(chosen) > 0
	switch {
	case lk.tinted:
		lk.wallRGB = fitWall(st, chosen[0])
		second := chosen[0]
		if len(chosen) > 1 {
			second = chosen[1]
		}
		lk.accentRGB = tone(second, clampF(toLCH(second).L, 0.35, 0.88), 0.14)
	case !catalogue && p.mass > 0:
		lk.wallRGB, lk.accentRGB = harmonise(st, p.colour)
		if p.colour.L > paleProduct {
			lk.farGain = behindPale
		}
	default:
		lk.wallRGB, lk.accentRGB = st.wall.rgb(), st.accent.rgb()
	}
	lk.kinship = kinship(lk.wallRGB, lk.accentRGB)
	lk.thirdRGB = mix(lk.accentRGB, hex(0xd6c8b2), 0.6*lk.kinship)
	if len(chosen) > 2 {
		lk.thirdRGB = chosen[2]
	}

	switch words.light {
	case lightSoft:
		lk.hardness, lk.falloff = 0.05, st.falloff*0.7
	case lightHard:
		lk.hardness, lk.falloff = 0.95, st.falloff*1.3
	case lightGolden:
		lk.light, lk.hardness = lk.light.times(rgb{1.16, 0.98, 0.72}), max(st.hardness, 0.55)
	case lightBack:
		lk.backlit, lk.hardness = true, max(st.hardness, 0.4)
	}
	switch words.mood {
	case moodDark:
		lk.exposure, lk.vignette, lk.falloff = 0.5, st.vignette+0.25, st.falloff+0.2
		if st.far == farCove || st.far == farPodium {
			v := toLCH(lk.wallRGB)
			lk.wallRGB = lch{math.Max(v.L*0.55, 0.27), v.C, v.H}.rgb()
			lk.exposure = 0.85
		}
	case moodAiry:
		lk.exposure, lk.vignette, lk.falloff = 1.16, st.vignette*0.4, st.falloff*0.7
	}
	if lk.surface == paper {
		// Paper hardly shines; on a dark sheet the same gloss would glare.
		lk.reflection *= clamp01(0.15 + 1.3*lk.wallRGB.luma())
	}
	return lk
}

// paintedLight is what words and brand change of a painted backdrop.
func (lk *look) paintedLight(words steer, side Light) {
	if side != LightAuto {
		lk.side = side
	}
	switch words.light {
	case lightSoft:
		lk.hardness = 0.05
	case lightHard:
		lk.hardness = 0.95
	}
}

// kinship is 1 for colours of similar hue, or hardly any, and falls to 0 for
// complements: red and green, for example, mix to a dull brown.
func kinship(a, b rgb) float32 {
	const near, far, grey = 45 * deg, 100 * deg, 0.03
	x, y := toLCH(a), toLCH(b)
	gap := math.Abs(math.Remainder(x.H-y.H, 2*math.Pi))
	k := smoothstep(far, near, float32(gap))
	return max(k, smoothstep(2*grey, grey, float32(math.Min(x.C, y.C))))
}

// fitWall moves a chosen colour into the range in which the scene stays
// recognisable: a studio sweep may be any colour, a room's wall is not as deep or as vivid.
func fitWall(st set, c rgb) rgb {
	v := toLCH(c)
	switch st.far {
	case farCove:
		return lch{clampF(v.L, 0.3, 0.94), math.Min(v.C, 0.13), v.H}.rgb()
	case farPodium:
		return lch{clampF(v.L, 0.45, 0.88), math.Min(v.C, 0.105), v.H}.rgb()
	case farDark:
		return lch{clampF(v.L*0.4, 0.2, 0.3), math.Min(v.C, 0.05), v.H}.rgb()
	case farKitchen:
		return lch{clampF(v.L, 0.36, 0.9), math.Min(v.C, 0.09), v.H}.rgb()
	case farFoliage, farForest:
		return lch{st.wall.L, math.Min(v.C, 0.09), v.H}.rgb()
	}
	return lch{clampF(v.L, 0.36, 0.88), math.Min(v.C, 0.09), v.H}.rgb()
}

// harmonise derives wall and accent from the product: saturated products get a
// muted complement so that they stand out, the others a tonal setting. Hues
// snap to 15° so that near-identical products share a cached backdrop.
func harmonise(st set, product lch) (wall, accent rgb) {
	w, a := st.wall, st.accent
	hue := math.Round(product.H/(15*deg)) * 15 * deg
	switch st.far {
	case farCove:
		if product.C > 0.05 {
			w.H = hue
		}
		w.C = 0.012
		if product.L > 0.8 {
			w.L = 0.86 // white on white needs an edge
		}
	case farPodium:
		switch {
		case product.C > 0.09:
			w = lch{0.82, 0.034, hue + math.Pi}
			a = lch{0.87, 0.036, hue + math.Pi + 20*deg}
		case product.C > 0.03:
			w = lch{0.8, 0.04, hue}
			a = lch{0.85, 0.042, hue}
		}
		if product.L > 0.8 {
			w.L, a.L, w.C = 0.7, 0.76, w.C*1.3
		}
	case farDark, farFoliage, farForest:
	default:
		if product.C > 0.09 {
			a.H, a.C = hue, 0.07
		}
	}
	return w.rgb(), a.rgb()
}

func clampF(v, lo, hi float64) float64 { return math.Min(math.Max(v, lo), hi) }
