package cutouttest

import (
	"math"
	"math/rand/v2"
)

// rgb is a colour of 0–255 per channel.
type rgb [3]float32

// noiseField is smooth Gaussian noise of unit variance at the grid points,
// with features of about scale pixels.
func noiseField(w, h int, scale float64, r *rand.Rand) []float32 {
	gw, gh := int(float64(w)/scale)+4, int(float64(h)/scale)+4
	g := make([]float32, gw*gh)
	for i := range g {
		g[i] = float32(r.NormFloat64())
	}
	o := make([]float32, w*h)
	for y := range h {
		fy := float64(y) / scale
		y0 := int(fy)
		ty := smoothstep(fy - float64(y0))
		for x := range w {
			fx := float64(x) / scale
			x0 := int(fx)
			tx := smoothstep(fx - float64(x0))
			a, b := g[y0*gw+x0:], g[(y0+1)*gw+x0:]
			o[y*w+x] = (a[0]*(1-tx)+a[1]*tx)*(1-ty) + (b[0]*(1-tx)+b[1]*tx)*ty
		}
	}
	return o
}

func smoothstep(t float64) float32 { return float32(t * t * (3 - 2*t)) }

// finish is how a product's surface looks.
type finish struct {
	colour  rgb
	shading float64 // how much the sides fall off
	gloss   float64 // strength of a vertical highlight
	fine    float64 // texture, features of 6 px, in levels
	coarse  float64 // texture, features of 40 px, in levels
	label   bool
	folds   float64 // diagonal folds of cloth, in levels
}

// newFinish picks a surface. A third of the products is glossy, a fifth dark.
func newFinish(t Tier, f Family, r *rand.Rand) finish {
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	var q finish
	for c := range q.colour {
		q.colour[c] = float32(u(30, 225))
	}
	if r.Float64() < .2 {
		for c := range q.colour {
			q.colour[c] = float32(u(8, 45))
		}
	}
	if t == WhiteOnWhite {
		base := u(212, 240)
		for c := range q.colour {
			q.colour[c] = float32(base + r.NormFloat64()*4)
		}
	}
	q.shading, q.fine, q.coarse = u(.15, .3), u(1, 4), u(2, 8)
	if t == WhiteOnWhite {
		q.shading = u(.06, .2)
	}
	if r.Float64() < .33 {
		q.gloss, q.fine, q.coarse = u(30, 140), u(.3, 1.2), u(.5, 3)
	}
	q.label = f != Stool && f != Glasses && f != Fuzzy && r.Float64() < .6
	if f == Garment {
		q.folds, q.label = u(6, 18), r.Float64() < .4
	}
	return q
}

// paint colours a square of the given side.
func (q finish) paint(side int, r *rand.Rand) []rgb {
	fine, coarse := noiseField(side, side, 6, r), noiseField(side, side, 40, r)
	cloth := noiseField(side, side, float64(side)/5, r)
	var label, stripe rgb
	for c := range label {
		label[c], stripe[c] = float32(20+220*r.Float64()), float32(255*r.Float64())
	}
	hx := .3 + .2*r.Float64()
	o := make([]rgb, side*side)
	for y := range side {
		v := float64(y) / float64(side)
		for x := range side {
			i := y*side + x
			t := float64(x) / float64(side)
			light := float32(1 - q.shading + q.shading*math.Cos((t-.35)*math.Pi*1.1))
			d := (t - hx) / .025
			add := float32(q.gloss*math.Exp(-d*d)) + fine[i]*float32(q.fine) + coarse[i]*float32(q.coarse)
			if q.folds > 0 {
				add += float32(q.folds * math.Sin(18*(t+.4*v)+3*float64(cloth[i])))
			}
			p := q.colour
			if q.label && v > .5 && v < .68 {
				for c := range p {
					p[c] = p[c]*.25 + label[c]*.75
				}
				if v > .55 && v < .62 && math.Sin(t*60) > .6 {
					p = stripe
				}
			}
			for c := range p {
				p[c] = min(max(p[c]*light+add, 0), 255)
			}
			o[i] = p
		}
	}
	return o
}
