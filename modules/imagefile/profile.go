package imagefile

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Pictures can state their colours in other ways than by an ICC profile. Each is
// made one here and put into what the decoder gets, which thus needs to know
// profiles alone.

// xy is a chromaticity.
type xy struct{ x, y float64 }

// gamut is the chromaticities of a colour space.
type gamut struct{ red, green, blue, white xy }

var d65 = xy{.3127, .3290}

// gamuts are named by their code points in ITU-T H.273 table 2.
var gamuts = map[byte]gamut{
	1:  {xy{.640, .330}, xy{.300, .600}, xy{.150, .060}, d65}, // BT.709, sRGB
	4:  {xy{.67, .33}, xy{.21, .71}, xy{.14, .08}, xy{.310, .316}},
	5:  {xy{.64, .33}, xy{.29, .60}, xy{.15, .06}, d65},
	6:  {xy{.630, .340}, xy{.310, .595}, xy{.155, .070}, d65},
	7:  {xy{.630, .340}, xy{.310, .595}, xy{.155, .070}, d65},
	8:  {xy{.681, .319}, xy{.243, .692}, xy{.145, .049}, xy{.310, .316}},
	9:  {xy{.708, .292}, xy{.170, .797}, xy{.131, .046}, d65},            // BT.2020
	11: {xy{.680, .320}, xy{.265, .690}, xy{.150, .060}, xy{.314, .351}}, // DCI P3
	12: {xy{.680, .320}, xy{.265, .690}, xy{.150, .060}, d65},            // Display P3
	22: {xy{.630, .340}, xy{.295, .605}, xy{.155, .077}, d65},
}

// adobeRGB is Adobe RGB (1998), section 4.3.1, with the gamma of 4.3.4.2.
var (
	adobeRGB      = gamut{xy{.64, .33}, xy{.21, .71}, xy{.15, .06}, d65}
	adobeRGBGamma = 563.0 / 256
)

// transfer returns the linear light, 0..1, of an encoded value 0..1.
type transfer func(v float64) float64

func gammaTransfer(g float64) transfer {
	return func(v float64) float64 { return math.Pow(max(v, 0), g) }
}

func srgbTransfer(v float64) float64 {
	if v <= .04045 {
		return v / 12.92
	}
	return math.Pow((v+.055)/1.055, 2.4)
}

func bt709Transfer(v float64) float64 {
	const a, b = 1.09929682680944, .018053968510807
	if v < 4.5*b {
		return v / 4.5
	}
	return math.Pow((v+a-1)/a, 1/.45)
}

func smpte240Transfer(v float64) float64 {
	if v < 4*.0228 {
		return v / 4
	}
	return math.Pow((v+.1115)/1.1115, 1/.45)
}

// pqTransfer is the curve of SMPTE ST 2084. White of a plain picture has 203 cd/m²
// (ITU-R BT.2408); brighter values are shown as white.
func pqTransfer(v float64) float64 {
	const m1, m2, c1, c2, c3 = 2610.0 / 16384, 2523.0 / 32, 3424.0 / 4096, 2413.0 / 128, 2392.0 / 128
	const peak, white = 10_000, 203
	p := math.Pow(max(v, 0), 1/m2)
	return min(1, peak/white*math.Pow(max(p-c1, 0)/(c2-c3*p), 1/m1))
}

// hlgTransfer is that of ITU-R BT.2100's hybrid log-gamma with a system gamma of
// 1.2. White of a plain picture stands at 75 % of the signal (BT.2408).
func hlgTransfer(v float64) float64 {
	const a, b, c, white, gamma = .17883277, .28466892, .55991073, .75, 1.2
	scene := func(v float64) float64 {
		if v <= .5 {
			return v * v / 3
		}
		return (math.Exp((v-c)/a) + b) / 12
	}
	return min(1, math.Pow(scene(v)/scene(white), gamma))
}

// transfers are named by their code points in ITU-T H.273 table 3.
var transfers = map[byte]transfer{
	1: bt709Transfer, 6: bt709Transfer, 11: bt709Transfer, 14: bt709Transfer, 15: bt709Transfer,
	4: gammaTransfer(2.2), 5: gammaTransfer(2.8), 7: smpte240Transfer, 8: gammaTransfer(1),
	13: srgbTransfer, 16: pqTransfer, 17: gammaTransfer(2.6), 18: hlgTransfer,
}

// codedProfile returns the profile of H.273's code points, as PNG's cICP has
// them; nil for sRGB and for what is not known.
func codedProfile(primaries, transferCode, matrix, fullRange byte, grey bool) []byte {
	g, knownPrimaries := gamuts[primaries]
	t, knownTransfer := transfers[transferCode]
	if !knownPrimaries || !knownTransfer || matrix != 0 || fullRange > 1 || primaries == 1 && transferCode == 13 && fullRange == 1 {
		return nil
	}
	if fullRange == 0 {
		full := t
		// BT.2100's narrow range of 8 bits.
		t = func(v float64) float64 { return full(max(0, min(1, (v*255-16)/219))) }
	}
	return madeProfile(g, t, grey)
}

// gammaProfile returns the profile of PNG's gAMA and cHRM; nil for sRGB and for
// what makes no sense. gamma is that of decoding; 0 is sRGB's own curve. A nil
// gamut is sRGB's.
func gammaProfile(gamma float64, chromaticities *gamut, grey bool) []byte {
	const near, nearGamma, least, most = .002, .02, .2, 5
	g := gamuts[1]
	if chromaticities != nil {
		g = *chromaticities
	}
	same := true
	for i, p := range []xy{g.red, g.green, g.blue, g.white} {
		s := gamuts[1]
		q := []xy{s.red, s.green, s.blue, s.white}[i]
		same = same && math.Abs(p.x-q.x) < near && math.Abs(p.y-q.y) < near
	}
	t := srgbTransfer
	if gamma != 0 {
		if gamma < least || gamma > most {
			return nil
		}
		t = gammaTransfer(gamma)
	}
	// 1/2.2 with sRGB's primaries is how older programs say sRGB.
	if same && (gamma == 0 || math.Abs(gamma-2.2) < nearGamma) {
		return nil
	}
	return madeProfile(g, t, grey)
}

// adobeRGBProfile returns the profile of Adobe RGB.
func adobeRGBProfile() []byte { return madeProfile(adobeRGB, gammaTransfer(adobeRGBGamma), false) }

// madeProfile returns an ICC profile, version 2.4, of three primaries and one
// curve, or of the curve alone for grey. nil when the primaries span no plane.
func madeProfile(g gamut, t transfer, grey bool) []byte {
	columns, ok := g.toD50()
	if !ok {
		return nil
	}
	const points = 4096
	curve := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), points)
	for i := range points {
		v := max(0, min(1, t(float64(i)/(points-1))))
		curve = binary.BigEndian.AppendUint16(curve, uint16(math.Round(v*math.MaxUint16)))
	}
	p := iccBuilder{}
	p.tag("desc", append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x05made\x00"), make([]byte, 78)...))
	p.tag("cprt", []byte("text\x00\x00\x00\x00none\x00"))
	p.tag("wtpt", xyzTag(iccD50))
	if grey {
		p.tag("kTRC", curve)
		return p.bytes("GRAY")
	}
	for i, name := range []string{"r", "g", "b"} {
		p.tag(name+"XYZ", xyzTag(columns[i]))
	}
	at := p.tag("rTRC", curve)
	p.same("gTRC", at)
	p.same("bTRC", at)
	return p.bytes("RGB ")
}

// iccD50 is the white of ICC's connection space, ICC.1:2022 section 7.2.16.
var iccD50 = [3]float64{.9642, 1, .8249}

// toD50 returns XYZ of the primaries at full drive, adapted to D50 by
// Bradford's matrix.
func (g gamut) toD50() (columns [3][3]float64, ok bool) {
	xyz := func(c xy) [3]float64 { return [3]float64{c.x / c.y, 1, (1 - c.x - c.y) / c.y} }
	var m [3][3]float64
	for k, c := range []xy{g.red, g.green, g.blue} {
		if c.y < 1e-4 || c.x < 0 || c.x+c.y > 1 {
			return columns, false
		}
		v := xyz(c)
		for i := range 3 {
			m[i][k] = v[i]
		}
	}
	if g.white.y < 1e-4 || g.white.x <= 0 || g.white.x+g.white.y >= 1 {
		return columns, false
	}
	white := xyz(g.white)
	inverse, ok := invert(m)
	if !ok {
		return columns, false
	}
	s := times(inverse, white)
	bradford := [3][3]float64{{.8951, .2664, -.1614}, {-.7502, 1.7135, .0367}, {.0389, -.0685, 1.0296}}
	back, _ := invert(bradford)
	from, to := times(bradford, white), times(bradford, iccD50)
	for k := range 3 {
		if s[k] <= 0 {
			return columns, false
		}
		c := times(bradford, [3]float64{m[0][k] * s[k], m[1][k] * s[k], m[2][k] * s[k]})
		for i := range 3 {
			c[i] *= to[i] / from[i]
		}
		columns[k] = times(back, c)
	}
	return columns, true
}

func times(m [3][3]float64, v [3]float64) (out [3]float64) {
	for i := range 3 {
		out[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return out
}

func invert(m [3][3]float64) (out [3][3]float64, ok bool) {
	det := m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) + m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
	if math.Abs(det) < 1e-6 {
		return out, false
	}
	for i := range 3 {
		for j := range 3 {
			a, b, c, d := (j+1)%3, (j+2)%3, (i+1)%3, (i+2)%3
			out[i][j] = (m[a][c]*m[b][d] - m[a][d]*m[b][c]) / det
		}
	}
	return out, true
}

func xyzTag(v [3]float64) []byte {
	b := []byte("XYZ \x00\x00\x00\x00")
	for _, c := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(c*(1<<16)))))
	}
	return b
}

// iccBuilder lays out a profile, ICC.1:2001-04 section 6.
type iccBuilder struct {
	names []string
	at    []int // of each tag in data
	size  []int
	data  []byte
}

// tag adds a tag and returns its number.
func (p *iccBuilder) tag(name string, body []byte) int {
	p.names, p.at, p.size = append(p.names, name), append(p.at, len(p.data)), append(p.size, len(body))
	p.data = append(p.data, body...)
	for len(p.data)%4 != 0 {
		p.data = append(p.data, 0)
	}
	return len(p.names) - 1
}

// same adds a tag that shares the data of another tag.
func (p *iccBuilder) same(name string, other int) {
	p.names, p.at, p.size = append(p.names, name), append(p.at, p.at[other]), append(p.size, p.size[other])
}

func (p *iccBuilder) bytes(space string) []byte {
	const header, entry = 128, 12
	begin := header + 4 + entry*len(p.names)
	b := make([]byte, header, begin+len(p.data))
	binary.BigEndian.PutUint32(b, uint32(begin+len(p.data)))
	copy(b[8:], "\x02\x40\x00\x00mntr"+space+"XYZ ")
	copy(b[24:], []byte{0x07, 0xe8, 0, 1, 0, 1}) // 1 January 2024
	copy(b[36:], "acsp")
	copy(b[68:], xyzTag(iccD50)[8:])
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.names)))
	for i, name := range p.names {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(begin+p.at[i]))
		b = binary.BigEndian.AppendUint32(b, uint32(p.size[i]))
	}
	return bytes.Join([][]byte{b, p.data}, nil)
}
