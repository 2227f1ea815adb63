package scene

import "image"

// lightSide guesses where the product was lit from; LightAuto when unclear.
func (p *product) lightSide() Light {
	switch {
	case p.slope > 0.025:
		return LightRight
	case p.slope < -0.025:
		return LightLeft
	}
	return LightAuto
}

// looksFlat tells garments laid out flat from standing goods: they are nearly
// mirror-symmetric, widest at the sleeves, and end in a broad hem.
func looksFlat(m *image.NRGBA, box image.Rectangle) bool {
	const n = 48
	aspect := float64(box.Dx()) / float64(box.Dy())
	if box.Dx() < n || box.Dy() < n || aspect < 0.7 || aspect > 1.5 {
		return false
	}
	var grid [n][n]bool
	var width [n]int
	filled, same := 0, 0
	for y := range n {
		for x := range n {
			sx, sy := box.Min.X+(2*x+1)*box.Dx()/(2*n), box.Min.Y+(2*y+1)*box.Dy()/(2*n)
			grid[y][x] = m.Pix[sy*m.Stride+sx*4+3] > 127
		}
	}
	for y := range n {
		first, last := n, -1
		for x := range n {
			if grid[y][x] {
				filled++
				first, last = min(first, x), x
				if grid[y][n-1-x] {
					same++
				}
			}
		}
		width[y] = max(last-first+1, 0)
	}
	if filled == 0 || float64(same)/float64(filled) < 0.9 || float64(filled)/(n*n) < 0.55 {
		return false
	}
	upper, lower := 0, 0
	for y := n / 8; y < n*45/100; y++ {
		upper = max(upper, width[y])
	}
	for y := n * 70 / 100; y < n*95/100; y++ {
		lower = max(lower, width[y])
	}
	hem := float64(width[n-3]) / n
	return float64(upper)/float64(max(lower, 1)) > 1.2 && hem > 0.4
}

// The lower part of a product on which it stands, and by how much its middle may lie beside
// that, as shares of its height and width.
const (
	standsOn = 0.2
	leans    = 0.1
)

// topples reports whether a product could not stand as the photo shows it, its middle being
// beside what it would stand on: a watch or a strap that lies across the picture.
func (s *silhouette) topples() bool {
	first, last := s.w, -1
	sum, n := 0.0, 0.0
	for y := range s.h {
		for x := range s.w {
			if s.a[y*s.w+x] <= 0.5 {
				continue
			}
			sum, n = sum+float64(x)+0.5, n+1
			if float64(y) >= (1-standsOn)*float64(s.h) {
				first, last = min(first, x), max(last, x+1)
			}
		}
	}
	if n == 0 || last < 0 {
		return false
	}
	return max(float64(first)-sum/n, sum/n-float64(last)) > leans*float64(s.w)
}
