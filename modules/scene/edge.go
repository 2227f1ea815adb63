package scene

import "image"

// edgeFade is the share of the frame, from each side and from below, over which
// shadow and reflection fade out. The layer is moved and scaled for other formats,
// where the end of this frame would otherwise show as a line.
const edgeFade = 0.12

// roomFade bounds it by the room between the frame's edge and the product.
const roomFade = 0.85

// fadeOut lets the ground's maps end softly before the frame does. It leaves
// alone what lies close to the product, so that contact stays.
func (g *ground) fadeOut(product image.Rectangle, f *frame) {
	// ramp rises from 0 at the frame's edge to 1.
	ramp := func(distance, room float32, side int) float32 {
		width := min(edgeFade*float32(side), room*roomFade)
		if width < 1 {
			return 1
		}
		return smoothstep(0, width, distance)
	}
	cols := make([]float32, g.w)
	for x := range cols {
		at := float32(g.rect.Min.X + x*g.step)
		cols[x] = ramp(at, float32(product.Min.X), f.W) * ramp(float32(f.W-1)-at, float32(f.W-product.Max.X), f.W)
	}
	for y := range g.h {
		at := float32(g.rect.Min.Y + y*g.step)
		row := ramp(float32(f.H-1)-at, float32(f.H-product.Max.Y), f.H)
		for x, col := range cols {
			k := row * col
			if k == 1 {
				continue
			}
			i := y*g.w + x
			g.density[i] *= k
			if g.mirror != nil {
				for c := range 4 {
					g.mirror[i*4+c] *= k
				}
			}
		}
	}
}
