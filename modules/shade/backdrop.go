package shade

import (
	"image"
	"math"
	"slices"
)

// plain is a photo beside its product, as far as it may be one even backdrop with a
// shadow on it. Values are natural logarithms of linear light.
type plain struct {
	w, h     int
	light    [3][]float64 // of the photo
	ground   [3][]float64 // estimated, of the backdrop without the shadow
	product  []bool       // the product, and what is mixed with it
	distance []float64    // from the product, in pixels
	reach    float64      // the product's own size, in pixels
	free     int          // pixels beside the product
	spread   float64      // root mean square by which the backdrop differs from the estimate
}

const (
	darkest   = 0.002 // linear light below which a pixel says nothing of its ratio
	beside    = 2     // pixels around the product that are mixed with it
	seenAlpha = 8     // from which a pixel belongs to the product
)

func newPlain(photo, cut *image.NRGBA) *plain {
	p := &plain{w: photo.Rect.Dx(), h: photo.Rect.Dy()}
	n := p.w * p.h
	for c := range 3 {
		p.light[c], p.ground[c] = make([]float64, n), make([]float64, n)
	}
	p.product, p.distance = make([]bool, n), make([]float64, n)
	var box image.Rectangle
	for i := range n {
		for c := range 3 {
			p.light[c][i] = math.Log(max(linear[photo.Pix[4*i+c]], darkest))
		}
		p.distance[i] = math.Inf(1)
		if cut.Pix[4*i+3] >= seenAlpha {
			p.distance[i] = 0
			box = box.Union(image.Rect(i%p.w, i/p.w, i%p.w+1, i/p.w+1))
		}
	}
	p.reach = math.Max(8, float64(max(box.Dx(), box.Dy())))
	p.measure()
	for i, d := range p.distance {
		if p.product[i] = d <= beside; !p.product[i] {
			p.free++
		}
	}
	return p
}

// measure fills in how far each pixel is from the product, by two sweeps.
func (p *plain) measure() {
	const side, across = 1, math.Sqrt2
	at := func(x, y int, d float64) float64 {
		if x < 0 || x >= p.w || y < 0 || y >= p.h {
			return math.Inf(1)
		}
		return p.distance[y*p.w+x] + d
	}
	for y := range p.h {
		for x := range p.w {
			i := y*p.w + x
			p.distance[i] = min(p.distance[i], at(x-1, y, side), at(x, y-1, side), at(x-1, y-1, across), at(x+1, y-1, across))
		}
	}
	for y := p.h - 1; y >= 0; y-- {
		for x := p.w - 1; x >= 0; x-- {
			i := y*p.w + x
			p.distance[i] = min(p.distance[i], at(x+1, y, side), at(x, y+1, side), at(x+1, y+1, across), at(x-1, y+1, across))
		}
	}
}

// The fit of the backdrop's light: a polynomial in x and y of this degree, again and again
// with less weight on what is darker than it, as shadows are.
const (
	degree    = 4
	terms     = (degree + 1) * (degree + 2) / 2
	fitRounds = 14
	fitPixels = 7000
	leastFit  = 0.006 // the spread of even the smoothest backdrop
	farWeight = 0.35  // how far the trust in dark pixels grows with their distance
)

// basis writes the polynomial's terms at a place.
func (p *plain) basis(i int, into *[terms]float64) {
	x, y := 2*float64(i%p.w)/float64(p.w-1)-1, 2*float64(i/p.w)/float64(p.h-1)-1
	n, px := 0, 1.0
	for a := 0; a <= degree; a++ {
		py := px
		for b := 0; a+b <= degree; b++ {
			into[n] = py
			n++
			py *= y
		}
		px *= x
	}
}

// estimate fills in the backdrop without its shadow, and reports whether it is even enough
// for the difference to be one.
func (p *plain) estimate() bool {
	step := max(1, p.free/fitPixels)
	var at []int
	n := 0
	for i, product := range p.product {
		if product {
			continue
		}
		if n++; n%step == 0 {
			at = append(at, i)
		}
	}
	rows := make([][terms]float64, len(at))
	weight := make([]float64, len(at))
	for k, i := range at {
		p.basis(i, &rows[k])
		weight[k] = 1
	}
	var fit [3][terms]float64
	spread := 0.1
	for range fitRounds {
		if !p.solve(at, rows, weight, &fit) {
			return false
		}
		var above []float64
		off := make([]float64, len(at))
		for k, i := range at {
			for c := range 3 {
				off[k] += lumaShare[c] * (p.light[c][i] - dot(&rows[k], &fit[c]))
			}
			if off[k] > 0 {
				above = append(above, off[k])
			}
		}
		if len(above) > 0 { // what is brighter than the backdrop is no shadow: its spread is the noise
			slices.Sort(above)
			spread = min(spread, max(leastFit, 1.5*above[len(above)/2]))
		}
		for k, i := range at {
			weight[k] = 1 / (1 + off[k]*off[k]/(9*spread*spread)) // of bright spots, too
			if off[k] < 0 {
				t := off[k] / (1.5 * spread)
				far := farWeight * smooth(0.6, 1.6, p.distance[i]/p.reach)
				weight[k] = far + (1-far)*math.Exp(-t*t)
			}
		}
	}
	var row [terms]float64
	for i := range p.product {
		p.basis(i, &row)
		for c := range 3 {
			p.ground[c][i] = dot(&row, &fit[c])
		}
	}
	p.settle(spread)
	return p.even()
}

// lumaShare is how much the channels count as brightness.
var lumaShare = [3]float64{.2126, .7152, .0722}

func dot(a, b *[terms]float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// solve fits the channels to the pixels by least squares; false where these say too little.
func (p *plain) solve(at []int, rows [][terms]float64, weight []float64, fit *[3][terms]float64) bool {
	var m [terms][terms + 3]float64
	for k, i := range at {
		r, w := &rows[k], weight[k]
		for a := range terms {
			v := w * r[a]
			for b := a; b < terms; b++ {
				m[a][b] += v * r[b]
			}
			for c := range 3 {
				m[a][terms+c] += v * p.light[c][i]
			}
		}
	}
	for a := range terms {
		m[a][a] += 1e-6 * float64(len(at))
		for b := range a {
			m[a][b] = m[b][a]
		}
	}
	for a := range terms {
		best := a
		for b := a + 1; b < terms; b++ {
			if math.Abs(m[b][a]) > math.Abs(m[best][a]) {
				best = b
			}
		}
		if m[a], m[best] = m[best], m[a]; math.Abs(m[a][a]) < 1e-12 {
			return false
		}
		for b := range terms {
			if b == a {
				continue
			}
			f := m[b][a] / m[a][a]
			for c := a; c < terms+3; c++ {
				m[b][c] -= f * m[a][c]
			}
		}
	}
	for c := range 3 {
		for a := range terms {
			fit[c][a] = m[a][terms+c] / m[a][a]
		}
	}
	return true
}

// off returns by how much a pixel is brighter than the estimate.
func (p *plain) off(i int) (v float64) {
	for c := range 3 {
		v += lumaShare[c] * (p.light[c][i] - p.ground[c][i])
	}
	return v
}

const (
	settleBy = 0.07 // radius over which the estimate follows the backdrop, of the longer side
	penumbra = 0.02 // how far beside what is seen of a shadow it goes on
)

// settle has the estimate follow the backdrop where no shadow lies: a polynomial is
// stiffer than light is.
func (p *plain) settle(spread float64) {
	n := p.w * p.h
	dark := make([]float64, n)
	for i := range n {
		if p.product[i] || p.off(i) < -1.2*spread {
			dark[i] = 1
		}
	}
	r := max(1, int(penumbra*float64(max(p.w, p.h))))
	blur(dark, p.w, p.h, r)
	weight := make([]float64, n)
	for i := range n {
		if dark[i] < 0.02 || !p.product[i] && p.distance[i] > 1.2*p.reach {
			weight[i] = 1
		}
	}
	r = max(1, int(settleBy*float64(max(p.w, p.h))))
	total := slices.Clone(weight)
	for range 2 {
		blur(total, p.w, p.h, r)
	}
	for c := range 3 {
		move := make([]float64, n)
		for i := range n {
			if weight[i] > 0 {
				move[i] = min(max(p.light[c][i]-p.ground[c][i], -4*spread), 4*spread)
			}
		}
		for range 2 {
			blur(move, p.w, p.h, r)
		}
		for i := range n {
			p.ground[c][i] += move[i] / (total[i] + 0.02) // where nothing is seen, as was fitted
		}
	}
}

// even measures how far the backdrop differs from the estimate where no shadow is expected.
func (p *plain) even() bool {
	var all []float64
	for i, product := range p.product {
		if product {
			continue
		}
		if v := p.off(i); v > -0.02 || p.distance[i] > p.reach {
			all = append(all, v*v)
		}
	}
	if len(all) == 0 {
		return false
	}
	slices.Sort(all)
	all = all[:max(1, len(all)*97/100)] // specks aside
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	p.spread = math.Sqrt(sum / float64(len(all)))
	return p.spread <= uneven
}

// smooth rises from 0 at a to 1 at b.
func smooth(a, b, v float64) float64 {
	t := min(max((v-a)/(b-a), 0), 1)
	return t * t * (3 - 2*t)
}

// blur takes the mean over a square around each pixel, of those in the picture.
func blur(p []float64, w, h, r int) {
	line := make([]float64, max(w, h)+1)
	pass := func(n, at, step int) {
		for i := range n {
			line[i+1] = line[i] + p[at+i*step]
		}
		for i := range n {
			a, b := max(0, i-r), min(n, i+r+1)
			p[at+i*step] = (line[b] - line[a]) / float64(b-a)
		}
	}
	for y := range h {
		pass(w, y*w, 1)
	}
	for x := range w {
		pass(h, x, w)
	}
}
