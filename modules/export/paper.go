package export

import (
	"image"
	"math"
)

// The paper backdrop of variants that ask for a scene where none was made: a
// light sweep, and the soft shadow of something that stands on it. Values are
// sRGB, lengths shares of the product's width.
const (
	paperLight   = 246.0
	paperDark    = 226.0
	shadowDeep   = 0.34
	contactDeep  = 0.40
	shadowWide   = 0.62
	shadowHigh   = 0.085
	contactWide  = 0.46
	contactHigh  = 0.022
	minShadowRow = 3.0
)

// onPaper stands the product on light paper.
func onPaper(p Preset, product *image.NRGBA) *image.NRGBA {
	w, h := inScene(product.Rect.Dx(), product.Rect.Dy(), p)
	floor := math.Max(floorShare(p.Aspect())*float64(p.Height), float64(h)+topAir*float64(p.Height))
	floor = math.Min(floor, .96*float64(p.Height))
	out := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	cx := float64(p.Width) / 2
	pw := float64(w)
	for y := range p.Height {
		v := float64(y) / float64(p.Height)
		base := paperLight - (paperLight-paperDark)*v*v
		sy := math.Max(shadowHigh*pw, minShadowRow)
		cy := math.Max(contactHigh*pw, minShadowRow/2)
		ys, yc := (float64(y)-floor)/sy, (float64(y)-floor+cy)/cy
		rs, rc := math.Exp(-ys*ys), math.Exp(-yc*yc)
		for x := range p.Width {
			u := (float64(x) - cx) / pw
			d := 1.0
			if rs > .002 {
				d -= shadowDeep * rs * math.Exp(-(u/shadowWide)*(u/shadowWide)*2)
			}
			if rc > .002 {
				d -= contactDeep * rc * math.Exp(-math.Pow(u/contactWide, 4))
			}
			// half a level of ordered noise keeps the sweep free of bands
			n := float64((x*7+y*13)%16)/16 - .5
			g := base*math.Max(d, 0) + n
			i := out.PixOffset(x, y)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2], out.Pix[i+3] = uint8(g+.5), uint8(g-.5), uint8(g-2.5), 255
		}
	}
	over(out, scaled(product, w, h), image.Pt((p.Width-w)/2, int(floor+.5)-h))
	return out
}
