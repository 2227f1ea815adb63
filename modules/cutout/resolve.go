package cutout

import (
	"math"
	"slices"
)

// Where a network is in doubt, the colours of what it is sure of decide: the second
// shoe has the first one's colours, the wall in a chair's back has the wall's. They are
// compared at resolveSize. Colours in Lab, distances in pixels of that size.
const (
	resolveSize = 512

	resolveSure    = .99  // coverage of the product for sure,
	resolveNot     = .001 // and of the background
	resolveDeep    = 2    // a sample lies so far from what is in doubt
	resolveReach   = 120  // and no farther
	resolveSamples = 300  // of each side at most
	resolveWay     = 14   // pixels that count like a difference of 1
	resolveScale   = 5.   // difference that tells the sides apart
	resolveMost    = 3.   // the most that colours count, in units of the scale
	resolveColour  = 1.3  // weight of a unit against the logarithm of the network's odds
	resolveFloor   = .06  // the network's odds are no longer than this coverage has
	resolveCut     = 4.   // weight of an outline that crosses no edge,
	resolveWhole   = 8.   // the same where it completes what is added,
	resolvePart    = 3    // of which one in so many pixels is found without,
	resolveEven    = .25  // and of one along an edge
	resolveFew     = .004 // share of the product that must be in doubt, away from its outline
)

// colourAt is a pixel's colour and place.
type colourAt struct{ l, a, b, x, y float32 }

func (s *colourAt) to(t *colourAt) float32 {
	l, a, b, x, y := s.l-t.l, s.a-t.a, s.b-t.b, (s.x-t.x)/resolveWay, (s.y-t.y)/resolveWay
	return l*l + a*a + b*b + x*x + y*y
}

// resolve decides what the network is in doubt of. It returns fg where there is little
// doubt, or nothing sure to compare with.
func (j *joint) resolve(fg []bool) []bool {
	k := min(1, resolveSize/float64(max(j.w, j.h)))
	w, h := max(minSide, int(float64(j.w)*k+.5)), max(minSide, int(float64(j.h)*k+.5))
	r := resample(j.raw, w, h)
	doubt, product := make([]bool, w*h), 0
	settled := resample(coverage(fg, j.w, j.h, 0), w, h)
	for i, v := range r.p {
		doubt[i] = v > resolveNot && v < resolveSure || (settled.p[i] > .5) != (v > .5)
		if v > .5 {
			product++
		}
	}
	deep, some := opened(doubt, w, h, 2), 0
	for _, v := range deep {
		if v {
			some++
		}
	}
	if float64(some) < resolveFew*float64(product) {
		return fg
	}
	lab := planes3{resample(j.smooth[0], w, h), resample(j.smooth[1], w, h), resample(j.smooth[2], w, h)}
	at := func(i int) colourAt {
		return colourAt{lab[0].p[i], lab[1].p[i], lab[2].p[i], float32(i % w), float32(i / w)}
	}
	zone, near := dilate(deep, w, h, 8), dilate(deep, w, h, resolveReach)
	in, out := resolveSamplesOf(r, near, func(v float32) bool { return v >= resolveSure }), resolveSamplesOf(r, near, func(v float32) bool { return v <= resolveNot })
	if len(in) < 20 || len(out) < 20 {
		return fg
	}
	front, back := make([]colourAt, len(in)), make([]colourAt, len(out))
	for n, i := range in {
		front[n] = at(int(i))
	}
	for n, i := range out {
		back[n] = at(int(i))
	}
	var shaded func(i int) bool
	if j.plain {
		kk, tint := resample(&plane{j.w, j.h, j.k}, w, h), resample(&plane{j.w, j.h, j.tint}, w, h)
		shaded = func(i int) bool {
			t := shadowCast + shadowCastDeep*(1-kk.p[i])
			return kk.p[i] < 1.02 && kk.p[i] > shadowDarkest && tint.p[i] < t*t
		}
	}
	odds := make([]float32, w*h) // of the product
	parallel(w*h, func(a, z int) {
		for i := a; i < z; i++ {
			v := r.p[i]
			if !zone[i] {
				odds[i] = -certain
				if settled.p[i] > .5 {
					odds[i] = certain
				}
				continue
			}
			v = min(max(v, resolveFloor), 1-resolveFloor)
			c := at(i)
			df, db := nearest(&c, front), nearest(&c, back)
			if shaded != nil && shaded(i) {
				db = min(db, 4)
			}
			odds[i] = float32(math.Log(float64(v/(1-v)))) + resolveColour*min(max((db-df)/resolveScale, -resolveMost), resolveMost)
		}
	})
	var sum float64
	count := 0
	for i := 0; i+w < w*h; i += 3 {
		if zone[i] {
			sum += float64(lab.dist2(i, i+w))
			count++
		}
	}
	beta := 1 / (2 * max(float32(sum/float64(max(count, 1))), 2))
	solve := func(cut float32) []bool {
		g := newFlowGrid(w, h)
		copy(g.tr, odds)
		g.link(func(i, k, _ int, length float32) float32 {
			if !zone[i] && !zone[k] {
				return 0
			}
			return (cut*exp32(-beta*lab.dist2(i, k)) + resolveEven) * length
		})
		return g.solve()
	}
	found := solve(resolveCut)
	if !j.plain { // before a plain backdrop the classical engine sees what is whole
		complete(found, solve(resolveWhole), settled)
		for i, v := range zone {
			if v {
				odds[i] -= openingLess
			}
		}
		completeOpenings(found, solve(resolveCut), settled)
	}
	solved := resample(coverage(found, w, h, 0), j.w, j.h)
	big := over(resample(coverage(zone, w, h, 0), j.w, j.h), .5)
	res := slices.Clone(fg)
	for i, v := range big {
		if v {
			res[i] = solved.p[i] > .5
		}
	}
	j.confirm(fg, res)
	return res
}

// The marks of a part that colours add or take away: an edge around it.
const (
	confirmMin    = 40  // pixels; smaller ones follow the colours
	confirmEdge   = 7.  // difference (Lab) across its outline that is an edge
	confirmFew    = .3  // share of the outline that has one, where the network half believes in the part,
	confirmMuch   = .75 // and where it hardly does
	confirmFrom   = .1  // mean coverage at which it hardly does,
	confirmHalf   = .5  // and at which it half does
	confirmMouth  = .15 // share of its rim towards the background below which a part is enclosed,
	confirmAlike  = .6  // share of its pixels that then look like the backdrop itself,
	confirmDoubt  = .03 // and the network's mean doubt
	confirmOpen   = .4  // share of the rim towards the background from which a part lies outside,
	confirmLess   = .12 // and needs less of an edge
	confirmBeside = 6   // pixels of joinSize from the outline up to which a part is none, but the same outline seen anew
	confirmThin   = 4   // pixels of joinSize below which a part is thin; a thin one stays
	confirmLone   = .8  // where so much of its rim is towards the background
	confirmLost   = .35 // and the network's mean doubt is less
)

// complete adds to what is found the parts of whole that are not settled and of which some is found.
func complete(found, whole []bool, settled *plane) {
	for i, v := range settled.p {
		whole[i] = whole[i] && v <= .5
	}
	eachPart(whole, settled.w, settled.h, func(part []int32) {
		n := 0
		for _, i := range part {
			if found[i] {
				n++
			}
		}
		if n*resolvePart < len(part) {
			return
		}
		for _, i := range part {
			found[i] = true
		}
	})
}

// confirm takes back the changes from fg to res that end without an edge, as shadows
// and highlights do, and on a plain backdrop those that open a part inside: other
// measures find its gaps.
func (j *joint) confirm(fg, res []bool) {
	w, h := j.w, j.h
	before := signedDistance(fg, w, h)
	for _, added := range [2]bool{true, false} {
		changed := make([]bool, j.n)
		for i, v := range res {
			changed[i] = v != fg[i] && v == added
		}
		eachPart(changed, w, h, func(part []int32) {
			if len(part) < confirmMin {
				return
			}
			far := float32(0)
			for _, i := range part {
				far = max(far, abs32(before.p[i]))
			}
			if far < confirmBeside { // the photo's steps tell where the outline runs
				for _, i := range part {
					res[i] = fg[i]
				}
				return
			}
			rim, edge, outer, believed, rough := 0, 0, 0, float32(0), float32(0)
			for _, i32 := range part {
				i := int(i32)
				believed += j.raw.p[i]
				rough += j.rough.p[i]
				x, y := i%w, i/w
				for d := range 4 {
					nx, ny := x+dxs[d], y+dys[d]
					if !j.inside(nx, ny) {
						outer++
						continue
					}
					if k := ny*w + nx; res[k] == added {
						if !changed[k] {
							outer++
						}
						continue
					}
					rim++
					ox, oy, ix, iy := x+3*dxs[d], y+3*dys[d], x-2*dxs[d], y-2*dys[d]
					if j.inside(ox, oy) && j.inside(ix, iy) && j.smooth.dist2(oy*w+ox, iy*w+ix) > confirmEdge*confirmEdge {
						edge++
					}
				}
			}
			m := believed / float32(len(part))
			if !added {
				m = 1 - m
			}
			need := confirmMuch + (confirmFew-confirmMuch)*min(max((m-confirmFrom)/(confirmHalf-confirmFrom), 0), 1)
			sharp := float32(edge) / float32(max(rim, 1))
			open := float32(outer) / float32(max(rim+outer, 1))
			if !added && !j.plain && open < confirmMouth { // an opening has edges around
				need = confirmMuch
			}
			if wide := 2 * len(part) / max(rim+outer, 1); !added && wide < confirmThin && open > confirmLone && m < confirmLost {
				need = 2 // the colours of spokes, strings and spines are half the backdrop's
			}
			if !added && j.plain {
				switch {
				case rough > gapTexture*float32(len(part)): // a plain backdrop has no such texture
					need = 2
				case open < confirmMouth && !(sharp > confirmMuch && m > confirmDoubt && j.alike(part) > confirmAlike):
					need = 2
				case open > confirmOpen: // a reflection begins with the product's own colours
					need -= confirmLess
				}
			}
			if added && j.deepShadow(part, changed, before) {
				need = 2
			}
			if sharp < need {
				for _, i := range part {
					res[i] = fg[i]
				}
			}
		})
	}
}

// resolveSamplesOf returns pixels whose coverage is as wanted, and that of their surroundings.
func resolveSamplesOf(r *plane, near []bool, is func(v float32) bool) (s []int32) {
	for y := resolveDeep; y < r.h-resolveDeep; y++ {
		for x := resolveDeep; x < r.w-resolveDeep; x++ {
			i := y*r.w + x
			if near[i] && is(r.p[i]) && is(r.p[i-resolveDeep]) && is(r.p[i+resolveDeep]) && is(r.p[i-resolveDeep*r.w]) && is(r.p[i+resolveDeep*r.w]) {
				s = append(s, int32(i))
			}
		}
	}
	if len(s) <= resolveSamples {
		return s
	}
	// a step that shares no factor with the rows' length spreads them
	o := make([]int32, resolveSamples)
	state := uint32(1)
	for n := range o {
		state = state*1664525 + 1013904223
		o[n] = s[int(uint64(state)*uint64(len(s))>>32)]
	}
	return o
}

// nearest is the mean distance to the three samples nearest to c.
func nearest(c *colourAt, s []colourAt) float32 {
	a, b, d := float32(1e9), float32(1e9), float32(1e9)
	for i := range s {
		v := c.to(&s[i])
		switch {
		case v < a:
			a, b, d = v, a, b
		case v < b:
			b, d = v, b
		case v < d:
			d = v
		}
	}
	return (sqrt32(a) + sqrt32(b) + sqrt32(d)) / 3
}

// opened removes what is thinner than 2r.
func opened(m []bool, w, h, r int) []bool {
	not := make([]bool, len(m))
	for i, v := range m {
		not[i] = !v
	}
	not = dilate(not, w, h, r)
	for i, v := range not {
		not[i] = !v
	}
	return dilate(not, w, h, r)
}
