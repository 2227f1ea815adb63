package cutout

// The marks of a contact shadow that a cut-out keeps as a strip along the product's foot. Distances
// in thousandths of the picture's longer side.
const (
	footLight    = .9  // brightness of the backdrop's from which the strip is not a shadow,
	footDark     = .08 // and below which nothing is known of its colour
	footTint     = 2.  // colour cast (Lab) of a pixel of it, and
	footTintDeep = 2.  // its growth with the shadow's depth
	footDeep     = 11. // a strip reaches no farther inside,
	footThick    = 9.  // and is no thicker on the average
	footProduct  = 6.  // colour (Lab) off the shadow's line that only the product has,
	footInner    = .7  // least share of the strip's rim towards the product behind which it has that,
	footBelow    = .6  // least share of the rim towards the background that faces down,
	footOpen     = 8.  // difference (Lab) across a rim without an edge,
	footRunsOut  = .05 // and least share of the rim towards the background without one: a sole has an edge all around
	footLeast    = 30  // pixels
	footBridge   = 2   // pixels between two pieces of a strip: half of it
)

// shedFoot gives the strip of a contact shadow along the foot of a coloured product back to the
// background. The structural cut keeps it where its outer edge is the sharper one. It is the
// backdrop's colour made darker, the product above it isn't, nothing stands below it, and somewhere
// it runs out into the shadow around.
func (s *scene) shedFoot(fg []bool) {
	w, h := s.w, s.h
	unit := float32(max(w, h)) / 1000
	like := make([]bool, s.n)
	for i, v := range fg {
		k := s.k[i]
		t := footTint + footTintDeep*max(0, 1-k)
		like[i] = v && k > footDark && k < footLight && s.tint[i] < t*t
	}
	depth := signedDistance(fg, w, h)
	// JPEG's colours are of blocks: they break a strip into pieces
	id, size := components(dilate(like, w, h, footBridge), w, h)
	strips := make([][]int32, len(size))
	for i, v := range like {
		if v {
			strips[id[i]] = append(strips[id[i]], int32(i))
		}
	}
	for n, part := range strips {
		if len(part) < footLeast || !s.isFoot(part, fg, like, depth, unit) {
			strips[n] = nil
		}
	}
	some := false
	for _, part := range strips {
		for _, i := range part {
			fg[i], some = false, true
		}
	}
	if some {
		s.tidy(fg, 0)
	}
}

// isFoot judges a strip. unit is a thousandth of the longer side, in pixels.
func (s *scene) isFoot(part []int32, fg, like []bool, depth *plane, unit float32) bool {
	var inner, product, outer, below, open float32
	left, right, reach := s.w, 0, max(4, int(5*unit))
	for _, i32 := range part {
		i := int(i32)
		if depth.p[i] > footDeep*unit {
			return false
		}
		x, y := i%s.w, i/s.w
		left, right = min(left, x), max(right, x+1)
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			ox, oy := x+reach*dxs[d], y+reach*dys[d]
			if !s.inside(ox, oy) {
				continue
			}
			j, o := ny*s.w+nx, oy*s.w+ox
			switch {
			case fg[j] && !like[j]:
				inner++
				if fg[o] && s.tint[o] > footProduct*footProduct {
					product++
				}
			case !fg[j]:
				outer++
				if dys[d] > 0 {
					below++
				}
				if s.smooth.dist2(i, o) < footOpen*footOpen {
					open++
				}
			}
		}
	}
	return product > footInner*inner && inner > 0 && below > footBelow*outer && open > footRunsOut*outer &&
		float32(len(part)) < footThick*unit*float32(right-left)
}
