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

	ovalOff   = .0006 // the same of an oval that may be cut by the frame, of its longer side; a round candle's is .0018
	ovalLeast = .35   // pixels
	ovalArc   = .4    // share of the oval that lies in the picture: a shorter arc fits many outlines
	ovalSteps = 36    // parts of the way around it
)

// drawn tells whether the cut-out is a drawn shape: an oval, however it lies and whatever of it the frame cuts off, or a
// shape with evenly round corners that touches the four sides of its box.
func drawn(im *image.NRGBA, box image.Rectangle) bool {
	return oval(im, box) || rounded(im, box)
}

// rounded tells whether the cut-out is a rectangle with evenly round corners, up to a pill.
func rounded(im *image.NRGBA, box image.Rectangle) bool {
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
	best := math.Inf(1)
	for k := range drawnSteps {
		r := min(a, b) * float64(k+1) / drawnSteps
		best = min(best, off(func(v float64) float64 {
			d := max(r-v, v-(2*b-r), 0)
			return a - r + math.Sqrt(max(0, r*r-d*d))
		}))
	}
	return best <= max(drawnLeast, drawnOff*float64(max(w, h)))
}

// oval tells whether the outline, where the frame isn't it, is that of one oval. It is fitted to all points of the outline.
func oval(im *image.NRGBA, box image.Rectangle) bool {
	at := outlineOf(im, box)
	if len(at) < 2*minSide {
		return false
	}
	cx, cy, scale := float64(box.Min.X+box.Max.X)/2, float64(box.Min.Y+box.Max.Y)/2, float64(max(box.Dx(), box.Dy()))/2
	A, v := make([][]float64, 5), make([]float64, 5)
	for k := range A {
		A[k] = make([]float64, 5)
	}
	for i, p := range at {
		x, y := (p[0]-cx)/scale, (p[1]-cy)/scale
		at[i] = [2]float64{x, y}
		row := [5]float64{x * x, x * y, y * y, x, y}
		for k := range row {
			v[k] += row[k]
			for l := range row {
				A[k][l] += row[k] * row[l]
			}
		}
	}
	q := solveSPD(A, v) // q0 x² + q1 xy + q2 y² + q3 x + q4 y = 1
	det := 4*q[0]*q[2] - q[1]*q[1]
	if !(det > 0) { // no oval, or no number
		return false
	}
	mx, my := (q[1]*q[4]-2*q[2]*q[3])/det, (q[1]*q[3]-2*q[0]*q[4])/det
	// Its axes: along them the form, moved to the middle, is 1 at their ends.
	level := 1 - (q[0]*mx*mx + q[1]*mx*my + q[2]*my*my + q[3]*mx + q[4]*my)
	a, b, c := q[0]/level, q[1]/level, q[2]/level
	mean, apart := (a+c)/2, math.Hypot((a-c)/2, b/2)
	longer, shorter := 1/math.Sqrt(mean-apart), 1/math.Sqrt(mean+apart)
	turn := math.Atan2(b, a-c)/2 + math.Pi/2 // of the longer axis
	if math.IsNaN(longer) || math.IsNaN(shorter) {
		return false
	}
	sin, cos := math.Sincos(turn)
	var off float64
	var seen [ovalSteps]bool
	for _, p := range at {
		x, y := p[0], p[1]
		value := q[0]*x*x + q[1]*x*y + q[2]*y*y + q[3]*x + q[4]*y - 1
		off += math.Abs(value) / math.Hypot(2*q[0]*x+q[1]*y+q[3], q[1]*x+2*q[2]*y+q[4])
		u, v := (x-mx)*cos+(y-my)*sin, (y-my)*cos-(x-mx)*sin
		seen[int((math.Atan2(v/shorter, u/longer)/math.Pi+1)*ovalSteps/2)%ovalSteps] = true
	}
	arc := 0
	for _, s := range seen {
		if s {
			arc++
		}
	}
	off *= scale / float64(len(at))
	return float64(arc) >= ovalArc*ovalSteps && off <= max(ovalLeast, ovalOff*2*longer*scale)
}

// outlineOf returns the points, in pixels, at which the cut-out's alpha crosses that of solid things between two pixels
// of the box, which lies within the picture: what the frame cuts off has none.
func outlineOf(im *image.NRGBA, box image.Rectangle) (at [][2]float64) {
	box = box.Inset(-1).Intersect(im.Rect)
	alpha := func(x, y int) int { return int(im.Pix[im.PixOffset(x, y)+3]) }
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			here := alpha(x, y)
			for side := range 2 {
				u, v := x+1-side, y+side
				if u >= box.Max.X || v >= box.Max.Y {
					continue
				}
				there := alpha(u, v)
				if (here >= broughtSolid) == (there >= broughtSolid) {
					continue
				}
				part := (float64(here) - broughtSolid + .5) / float64(here-there)
				at = append(at, [2]float64{float64(x) + part*float64(u-x), float64(y) + part*float64(v-y)})
			}
		}
	}
	return at
}
