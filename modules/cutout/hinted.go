package cutout

import (
	"image"

	"github.com/opal-photo/opal/modules/picture"
)

// HintedConfidence is the most that is believed in a cut-out from which hints took what looks like
// the product: a person looks at it, where neither operator nor brand asks for much less than
// ReviewBelow.
const HintedConfidence = ReviewBelow / 2

const (
	hintsSure  = .9  // the engine's coverage from which it is sure of the product
	hintsTaken = .25 // share of what it was sure of that hints may take unseen
	hintsSide  = .02 // share of the longer side along which a box may cut the product unseen
	hintsNear  = 2   // pixels of the working picture between a box's side and the outline that lies on it
)

// What hints did to a cut-out, as people read it.
const (
	hintsTookMuch = "The hints took away much that looks like the product; check that all of it is there"
	hintsBoxCuts  = "The box of the hints cuts the product here; draw it around all of the product, or check that it ends here"
)

// taken tells where hints took what looks like the product. before and now are the decisions
// without and with them, at working size; W×H is the photo.
func (j *joint) taken(before, now []bool, h picture.Hints, W, H int) (all []picture.Concern) {
	w, ht := j.w, j.h
	lost := make([]bool, j.n)
	sure, n := 0, 0
	for i, v := range before {
		if !v || j.raw.p[i] < hintsSure {
			continue
		}
		sure++
		if !now[i] {
			lost[i] = true
			n++
		}
	}
	say := func(text string, at image.Rectangle) {
		c := concern(ConcernHints, at, w, ht, W, H)
		c.Text = text
		all = append(all, c)
	}
	if at := boxCut(before, now, h.Box, w, ht, W, H); !at.Empty() {
		say(hintsBoxCuts, at)
	}
	if float64(n) > hintsTaken*float64(sure) {
		say(hintsTookMuch, newPlaces(w, ht).largest(lost))
	}
	return all
}

// boxCut bounds the longest of the box's sides along which the product goes on, in the draft,
// beyond what is left of it; empty where that is too little to be seen.
func boxCut(before, now []bool, b *picture.Box, w, h, W, H int) (at image.Rectangle) {
	if b == nil {
		return at
	}
	x0, y0 := (b[0]*w+W/2)/W, (b[1]*h+H/2)/H
	x1, y1 := ((b[0]+b[2])*w+W/2)/W, ((b[1]+b[3])*h+H/2)/H
	in := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h }
	most := max(3, int(hintsSide*float64(max(w, h))))
	// each side: where it begins, along, outward, and its length
	for _, s := range []struct{ x, y, ax, ay, ox, oy, n int }{
		{x0, y0, 0, 1, -1, 0, y1 - y0}, {x1 - 1, y0, 0, 1, 1, 0, y1 - y0},
		{x0, y0, 1, 0, 0, -1, x1 - x0}, {x0, y1 - 1, 1, 0, 0, 1, x1 - x0},
	} {
		var side image.Rectangle
		n := 0
		for i := range max(s.n, 0) {
			x, y := s.x+i*s.ax, s.y+i*s.ay
			kept, gone := false, false
			for d := range hintsNear + 1 {
				px, py := x-d*s.ox, y-d*s.oy
				kept = kept || in(px, py) && now[py*w+px]
				px, py = x+(d+1)*s.ox, y+(d+1)*s.oy
				gone = gone || in(px, py) && before[py*w+px] && !now[py*w+px]
			}
			if kept && gone {
				n++
				side = side.Union(image.Rect(x-hintsNear, y-hintsNear, x+hintsNear+1, y+hintsNear+1))
			}
		}
		if n > most {
			most, at = n, side.Intersect(image.Rect(0, 0, w, h))
		}
	}
	return at
}
