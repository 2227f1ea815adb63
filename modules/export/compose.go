package export

import (
	"image"
	"image/color"
	"slices"

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
	case p.Background == channel.Swatch:
		return swatch(l, prod, p)
	case p.Background == channel.Transparent:
		return cropped(p, prod)
	case p.Background == channel.White:
		out := imaging.Filled(p.Width, p.Height, color.NRGBA{255, 255, 255, 255})
		at := placeOnWhite(p, l, prod)
		shadeUnder(out, p, l, prod, at)
		imaging.Over(out, prod.at(at.Dx(), at.Dy()), at.Min)
		return out
	case (l.Backdrop == nil || l.Original) && l.whole():
		return fitted(p, prod)
	case l.Backdrop != nil && l.Original:
		return ofPhoto(p, l)
	case l.Backdrop == nil:
		return onPaper(p, prod)
	case l.ContainsProduct:
		return reframed(p, l, prod)
	}
	return staged(p, l, prod)
}

// placeOnWhite puts the product in the frame: where the photo cut it off it comes out of the frame's
// lower edge, as in its scene, unless the channel refuses products at the edge.
func placeOnWhite(p channel.Preset, l *Layers, prod *product) image.Rectangle {
	at := centred(p, prod)
	if l.Anchor != picture.AnchorBottom || !l.cutBelow() || slices.ContainsFunc(p.Rules, standsClear) {
		return at
	}
	return anchored(picture.AnchorBottom, at, p)
}

// standsClear reports whether a rule refuses a product that touches the frame.
func standsClear(r channel.Rule) bool {
	return r.Severity == channel.Reject && slices.Contains([]string{channel.Cropped, channel.WhiteBorder, channel.SafeWidth, channel.SafeZone}, r.Name)
}

// centred puts the product in the middle of the frame, or where the preset anchors it.
func centred(p channel.Preset, prod *product) image.Rectangle {
	pw, ph := prod.room()
	w, h := fit(pw, ph, p, p.Height)
	y := (p.Height - h) / 2
	margin := min((p.Width-w)/2, y) // as wide as at the sides that are nearest
	switch p.Anchor {
	case channel.Top:
		y = margin
	case channel.Bottom:
		y = p.Height - h - margin
	}
	return prod.within(intoZone(p, image.Rect(0, 0, w, h).Add(image.Pt((p.Width-w)/2, y))))
}

// fit returns the product's size: the preset's share of a frame of that height, and no
// more than its safe zone has room for.
func fit(pw, ph int, p channel.Preset, height int) (int, int) {
	w, h := picture.Fit(pw, ph, p.Width, height, p.Fill)
	if z := p.Zone(); w > z.Dx() || h > z.Dy() {
		return picture.Fit(pw, ph, z.Dx(), z.Dy(), 1)
	}
	return w, h
}

// intoZone moves the product's place into the preset's safe zone, no farther than it has to.
func intoZone(p channel.Preset, at image.Rectangle) image.Rectangle {
	z := p.Zone()
	x := min(max(at.Min.X, z.Min.X), max(z.Min.X, z.Max.X-at.Dx()))
	y := min(max(at.Min.Y, z.Min.Y), max(z.Min.Y, z.Max.Y-at.Dy()))
	return at.Add(image.Pt(x, y).Sub(at.Min))
}

// cropped is the product alone, as large as fits the preset, with a margin of
// the same width on all sides.
func cropped(p channel.Preset, prod *product) *image.NRGBA {
	at, size := croppedPlace(p, prod)
	out := image.NewNRGBA(image.Rectangle{Max: size})
	imaging.Put(out, prod.at(at.Dx(), at.Dy()), at.Min)
	return out
}

// staged recomposes from a product-free backdrop, the shadow and the product.
func staged(p channel.Preset, l *Layers, prod *product) *image.NRGBA {
	s := stage(p, &l.Source)
	out := imaging.Resize(view(l.Backdrop, s.window), p.Width, p.Height)
	if !shadeUnder(out, p, l, prod, s.product) && l.Shadow != nil {
		castInto(out, l.Shadow, s)
	}
	imaging.Over(out, l.shown(p, prod, s.product.Dx(), s.product.Dy()), s.product.Min)
	return out
}

// view is a window of a picture, with the picture's own pixels.
func view(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	v, _ := img.SubImage(r).(*image.NRGBA)
	return v
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
	cast := imaging.Resize(view(shadow, b), to.Dx(), to.Dy())
	imaging.Over(out, cast, to.Min)
	imaging.Recycle(cast)
}
