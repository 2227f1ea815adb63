package cutout

import (
	"image"
	"math"
)

// Outlines that are drawn with a tool, not followed along a product: an oval, a rectangle with round
// corners, a pill. Photographed things are as even hardly ever.
const (
	drawnOff   = .0012 // mean way between the outline and the drawn one, of the longer side
	drawnLeast = .5    // pixels: a raster is not more even
	drawnSteps = 24    // radii of corners that are tried
)

// drawn tells whether the cut-out is a drawn shape that touches the four sides of its box.
func drawn(im *image.NRGBA, box image.Rectangle) bool {
	w, h := box.Dx(), box.Dy()
	if min(w, h) < minSide {
		return false
	}
	rows := make([][2]int, h) // what a row has: from, to
	for y := range rows {
		from, to, n := w, 0, 0
		for x := range w {
			if im.Pix[(y+box.Min.Y)*im.Stride+4*(x+box.Min.X)+3] >= broughtSolid {
				from, to = min(from, x), x+1
				n++
			}
		}
		if n == 0 || n < to-from-max(1, w/100) { // a gap
			return false
		}
		rows[y] = [2]int{from, to}
	}
	// The way is measured across the outline: along a row as much of it as the row's slope leaves.
	off := func(half func(v float64) float64) float64 {
		var apart, length float64
		for y, r := range rows {
			v := float64(y) + .5
			x := half(v)
			slope := math.Abs(half(min(v+.5, float64(h)))-half(max(v-.5, 0))) + 1e-9
			apart += math.Abs(float64(r[0])-float64(w)/2+x) + math.Abs(float64(r[1])-float64(w)/2-x)
			length += 2 * math.Hypot(1, slope)
		}
		return apart / length
	}
	a, b := float64(w)/2, float64(h)/2
	best := off(func(v float64) float64 { t := (v - b) / b; return a * math.Sqrt(max(0, 1-t*t)) })
	for k := range drawnSteps {
		r := min(a, b) * float64(k+1) / drawnSteps
		best = min(best, off(func(v float64) float64 {
			d := max(r-v, v-(2*b-r), 0)
			return a - r + math.Sqrt(max(0, r*r-d*d))
		}))
	}
	return best <= max(drawnLeast, drawnOff*float64(max(w, h)))
}
