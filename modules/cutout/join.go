package cutout

import (
	"context"
	"image"
	"slices"
)

// joinSize is the longest side, in pixels, of the picture on which the masks of a
// network and of the classical engine are joined: networks read about this size.
const joinSize = 1024

// opinionSize is the longest side on which the classical engine is asked beside a
// network. Its edges are found again at full size, so what it has to see is
// which parts belong to the product.
const opinionSize = 400

// CutLearned separates the product from its background with a network, joined
// with the classical engine: the network decides what the product is, and on plain
// backdrops the classical engine adds the gaps, shadows and edges that it sees
// better. A picture with a cut-out of its own keeps it. Errors: those of the network.
func CutLearned(ctx context.Context, img *image.NRGBA, net Network) (*Result, error) {
	if own := Own(img); own != nil {
		return own, nil
	}
	r := &Result{Millis: map[string]float64{}}
	im := flatten(atOrigin(img))
	if min(im.Rect.Dx(), im.Rect.Dy()) < minSide {
		return r.whole(im, tooSmall), nil
	}
	lap := r.stopwatch()
	m, err := look(ctx, net, im)
	if err != nil {
		return nil, err
	}
	scale := min(1, joinSize/float64(max(im.Rect.Dx(), im.Rect.Dy())))
	raw := m.sized(max(minSide, int(float64(im.Rect.Dx())*scale+.5)), max(minSide, int(float64(im.Rect.Dy())*scale+.5)))
	lap("network")
	if raw, err = lookMore(ctx, im, net, raw); err != nil {
		return nil, err
	}
	lap("again")
	return r.join(im, raw, scale, lap), nil
}

// join makes the cut-out of a flattened picture.
func (r *Result) join(im *image.NRGBA, raw *plane, scale float64, lap func(string)) *Result {
	w, h := raw.w, raw.h
	j := &joint{raw: raw}
	r.Logits = Mask{Width: w, Height: h, Coverage: raw.p}.logits()
	fg := settle(j.raw)
	area := share(fg)
	r.Features.Area = area
	if area < minArea || area > maxArea {
		return r.whole(im, nothingFound)
	}
	lin := shrink(im, w, h)
	j.scene = newScene(lin, float32(scale), dilate(fg, w, h, 4))
	lap("scene")
	r.Features.Spread = j.spread()
	var other []bool
	j.plain = r.Features.Spread < plainSpread && max(j.sigma[0], j.sigma[1], j.sigma[2]) < plainSigma
	fg = j.resolve(fg)
	lap("resolve")
	if j.plain {
		other = opinion(lin, float32(scale))
		lap("classical")
		r.Features.Agree = iou(fg, other)
		fg = j.combine(fg, other)
		j.doubting(fg, j.openGaps)
		j.growOpenings(fg)
		before := slices.Clone(fg)
		j.doubting(fg, j.shedShadow)
		for i, v := range before { // a shadow takes nothing along that the network is sure of
			fg[i] = fg[i] || v && j.raw.p[i] > shedSure
		}
		j.tidyJoined(fg)
		j.openSlits(fg)
		j.openTinted(fg)
	}
	lap("join")
	if area = share(fg); area < minArea || area > maxArea {
		return r.whole(im, nothingFound)
	}
	var line *outline
	if j.plain {
		fg, line = j.trace(fg)
	} else {
		fg = j.alongNetwork(fg)
	}
	signed := signedDistance(fg, w, h)
	if !j.plain {
		line = j.evened(fg, signed)
	}
	lap("trace")
	at := j.measure(fg, other, signed, &r.Features)
	lap("measure")
	r.Alpha, r.Image = j.matte(im, fg, signed, line)
	lap("matte")
	j.soft(at, shrinkAlpha(r.Image, w, h), &r.Features)
	r.Found, r.Confidence = true, trust(&r.Features)
	r.tell(at.concerns(im.Rect.Dx(), im.Rect.Dy()))
	return r
}

// tidyJoined tidies the decision, and leaves the small gaps open that the network sees.
func (j *joint) tidyJoined(fg []bool) {
	closed := make([]bool, j.n)
	for i, v := range fg {
		closed[i] = !v
	}
	j.tidy(fg, bridged)
	for i, v := range fg {
		closed[i] = closed[i] && v
	}
	eachPart(closed, j.w, j.h, func(part []int32) {
		least := float32(1)
		for _, i := range part {
			least = min(least, j.raw.p[i])
		}
		if least < clearGap {
			for _, i := range part {
				fg[i] = false
			}
		}
	})
}

// share is the part of the pixels that is set.
func share(set []bool) float64 {
	n := 0
	for _, v := range set {
		if v {
			n++
		}
	}
	return float64(n) / float64(max(len(set), 1))
}

// opinion is the classical engine's cut-out of a picture, made at opinionSize.
func opinion(lin planes3, scale float32) []bool {
	w, h := lin[0].w, lin[0].h
	small := lin
	if max(w, h) > opinionSize {
		k := opinionSize / float64(max(w, h))
		sw, sh := max(minSide, int(float64(w)*k+.5)), max(minSide, int(float64(h)*k+.5))
		for c := range small {
			small[c] = resample(lin[c], sw, sh)
		}
		scale *= float32(k)
	}
	fg := newScene(small, scale, nil).classical()
	c := coverage(fg, small[0].w, small[0].h, 0)
	return over(resample(c, w, h), .5)
}

// joint is a picture that a network and the classical engine look at together.
type joint struct {
	*scene
	raw   *plane // the network's coverage
	plain bool   // the backdrop is plain enough for the classical engine to count
	seen  *plane // see network

	guessed []int32 // what was opened for its tint alone
}

// network returns the signed distances of the network's own outline.
func (j *joint) network() *plane {
	if j.seen == nil {
		j.seen = signedDistance(over(j.raw, .5), j.w, j.h)
	}
	return j.seen
}

// A backdrop is plain when three quarters of it differ less than plainSpread
// (square root of linear light) from their surroundings.
const (
	plainSpread = .022
	plainSigma  = 3  // Lab: residual of the border's fit above which nothing is known of what a gap would show
	spreadReach = 16 // pixels
)

// spread tells how busy the background is: the upper quartile of the difference
// between its pixels and their surroundings. It is 1 where hardly any background
// is in the picture.
func (j *joint) spread() float64 {
	away := make([]bool, j.n)
	for i, v := range j.raw.p {
		away[i] = v > .02
	}
	near := dilate(away, j.w, j.h, 5)
	weight := newPlane(j.w, j.h)
	for i, v := range near {
		if !v {
			weight.p[i] = 1
		}
	}
	n := boxBlur(weight, spreadReach)
	sq := make([]float32, j.n)
	for c := range 3 {
		p := newPlane(j.w, j.h)
		for i, v := range j.lin[c].p {
			p.p[i] = sqrt32(v) * weight.p[i]
		}
		m := boxBlur(p, spreadReach)
		for i, v := range p.p {
			if weight.p[i] > 0 {
				d := v - m.p[i]/max(n.p[i], 1e-6)
				sq[i] += d * d
			}
		}
	}
	var e []float32
	for i, v := range sq {
		if weight.p[i] > 0 {
			e = append(e, v)
		}
	}
	if len(e) < j.n/50 {
		return 1
	}
	return float64(sqrt32(nth(e, len(e)*3/4)))
}

// Two outlines within sameEdge pixels are the same outline, seen twice.
const sameEdge = 6

// The thresholds for a part that only one of the two masks has.
const (
	partMin      = 12  // pixels; smaller ones stay as the network has them
	partThin     = 10  // half the width, in pixels, below which the network may have missed a part altogether
	partLong     = 12. // and how many times as large as that squared the part is then: a strap, not a reflection's end
	partBeside   = .6  // share of a part beside the product, from which it fills a gap that the network sees
	partForeign  = 9.  // Lab difference from the backdrop that no backdrop has
	partAlike    = 3.5 // and one that says nothing
	partBelieved = .3  // mean coverage from which the network half believes in a part,
	partLikely   = .65 // from which a dark product is likelier than a shadow,
	partSure     = .9  // and from which it is sure
	paleShare    = .06 // share of a product that looks like the backdrop, from which it is pale
	shedSure     = .97 // coverage of a pixel that no shadow takes along
)

// combine adds to the network's decision the parts that only the classical
// engine has, and takes from it those that only the network has, where the
// picture speaks for it. Where both outlines run beside each other the
// network's stands: the photo's own colours find the edge there.
func (j *joint) combine(fg, c []bool) []bool {
	w, h := j.w, j.h
	df := signedDistance(fg, w, h)
	out := slices.Clone(fg)
	only := make([]bool, j.n)
	for i := range only {
		only[i] = c[i] && !fg[i] && -df.p[i] > sameEdge/2
	}
	thick, kept := signedDistance(only, w, h), make([]bool, j.n)
	eachPart(only, w, h, func(part []int32) {
		if len(part) < partMin {
			return
		}
		foreign, believed, hangs, wide, beside := 0, float32(0), false, float32(0), 0
		for _, i := range part {
			wide = max(wide, thick.p[i])
			if d, shadow := j.differs(int(i)); d > partForeign && !shadow {
				foreign++
			}
			believed += j.raw.p[i]
			hangs = hangs || -df.p[i] < sameEdge
			if -df.p[i] < 2*sameEdge {
				beside++
			}
		}
		n := float32(len(part))
		missed := wide < partThin && n > partLong*wide*wide && float32(beside) < partBeside*n
		if hangs && !j.deepShadow(part, only, df) && float32(foreign) > .6*n && (missed || believed > partBelieved*n) {
			for _, i := range part {
				kept[i] = true
			}
		}
	})
	for i, v := range dilate(kept, w, h, sameEdge/2+1) {
		out[i] = out[i] || v && c[i] // up to where it hangs
	}
	sure := float32(partSure)
	if j.pale(df) {
		sure = partLikely
	}
	for i := range only {
		only[i] = fg[i] && !c[i] && df.p[i] > sameEdge/3
	}
	eachPart(only, w, h, func(part []int32) {
		if len(part) < partMin {
			return
		}
		alike, shaded, believed := 0, 0, float32(0)
		for _, i := range part {
			if d, shadow := j.differs(int(i)); d < partAlike {
				alike++
			} else if shadow {
				alike++
				shaded++
			}
			believed += j.raw.p[i]
		}
		n := float32(len(part))
		limit := sure
		if shaded > len(part)/2 {
			limit = partLikely
		}
		if float32(alike) > .8*n && believed < limit*n {
			for _, i := range part {
				out[i] = false
			}
		}
	})
	return out
}

// pale tells whether the product has the backdrop's own colours where the network is sure of
// it: then looking like the backdrop says little against a part. inner is the distance inside
// the outline.
func (j *joint) pale(inner *plane) bool {
	n, like := 0, 0
	for i, v := range j.raw.p {
		if v > shedSure && inner.p[i] > sameEdge {
			n++
			if d, _ := j.differs(i); d < partAlike {
				like++
			}
		}
	}
	return float32(like) > paleShare*float32(n)
}

// The marks of a part that is removed though the network is sure of it: it looks like
// the backdrop itself, as the opening of a strap does.
const (
	exactOff   = 1.2 // mean difference (Lab) of the part's colour
	exactShare = .85 // share of its pixels that differ by less than partAlike

	mostDoubted = .2  // largest share of the product that may be taken away
	openSure    = .98 // mean coverage from which more is not
)

// doubting lets change take parts away from the decision, and puts back those that
// the network is sure of and that don't show the bare backdrop.
func (j *joint) doubting(fg []bool, change func(fg []bool)) {
	before := slices.Clone(fg)
	change(fg)
	// so large an opening is a product of the backdrop's colour, unless the network is in doubt too
	much := share(fg) < (1-mostDoubted)*share(before)
	gone := make([]bool, j.n)
	for i, v := range before {
		gone[i] = v && !fg[i]
	}
	eachPart(gone, j.w, j.h, func(part []int32) {
		var believed float32
		var off [3]float32
		for _, i := range part {
			believed += j.raw.p[i]
			for c := range 3 {
				off[c] += j.smooth[c].p[i] - j.local[c].p[i]
			}
		}
		n := float32(len(part))
		d := sqrt32(off[0]*off[0]+off[1]*off[1]+off[2]*off[2]) / n
		limit := float32(partSure)
		if d > partForeign {
			inner, outer := j.rims(part, gone, before)
			limit = partLikely + (partSure-partLikely)*min(max((inner-outer-floorFrom)/(floorTo-floorFrom), 0), 1)
		}
		if !much && believed < limit*n || j.shows(part) && (!much || believed < openSure*n) {
			return
		}
		for _, i := range part {
			fg[i] = true
		}
	})
}

// A floor ends with an edge where the product stands on it, and without one where it goes on.
const (
	floorFrom = .3 // difference of the two shares of the rim from which a dark part is rather a floor in shadow,
	floorTo   = .6 // and where it is one as far as edges can tell
)

// rims returns the share of a part's rim that has an edge, 0-1: towards the product in fg, and
// towards the background. in marks the parts.
func (j *joint) rims(part []int32, in, fg []bool) (product, background float32) {
	var rim, edge [2]float32
	for _, i32 := range part {
		i := int(i32)
		x, y := i%j.w, i/j.w
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !j.inside(nx, ny) || in[ny*j.w+nx] {
				continue
			}
			side := 0
			if !fg[ny*j.w+nx] {
				side = 1
			}
			rim[side]++
			ox, oy, ix, iy := x+(sidesOut+1)*dxs[d], y+(sidesOut+1)*dys[d], x-sidesIn*dxs[d], y-sidesIn*dys[d]
			if j.inside(ox, oy) && j.inside(ix, iy) && j.smooth.dist2(oy*j.w+ox, iy*j.w+ix) > confirmEdge*confirmEdge {
				edge[side]++
			}
		}
	}
	return edge[0] / max(rim[0], 1), edge[1] / max(rim[1], 1)
}

// alike is the share of the part's pixels that look like the bare backdrop.
func (j *joint) alike(part []int32) float32 {
	n := 0
	for _, i := range part {
		if d, _ := j.differs(int(i)); d < exactOff {
			n++
		}
	}
	return float32(n) / float32(max(len(part), 1))
}

// shows tells whether the part looks like the bare backdrop.
func (j *joint) shows(part []int32) bool {
	var off [3]float32
	alike := 0
	for _, i := range part {
		for c := range 3 {
			off[c] += j.smooth[c].p[i] - j.local[c].p[i]
		}
		if d, _ := j.differs(int(i)); d < partAlike {
			alike++
		}
	}
	n := float32(len(part))
	return sqrt32(off[0]*off[0]+off[1]*off[1]+off[2]*off[2]) < exactOff*n && float32(alike) > exactShare*n
}

// A shadow keeps the backdrop's colour but for a cast (Lab) that grows with its
// depth, and some light is left in it.
const (
	shadowCast     = 2.
	shadowCastDeep = 7.
	shadowDarkest  = .25
)

// differs returns how far a pixel is from the backdrop behind it (Lab), and
// whether it may be the backdrop in shadow.
func (j *joint) differs(i int) (d float32, shadow bool) {
	for c := range 3 {
		e := j.smooth[c].p[i] - j.local[c].p[i]
		d += e * e
	}
	k := j.k[i]
	t := shadowCast + shadowCastDeep*(1-k)
	return sqrt32(d), k < 1 && k > shadowDarkest && j.tint[i] < t*t
}
