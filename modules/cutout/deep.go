package cutout

// The marks of a deep shadow at the product's foot.
const (
	deepDark   = .25 // mean brightness, of the backdrop's, below which a shadow is deep,
	deepTint   = 12. // colour of its own (Lab) that it has at most,
	deepRough  = 10. // detail, in backdrop textures,
	deepBelief = .45 // coverage that the network gives it,
	deepBusy   = .15 // the same where the backdrop's own brightness isn't known,
	deepBeside = .25 // share of its rim that lies along the product at least,
	deepUnder  = .35 // and of its columns that have product below at most
)

// deepShadow tells whether a part may be a shadow too deep to be told from a dark product by its
// colours, which has edges all around where the light is hard. The network's denial decides then.
// in marks the part and others; outline is the distance inside the product without it.
func (j *joint) deepShadow(part []int32, in []bool, outline *plane) bool {
	var bright, tint, rough, believed, rim, beside float32
	for _, i := range part {
		bright += j.k[i]
		tint += sqrt32(j.tint[i])
		rough += j.rough.p[i]
		believed += j.raw.p[i]
		ends := false
		eachNeighbour4(int(i), j.w, j.h, func(k int) { ends = ends || !in[k] })
		if ends {
			if rim++; -outline.p[i] < sameEdge {
				beside++
			}
		}
	}
	limit := float32(deepBelief)
	if !j.plain {
		limit = deepBusy
	}
	n := float32(len(part))
	return bright < deepDark*n && tint < deepTint*n && rough < deepRough*n && believed < limit*n &&
		beside > deepBeside*rim && j.coveredBelow(part, outline) < deepUnder
}

// coveredBelow is the share of a part's columns that have product below, 0-1.
func (j *joint) coveredBelow(part []int32, outline *plane) float32 {
	bottom := make(map[int]int)
	for _, i := range part {
		x, y := int(i)%j.w, int(i)/j.w
		bottom[x] = max(bottom[x], y)
	}
	covered := 0
	for x, y := range bottom {
		for y++; y < j.h; y++ {
			if outline.p[y*j.w+x] > 0 {
				covered++
				break
			}
		}
	}
	return float32(covered) / float32(max(len(bottom), 1))
}
