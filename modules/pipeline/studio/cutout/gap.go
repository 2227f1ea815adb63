package cutout

// What an opening must look like. Lab units unless said otherwise; tuned on
// generated pictures with seeds below 1000.
const (
	gapStep     = .4  // a larger step between neighbours ends a patch
	gapDarkest  = .12 // brightness ratio of the darkest shadow seen through an opening
	gapTint     = 2.  // colour cast of a shadow seen through an opening, and
	gapTintDeep = 7.  // its growth with the shadow's depth
	gapMinPart  = 4000
	gapMinArea  = 24   // pixels, and one part in gapMinPart of the product
	gapThin     = .1   // least share of the rim behind which the product is thin
	gapThinDark = .2   // the same in a shadow
	gapRim      = 1.05 // least sum of the thin share and the share of the rim that is an edge
	gapRimDark  = 1.2
	gapReach    = .6  // thin: thinner than this share of the opening's width
	gapTexture  = 2.2 // texture of an opening, in backdrop textures
	gapSoft     = .6  // share of the mouth without an edge that makes a bay background
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
func (s *scene) openGaps(fg []bool) {
	w, h := s.w, s.h
	area := 0
	for _, v := range fg {
		if v {
			area++
		}
	}
	id, count := s.smoothPatches(fg)
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
			var jump float32
			for t := 1; t <= 4 && s.inside(x+t*dxs[d], y+t*dys[d]); t++ {
				jump = max(jump, s.smooth.dist2(i, (y+t*dys[d])*w+x+t*dxs[d]))
			}
			seen := jump > (4*s.noise+1.5)*(4*s.noise+1.5)
			if !fg[j] {
				q.mouth++
				if !seen {
					q.blunt++
				}
				continue
			}
			q.rim++
			if seen {
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

func (s *scene) isGap(q *patch, area int, base float32) bool {
	if q.size < max(gapMinArea, area/gapMinPart) || q.core*6 < float32(q.size) {
		return false
	}
	k := 1 / q.core
	offL, offC, tint := q.offL*k, sqrt32(q.offA*q.offA+q.offB*q.offB)*k, q.tint*k
	rough := sqrt32(q.texture*k) / base
	thin, edge := q.thin/max(q.rim, 1), q.edge/max(q.rim, 1)
	if rough > gapTexture {
		return false
	}
	lit := abs32(offL) < 1+.6*s.sigma[0] && offC < 1+.6*(s.sigma[1]+s.sigma[2])/2
	if q.mouth > .35*(q.rim+q.mouth) {
		// a bay: background only when it runs into the background without an edge
		return lit && q.blunt > gapSoft*q.mouth
	}
	if lit {
		return thin > gapThin && thin+edge > gapRim
	}
	shaded := offL < 0 && tint < gapTint+gapTintDeep*max(0, -offL/100)
	return shaded && thin > gapThinDark && thin+edge > gapRimDark
}

// smoothPatches labels the parts of fg that lie on the background's shadow line
// and are not divided by a step; 0 is no patch.
func (s *scene) smoothPatches(fg []bool) (id []int32, count int) {
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
