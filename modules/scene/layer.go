package scene

import "image"

// layerPixel reads the ground maps at a picture position and records them in
// the shadow layer. The layer is for editors, which blend in sRGB, so its
// alpha is the gamma-encoded darkening: stacking the layers there gives the
// flattened picture again: about one level off on average, around five where
// a strong reflection is blended (the flattened picture is the exact one).
func (g *ground) layerPixel(encode *[65536]uint16, shadow *image.NRGBA, x, y, row0, row1 int, ty, inv float32) (free float32, m [4]float32) {
	fx := float32(x-g.rect.Min.X) * inv
	x0 := min(int(fx), g.w-1)
	x1 := min(x0+1, g.w-1)
	tx := fx - float32(x0)
	a, b, c, d := row0+x0, row0+x1, row1+x0, row1+x1
	wa, wb, wc, wd := (1-tx)*(1-ty), tx*(1-ty), (1-tx)*ty, tx*ty
	dark := g.density[a]*wa + g.density[b]*wb + g.density[c]*wc + g.density[d]*wd
	free = 1 - dark
	if g.mirror != nil && g.mirror[a*4+3]+g.mirror[d*4+3]+g.mirror[b*4+3]+g.mirror[c*4+3] > 0 {
		for k := range 4 {
			m[k] = g.mirror[a*4+k]*wa + g.mirror[b*4+k]*wb + g.mirror[c*4+k]*wc + g.mirror[d*4+k]*wd
		}
	}
	if dark < 0.002 && m[3] < 0.002 {
		return free, m
	}
	shade := 1 - float32(encode[uint32(clamp01(free)*65535)])*(1.0/65280)
	if g.tint != (rgb{}) {
		// shade of the floor's own colour in the place of black: as dark, and less grey
		shade = min(shade/(1-shadeKeeps*g.tint.luma()), 1)
	}
	al := 1 - (1-shade)*(1-m[3])
	if al <= 0 {
		return free, m
	}
	o := shadow.Pix[(y-g.rect.Min.Y)*shadow.Stride+(x-g.rect.Min.X)*4:][:4]
	// The reflection lies over the shade: where it ends its part ends, too, without a step.
	under := shade * (1 - m[3]) / al
	for c, t := range [3]float32{g.tint.R, g.tint.G, g.tint.B} {
		v := float32(0)
		if m[3] > 0 {
			v = encoded(encode, m[c]/al)
		}
		if t > 0 {
			v += encoded(encode, t*shadeKeeps*shadeKeeps) * under
		}
		o[c] = uint8(min(v, 255) + 0.5)
	}
	o[3] = uint8(clamp01(al)*255 + 0.5)
	return free, m
}

// encoded returns a linear value as sRGB, 0 to 255, not rounded.
func encoded(encode *[65536]uint16, v float32) float32 {
	return float32(encode[uint32(clamp01(v)*65535+0.5)]) * (255.0 / 65280)
}
