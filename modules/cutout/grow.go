package cutout

// The marks of what is left of an opening. Lab units unless stated otherwise.
const (
	growMin    = 60  // pixels that the opening and what is left of it have at least
	growRim    = 2   // so far from the product, which blurs into it,
	growMost   = 6   // openings it is as large as at most
	growBare   = .85 // share of its pixels that look like the bare backdrop
	growMouth  = .02 // least share of its rim towards the opening,
	growBlunt  = .9  // share of that without an edge, and
	growEdge   = .8  // share of the other rim that has one
	growSlight = 12  // pixels of rim that tell nothing
)

// growOpenings opens what is left of openings: the network may see a strap's opening up
// to the buckle only. What is left begins without an edge where the opening ends, shows
// the bare backdrop, and ends at edges, however sure the network is of it.
func (j *joint) growOpenings(fg []bool) {
	w, h := j.w, j.h
	closed := make([]bool, j.n)
	for i, v := range fg {
		closed[i] = !v
	}
	opening := make([]int32, j.n) // size of the opening that a pixel belongs to
	some := false
	away := coverage(closed, w, h, growRim)
	eachPart(closed, w, h, func(part []int32) {
		var inner []int32 // at the rim it has some of the product's colour
		for _, i := range part {
			if away.p[i] > .999 {
				inner = append(inner, i)
			}
		}
		if len(inner) < growMin || !j.shows(inner) {
			return
		}
		for _, i := range part {
			if x, y := int(i)%w, int(i)/w; x == 0 || y == 0 || x == w-1 || y == h-1 {
				return
			}
		}
		some = true
		for _, i := range part {
			opening[i] = int32(len(part))
		}
	})
	if !some {
		return
	}
	bare := make([]bool, j.n)
	for i, v := range fg {
		d, _ := j.differs(i)
		bare[i] = v && d < partAlike && max(j.step[0][i], j.step[1][i]) < gapStep
	}
	eachPart(bare, w, h, func(part []int32) {
		if j.leftOf(part, fg, bare, opening) {
			for _, i := range part {
				fg[i] = false
			}
		}
	})
}

// leftOf tells whether a bare part is left of an opening.
func (j *joint) leftOf(part []int32, fg, bare []bool, opening []int32) bool {
	if len(part) < growMin || j.alike(part) < growBare || !j.shows(part) {
		return false
	}
	var rim, edge, mouth, blunt, most float32
	for _, i32 := range part {
		i := int(i32)
		x, y := i%j.w, i/j.w
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !j.inside(nx, ny) {
				return false
			}
			k := ny*j.w + nx
			if bare[k] {
				continue
			}
			seen, _ := j.outward(x, y, d)
			switch {
			case opening[k] > 0:
				most = max(most, float32(opening[k]))
				mouth++
				if !seen {
					blunt++
				}
			case !fg[k]: // around the product, not within
				return false
			default:
				rim++
				if seen {
					edge++
				}
			}
		}
	}
	return mouth > growMouth*(rim+mouth) && blunt > growBlunt*mouth && float32(len(part)) < growMost*most &&
		(edge > growEdge*rim || rim < growSlight)
}
