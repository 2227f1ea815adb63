package proof

import "math"

// lab is a colour in CIE L*a*b*, D65.
type lab struct{ l, a, b float64 }

// linear undoes sRGB's transfer curve (IEC 61966-2-1).
var linear = func() (t [256]float64) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()

// labOf converts an sRGB pixel.
func labOf(p []uint8) lab {
	r, g, b := linear[p[0]], linear[p[1]], linear[p[2]]
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*r + 0.3575761*g + 0.1804375*b) / 0.95047)
	y := f(0.2126729*r + 0.7151522*g + 0.0721750*b)
	z := f((0.0193339*r + 0.1191920*g + 0.9503041*b) / 1.08883)
	return lab{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// deltaE is the colour difference CIEDE2000 (CIE 142-2001) with unit weights, as
// Sharma, Wu and Dalal (2005) write it.
func deltaE(p, q lab) float64 {
	const pow25 = 6103515625.0 // 25^7
	c1, c2 := math.Hypot(p.a, p.b), math.Hypot(q.a, q.b)
	c7 := math.Pow((c1+c2)/2, 7)
	g := 0.5 * (1 - math.Sqrt(c7/(c7+pow25)))
	a1, a2 := p.a*(1+g), q.a*(1+g)
	c1, c2 = math.Hypot(a1, p.b), math.Hypot(a2, q.b)
	h1, h2 := hue(a1, p.b), hue(a2, q.b)
	dl, dc := q.l-p.l, c2-c1
	dh, hm := 0.0, h1+h2
	if c1*c2 != 0 {
		dh = h2 - h1
		switch {
		case dh > 180:
			dh -= 360
		case dh < -180:
			dh += 360
		}
		switch {
		case math.Abs(h1-h2) <= 180:
			hm /= 2
		case h1+h2 < 360:
			hm = (hm + 360) / 2
		default:
			hm = (hm - 360) / 2
		}
	}
	dH := 2 * math.Sqrt(c1*c2) * sind(dh/2)
	lm, cm := (p.l+q.l)/2, (c1+c2)/2
	t := 1 - 0.17*cosd(hm-30) + 0.24*cosd(2*hm) + 0.32*cosd(3*hm+6) - 0.20*cosd(4*hm-63)
	cm7 := math.Pow(cm, 7)
	rc := 2 * math.Sqrt(cm7/(cm7+pow25))
	sl := 1 + 0.015*(lm-50)*(lm-50)/math.Sqrt(20+(lm-50)*(lm-50))
	sc, sh := 1+0.045*cm, 1+0.015*cm*t
	rt := -sind(60*math.Exp(-((hm-275)/25)*((hm-275)/25))) * rc
	l, c, h := dl/sl, dc/sc, dH/sh
	return math.Sqrt(max(0, l*l+c*c+h*h+rt*c*h))
}

func hue(a, b float64) float64 {
	if a == 0 && b == 0 {
		return 0
	}
	h := math.Atan2(b, a) * 180 / math.Pi
	if h < 0 {
		h += 360
	}
	return h
}

func sind(d float64) float64 { return math.Sin(d * math.Pi / 180) }
func cosd(d float64) float64 { return math.Cos(d * math.Pi / 180) }
