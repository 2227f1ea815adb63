package cutout

import "slices"

// alongMost is how far from the network's outline the decision's may run, in pixels of joinSize, to be
// the same outline.
const alongMost = 3.5

// alongNetwork returns the decision with the network's own outline wherever its outline runs beside that
// one. Before a busy backdrop colours tell what belongs to the product, but not where it ends: stripes of a
// carpet beside a pot that is out of focus make its edge ragged, which the network has drawn even.
func (j *joint) alongNetwork(fg []bool) []bool {
	fg = slices.Clone(fg)
	network := j.network()
	differs := make([]bool, j.n)
	for i, v := range j.raw.p {
		differs[i] = fg[i] != (v > .5)
	}
	eachPart(differs, j.w, j.h, func(part []int32) {
		for _, i := range part {
			if abs32(network.p[i]) > alongMost {
				return // it was added or taken away on purpose
			}
		}
		for _, i := range part {
			fg[i] = !fg[i]
		}
	})
	return fg
}
