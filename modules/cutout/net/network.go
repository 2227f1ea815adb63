package net

import (
	"context"
	"fmt"
	"math"
)

// network is a U-Net of plain 3×3 convolutions, as ml/matte/opal_matte/net.py
// describes it: five stages that halve the picture, and four that enlarge it again
// and join what the first ones saw.
type network struct {
	s1, e1         conv
	e2, e3, e4, e5 stage
	context        linear // of the smallest maps' means
	up             [4]conv
	last           conv // four channels at half the size: the pixels of a square of two
}

// stage halves the maps, then adds to them.
type stage struct {
	down     conv
	residual [2]residual
}

// residual is max(x + b(a(x)), 0).
type residual struct{ a, b conv }

type linear struct {
	in, out       int
	weights, bias []float32
}

func (n *network) stages() []*stage { return []*stage{&n.e2, &n.e3, &n.e4, &n.e5} }

// check tells whether the layers fit together.
func (n *network) check() error {
	channels := 3
	fits := func(in, out int) bool {
		ok := in == channels
		channels = out
		return ok
	}
	ok := fits(n.s1.in, n.s1.out) && fits(n.e1.in, n.e1.out)
	skips := []int{channels}
	for i, s := range n.stages() {
		ok = ok && fits(s.down.in, s.down.out)
		for _, r := range s.residual[:1+i/3] {
			ok = ok && fits(r.a.in, r.a.out) && fits(r.b.in, r.b.out) && r.b.out == s.down.out
		}
		skips = append(skips, channels)
	}
	ok = ok && n.context.in == channels && n.context.out == channels
	for i, u := range n.up {
		ok = ok && u.in == channels+skips[len(skips)-2-i]
		channels = u.out
	}
	if !ok || n.last.in != channels || n.last.out != 4 {
		return fmt.Errorf("%w: their layers don't fit together", errWeights)
	}
	return nil
}

// margin is the widest reach of a convolution, that of the dilated one.
const margin = 2

// coverage runs the network on three planes whose sides are multiples of 32: red,
// green, blue, normalised. It returns the coverage, 0–1, row by row.
func (n *network) coverage(ctx context.Context, x *planes) ([]float32, error) {
	x = n.e1.apply(n.s1.apply(x, margin, nil, true), margin, nil, true)
	seen := []*planes{x}
	for i, s := range n.stages() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x = s.down.apply(x, margin, nil, true)
		for _, r := range s.residual[:1+i/3] {
			x = r.b.apply(r.a.apply(x, margin, nil, true), margin, x, true)
		}
		seen = append(seen, x)
	}
	n.context.add(x)
	for i, u := range n.up {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		skip := seen[len(seen)-2-i]
		both := newPlanes(u.in, skip.w, skip.h, margin)
		x.doubled(both)
		skip.put(both, x.channels)
		x = u.apply(both, margin, nil, true)
	}
	return shuffled(n.last.apply(x, 0, nil, false)), nil
}

// add adds to each channel what the means of all of them say.
func (l *linear) add(x *planes) {
	m := x.means()
	for c := range l.out {
		s := l.bias[c]
		for i, v := range m {
			s += v * l.weights[c*l.in+i]
		}
		for y := range x.h {
			row := x.row(c, y)
			for i := range row {
				row[i] += s
			}
		}
	}
}

// shuffled lays four channels out as one picture of twice the size, as coverage.
func shuffled(p *planes) []float32 {
	w := 2 * p.w
	o := make([]float32, w*2*p.h)
	for c := range 4 {
		for y := range p.h {
			to := o[(2*y+c/2)*w+c%2:]
			for x, v := range p.row(c, y) {
				to[2*x] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		}
	}
	return o
}
