package check

import (
	"image"
	"slices"
)

// Where no mask is given, the product is looked for: what is left when the backdrop
// is taken away from the frame inwards. A photo that lies as a rectangle on white with
// a backdrop of its own has that taken away, too.

const (
	searchSide = 500 // pixels of the longer side at which it is looked for
	plainStep  = 5   // levels by which a backdrop's neighbours differ, at most
	plainReach = 14  // levels from the backdrop's colour that always belong to it
	plainDrift = 40  // levels that a backdrop drifts, at most
)

// small is a picture at every k-th pixel.
type small struct {
	w, h, k int
	pix     [][3]int
}

func shrink(img *image.NRGBA) small {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	k := max(1, (max(w, h)+searchSide-1)/searchSide)
	s := small{w: (w + k - 1) / k, h: (h + k - 1) / k, k: k}
	s.pix = make([][3]int, s.w*s.h)
	for y := range s.h {
		for x := range s.w {
			c := img.Pix[min(y*k, h-1)*img.Stride+4*min(x*k, w-1):][:4]
			a := int(c[3])
			for i := range 3 { // what is transparent is white here
				s.pix[y*s.w+x][i] = (int(c[i])*a + 255*(255-a)) / 255
			}
		}
	}
	return s
}

// search returns the mask of the product, row by row of the picture.
func search(img *image.NRGBA) []uint8 {
	s := shrink(img)
	ground := make([]bool, len(s.pix))
	var rim []int
	for x := range s.w {
		rim = append(rim, x, (s.h-1)*s.w+x)
	}
	for y := 1; y < s.h-1; y++ {
		rim = append(rim, y*s.w, y*s.w+s.w-1)
	}
	s.flood(ground, rim, s.median(rim))
	s.inner(ground)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mask := make([]uint8, w*h)
	for y := range h {
		row := ground[min(y/s.k, s.h-1)*s.w:]
		for x := range w {
			if !row[min(x/s.k, s.w-1)] {
				mask[y*w+x] = 1
			}
		}
	}
	return mask
}

// median is the middle colour of some pixels.
func (s small) median(at []int) (m [3]int) {
	v := make([]int, len(at))
	for c := range m {
		for i, p := range at {
			v[i] = s.pix[p][c]
		}
		slices.Sort(v)
		m[c] = v[len(v)/2]
	}
	return m
}

func apart(a, b [3]int) int {
	return max(distance(a[0], b[0]), distance(a[1], b[1]), distance(a[2], b[2]))
}

// flood marks what is joined to some pixels and like a colour, or drifts from it
// slowly.
func (s small) flood(ground []bool, from []int, colour [3]int) {
	var queue []int
	for _, p := range from {
		if !ground[p] && apart(s.pix[p], colour) <= plainReach {
			ground[p] = true
			queue = append(queue, p)
		}
	}
	for len(queue) > 0 {
		p := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		s.neighbours(p, func(n int) {
			if ground[n] {
				return
			}
			d := apart(s.pix[n], colour)
			if d <= plainReach || d <= plainDrift && apart(s.pix[n], s.pix[p]) <= plainStep {
				ground[n] = true
				queue = append(queue, n)
			}
		})
	}
}

func (s small) neighbours(p int, each func(n int)) {
	x, y := p%s.w, p/s.w
	if x > 0 {
		each(p - 1)
	}
	if x < s.w-1 {
		each(p + 1)
	}
	if y > 0 {
		each(p - s.w)
	}
	if y < s.h-1 {
		each(p + s.w)
	}
}

// inner takes away a second backdrop: what is left of the frame is a rectangle whose
// outline is light, without colour, and all of one tone.
func (s small) inner(ground []bool) {
	const (
		full    = 0.97 // share of its box that a rectangle takes
		depth   = 3    // pixels inside the outline at which it is looked at
		ofTone  = 0.7  // share of the outline
		lightly = 165  // levels
		colours = 22   // levels between channels
	)
	x0, y0, x1, y1, n := s.w, s.h, -1, -1, 0
	for i, g := range ground {
		if !g {
			n++
			x, y := i%s.w, i/s.w
			x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
		}
	}
	bw, bh := x1-x0+1, y1-y0+1
	if n == 0 || n == len(ground) || bw <= 4*depth || bh <= 4*depth || float64(n) < full*float64(bw*bh) {
		return
	}
	var ring []int
	for x := x0 + depth; x <= x1-depth; x++ {
		ring = append(ring, (y0+depth)*s.w+x, (y1-depth)*s.w+x)
	}
	for y := y0 + depth; y <= y1-depth; y++ {
		ring = append(ring, y*s.w+x0+depth, y*s.w+x1-depth)
	}
	tone := s.median(ring)
	like := 0
	for _, p := range ring {
		if apart(s.pix[p], tone) <= plainReach {
			like++
		}
	}
	if float64(like) < ofTone*float64(len(ring)) || min(tone[0], tone[1], tone[2]) < lightly || max(tone[0], tone[1], tone[2])-min(tone[0], tone[1], tone[2]) > colours {
		return
	}
	s.flood(ground, ring, tone)
	// the edge between the two backdrops belongs to neither
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			if x < x0+depth || x > x1-depth || y < y0+depth || y > y1-depth {
				ground[y*s.w+x] = true
			}
		}
	}
}
