package shade

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
)

const (
	softBy       = 0.02 // radius of what is softened, of the product's longer side
	softStrength = 0.65

	// rimClear is the rim of a frame that no shadow touches, and fading the width over which
	// one ends before it, as shares of the frame's shorter side.
	rimClear = 0.02
	fading   = 0.10
)

// Place returns where a layer comes to lie that covers a part of a cut-out, when the part
// within bounds is shown at a place.
func Place(covers, bounds, at image.Rectangle) image.Rectangle {
	kx, ky := float64(at.Dx())/float64(bounds.Dx()), float64(at.Dy())/float64(bounds.Dy())
	to := func(p image.Point) image.Point {
		return image.Pt(at.Min.X+int(math.Round(float64(p.X-bounds.Min.X)*kx)), at.Min.Y+int(math.Round(float64(p.Y-bounds.Min.Y)*ky)))
	}
	return image.Rectangle{to(covers.Min), to(covers.Max)}
}

// Lay lays a layer's shadow into a picture. to is where the layer comes to lie; product is
// where the product does. Nothing of it touches the picture's rim, and it ends softly
// where the layer does.
func Lay(out, layer *image.NRGBA, to, product image.Rectangle, soften bool) {
	seen := imaging.AlphaBounds(layer, 1)
	if seen.Empty() || to.Empty() {
		return
	}
	kx, ky := float64(to.Dx())/float64(layer.Rect.Dx()), float64(to.Dy())/float64(layer.Rect.Dy())
	at := func(p image.Point) image.Point {
		return to.Min.Add(image.Pt(int(float64(p.X)*kx+.5), int(float64(p.Y)*ky+.5)))
	}
	r := 0
	if soften {
		r = max(1, int(softBy*float64(max(product.Dx(), product.Dy()))/kx))
		seen = seen.Inset(-3 * r).Intersect(layer.Rect)
	}
	w, h := seen.Dx(), seen.Dy()
	alpha := make([]float64, w*h)
	edge := max(2, int(fading*float64(min(layer.Rect.Dx(), layer.Rect.Dy()))))
	for y := range h {
		for x := range w {
			px, py := seen.Min.X+x, seen.Min.Y+y
			end := min(px, py, layer.Rect.Dx()-1-px, layer.Rect.Dy()-1-py)
			alpha[y*w+x] = float64(layer.Pix[layer.PixOffset(px, py)+3]) / 255 * smooth(0, float64(edge), float64(end))
		}
	}
	if soften {
		for range 3 {
			blur(alpha, w, h, r)
		}
	}
	part := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, a := range alpha {
		if soften {
			a *= softStrength
		}
		part.Pix[4*i+3] = uint8(a*255 + .5)
	}
	place := image.Rectangle{at(seen.Min), at(seen.Max)}
	if place.Empty() || place.Dx()*place.Dy() > imaging.MaxPixels {
		return
	}
	laid := imaging.Resize(part, place.Dx(), place.Dy())
	offRim(laid, place.Min, out.Rect)
	imaging.Over(out, laid, place.Min)
}

// offRim lets a shadow that lies at a point of a frame end before the frame's rim.
func offRim(laid *image.NRGBA, at image.Point, frame image.Rectangle) {
	side := float64(min(frame.Dx(), frame.Dy()))
	from, full := rimClear*side, (rimClear+fading)*side
	for y := range laid.Rect.Dy() {
		row := laid.Pix[laid.PixOffset(0, y):]
		fy := at.Y + y - frame.Min.Y
		for x := range laid.Rect.Dx() {
			a := row[4*x+3]
			if a == 0 {
				continue
			}
			fx := at.X + x - frame.Min.X
			if end := float64(min(fx, fy, frame.Dx()-1-fx, frame.Dy()-1-fy)); end < full {
				row[4*x+3] = uint8(float64(a)*smooth(from, full, end) + .5)
			}
		}
	}
}
