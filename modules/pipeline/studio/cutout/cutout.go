// Package cutout removes the background of product pictures without a trained
// model: a robust backdrop model grown from the border, a graph cut on steps of
// colour rather than slopes, and a matte at full resolution.
package cutout

import (
	"image"
	"time"
)

// Result is a cut-out picture.
type Result struct {
	Image        *image.NRGBA // the photo's size, straight alpha, the background's colour removed from the edge
	Found        bool         // false: no product was found and the picture was left as it is
	Confidence   float64      // 0–1: estimated chance that the outline is right (IoU > 0.95)
	ReviewReason string       // why a person should look; "" unless Confidence < ReviewBelow
	Features     map[string]float64
	Millis       map[string]float64
}

// ReviewBelow is the confidence under which a person should look.
const ReviewBelow = 0.3

// workSize is the longest side, in pixels, of the picture that all decisions are
// made on. A graph cut on more pixels is slower and not more right.
const workSize = 800

// minSide is the smallest working picture in which a border, a background and a
// product can be told apart.
const minSide = 16

// A cut-out smaller than minArea of the picture is dust; one larger than maxArea
// is no cut-out.
const (
	minArea = .001
	maxArea = .995
)

// Cut separates the product from its background. It never fails: when it finds
// no product it returns the picture whole, with Found false and confidence 0.
// A picture that comes with its own cut-out (transparent pixels) keeps it.
func Cut(img *image.NRGBA) *Result {
	r := &Result{Features: map[string]float64{}, Millis: map[string]float64{}}
	t0 := time.Now()
	lap := func(n string) {
		r.Millis[n] = float64(time.Since(t0).Microseconds()) / 1000
		t0 = time.Now()
	}
	im, own := toRGB8(img)
	if ownCutout(own) {
		r.Image, r.Found, r.Confidence = atOrigin(img), true, 1
		return r
	}
	scale := min(1, workSize/float64(max(im.w, im.h, 1)))
	w, h := int(float64(im.w)*scale+.5), int(float64(im.h)*scale+.5)
	if min(w, h) < minSide {
		return r.whole(im, "The picture is too small to tell the product from its background")
	}
	s := newScene(shrink(im, w, h), float32(scale))
	lap("scene")
	fg := s.separate()
	lap("structure")
	s.openHoles(fg)
	bins := s.bins()
	for range 2 {
		fg = s.colourCut(fg, bins, 6)
	}
	tidy(fg, w, h)
	lap("colour")
	s.measure(fg, bins, r.Features)
	lap("confidence")
	if a := r.Features["area"]; a < minArea || a > maxArea {
		return r.whole(im, "No product was found in front of the background; the picture was left whole")
	}
	alpha, rgb := s.matte(im, fg)
	r.Image = join(im.w, im.h, rgb, alpha)
	lap("matte")
	r.Found, r.Confidence = true, confidence(r.Features)
	if r.Confidence < ReviewBelow {
		r.ReviewReason = reason(r.Features)
	}
	return r
}

// whole returns the picture as it is.
func (r *Result) whole(im *rgb8, why string) *Result {
	r.Image, r.ReviewReason = join(im.w, im.h, im.p, nil), why
	return r
}

// reason says in words which feature speaks most against the cut-out.
func reason(f map[string]float64) string {
	switch {
	case f["border_inlier"] < .7:
		return "The background is not plain, so the outline may be wrong; photograph the product on a plain backdrop"
	case f["touch"] > .03:
		return "The product touches the picture's edge and may be cut off"
	case f["edge_weak"] > .3:
		return "The product hardly differs from its background, so the outline may be wrong"
	}
	return "The outline of the product is uncertain; check the cut-out"
}

// ownCutout tells whether an alpha channel is a cut-out rather than an accident
// (a few soft pixels, or an entirely empty picture).
func ownCutout(a []uint8) bool {
	clear, solid := 0, 0
	for _, v := range a {
		if v < 10 {
			clear++
		} else if v > 245 {
			solid++
		}
	}
	return clear*100 > len(a) && solid*100 > len(a)
}

// atOrigin copies a picture to one whose bounds begin at 0, 0.
func atOrigin(img *image.NRGBA) *image.NRGBA {
	o := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for y := range o.Rect.Dy() {
		copy(o.Pix[y*o.Stride:(y+1)*o.Stride], img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y):])
	}
	return o
}

// join makes a picture of colours and coverage; nil coverage is opaque.
func join(w, h int, rgb, alpha []uint8) *image.NRGBA {
	o := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(o.Pix[i*4:i*4+3], rgb[i*3:i*3+3])
		o.Pix[i*4+3] = 255
		if alpha != nil {
			o.Pix[i*4+3] = alpha[i]
		}
	}
	return o
}
