package export

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
)

// productMargin is the least air around the product when a flattened scene is
// cropped, as a share of the product's longer side.
const productMargin = 0.06

// reframed crops a scene that holds the product, never cutting it. Where the
// variant's aspect needs more than the scene has, the scene goes on mirrored and
// ever more blurred, as out of focus, so that neither seam nor bar shows. The
// original product is pasted back.
func reframed(p Preset, l *Layers, product *image.NRGBA) *image.NRGBA {
	aspect := p.Aspect()
	bw, bh := float64(l.Box[2]), float64(l.Box[3])
	air := productMargin * math.Max(bw, bh)
	cw, ch := float64(l.Width), float64(l.Height)
	if aspect < cw/ch {
		cw = ch * aspect
	} else {
		ch = cw / aspect
	}
	// grow the window until the product and its air fit
	if k := math.Max((bw+2*air)/cw, (bh+2*air)/ch); k > 1 {
		cw, ch = cw*k, ch*k
	}
	centre := float64(l.Box[0]) + bw/2
	ox := centre - cw/2
	oy := float64(l.Box[1]) + bh/2 - ch/2
	ox = within(ox, cw, float64(l.Width), float64(l.Box[0])-air, float64(l.Box[0])+bw+air)
	oy = within(oy, ch, float64(l.Height), float64(l.Box[1])-air, float64(l.Box[1])+bh+air)

	win := image.Rect(int(math.Floor(ox)), int(math.Floor(oy)), int(math.Floor(ox))+atLeastOne(cw), int(math.Floor(oy))+atLeastOne(ch))
	out := imaging.Resize(extended(l.Backdrop, win), p.Width, p.Height)
	t := float64(p.Width) / float64(win.Dx())
	w, h := atLeastOne(bw*t), atLeastOne(bh*t)
	over(out, scaled(product, w, h), image.Pt(int(math.Round((float64(l.Box[0])-float64(win.Min.X))*t)), int(math.Round((float64(l.Box[1])-float64(win.Min.Y))*t))))
	return out
}

// within shifts a window of a length into 0..limit where it fits, and keeps
// from..to inside it.
func within(at, length, limit, from, to float64) float64 {
	if length <= limit {
		at = clamp(at, 0, limit-length)
	}
	return clamp(at, to-length, from)
}

// extended copies a window that may stick out of the picture. Outside, the
// picture goes on mirrored; the farther out, the more it is blurred.
func extended(img *image.NRGBA, win image.Rectangle) *image.NRGBA {
	if win.In(img.Rect) {
		return part(img, float64(win.Min.X), float64(win.Min.Y), float64(win.Dx()), float64(win.Dy()))
	}
	out := image.NewNRGBA(image.Rect(0, 0, win.Dx(), win.Dy()))
	levels := pyramid(img)
	for y := range win.Dy() {
		for x := range win.Dx() {
			sx, sy := win.Min.X+x, win.Min.Y+y
			d := math.Max(outside(sx, img.Rect.Dx()), outside(sy, img.Rect.Dy()))
			// blur grows with the distance: a level every doubling
			level := math.Min(math.Log2(1+d/4), float64(len(levels)-1))
			lo := int(level)
			hi := min(lo+1, len(levels)-1)
			f := level - float64(lo)
			mx, my := mirror(sx, img.Rect.Dx()), mirror(sy, img.Rect.Dy())
			a, b := sample(levels[lo], mx, my, lo), sample(levels[hi], mx, my, hi)
			i := out.PixOffset(x, y)
			for c := range 3 {
				out.Pix[i+c] = uint8(a[c]*(1-f) + b[c]*f + .5)
			}
			out.Pix[i+3] = 255
		}
	}
	return out
}

func outside(v, n int) float64 { return float64(max(-v, v-n+1, 0)) }

func mirror(v, n int) int {
	period := 2 * n
	v = ((v % period) + period) % period
	if v >= n {
		v = period - 1 - v
	}
	return v
}

// pyramid halves the picture until it is small.
func pyramid(img *image.NRGBA) []*image.NRGBA {
	out := []*image.NRGBA{img}
	for w, h := img.Rect.Dx()/2, img.Rect.Dy()/2; w >= 8 && h >= 8; w, h = w/2, h/2 {
		out = append(out, imaging.Resize(out[len(out)-1], w, h))
	}
	return out
}

// sample reads a level between its pixels; x, y are of level 0.
func sample(img *image.NRGBA, x, y, level int) [3]float64 {
	k := math.Ldexp(1, -level)
	fx, fy := clamp((float64(x)+.5)*k-.5, 0, float64(img.Rect.Dx()-1)), clamp((float64(y)+.5)*k-.5, 0, float64(img.Rect.Dy()-1))
	x0, y0 := int(fx), int(fy)
	x1, y1 := min(x0+1, img.Rect.Dx()-1), min(y0+1, img.Rect.Dy()-1)
	u, v := fx-float64(x0), fy-float64(y0)
	a, b, c, d := img.Pix[img.PixOffset(x0, y0):], img.Pix[img.PixOffset(x1, y0):], img.Pix[img.PixOffset(x0, y1):], img.Pix[img.PixOffset(x1, y1):]
	var out [3]float64
	for i := range out {
		out[i] = (float64(a[i])*(1-u)+float64(b[i])*u)*(1-v) + (float64(c[i])*(1-u)+float64(d[i])*u)*v
	}
	return out
}
