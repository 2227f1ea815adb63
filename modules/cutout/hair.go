package cutout

// Hair, fur and fringe. Tuned on generated pictures with seeds below 1000.
const (
	fuzzReach   = .05 // how far hairs reach, as a share of the longer side
	fuzzWindow  = .012
	fuzzCross   = 2.2 // outline crossings per line of the window; a plain edge has .5 to 1
	fuzzAround  = 1.2 // the same beside places that have fuzzCross
	fuzzShare   = .35 // share of the outline that must be that rough: a buckle or a lace is not fur
	fuzzPass    = .7  // coverage below which the background is seen between hairs
	fuzzSeen    = .07 // share of such pixels in 5x5 that shows it
	fuzzFloor   = .08 // coverage that is noise
	fuzzCeiling = .9  // coverage that is solid: hairs are a little darker or paler than the body
	clearFrom   = 10  // Lab distance of the sides from which a pixel's colour
	clearTo     = 25  // begins to tell, and tells for sure, where it belongs
	shadeFrom   = .97 // brightness of the background, relative to the unshaded, above which
	shadeTo     = .85 // shadows cannot be mistaken for hair, and below which they are
	clearEnough = .4
)

// fuzz is where an outline dissolves into hairs: there every pixel is a mix of the
// colours of body and backdrop, whatever the mask says.
type fuzz struct {
	zone        []bool
	front, back planes3 // square root of linear light
}

// findFuzz returns nil when the outline is plain. believed marks what a network holds for
// product: no shadow, however dark, and told from the backdrop by less; nil: nothing.
func (s *scene) findFuzz(fg, believed []bool) *fuzz {
	w, h := s.w, s.h
	reach := max(3, int(fuzzReach*float32(max(w, h))))
	near := coverage(fg, w, h, reach)
	inner := coverage(fg, w, h, reach/2)
	f := &fuzz{front: newPlanes3(w, h), back: newPlanes3(w, h)}
	for c := range 3 {
		for i, v := range s.lin[c].p {
			f.front[c].p[i] = sqrt32(v)
		}
		copy(f.back[c].p, f.front[c].p)
	}
	wf, wb := newPlane(w, h), newPlane(w, h)
	for i, v := range inner.p {
		if v > .999 {
			wf.p[i] = 1
		} else if fg[i] {
			wf.p[i] = 1e-4
		}
		if v < .001 {
			wb.p[i] = 1
		} else if !fg[i] {
			wb.p[i] = 1e-4
		}
	}
	pushPull3(f.front, wf)
	pushPull3(f.back, wb)
	cover := make([]float32, s.n)
	clear := make([]bool, s.n)
	parallel(s.n, func(a, z int) {
		for i := a; i < z; i++ {
			if near.p[i] < .001 || near.p[i] > .999 {
				continue
			}
			var num, den, lum, lit, dot float32
			for c := range 3 {
				F, B := f.front[c].p[i], f.back[c].p[i]
				num += (sqrt32(s.lin[c].p[i]) - B) * (F - B)
				den += (F - B) * (F - B)
				lum += B * B
				dot += F * B
				lit += s.localLin[c].p[i]
			}
			cover[i] = min(max(num/max(den, 1e-5), 0), 1)
			// 100 times the square root of light is close to Lab
			sep := 100 * sqrt32(den)
			// a shadow scales the backdrop's colour; what is left across that
			// direction is the product's own
			own := 100 * sqrt32(max(0, den-(dot-lum)*(dot-lum)/max(lum, 1e-5)))
			light := min(max((lum/max(lit, 1e-4)-shadeTo)/(shadeFrom-shadeTo), 0), 1)
			if believed != nil && believed[i] {
				clear[i] = sep > strandApart
				continue
			}
			clear[i] = ramp(sep)*light > clearEnough || ramp(own) > clearEnough
		}
	})
	gaps := make([]bool, s.n)
	for i, v := range cover {
		gaps[i] = clear[i] && v < fuzzPass
	}
	seen := coverage(gaps, w, h, 2)
	// crossings per line in a window
	turn := newPlane(w, h)
	for y := 1; y < h; y++ {
		for x := 1; x < w; x++ {
			i := y*w + x
			if !clear[i] {
				continue
			}
			if (cover[i] > .5) != (cover[i-1] > .5) {
				turn.p[i] += .5
			}
			if (cover[i] > .5) != (cover[i-w] > .5) {
				turn.p[i] += .5
			}
		}
	}
	r := max(4, int(fuzzWindow*float32(max(w, h))))
	turn = boxBlur(turn, r)
	rough := make([]bool, s.n)
	var queue []int32
	for i, v := range turn.p {
		if clear[i] && v*float32(2*r+1) > fuzzCross {
			rough[i] = true
			queue = append(queue, int32(i))
		}
	}
	rim, hairy := 0, 0
	for i, v := range fg {
		x, y := i%w, i/w
		if v && x > 0 && y > 0 && x < w-1 && y < h-1 && !(fg[i-1] && fg[i+1] && fg[i-w] && fg[i+w]) {
			rim++
			if turn.p[i]*float32(2*r+1) > fuzzCross {
				hairy++
			}
		}
	}
	s.hairy = float32(hairy) / float32(max(rim, 1))
	if s.hairy < fuzzShare {
		return nil
	}
	grow := func(into []bool, ok func(j int) bool) {
		for len(queue) > 0 {
			i := int(queue[len(queue)-1])
			queue = queue[:len(queue)-1]
			eachNeighbour4(i, w, h, func(j int) {
				if !into[j] && ok(j) {
					into[j] = true
					queue = append(queue, int32(j))
				}
			})
		}
	}
	grow(rough, func(j int) bool { return clear[j] && turn.p[j]*float32(2*r+1) > fuzzAround })
	around := coverage(rough, w, h, r)
	for i := range rough {
		rough[i] = clear[i] && around.p[i] > .001
	}
	// the background reaches in between the hairs from outside
	open := make([]bool, s.n)
	for i, v := range fg {
		if !v {
			open[i] = true
			queue = append(queue, int32(i))
		}
	}
	grow(open, func(j int) bool { return rough[j] && seen.p[j] > fuzzSeen })
	wide := coverage(open, w, h, 2)
	f.zone = make([]bool, s.n)
	for i, v := range wide.p {
		f.zone[i] = rough[i] && v > .001
	}
	return f
}

// hair is the coverage of a pixel among hairs, which their colours alone tell.
func (m *mixed) hair() float32 {
	return min(max((min(max(m.share(), 0), 1)-fuzzFloor)/(fuzzCeiling-fuzzFloor), 0), 1)
}

// ramp tells how surely two sides that are so far apart are told apart.
func ramp(sep float32) float32 { return min(max((sep-clearFrom)/(clearTo-clearFrom), 0), 1) }
