package cutout

// Coarse to fine: a cut on half the size decides everything but a band along its
// outline and along edges, where the finer grid may decide better. It loses thin
// parts now and then (a stool's legs, strong shadow's mean IoU .98 to .91), so it
// is only for cuts that would take seconds.

const (
	// patience bounds the work of the exact cut, in hops along its trees for each
	// pixel: about a second. Photographs on plain backdrops take 20 to 230; a
	// harness of thin straps took thousands.
	patience = 250
	// band is how far from the coarse outline the fine cut may move it.
	band = 3
	// weakLink is the share of the mean capacity below which a link marks an
	// edge: thin parts that a coarse cell swallows are all edges.
	weakLink = .25
	// certain is the capacity of a fixed pixel's link to its side: more than its
	// eight neighbours' together.
	certain = 1e6
)

// half returns the grid whose cells are two by two pixels of this one.
func (g *flowGrid) half() *flowGrid {
	w, h := (g.w+1)/2, (g.h+1)/2
	c := newFlowGrid(w, h)
	for y := range g.h {
		for x := range g.w {
			p := y*g.w + x
			cell := y/2*w + x/2
			c.tr[cell] += g.tr[p]
			for d := range 8 {
				if g.cap[d][p] <= 0 {
					continue
				}
				dx, dy := (x+dxs[d])/2-x/2, (y+dys[d])/2-y/2
				for e := range 8 {
					if dxs[e] == dx && dys[e] == dy {
						c.cap[e][cell] += g.weakest(x, y, d)
					}
				}
			}
		}
	}
	return c
}

// weakest is the least capacity of a link and of those before and after it on its
// line: the fine cut may run beside the cells' border, and where it can run
// cheaply the coarse one has to see it.
func (g *flowGrid) weakest(x, y, d int) float32 {
	p := y*g.w + x
	c := g.cap[d][p]
	if px, py := x-dxs[d], y-dys[d]; px >= 0 && px < g.w && py >= 0 && py < g.h {
		c = min(c, g.cap[d][p-g.off[d]])
	}
	if nx, ny := x+2*dxs[d], y+2*dys[d]; nx >= 0 && nx < g.w && ny >= 0 && ny < g.h {
		c = min(c, g.cap[d][p+g.off[d]])
	}
	return c
}

// fix ties every pixel to the side that the coarse labels give it, but for those
// in the band.
func (g *flowGrid) fix(coarse []bool) {
	w := (g.w + 1) / 2
	label := func(x, y int) bool { return coarse[y/2*w+x/2] }
	var sum float64
	for _, d := range [2]int{0, 2} {
		for _, c := range g.cap[d] {
			sum += float64(c)
		}
	}
	weak := float32(weakLink * sum / float64(2*g.n))
	open := make([]bool, g.n)
	for y := range g.h {
		for x := range g.w {
			p := y*g.w + x
			if x+1 < g.w && (label(x, y) != label(x+1, y) || min(g.cap[0][p], g.cap[1][p+1]) < weak) || y+1 < g.h && (label(x, y) != label(x, y+1) || min(g.cap[2][p], g.cap[3][p+g.w]) < weak) {
				open[p] = true
			}
		}
	}
	open = dilate(open, g.w, g.h, band)
	for p, o := range open {
		if o {
			continue
		}
		if label(p%g.w, p/g.w) {
			g.tr[p] = certain
		} else {
			g.tr[p] = -certain
		}
	}
}

// dilate grows a mask by r pixels in each direction.
func dilate(m []bool, w, h, r int) []bool {
	rows, out := make([]bool, w*h), make([]bool, w*h)
	for y := range h {
		last := -r - 1 // column of the last set pixel on the left
		for x := range w {
			if m[y*w+x] {
				last = x
				for k := max(0, x-r); k < x; k++ {
					rows[y*w+k] = true
				}
			}
			rows[y*w+x] = rows[y*w+x] || x-last <= r
		}
	}
	for x := range w {
		last := -r - 1
		for y := range h {
			if rows[y*w+x] {
				last = y
				for k := max(0, y-r); k < y; k++ {
					out[k*w+x] = true
				}
			}
			out[y*w+x] = out[y*w+x] || y-last <= r
		}
	}
	return out
}
