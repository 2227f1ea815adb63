package scene

// footing describes where the product meets the floor, in grid columns.
type footing struct {
	bottom []int     // lowest opaque row, -1 where there is none
	base   []float32 // the floor line the product stands on
	weight []float32 // 1 where it touches
	low    int       // lowest row of all, -1 when nothing is opaque
	height float32
}

// The limits of a line on the floor. A rise is in rows per column.
const (
	// curveRise is the steepest part of a round outline that is still taken for
	// the floor; beyond it the outline turns up like the side of a ball.
	curveRise = 0.5
	// edgeRise is the same for a straight edge, such as that of a box seen from
	// a corner.
	edgeRise = 0.9
	// behindRise is how the floor line goes on behind an outline that turned up.
	behindRise = 0.06
	// curveLift and edgeLift bound how far the floor line leaves the lowest row,
	// as shares of the product's smaller side.
	curveLift = 0.2
	edgeLift  = 0.5
	// straightRun is the least length of an edge, as a share of the width, and
	// straightBend how much its rise may change along it.
	straightRun  = 0.16
	straightBend = 0.1
	// nearFloor is the gap, as a share of the height, over which contact fades.
	nearFloor = 0.014
)

// footing finds the line on which the product stands.
func (s *silhouette) footing() *footing {
	ft := &footing{bottom: make([]int, s.w), base: make([]float32, s.w), weight: make([]float32, s.w), low: -1}
	at := ft.readBottom(s)
	if ft.low < 0 {
		return ft
	}
	line, edge := ft.hullLine()
	// Follow the hull while it can be a line on the floor.
	rise := make([]float32, s.w)
	ft.base[at] = line[at]
	side := min(ft.height, float32(s.w))
	for _, dir := range []int{-1, 1} {
		for x := at + dir; x >= 0 && x < s.w; x += dir {
			rise[x] = line[x-dir] - line[x]
			most, lift := float32(curveRise), curveLift*side
			if edge[x] {
				most, lift = edgeRise, edgeLift*side
			}
			step := rise[x]
			if step > most {
				step = behindRise
			}
			ft.base[x] = max(ft.base[x-dir]-step, float32(ft.low)-max(lift, float32(ft.low)-ft.base[x-dir]))
		}
	}
	boxBlur(ft.base, s.w, 1, max(s.w/60, 1), 0, 2)
	near := max(nearFloor*ft.height, 1.5)
	for x := range s.w {
		if ft.bottom[x] < 0 {
			continue
		}
		gap := max(ft.base[x]-float32(ft.bottom[x]), 0) / near
		most := float32(curveRise)
		if edge[x] {
			most = edgeRise
		}
		ft.weight[x] = exp32(-gap*gap) * smoothstep(most+0.3, most-0.15, rise[x])
	}
	return ft
}

// readBottom fills bottom, low and height and returns the lowest column.
func (ft *footing) readBottom(s *silhouette) (at int) {
	for x := range s.w {
		ft.bottom[x] = -1
		for y := s.h - 1; y >= 0; y-- {
			if s.a[y*s.w+x] > 0.5 {
				ft.bottom[x] = y
				break
			}
		}
		if ft.bottom[x] > ft.low {
			ft.low, at = ft.bottom[x], x
		}
	}
	for i, v := range s.a {
		if v > 0.5 {
			ft.height = float32(ft.low - i/s.w + 1)
			break
		}
	}
	return at
}

// hullLine returns the lower convex hull of the bottom contour, row by column,
// and where it is a long straight edge. A board pushed up against the product
// from below would touch it exactly on the hull.
func (ft *footing) hullLine() (line []float32, edge []bool) {
	w := len(ft.bottom)
	var hull []int
	for x := range w {
		if ft.bottom[x] < 0 {
			continue
		}
		for len(hull) >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (ft.bottom[b]-ft.bottom[a])*(x-a) > (ft.bottom[x]-ft.bottom[a])*(b-a) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, x)
	}
	line, edge = make([]float32, w), make([]bool, w)
	for i, k := 0, 0; i < w; i++ {
		for k+1 < len(hull) && i > hull[k+1] {
			k++
		}
		a := hull[k]
		line[i] = float32(ft.bottom[a])
		if k+1 < len(hull) && i >= a {
			b := hull[k+1]
			line[i] += float32(ft.bottom[b]-ft.bottom[a]) * float32(i-a) / float32(b-a)
		}
	}
	rise := func(k int) float32 {
		return float32(ft.bottom[hull[k+1]]-ft.bottom[hull[k]]) / float32(hull[k+1]-hull[k])
	}
	for from := 0; from+1 < len(hull); {
		to := from + 1
		for to+1 < len(hull) && abs32(rise(to)-rise(from)) < straightBend {
			to++
		}
		if float32(hull[to]-hull[from]) >= straightRun*float32(w) {
			for x := hull[from]; x <= hull[to]; x++ {
				edge[x] = true
			}
		}
		from = to
	}
	return line, edge
}

// depth is how far the floor line recedes from the lowest row, in rows.
func (ft *footing) depth() float32 {
	far := float32(ft.low)
	for x, b := range ft.bottom {
		if b >= 0 && ft.weight[x] > 0.5 {
			far = min(far, ft.base[x])
		}
	}
	return float32(ft.low) - far
}
