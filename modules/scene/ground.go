package scene

import (
	"image"
	"math"
)

// ground is the product's effect on the set: how much light it takes away and
// what it mirrors, on a grid of `step` output pixels per cell.
type ground struct {
	rect    image.Rectangle
	step    int
	w, h    int
	density []float32
	mirror  []float32 // premultiplied linear RGBA, nil when not glossy
	tint    rgb       // what the floor's shade keeps of its colour
}

func castGround(pl *placed, b *backdrop, lk *look, harmony float32) *ground {
	f := &b.frame
	step := max(1, int(f.unit/900+0.5))
	pw, ph := pl.rect.Dx(), pl.rect.Dy()
	pad := int(0.10 * f.unit)
	r := pl.rect.Inset(-pad)
	if !lk.flat {
		across, near := lk.cast.reach()
		r.Min.X -= int(across * float32(min(ph, pw*3)))
		r.Max.X += int(across * float32(min(ph, pw*3)))
		r.Max.Y += int(near * float32(ph))
		if lk.reflection > 0 {
			r.Max.Y = max(r.Max.Y, pl.rect.Max.Y+int(0.34*f.unit))
		}
		// Nothing is cast above the floor, apart from what blurs upwards.
		r.Min.Y = max(r.Min.Y, int((f.edge-0.2)*f.unit))
	}
	r = r.Intersect(image.Rect(0, 0, f.W, f.H))
	// Align to the grid so that results do not depend on the product's size.
	r.Min.X -= r.Min.X % step
	r.Min.Y -= r.Min.Y % step
	g := &ground{rect: r, step: step, w: r.Dx()/step + 1, h: r.Dy()/step + 1, tint: lk.tint}
	if r.Empty() {
		g.w, g.h = 0, 0
		return g
	}
	g.density = make([]float32, g.w*g.h)

	// The grid covers only part of the frame; the silhouette is needed whole.
	sil := newSilhouette(pl, step)
	if lk.flat {
		g.flatShadow(sil, lk, f)
	} else {
		foot := sil.footing()
		g.standingShadow(sil, foot, lk, f, harmony)
		if lk.reflection > 0 {
			g.reflect(pl, sil, foot, lk, f)
		}
	}
	if k := lk.cast.deeper; k > 1 {
		for i, v := range g.density {
			g.density[i] = 1 - float32(math.Pow(float64(1-v), float64(k)))
		}
	}
	g.applyCatch(b)
	g.fadeOut(pl.rect, f)
	return g
}

// applyCatch removes the shadow and reflection that would fall beside the floor.
func (g *ground) applyCatch(b *backdrop) {
	for y := range g.h {
		cy := float32(g.rect.Min.Y+y*g.step)/b.catchStep - 0.5
		y0 := min(max(int(cy), 0), b.catchH-1)
		y1 := min(y0+1, b.catchH-1)
		ty := clamp01(cy - float32(y0))
		for x := range g.w {
			cx := float32(g.rect.Min.X+x*g.step)/b.catchStep - 0.5
			x0 := min(max(int(cx), 0), b.catchW-1)
			x1 := min(x0+1, b.catchW-1)
			tx := clamp01(cx - float32(x0))
			a := b.catch[y0*b.catchW+x0]*(1-tx) + b.catch[y0*b.catchW+x1]*tx
			c := b.catch[y1*b.catchW+x0]*(1-tx) + b.catch[y1*b.catchW+x1]*tx
			k := a + (c-a)*ty
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
