package cutout

import "slices"

const (
	alongMost  = 3.5 // pixels of joinSize from the network's outline up to which the decision's is the same,
	alongDoubt = 4   // and half the width, in pixels, of a doubt that is no edge
)

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

// evened is the line of a decision before a busy backdrop where the network is in doubt over a wide stretch:
// it runs through the doubt evenly, and there the coverage is neither half nor ragged as the doubt is.
// Thin parts and gaps that the network is sure of stay as they are.
func (j *joint) evened(fg []bool, signed *plane) *outline {
	w, h := j.w, j.h
	thin, _ := narrow(fg, w, h)
	doubt := make([]bool, j.n)
	for i, p := range j.raw.p {
		doubt[i] = p > traceDoubt && p < 1-traceDoubt
		thin[i] = thin[i] && !doubt[i]
	}
	dropSpecks(thin, w, h)
	kept, even := dilate(thin, w, h, traceReach+1), dilate(opened(doubt, w, h, alongDoubt), w, h, traceReach+1)
	for i, v := range even {
		kept[i] = kept[i] || !v
	}
	o := &outline{away: boxBlur(boxBlur(signed, traceCalm), traceCalm), free: coverage(kept, w, h, traceReach)}
	o.seen = j.acrossLine(fg, signed, o.away)
	return o
}
