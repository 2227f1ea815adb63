package scene

import (
	"image"

	"math"
)

// product holds a cut-out and its measures.
type product struct {
	img    *image.NRGBA
	box    image.Rectangle // tight bounds of what is visible
	mass   float64         // number of opaque samples
	colour lch             // dominant colour
	slope  float64         // right half minus left half luminance, relative
	flat   bool            // lies: looks like a garment seen from above, or could not stand
	depth  float64         // how far its footprint recedes, as a share of the box's height
	whole  bool            // nothing was cut: an opaque picture
}

const visible = 16 // alpha below this is matting noise

func analyse(img *image.NRGBA) *product {
	p := &product{img: img}
	if img == nil {
		return p
	}
	p.box = alphaBounds(p.img)
	if p.box.Empty() {
		return p
	}
	p.readColour()
	s := p.coarse()
	if ft := s.footing(); ft.low >= 0 {
		p.depth = float64(ft.depth()) / float64(s.h)
	}
	p.flat = looksFlat(p.img, p.box) || p.box.In(img.Rect.Inset(1)) && s.topples()
	p.whole = p.box.Size() == img.Rect.Size() && opaque(img)
	return p
}

func alphaBounds(m *image.NRGBA) image.Rectangle {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	x0, y0, x1, y1 := w, h, 0, 0
	for y := range h {
		row := m.Pix[y*m.Stride:][:w*4]
		first := -1
		for x := range w {
			if row[x*4+3] >= visible {
				first = x
				break
			}
		}
		if first < 0 {
			continue
		}
		last := first
		for x := w - 1; x > first; x-- {
			if row[x*4+3] >= visible {
				last = x
				break
			}
		}
		x0, x1 = min(x0, first), max(x1, last+1)
		y0, y1 = min(y0, y), max(y1, y+1)
	}
	if x1 <= x0 {
		return image.Rectangle{}
	}
	return image.Rect(x0, y0, x1, y1)
}

// readColour samples the product for its dominant colour (chroma weighted, so
// a small vivid mark on grey counts but a grey mark on red does not) and for
// its left/right brightness.
func (p *product) readColour() {
	const bins = 24
	var weight, ha, hb, hL [bins]float64
	var sumL, sumA, sumB, left, right, nl, nr float64
	step := max(1, int(math.Sqrt(float64(p.box.Dx()*p.box.Dy())/12000)))
	mid := (p.box.Min.X + p.box.Max.X) / 2
	for y := p.box.Min.Y; y < p.box.Max.Y; y += step {
		for x := p.box.Min.X; x < p.box.Max.X; x += step {
			q := p.img.Pix[y*p.img.Stride+x*4:][:4]
			if q[3] < 200 {
				continue
			}
			c := rgb{toLinear[q[0]], toLinear[q[1]], toLinear[q[2]]}
			v := toLCH(c)
			a, b := v.C*math.Cos(v.H), v.C*math.Sin(v.H)
			p.mass++
			sumL, sumA, sumB = sumL+v.L, sumA+a, sumB+b
			i := int((v.H+math.Pi)/(2*math.Pi)*bins) % bins
			w := v.C * v.C
			weight[i] += w
			ha[i], hb[i], hL[i] = ha[i]+a*w, hb[i]+b*w, hL[i]+v.L*w
			if x < mid {
				left, nl = left+v.L, nl+1
			} else {
				right, nr = right+v.L, nr+1
			}
		}
	}
	if p.mass == 0 {
		return
	}
	best := 0
	at := func(i int) float64 { return weight[(i+bins)%bins]*2 + weight[(i+bins-1)%bins] + weight[(i+1)%bins] }
	for i := range weight {
		if at(i) > at(best) {
			best = i
		}
	}
	mean := lch{sumL / p.mass, math.Hypot(sumA, sumB) / p.mass, math.Atan2(sumB, sumA)}
	p.colour = mean
	if w := weight[best]; w/p.mass > 0.0008 {
		p.colour = lch{mean.L, math.Hypot(ha[best], hb[best]) / w, math.Atan2(hb[best], ha[best])}
	}
	if nl > 0 && nr > 0 {
		l, r := left/nl, right/nr
		p.slope = (r - l) / math.Max(l+r, 0.01)
	}
}

// opaque reports whether every pixel has full alpha.
func opaque(m *image.NRGBA) bool {
	w := m.Rect.Dx()
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:w*4]
		for i := 3; i < len(row); i += 4 {
			if row[i] != 255 {
				return false
			}
		}
	}
	return true
}
