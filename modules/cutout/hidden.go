package cutout

import (
	"image"
	"math"
	"slices"
)

// Under what a cut-out has clear many programs leave the photo's colours. They tell an outline that follows
// nothing in the photo: on both sides of it are the same colours, where a product's own outline has two. Of 66
// photographs' cut-outs none is doubted by it. Five would be had their colours been spread beyond
// the outline by a program, as some do: all smooth products.
const (
	hiddenWay   = 3   // pixels on both sides of the outline, of a picture of broughtSize, that are compared
	hiddenClear = .1  // alpha beyond the outline up to which nothing but the photo's colours is there
	hiddenSame  = 4.  // Lab: colours nearer to each other are the same
	hiddenShare = .5  // share of the outline across which the photo goes on: of 66 photographs' cut-outs at most .44
	hiddenOne   = .98 // share of the clear pixels that have one colour where a program painted them
)

// goesOn returns the share of the outline across which the photo goes on, 0–1; 0 where the clear pixels don't hold
// the photo.
func goesOn(im *image.NRGBA, box image.Rectangle) float64 {
	k := min(1, broughtSize/float64(max(box.Dx(), box.Dy(), 1)))
	margin := int(4*hiddenWay/k) + 1
	box = box.Inset(-margin).Intersect(im.Rect)
	w, h := int(k*float64(box.Dx())+.5), int(k*float64(box.Dy())+.5)
	if min(w, h) < minSide || painted(im, box) {
		return 0
	}
	part := atOrigin(im.SubImage(box).(*image.NRGBA))
	alpha := shrinkAlpha(part, w, h)
	shown := &image.NRGBA{Pix: slices.Clone(part.Pix), Stride: part.Stride, Rect: part.Rect}
	for i := 3; i < len(shown.Pix); i += 4 {
		shown.Pix[i] = 255
	}
	lab := boxBlur3(labOf(shrink(shown, w, h)), 1)
	in := make([]bool, w*h)
	for i := range in {
		in[i] = alpha.p[i] >= .5
	}
	way := signedDistance(in, w, h)
	same, n := 0, 0
	for y := hiddenWay + 1; y < h-hiddenWay-1; y++ {
		for x := hiddenWay + 1; x < w-hiddenWay-1; x++ {
			i := y*w + x
			if !in[i] || in[i-1] && in[i+1] && in[i-w] && in[i+w] {
				continue
			}
			u, v := way.p[i+2]-way.p[i-2], way.p[i+2*w]-way.p[i-2*w]
			l := sqrt32(u*u + v*v)
			if l < 1 { // a part too thin to have an inside
				continue
			}
			u, v = u/l, v/l
			n++
			if alpha.at(float32(x)-hiddenWay*u, float32(y)-hiddenWay*v) > hiddenClear {
				continue // a shadow that the cut-out keeps, of any colour
			}
			var apart float32
			for c := range 3 {
				d := lab[c].at(float32(x)+hiddenWay*u, float32(y)+hiddenWay*v) - lab[c].at(float32(x)-hiddenWay*u, float32(y)-hiddenWay*v)
				apart += d * d
			}
			if apart < hiddenSame*hiddenSame {
				same++
			}
		}
	}
	return float64(same) / float64(max(n, 1))
}

// painted tells whether nearly all of the clear pixels have one colour.
func painted(im *image.NRGBA, box image.Rectangle) bool {
	count := map[[3]uint8]int{}
	n, most := 0, 0
	step := max(1, int(math.Sqrt(float64(box.Dx()*box.Dy())/(broughtSize*broughtSize))))
	for y := box.Min.Y; y < box.Max.Y; y += step {
		for x := box.Min.X; x < box.Max.X; x += step {
			if p := im.Pix[im.PixOffset(x, y):]; p[3] < clearAlpha {
				c := [3]uint8{p[0], p[1], p[2]}
				count[c]++
				most = max(most, count[c])
				n++
			}
		}
	}
	return float64(most) >= hiddenOne*float64(n)
}
