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
