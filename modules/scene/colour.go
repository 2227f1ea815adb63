package scene

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// rgb is a colour in linear light, 0..1 per channel. Scene highlights may go
// above 1 until they are stored.
type rgb struct{ R, G, B float32 }

func (c rgb) scale(k float32) rgb { return rgb{c.R * k, c.G * k, c.B * k} }
func (c rgb) times(d rgb) rgb     { return rgb{c.R * d.R, c.G * d.G, c.B * d.B} }
func (c rgb) plus(d rgb) rgb      { return rgb{c.R + d.R, c.G + d.G, c.B + d.B} }
func (c rgb) luma() float32       { return 0.2126*c.R + 0.7152*c.G + 0.0722*c.B }

func mix(a, b rgb, t float32) rgb {
	return rgb{a.R + (b.R-a.R)*t, a.G + (b.G-a.G)*t, a.B + (b.B-a.B)*t}
}

// toLinear decodes an 8-bit sRGB value.
var toLinear = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(srgbToLinear(float64(i) / 255))
	}
	return t
}()

var encoding struct {
	once  sync.Once
	table [65536]uint16
}

// encodeTable turns a 16-bit linear value into sRGB in 8.8 fixed point, so that
// adding a dither byte and shifting rounds it. It is made when first needed: a
// process that renders nothing doesn't wait for it.
func encodeTable() *[65536]uint16 {
	encoding.once.Do(func() {
		for i := range encoding.table {
			encoding.table[i] = uint16(linearToSRGB(float64(i)/65535)*255*256 + 0.5)
		}
	})
	return &encoding.table
}

func srgbToLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func linearToSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// to16 stores a linear value. A soft shoulder above 0.8 keeps bright windows
// and bokeh from clipping to a flat white patch.
func to16(v float32) uint16 {
	if v > 0.8 {
		v = 0.8 + 0.2*(1-1/(1+(v-0.8)*5))
	}
	if !(v > 0) {
		return 0
	}
	return uint16(v*65535 + 0.5)
}

// hex builds a linear colour from 0xRRGGBB.
func hex(v uint32) rgb {
	return rgb{toLinear[v>>16&255], toLinear[v>>8&255], toLinear[v&255]}
}

// parseHex reads #rgb, #rrggbb or the same without the hash.
func parseHex(s string) (rgb, bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "#")
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	if len(s) != 6 {
		return rgb{}, false
	}
	v, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return hex(uint32(v)), true
}

// lch is OKLCH: perceptual lightness, chroma and hue (radians). Harmony is
// chosen here because equal steps look equal.
type lch struct{ L, C, H float64 }

func toLCH(c rgb) lch {
	r, g, b := float64(c.R), float64(c.G), float64(c.B)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	a := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	bb := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return lch{0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(a, bb), math.Atan2(bb, a)}
}

func (c lch) rgb() rgb {
	// Out-of-gamut colours lose chroma, not hue.
	for range 12 {
		v := c.raw()
		if min(v.R, v.G, v.B) >= -0.0005 && max(v.R, v.G, v.B) <= 1.0005 {
			break
		}
		c.C *= 0.88
	}
	v := c.raw()
	return rgb{clamp01(v.R), clamp01(v.G), clamp01(v.B)}
}

func (c lch) raw() rgb {
	a, b := c.C*math.Cos(c.H), c.C*math.Sin(c.H)
	l := c.L + 0.3963377774*a + 0.2158037573*b
	m := c.L - 0.1055613458*a - 0.0638541728*b
	s := c.L - 0.0894841775*a - 1.2914855480*b
	l, m, s = l*l*l, m*m*m, s*s*s
	return rgb{
		float32(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		float32(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		float32(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

// tone keeps a colour's hue and sets its lightness, with chroma capped.
func tone(c rgb, L, maxC float64) rgb {
	v := toLCH(c)
	return lch{L, math.Min(v.C, maxC), v.H}.rgb()
}

func clamp01(v float32) float32 { return min(max(v, 0), 1) }

func smoothstep(a, b, v float32) float32 {
	t := clamp01((v - a) / (b - a))
	return t * t * (3 - 2*t)
}

func exp32(v float32) float32  { return float32(math.Exp(float64(v))) }
func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }
func sin32(v float32) float32  { return float32(math.Sin(float64(v))) }
func cos32(v float32) float32  { return float32(math.Cos(float64(v))) }
func abs32(v float32) float32  { return max(v, -v) }
