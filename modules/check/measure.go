package check

import (
	"image"
	"slices"
)

// The levels from which a channel counts as white. A compressed file leaves a level
// next to a product; what is darker than grey can be seen on a white page.
const (
	whiteLevel = 254
	greyLevel  = 250
	// mostGrey is the largest area beside the product that is not white, as a share of
	// the frame: 50 × 50 pixels of 2000².
	mostGrey = 0.0006
	// halo is how far around the product compression reaches, in pixels: a block of
	// colour at half the resolution.
	halo = 16
	// cell is the side of the blocks in which areas are joined, in pixels.
	cell = 8
)

func white(c []uint8) bool { return c[0] == 255 && c[1] == 255 && c[2] == 255 && c[3] == 255 }

// border returns the share of the outermost pixels for which is holds.
func border(img *image.NRGBA, is func(c []uint8) bool) float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n, yes := 0, 0
	look := func(x, y int) {
		n++
		if is(img.Pix[y*img.Stride+x*4:][:4]) {
			yes++
		}
	}
	for x := range w {
		look(x, 0)
		if h > 1 {
			look(x, h-1)
		}
	}
	for y := 1; y < h-1; y++ {
		look(0, y)
		if w > 1 {
			look(w-1, y)
		}
	}
	return float64(yes) / float64(n)
}

// product is where the product is in a picture.
type product struct {
	mask    []uint8 // 1 where it is, row by row of the picture
	w, h    int
	box     image.Rectangle
	objects int     // parts that are a twentieth of the largest, at least
	residue float64 // share of the frame that smaller parts take
}

// solid is the alpha from which a pixel belongs to the product.
const solid = 24

// locate takes the product from its mask, or looks for it.
func locate(img *image.NRGBA, known *image.Alpha) *product {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	p := &product{w: w, h: h}
	if known != nil && known.Rect.Size() == img.Rect.Size() {
		p.mask = make([]uint8, w*h)
		for y := range h {
			row := known.Pix[y*known.Stride:][:w]
			for x, a := range row {
				if a >= solid {
					p.mask[y*w+x] = 1
				}
			}
		}
	} else {
		p.mask = search(img)
	}
	p.measure()
	return p
}

// measure takes the box and the parts of the mask.
func (p *product) measure() {
	gw, gh := (p.w+cell-1)/cell, (p.h+cell-1)/cell
	count := make([]int, gw*gh)
	x0, y0, x1, y1 := p.w, p.h, -1, -1
	for y := range p.h {
		row := p.mask[y*p.w:][:p.w]
		for x, m := range row {
			if m != 0 {
				count[y/cell*gw+x/cell]++
				x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), y
			}
		}
	}
	if x1 < 0 {
		return
	}
	p.box = image.Rect(x0, y0, x1+1, y1+1)
	areas := islands(gw, gh, count, 1)
	largest := slices.Max(areas)
	small := 0
	for _, a := range areas {
		if 20*a >= largest {
			p.objects++
		} else {
			small += a
		}
	}
	p.residue = float64(small) / float64(p.w*p.h)
}

// islands are the sums of connected cells (by side or corner) that hold at least a
// number.
func islands(gw, gh int, count []int, least int) (areas []int) {
	seen := make([]bool, gw*gh)
	var queue []int
	for i := range count {
		if seen[i] || count[i] < least {
			continue
		}
		seen[i] = true
		queue = append(queue[:0], i)
		area := 0
		for len(queue) > 0 {
			c := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			area += count[c]
			cx, cy := c%gw, c/gw
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					x, y := cx+dx, cy+dy
					if x < 0 || y < 0 || x >= gw || y >= gh {
						continue
					}
					if n := y*gw + x; !seen[n] && count[n] >= least {
						seen[n] = true
						queue = append(queue, n)
					}
				}
			}
		}
		areas = append(areas, area)
	}
	return areas
}

// whiteness is the share of what is not the product, nor next to it, that is white
// (or, when clear counts, transparent), and the share of the frame that the largest
// area takes which can be seen not to be.
func (p *product) whiteness(img *image.NRGBA, clear bool) (share, grey float64) {
	near := p.grown(halo)
	gw, gh := (p.w+cell-1)/cell, (p.h+cell-1)/cell
	count := make([]int, gw*gh)
	n, yes := 0, 0
	for y := range p.h {
		row := img.Pix[y*img.Stride:][:4*p.w]
		mask := near[y*p.w:][:p.w]
		for x := range p.w {
			if mask[x] != 0 {
				continue
			}
			n++
			c := row[4*x : 4*x+4]
			if clear && c[3] == 0 {
				yes++
				continue
			}
			least := min(c[0], c[1], c[2])
			if c[3] == 255 && least >= whiteLevel {
				yes++
			} else if c[3] < 255 || least < greyLevel {
				count[y/cell*gw+x/cell]++
			}
		}
	}
	if n == 0 {
		return 1, 0
	}
	if areas := islands(gw, gh, count, cell*cell/4); len(areas) > 0 {
		grey = float64(slices.Max(areas)) / float64(p.w*p.h)
	}
	return float64(yes) / float64(n), grey
}

// grown is the mask with everything within r pixels of it, along both axes.
func (p *product) grown(r int) []uint8 {
	rows, out := make([]uint8, p.w*p.h), make([]uint8, p.w*p.h)
	spread(p.mask, rows, p.w, p.h, 1, p.w, r)
	spread(rows, out, p.h, p.w, p.w, 1, r)
	return out
}

// spread widens each run of a line of n values by r, for lines that begin step apart.
func spread(in, out []uint8, n, lines, stride, step, r int) {
	for l := range lines {
		base, last := l*step, -r-1
		for i := range n { // forwards: what lies up to r behind a set value
			if in[base+i*stride] != 0 {
				last = i
			}
			if i-last <= r {
				out[base+i*stride] = 1
			}
		}
		last = n + r
		for i := n - 1; i >= 0; i-- {
			if in[base+i*stride] != 0 {
				last = i
			}
			if last-i <= r {
				out[base+i*stride] = 1
			}
		}
	}
}

// touches reports whether the product reaches the frame with more than a speck.
func (p *product) touches(frame image.Rectangle) bool {
	const speck = 0.004 // of the side
	run := func(n int, at func(i int) int) bool {
		set := 0
		for i := range n {
			set += int(p.mask[at(i)])
		}
		return float64(set) > speck*float64(n)
	}
	return run(p.w, func(x int) int { return x }) || run(p.w, func(x int) int { return (p.h-1)*p.w + x }) ||
		run(p.h, func(y int) int { return y * p.w }) || run(p.h, func(y int) int { return y*p.w + p.w - 1 })
}

// sharpness compares how much brightness changes from one pixel to the next with how
// much it changes over 24: near 1 at a sharp edge, below .1 where all is blurred. A
// product without edges counts as sharp.
func sharpness(img *image.NRGBA, box image.Rectangle) float64 {
	const far, plain = 24, 12
	if box.Dx() <= 2*far || box.Dy() <= 2*far {
		return 1
	}
	var near, wide [256]int
	n := 0
	luma := func(x, y int) int {
		c := img.Pix[y*img.Stride+4*x:]
		return (2*int(c[0]) + 5*int(c[1]) + int(c[2])) >> 3
	}
	step := max(1, box.Dx()*box.Dy()/400_000) // rows are left out of large products
	for y := box.Min.Y; y < box.Max.Y-far; y += step {
		for x := box.Min.X; x < box.Max.X-far; x++ {
			v := luma(x, y)
			near[distance(v, luma(x+1, y))]++
			wide[distance(v, luma(x+far, y))]++
			n++
		}
	}
	a, b := quantile(near[:], n), quantile(wide[:], n)
	if b < plain {
		return 1
	}
	return min(1, float64(a)/float64(b))
}

func distance(a, b int) int { return max(a-b, b-a) }

// quantile is the value that one in two hundred exceed.
func quantile(histogram []int, n int) int {
	left := n / 200
	for v := len(histogram) - 1; v > 0; v-- {
		if left -= histogram[v]; left < 0 {
			return v
		}
	}
	return 0
}
