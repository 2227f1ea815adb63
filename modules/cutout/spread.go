package cutout

import (
	"math"
	"slices"
)

// How a stroke spreads. Ways are in pixels of the working picture, made longer by
// colours: one that the stroke didn't touch, and a change of colour on the way.
const (
	spreadStep  = .004 // a pixel within one colour
	spreadNear  = .06  // the same where the colour has no end
	spreadEdge  = .14  // a change by one unit of Lab that is more than the stroke's own texture
	spreadStray = .5   // a pixel of a colour far from all of the stroke's
	oddFrom     = 10   // Lab: a quarter of spreadStray
	sayEnds     = 5.   // the way at which the stroke has no say any more
	spreadMost  = .6   // share of the other side that a stroke may take: above it, the colour has no end

	palette = 24 // colours that a stroke is known by
	rounds  = 3  // sweeps over the picture in both directions
)

// The weights of the cut that sets the new outline.
const (
	growLambda  = 4.  // a short outline against the strokes' say
	growMargin  = 20  // pixels around what a stroke reaches
	growStroke  = 4.  // the say of a stroke at its place, and of the draft far from it
	growCertain = 1e4 // outside what is open
)

// grow spreads what is certain over the part of the other side that it touches, and
// changes the decision there. foreign rates the pixels that it is not about; nil: there are none.
func (r *refiner) grow(certain []bool, product bool, foreign []float32) {
	open := make([]bool, r.n) // what may change: the other side
	seeds, side := 0, 0
	for i, v := range r.fg {
		if open[i] = v != product; open[i] {
			side++
			if certain[i] {
				seeds++
			}
		}
	}
	if seeds == 0 {
		return
	}
	stray := r.stray(certain, open, foreign)
	way := r.reach(certain, open, stray, product)
	reached := 0
	for i, d := range way {
		if open[i] && d < sayEnds/2 {
			reached++
		}
	}
	if float64(reached) > spreadMost*float64(side) || product && r.floods(way) {
		way = r.ways(certain, open, stray, spreadNear)
	}
	r.cut(way, certain, product)
}

// pieceShare is the share of the largest piece below which a piece is none of the product that
// a brush must spare.
const pieceShare = .25

// reach returns each pixel's way from what is certain. Those from what is painted away grow with
// the distance, too, within large pieces: beside the brush as where a colour has no end.
func (r *refiner) reach(certain, open []bool, stray *plane, product bool) []float32 {
	painted, pointed := make([]bool, r.n), make([]bool, r.n)
	paints := false
	for i, v := range certain {
		painted[i] = v && !product && r.painted[i]
		pointed[i] = v && !painted[i]
		paints = paints || painted[i]
	}
	way := r.ways(pointed, open, stray, spreadStep)
	if !paints {
		return way
	}
	near, largest := distance(painted, r.w, r.h), 0
	eachPart(open, r.w, r.h, func(part []int32) { largest = max(largest, len(part)) })
	eachPart(open, r.w, r.h, func(part []int32) {
		if float64(len(part)) < pieceShare*float64(largest) {
			for _, i := range part {
				near[i] = 0
			}
		}
	})
	for i, d := range r.ways(painted, open, stray, spreadStep) {
		way[i] = min(way[i], d+spreadNear*max(near[i]-r.rim, 0))
	}
	return way
}

// floods reports whether a stroke to keep has come to most of a side of the picture:
// it has run out into the backdrop.
func (r *refiner) floods(way []float32) bool {
	reached := func(n int, at func(i int) int) bool {
		k := 0
		for i := range n {
			if way[at(i)] < sayEnds/2 {
				k++
			}
		}
		return 2*k > n
	}
	return reached(r.w, func(i int) int { return i }) || reached(r.w, func(i int) int { return r.n - r.w + i }) ||
		reached(r.h, func(i int) int { return i * r.w }) || reached(r.h, func(i int) int { return i*r.w + r.w - 1 })
}

// stray rates each open pixel's colour: 0 is one of the stroke's, 1 is far from all, or one
// that the stroke is not about.
func (r *refiner) stray(certain, open []bool, foreign []float32) *plane {
	colours := r.palette(certain, open)
	o := newPlane(r.w, r.h)
	parallel(r.n, func(a, z int) {
		for i := a; i < z; i++ {
			if !open[i] {
				continue
			}
			least := float32(math.MaxFloat32)
			for _, c := range colours {
				l, aa, b := r.smooth[0].p[i]-c[0], r.smooth[1].p[i]-c[1], r.smooth[2].p[i]-c[2]
				least = min(least, l*l+aa*aa+b*b)
			}
			odd := least / (least + oddFrom*oddFrom)
			o.p[i] = odd * odd
			if foreign != nil {
				o.p[i] = max(o.p[i], foreign[i])
			}
		}
	})
	return o
}

// palette picks colours of the certain, open pixels that are far from each other.
func (r *refiner) palette(certain, open []bool) (colours [][3]float32) {
	var at []int
	for i, v := range certain {
		if v && open[i] {
			at = append(at, i)
		}
	}
	if step := len(at)/4000 + 1; step > 1 { // enough of a large brush
		few := at[:0]
		for i := 0; i < len(at); i += step {
			few = append(few, at[i])
		}
		at = few
	}
	far := make([]float32, len(at))
	for i := range far {
		far[i] = math.MaxFloat32
	}
	next := 0
	for len(colours) < palette {
		i := at[next]
		c := [3]float32{r.smooth[0].p[i], r.smooth[1].p[i], r.smooth[2].p[i]}
		colours = append(colours, c)
		next = 0
		for k, j := range at {
			l, a, b := r.smooth[0].p[j]-c[0], r.smooth[1].p[j]-c[1], r.smooth[2].p[j]-c[2]
			far[k] = min(far[k], l*l+a*a+b*b)
			if far[k] > far[next] {
				next = k
			}
		}
		if far[next] < 1 {
			break
		}
	}
	return colours
}

// ways returns each pixel's way from what is certain, over open pixels alone, by sweeps
// over the picture (Toivanen 1996). step is the way over a pixel of one colour.
func (r *refiner) ways(certain, open []bool, stray *plane, step float32) []float32 {
	const far = 1e6
	w, h := r.w, r.h
	d := make([]float32, r.n)
	for i, v := range certain {
		if !v || !open[i] {
			d[i] = far
		}
	}
	calm := r.texture(certain, open)
	relax := func(i, x, y, k int) {
		nx, ny := x+dxs[k], y+dys[k]
		if nx < 0 || ny < 0 || nx >= w || ny >= h {
			return
		}
		j := ny*w + nx
		if d[j] >= sayEnds {
			return
		}
		length := float32(1)
		if k >= 4 {
			length = 1.4142
		}
		v := d[j] + length*(step+spreadStray*stray.p[i]) + spreadEdge*max(sqrt32(r.smooth.dist2(i, j))-calm, 0)
		d[i] = min(d[i], v)
	}
	for range rounds {
		for y := range h {
			for x := range w {
				if i := y*w + x; open[i] {
					relax(i, x, y, 1)
					relax(i, x, y, 3)
					relax(i, x, y, 5)
					relax(i, x, y, 6)
				}
			}
		}
		for y := h - 1; y >= 0; y-- {
			for x := w - 1; x >= 0; x-- {
				if i := y*w + x; open[i] {
					relax(i, x, y, 0)
					relax(i, x, y, 2)
					relax(i, x, y, 4)
					relax(i, x, y, 7)
				}
			}
		}
	}
	return d
}

// texture is the change of colour between neighbours that three quarters of what the
// stroke touched stay below.
func (r *refiner) texture(certain, open []bool) float32 {
	var all []float32
	for i, v := range certain {
		if v && open[i] && i%r.w+1 < r.w && certain[i+1] {
			all = append(all, sqrt32(r.smooth.dist2(i, i+1)))
		}
	}
	if len(all) == 0 {
		return textureLeast
	}
	slices.Sort(all)
	return min(max(all[len(all)*3/4]*1.5, textureLeast), textureMax)
}

// The bounds of a stroke's texture, in Lab between neighbours of the smoothed picture.
const (
	textureLeast = .6
	textureMax   = 4
)

// cut moves the outline of the part that a stroke reaches to where the colours change.
func (r *refiner) cut(way []float32, certain []bool, product bool) {
	x0, y0, x1, y1 := r.w, r.h, 0, 0
	for i, d := range way {
		if d < sayEnds {
			x, y := i%r.w, i/r.w
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
		}
	}
	x0, y0, x1, y1 = max(x0-growMargin, 0), max(y0-growMargin, 0), min(x1+growMargin, r.w), min(y1+growMargin, r.h)
	if x1 <= x0 || y1 <= y0 {
		return
	}
	w, h := x1-x0, y1-y0
	g := newFlowGrid(w, h)
	sign := float32(1)
	if !product {
		sign = -1
	}
	at := func(i int) int { return (y0+i/w)*r.w + x0 + i%w }
	for i := range g.tr {
		p := at(i)
		is := float32(-1)
		if r.fg[p] {
			is = 1
		}
		switch say := 1 - way[p]/sayEnds; {
		case certain[p]:
			g.tr[i] = sign * growCertain
		case way[p] >= sayEnds: // stays as it is
			g.tr[i] = is * growCertain
		default:
			// what the engine was unsure of gives way sooner
			sure := .4 + .6*min(abs32(r.raw.p[p]-.5)*2, 1)
			g.tr[i] = sign*growStroke*say + is*growStroke*sure*(1-say)
		}
	}
	var sum float64
	for i := 0; i < g.n; i += 3 {
		if i%w+1 < w {
			sum += float64(r.smooth.dist2(at(i), at(i+1)))
		}
	}
	beta := 1 / max(2*float32(sum/float64(max(g.n/3, 1))), 4)
	g.link(func(i, j, _ int, length float32) float32 {
		return length * (growLambda*exp32(-beta*r.smooth.dist2(at(i), at(j))) + .05)
	})
	changed := make([]bool, r.n)
	for i, v := range g.solve() {
		if p := at(i); v == product && r.fg[p] != product {
			changed[p] = true
		}
	}
	// a change that hangs on no stroke is none
	eachPart(changed, r.w, r.h, func(part []int32) {
		for _, i := range part {
			if certain[i] {
				for _, i := range part {
					r.fg[i] = product
				}
				return
			}
		}
	})
}
