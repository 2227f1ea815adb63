package cutout

// Pixels further than settleRim (in pixels of joinSize) from the network's outline
// are all product or all background: its doubts inside are not transparency.
const settleRim = 9

// sharedOutline is how much farther or nearer an outline may be that is the same, in pixels
// of joinSize.
const sharedOutline = 2.5

// A part smaller than one in speck of the largest is dropped.
const speck = 500

// doubtful is the mean coverage from which an enclosed gap is a doubt of the network
// rather than an opening, whose coverage is close to 0.
const doubtful = .2

// A gap of less than smallGap pixels of joinSize is all blur, so its mean coverage says
// little: it is an opening where its least is below clearGap. A chain's links have such.
const (
	smallGap = 200
	clearGap = .08
)

// A part that the network hardly doubts less than that, open to the background only
// along a small share of its rim, is a doubt as well.
const (
	bayDoubt = .25
	bayMouth = .2
)

// settle turns the coverage of the network into a decision for each pixel, without
// specks and with doubtful gaps filled.
func settle(raw *plane) []bool {
	w, h := raw.w, raw.h
	solid := over(raw, .5)
	dropParts(solid, w, h, speck, bridged)
	gap := make([]bool, len(solid))
	for i, v := range solid {
		gap[i] = !v
	}
	eachPart(gap, w, h, func(part []int32) {
		sum, least := float32(0), float32(1)
		for _, i := range part {
			if x, y := int(i)%w, int(i)/w; x == 0 || y == 0 || x == w-1 || y == h-1 {
				return
			}
			sum += raw.p[i]
			least = min(least, raw.p[i])
		}
		if sum > doubtful*float32(len(part)) && !(len(part) < smallGap && least < clearGap) {
			for _, i := range part {
				solid[i] = true
			}
		}
	})
	fillBays(raw, solid)
	return solid
}

// bridged is the gap, in pixels of joinSize, across which parts count as one: a network
// loses a temple or a wire for some pixels.
const bridged = 6

// dropParts drops the parts that are smaller than one in share of the largest. Parts with a
// gap of less than bridge pixels between them are one.
func dropParts(set []bool, w, h, share, bridge int) {
	id, _ := components(dilate(set, w, h, bridge/2), w, h)
	size := map[int32]int{}
	big := 0
	for i, v := range set {
		if v {
			size[id[i]]++
			big = max(big, size[id[i]])
		}
	}
	for i, v := range set {
		set[i] = v && size[id[i]]*share >= big
	}
}

// fillBays fills the doubtful parts that the product surrounds.
func fillBays(raw *plane, solid []bool) {
	w, h := raw.w, raw.h
	bay := make([]bool, len(solid))
	for i, v := range solid {
		bay[i] = !v && raw.p[i] > bayDoubt
	}
	eachPart(bay, w, h, func(part []int32) {
		rim, mouth := 0, 0
		for _, i := range part {
			eachNeighbour4(int(i), w, h, func(k int) {
				if solid[k] {
					rim++
				} else if !bay[k] {
					mouth++
				}
			})
		}
		if float32(mouth) < bayMouth*float32(rim+mouth) {
			for _, i := range part {
				solid[i] = true
			}
		}
	})
}

// softened returns the coverage that belongs to the decision in fg, whose signed
// distances are given, as are those of the network's own: the network's coverage along the outline they share, and 0 or
// 1 elsewhere. Filters that fit a network's edge to the picture lose spokes and
// hairs, so the edge is left as it is. Beside an outline that is not the network's, its
// coverage is a doubt and no edge.
func softened(raw *plane, fg []bool, signed, network *plane) *plane {
	a := newPlane(raw.w, raw.h)
	for i, v := range raw.p {
		d := signed.p[i]
		switch {
		case abs32(d) <= settleRim && (v > .5) == fg[i] && abs32(network.p[i]-d) <= sharedOutline:
			a.p[i] = v
		case fg[i]:
			a.p[i] = min(.5+d/2, 1)
		default:
			a.p[i] = max(.5+d/2, 0)
		}
	}
	return a
}

func over(p *plane, t float32) []bool {
	s := make([]bool, len(p.p))
	for i, v := range p.p {
		s[i] = v > t
	}
	return s
}
