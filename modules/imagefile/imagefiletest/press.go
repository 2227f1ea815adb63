package imagefiletest

import (
	"encoding/binary"
	"math"
	"slices"
)

// PressProfile is an ICC v2 profile of a press whose header asks for the relative
// intent. Its perceptual table shows all inks as lightness black0, its
// colorimetric one as black1; the colours between are those of plain inks.
func PressProfile(black0, black1 float64) []byte {
	fixed := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) }
	white := slices.Concat([]byte("XYZ \x00\x00\x00\x00"), fixed(.9642), fixed(1), fixed(.8249))
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x06press\x00"), make([]byte, 80)...)},
		{"cprt", []byte("text\x00\x00\x00\x00none\x00\x00\x00\x00")},
		{"wtpt", white},
		{"A2B0", inkTable(black0)},
		{"A2B1", inkTable(black1)},
	}
	const header, entry = 128, 12
	at := header + 4 + entry*len(tags)
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, t := range tags {
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(at+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
		data = append(data, t.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	b := make([]byte, header)
	binary.BigEndian.PutUint32(b, uint32(at+len(data)))
	copy(b[8:], "\x02\x40\x00\x00prtrCMYKLab ")
	copy(b[24:], []byte{0x07, 0xe8, 0, 1, 0, 1})
	copy(b[36:], "acsp")
	b[67] = 1 // relative
	copy(b[68:], white[8:])
	return slices.Concat(b, table, data)
}

// inkTable is a lut16Type from CMYK to Lab, ICC.1:2001-04 section 6.5.8.
func inkTable(black float64) []byte {
	const grid = 9
	b := []byte("mft2\x00\x00\x00\x00\x04\x03\x09\x00")
	for i := range 9 {
		v := uint32(0)
		if i%4 == 0 {
			v = 1 << 16
		}
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = binary.BigEndian.AppendUint16(b, 2)
	b = binary.BigEndian.AppendUint16(b, 2)
	for range 4 {
		b = append(b, 0, 0, 0xff, 0xff)
	}
	for i := range grid * grid * grid * grid {
		ink := func(place int) float64 {
			n := i
			for range 3 - place {
				n /= grid
			}
			return float64(n%grid) / (grid - 1)
		}
		lab := inksToLab(ink(0), ink(1), ink(2), ink(3))
		l := black + lab[0]*(100-black)/100
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(l*652.8)))
		for _, v := range lab[1:] {
			b = binary.BigEndian.AppendUint16(b, uint16(math.Round((v+128)*256)))
		}
	}
	for range 3 {
		b = append(b, 0, 0, 0xff, 0xff)
	}
	return b
}

// inksToLab treats each ink as a filter over white paper.
func inksToLab(c, m, y, k float64) [3]float64 {
	r := (1 - .95*c) * (1 - .05*m) * (1 - .02*y) * (1 - k)
	g := (1 - .35*c) * (1 - .9*m) * (1 - .08*y) * (1 - k)
	bl := (1 - .1*c) * (1 - .45*m) * (1 - .9*y) * (1 - k)
	return linearToLab(r, g, bl)
}

// linearToLab converts linear sRGB to Lab under D50.
func linearToLab(r, g, b float64) [3]float64 {
	x := (.4360747*r + .3850649*g + .1430804*b) / .9642
	y := .2225045*r + .7168786*g + .0606169*b
	z := (.0139322*r + .0971045*g + .7141733*b) / .8249
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	return [3]float64{116*f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))}
}

// SRGBToLab converts an sRGB colour, 0..255, to Lab under D50.
func SRGBToLab(r, g, b float64) [3]float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return linearToLab(linear(r), linear(g), linear(b))
}
