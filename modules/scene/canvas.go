package scene

// canvas is a small linear-light picture. Everything that ends up out of focus
// (far background, light maps, light gobos) is painted on one and enlarged.
type canvas struct {
	w, h int
	unit float32 // canvas pixels per scene unit (see frame)
	pix  []float32

	named [shownColours]named // where colours of the palette are seen
}

func newCanvas(w, h int, unit float32) *canvas {
	return &canvas{w: w, h: h, unit: unit, pix: make([]float32, w*h*3)}
}

// fill sets every pixel from its position in scene units.
func (c *canvas) fill(f func(x, y float32) rgb) {
	i := 0
	for y := range c.h {
		fy := (float32(y) + 0.5) / c.unit
		for x := range c.w {
			v := f((float32(x)+0.5)/c.unit, fy)
			c.pix[i], c.pix[i+1], c.pix[i+2] = v.R, v.G, v.B
			i += 3
		}
	}
}

func (c *canvas) blend(i int, v rgb, a float32) {
	c.pix[i] += (v.R - c.pix[i]) * a
	c.pix[i+1] += (v.G - c.pix[i+1]) * a
	c.pix[i+2] += (v.B - c.pix[i+2]) * a
}

func (c *canvas) span(x0, x1 float32, limit int) (int, int) {
	return max(int(x0*c.unit), 0), min(int(x1*c.unit+1), limit)
}

// rect paints a rectangle, lit a little stronger at its top.
func (c *canvas) rect(x0, y0, x1, y1 float32, v rgb, a float32) {
	ax, bx := c.span(x0, x1, c.w)
	ay, by := c.span(y0, y1, c.h)
	for y := ay; y < by; y++ {
		t := (float32(y)/c.unit - y0) / max(y1-y0, 1e-4)
		s := v.scale(1.06 - 0.12*t)
		for x := ax; x < bx; x++ {
			c.blend((y*c.w+x)*3, s, a)
		}
	}
}

// leaf paints a rotated ellipse.
func (c *canvas) leaf(cx, cy, rx, ry, angle float32, v rgb, a float32) {
	m := max(rx, ry)
	ax, bx := c.span(cx-m, cx+m, c.w)
	ay, by := c.span(cy-m, cy+m, c.h)
	ca, sa := cos32(angle), sin32(angle)
	ix, iy := 1/max(rx, 1e-5), 1/max(ry, 1e-5)
	for y := ay; y < by; y++ {
		dy := (float32(y)+0.5)/c.unit - cy
		for x := ax; x < bx; x++ {
			dx := (float32(x)+0.5)/c.unit - cx
			p, q := (dx*ca+dy*sa)*ix, (dy*ca-dx*sa)*iy
			if p*p+q*q < 1 {
				c.blend((y*c.w+x)*3, v, a)
			}
		}
	}
}

func (c *canvas) disc(cx, cy, r float32, v rgb, a float32) { c.leaf(cx, cy, r, r, 0, v, a) }

// glow adds light that fades with a Gaussian profile.
func (c *canvas) glow(cx, cy, rx, ry float32, v rgb) {
	for y := range c.h {
		dy := ((float32(y)+0.5)/c.unit - cy) / ry
		if abs32(dy) > 3 {
			continue
		}
		ey := exp32(-dy * dy)
		for x := range c.w {
			dx := ((float32(x)+0.5)/c.unit - cx) / rx
			if abs32(dx) > 3 {
				continue
			}
			e := ey * exp32(-dx*dx)
			i := (y*c.w + x) * 3
			c.pix[i] += v.R * e
			c.pix[i+1] += v.G * e
			c.pix[i+2] += v.B * e
		}
	}
}
