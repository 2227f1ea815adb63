package scene

// goboKind is a shape cast by something between the light and the set.
type goboKind int

const (
	goboNone goboKind = iota
	goboWindow
	goboLeaf
	goboTrees // sun that falls through the crowns of trees
	goboClear // in an arrangement: none, whatever its set has
)

// paintGobo returns a light mask on the low-resolution grid: 1 is lit, lower is
// shaded. The floor part of an eye-level view is laid down in perspective.
func paintGobo(kind goboKind, w, h int, unit float32, lk *look, f *frame, seed uint64) []float32 {
	r := &rng{seed ^ 0x90b0}
	flatMask := newCanvas(w, h, unit)
	switch kind {
	case goboWindow:
		paintWindowGobo(flatMask, lk, f, r)
	case goboLeaf:
		paintLeafGobo(flatMask, lk, f, r)
	case goboTrees:
		paintTreesGobo(flatMask, f, r)
	}
	radius := 0.016 - 0.009*lk.hardness
	flatMask.lensBlur(radius)
	mask := make([]float32, w*h)
	for y := range h {
		fy := (float32(y) + 0.5) / unit
		for x := range w {
			fx := (float32(x) + 0.5) / unit
			sx, sy := fx, fy
			if !lk.flat && fy > f.edge {
				s, _ := f.floor(fy)
				s0, _ := f.floor(f.edge)
				sy = f.edge + (fy-f.edge)*2.1
				sx = f.cx + (fx-f.cx)*s/s0 + float32(lk.side)*-0.5*(fy-f.edge)
			}
			mx := min(max(int(sx*unit), 0), w-1)
			my := int(sy * unit)
			if my >= h { // mirror, so the pattern goes on below the frame
				my = max(2*h-1-my, 0)
			}
			mask[y*w+x] = flatMask.pix[(my*w+mx)*3]
		}
	}
	boxBlur(mask, w, h, 1, 1, 1)
	return mask
}

func paintWindowGobo(c *canvas, lk *look, f *frame, r *rng) {
	s := float32(lk.side)
	cols, rows := 2, 3
	pw, ph := 0.24*f.w, 0.25*f.h
	x0 := f.cx - s*0.06*f.w - pw*float32(cols)/2 + r.between(-0.04, 0.04)
	slant := -s * 0.34
	c.fill(func(x, y float32) rgb {
		u := (x - x0 - slant*(0.5*f.h-y)) / pw
		v := (y - 0.1*f.h + 0.12*s*(x-f.cx)) / ph
		if u < 0 || v < 0 || u >= float32(cols) || v >= float32(rows) {
			return rgb{}
		}
		u -= float32(int(u))
		v -= float32(int(v))
		if u < 0.05 || u > 0.95 || v < 0.05 || v > 0.95 {
			return rgb{}
		}
		return rgb{1, 1, 1}
	})
}

// paintLeafGobo draws palm fronds reaching in from the light side.
func paintLeafGobo(c *canvas, lk *look, f *frame, r *rng) {
	c.fill(func(x, y float32) rgb { return rgb{1, 1, 1} })
	s := float32(lk.side)
	for i := range 5 {
		x, y := f.cx+s*f.w*r.between(0.3, 0.62), f.h*(float32(i)*0.24-0.12+r.between(-0.05, 0.05))
		a := r.between(0.05, 0.65)
		if s > 0 {
			a = 3.1416 - a
		}
		length := r.between(0.5, 0.75)
		bend := r.between(0.2, 0.6) * -s
		const n = 26
		for j := range n {
			t := float32(j) / n
			aa := a + bend*t
			x += cos32(aa) * length / n
			y += sin32(aa) * length / n
			l := 0.17 * sin32(3.1416*(0.12+0.85*t))
			for _, sign := range []float32{-1, 1} {
				la := aa + sign*(0.95-0.4*t) + r.between(-0.06, 0.06)
				c.leaf(x+cos32(la)*l/2, y+sin32(la)*l/2, l/2, 0.0085, la, rgb{}, 1)
			}
			c.disc(x, y, 0.003, rgb{}, 1)
		}
	}
}

// paintTreesGobo draws patches of sun in the shade of crowns: round, as the sun is, and
// many of them run into each other.
func paintTreesGobo(c *canvas, f *frame, r *rng) {
	c.fill(func(x, y float32) rgb { return rgb{0.25, 0.25, 0.25} })
	for range 26 {
		x, y := r.between(-0.1, 1.1)*f.w, r.between(-0.1, 1.1)*f.h
		for range 7 {
			s := r.between(0.018, 0.075)
			c.leaf(x+r.between(-0.11, 0.11), y+r.between(-0.07, 0.07), s, s*0.8, 0, rgb{1, 1, 1}, r.between(0.25, 0.8))
		}
	}
	c.lensBlur(0.022)
}
