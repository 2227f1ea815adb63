package cutout

import (
	"context"
	"fmt"
	"image"
)

// Mask is a network's coverage of a photo, stretched over the whole of it.
type Mask struct {
	Width, Height int
	Coverage      []float32 // 0–1, row by row
}

// Network finds the product in a photo: a model that an operator brought, or one
// of OPAL's own. It is safe for concurrent use and doesn't write to the photo,
// whose bounds begin at 0, 0. An error costs the photo a try.
type Network interface {
	Mask(ctx context.Context, photo *image.NRGBA) (Mask, error)
}

// look asks the network for the coverage of a photo.
func look(ctx context.Context, net Network, photo *image.NRGBA) (Mask, error) {
	m, err := net.Mask(ctx, photo)
	if err == nil {
		err = m.check()
	}
	return m, err
}

// check tells whether the mask holds what it says.
func (m Mask) check() error {
	if m.Width < 1 || m.Height < 1 || len(m.Coverage) != m.Width*m.Height {
		return fmt.Errorf("a mask of %d×%d has %d values", m.Width, m.Height, len(m.Coverage))
	}
	return nil
}

// sized returns the coverage at w×h. Values outside 0–1, and those that are not
// numbers, are brought inside.
func (m Mask) sized(w, h int) *plane {
	p := newPlane(m.Width, m.Height)
	for i, v := range m.Coverage {
		if v > 0 { // false for NaN
			p.p[i] = min(v, 1)
		}
	}
	return resample(p, w, h)
}

// within copies a part of the plane, which lies within it.
func (p *plane) within(part image.Rectangle) *plane {
	o := newPlane(part.Dx(), part.Dy())
	for y := range o.h {
		copy(o.p[y*o.w:(y+1)*o.w], p.p[(part.Min.Y+y)*p.w+part.Min.X:])
	}
	return o
}

// tap is the run of input pixels that an output pixel of a line is made of.
type tap struct {
	at     int
	weight []float32
}

// lineTaps averages when a line gets shorter and interpolates when it gets longer.
func lineTaps(from, to int) []tap {
	k := float64(from) / float64(to)
	t := make([]tap, to)
	for i := range t {
		if k > 1 {
			a, b := float64(i)*k, float64(i+1)*k
			t[i].at = int(a)
			for j := int(a); j < from && float64(j) < b; j++ {
				t[i].weight = append(t[i].weight, float32((min(b, float64(j+1))-max(a, float64(j)))/k))
			}
			continue
		}
		u := min(max((float64(i)+.5)*k-.5, 0), float64(from-1))
		j := min(int(u), max(from-2, 0))
		f := float32(u - float64(j))
		if t[i].at, t[i].weight = j, []float32{1 - f, f}; from == 1 {
			t[i].weight = []float32{1}
		}
	}
	return t
}

// resample returns the plane at w×h: averaged when smaller, bilinear when larger.
func resample(p *plane, w, h int) *plane {
	if p.w == w && p.h == h {
		return p
	}
	tx, ty := lineTaps(p.w, w), lineTaps(p.h, h)
	mid := newPlane(w, p.h)
	parallel(p.h, func(a, z int) {
		for y := a; y < z; y++ {
			row, out := p.p[y*p.w:(y+1)*p.w], mid.p[y*w:(y+1)*w]
			for x, t := range tx {
				var s float32
				for j, k := range t.weight {
					s += k * row[t.at+j]
				}
				out[x] = s
			}
		}
	})
	o := newPlane(w, h)
	parallel(h, func(a, z int) {
		for y := a; y < z; y++ {
			out := o.p[y*w : (y+1)*w]
			for j, k := range ty[y].weight {
				for x, v := range mid.p[(ty[y].at+j)*w : (ty[y].at+j+1)*w] {
					out[x] += k * v
				}
			}
		}
	})
	return o
}
