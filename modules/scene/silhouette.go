package scene

// silhouette is the product's alpha on the grid.
type silhouette struct {
	x0, y0 int // picture position of the first cell
	step   int
	w, h   int
	a      []float32
}

func newSilhouette(pl *placed, step int) *silhouette {
	s := &silhouette{x0: pl.rect.Min.X - pl.rect.Min.X%step, y0: pl.rect.Min.Y - pl.rect.Min.Y%step, step: step}
	s.w, s.h = (pl.rect.Max.X-s.x0)/step+1, (pl.rect.Max.Y-s.y0)/step+1
	s.a = make([]float32, s.w*s.h)
	for y := range s.h {
		for x := range s.w {
			px, py := s.x0+x*step, s.y0+y*step
			s.a[y*s.w+x] = (pl.alpha(px, py) + pl.alpha(px+step/2, py+step/2)) / 2
		}
	}
	return s
}

// coarseCells is the longer side of the grid on which a product is looked at
// before its size is known.
const coarseCells = 160

// coarse is the silhouette of a product in its own pixels.
func (p *product) coarse() *silhouette {
	bw, bh := p.box.Dx(), p.box.Dy()
	k := float64(coarseCells) / float64(max(bw, bh))
	s := &silhouette{step: 1, w: max(int(float64(bw)*k), 1), h: max(int(float64(bh)*k), 1)}
	s.a = make([]float32, s.w*s.h)
	for y := range s.h {
		row := p.img.Pix[(p.box.Min.Y+(2*y+1)*bh/(2*s.h))*p.img.Stride:]
		for x := range s.w {
			s.a[y*s.w+x] = float32(row[(p.box.Min.X+(2*x+1)*bw/(2*s.w))*4+3]) / 255
		}
	}
	return s
}
