package cutouttest

import (
	"image"
	"math"
	"slices"
)

// Score compares a cut-out with the truth.
type Score struct {
	IoU      float64 // overlap of the halves above .5; two empty masks score 0
	Boundary float64 // mean distance between the outlines, both ways, in pixels; +Inf when one is empty
	BF       float64 // boundary F-measure: how much of each outline lies within 2 px of the other, 0–1
	Band     float64 // mean error of the coverage (0–1) within 6 px of the true outline
}

const half = 128 // coverage that counts as product

const tolerance = 2 // pixels, of the boundary F-measure

// Compare measures got against want, which have the same size.
func Compare(got, want *image.Alpha) Score {
	w, h := want.Rect.Dx(), want.Rect.Dy()
	in, un := 0, 0
	for i, a := range got.Pix {
		g, t := a >= half, want.Pix[i] >= half
		if g && t {
			in++
		}
		if g || t {
			un++
		}
	}
	s := Score{IoU: float64(in) / float64(max(un, 1)), Boundary: math.Inf(1)}
	og, ot := outline(got, w, h), outline(want, w, h)
	dg, dt := distance(og, w, h), distance(ot, w, h)
	mean := func(at []bool, d []float32) (v float64) {
		n := 0
		for i, on := range at {
			if on {
				v += float64(d[i])
				n++
			}
		}
		return v / float64(n)
	}
	within := func(at []bool, d []float32) (v float64) {
		n := 0
		for i, on := range at {
			if on {
				n++
				if d[i] <= tolerance {
					v++
				}
			}
		}
		return v / float64(n)
	}
	if slices.Contains(og, true) && slices.Contains(ot, true) {
		s.Boundary = (mean(og, dt) + mean(ot, dg)) / 2
		p, r := within(og, dt), within(ot, dg)
		s.BF = 2 * p * r / max(p+r, 1e-9)
	}
	const reach = 6
	n := 0
	for i, d := range dt {
		if d <= reach {
			s.Band += math.Abs(float64(got.Pix[i])-float64(want.Pix[i])) / 255
			n++
		}
	}
	s.Band /= float64(max(n, 1))
	return s
}

// outline marks the product's pixels that have a neighbour outside.
func outline(m *image.Alpha, w, h int) []bool {
	o := make([]bool, w*h)
	in := func(x, y int) bool { return x < 0 || y < 0 || x >= w || y >= h || m.Pix[y*m.Stride+x] >= half }
	for y := range h {
		for x := range w {
			o[y*w+x] = in(x, y) && !(in(x-1, y) && in(x+1, y) && in(x, y-1) && in(x, y+1))
		}
	}
	return o
}

// distance is the chamfer distance (error below 5 %) to the nearest marked pixel.
func distance(at []bool, w, h int) []float32 {
	const side, diagonal = .955, 1.3693
	d := make([]float32, w*h)
	for i := range d {
		if !at[i] {
			d[i] = math.MaxFloat32 / 4
		}
	}
	relax := func(x, y, dx, dy int, c float32) {
		if nx, ny := x+dx, y+dy; nx >= 0 && ny >= 0 && nx < w && ny < h {
			d[y*w+x] = min(d[y*w+x], d[ny*w+nx]+c)
		}
	}
	for y := range h {
		for x := range w {
			relax(x, y, -1, 0, side)
			relax(x, y, 0, -1, side)
			relax(x, y, -1, -1, diagonal)
			relax(x, y, 1, -1, diagonal)
		}
	}
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			relax(x, y, 1, 0, side)
			relax(x, y, 0, 1, side)
			relax(x, y, 1, 1, diagonal)
			relax(x, y, -1, 1, diagonal)
		}
	}
	return d
}

// AUC is the chance that a good cut-out has the higher confidence than a bad
// one, ties counting half. It is NaN unless there are both.
func AUC(confidence []float64, good []bool) float64 {
	var win, n float64
	for i, g := range good {
		for j, b := range good {
			if !g || b {
				continue
			}
			n++
			switch {
			case confidence[i] > confidence[j]:
				win++
			case confidence[i] == confidence[j]:
				win += .5
			}
		}
	}
	return win / n
}
