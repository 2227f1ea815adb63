package cutout

// The marks of a slit: a narrow gap, which a network blurs. Lab units unless stated otherwise.
const (
	slitMin   = 10  // pixels
	slitWide  = 12  // and so wide at most
	slitOut   = 4   // pixels beyond its rim is the product
	slitBlur  = 8.  // difference from the backdrop of a pixel that edges blur, where the network sees the gap
	slitOff   = 2.  // mean difference of all
	slitDip   = .25 // so much less coverage than the product around it has,
	slitSharp = 14. // and such a difference across its rim
	slitEdge  = .85 // for such a share of that
)

// The marks of a wider gap, which the network sees by half: between pendants the backdrop has the
// texture that a codec leaves beside edges, and pale ones differ little from it.
const (
	dentMin   = 60  // pixels
	dentDip   = .15 // so much less coverage than the product around it has,
	dentMost  = .75 // which is so much at most,
	dentSharp = 5.  // and such a difference across its rim
	dentEdge  = .8  // for such a share of that
	dentMouth = .2  // share of the rim towards the background at most
)

// openSlits opens the gaps that the network hints at and that show the bare backdrop between
// clear edges, as that between a pole's grip and its strap.
func (j *joint) openSlits(fg []bool) {
	bare := make([]bool, j.n)
	for i, v := range fg {
		d, _ := j.differs(i)
		bare[i] = v && (d < partAlike || d < slitBlur && j.raw.p[i] < .5)
	}
	eachPart(bare, j.w, j.h, func(part []int32) {
		if len(part) >= slitMin && j.slit(part, bare, fg) {
			for _, i := range part {
				fg[i] = false
			}
		}
	})
}

// slit tells whether a part of the bare pixels in fg is a slit, or a wider gap.
func (j *joint) slit(part []int32, bare, fg []bool) bool {
	var off [3]float32
	var believed, around, rim, mouth, sharp, clear float32
	for _, i32 := range part {
		i := int(i32)
		believed += j.raw.p[i]
		for c := range 3 {
			off[c] += j.smooth[c].p[i] - j.local[c].p[i]
		}
		x, y := i%j.w, i/j.w
		for d := range 4 {
			ox, oy := x+slitOut*dxs[d], y+slitOut*dys[d]
			if !j.inside(ox, oy) {
				return false
			}
			if k := (y+dys[d])*j.w + x + dxs[d]; bare[k] || !fg[k] {
				if !fg[k] {
					mouth++
				}
				continue
			}
			rim++
			around += j.raw.p[oy*j.w+ox]
			var far float32
			for t := 2; t <= slitOut; t++ {
				far = max(far, j.smooth.dist2(i, (y+t*dys[d])*j.w+x+t*dxs[d]))
			}
			if far > slitSharp*slitSharp {
				sharp++
			}
			if far > dentSharp*dentSharp {
				clear++
			}
		}
	}
	n := float32(len(part))
	dip := around/max(rim, 1) - believed/n
	if rim == 0 || off[0]*off[0]+off[1]*off[1]+off[2]*off[2] > slitOff*slitOff*n*n {
		return false
	}
	return 2*n <= slitWide*rim && dip > slitDip && sharp > slitEdge*rim ||
		n >= dentMin && dip > dentDip && believed < dentMost*n && clear > dentEdge*rim && mouth < dentMouth*(rim+mouth)
}
