package cutout

// What an opening must look like. Lab units unless said otherwise; tuned on
// generated pictures with seeds below 1000.
const (
	gapStep         = .4  // a larger step between neighbours ends a patch
	gapDarkest      = .12 // brightness ratio of the darkest shadow seen through an opening
	gapTint         = 2.  // colour cast of a shadow seen through an opening, and
	gapTintDeep     = 7.  // its growth with the shadow's depth
	gapMinPart      = 4000
	gapMinArea      = 24   // pixels, and one part in gapMinPart of the product
	gapThin         = .1   // least share of the rim behind which the product is thin
	gapThinDark     = .2   // the same in a shadow
	gapRim          = 1.05 // least sum of the thin share and the share of the rim that is an edge
	gapRimDark      = 1.2
	gapDeep         = 20  // a darker patch must be clean: dark products are full of dull patches
	gapReach        = .8  // thin: thinner than this share of the opening's width
	gapStrictL      = 1.2 // per pixel (5x5 mean): difference from the backdrop in the first look
	gapStrictC      = 1.3
	gapCleanL       = 4. // a clean patch: brightness, cast, texture, and both shares of the rim
	gapCleanCast    = .8
	gapCleanTexture = 1.35
	gapCleanThin    = .3
	gapSameL        = .5 // the backdrop itself: brightness, and both shares of the rim
	gapSameThin     = .6
	gapSameEdge     = .25
	gapCleanEdge    = .4
	gapTexture      = 2.2 // texture of an opening, in backdrop textures
	gapBentTexture  = 2.8 // the same where a shadow bends and the patch clearly runs into the background
	gapRunsOut      = .8
	gapMouth        = .1  // share of the rim towards the background from which that side has a say
	gapSharp        = .75 // share of the change over 8 px that an edge makes within 4 px
	gapSoft         = .6  // share of the mouth without an edge that makes a bay background
)

// patch sums up a smooth part of the product that may be an opening.
type patch struct {
	size         int
	core         float32 // pixels whose surroundings belong to the patch as well
	offL, offA   float32 // sums over the core: difference from the unshaded background
	offB, tint   float32
	texture      float32 // sum over the core: squared medium-frequency detail
	rim, edge    float32 // rim pixels towards the product, those with a visible edge
	thin         float32 // rim pixels behind which the product is thin
	mouth, blunt float32 // rim pixels towards the background, those without an edge
}

// openGaps turns openings (handles, lenses, gaps between legs) into background.
// The structural cut closes them because nothing connects them to the border.
// An opening shows the backdrop, in the light or shaded: the colour lies on the
// background's shadow line, it has no more texture than the backdrop, an edge
// surrounds it, and the product around it is thin on some sides. A white label
// on a solid product fails the last test, a highlight the second last.
//
// It looks twice: for the backdrop itself, then for the shaded backdrop as well.
// The first look keeps an opening apart from a product of nearly its colour.
func (s *scene) openGaps(fg []bool) {
	s.openGapsOnce(fg, true)
	s.openGapsOnce(fg, false)
}

func (s *scene) openGapsOnce(fg []bool, strict bool) {
	w, h := s.w, s.h
	area := 0
	for _, v := range fg {
		if v {
			area++
		}
	}
	id, count := s.smoothPatches(fg, strict)
	p := make([]patch, count)
	inside := make([]bool, s.n)
	for i, c := range id {
		inside[i] = c > 0
		if c > 0 {
			p[c].size++
		}
	}
	base := s.backdropTexture()
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
		open[c] = s.isGap(&p[c], area, base)
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

// isGap judges a patch; area is the product's, base the backdrop's texture.
func (s *scene) isGap(q *patch, area int, base float32) bool {
	if q.size < max(gapMinArea, area/gapMinPart) || q.core*6 < float32(q.size) {
		return false
	}
	k := 1 / q.core
	offL, offC, tint := q.offL*k, sqrt32(q.offA*q.offA+q.offB*q.offB)*k, q.tint*k
	rough := sqrt32(q.texture*k) / base
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

// smoothPatches labels the parts of fg that lie on the background's shadow line
// and are not divided by a step; 0 is no patch.
func (s *scene) smoothPatches(fg []bool, strict bool) (id []int32, count int) {
	w, h := s.w, s.h
	tolL := 2 + 2*s.sigma[0] + .5*s.noise
	tolC := 2 + 1.2*(s.sigma[1]+s.sigma[2])/2
	like := make([]bool, s.n)
	for i, v := range fg {
		if !v {
			continue
		}
		l, a, b := s.smooth[0].p[i]-s.local[0].p[i], s.smooth[1].p[i]-s.local[1].p[i], s.smooth[2].p[i]-s.local[2].p[i]
		lit := abs32(l) < tolL && a*a+b*b < 1.7*tolC*tolC
		if strict {
			l, a, b = s.broad[0].p[i]-s.local[0].p[i], s.broad[1].p[i]-s.local[1].p[i], s.broad[2].p[i]-s.local[2].p[i]
			like[i] = abs32(l) < gapStrictL+.6*s.sigma[0] && a*a+b*b < gapStrictC*gapStrictC
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
