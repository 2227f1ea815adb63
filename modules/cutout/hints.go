package cutout

import (
	"fmt"
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
)

// Draft is a cut-out that people have hints about.
type Draft struct {
	Photo  *image.NRGBA
	Image  *image.NRGBA // the cut-out so far: the photo's size, straight alpha
	Logits *image.Gray  // what its engine saw, as Result.Logits; nil: the cut-out's own alpha stands for it
	Whole  bool         // nothing was found: the cut-out is the photo as it is
}

// Refine returns the cut-out that hints make of a draft. A stroke changes the part
// that it touches, up to where the colours change; where they change nowhere, what is
// near the stroke. One that removes and names a brush changes only that: who paints shows
// how far it goes, who points doesn't, and what is taken by mistake is the product. Pixels
// far from every change stay as they are, to the bit.
//
// Errors: picture.ErrHints, also when no product is left.
func Refine(d Draft, h picture.Hints) (*image.NRGBA, error) {
	W, H := d.Photo.Rect.Dx(), d.Photo.Rect.Dy()
	if d.Image.Rect.Size() != d.Photo.Rect.Size() {
		return nil, fmt.Errorf("the cut-out is %v, the photo %v", d.Image.Rect.Size(), d.Photo.Rect.Size())
	}
	if err := h.Check(W, H); err != nil {
		return nil, err
	}
	if min(W, H) < minSide {
		return nil, picture.ErrHints.With("a photo of %d×%d pixels is too small to be cut out", W, H)
	}
	base := atOrigin(d.Image)
	k := min(1, joinSize/float64(max(W, H)))
	w, ht := max(minSide, int(float64(W)*k+.5)), max(minSide, int(float64(H)*k+.5))
	im := flatten(atOrigin(d.Photo))
	r := &refiner{w: w, h: ht, n: w * ht, scale: k, before: shrinkAlpha(base, w, ht)}
	m := alphaMask(base)
	if d.Logits != nil {
		m = ofLogits(d.Logits)
	}
	r.raw = m.sized(w, ht)
	r.fg = over(r.before, .5)
	if d.Whole {
		r.fg, r.before = over(r.raw, .5), newPlane(w, ht)
		base = image.NewNRGBA(im.Rect)
		if d.Logits == nil {
			clear(r.fg)
		}
	}
	r.lin = shrink(im, w, ht)
	was := slices.Clone(r.fg)
	if d.Whole {
		was = make([]bool, r.n)
	}
	r.see()
	r.frame = image.Rect(0, 0, w, ht)
	if h.Box != nil {
		r.within(*h.Box)
	}
	had := share(r.fg)
	r.strokes(h)
	if left := share(r.fg); left < minArea || len(h.Remove) > 0 && left < leastLeft*had {
		return nil, picture.ErrHints.With("they leave no product, or hardly any; remove less, keep a part of it, or draw a larger box")
	}
	return r.finish(im, base, was), nil
}

// leastLeft is the share of a product below which strokes that remove leave none of it: what
// escapes a brush is no product.
const leastLeft = .05

// refiner is a photo at working size whose decision is being changed.
type refiner struct {
	w, h, n int
	scale   float64 // working size / photo
	lin     planes3
	smooth  planes3 // Lab, 3×3 mean
	raw     *plane  // the engine's coverage
	before  *plane  // the draft's coverage
	fg      []bool  // the decision

	keep, remove []bool          // what strokes cover for certain
	painted      []bool          // what strokes to remove cover that name a brush
	rim          float32         // what the widest of these covers beside it
	frame        image.Rectangle // the box of the hints; all of the picture without one
}

// see measures the photo's colours.
func (r *refiner) see() {
	r.smooth = boxBlur3(labOf(r.lin), 1)
	r.keep, r.remove, r.painted = make([]bool, r.n), make([]bool, r.n), make([]bool, r.n)
}

// emptyBox is the share of a box below which the draft has no product in it.
const emptyBox = .03

// within takes away what lies outside the box. Where the draft has hardly anything in
// it, the classical engine looks for the product there.
func (r *refiner) within(b picture.Box) {
	x0, y0 := min(int(float64(b[0])*r.scale+.5), r.w-1), min(int(float64(b[1])*r.scale+.5), r.h-1)
	x1, y1 := max(x0+1, min(int(float64(b[0]+b[2])*r.scale+.5), r.w)), max(y0+1, min(int(float64(b[1]+b[3])*r.scale+.5), r.h))
	r.frame = image.Rect(x0, y0, x1, y1)
	n := 0
	for i, v := range r.fg {
		if !image.Pt(i%r.w, i/r.w).In(r.frame) {
			r.fg[i] = false
		} else if v {
			n++
		}
	}
	bw, bh := x1-x0, y1-y0
	if float64(n) >= emptyBox*float64(bw*bh) || min(bw, bh) < minSide {
		return
	}
	part := newPlanes3(bw, bh)
	for c := range part {
		for y := range bh {
			copy(part[c].p[y*bw:(y+1)*bw], r.lin[c].p[(y0+y)*r.w+x0:][:bw])
		}
	}
	for i, v := range opinion(part, float32(r.scale)) {
		r.fg[(y0+i/bw)*r.w+x0+i%bw] = v
	}
}

// brushCore is the share of a brush's radius that counts for certain: people paint over edges.
const brushCore = .6

// strokes changes the decision by what is to be kept, then by what is to be removed.
func (r *refiner) strokes(h picture.Hints) {
	keeps, removes := r.cover(h.Keep, true, r.keep), r.cover(h.Remove, false, r.remove)
	for i, v := range r.remove {
		if v {
			r.keep[i] = false
		}
	}
	r.grow(r.keep, true, keeps)
	r.grow(r.remove, false, removes)
	for i := range r.fg {
		r.fg[i] = r.keep[i] || r.fg[i] && !r.remove[i]
	}
}

// cover marks what strokes cover for certain, and returns how foreign each pixel is to them.
// Foreign pixels are spared where a stroke runs over them in passing.
func (r *refiner) cover(strokes []picture.Stroke, product bool, certain []bool) (foreign []float32) {
	covered := make([][]int32, len(strokes)) // pixels
	seen := make([]bool, r.n)
	for k, s := range strokes {
		covered[k] = r.stroke(s, seen)
		for _, i := range covered[k] {
			certain[i] = true
			r.painted[i] = r.painted[i] || s.Radius > 0 && !product
		}
		r.rim = max(r.rim, float32(s.Radius*r.scale*(1-brushCore)))
	}
	open := make([]bool, r.n)
	for i, v := range r.fg {
		open[i] = v != product
	}
	if foreign = r.foreign(certain, open); foreign == nil {
		return nil
	}
	clear(certain)
	for _, pixels := range covered {
		changes, passing := 0, 0
		for _, i := range pixels {
			if open[i] {
				if changes++; foreign[i] > .5 {
					passing++
				}
			}
		}
		spare := passing < changes/2
		for _, i := range pixels {
			certain[i] = certain[i] || !spare || !open[i] || foreign[i] <= .5
		}
	}
	return foreign
}

// stroke returns the pixels that a stroke covers for certain. seen is false everywhere, before
// and after.
func (r *refiner) stroke(s picture.Stroke, seen []bool) (pixels []int32) {
	radius := s.Radius * r.scale
	if s.Radius == 0 {
		radius = picture.BrushShare * float64(max(r.w, r.h))
	}
	radius = max(radius*brushCore, .75)
	add := func(i int) {
		if !seen[i] {
			seen[i] = true
			pixels = append(pixels, int32(i))
		}
	}
	mark := func(cx, cy float64) {
		for y := max(int(cy-radius), 0); y <= min(int(cy+radius), r.h-1); y++ {
			for x := max(int(cx-radius), 0); x <= min(int(cx+radius), r.w-1); x++ {
				if dx, dy := float64(x)+.5-cx, float64(y)+.5-cy; dx*dx+dy*dy <= radius*radius {
					add(y*r.w + x)
				}
			}
		}
		// a dot smaller than a pixel covers the one that it is in
		add(min(int(cy), r.h-1)*r.w + min(int(cx), r.w-1))
	}
	var last [2]float64
	for i, p := range s.Points {
		at := [2]float64{p[0] * r.scale, p[1] * r.scale}
		if i == 0 {
			last = at
		}
		dx, dy := at[0]-last[0], at[1]-last[1]
		steps := max(1, int(max(abs64(dx), abs64(dy))/max(radius, 1)*2+.5))
		for k := range steps + 1 {
			t := float64(k) / float64(steps)
			mark(last[0]+t*dx, last[1]+t*dy)
		}
		last = at
	}
	for _, i := range pixels {
		seen[i] = false
	}
	return pixels
}

func abs64(v float64) float64 { return max(v, -v) }
