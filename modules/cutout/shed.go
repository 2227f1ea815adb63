package cutout

// The marks of a shadow that touches the product. Lab units unless stated
// otherwise; tuned on generated pictures with seeds below 1000.
const (
	shedLight     = .8  // brightness ratio under which the floor is in shadow
	shedTint      = 2.5 // colour cast of a shadow, and
	shedTintDeep  = 8.  // its growth with the shadow's depth
	shedTexture   = 1.6 // detail (3x3 mean less 5x5 mean): a floor has none, but a penumbra bends
	shedStep      = .45 // a larger step between neighbours ends a shadow
	shedNeck      = 2   // a patch of shadow does not go on through openings of twice this, in pixels
	shedMinArea   = 40  // pixels
	shedGround    = .06 // least share of the rim that borders on the background
	shedSoft      = .6  // share of that without an edge
	shedReach     = 12  // how far outside the mask the light comes back, in pixels
	shedInside    = 8   // and how far inside that begins
	shedRise      = 4   // by how much at least
	shedSharp     = .6  // share of that which makes an edge when it comes within
	shedWindow    = 3   // pixels
	shedEdge      = .6  // a step that divides a shadow from the product
	shedFringe    = 10  // pixels that a shadow's own edge may take below it
	shedUnder     = .35 // largest share of its columns that have product below, and
	shedAllSoft   = .9  // where there is no edge at all
	shedUnderSoft = .6
)

// shade sums up a smooth dark part of the product that may be floor in shadow.
type shade struct {
	size             int
	columns, covered int     // columns, those with product below
	rim              float32 // pixels of the rim with a side each
	ground, soft     float32 // those near the background, those where the light comes back gradually
}

// shedShadow gives the darkest part of a contact shadow back to the background.
// The structural cut leaves it with a dark product, because next to the product
// it is as dark and the penumbra around it is the strongest edge in sight. But a
// floor is smooth, its darkness begins gradually, and nothing stands below it.
func (s *scene) shedShadow(fg []bool) {
	calm := make([]bool, s.n)
	for i, v := range fg {
		if !v || s.k[i] > shedLight {
			continue
		}
		t := shedTint + shedTintDeep*(1-s.k[i])
		calm[i] = s.tint[i] < t*t && abs32(s.smooth[0].p[i]-s.broad[0].p[i]) < shedTexture &&
			max(s.step[0][i], s.step[1][i]) < shedStep
	}
	id, p := s.shades(calm, fg)
	gone := make([]bool, s.n)
	some := false
	for i, c := range id {
		gone[i] = c > 0 && p[c].isFloor()
		some = some || gone[i]
	}
	if some {
		s.trimShadow(fg, gone)
	}
}

// shades measures the patches of calm pixels; the first is unused.
func (s *scene) shades(calm, fg []bool) (id []int32, p []shade) {
	w, h := s.w, s.h
	id, count := s.calmPatches(calm)
	p = make([]shade, count)
	for x := range w {
		for y := range h {
			c := id[y*w+x]
			if c == 0 || y+1 < h && id[(y+1)*w+x] == c {
				continue
			}
			p[c].columns++
			below := 0
			for v := y + 1; v < h && fg[v*w+x] && id[v*w+x] != c; v++ {
				if id[v*w+x] == 0 {
					below++
				}
			}
			if below > shedFringe {
				p[c].covered++
			}
		}
	}
	for i, c := range id {
		if c == 0 {
			continue
		}
		q := &p[c]
		q.size++
		x, y := i%w, i/w
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !s.inside(nx, ny) {
				continue
			}
			j := ny*w + nx
			if id[j] == c {
				continue
			}
			q.rim++
			// the calm part ends a little before the mask does
			for t := 1; t <= shedFringe; t++ {
				ux, uy := x+t*dxs[d], y+t*dys[d]
				if !s.inside(ux, uy) || id[uy*w+ux] == c {
					break
				}
				if !fg[uy*w+ux] {
					q.ground++
					if s.fades(id, x, y, d, t) {
						q.soft++
					}
					break
				}
			}
		}
	}
	return id, p
}

// isFloor judges a patch.
func (q *shade) isFloor() bool {
	if q.size < shedMinArea || q.ground < shedGround*q.rim || q.soft < shedSoft*q.ground {
		return false
	}
	under := float32(q.covered) / float32(q.columns)
	return under < shedUnder || q.soft > shedAllSoft*q.ground && under < shedUnderSoft
}

// trimShadow makes gone background and moves the outline around it to the
// clearest edge nearby: a shadow's rim is rarely even.
func (s *scene) trimShadow(fg, gone []bool) {
	w, h := s.w, s.h
	zone := dilate(gone, w, h, shedFringe)
	g := newFlowGrid(w, h)
	for i, v := range fg {
		switch {
		case !v || gone[i]:
			g.tr[i] = -certain
		case !zone[i]:
			g.tr[i] = certain
		}
	}
	g.link(func(i, j, k int, length float32) float32 {
		if !zone[i] && !zone[j] {
			return 0
		}
		e := s.step[k][i]
		return (exp32(-e*e/(2*shedEdge*shedEdge)) + .05) * length
	})
	copy(fg, g.solve())
}

// fades tells whether the light comes back gradually on the way from a patch in
// direction d. x, y is the patch's last pixel, the mask ends after out more; the
// way begins some pixels inside, for the mask may end late in a penumbra.
func (s *scene) fades(id []int32, x, y, d, out int) bool {
	c, from := id[y*s.w+x], 0
	for -from < shedInside {
		ux, uy := x+(from-1)*dxs[d], y+(from-1)*dys[d]
		if !s.inside(ux, uy) || id[uy*s.w+ux] != c {
			break
		}
		from--
	}
	var way []float32
	for t := from; t <= out+shedReach; t++ {
		ux, uy := x+t*dxs[d], y+t*dys[d]
		if !s.inside(ux, uy) {
			break
		}
		way = append(way, s.lab[0].p[uy*s.w+ux])
	}
	low, total, jump := way[0], float32(0), float32(0)
	for i, v := range way {
		low = min(low, v)
		total = max(total, v-low)
		jump = max(jump, v-way[max(i-shedWindow, 0)])
	}
	return total > shedRise && jump < shedSharp*total
}

// calmPatches labels the connected parts of calm, cut at narrow necks.
func (s *scene) calmPatches(calm []bool) (id []int32, count int) {
	w, h := s.w, s.h
	not := make([]bool, s.n)
	for i, v := range calm {
		not[i] = !v
	}
	thin := dilate(not, w, h, shedNeck)
	core := make([]bool, s.n)
	for i, v := range thin {
		core[i] = !v
	}
	id, size := components(core, w, h)
	// grow back over the calm pixels nearby
	for range shedNeck + 1 {
		next := make([]int32, s.n)
		copy(next, id)
		for i, v := range calm {
			if !v || id[i] != 0 {
				continue
			}
			eachNeighbour4(i, w, h, func(j int) {
				if id[j] != 0 {
					next[i] = id[j]
				}
			})
		}
		id = next
	}
	return id, len(size)
}
