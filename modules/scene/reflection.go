package scene

import "slices"

// hazeFrom is how far from the floor line a dull floor's reflection has its whole blur, as a
// share of the frame: where the product touches, its reflection is as sharp as itself, and
// keeps the round of a foot.
const hazeFrom = 0.05

// reflect mirrors the product about its floor line; it fades and blurs with
// height, because no table is a perfect mirror.
func (g *ground) reflect(pl *placed, s *silhouette, ft *footing, lk *look, f *frame) {
	if ft.low < 0 {
		return
	}
	g.mirror = make([]float32, g.w*g.h*4)
	cell := f.unit / float32(g.step)
	length := 0.16 * cell
	sharp := max(int(0.0022*cell), 1)
	blur := max(int(0.006*cell), 1)
	if lk.gloss >= 0.4 { // polished
		blur = sharp
	}
	// Work only on the window that can hold a reflection: the product's
	// columns, from the floor line down.
	x0 := max((s.x0-g.rect.Min.X)/g.step-3*blur, 0)
	x1 := min((s.x0-g.rect.Min.X)/g.step+s.w+3*blur, g.w)
	y0 := g.h
	for _, v := range ft.base {
		y0 = min(y0, (int(v)*g.step+s.y0-g.rect.Min.Y)/g.step-3)
	}
	y0 = max(y0, 0)
	w, h := x1-x0, g.h-y0
	if w <= 0 || h <= 0 {
		return
	}
	var image4 [4][]float32
	for c := range image4 {
		image4[c] = make([]float32, w*h)
	}
	fade, far := make([]float32, w*h), make([]float32, w*h)
	pw, ph := pl.rect.Dx(), pl.rect.Dy()
	for x := range w {
		px := g.rect.Min.X + (x+x0)*g.step - pl.rect.Min.X
		sx := (px + pl.rect.Min.X - s.x0) / g.step
		if px < 0 || px >= pw || sx < 0 || sx >= s.w {
			continue
		}
		base := (ft.base[sx]+1)*float32(g.step) + float32(s.y0) // picture row
		for y := range h {
			d := float32(g.rect.Min.Y+(y+y0)*g.step) - base
			if d < -float32(g.step)*2 {
				continue
			}
			sy := int(base - d - float32(pl.rect.Min.Y))
			if sy < 0 || sy >= ph {
				continue
			}
			d = max(d/float32(g.step), 0)
			i := y*w + x
			far[i] = smoothstep(0, hazeFrom*cell, d)
			fade[i] = lk.reflection * exp32(-d/length*1.6) * smoothstep(1.9*length, 0.6*length, d)
			q := pl.lin[(sy*pw+px)*4:][:4]
			for c := range 4 {
				image4[c][i] = q[c]
			}
		}
	}
	boxBlur(fade, w, h, 1, 1, 1)
	for c := range image4 {
		near := image4[c]
		if blur > sharp {
			near = slices.Clone(near)
			boxBlur(near, w, h, sharp, sharp*2, 2)
		}
		boxBlur(image4[c], w, h, blur, blur*2, 2)
		for y := range h {
			for x := range w {
				i := y*w + x
				g.mirror[((y+y0)*g.w+x+x0)*4+c] = (near[i] + (image4[c][i]-near[i])*far[i]) * fade[i]
			}
		}
	}
}
