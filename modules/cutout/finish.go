package cutout

import "image"

// The seam between what hints changed and the draft, in pixels of the working picture
// from the nearest change.
const (
	seamFrom = 6.  // up to here the new edge counts
	seamTo   = 11. // and from here on the draft, to the bit
)

// finish brings the decision to the photo's size where it is another than it was, and
// leaves the draft everywhere else.
func (r *refiner) finish(im, base *image.NRGBA, was []bool) *image.NRGBA {
	moved := make([]bool, r.n)
	for i, v := range r.fg {
		// a stroke over a part that the draft has half makes it whole
		moved[i] = v != was[i] || r.keep[i] && r.before.p[i] < .98 || r.remove[i] && r.before.p[i] > .02
	}
	out := image.NewNRGBA(im.Rect)
	away := distance(moved, r.w, r.h)
	j := &joint{raw: r.raw, scene: newScene(r.lin, float32(r.scale), dilate(r.fg, r.w, r.h, 4))}
	j.plain = j.spread() < plainSpread && max(j.sigma[0], j.sigma[1], j.sigma[2]) < plainSigma
	_, fresh := j.matte(im, r.fg, signedDistance(r.fg, r.w, r.h), nil)
	W, H := im.Rect.Dx(), im.Rect.Dy()
	sx, sy := float32(r.w)/float32(W), float32(r.h)/float32(H)
	seam := &plane{r.w, r.h, away}
	keep, remove := planeOf(r.keep, r.w, r.h), planeOf(r.remove, r.w, r.h)
	parallel(H, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			for x := range W {
				u, v := (float32(x)+.5)*sx-.5, (float32(y)+.5)*sy-.5
				i := 4 * (y*W + x)
				px := out.Pix[i : i+4 : i+4]
				at := image.Pt(min(max(int(u+.5), 0), r.w-1), min(max(int(v+.5), 0), r.h-1))
				near := away[at.Y*r.w+at.X]
				if !at.In(r.frame) {
					continue // not even a trace
				}
				if near > seamTo+2 {
					copy(px, base.Pix[i:i+4])
					continue
				}
				k := min(max((seamTo-seam.at(u, v))/(seamTo-seamFrom), 0), 1)
				blend(px, base.Pix[i:i+4], fresh.Pix[i:i+4], k)
				if keep.at(u, v) > .5 {
					copy(px, im.Pix[i:i+4])
					px[3] = 255
				}
				if remove.at(u, v) > .5 {
					clear(px)
				}
			}
		}
	})
	return out
}

func planeOf(set []bool, w, h int) *plane {
	p := newPlane(w, h)
	for i, v := range set {
		if v {
			p.p[i] = 1
		}
	}
	return p
}

// blend mixes two pixels with straight alpha: k of the second, 0–1.
func blend(into, a, b []uint8, k float32) {
	switch {
	case k <= 0 || a[3] == b[3] && a[0] == b[0] && a[1] == b[1] && a[2] == b[2]:
		copy(into, a)
		return
	case k >= 1:
		copy(into, b)
		return
	}
	wa, wb := float32(a[3])*(1-k), float32(b[3])*k
	alpha := wa + wb
	into[3] = uint8(alpha + .5)
	for c := range 3 {
		into[c] = 0
		if alpha > 0 {
			into[c] = uint8((float32(a[c])*wa+float32(b[c])*wb)/alpha + .5)
		}
	}
}
