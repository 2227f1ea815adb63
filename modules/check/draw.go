package check

import (
	"image"
	"image/color"
	"slices"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// The colours in which reasons are drawn.
var (
	inkBad  = color.NRGBA{214, 0, 60, 255}   // what must not be there
	inkDim  = color.NRGBA{120, 40, 200, 255} // a shadow
	inkBox  = color.NRGBA{0, 110, 230, 255}  // where the product is
	inkZone = color.NRGBA{0, 140, 90, 255}   // where it should be
)

// Draw returns the picture, flattened on a pattern and at most side pixels long, with
// the reasons for which rules are broken drawn on it: areas that are not white, the
// shadow, the product's box, the sides at which it is cut off, loose parts, the zone.
func (p *Picture) Draw(side int, broken []channel.Rule) *image.NRGBA {
	w, h := p.Image.Rect.Dx(), p.Image.Rect.Dy()
	k := min(1, float64(side)/float64(max(w, h)))
	out := imaging.Resize(p.Image, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	chequer(out)
	at := func(r image.Rectangle) image.Rectangle {
		kx, ky := float64(out.Rect.Dx())/float64(w), float64(out.Rect.Dy())/float64(h)
		return image.Rect(int(float64(r.Min.X)*kx), int(float64(r.Min.Y)*ky), int(float64(r.Max.X)*kx+.999), int(float64(r.Max.Y)*ky+.999)).Intersect(out.Rect)
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(broken, func(r channel.Rule) bool { return slices.Contains(names, r.Name) })
	}
	cells := func(list []int, g *ground, ink color.NRGBA) {
		for _, c := range list {
			tint(out, at(image.Rect(c%g.gw*cell, c/g.gw*cell, (c%g.gw+1)*cell, (c/g.gw+1)*cell)), ink)
		}
	}
	if has(channel.WhiteBackground, channel.PlainBackground) {
		g := p.ground(has(channel.PlainBackground))
		cells(g.off, g, inkBad)
	}
	if has(channel.NoShadow) {
		g := p.ground(!imaging.Opaque(p.Image))
		cells(g.dim, g, inkDim)
	}
	if has(channel.WhiteBorder) {
		outline(out, out.Rect, 3, inkBad)
	}
	if has(channel.Residue, channel.ObjectsAtMost) {
		for _, one := range p.product().parts {
			if !one.object || has(channel.ObjectsAtMost) {
				outline(out, at(one.box).Inset(-3).Intersect(out.Rect), 2, inkBad)
			}
		}
	}
	for _, r := range broken {
		if r.Name == channel.SafeZone && len(r.Box) == 4 {
			zone := image.Rect(int(r.Box[0]*float64(w)), int(r.Box[1]*float64(h)), int(r.Box[2]*float64(w)), int(r.Box[3]*float64(h)))
			outline(out, at(zone), 2, inkZone)
		}
		if r.Name == channel.SafeWidth {
			m := int((1 - r.Limit) / 2 * float64(w))
			outline(out, at(image.Rect(m, 0, w-m, h)), 2, inkZone)
		}
	}
	if has(channel.FillAtLeast, channel.FillAtMost, channel.ProductSide, channel.SafeZone, channel.SafeWidth, channel.Sharpness) {
		outline(out, at(p.product().box), 2, inkBox)
	}
	if has(channel.Cropped) {
		p.drawCut(out)
	}
	return out
}

// drawCut draws a bar at each side at which the product leaves the frame.
func (p *Picture) drawCut(out *image.NRGBA) {
	const bar = 5
	r := out.Rect
	b := p.product().box
	if b.Min.X == 0 {
		fill(out, image.Rect(0, 0, bar, r.Max.Y), inkBad)
	}
	if b.Min.Y == 0 {
		fill(out, image.Rect(0, 0, r.Max.X, bar), inkBad)
	}
	if b.Max.X == p.Image.Rect.Dx() {
		fill(out, image.Rect(r.Max.X-bar, 0, r.Max.X, r.Max.Y), inkBad)
	}
	if b.Max.Y == p.Image.Rect.Dy() {
		fill(out, image.Rect(0, r.Max.Y-bar, r.Max.X, r.Max.Y), inkBad)
	}
}

func fill(img *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	r = r.Intersect(img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			img.SetNRGBA(x, y, c)
		}
	}
}

func outline(img *image.NRGBA, r image.Rectangle, thick int, c color.NRGBA) {
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+thick), c)
	fill(img, image.Rect(r.Min.X, r.Max.Y-thick, r.Max.X, r.Max.Y), c)
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Min.X+thick, r.Max.Y), c)
	fill(img, image.Rect(r.Max.X-thick, r.Min.Y, r.Max.X, r.Max.Y), c)
}

// tint lays a colour over an area, half of it.
func tint(img *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			o := img.NRGBAAt(x, y)
			img.SetNRGBA(x, y, color.NRGBA{uint8((int(o.R) + int(c.R)) / 2), uint8((int(o.G) + int(c.G)) / 2), uint8((int(o.B) + int(c.B)) / 2), 255})
		}
	}
}

// chequer flattens a picture on the pattern that stands for transparency.
func chequer(img *image.NRGBA) {
	const square = 8
	if img.Opaque() {
		return
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		for x := range w {
			p := img.Pix[y*img.Stride+4*x:][:4]
			under := 255
			if (x/square+y/square)%2 == 0 {
				under = 220
			}
			a := int(p[3])
			for i := range 3 {
				p[i] = uint8((int(p[i])*a + under*(255-a)) / 255)
			}
			p[3] = 255
		}
	}
}
