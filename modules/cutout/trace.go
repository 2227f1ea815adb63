package cutout

import (
	"math"
	"slices"
)

// Where the outline runs: beside the decision's own, on the photo's steps. Distances in pixels of the
// working picture. Tuned on photographs.
const (
	traceReach = 4   // the outline lies so near the decision's, in pixels of joinSize,
	traceLeast = 2   // and of a smaller picture
	traceEdge  = .6  // a step (Lab) that ends a side
	traceCut   = 1.6 // weight of an outline that crosses none,
	traceEven  = .5  // and of any, as a share of it
	traceOdds  = .7  // weight of the logarithm of the network's odds,
	traceMost  = 3   // and the most that these count

	traceThin   = 3   // half the width of parts and gaps that keep the decision's outline
	traceSpeck  = 12  // pixels that such a part has at least
	traceFaint  = .08 // coverage of one that the decision misses,
	traceGap    = .35 // doubt about a gap that it misses,
	traceRidge  = 1.3 // and how many times as much there is of it as around
	traceDoubt  = .1  // doubt whether it is a shadow,
	traceWide   = 2   // over more than twice this,
	traceShaded = .85 // of such a brightness at most, beside the backdrop's, keeps the decision's outline, too
	traceBlur   = .5  // and of such a one at least, and no shadow's colour, is a product out of focus

	traceSmooth = 2    // radius of the means, taken twice, that leave no steps of pixels in the outline,
	traceCalm   = 5    // and no bumps in a shadow's
	traceClose  = .3   // the coverage is half so far from it at most where both sides look alike,
	traceAside  = 1.25 // where they are clearly apart,
	traceApart  = 8.   // and where the decision's outline is kept;
	traceRamp   = 2    // it is whole and none half of this further
	traceAlike  = .003 // squared difference of the sides (square root of light) that is alike,
	traceClear  = .03  // and one that is clear
)

// labPerRoot is about the difference in Lab that a difference of 1 in square roots of light makes.
const labPerRoot = 100

// outline is the line that the coverage keeps to.
type outline struct {
	away *plane // working pixels from it: above 0 inside
	free *plane // 0-1: how much the coverage may leave it
	seen *plane // squared difference of the photo's two sides of it (square root of light)
}

// keep returns the coverage a, 0-1, at u, v of the working picture as far as it keeps to the line.
// apart is the squared difference of the colours that product and backdrop have further away.
func (o *outline) keep(a, apart, u, v float32) float32 {
	if o == nil {
		return a
	}
	free := o.free.at(u, v)
	if free == 1 {
		return a
	}
	t := traceClose + (traceAside-traceClose)*float32(fade(float64(min(apart, o.seen.at(u, v))), traceAlike, traceClear))
	t += (traceApart - t) * free
	d := o.away.at(u, v)
	return max(min(max(a, .5+(d-t)/traceRamp), .5+(d+t)/traceRamp, 1), 0)
}

// trace moves the outline of the decision in fg to the photo's steps beside it where a solid product
// meets an open backdrop, and evens it where there are none: pixel by pixel, colours of nearly the
// backdrop's tone make an outline ragged that is even. It returns the decision that it comes to.
func (j *joint) trace(fg []bool) ([]bool, *outline) {
	w, h := j.w, j.h
	signed := signedDistance(fg, w, h)
	reach := max(float32(traceReach*max(w, h))/joinSize, traceLeast)
	k := j.untraced(fg)
	free := func(i int) bool { return abs32(signed.p[i]) < reach && !k.kept[i] }
	g := newFlowGrid(w, h)
	for i, v := range fg {
		switch {
		case free(i):
			p := float64(min(max(j.raw.p[i], .001), .999))
			odds := float32(math.Log(p / (1 - p)))
			if (odds > 0) != v { // the decision has reasons of its own
				odds = 0
			}
			g.tr[i] = traceOdds * min(max(odds, -traceMost), traceMost)
		case v:
			g.tr[i] = certain
		default:
			g.tr[i] = -certain
		}
	}
	g.link(func(i, n, d int, length float32) float32 {
		if !free(i) && !free(n) {
			return 0
		}
		e := j.step[d][i]
		return traceCut * (exp32(-e*e/(2*traceEdge*traceEdge)) + traceEven) * length
	})
	traced := g.solve()
	line := signedDistance(traced, w, h)
	o := &outline{away: boxBlur(boxBlur(line, traceSmooth), traceSmooth), free: coverage(k.free, w, h, traceReach)}
	calm := boxBlur(boxBlur(line, traceCalm), traceCalm)
	for i, v := range coverage(k.shaded, w, h, traceReach).p {
		o.away.p[i] += v * (calm.p[i] - o.away.p[i])
	}
	o.seen = j.acrossLine(traced, line, o.away)
	return traced, o
}

// untraced is where the decision's outline is kept.
type untraced struct {
	kept   []bool // all of it
	free   []bool // there the coverage may leave it
	shaded []bool // and there it runs through a shadow, whose grain the coverage would have
}

// untraced marks where the decision's outline is kept: at thin parts and gaps, also those that only the
// network's coverage hints at, and where it doubts whether something dark is a shadow.
func (j *joint) untraced(fg []bool) untraced {
	w, h := j.w, j.h
	thin, open := narrow(fg, w, h)
	around, doubt, blurred := boxBlur(j.raw, traceThin+1), make([]bool, j.n), make([]bool, j.n)
	for i, v := range fg {
		p, m, least := j.raw.p[i], around.p[i], float32(traceFaint)
		doubt[i] = p > traceDoubt && p < 1-traceDoubt && j.k[i] < traceShaded
		_, shadow := j.differs(i)
		blurred[i] = doubt[i] && !shadow && j.k[i] > traceBlur
		if v {
			p, m, least = 1-p, 1-m, traceGap
		}
		thin[i] = thin[i] || p > least && p > traceRidge*m
	}
	dropSpecks(thin, w, h)
	eachPart(open, w, h, func(part []int32) { // a chain's links
		for _, i := range part {
			thin[i] = thin[i] || len(part) < smallGap
		}
	})
	o := untraced{free: dilate(thin, w, h, traceReach+1), shaded: dilate(opened(doubt, w, h, traceWide), w, h, traceReach+1)}
	o.kept = slices.Clone(o.free)
	for i, soft := range dilate(opened(blurred, w, h, 1), w, h, traceReach+1) {
		o.kept[i] = o.kept[i] || o.shaded[i]
		o.free[i] = o.free[i] || o.shaded[i] && soft
		o.shaded[i] = o.shaded[i] && !o.free[i]
	}
	return o
}

// narrow marks the thin parts and narrow gaps of a decision. It returns the background, too.
func narrow(fg []bool, w, h int) (thin, open []bool) {
	thin, open = make([]bool, len(fg)), make([]bool, len(fg))
	for i, v := range fg {
		open[i] = !v
	}
	solid, wide := opened(fg, w, h, traceThin), opened(open, w, h, traceThin)
	for i, v := range fg {
		thin[i] = v && !solid[i] || !v && !wide[i]
	}
	return thin, open
}

// dropSpecks drops the parts of too few pixels to be thin parts or gaps.
func dropSpecks(set []bool, w, h int) {
	eachPart(set, w, h, func(part []int32) {
		if len(part) < traceSpeck {
			for _, i := range part {
				set[i] = false
			}
		}
	})
}

// acrossLine returns how much the photo differs on the two sides of the nearest part of the outline of
// fg: squared, in square roots of light. line are the signed distances, smooth the same without steps.
func (j *joint) acrossLine(fg []bool, line, smooth *plane) *plane {
	w, h := j.w, j.h
	seen, rim := newPlane(w, h), newPlane(w, h)
	for i, v := range line.p {
		if !fg[i] || v > 1 {
			continue
		}
		x, y := float32(i%w), float32(i/w)
		nx, ny := smooth.at(x-1, y)-smooth.at(x+1, y), smooth.at(x, y-1)-smooth.at(x, y+1)
		l := max(sqrt32(nx*nx+ny*ny), 1e-6)
		nx, ny = nx/l, ny/l
		rim.p[i] = 1
		for c := range 3 {
			d := j.smooth[c].at(x+sidesOut*nx, y+sidesOut*ny) - j.smooth[c].at(x-sidesIn*nx, y-sidesIn*ny)
			seen.p[i] += d * d / (labPerRoot * labPerRoot)
		}
	}
	pushPull([]*plane{seen}, rim)
	return boxBlur(seen, traceSmooth)
}
