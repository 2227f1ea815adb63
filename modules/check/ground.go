package check

import (
	"image"
	"slices"
)

// ground is what is seen beside the product, halo pixels from it and farther.
type ground struct {
	gw, gh int
	grey   []int // of each cell: pixels that can be seen not to be white
	off    []int // cells of areas that are neither white nor the product's shadow
	dim    []int // cells of its shadow

	white  float64 // share of the ground that is white, its shadow left aside
	patch  float64 // share of the frame that the largest area takes which is neither white nor shadow
	shadow float64 // share of the frame that the product's shadow takes
	filled bool    // most of the frame's rim belongs to one area that is not white: a backdrop
}

// The look of a shadow. It lies at the product, has hardly any colour, and
// fades outwards; a remainder of the backdrop ends with an edge or is even.
const (
	shadowColour = 40  // levels between its channels for a hundred levels of dark, at most
	shadowEnds   = 230 // mean level of its outermost cells, at least
	shadowFades  = 5   // levels from its inside to its outside, at least
	mostRim      = 0.5 // share of the frame's rim that a shadow takes, at most
	shadowFaint  = 16  // part of the frame's longer side: how far beyond it it is too faint to count
)

// lookAt measures the ground. When plain counts, transparent pixels are as good as
// white ones, and half transparent ones are seen on white.
func (p *product) lookAt(img *image.NRGBA, plain bool) *ground {
	near := p.grown(halo)
	g := &ground{gw: (p.w + cell - 1) / cell, gh: (p.h + cell - 1) / cell}
	cells := g.gw * g.gh
	g.grey = make([]int, cells)
	all, white, level, colour := make([]int, cells), make([]int, cells), make([]int, cells), make([]int, cells)
	beside := make([]bool, cells) // holds pixels of the product or next to it
	for y := range p.h {
		row, mask := img.Pix[y*img.Stride:][:4*p.w], near[y*p.w:][:p.w]
		base := y / cell * g.gw
		for x, m := range mask {
			i := base + x/cell
			if m != 0 {
				beside[i] = true
				continue
			}
			all[i]++
			c := row[4*x : 4*x+4 : 4*x+4]
			a := c[3]
			if a == 255 && c[0] >= whiteLevel && c[1] >= whiteLevel && c[2] >= whiteLevel || plain && a == 0 {
				white[i]++
				continue
			}
			low, high := int(min(c[0], c[1], c[2])), int(max(c[0], c[1], c[2]))
			if a < 255 && plain {
				low, high = (low*int(a)+255*(255-int(a)))/255, (high*int(a)+255*(255-int(a)))/255
			} else if a < 255 {
				low, high = 0, 0
			}
			if low < greyLevel {
				g.grey[i]++
				level[i] += low
				colour[i] += high - low
			}
		}
	}
	pixels := float64(p.w * p.h)
	faint := make([]bool, cells)
	for _, group := range islands(g.gw, g.gh, g.grey, cell*cell/4) {
		n := sum(group, g.grey)
		backdrop := g.alongFrame(group) > mostRim // a grey one has all that a shadow has
		g.filled = g.filled || backdrop
		dark := !backdrop && g.isShadow(group, beside, level, colour)
		if dark {
			g.shadow += float64(n) / pixels
			g.dim = append(g.dim, group...)
		}
		if !dark || g.atFrame(group) { // a shadow that the frame cuts off is as bad as a backdrop
			g.patch = max(g.patch, float64(n)/pixels)
			g.off = append(g.off, group...)
			continue
		}
		for _, c := range group {
			g.fade(faint, c)
		}
	}
	n, yes := 0, 0
	for i := range cells {
		if !faint[i] {
			n, yes = n+all[i], yes+white[i]
		}
	}
	g.white = 1
	if n > 0 {
		g.white = float64(yes) / float64(n)
	}
	return g
}

// fade marks a cell of a shadow and those around it.
func (g *ground) fade(faint []bool, c int) {
	x0, y0, r := c%g.gw, c/g.gw, max(g.gw, g.gh)/shadowFaint
	for y := max(0, y0-r); y <= min(g.gh-1, y0+r); y++ {
		for x := max(0, x0-r); x <= min(g.gw-1, x0+r); x++ {
			faint[y*g.gw+x] = true
		}
	}
}

// atFrame reports whether an area reaches the frame.
func (g *ground) atFrame(group []int) bool {
	return slices.ContainsFunc(group, func(c int) bool {
		x, y := c%g.gw, c/g.gw
		return x == 0 || y == 0 || x == g.gw-1 || y == g.gh-1
	})
}

// alongFrame returns the share of the frame's outermost cells that an area takes.
func (g *ground) alongFrame(group []int) float64 {
	n := 0
	for _, c := range group {
		if x, y := c%g.gw, c/g.gw; x == 0 || y == 0 || x == g.gw-1 || y == g.gh-1 {
			n++
		}
	}
	return float64(n) / float64(max(1, 2*(g.gw+g.gh)-4))
}

// isShadow tells a shadow from what is left of a backdrop. level and colour are sums
// over the grey pixels of each cell.
func (g *ground) isShadow(group []int, beside []bool, level, colour []int) bool {
	var in, out, rest struct{ n, level int } // cells at the product, at the white ground, and neither
	tint, dark := 0, 0
	isIn := map[int]bool{}
	for _, c := range group {
		isIn[c] = true
	}
	for _, c := range group {
		tint, dark = tint+colour[c], dark+255*g.grey[c]-level[c]
		atProduct, atGround := beside[c], false
		around(g.gw, g.gh, c, func(o int) {
			atProduct = atProduct || beside[o]
			atGround = atGround || !beside[o] && !isIn[o]
		})
		switch {
		case atProduct:
			in.n, in.level = in.n+g.grey[c], in.level+level[c]
		case atGround:
			out.n, out.level = out.n+g.grey[c], out.level+level[c]
		default:
			rest.n, rest.level = rest.n+g.grey[c], rest.level+level[c]
		}
	}
	if in.n == 0 || out.n == 0 || 100*tint > shadowColour*dark {
		return false
	}
	ends := out.level / out.n
	return ends >= shadowEnds && ends-(in.level+rest.level)/(in.n+rest.n) >= shadowFades
}
