package picture

import (
	"math"
	"slices"
)

// contradiction tells of hints of which one undoes the other: a stroke to keep all of which
// a stroke to remove covers, or that lies outside the box. Strokes that cross are none, nor is a
// small stroke to remove on a broad one to keep. w×ht is the photo's size, 0×0 while it is not
// known: then brushes that name no radius cover their points alone.
func (h Hints) contradiction(w, ht int) error {
	radius := func(s Stroke) float64 {
		if s.Radius == 0 {
			return BrushShare * float64(max(w, ht))
		}
		return s.Radius
	}
	for i, k := range h.Keep {
		if h.Box != nil && !slices.ContainsFunc(k.Points, func(p [2]float64) bool { return h.Box.near(p, radius(k)) }) {
			return ErrHints.With("keep[%d] at (%v, %v) lies outside the box, which is x %d to %d, y %d to %d; draw the box around it, or leave one of the two out",
				i, k.Points[0][0], k.Points[0][1], h.Box[0], h.Box[0]+h.Box[2], h.Box[1], h.Box[1]+h.Box[3])
		}
		for n, r := range h.Remove {
			if radius(k) <= radius(r) && covers(r, radius(r), k) {
				return ErrHints.With("keep[%d] at (%v, %v) and remove[%d] at (%v, %v) are about the same place; leave one of the two out",
					i, k.Points[0][0], k.Points[0][1], n, r.Points[0][0], r.Points[0][1])
			}
		}
	}
	return nil
}

// near reports whether the box has the point, or is no further from it than reach.
func (b Box) near(p [2]float64, reach float64) bool {
	return p[0] >= float64(b[0])-reach && p[0] <= float64(b[0]+b[2])+reach && p[1] >= float64(b[1])-reach && p[1] <= float64(b[1]+b[3])+reach
}

// covers reports whether a stroke of that radius runs over each of the points of another.
func covers(s Stroke, radius float64, other Stroke) bool {
	return !slices.ContainsFunc(other.Points, func(p [2]float64) bool {
		last := s.Points[0]
		return !slices.ContainsFunc(s.Points, func(q [2]float64) bool {
			d := fromLine(p, last, q)
			last = q
			return d <= radius
		})
	})
}

// fromLine is the distance of p from the line between a and b.
func fromLine(p, a, b [2]float64) float64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	t := 0.
	if n := dx*dx + dy*dy; n > 0 {
		t = min(max(((p[0]-a[0])*dx+(p[1]-a[1])*dy)/n, 0), 1)
	}
	return math.Hypot(p[0]-a[0]-t*dx, p[1]-a[1]-t*dy)
}
