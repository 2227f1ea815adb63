package cutout

import "image"

// How far the photo's own colours may move the coverage that the decision gives a
// pixel. Distances are from the outline, in pixels of the working picture.
const (
	blendFree  = 2.  // up to here the colours decide alone, on a plain backdrop,
	blendReach = 5.  // and from here on not at all
	blendSoft  = .25 // where the network is undecided, colours move its coverage so far,
	blendClear = .35 // and so much further where both sides are clearly apart
	clearSides = .06 // squared difference of the sides (square root of linear light) that is clear
)

// matte brings the decision to the photo's size. Along the outline it explains
// every pixel as a mix of the product's and the background's colour, which are
// interpolated from both sides, and takes the background's out of it. signed are the
// signed distances of fg; the coverage keeps to line, nil: it is free.
func (j *joint) matte(im *image.NRGBA, fg []bool, signed *plane, line *outline) (*image.Alpha, *image.NRGBA) {
	w, h := j.w, j.h
	network := j.network()
	soft := softened(j.raw, fg, signed, network)
	front, back := j.sides(fg, signed, soft)
	varied := j.variety(signed, soft)
	var touch *contact
	var fz *fuzz
	if j.plain {
		fz = j.hairs(fg)
		touch = j.findContact(im, fg, signed, front, back, fz)
	}
	rests := j.rests(fg, signed)
	W, H := im.Rect.Dx(), im.Rect.Dy()
	coverageOut, out := image.NewAlpha(im.Rect), image.NewNRGBA(im.Rect)
	alpha, rgb := coverageOut.Pix, out.Pix
	sx, sy := float32(w)/float32(W), float32(h)/float32(H)
	parallel(H, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			for x := range W {
				u, v := (float32(x)+.5)*sx-.5, (float32(y)+.5)*sy-.5
				at := min(max(int(v+.5), 0), h-1)*w + min(max(int(u+.5), 0), w-1)
				near, m, i := signed.p[at], soft.at(u, v), y*W+x
				if fz != nil && fz.zone[at] {
					photo := im.Pix[i*4 : i*4+4]
					mix := mixedAt(photo, &fz.front, &fz.back, u, v)
					alpha[i] = mix.paint(rgb[i*4:i*4+4], photo, mix.hair())
					continue
				}
				if near > blendReach+1 && m > 1-noiseFloor {
					alpha[i] = 255
					copy(rgb[i*4:i*4+4], im.Pix[i*4:i*4+4])
					continue
				}
				if near < -blendReach-1 && m < noiseFloor {
					continue
				}
				photo := im.Pix[i*4 : i*4+4]
				mix := mixedAt(photo, &front, &back, u, v)
				a := m
				if free := j.freedom(signed.at(u, v), network.at(u, v), m, mix.apart); free > 0 {
					mix.varied = min(varied.at(u, v), variedMost)
					r := mix.certainty()
					t := min(max(mix.share(), m-free), m+free)
					a = m*(1-r) + min(max(t, 0), 1)*r
					if j.plain && m < .5 { // a dark part that the network believes in is none
						a = mix.inShadow(a, j.litAt(u, v))
					}
				}
				a = line.keep(touch.coverage(&mix, a, u, v, sx), mix.apart, u, v)
				alpha[i] = mix.paint(rgb[i*4:i*4+4], photo, a*(1-rests.at(u, v)))
			}
		}
	})
	return coverageOut, out
}

// freedom is how far colours may move coverage m, d pixels from the outline and n from the network's, where
// the squared difference of the sides is den. Before a busy backdrop they don't move an outline that is the network's.
func (j *joint) freedom(d, n, m, den float32) float32 {
	if !j.plain && abs32(n-d) <= sharedOutline {
		return 0
	}
	var free float32
	if m > .02 && m < .98 {
		free = blendSoft + blendClear*min(den/clearSides, 1)
	}
	if j.plain {
		free = max(free, min(max((blendReach-abs32(d))/(blendReach-blendFree), 0), 1))
	}
	return free
}

// How far from the outline, and around a pixel, the variety of a side is measured.
const (
	variedFrom   = 2.4 // pixels
	variedTo     = 12.
	variedWindow = 8
	variedLeast  = .02 // share of the window that a side has at least
	variedMost   = .02 // a pattern of more contrast is seen in front of anything
)

// variety returns how much the colours of product and background vary by themselves beside
// each part of the outline: the sum of their variances (square root of linear light).
func (j *joint) variety(signed, soft *plane) *plane {
	sum := newPlane(j.w, j.h)
	for _, product := range [2]bool{true, false} {
		weight := newPlane(j.w, j.h)
		for i, d := range signed.p {
			a := soft.p[i]
			if !product {
				d, a = -d, 1-a
			}
			if d > variedFrom && d < variedTo && a > .95 {
				weight.p[i] = 1
			}
		}
		n := boxBlur(weight, variedWindow)
		for c := range 3 {
			v, sq := newPlane(j.w, j.h), newPlane(j.w, j.h)
			for i, w := range weight.p {
				if w > 0 {
					v.p[i] = sqrt32(j.lin[c].p[i])
					sq.p[i] = j.lin[c].p[i]
				}
			}
			v, sq = boxBlur(v, variedWindow), boxBlur(sq, variedWindow)
			for i, w := range n.p {
				if w > variedLeast {
					m := v.p[i] / w
					sum.p[i] += max(sq.p[i]/w-m*m, 0)
				}
			}
		}
	}
	return sum
}

// sides returns the colours of product and background (square root of linear light)
// for every pixel, each taken from where it is unmixed.
func (j *joint) sides(fg []bool, signed, soft *plane) (front, back planes3) {
	w, h := j.w, j.h
	front, back = newPlanes3(w, h), newPlanes3(w, h)
	for c := range 3 {
		for i, v := range j.lin[c].p {
			front[c].p[i] = sqrt32(v)
		}
		copy(back[c].p, front[c].p)
	}
	wf, wb := newPlane(w, h), newPlane(w, h)
	for i, a := range soft.p {
		d := signed.p[i]
		switch {
		case a > .95 && d > 2:
			wf.p[i] = 1
		case fg[i] && a > .6:
			wf.p[i] = thinWeight // thin parts have no clean inside: better a mixed colour than none
		}
		switch {
		case a < .02 && d < -2.4:
			wb.p[i] = 1
		case !fg[i] && a < .3:
			wb.p[i] = .02
		}
	}
	pushPull3(front, wf)
	pushPull3(back, wb)
	return front, back
}
