package cutout

// Through a hole, the backdrop is seen in a light of its own: a wall beside it, which the backdrop
// lights, is darker and of another hue. Before a backdrop of a strong colour the colour still tells it
// from a product that has none of it around.
const (
	tintedStrong = 12. // chroma (Lab) of a backdrop of a strong colour
	tintedLeast  = .25 // chroma in its direction of what is tinted, as share of the backdrop's,
	tintedMean   = .6  // on average,
	tintedMost   = 1.2 // and at most,
	tintedBeside = .6  // and at most so much across it
	tintedDark   = .4  // brightness, of the backdrop's,
	tintedLight  = 1.7 // and at most
	tintedMuch   = .5  // a tint that a product has itself,
	tintedMin    = 100 // pixels of joinSize that a hole has,
	tintedLarge  = .01 // and share of the product at most
	tintedHoles  = 2   // more are a print
	tintedUsual  = .05 // from such a share of it
	tintedFrom   = 3   // pixels around a hole that its blur reaches; beyond,
	tintedTo     = 8   // up to here,
	tintedNone   = .2  // so little of the tint
	tintedFew    = .1  // has all but such a share
	tintedEdge   = .9  // least share of its rim that has an edge
)

// openTinted opens the holes of a product that show the tint of a strongly coloured backdrop, which it has not
// around them. A print of that colour looks alike, so a person has to look at what the network is sure of: it keeps
// where that is.
func (j *joint) openTinted(fg []bool) {
	n, area := 0, 0
	tinted := make([]bool, j.n)
	tint := make([]float32, j.n) // as share of the backdrop's
	for i, v := range fg {
		if !v {
			continue
		}
		area++
		a0, b0 := j.local[1].p[i], j.local[2].p[i]
		c := a0*a0 + b0*b0
		if c < tintedStrong*tintedStrong {
			continue
		}
		a, b := j.smooth[1].p[i], j.smooth[2].p[i]
		tint[i] = (a*a0 + b*b0) / c
		if tint[i] > tintedLeast && tint[i] < tintedMost && abs32(a*b0-b*a0) < tintedBeside*c && j.k[i] > tintedDark && j.k[i] < tintedLight {
			tinted[i] = true
			if tint[i] > tintedMuch {
				n++
			}
		}
	}
	if n == 0 || float64(n) > tintedUsual*float64(area) {
		return
	}
	var holes [][]int32
	eachPart(tinted, j.w, j.h, func(part []int32) {
		if len(part) >= tintedMin && float64(len(part)) < tintedLarge*float64(area) && j.hole(part, tinted, fg, tint) {
			holes = append(holes, part)
		}
	})
	if len(holes) > tintedHoles {
		return
	}
	for _, part := range holes {
		var believed float32
		for _, i := range part {
			fg[i] = false
			believed += j.raw.p[i]
		}
		if believed > partSure*float32(len(part)) {
			j.guessed = append(j.guessed, part...)
		}
	}
}

// hole tells whether a tinted part of fg is surrounded by edges and by what is not tinted.
func (j *joint) hole(part []int32, tinted, fg []bool, tint []float32) bool {
	var sum float32
	in := make(map[int32]bool, len(part))
	for _, i := range part {
		sum += tint[i]
		in[i] = true
	}
	if sum < tintedMean*float32(len(part)) {
		return false
	}
	var rim, edge, around, some int
	for _, i32 := range part {
		i := int(i32)
		if x, y := i%j.w, i/j.w; min(x, y, j.w-1-x, j.h-1-y) < tintedTo {
			return false
		}
		for d := range 4 {
			if in[int32(i+dys[d]*j.w+dxs[d])] {
				continue
			}
			rim++
			var far float32
			for t := 1; t <= tintedTo; t++ {
				k := i + t*(dys[d]*j.w+dxs[d])
				if !fg[k] {
					return false
				}
				if in[int32(k)] { // another side of it
					break
				}
				if t <= tintedFrom+1 {
					far = max(far, j.smooth.dist2(i-sidesIn*(dys[d]*j.w+dxs[d]), k))
				}
				if t > tintedFrom {
					around++
					if tint[k] > tintedNone {
						some++
					}
				}
			}
			if far > confirmEdge*confirmEdge {
				edge++
			}
		}
	}
	return float32(edge) > tintedEdge*float32(rim) && float32(some) < tintedFew*float32(around)
}
