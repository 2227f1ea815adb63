package cutout

import (
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
)

// atOrigin returns the picture with bounds that begin at 0, 0 and rows that
// follow each other without gaps. The pixels are shared when they lie like that
// already, so the result must not be written to.
func atOrigin(img *image.NRGBA) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if img.Rect.Min == (image.Point{}) && img.Stride == 4*w {
		return &image.NRGBA{Pix: img.Pix[:4*w*h], Stride: 4 * w, Rect: img.Rect}
	}
	o := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		i := img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y)
		copy(o.Pix[y*o.Stride:(y+1)*o.Stride], img.Pix[i:i+4*w])
	}
	return o
}

// An alpha channel is a cut-out when at least one pixel in ownShare is (nearly)
// clear and one in ownShare is not: glass and voile have no solid pixel at all. A
// few soft pixels are accidents.
const (
	ownShare   = 100
	clearAlpha = 10
)

// ownCutout tells whether the picture comes with a cut-out of its own.
func ownCutout(im *image.NRGBA) bool {
	clear := 0
	for i := 3; i < len(im.Pix); i += 4 {
		if im.Pix[i] < clearAlpha {
			clear++
		}
	}
	n := len(im.Pix) / 4
	return n > 0 && clear*ownShare > n && (n-clear)*ownShare > n
}

// Own returns the cut-out that a picture comes with, its transparency; nil when it
// has none. No engine needs to be asked then. Its confidence is 1, unless it looks like the
// outline of something else than a product: then it has a concern, and a person looks.
func Own(img *image.NRGBA) *Result {
	im := atOrigin(img)
	if !ownCutout(im) {
		return nil
	}
	r := &Result{
		Image: &image.NRGBA{Pix: slices.Clone(im.Pix), Stride: im.Stride, Rect: im.Rect}, Alpha: alphaOf(im), Found: true, Confidence: 1,
		Millis: map[string]float64{},
	}
	if doubt, ok := doubtBrought(im); ok {
		r.Confidence = broughtConfidence
		r.tell([]picture.Concern{doubt})
	}
	return r
}

// flatten shows what is transparent on white, as a shop page would. A picture
// without transparency is returned as it is.
func flatten(im *image.NRGBA) *image.NRGBA {
	opaque := true
	for i := 3; i < len(im.Pix) && opaque; i += 4 {
		opaque = im.Pix[i] == 255
	}
	if opaque {
		return im
	}
	o := image.NewNRGBA(im.Rect)
	for i := 0; i < len(im.Pix); i += 4 {
		k := int(im.Pix[i+3])
		for c := range 3 {
			o.Pix[i+c] = uint8((int(im.Pix[i+c])*k + 255*(255-k) + 127) / 255)
		}
		o.Pix[i+3] = 255
	}
	return o
}

// alphaOf copies the alpha channel of a picture made by atOrigin or flatten.
func alphaOf(im *image.NRGBA) *image.Alpha {
	o := image.NewAlpha(im.Rect)
	for i := range o.Pix {
		o.Pix[i] = im.Pix[4*i+3]
	}
	return o
}
