package shade

import (
	"math"
	"slices"
)

const (
	// tinted is by how much the channels' ratios may differ for a dark area to be shade.
	tinted = 0.45
	// nearBlack is the difference of the channels' ratios below which their colour is noise.
	nearBlack = 0.012
	// touches is how near a shadow comes to its product, and seen the alpha from which it
	// goes on to the next pixel.
	touches = 0.025
	seen    = 0.008
	// underBy is how far a shadow goes on under its product, in pixels of the layer.
	underBy = 24
)

// shadow returns the alpha of the shadow at the product, and the largest value beside it.
func (p *plain) shadow() (alpha []float64, most float64) {
	n := p.w * p.h
	off, known := make([]float64, n), make([]float64, n)
	for i := range n {
		if !p.product[i] {
			off[i], known[i] = p.off(i), 1
		}
	}
	// the noise of single pixels is averaged out, beside the product alone
	total := slices.Clone(known)
	blur(off, p.w, p.h, 1)
	blur(total, p.w, p.h, 1)
	alpha = make([]float64, n)
	noise := min(max(0.45*p.spread, 0.0015), 0.008) // of alpha: encoding takes less than half of the light's share
	for i := range n {
		if p.product[i] {
			continue
		}
		a := 1 - encoded(math.Exp(min(off[i]/total[i], 0)))
		low, high := math.Inf(1), math.Inf(-1)
		for c := range 3 {
			d := p.light[c][i] - p.ground[c][i]
			low, high = min(low, d), max(high, d)
		}
		if high-low > tinted && math.Exp(high)-math.Exp(low) > nearBlack { // a part of something, or what it mirrors
			a = 0
		}
		alpha[i] = a * smooth(0.5*noise, 1.5*noise, a)
	}
	p.attached(alpha)
	for i, a := range alpha {
		if !p.product[i] {
			most = max(most, a)
		}
	}
	p.under(alpha)
	return alpha, most
}

// attached leaves the shadow that begins at the product: other dark places are the
// backdrop's own.
func (p *plain) attached(alpha []float64) {
	grid := slices.Clone(alpha)
	blur(grid, p.w, p.h, max(1, max(p.w, p.h)/200))
	in := make([]bool, len(alpha))
	var next []int
	near := touches*p.reach + beside
	for i := range alpha {
		if !p.product[i] && p.distance[i] <= near && grid[i] > seen {
			in[i] = true
			next = append(next, i)
		}
	}
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		x, y := i%p.w, i/p.w
		for _, d := range [4][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			u, v := x+d[0], y+d[1]
			if u < 0 || u >= p.w || v < 0 || v >= p.h {
				continue
			}
			if j := v*p.w + u; !in[j] && !p.product[j] && grid[j] > seen {
				in[j] = true
				next = append(next, j)
			}
		}
	}
	for i := range alpha {
		if !in[i] {
			alpha[i] = 0
		}
	}
}

// under continues the shadow under the product's outline, where the product is not quite
// opaque, from the nearest pixels that show it.
func (p *plain) under(alpha []float64) {
	known := make([]bool, len(alpha))
	var ring, later []int
	for i := range alpha {
		known[i] = !p.product[i]
		if p.product[i] {
			later = append(later, i)
		}
	}
	for range underBy { // farther in the product is opaque
		ring, later = later, nil
		value := map[int]float64{}
		for _, i := range ring {
			x, y := i%p.w, i/p.w
			sum, n := 0.0, 0.0
			for v := max(0, y-1); v <= min(p.h-1, y+1); v++ {
				for u := max(0, x-1); u <= min(p.w-1, x+1); u++ {
					if j := v*p.w + u; known[j] {
						sum, n = sum+alpha[j], n+1
					}
				}
			}
			if n > 0 {
				value[i] = sum / n
			} else {
				later = append(later, i)
			}
		}
		if len(value) == 0 { // all of it is product
			return
		}
		for i, v := range value {
			alpha[i], known[i] = v, true
		}
	}
}
