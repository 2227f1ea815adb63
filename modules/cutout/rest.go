package cutout

// What is left of a shadow beside a product: faint coverage away from the outline, where an edge has
// ended. Colours would fill it with the grain of the photo.
const (
	restFaint = .3  // coverage below which it is none of the product's,
	restFade  = .1  // by so much less all of it,
	restEnd   = 6   // at so many pixels of joinSize from the outline,
	restLarge = 200 // and so many pixels of joinSize that such a part has at least
)

// rests returns how much of the coverage outside the outline of fg, whose signed distances are given,
// is left of a shadow, 0-1. Thin parts that the network hints at, as hairs and wires, are none.
func (j *joint) rests(fg []bool, signed *plane) *plane {
	w, h := j.w, j.h
	around, k := boxBlur(j.raw, traceThin+1), float32(max(w, h))/joinSize
	thin := make([]bool, j.n)
	for i, v := range j.raw.p {
		thin[i] = !fg[i] && v > traceFaint && v > traceRidge*around.p[i]
	}
	dropSpecks(thin, w, h)
	o, faint := newPlane(w, h), make([]bool, j.n)
	for i, v := range j.raw.p {
		if !fg[i] && !thin[i] {
			away := min(max((-signed.p[i]-softRim*k)/((restEnd-softRim)*k), 0), 1)
			o.p[i] = away * min(max((restFaint-v)/restFade, 0), 1)
			faint[i] = o.p[i] > 0 && v > noiseFloor
		}
	}
	eachPart(faint, w, h, func(part []int32) {
		if float32(len(part)) < restLarge*k*k { // it may be a translucent one of the product
			for _, i := range part {
				o.p[i] = 0
			}
		}
	})
	return o
}
