package scene

import "math"

// A photographed plate and a product come from two cameras. The product's pixels stay as
// they are, so the plate takes its grain and, where it is sharper, its sharpness.
const (
	grainBlock  = 8    // side of the blocks that are looked at, in pixels
	grainShare  = 0.25 // the flattest blocks count: the others have texture
	grainLeast  = 0.4  // levels that make a difference
	grainMost   = 5    // levels that are added at most
	grainKept   = 0.35 // of a plate's own grain, at least
	softMost    = 1.4  // standard deviation of the blur, in pixels, at most
	softLeast   = 0.35
	edgeLevels  = 36 // contrast over four pixels that makes an edge
	edgesEnough = 60
	edgeShare   = 0.7 // the sharper edges count: the others are out of focus
)

// grey is a picture's luminance in levels; ok is false where it is not looked at.
type grey struct {
	w, h int
	at   func(x, y int) (v float32, ok bool)
}

// grain returns the standard deviation of the fine noise in the flat parts of a picture, in
// levels, after Immerkær (1996); ok is false where no part is flat.
func (g grey) grain() (levels float64, ok bool) {
	var found []float64
	for y := 1; y+grainBlock < g.h; y += grainBlock {
	blocks:
		for x := 1; x+grainBlock < g.w; x += grainBlock {
			sum := float32(0)
			for v := y; v < y+grainBlock; v += 2 {
				for u := x; u < x+grainBlock; u += 2 {
					var n [9]float32
					for i := range n {
						p, seen := g.at(u+i%3-1, v+i/3-1)
						if !seen || p < 12 || p > 243 {
							continue blocks
						}
						n[i] = p
					}
					sum += abs32(n[0] - 2*n[1] + n[2] - 2*n[3] + 4*n[4] - 2*n[5] + n[6] - 2*n[7] + n[8])
				}
			}
			found = append(found, float64(sum)/(grainBlock*grainBlock/4)*math.Sqrt(math.Pi/2)/6)
		}
	}
	if len(found) == 0 {
		return 0, false
	}
	return quantile(found, grainShare), true
}

// softness returns the blur of a picture's sharper edges as the standard deviation of a
// Gaussian, in pixels; ok is false where it has too few.
func (g grey) softness() (sigma float64, ok bool) {
	var steep []float64
	for y := 0; y < g.h; y += 2 {
	places:
		for x := 3; x+3 < g.w; x++ {
			a, ok1 := g.at(x-2, y)
			b, ok2 := g.at(x+2, y)
			if !ok1 || !ok2 || abs32(a-b) < edgeLevels {
				continue
			}
			before, most, far := a, float32(0), float32(0)
			for i := -1; i <= 2; i++ {
				v, seen := g.at(x+i, y)
				if !seen {
					continue places
				}
				most, far = max(most, abs32(v-before)), far+abs32(v-before)
				before = v
			}
			if far > 1.15*abs32(a-b) { // not one edge
				continue
			}
			// its middle, where the contrast is the most
			p, ok1 := g.at(x-3, y)
			q, ok2 := g.at(x+3, y)
			c, _ := g.at(x-1, y)
			d, _ := g.at(x+1, y)
			if !ok1 || !ok2 || abs32(p-d) > abs32(a-b) || abs32(c-q) > abs32(a-b) {
				continue
			}
			steep = append(steep, float64(most/abs32(a-b)))
		}
	}
	if len(steep) < edgesEnough {
		return 0, false
	}
	ratio := quantile(steep, edgeShare)
	low, high := 0.05, 4.0
	for range 30 {
		mid := (low + high) / 2
		if math.Erf(0.5/mid/math.Sqrt2)/math.Erf(2/mid/math.Sqrt2) > ratio {
			low = mid
		} else {
			high = mid
		}
	}
	return low, true
}

// luma returns a pixel's luminance in levels, of its encoded values.
func luma(p []uint8) float32 {
	return 0.2126*float32(p[0]) + 0.7152*float32(p[1]) + 0.0722*float32(p[2])
}

// grey is the placed product, where it is opaque.
func (pl *placed) grey() grey {
	r := pl.pix.Rect
	return grey{r.Dx(), r.Dy(), func(x, y int) (float32, bool) {
		p := pl.pix.Pix[y*pl.pix.Stride+x*4:][:4]
		return luma(p), p[3] == 255
	}}
}

// grey is the part of the plate at the product's height and below.
func (b *backdrop) grey(from int) grey {
	from = min(max(from, 0), b.H/2)
	return grey{b.W, b.H - from, func(x, y int) (float32, bool) {
		return luma(b.img.Pix[(y+from)*b.img.Stride+x*4:]), true
	}}
}

// match gives a plate the product's grain and softness.
func (b *backdrop) match(pl *placed) {
	product, plate := pl.grey(), b.grey(pl.rect.Min.Y)
	want, ok1 := product.softness()
	have, ok2 := plate.softness()
	if ok1 && ok2 && want > have {
		if s := min(math.Sqrt(want*want-have*have), softMost); s >= softLeast {
			b.soften(s)
		}
	}
	want, ok1 = product.grain()
	have, ok2 = plate.grain()
	switch {
	case !ok1 || !ok2:
	case want > have+grainLeast:
		b.addGrain(min(math.Sqrt(want*want-have*have), grainMost))
	case have > want+grainLeast:
		b.calm(have, max(want/have, grainKept))
	}
}

// soften blurs the plate by a Gaussian, in linear light.
func (b *backdrop) soften(sigma float64) {
	const reach = 3
	var taps [2*reach + 1]float32
	sum := float32(0)
	for i := range taps {
		d := float64(i - reach)
		taps[i] = float32(math.Exp(-d * d / (2 * sigma * sigma)))
		sum += taps[i]
	}
	for i := range taps {
		taps[i] /= sum
	}
	line := make([]float32, max(b.W, b.H)*3)
	pass := func(n, at, step int) {
		for i := range n {
			for c := range 3 {
				line[i*3+c] = float32(b.lin[at+i*step+c])
			}
		}
		for i := range n {
			for c := range 3 {
				v := float32(0)
				for k, w := range taps {
					v += w * line[min(max(i+k-reach, 0), n-1)*3+c]
				}
				b.lin[at+i*step+c] = uint16(v + 0.5)
			}
		}
	}
	for y := range b.H {
		pass(b.W, y*b.W*3, 3)
	}
	for x := range b.W {
		pass(b.H, x*3, b.W*3)
	}
	b.encodeAll()
}

// shift changes a pixel of the plate by so many levels.
func (b *backdrop) shift(x, y int, levels float32) {
	p, l := b.img.Pix[y*b.img.Stride+x*4:][:3], b.lin[(y*b.W+x)*3:][:3]
	for c := range p {
		p[c] = uint8(min(max(float32(p[c])+levels, 0), 255) + 0.5)
		l[c] = uint16(toLinear[p[c]]*65535 + 0.5)
	}
}

// addGrain adds noise of so many levels, less of it in what is nearly black or white, as
// film and sensors have it. It is the same for the same plate.
func (b *backdrop) addGrain(levels float64) {
	for y := range b.H {
		for x := range b.W {
			h := hash64(uint64(y)<<32 | uint64(x))
			// the sum of four even values is nearly normal; its deviation is 1
			n := float32(h&0xffff+h>>16&0xffff+h>>32&0xffff+h>>48)/65535 - 2
			v := luma(b.img.Pix[y*b.img.Stride+x*4:]) / 255
			b.shift(x, y, n*1.732*float32(levels)*min(0.3+2.8*v*(1-v), 1))
		}
	}
}

// calm takes fine noise of so many levels down to a share of it and leaves edges alone.
func (b *backdrop) calm(levels float64, share float64) {
	rows := make([]float32, 3*b.W)
	read := func(y int) {
		y = min(max(y, 0), b.H-1)
		row := rows[(y%3)*b.W:][:b.W]
		for x := range row {
			row[x] = luma(b.img.Pix[y*b.img.Stride+x*4:])
		}
	}
	read(0)
	read(1)
	limit := float32(2.5 * levels)
	for y := range b.H {
		if y > 0 && y+1 < b.H {
			read(y + 1)
		}
		up, on, down := rows[(max(y-1, 0)%3)*b.W:][:b.W], rows[(y%3)*b.W:][:b.W], rows[(min(y+1, b.H-1)%3)*b.W:][:b.W]
		for x := range b.W {
			l, r := max(x-1, 0), min(x+1, b.W-1)
			mean := (up[l] + up[x] + up[r] + on[l] + on[x] + on[r] + down[l] + down[x] + down[r]) / 9
			off := on[x] - mean
			if k := smoothstep(limit, limit*0.6, abs32(off)); k > 0 {
				b.shift(x, y, -off*k*float32(1-share))
			}
		}
	}
}
