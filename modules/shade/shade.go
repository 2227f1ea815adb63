// Package shade holds light and shade apart from a product's pixels: the shadow that a
// photo shows, told from its backdrop, and a soft shadow where a product touches its
// ground. It knows pictures alone.
package shade

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
)

// Own is the shadow that a photo shows beside its product.
type Own struct {
	// Layer is black with the shadow's alpha, for blending in sRGB as editors do it; it
	// covers the whole photo, at most layerSide pixels on its longer side.
	Layer *image.NRGBA
	// Why says for people why there is no layer; "" where there is one.
	Why string
}

const (
	layerSide = 640 // pixels of a layer's longer side: shadows are soft

	// uneven is the root mean square by which a backdrop may differ from what is
	// estimated, as a share of its light, for its shadow to be told from its pattern.
	uneven = 0.035
	// leastGround is the share of the photo that must show its backdrop.
	leastGround = 0.06
	// faint is the alpha below which there is no shadow to keep.
	faint = 0.02
)

// OwnShadow tells a photo's shadow from its backdrop: the ratio of the photo to the
// backdrop that is estimated as it would be without the shadow. cut is the photo's
// cut-out, of the same size.
func OwnShadow(photo, cut *image.NRGBA) Own {
	w, h := photo.Rect.Dx(), photo.Rect.Dy()
	if cut.Rect.Size() != photo.Rect.Size() || w < 16 || h < 16 {
		return Own{Why: "the photo is too small"}
	}
	if k := layerSide / float64(max(w, h)); k < 1 {
		w, h = max(16, int(float64(w)*k+.5)), max(16, int(float64(h)*k+.5))
	}
	p := newPlain(imaging.Resize(photo, w, h), imaging.Resize(cut, w, h))
	if p.free < int(leastGround*float64(w*h)) {
		return Own{Why: "the photo shows too little of its backdrop"}
	}
	if !p.estimate() {
		return Own{Why: "the photo's backdrop is not even, so that its shadow can't be told from its pattern"}
	}
	alpha, most := p.shadow()
	if most < faint {
		return Own{Why: "the photo shows no shadow"}
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, a := range alpha {
		out.Pix[4*i+3] = uint8(min(max(a, 0), 1)*255 + .5)
	}
	return Own{Layer: out}
}

// encoded returns a linear value as sRGB stores it, 0–1.
func encoded(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * max(v, 0)
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// linear holds the light of the 256 values of sRGB.
var linear = func() (t [256]float64) {
	for i := range t {
		if v := float64(i) / 255; v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()
