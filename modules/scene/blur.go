package scene

// lensBlur convolves with a disc, as an open aperture does: highlights turn
// into the round bokeh that a Gaussian cannot give. Row prefix sums make the
// cost proportional to the radius instead of its square.
func (c *canvas) lensBlur(radius float32) {
	r := int(radius*c.unit + 0.5)
	if r < 1 {
		return
	}
	c.shrink(radius * 1.2)
	r = min(r, c.w/2, c.h/2)
	w := c.w
	stride := (w + 1) * 3
	sums := make([]float32, stride*c.h)
	for y := range c.h {
		row, s := c.pix[y*w*3:(y+1)*w*3], sums[y*stride:(y+1)*stride]
		var a, b, d float32
		for x := range w {
			a += row[x*3]
			b += row[x*3+1]
			d += row[x*3+2]
			s[x*3+3], s[x*3+4], s[x*3+5] = a, b, d
		}
	}
	step := max(1, r/9)
	acc := make([]float32, w*3)
	count := make([]float32, w)
	for y := range c.h {
		clear(acc)
		clear(count)
		for dy := -r; dy <= r; dy += step {
			yy := min(max(y+dy, 0), c.h-1)
			hw := int(sqrt32(float32(r*r-dy*dy)) + 0.5)
			s := sums[yy*stride : (yy+1)*stride]
			for x := range w {
				lo, hi := max(x-hw, 0), min(x+hw+1, w)
				acc[x*3] += s[hi*3] - s[lo*3]
				acc[x*3+1] += s[hi*3+1] - s[lo*3+1]
				acc[x*3+2] += s[hi*3+2] - s[lo*3+2]
				count[x] += float32(hi - lo)
			}
		}
		row := c.pix[y*w*3 : (y+1)*w*3]
		for x := range w {
			k := 1 / max(count[x], 1)
			row[x*3], row[x*3+1], row[x*3+2] = acc[x*3]*k, acc[x*3+1]*k, acc[x*3+2]*k
		}
	}
}

// soften is a near-Gaussian blur (two box passes) of all three channels.
func (c *canvas) soften(radius float32) {
	r := int(radius*c.unit + 0.5)
	for ch := range 3 {
		p := make([]float32, c.w*c.h)
		for i := range p {
			p[i] = c.pix[i*3+ch]
		}
		boxBlur(p, c.w, c.h, r, r, 2)
		for i := range p {
			c.pix[i*3+ch] = p[i]
		}
	}
}

// boxBlur blurs a one-channel grid in place; edges repeat.
func boxBlur(p []float32, w, h, rx, ry, passes int) {
	if w == 0 || h == 0 {
		return
	}
	line := make([]float32, max(w, h))
	sum := make([]float32, w)
	var tmp []float32
	if ry > 0 {
		tmp = make([]float32, w*h)
	}
	for range passes {
		if rx > 0 {
			k := 1 / float32(2*rx+1)
			for y := range h {
				row := p[y*w : (y+1)*w]
				copy(line, row)
				var s float32
				for i := -rx; i <= rx; i++ {
					s += line[min(max(i, 0), w-1)]
				}
				for x := range w {
					row[x] = s * k
					s += line[min(x+rx+1, w-1)] - line[max(x-rx, 0)]
				}
			}
		}
		if ry > 0 {
			// All columns advance together so memory is read in order.
			k := 1 / float32(2*ry+1)
			copy(tmp, p)
			clear(sum)
			for i := -ry; i <= ry; i++ {
				row := tmp[min(max(i, 0), h-1)*w:][:w]
				for x, v := range row {
					sum[x] += v
				}
			}
			for y := range h {
				dst := p[y*w:][:w]
				add := tmp[min(y+ry+1, h-1)*w:][:w]
				sub := tmp[max(y-ry, 0)*w:][:w]
				for x := range dst {
					dst[x] = sum[x] * k
					sum[x] += add[x] - sub[x]
				}
			}
		}
	}
}
