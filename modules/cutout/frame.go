package cutout

const (
	frameRun  = 4 // pixels of the working picture's edge that a part takes which the edge cuts: a cable, a leg
	frameDeep = 8 // pixels from the edge to which such a part goes on
)

// framed marks where the picture's edge cuts the product, as deep as people can see, and tells of
// thin parts as well, whose share of the edge is small. fg is the decision.
func (p *places) framed(fg []bool) {
	w, h := p.w, p.h
	cut := false
	for _, s := range []struct{ x, y, ax, ay, ix, iy, n int }{
		{0, 0, 1, 0, 0, 1, w}, {0, h - 1, 1, 0, 0, -1, w}, {0, 0, 0, 1, 1, 0, h}, {w - 1, 0, 0, 1, -1, 0, h},
	} {
		run := 0
		for i := range s.n {
			x, y := s.x+i*s.ax, s.y+i*s.ay
			deep := 0
			for deep < frameDeep && x >= 0 && y >= 0 && x < w && y < h && fg[y*w+x] {
				p.mark(ConcernFrame, y*w+x)
				x, y, deep = x+s.ix, y+s.iy, deep+1
			}
			if deep < frameDeep {
				run = 0
				continue
			}
			run++
			cut = cut || run >= frameRun
		}
	}
	if cut {
		p.atLeast(ConcernFrame, concernFrom)
	}
}
