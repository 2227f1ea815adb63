package cutouttest

import (
	"math"
	"math/rand/v2"
	"slices"
)

// backdrop paints what is behind the product. paint and cover are the product
// in its place, from which the low-contrast tier takes its colour.
func backdrop(t Tier, w, h int, paint []rgb, cover []float32, r *rand.Rand) []rgb {
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	o := make([]rgb, w*h)
	// vignette darkens by k at one picture size from the middle
	each := func(k float64, f func(x, y float64) rgb) {
		for j := range h {
			y := (float64(j) + .5) / float64(h)
			for i := range w {
				x := (float64(i) + .5) / float64(w)
				p := f(x, y)
				d := float32(1 - k*((x-.5)*(x-.5)+(y-.5)*(y-.5)))
				o[j*w+i] = rgb{p[0] * d, p[1] * d, p[2] * d}
			}
		}
	}
	switch t {
	case White, WhiteOnWhite:
		v := float32(u(243, 252))
		each(.03, func(_, _ float64) rgb { return rgb{v, v, v} })
	case Gradient, Shadow:
		var top, floor rgb
		base := u(170, 235)
		k := float32(u(.6, .85))
		for c := range top {
			if t == Gradient {
				top[c] = float32(u(150, 235))
			} else {
				top[c] = float32(base + 6*r.NormFloat64())
			}
			floor[c] = top[c] * k
		}
		tilt, at, steep := u(-.4, .4), u(.55, .75), u(5, 14)
		each(u(.1, .35), func(x, y float64) rgb {
			s := float32(1 / (1 + math.Exp(-(y+tilt*(x-.5)-at)*steep)))
			var p rgb
			for c := range p {
				p[c] = top[c]*(1-s) + floor[c]*s
			}
			return p
		})
	case LowContrast:
		var m rgb
		for c := range m {
			var v []float32
			for i := 0; i < len(paint); i += 7 {
				if cover[i] > .9 {
					v = append(v, paint[i][c])
				}
			}
			slices.Sort(v)
			if len(v) > 0 {
				m[c] = v[len(v)/2]
			}
		}
		mean := (m[0] + m[1] + m[2]) / 3
		d := float32(u(14, 24))
		if mean <= 110 || mean >= 232 {
			d = -d
		}
		if mean < 30 { // darker is impossible
			d = -d
		}
		for c := range m {
			m[c] = min(max(m[c]+d, 6), 252)
		}
		each(.08, func(_, _ float64) rgb { return m })
	default:
		clutter(o, w, h, r)
	}
	return o
}

// clutter paints grain in four octaves, boards, and things lying about.
func clutter(o []rgb, w, h int, r *rand.Rand) {
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	grain := make([]float32, w*h)
	for _, s := range []float64{4, 12, 40, 120} {
		for i, v := range noiseField(w, h, s, r) {
			grain[i] += v * float32(math.Pow(s, .6)/22)
		}
	}
	var base, tint rgb
	for c := range base {
		base[c], tint[c] = float32(u(70, 190)), float32(u(.6, 1.2))
	}
	boards := u(20, 45)
	for y := range h {
		for x := range w {
			i := y*w + x
			b := float32(math.Sin((float64(y)/float64(h)*boards+.15*float64(grain[i]))*2*math.Pi)) * 12
			for c := range 3 {
				o[i][c] = base[c] + grain[i]*18*tint[c] + b
			}
		}
	}
	for n := 6 + r.IntN(8); n > 0; n-- {
		cx, cy, rad := u(0, 1)*float64(w), u(0, 1)*float64(h), u(.04, .14)*float64(w)
		col := rgb{float32(u(20, 235)), float32(u(20, 235)), float32(u(20, 235))}
		round := n%2 == 0
		const soft = 4.
		for y := max(0, int(cy-rad-soft)); y < min(h, int(cy+rad+soft)); y++ {
			for x := max(0, int(cx-rad-soft)); x < min(w, int(cx+rad+soft)); x++ {
				dx, dy := math.Abs(float64(x)-cx), math.Abs(float64(y)-cy)
				d := max(dx, dy)
				if round {
					d = math.Hypot(dx, dy)
				}
				k := float32(min(max((rad-d)/soft+.5, 0), 1))
				for c := range 3 {
					o[y*w+x][c] = o[y*w+x][c]*(1-k) + col[c]*k
				}
			}
		}
	}
}
