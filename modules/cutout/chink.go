package cutout

import "slices"

// The marks of a chink: an opening too small for the cuts, which close it, as the slot of a buckle.
// Lab units unless stated otherwise.
const (
	chinkBare   = 3.  // difference from the backdrop of a pixel that shows it, beside the backdrop's noise
	chinkMin    = 6   // pixels of the working picture,
	chinkMost   = 600 // and so many at most: larger ones are openGaps' to judge
	chinkWide   = 4.5 // pixels, twice the area by the rim
	chinkWhite  = 90. // brightness of a backdrop that little is brighter than; before others, metal passes through its
	chinkBroad  = 2.  // colour on the way from dark to bright, and a chink is so wide, by the same measure
	chinkSpread = 1.2 // standard deviation of its brightness
	chinkOff    = 2.5 // mean difference from the backdrop in brightness,
	chinkCast   = 1.5 // and in colour
	chinkReach  = 4   // pixels beyond its rim within which
	chinkEdge   = 30. // the colour is so far from the backdrop's
	chinkSharp  = .8  // for such a share of the rim,
	chinkThin   = .3  // and for such a share
	chinkWithin = 24  // the product ends within so many pixels
	chinkTip    = 10  // pixels by which it grows: where it tapers, each has some of the product's colour,
	chinkHalf   = .4  // such a share at most,
	chinkNarrow = .6  // and where it is narrow
	chinkFrame  = 6   // pixels around it that its frame has
	chinkMouth  = .2  // share of the rim towards the background at most
	chinkSlope  = 3.  // a larger difference across that is an edge
)

// A part that has some of the marks may be one.
const (
	doubtSharp = .7 // share of its rim that has an edge,
	doubtThin  = .2 // and behind which the product is thin
	doubtMin   = 14 // pixels
)

// openChinks opens small parts that show the bare backdrop, that steep edges surround and beside which the
// product is thin. It returns the parts of which it isn't sure.
func (s *scene) openChinks(fg []bool) (unsure [][]int32) {
	if s.inlier < inlierFull || max(s.sigma[0], s.sigma[1], s.sigma[2]) > plainSigma { // in a busy backdrop every colour has some like it
		return nil
	}
	away := make([]float32, s.n) // from the backdrop's colour
	bare := make([]bool, s.n)
	for i, v := range fg {
		away[i] = s.awayFrom(i)
		bare[i] = v && away[i] < chinkBare+2*s.noise+s.sigma[0]
	}
	s.chinks = make([]bool, s.n)
	var chinks [][]int32
	eachPart(bare, s.w, s.h, func(part []int32) {
		if len(part) < chinkMin || len(part) > chinkMost {
			return
		}
		open, likely := s.chink(part, fg, bare, away)
		switch {
		case open:
			chinks = append(chinks, part)
		case likely:
			unsure = append(unsure, part)
		}
	})
	for _, part := range chinks {
		s.openChink(part, fg, away)
	}
	return append(unsure, s.openBays(fg, away)...)
}

// awayFrom is how far a pixel's own colour is from the backdrop's there: a mean would blur what is narrow.
func (s *scene) awayFrom(i int) float32 {
	var d float32
	for c := range 3 {
		e := s.lab[c].p[i] - s.local[c].p[i]
		d += e * e
	}
	return sqrt32(d)
}

// chink tells whether a bare part is a chink, and whether it may be one.
func (s *scene) chink(part []int32, fg, bare []bool, away []float32) (open, likely bool) {
	var off [3]float32
	var light2, white float32
	var rim, sharp, thin, mouth, stepped float32
	for _, i32 := range part {
		i := int(i32)
		for c := range 3 {
			off[c] += s.lab[c].p[i] - s.local[c].p[i]
		}
		l := s.lab[0].p[i] - s.local[0].p[i]
		light2 += l * l
		white += s.local[0].p[i]
		x, y := i%s.w, i/s.w
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !s.inside(nx, ny) {
				return false, false
			}
			k := ny*s.w + nx
			if bare[k] {
				continue
			}
			if !fg[k] {
				if mouth++; away[k] > chinkSlope+away[i] {
					stepped++
				}
				continue
			}
			rim++
			if s.steep(x, y, d, away) {
				sharp++
			}
			if s.endsSoon(x, y, d, fg) {
				thin++
			}
		}
	}
	n := float32(len(part))
	if rim == 0 || mouth > chinkMouth*(rim+mouth) || 2*stepped > mouth || 2*n > chinkWide*(rim+mouth) ||
		abs32(off[0]) > chinkOff*n || off[1]*off[1]+off[2]*off[2] > chinkCast*chinkCast*n*n {
		return false, false
	}
	if m := off[0] / n; light2/n-m*m > chinkSpread*chinkSpread || white < chinkWhite*n && 2*n < chinkBroad*(rim+mouth) {
		return false, false
	}
	return sharp >= chinkSharp*rim && thin >= chinkThin*rim,
		len(part) >= doubtMin && sharp >= doubtSharp*rim && thin >= doubtThin*rim
}

// steep tells whether the colour beyond a part's rim in direction d is soon far from the backdrop's.
func (s *scene) steep(x, y, d int, away []float32) bool {
	for t := 1; t <= chinkReach && s.inside(x+t*dxs[d], y+t*dys[d]); t++ {
		if away[(y+t*dys[d])*s.w+x+t*dxs[d]] > chinkEdge {
			return true
		}
	}
	return false
}

// endsSoon tells whether the product ends near x, y in direction d.
func (s *scene) endsSoon(x, y, d int, fg []bool) bool {
	for t := 2; t <= chinkWithin && s.inside(x+t*dxs[d], y+t*dys[d]); t++ {
		if !fg[(y+t*dys[d])*s.w+x+t*dxs[d]] {
			return true
		}
	}
	return false
}

// openChink makes a chink background, up to where half of a pixel is the product's.
func (s *scene) openChink(part []int32, fg []bool, away []float32) {
	for _, i := range part {
		fg[i] = false
		s.chinks[i] = true
	}
	for range chinkTip {
		var next []int32
		for _, i32 := range part {
			i := int(i32)
			x, y := i%s.w, i/s.w
			for d := range 4 {
				if !s.inside(x+dxs[d], y+dys[d]) {
					continue
				}
				if k := (y+dys[d])*s.w + x + dxs[d]; fg[k] {
					var most float32
					for t := 1; t <= chinkReach && s.inside(x+t*dxs[d], y+t*dys[d]); t++ {
						most = max(most, away[(y+t*dys[d])*s.w+x+t*dxs[d]])
					}
					share := float32(chinkHalf)
					if s.between(k, d, fg) {
						share = chinkNarrow
					}
					if away[k] < most*share {
						fg[k] = false
						s.chinks[k] = true
						next = append(next, int32(k))
					}
				}
			}
		}
		part = next
	}
}

// between tells whether the product is near on both sides of a pixel that lies in direction d.
func (s *scene) between(i, d int, fg []bool) bool {
	x, y, side := i%s.w, i/s.w, (d+2)%4
	near := func(k int) bool {
		return s.inside(x+k*dxs[side], y+k*dys[side]) && fg[(y+k*dys[side])*s.w+x+k*dxs[side]]
	}
	return (near(1) || near(2)) && (near(-1) || near(-2))
}

// chinks marks the parts that may be chinks, for a person to look at.
func (p *places) chinks(unsure [][]int32, f *Features) {
	n := 0
	for _, part := range unsure {
		for _, i := range part {
			p.mark(ConcernBackdrop, int(i))
		}
		n += len(part)
	}
	f.Chinks = float64(n) / max(f.Area*float64(p.w*p.h), 1)
	p.weigh(ConcernBackdrop, .9)
}

// chinkRims marks the heart of what frames chinks: too thin to have a clean interior, it has a colour of its own
// all the same, and with that of the product beside it, it would be half transparent.
func (s *scene) chinkRims(fg []bool) []bool {
	rim := make([]bool, s.n)
	if !slices.Contains(s.chinks, true) {
		return rim
	}
	heart := coverage(fg, s.w, s.h, 1)
	for i, near := range dilate(s.chinks, s.w, s.h, chinkFrame) {
		rim[i] = near && heart.p[i] > .999
	}
	return rim
}
