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
	parts   []part
}

// part is a connected part of the product.
type part struct {
	box    image.Rectangle // in whole cells
	object bool            // it is large enough to be one of several products
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
	groups := islands(gw, gh, count, 1)
	areas := make([]int, len(groups))
	for i, g := range groups {
		areas[i] = sum(g, count)
	}
	largest := slices.Max(areas)
	small := 0
	for i, a := range areas {
		one := part{box: boxOf(groups[i], gw), object: 20*a >= largest}
		if one.object {
			p.objects++
		} else {
			small += a
		}
		p.parts = append(p.parts, one)
	}
	p.residue = float64(small) / float64(p.w*p.h)
}

// islands are the connected groups (by side or corner) of cells that hold at least a
// number, as cells' indices.
func islands(gw, gh int, count []int, least int) (groups [][]int) {
	seen := make([]bool, gw*gh)
	for i := range count {
		if seen[i] || count[i] < least {
			continue
		}
		seen[i] = true
		group := []int{i}
		for at := 0; at < len(group); at++ {
			around(gw, gh, group[at], func(n int) {
				if !seen[n] && count[n] >= least {
					seen[n] = true
					group = append(group, n)
				}
			})
		}
		groups = append(groups, group)
	}
	return groups
}

// boxOf is the box of some cells, in pixels.
func boxOf(group []int, gw int) (box image.Rectangle) {
	for _, c := range group {
		at := image.Pt(c%gw, c/gw).Mul(cell)
		box = box.Union(image.Rectangle{at, at.Add(image.Pt(cell, cell))})
	}
	return box
}

// around calls each for the up to eight cells beside a cell.
func around(gw, gh, c int, each func(n int)) {
	cx, cy := c%gw, c/gw
	for y := max(0, cy-1); y <= min(gh-1, cy+1); y++ {
		for x := max(0, cx-1); x <= min(gw-1, cx+1); x++ {
			if n := y*gw + x; n != c {
				each(n)
			}
		}
	}
}

// sum adds up what a group's cells hold.
func sum(group, count []int) (n int) {
	for _, c := range group {
		n += count[c]
	}
	return n
}

// grown is the mask with everything within r pixels of it, along both axes.
func (p *product) grown(r int) []uint8 {
	rows, out := make([]uint8, p.w*p.h), make([]uint8, p.w*p.h)
	for y := range p.h {
		in, o := p.mask[y*p.w:][:p.w], rows[y*p.w:][:p.w]
		left := 0 // how many further pixels a set one reaches
		for x, m := range in {
			if m != 0 {
				left = r + 1
			}
			if left > 0 {
				o[x], left = 1, left-1
			}
		}
		left = 0
		for x := p.w - 1; x >= 0; x-- {
			if in[x] != 0 {
				left = r + 1
			}
			if left > 0 {
				o[x], left = 1, left-1
			}
		}
	}
	reach := make([]int32, p.w)
	step := func(y int) {
		in, o := rows[y*p.w:][:p.w], out[y*p.w:][:p.w]
		for x, m := range in {
			if m != 0 {
				reach[x] = int32(r) + 1
			}
			if reach[x] > 0 {
				o[x] = 1
				reach[x]--
			}
		}
	}
	for y := range p.h {
		step(y)
	}
	clear(reach)
	for y := p.h - 1; y >= 0; y-- {
		step(y)
	}
	return out
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
