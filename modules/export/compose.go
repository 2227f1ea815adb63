package export

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// A variant is recomposed, not letterboxed: the backdrop is cropped to the
// variant's aspect, the product and its shadow are scaled together and stood on
// the floor again, and the product's pixels come from the photo's cut-out.

// compose draws a variant from sound layers.
func compose(p channel.Preset, l *Layers, prod *product) *image.NRGBA {
	switch {
	case p.Background == channel.Transparent:
		return cropped(p, prod)
	case p.Background == channel.White:
		out := filled(p.Width, p.Height, color.NRGBA{255, 255, 255, 255})
		at := centred(p, prod)
		imaging.Over(out, prod.at(at.Dx(), at.Dy()), at.Min)
		return out
	case l.Backdrop == nil && l.whole():
		return fitted(p, prod)
	case l.Backdrop == nil:
		return onPaper(p, prod)
	case l.ContainsProduct:
		return reframed(p, l, prod)
	}
	return staged(p, l, prod)
}

// centred puts the product in the middle of the frame.
func centred(p channel.Preset, prod *product) image.Rectangle {
	pw, ph := prod.size()
	w, h := picture.Fit(pw, ph, p.Width, p.Height, p.Fill)
	at := image.Pt((p.Width-w)/2, (p.Height-h)/2)
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// cropped is the product alone, as large as fits the preset, with a margin of
// the same width on all sides.
func cropped(p channel.Preset, prod *product) *image.NRGBA {
	at, size := croppedPlace(p, prod)
	out := image.NewNRGBA(image.Rectangle{Max: size})
	draw.Draw(out, at, prod.at(at.Dx(), at.Dy()), image.Point{}, draw.Src)
	return out
}

func filled(w, h int, c color.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return out
}

// staged recomposes from a product-free backdrop, the shadow and the product.
func staged(p channel.Preset, l *Layers, prod *product) *image.NRGBA {
	s := stage(p, &l.Source)
	out := imaging.Resize(part(l.Backdrop, s.window), p.Width, p.Height)
	if l.Shadow != nil {
		castInto(out, l.Shadow, s)
	}
	imaging.Over(out, prod.at(s.product.Dx(), s.product.Dy()), s.product.Min)
	return out
}

// part copies a window of a picture.
func part(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	r = r.Intersect(img.Rect)
	out := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Rect, img, r.Min, draw.Src)
	return out
}

// castInto scales the visible part of the shadow with the product and lays it
// into the variant.
func castInto(out, shadow *image.NRGBA, s staging) {
	b := imaging.AlphaBounds(shadow, 1)
	if b.Empty() {
		return
	}
	// the edges are rounded, and not the size, so that shadow and product meet
	to := image.Rectangle{s.point(b.Min), s.point(b.Max)}
	imaging.Over(out, imaging.Resize(part(shadow, b), to.Dx(), to.Dy()), to.Min)
}
