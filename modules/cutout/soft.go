package cutout

// Half-transparent parts away from the outline are rests of a shadow, grain, or a product that is half
// lost: an edge is no wider, and hairs have outlines of their own.
const (
	softRim  = 3   // pixels of joinSize from the outline that an edge takes at most
	softSeen = .08 // coverage from none or whole that marks a place
	softFrom = .02 // half-transparent pixels for each of the outline (in pixels of joinSize) from which they are told,
	softFull = .08 // and from which they are grave
)

// soft measures the half-transparent parts of a cut-out, and marks where they lie.
func (j *joint) soft(p *places, cut *plane, f *Features) {
	w, h := j.w, j.h
	k := float64(joinSize) / float64(max(w, h))
	rim, length := make([]bool, j.n), 0
	for y := range h {
		for x := range w {
			i := y*w + x
			for d := range 2 {
				if nx, ny := x+dxs[2*d], y+dys[2*d]; j.inside(nx, ny) && (cut.p[i] > .5) != (cut.p[ny*w+nx] > .5) {
					rim[i], rim[ny*w+nx] = true, true
					length++
				}
			}
		}
	}
	sum := 0.
	for i, near := range dilate(rim, w, h, max(2, int(softRim/k+.5))) {
		if near {
			continue
		}
		a := cut.p[i]
		sum += float64(4 * a * (1 - a))
		if min(a, 1-a) < softSeen {
			continue
		}
		if j.k[i] < 1 {
			p.mark(ConcernShadow, i)
		} else {
			p.mark(ConcernUndecided, i)
		}
	}
	f.Soft = sum * k / float64(max(length, 1))
	told := fade(f.Soft, softFrom, softFull)
	p.atLeast(ConcernShadow, told)
	p.atLeast(ConcernUndecided, told)
}
