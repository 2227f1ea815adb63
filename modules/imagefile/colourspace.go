package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
)

// The colour spaces that ColourSpace tells apart.
const (
	SRGB = "srgb" // stated, or nothing is
	Grey = "grey"
	Wide = "wide" // another RGB space: Display P3, Adobe RGB
	CMYK = "cmyk"
)

// ColourSpace says in which space a picture's file states its colours. A file without
// a profile counts as sRGB, as browsers and shops take it. Info is that of Inspect.
func ColourSpace(info Info, file []byte) string {
	switch info.Channels {
	case 1:
		return Grey
	case 4:
		return CMYK
	}
	if p := embeddedProfile(info.Format, file); len(p) > 0 {
		return profileSpace(p)
	}
	if parsed, err := Parse(file); err == nil { // PNG's cICP and gAMA, EXIF's Adobe RGB
		if p := parsed.Profile(); len(p) > 0 {
			return profileSpace(p)
		}
	}
	return SRGB
}

// profileSpace reads an ICC profile's colour space and, of RGB, its primaries
// (ICC.1:2022, 7.2 and 9.2).
func profileSpace(p []byte) string {
	const header, entry, near = 128, 12, 0.02
	if len(p) < header+4 {
		return SRGB
	}
	switch string(p[16:20]) {
	case "CMYK":
		return CMYK
	case "GRAY":
		return Grey
	}
	srgb := map[string][3]float64{"rXYZ": {.4361, .2225, .0139}, "gXYZ": {.3851, .7169, .0971}, "bXYZ": {.1431, .0606, .7141}}
	n := min(int(binary.BigEndian.Uint32(p[header:])), 100)
	for i := range n {
		at := header + 4 + i*entry
		if at+entry > len(p) {
			break
		}
		want, ok := srgb[string(p[at:at+4])]
		off := int64(binary.BigEndian.Uint32(p[at+4:]))
		if !ok || off+20 > int64(len(p)) {
			continue
		}
		for k := range 3 {
			v := float64(int32(binary.BigEndian.Uint32(p[off+8+4*int64(k):]))) / (1 << 16)
			if math.Abs(v-want[k]) > near {
				return Wide
			}
		}
	}
	return SRGB
}

// embeddedProfile returns the ICC profile in a JPEG, PNG or WebP, or the beginning of
// one that is longer than profiles of RGB are; nil without one.
func embeddedProfile(f Format, b []byte) []byte {
	const most = 1 << 20
	switch f {
	case JPEG:
		const soi, sos = 2, 0xda
		var p []byte
		for b = b[min(soi, len(b)):]; len(b) >= 4 && b[0] == 0xff && b[1] != sos && len(p) < most; {
			n := int(binary.BigEndian.Uint16(b[2:])) + 2
			if n < 4 || n > len(b) {
				break
			}
			if part, ok := bytes.CutPrefix(b[4:n], jpegICC); ok && b[1] == markerAPP2 && len(part) > 2 {
				p = append(p, part[2:]...)
			}
			b = b[n:]
		}
		return p
	case PNG:
		for b = b[min(8, len(b)):]; len(b) >= 12; {
			n := int64(binary.BigEndian.Uint32(b))
			if n+12 > int64(len(b)) {
				return nil
			}
			if string(b[4:8]) == "iCCP" {
				_, packed, ok := bytes.Cut(b[8:8+n], []byte{0})
				if !ok || len(packed) < 2 {
					return nil
				}
				z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
				if err != nil {
					return nil
				}
				p, _ := io.ReadAll(io.LimitReader(z, most)) // a damaged end leaves the beginning
				return p
			}
			b = b[n+12:]
		}
	case WebP:
		for b = b[min(12, len(b)):]; len(b) >= 8; {
			n := int64(binary.LittleEndian.Uint32(b[4:]))
			if n+8 > int64(len(b)) {
				return nil
			}
			if string(b[:4]) == "ICCP" {
				return b[8 : 8+n]
			}
			b = b[min(8+n+n&1, int64(len(b))):]
		}
	}
	return nil
}
