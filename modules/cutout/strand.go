package cutout

// Hairs beside a network: what its masks blur, colours tell. Tuned on generated pictures with
// seeds below 1000 and photographs of silver and of plants.
const (
	strandDeep = 4   // pixels inside the network's outline from which it means the body,
	strandSure = .97 // and the coverage
	strandPale = .5  // share of the body's colour below which such a pixel looks like the backdrop,
	strandMost = .08 // and the share of them from which colours tell nothing: silver, lace, white fur
	strandSeen = .2  // coverage by colours that joins a hair to the body,
	strandNear = 3   // and pixels beside it where fainter ones count

	strandBelieved = .3 // the network's coverage from which, so many pixels around, nothing is a shadow,
	strandAround   = 3
	strandApart    = 6 // and from which difference on (near Lab) body and backdrop are told apart
)

// hairs returns where the outline dissolves into hairs; nil: nowhere. Where the product
// itself has the backdrop's colour in places that the network is sure of, none are told from
// gaps, and the mask's coverage stays.
func (j *joint) hairs(fg []bool) *fuzz {
	f := j.findFuzz(fg, dilate(over(j.raw, strandBelieved), j.w, j.h, strandAround))
	if f == nil {
		return nil
	}
	w, h, network := j.w, j.h, j.network()
	cover, body, pale := newPlane(w, h), make([]bool, j.n), make([]bool, j.n)
	allBody, allPale := 0, 0
	for i, in := range f.zone {
		if !in {
			continue
		}
		var m mixed
		for c := range 3 {
			F, B := f.front[c].p[i], f.back[c].p[i]
			m.along += (sqrt32(j.lin[c].p[i]) - B) * (F - B)
			m.apart += (F - B) * (F - B)
		}
		cover.p[i] = m.hair()
		if body[i] = j.raw.p[i] > strandSure && network.p[i] > strandDeep; body[i] {
			allBody++
			if pale[i] = m.share() < strandPale; pale[i] {
				allPale++
			}
		}
	}
	told := func(pale, body int) bool { return float32(pale) <= strandMost*float32(body) }
	left := false
	eachPart(f.zone, w, h, func(part []int32) {
		b, p := 0, 0
		for _, i := range part {
			if body[i] {
				b++
			}
			if pale[i] {
				p++
			}
		}
		if b == 0 {
			b, p = allBody, allPale
		}
		if told(p, b) {
			left = true
			return
		}
		for _, i := range part {
			f.zone[i] = false
		}
	})
	if !left {
		return nil
	}
	f.dropLoose(cover, fg)
	return f
}

// dropLoose takes what doesn't hang on the product out of the zone: leaves whose stalk ends
// outside it, and marks of the backdrop.
func (f *fuzz) dropLoose(cover *plane, fg []bool) {
	joined := make([]bool, len(fg))
	for i, v := range fg {
		joined[i] = v || f.zone[i] && cover.p[i] > strandSeen
	}
	eachPart(joined, cover.w, cover.h, func(part []int32) {
		for _, i := range part {
			if fg[i] {
				return
			}
		}
		for _, i := range part {
			joined[i] = false
		}
	})
	for i, v := range dilate(joined, cover.w, cover.h, strandNear) {
		f.zone[i] = f.zone[i] && v
	}
}
