package cutout

import (
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// Cut-outs that photos bring: made by people or other programs, and mostly right. Others are a
// layer's or a screenshot's rectangle, a selection with the backdrop in it, or a layer's opacity.
// Nothing tells a rectangular product's own outline from a rectangle that was drawn around one, so
// a person looks at both.
const (
	broughtSolid   = 128 // alpha from which a pixel belongs to the cut-out
	broughtFull    = .9  // share of its box that a rectangle fills, rounded corners taken off
	broughtSide    = .5  // share of a side that lies in one line
	broughtSlack   = .004
	broughtSize    = 400 // longest side, in pixels, of the picture in which a backdrop is looked for
	broughtRim     = 4   // pixels inside the outline that are looked at
	broughtSkip    = 2   // pixels beside it that mix colours
	broughtColour  = 4.  // Lab: as far is a backdrop from a smooth surface,
	broughtStep    = 2.5 // and its neighbouring pixels from each other
	broughtOneRim  = .86 // share of the rim that has one colour where it is a backdrop
	broughtBacked  = .12 // share of the cut-out that is backdrop then,
	broughtProduct = .06 // and that is product
	broughtThing   = .01 // share of a drawn shape that is something else than its rim
	broughtGhost   = 240 // alpha below which nothing is solid
	broughtFlat    = 6   // levels that a layer's opacity varies by
	broughtAll     = .75 // share of the cut-out that has that opacity
)

// Why a cut-out that a photo brings is doubtful, as people read it.
const (
	broughtRectangle = "The photo brings a cut-out that is a rectangle, which may hold the backdrop; check that it is the product's own outline"
	broughtBackdrop  = "The photo brings a cut-out whose rim has one colour, as a backdrop has; check that the outline is the product's own"
	broughtDrawn     = "The photo brings a cut-out that is an oval or has evenly round corners, as if drawn, and may hold the backdrop; check that it is the product's own outline"
	broughtGoesOn    = "The photo goes on beyond the outline of the cut-out that it brings, as where one is drawn around a product; check that the outline is the product's own"
	broughtOpacity   = "The photo brings a cut-out that is equally transparent everywhere, as a layer is; check that the product should be"
)

// broughtConfidence is that in a cut-out that a photo brings and that looks like none: a person
// looks at it, where neither operator nor brand asks for much less than ReviewBelow.
const broughtConfidence = ReviewBelow / 2

// doubtBrought tells what speaks against a cut-out that a photo brings, whose bounds begin at
// 0, 0; false: nothing does.
func doubtBrought(im *image.NRGBA) (picture.Concern, bool) {
	box := imaging.AlphaBounds(im, broughtSolid)
	if box.Empty() {
		box = imaging.AlphaBounds(im, clearAlpha)
	}
	say := func(text string) (picture.Concern, bool) {
		return picture.Concern{Kind: ConcernBrought, Text: text, Box: picture.BoxOf(box)}, true
	}
	switch {
	case evenOpacity(im):
		return say(broughtOpacity)
	case rectangular(im, box):
		return say(broughtRectangle)
	}
	switch b := backed(im, box); {
	case b.product >= broughtThing && drawn(im, box): // a ball of one colour is a product
		return say(broughtDrawn)
	case b.is():
		return say(broughtBackdrop)
	case goesOn(im, box) >= hiddenShare:
		return say(broughtGoesOn)
	}
	return picture.Concern{}, false
}

// evenOpacity tells whether nearly all that is not clear has one alpha, below that of a solid thing.
func evenOpacity(im *image.NRGBA) bool {
	var count [256]int
	n := 0
	for i := 3; i < len(im.Pix); i += 4 {
		if a := im.Pix[i]; a >= clearAlpha {
			count[a]++
			n++
		}
	}
	within, most := 0, 0
	for a := clearAlpha; a < broughtGhost; a++ {
		if within += count[a]; a-broughtFlat >= clearAlpha {
			within -= count[a-broughtFlat]
		}
		most = max(most, within)
	}
	return float64(most) > broughtAll*float64(n)
}

// rectangular tells whether the cut-out fills its box, and all four sides of the box, to their
// rounded corners, are its outline.
func rectangular(im *image.NRGBA, box image.Rectangle) bool {
	w, h := box.Dx(), box.Dy()
	if min(w, h) < minSide {
		return false
	}
	solid := func(x, y int) bool { return im.Pix[y*im.Stride+4*x+3] >= broughtSolid }
	slack := max(1, int(broughtSlack*float64(max(w, h))+.5))
	filled := 0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if solid(x, y) {
				filled++
			}
		}
	}
	if float64(filled) < broughtFull*float64(w*h) {
		return false
	}
	near := func(length int, at func(along, in int) bool) bool {
		n := 0
		for i := range length {
			for in := range slack {
				if at(i, in) {
					n++
					break
				}
			}
		}
		return float64(n) >= broughtSide*float64(length)
	}
	return near(h, func(i, in int) bool { return solid(box.Min.X+in, box.Min.Y+i) }) &&
		near(h, func(i, in int) bool { return solid(box.Max.X-1-in, box.Min.Y+i) }) &&
		near(w, func(i, in int) bool { return solid(box.Min.X+i, box.Min.Y+in) }) &&
		near(w, func(i, in int) bool { return solid(box.Min.X+i, box.Max.Y-1-in) })
}

// backing is what lies along the outline of a cut-out: shares of its rim that has the colours of one smooth surface, of
// the cut-out that has that colour from the outline on, and of the cut-out that it surrounds.
type backing struct{ rim, backdrop, product float64 }

// is tells whether a backdrop lies there.
func (b backing) is() bool {
	return b.rim >= broughtOneRim && b.backdrop >= broughtBacked && b.product >= broughtProduct
}

// backed measures what lies along the outline.
func backed(im *image.NRGBA, box image.Rectangle) (b backing) {
	part := atOrigin(im.SubImage(box).(*image.NRGBA))
	k := min(1, broughtSize/float64(max(box.Dx(), box.Dy(), 1)))
	w, h := int(k*float64(box.Dx())+.5), int(k*float64(box.Dy())+.5)
	if min(w, h) < minSide {
		return b
	}
	alpha := shrinkAlpha(part, w, h)
	lab := boxBlur3(labOf(shrink(flatten(part), w, h)), 1)
	// Beyond the box is no cut-out.
	pw, ph := w+2, h+2
	outside := make([]bool, pw*ph)
	for i := range outside {
		x, y := i%pw-1, i/pw-1
		outside[i] = x < 0 || y < 0 || x >= w || y >= h || alpha.p[y*w+x] < .5
	}
	deep := distance(outside, pw, ph)
	depth := func(i int) float32 { return deep[(i/w+1)*pw+i%w+1] }
	var rim []int
	inside := 0
	for i := range w * h {
		d := depth(i)
		if d > broughtSkip {
			inside++
		}
		if d > broughtSkip && d <= broughtSkip+broughtRim {
			rim = append(rim, i)
		}
	}
	if len(rim) == 0 {
		return b
	}
	apart := surface(lab, rim)
	one := make([]bool, w*h) // the backdrop's colour, from the outline on
	var next []int
	for _, i := range rim {
		if apart(i) < broughtColour {
			one[i] = true
			next = append(next, i)
		}
	}
	b.rim = float64(len(next)) / float64(len(rim))
	backdrop := 0
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		backdrop++
		x := i % w
		for _, j := range [4]int{i - 1, i + 1, i - w, i + w} {
			if j < 0 || j >= w*h || j == i-1 && x == 0 || j == i+1 && x == w-1 || one[j] || depth(j) <= broughtSkip {
				continue
			}
			if apart(j) < 2*broughtColour && lab.dist2(i, j) < broughtStep*broughtStep {
				one[j] = true
				next = append(next, j)
			}
		}
	}
	left := make([]bool, w*h)
	product := 0
	for i := range left {
		left[i] = !one[i] && depth(i) > broughtSkip
	}
	for _, v := range opened(left, w, h, 2) {
		if v {
			product++
		}
	}
	b.backdrop, b.product = float64(backdrop)/float64(inside), float64(product)/float64(inside)
	return b
}

// surface fits a smooth surface of light and colour to most of the pixels, and returns how far a
// pixel is from it, in Lab.
func surface(lab planes3, pixels []int) func(i int) float32 {
	w, h := lab[0].w, lab[0].h
	basis := func(i int) [6]float64 {
		x, y := 2*float64(i%w)/float64(w)-1, 2*float64(i/w)/float64(h)-1
		return [6]float64{1, x, y, x * x, x * y, y * y}
	}
	var coef [3][]float64
	apart := func(i int) float32 {
		var sum float64
		f := basis(i)
		for c := range 3 {
			v := float64(lab[c].p[i])
			for k, at := range f {
				v -= coef[c][k] * at
			}
			sum += v * v
		}
		return sqrt32(float32(sum))
	}
	kept := pixels
	for range 4 {
		for c := range 3 {
			A, v := make([][]float64, 6), make([]float64, 6)
			for k := range A {
				A[k] = make([]float64, 6)
			}
			for _, i := range kept {
				f := basis(i)
				for k := range 6 {
					v[k] += f[k] * float64(lab[c].p[i])
					for l := range 6 {
						A[k][l] += f[k] * f[l]
					}
				}
			}
			coef[c] = solveSPD(A, v)
		}
		far := make([]float32, len(pixels))
		for n, i := range pixels {
			far[n] = apart(i)
		}
		limit := max(broughtColour, 2*median(slices.Clone(far)))
		kept = kept[:0:0]
		for n, i := range pixels {
			if far[n] <= limit {
				kept = append(kept, i)
			}
		}
	}
	return apart
}
