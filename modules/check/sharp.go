package check

import "image"

const (
	edgeReach = 24   // pixels over which an edge is looked at
	edgeLeast = 12   // levels that it takes, at least
	edgeRows  = 60   // rows of a product that are looked at, at least, where it has them
	edgeMany  = 2000 // strong places that tell of a product by themselves, without its outline
)

// sharpness is the part of an edge's contrast that it takes in one pixel: .5 at a sharp
// edge, below .1 where all is blurred. It is that of the sharpest tenth of the product's
// strong edges, as a part of it may lie out of focus. They are those inside the product, and
// its outline where it has few, since whoever cuts out a blurred product gives it a sharp
// outline. A product without edges counts as sharp.
func (p *product) sharpness(img *image.NRGBA) float64 {
	for _, inside := range []bool{true, false} {
		if v, ok := p.steepness(img, inside); ok {
			return v
		}
	}
	return 1
}

// steepness measures the edges along rows, inside the product alone or in its box. ok is
// false where there are too few.
func (p *product) steepness(img *image.NRGBA, inside bool) (v float64, ok bool) {
	box := p.box
	if box.Dx() <= 2*edgeReach || box.Dy() <= 2*edgeReach {
		return 0, false
	}
	step := max(1, min(box.Dx()*box.Dy()/400_000, box.Dy()/edgeRows)) // rows are left out of large products
	var wide [256]int
	n := 0
	p.eachEdge(img, inside, step, func(levels []int) {
		wide[distance(levels[0], levels[edgeReach])]++
		n++
	})
	strongest := quantile(wide[:], n, 200)
	if strongest < edgeLeast {
		return 0, false
	}
	strong := max(edgeLeast, 7*strongest/10)
	const bins = 100
	var ratios [bins + 1]int
	n = 0
	p.eachEdge(img, inside, step, func(levels []int) {
		far := distance(levels[0], levels[edgeReach])
		if far < strong {
			return
		}
		near := 0 // over two pixels, which noise changes less
		for i := range edgeReach - 1 {
			near = max(near, distance(levels[i], levels[i+2]))
		}
		ratios[min(bins, bins*near/(2*far))]++
		n++
	})
	if inside && n < edgeMany/step {
		return 0, false
	}
	return float64(quantile(ratios[:], n, 10)) / bins, true
}

// eachEdge calls a function with the brightness of edgeReach + 1 pixels beside each other,
// for each such stretch of every step-th row of the product's box.
func (p *product) eachEdge(img *image.NRGBA, inside bool, step int, look func(levels []int)) {
	levels := make([]int, p.box.Dx())
	for y := p.box.Min.Y; y < p.box.Max.Y; y += step {
		out := -1 // the last pixel that is not the product's
		for i := range levels {
			x := p.box.Min.X + i
			c := img.Pix[y*img.Stride+4*x:]
			levels[i] = (2*int(c[0]) + 5*int(c[1]) + int(c[2])) >> 3
			if inside && p.mask[y*p.w+x] == 0 {
				out = i
			}
			if first := i - edgeReach; first > out {
				look(levels[first : i+1])
			}
		}
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// quantile is the value that one in some exceed.
func quantile(histogram []int, n, some int) int {
	left := n / some
	for v := len(histogram) - 1; v > 0; v-- {
		if left -= histogram[v]; left < 0 {
			return v
		}
	}
	return 0
}
