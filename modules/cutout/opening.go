package cutout

// openingLess is how much less the odds of the product may be, as logarithm, where an opening is
// completed: of its one side the colours may be doubtful, while the other is clear.
const openingLess = 1.5

// completeOpenings opens in what is found the parts enclosed by settled that are none of the product with
// less odds, where one pixel in resolvePart is open already.
func completeOpenings(found, less []bool, settled *plane) {
	open := make([]bool, len(found))
	for i, v := range settled.p {
		open[i] = v > .5 && !less[i]
	}
	eachPart(open, settled.w, settled.h, func(part []int32) {
		n := 0
		for _, i := range part {
			if !found[i] {
				n++
			}
			outside := false
			eachNeighbour4(int(i), settled.w, settled.h, func(k int) {
				outside = outside || settled.p[k] <= .5
			})
			if outside {
				return
			}
		}
		if n*resolvePart < len(part) {
			return
		}
		for _, i := range part {
			found[i] = false
		}
	})
}
