package cutout

import "slices"

// The marks of an opening. Lab units unless stated otherwise; tuned on
// generated pictures with seeds below 1000.
const (
	gapStep           = .4  // a larger step between neighbours ends a patch
	gapDarkest        = .12 // brightness ratio of the darkest shadow seen through an opening
	gapTint           = 2.  // colour cast of a shadow seen through an opening, and
	gapTintDeep       = 7.  // its growth with the shadow's depth
	gapMinPart        = 4000
	gapMinArea        = 24   // pixels, and one part in gapMinPart of the product
	gapThin           = .1   // least share of the rim behind which the product is thin
	gapThinDark       = .2   // the same in a shadow
	gapRim            = 1.05 // least sum of the thin share and the share of the rim that is an edge
	gapRimDark        = 1.2
	gapDeep           = 20  // a darker patch must be clean: dark products are full of dull patches
	gapReach          = .8  // thin: thinner than this share of the opening's width
	gapStrictL        = 1.2 // per pixel (5x5 mean): difference from the backdrop in the first look
	gapStrictC        = 1.3
	gapCleanL         = 4. // a clean patch: brightness, cast, texture, and both shares of the rim
	gapCleanCast      = .8
	gapCleanTexture   = 1.35
	gapCleanThin      = .3
	gapSameL          = .5 // the backdrop itself: brightness, and both shares of the rim
	gapSameThin       = .6
	gapSameEdge       = .25
	gapCleanEdge      = .4
	gapTexture        = 2.2 // texture of an opening, in backdrop textures
	gapBentTexture    = 2.8 // the same where a shadow bends and the patch clearly runs into the background
	gapRunsOut        = .8
	gapMouth          = .1  // share of the rim towards the background from which that side counts
	gapHeart          = 4   // pixels from a patch's rim at which no blur of the product's edge is left
	gapHeartMin       = 60  // least number of such pixels to judge the patch by
	gapPlainL         = 1.2 // the backdrop seen clearly: difference in brightness,
	gapPlainCast      = .8  // in colour,
	gapPlainTexture   = 2.4 // in texture, in backdrop textures, and
	gapPlainSpread    = .8  // how much its brightness varies
	gapPlainEdge      = .5  // least share of the rim that is an edge
	gapPlainThin      = .12 // least share of the rim behind which the product is thin, unless
	gapExactL         = .6  // the colour is the backdrop's exactly
	gapExactCast      = .8
	gapExactSpread    = .5
	gapExactEdge      = .25  // fewer edges, but
	gapExactThin      = .35  // more thin parts
	gapClipped        = 98.5 // and the backdrop is not just white: overexposed labels are that too
	gapFramedThin     = .6   // within thin parts: least share of the rim behind which the product is thin,
	gapFramedEdge     = .3   // least share that is an edge,
	gapFramedRim      = 1.1  // least sum of the two,
	gapFramedMouth    = .3   // largest share of the rim towards the background,
	gapFramedDeep     = 35   // darkest shadow,
	gapFramedCast     = 1.   // difference in colour,
	gapFramedCastDeep = .06  // its growth with the shadow's depth, and
	gapFramedTexture  = 1.3  // texture
	gapLitMin         = 200  // the backdrop in a pool of light: pixels well inside the patch,
	gapLitEdge        = .5   // share of the rim that is an edge,
	gapLitCast        = 1.2  // difference in colour, and
	gapLitThin        = .3   // share of the rim behind which the product is thin
	gapSharp          = .75  // share of the change over 8 px that an edge makes within 4 px
	gapSoft           = .6   // share of the mouth without an edge that makes a bay background
)

// patch sums up a smooth part of the product that may be an opening.
type patch struct {
	size         int
	core         float32 // pixels whose surroundings belong to the patch as well
	heart        heart
	offL, offA   float32 // sums over the core: difference from the unshaded background
	offB, tint   float32
	texture      float32 // sum over the core: squared medium-frequency detail
	rim, edge    float32 // rim pixels towards the product, those with a visible edge
	thin         float32 // rim pixels behind which the product is thin
	mouth, blunt float32 // rim pixels towards the background, those without an edge
}

// heart holds sums over a patch's inner pixels, at least gapHeart from its rim.
type heart struct {
	size                    float32
	offL, offL2, offA, offB float32 // difference from the unshaded background
	rough, back             float32 // detail, in backdrop textures; brightness of the background
}

// openGaps turns openings (handles, lenses, gaps between legs) into background.
// The structural cut closes them because nothing connects them to the border.
// An opening shows the backdrop, in the light or shaded: the colour lies on the
// background's shadow line, it has no more texture than the backdrop, an edge
// surrounds it, and the product around it is thin on some sides. A white label
// on a solid product fails the last test, a highlight the second last.
//
// It looks three times: for the backdrop itself, then for the shaded backdrop as
// well, then for the backdrop where a lamp makes it as bright as it is anywhere.
// The first look keeps an opening apart from a product of nearly its colour.
func (s *scene) openGaps(fg []bool) {
	for l := range gapLooks {
		s.openGapsOnce(fg, l)
	}
}

// gapLook is what an opening is expected to show.
type gapLook int

const (
	lookExact  gapLook = iota // the backdrop as it is around the product
	lookShaded                // the same, or in shadow
	lookBright                // up to the brightest backdrop in the picture
	gapLooks
)

func (s *scene) openGapsOnce(fg []bool, look gapLook) {
	w, h := s.w, s.h
	area := 0
	for _, v := range fg {
		if v {
			area++
		}
	}
	id, count := s.smoothPatches(fg, look)
	p := make([]patch, count)
	inside := make([]bool, s.n)
	for i, c := range id {
		inside[i] = c > 0
		if c > 0 {
			p[c].size++
		}
	}
	within := coverage(inside, w, h, gapHeart)
	for i, c := range id {
		if c == 0 {
			continue
		}
		q := &p[c]
		x, y := i%w, i/w
		const m = 2 // the 5x5 mean stays inside
		deep := x >= m && y >= m && x < w-m && y < h-m && id[i-m] == c && id[i+m] == c && id[i-m*w] == c && id[i+m*w] == c
		if deep {
			q.core++
			q.offL += s.broad[0].p[i] - s.local[0].p[i]
			q.offA += s.broad[1].p[i] - s.local[1].p[i]
			q.offB += s.broad[2].p[i] - s.local[2].p[i]
			q.tint += sqrt32(s.tint[i])
			d := s.smooth[0].p[i] - s.broad[0].p[i]
			q.texture += d * d
		}
		if within.p[i] > .999 {
			l := s.smooth[0].p[i] - s.local[0].p[i]
			q.heart.size++
			q.heart.offL += l
			q.heart.offL2 += l * l
			q.heart.offA += s.smooth[1].p[i] - s.local[1].p[i]
			q.heart.offB += s.smooth[2].p[i] - s.local[2].p[i]
			q.heart.rough += s.rough.p[i]
			q.heart.back += s.local[0].p[i]
		}
		reach := int(min(max(gapReach*sqrt32(float32(q.size)), 4), float32(max(w, h))*.1))
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !s.inside(nx, ny) || id[ny*w+nx] == c {
				continue
			}
			j := ny*w + nx
			seen, sharp := s.outward(x, y, d)
			if !fg[j] {
				q.mouth++
				if !seen {
					q.blunt++
				}
				continue
			}
			q.rim++
			if seen && sharp {
				q.edge++
			}
			for t := 2; t <= reach; t++ {
				ux, uy := x+t*dxs[d], y+t*dys[d]
				if !s.inside(ux, uy) {
					break
				}
				k := uy*w + ux
				if !fg[k] || id[k] > 0 && id[k] != c && p[id[k]].size >= gapMinArea {
					q.thin++
					break
				}
			}
		}
	}
	open := make([]bool, count)
	for c := 1; c < count; c++ {
		if look == lookBright {
			likely := p[c].lit()
			open[c] = likely && p[c].thin > gapLitThin*p[c].rim
			if likely && !open[c] {
				s.doubt += float64(p[c].size) / float64(max(area, 1))
			}
		} else {
			open[c] = s.isGap(&p[c], area)
		}
	}
	for i, c := range id {
		if open[c] {
			fg[i] = false
		}
	}
}

// outward tells whether anything is seen within 4 px outside the patch in
// direction d, and whether it is an edge rather than the slope of a highlight.
func (s *scene) outward(x, y, d int) (seen, sharp bool) {
	i := y*s.w + x
	var near, far float32
	for t := 1; t <= 8 && s.inside(x+t*dxs[d], y+t*dys[d]); t++ {
		v := s.smooth.dist2(i, (y+t*dys[d])*s.w+x+t*dxs[d])
		if t <= 4 {
			near = max(near, v)
		}
		far = max(far, v)
	}
	limit := 4*s.noise + 1.5
	return near > limit*limit, near > gapSharp*gapSharp*far
}

// isGap judges a patch; area is the area of the product.
func (s *scene) isGap(q *patch, area int) bool {
	if q.size < max(gapMinArea, area/gapMinPart) || q.core*6 < float32(q.size) {
		return false
	}
	if q.plain() || q.framed() {
		return true
	}
	k := 1 / q.core
	offL, offC, tint := q.offL*k, sqrt32(q.offA*q.offA+q.offB*q.offB)*k, q.tint*k
	rough := sqrt32(q.texture*k) / s.texture
	thin, edge := q.thin/max(q.rim, 1), q.edge/max(q.rim, 1)
	runsOut := q.blunt > gapSoft*q.mouth // into the background without an edge
	if rough > gapTexture && !(rough < gapBentTexture && q.blunt > gapRunsOut*q.mouth && q.mouth > 0) || q.mouth > gapMouth*(q.rim+q.mouth) && !runsOut {
		return false
	}
	// a horizon or a vignette puts the expected brightness off, not the colour
	clean := rough < gapCleanTexture && offC < gapCleanCast && tint < gapCleanCast && abs32(offL) < gapCleanL
	if clean && thin > gapCleanThin && edge > gapCleanEdge {
		return true
	}
	// the backdrop itself between thin parts, some of whose edges are blurred
	if clean && abs32(offL) < gapSameL && thin > gapSameThin && edge > gapSameEdge {
		return true
	}
	lit := abs32(offL) < 1+.6*s.sigma[0] && offC < 1+.6*(s.sigma[1]+s.sigma[2])/2
	shaded := offL < 0 && (offL > -gapDeep || rough < gapCleanTexture) && tint < gapTint+gapTintDeep*max(0, -offL/100)
	if q.mouth > .35*(q.rim+q.mouth) {
		// a bay: background only when it runs into the background without an edge
		return lit || shaded && thin > gapThinDark
	}
	if lit {
		return thin > gapThin && thin+edge > gapRim
	}
	return shaded && thin > gapThinDark && thin+edge > gapRimDark
}

// plain tells whether the patch shows the unshaded backdrop beyond doubt.
func (q *patch) plain() bool {
	if q.heart.size < gapHeartMin || q.mouth > gapMouth*(q.rim+q.mouth) || q.edge < gapExactEdge*q.rim {
		return false
	}
	k := 1 / q.heart.size
	offL, cast := q.heart.offL*k, sqrt32(q.heart.offA*q.heart.offA+q.heart.offB*q.heart.offB)*k
	spread := sqrt32(max(0, q.heart.offL2*k-offL*offL))
	if abs32(offL) > gapPlainL || cast > gapPlainCast || spread > gapPlainSpread || q.heart.rough*k > gapPlainTexture {
		return false
	}
	exact := abs32(offL) < gapExactL && cast < gapExactCast && spread < gapExactSpread
	if q.edge < gapPlainEdge*q.rim { // some of it is hidden in a shadow
		return exact && q.thin > gapExactThin*q.rim
	}
	return q.thin > gapPlainThin*q.rim || exact && q.heart.back*k < gapClipped
}

// framed tells whether the patch shows a smooth floor or wall, perhaps in shadow,
// within thin parts: lenses, the space between a stool's legs.
func (q *patch) framed() bool {
	thin, edge := q.thin/max(q.rim, 1), q.edge/max(q.rim, 1)
	if q.heart.size < gapLitMin || q.mouth > gapFramedMouth*(q.rim+q.mouth) || thin < gapFramedThin || edge < gapFramedEdge || thin+edge < gapFramedRim {
		return false
	}
	k := 1 / q.heart.size
	offL := q.heart.offL * k
	return offL > -gapFramedDeep && offL < gapPlainL && q.heart.rough*k < gapFramedTexture &&
		sqrt32(q.heart.offA*q.heart.offA+q.heart.offB*q.heart.offB)*k < gapFramedCast+gapFramedCastDeep*max(0, -offL)
}

// lit tells whether the patch may show a backdrop that is brighter than around
// the product, as in the pool of a lamp. So may a white label.
func (q *patch) lit() bool {
	if q.heart.size < gapLitMin || q.mouth > gapMouth*(q.rim+q.mouth) || q.edge < gapLitEdge*q.rim {
		return false
	}
	k := 1 / q.heart.size
	return q.heart.offL > 0 && sqrt32(q.heart.offA*q.heart.offA+q.heart.offB*q.heart.offB)*k < gapLitCast &&
		q.heart.rough*k < gapPlainTexture
}

// brightest is the brightness (L) that hardly any of the sure background exceeds.
func (s *scene) brightest() float32 {
	var l []float32
	for i := 0; i < s.n; i += 7 {
		if s.sure[i] {
			l = append(l, s.smooth[0].p[i])
		}
	}
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[len(l)*98/100]
}

// smoothPatches labels the parts of fg that lie on the background's shadow line
// and are not divided by a step; 0 is outside every patch.
func (s *scene) smoothPatches(fg []bool, look gapLook) (id []int32, count int) {
	w, h := s.w, s.h
	tolL := 2 + 2*s.sigma[0] + .5*s.noise
	tolC := 2 + 1.2*(s.sigma[1]+s.sigma[2])/2
	var bright float32
	if look == lookBright {
		bright = s.brightest()
	}
	like := make([]bool, s.n)
	for i, v := range fg {
		if !v {
			continue
		}
		l, a, b := s.smooth[0].p[i]-s.local[0].p[i], s.smooth[1].p[i]-s.local[1].p[i], s.smooth[2].p[i]-s.local[2].p[i]
		lit := abs32(l) < tolL && a*a+b*b < 1.7*tolC*tolC
		if look == lookExact {
			l, a, b = s.broad[0].p[i]-s.local[0].p[i], s.broad[1].p[i]-s.local[1].p[i], s.broad[2].p[i]-s.local[2].p[i]
			like[i] = abs32(l) < gapStrictL+.6*s.sigma[0] && a*a+b*b < gapStrictC*gapStrictC
			continue
		}
		if look == lookBright {
			like[i] = lit || l > 0 && s.smooth[0].p[i] < bright+1 && a*a+b*b < tolC*tolC
			continue
		}
		k := s.k[i]
		t := tolC + gapTint*.5 + gapTintDeep*max(0, 1-k)
		like[i] = lit || k > gapDarkest && k < 1.01 && s.tint[i] < t*t
	}
	id = make([]int32, s.n)
	count = 1
	var queue []int32
	for start, ok := range like {
		if !ok || id[start] != 0 {
			continue
		}
		id[start] = int32(count)
		queue = append(queue[:0], int32(start))
		for len(queue) > 0 {
			i := int(queue[len(queue)-1])
			queue = queue[:len(queue)-1]
			x, y := i%w, i/w
			for d := range 4 {
				nx, ny := x+dxs[d], y+dys[d]
				if nx < 0 || ny < 0 || nx >= w || ny >= h {
					continue
				}
				j := ny*w + nx
				if !like[j] || id[j] != 0 || s.step[d/2][min(i, j)] > gapStep {
					continue
				}
				id[j] = int32(count)
				queue = append(queue, int32(j))
			}
		}
		count++
	}
	return id, count
}

// backdropTexture is the medium-frequency detail of the sure background: what
// noise and compression leave in a 3x3 mean.
func (s *scene) backdropTexture() float32 {
	var sum float64
	n := 0
	for i, ok := range s.sure {
		if ok {
			d := s.smooth[0].p[i] - s.broad[0].p[i]
			sum += float64(d * d)
			n++
		}
	}
	return max(sqrt32(float32(sum/float64(max(n, 1)))), .05)
}
