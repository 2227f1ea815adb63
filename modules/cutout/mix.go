package cutout

// noiseFloor is the coverage below which, or so little from whole, a pixel's coverage is
// noise.
const noiseFloor = .06

// mixed is a pixel of the photo as a mix of the product's and the background's colour, which
// are interpolated from both sides of the outline. Colours are square roots of linear light.
type mixed struct {
	photo, front, back [3]float32
	along, apart       float32 // of the photo's colour on the way from back to front, times apart; squared distance of the sides
	varied             float32 // variance of the sides' own colours
}

// mixedAt explains the pixel whose bytes are photo, at u, v of the working picture.
func mixedAt(photo []uint8, front, back *planes3, u, v float32) (m mixed) {
	for c := range 3 {
		m.photo[c], m.front[c], m.back[c] = toGamma2[photo[c]], front[c].at(u, v), back[c].at(u, v)
		m.along += (m.photo[c] - m.back[c]) * (m.front[c] - m.back[c])
		m.apart += (m.front[c] - m.back[c]) * (m.front[c] - m.back[c])
	}
	return m
}

// share is the coverage that the colours alone tell. It may lie outside 0–1.
func (m *mixed) share() float32 { return m.along / max(m.apart, 1e-5) }

// certainty weighs that coverage, 0–1: where both sides look alike, or differ no more than
// each does by itself, it is noise.
func (m *mixed) certainty() float32 {
	return m.apart / (m.apart + alikeSides + variedSides*m.varied)
}

const (
	alikeSides  = .004 // squared difference of the sides at which their colours count half
	variedSides = 3    // the same, in variances of the sides: coverage by colours has that noise against a mask's
)

// The marks of a pixel that is the backdrop in a shadow deeper than beside it: it lies in a shadow
// and has hardly any of the product's colour.
const (
	deeperFrom  = .93  // brightness of the backdrop beside, of the unshaded one's, from which nothing is in shadow,
	deeperTo    = .8   // and below which it is
	colourNone  = .2   // share of the product's colour that a shadow picks up,
	colourSome  = .5   // and from which it is the product's
	colourClear = .012 // squared difference of the product's colour from all of the backdrop's that counts half: below it, colours are JPEG's blocks
)

// inShadow returns the coverage a as far as the pixel isn't the backdrop in a shadow that is darkest
// where the product touches it: the nearest unmixed backdrop is lighter, so that the pixel's darkness
// would count for a dark product. lit is the unshaded backdrop, linear.
func (m *mixed) inShadow(a float32, lit [3]float32) float32 {
	var bb, fb, pb, light float32
	for c := range 3 {
		bb += m.back[c] * m.back[c]
		fb += m.front[c] * m.back[c]
		pb += m.photo[c] * m.back[c]
		light += lit[c]
	}
	shaded := fade(float64(bb/max(light, 1e-5)), deeperFrom, deeperTo)
	if shaded == 0 || pb >= bb || chroma(m.front) <= chroma(m.back) {
		return a // a grey product before a coloured backdrop has the colours of blocks along its edge
	}
	// a shadow scales the backdrop's colour; the product's own lies across that direction
	var own, seen float32
	for c := range 3 {
		f, p := m.front[c]-fb/max(bb, 1e-5)*m.back[c], m.photo[c]-pb/max(bb, 1e-5)*m.back[c]
		own += f * f
		seen += f * p
	}
	share := seen / max(own, 1e-6)
	if share >= a {
		return a
	}
	r := float32(shaded) * own * own / (own*own + colourClear*colourClear) * (1 - float32(fade(float64(share), colourNone, colourSome)))
	return a*(1-r) + max(share, 0)*r
}

// chroma is a colour's squared distance from grey.
func chroma(c [3]float32) float32 {
	m := (c[0] + c[1] + c[2]) / 3
	return (c[0]-m)*(c[0]-m) + (c[1]-m)*(c[1]-m) + (c[2]-m)*(c[2]-m)
}

// paint writes a pixel of coverage a, 0–1, to out, without the background's colour, and returns
// its alpha. photo is the pixel's bytes.
func (m *mixed) paint(out, photo []uint8, a float32) uint8 {
	a = min(max((a-noiseFloor)/(1-2*noiseFloor), 0), 1)
	alpha := uint8(a*255 + .5)
	if out[3] = alpha; alpha == 0 {
		return 0
	}
	if a > .999 {
		copy(out[:3], photo)
		return alpha
	}
	for c := range 3 {
		e := min(max((m.photo[c]-(1-a)*m.back[c])/max(a, .05), 0), 1)
		f := e*a*a + m.front[c]*(1-a*a) // a faint pixel says little of the product's colour
		out[c] = rootToByte[int(min(max(f, 0), 1)*rootSteps+.5)]
	}
	return alpha
}
