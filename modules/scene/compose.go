package scene

import (
	"image"
)

// flatten lays shadow, reflection and product over the backdrop in linear
// light. Only the touched rectangle is recomputed; the rest is copied. It also
// returns the shadow and reflection as a layer of their own.
func flatten(b *backdrop, pl *placed, g *ground, lk *look) (flat, shadow *image.NRGBA) {
	flat = image.NewNRGBA(b.img.Rect)
	copy(flat.Pix, b.img.Pix)
	full := b.img.Rect
	shadow = image.NewNRGBA(g.rect)
	encode := encodeTable()
	dither := ditherTile()
	const dm = 1<<ditherBits - 1
	area := g.rect.Union(pl.rect).Intersect(full)
	// Shade keeps a little of the fill light, tinted like the key's opposite.
	fill := [3]float32{0.030, 0.028, 0.030}
	if lk.light.R > lk.light.B {
		fill = [3]float32{0.022, 0.026, 0.036}
	}
	inv := 1 / float32(g.step)
	w, h := pl.rect.Dx(), pl.rect.Dy()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		d := dither[(y&dm)<<ditherBits:][:dm+1]
		lin := b.lin[y*b.W*3:][:b.W*3]
		out := flat.Pix[y*flat.Stride:][:b.W*4]
		py := y - pl.rect.Min.Y
		inGround := y >= g.rect.Min.Y && y < g.rect.Max.Y && g.w > 1 && g.h > 1
		var row0, row1 int
		var ty float32
		if inGround {
			fy := float32(y-g.rect.Min.Y) * inv
			y0 := min(int(fy), g.h-1)
			ty = fy - float32(y0)
			row0, row1 = y0*g.w, min(y0+1, g.h-1)*g.w
		}
		for x := area.Min.X; x < area.Max.X; x++ {
			px := x - pl.rect.Min.X
			var q []float32
			if py >= 0 && py < h && px >= 0 && px < w {
				q = pl.lin[(py*w+px)*4:][:4]
				if q[3] >= 1 {
					s := pl.pix.Pix[py*pl.pix.Stride+px*4:][:4]
					o := out[x*4:][:4]
					o[0], o[1], o[2], o[3] = s[0], s[1], s[2], s[3]
					q = nil
					if !inGround || x < g.rect.Min.X || x >= g.rect.Max.X {
						continue
					}
					// The shadow layer goes on under the product.
					g.layerPixel(encode, shadow, x, y, row0, row1, ty, inv)
					continue
				}
				if q[3] == 0 {
					q = nil
				}
			}
			free := float32(1)
			var m [4]float32
			if inGround && x >= g.rect.Min.X && x < g.rect.Max.X {
				free, m = g.layerPixel(encode, shadow, x, y, row0, row1, ty, inv)
			}
			if free > 0.9995 && m[3] < 0.0005 && q == nil {
				continue
			}
			n := uint32(d[x&dm])
			for c := range 3 {
				v := float32(lin[x*3+c]) * (1.0 / 65535)
				v *= free + (1-free)*fill[c]
				v = v*(1-m[3]) + m[c]
				if q != nil {
					v = v*(1-q[3]) + q[c]
				}
				out[x*4+c] = uint8(min(uint32(encode[uint32(clamp01(v)*65535+0.5)])+n, 65535) >> 8)
			}
		}
	}
	return flat, shadow
}
