package net

// planes are feature maps: channels of height × width, one after the other, each with
// a margin of zeros on all sides, so that convolutions need no borders.
type planes struct {
	channels, w, h int
	margin         int
	stride, size   int // of a row and of a channel, margins included
	v              []float32
}

// slack lets the last tile of the last row read on.
const slack = 8

func newPlanes(channels, w, h, margin int) *planes {
	p := &planes{channels: channels, w: w, h: h, margin: margin, stride: w + 2*margin}
	p.size = p.stride * (h + 2*margin)
	p.v = make([]float32, channels*p.size+slack)
	return p
}

// row returns a row of a channel, without its margins.
func (p *planes) row(c, y int) []float32 {
	at := c*p.size + (y+p.margin)*p.stride + p.margin
	return p.v[at : at+p.w : at+p.w]
}

// means returns the mean of each channel.
func (p *planes) means() []float32 {
	m := make([]float32, p.channels)
	for c := range m {
		var s float32
		for y := range p.h {
			for _, v := range p.row(c, y) {
				s += v
			}
		}
		m[c] = s / float32(p.w*p.h)
	}
	return m
}

// doubled writes the maps, enlarged twice by linear interpolation, into the first
// channels of to. Samples lie at the middle of pixels; beyond the edge the edge is repeated.
func (p *planes) doubled(to *planes) {
	wide := make([]float32, 2*p.w)
	next := make([]float32, 2*p.w)
	for c := range p.channels {
		stretch(p.row(c, 0), wide)
		for y := range p.h {
			stretch(p.row(c, min(y+1, p.h-1)), next)
			if y == 0 {
				copy(to.row(c, 0), wide)
			}
			low := to.row(c, 2*y+1)
			for x, v := range wide {
				low[x] = .75*v + .25*next[x]
			}
			if y+1 < p.h {
				high := to.row(c, 2*y+2)
				for x, v := range wide {
					high[x] = .25*v + .75*next[x]
				}
			}
			wide, next = next, wide
		}
	}
}

// stretch enlarges a row twice.
func stretch(row, to []float32) {
	last := len(row) - 1
	for x, v := range row {
		l, r := row[max(x-1, 0)], row[min(x+1, last)]
		to[2*x], to[2*x+1] = .25*l+.75*v, .75*v+.25*r
	}
}

// put copies the maps of p behind the first channels of to.
func (p *planes) put(to *planes, first int) {
	for c := range p.channels {
		for y := range p.h {
			copy(to.row(first+c, y), p.row(c, y))
		}
	}
}
