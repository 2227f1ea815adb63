package net

import (
	"runtime"

	"github.com/opal-photo/opal/modules/fault"
)

// tile is how many pixels of a row are computed together, for two channels: their
// sums stay in registers while the inputs pass by.
const tile = 4

// conv is a 3×3 convolution whose normalisation is part of its weights and bias.
type conv struct {
	in, out          int
	stride, dilation int
	bias             []float32 // of out, then zeros up to an even number
	// weights of two channels beside each other: [out/2][in][3 rows][2 channels × 3 columns]
	weights []float32
}

// packed orders the weights [out][in][3][3] as the loops read them.
func packed(w []float32, out, in int) []float32 {
	p := make([]float32, (out+1)/2*in*18)
	for o := range out {
		for i := range in {
			for y := range 3 {
				copy(p[((o/2*in+i)*3+y)*6+o%2*3:], w[((o*in+i)*3+y)*3:][:3])
			}
		}
	}
	return p
}

// apply returns the convolution of p with a margin around it, after rectify if that
// is wanted. add, if given, is added before.
func (c *conv) apply(p *planes, margin int, add *planes, rectify bool) *planes {
	o := newPlanes(c.out, p.w/c.stride, p.h/c.stride, margin)
	pairs := (c.out + 1) / 2
	together(pairs, func(from, to int) {
		sums := make([]float32, 2*(o.w+tile))
		for k := from; k < to; k++ {
			for y := range o.h {
				a, b := sums[:o.w+tile], sums[o.w+tile:]
				if c.stride == 1 {
					c.line(p, k, y, o.w, a, b)
				} else {
					c.coarseLine(p, k, y, o.w, a, b)
				}
				c.finish(o, 2*k, y, a, add, rectify)
				if 2*k+1 < c.out {
					c.finish(o, 2*k+1, y, b, add, rectify)
				}
			}
		}
	})
	return o
}

// finish writes a row of sums.
func (c *conv) finish(o *planes, channel, y int, sums []float32, add *planes, rectify bool) {
	row := o.row(channel, y)
	copy(row, sums)
	if add != nil {
		for x, v := range add.row(channel, y) {
			row[x] += v
		}
	}
	if rectify {
		for x, v := range row {
			row[x] = max(v, 0)
		}
	}
}

// line computes row y of two channels. The last tile may reach into the margin,
// whose sums nobody reads.
func (c *conv) line(p *planes, pair, y, w int, a, b []float32) {
	d := c.dilation
	first := (y+p.margin-d)*p.stride + p.margin - d
	weights := c.weights[pair*c.in*18:][:c.in*18]
	e, f := c.bias[2*pair], c.bias[2*pair+1]
	for x := 0; x < w; x += tile {
		x = min(x, max(w-tile, 0))
		a0, a1, a2, a3, b0, b1, b2, b3 := e, e, e, e, f, f, f, f
		at := first + x
		for k := 0; k < len(weights); k += 6 * 3 {
			q := (*[18]float32)(weights[k:])
			row := at
			for r := 0; r < 18; r += 6 {
				w0, w1, w2, w3, w4, w5 := q[r], q[r+1], q[r+2], q[r+3], q[r+4], q[r+5]
				if d == 1 {
					s := (*[6]float32)(p.v[row:])
					v0, v1, v2, v3, v4, v5 := s[0], s[1], s[2], s[3], s[4], s[5]
					a0 += v0*w0 + v1*w1 + v2*w2
					a1 += v1*w0 + v2*w1 + v3*w2
					a2 += v2*w0 + v3*w1 + v4*w2
					a3 += v3*w0 + v4*w1 + v5*w2
					b0 += v0*w3 + v1*w4 + v2*w5
					b1 += v1*w3 + v2*w4 + v3*w5
					b2 += v2*w3 + v3*w4 + v4*w5
					b3 += v3*w3 + v4*w4 + v5*w5
				} else {
					s, t, u := (*[4]float32)(p.v[row:]), (*[4]float32)(p.v[row+d:]), (*[4]float32)(p.v[row+2*d:])
					a0 += s[0]*w0 + t[0]*w1 + u[0]*w2
					a1 += s[1]*w0 + t[1]*w1 + u[1]*w2
					a2 += s[2]*w0 + t[2]*w1 + u[2]*w2
					a3 += s[3]*w0 + t[3]*w1 + u[3]*w2
					b0 += s[0]*w3 + t[0]*w4 + u[0]*w5
					b1 += s[1]*w3 + t[1]*w4 + u[1]*w5
					b2 += s[2]*w3 + t[2]*w4 + u[2]*w5
					b3 += s[3]*w3 + t[3]*w4 + u[3]*w5
				}
				row += d * p.stride
			}
			at += p.size
		}
		a[x], a[x+1], a[x+2], a[x+3] = a0, a1, a2, a3
		b[x], b[x+1], b[x+2], b[x+3] = b0, b1, b2, b3
	}
}

// coarseLine computes row y of two channels of a convolution that halves the size.
func (c *conv) coarseLine(p *planes, pair, y, w int, a, b []float32) {
	first := (2*y + p.margin - 1) * p.stride
	for x := 0; x < w; x += 2 {
		x = min(x, max(w-2, 0))
		var a0, a1, b0, b1 float32
		k := pair * c.in * 18
		for i := range c.in {
			at := i*p.size + first + 2*x + p.margin - 1
			for range 3 {
				q, s := (*[6]float32)(c.weights[k:]), (*[5]float32)(p.v[at:])
				v0, v1, v2, v3, v4 := s[0], s[1], s[2], s[3], s[4]
				a0 += v0*q[0] + v1*q[1] + v2*q[2]
				a1 += v2*q[0] + v3*q[1] + v4*q[2]
				b0 += v0*q[3] + v1*q[4] + v2*q[5]
				b1 += v2*q[3] + v3*q[4] + v4*q[5]
				at += p.stride
				k += 6
			}
		}
		e, f := c.bias[2*pair], c.bias[2*pair+1]
		a[x], a[x+1] = a0+e, a1+e
		b[x], b[x+1] = b0+f, b1+f
	}
}

// mostWorkers bounds the goroutines of a layer.
const mostWorkers = 4

// together calls f for parts of 0 to n, side by side, and waits.
func together(n int, f func(from, to int)) {
	k := min(runtime.GOMAXPROCS(0), mostWorkers, n)
	parts := make([]func(), k)
	for i := range parts {
		parts[i] = func() { f(n*i/k, n*(i+1)/k) }
	}
	fault.Together(parts...)
}
