// Package cutout removes the background of product pictures without a trained
// model: a robust backdrop model grown from the border, a graph cut on steps of
// colour rather than slopes, and a matte at full resolution.
package cutout

import (
	"image"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// Result is a cut-out picture.
type Result struct {
	Alpha        *image.Alpha // coverage, the photo's size, origin 0, 0
	Image        *image.NRGBA // the photo's size, straight alpha, the background's colour removed from the edge
	Found        bool         // false: no product was found and the picture was left as it is
	Confidence   float64      // 0–1: estimated chance that the cut-out can be published as it is
	ReviewReason string       // why a person should look; "" unless Confidence < ReviewBelow
	Features     Features
	Concerns     []picture.Concern // what may be wrong and where, the gravest first
	Millis       map[string]float64
	Logits       *image.Gray // what the engine saw, of 1024 pixels a side at most: see Refine; nil where the picture came with its own cut-out
}

// ReviewBelow is the confidence under which a person should look.
const ReviewBelow = picture.ReviewBelow

// workSize is the longest side, in pixels, of the picture that all decisions are
// made on. A graph cut on more pixels is slower and not more accurate.
const workSize = 800

// minSide is the smallest working picture in which a border, a background and a
// product can be told apart.
const minSide = 16

// A cut-out smaller than minArea of the picture is dust; one larger than maxArea
// has removed nothing.
const (
	minArea = .001
	maxArea = .995
)

// smoothing weighs a short outline against colours in the second cut. The cut is
// repeated unless it moved fewer than one pixel in enough.
const (
	smoothing = 6
	enough    = 1000
)

// Cut separates the product from its background. It never fails: when it finds
// no product it returns the picture whole, with Found false and confidence 0.
// A picture that comes with its own cut-out (transparent pixels) keeps it.
func Cut(img *image.NRGBA) *Result {
	if own := Own(img); own != nil {
		return own
	}
	r := &Result{Millis: map[string]float64{}}
	lap := r.stopwatch()
	im := flatten(atOrigin(img))
	W, H := im.Rect.Dx(), im.Rect.Dy()
	scale := min(1, workSize/float64(max(W, H, 1)))
	w, h := int(float64(W)*scale+.5), int(float64(H)*scale+.5)
	if min(w, h) < minSide {
		return r.whole(im, tooSmall)
	}
	s := newScene(shrink(im, w, h), float32(scale), nil)
	lap("scene")
	fg := s.classical()
	s.shedFoot(fg)
	unsure := s.openChinks(fg)
	lap("cut")
	at := s.measure(fg, &r.Features)
	at.chinks(unsure, &r.Features)
	lap("confidence")
	if a := r.Features.Area; a < minArea || a > maxArea {
		return r.whole(im, nothingFound)
	}
	r.Alpha, r.Image = s.matte(im, fg)
	r.Features.Hairy = float64(s.hairy)
	lap("matte")
	r.Logits = alphaMask(r.Image).logits()
	r.Found, r.Confidence = true, confidence(&r.Features)
	r.tell(at.concerns(W, H))
	return r
}

// tell records the concerns, and the reason why a person should look.
func (r *Result) tell(all []picture.Concern) {
	if len(all) == 0 && r.Confidence < ReviewBelow {
		all = []picture.Concern{r.outline()}
	}
	if r.Concerns = all; r.Confidence < ReviewBelow {
		r.ReviewReason = all[0].Text
	}
}

// outline is the concern about all of the outline, whose place is the product.
func (r *Result) outline() picture.Concern {
	return picture.Concern{Kind: ConcernOutline, Text: concernText[ConcernOutline], Box: picture.BoxOf(imaging.AlphaBounds(r.Image, outlineAlpha))}
}

// outlineAlpha is the least alpha of a pixel that counts for the product's place.
const outlineAlpha = 16

// The reasons why a picture is left whole, as people read them.
const (
	tooSmall     = "The picture is too small to tell the product from its background"
	nothingFound = "No product was found in front of the background; the picture was left whole"
)

// stopwatch returns a function that notes the time since its last call.
func (r *Result) stopwatch() func(step string) {
	t := time.Now()
	return func(step string) {
		r.Millis[step] = float64(time.Since(t).Microseconds()) / 1000
		t = time.Now()
	}
}

// classical separates the product by structure, then by colour.
func (s *scene) classical() []bool {
	fg := s.separate()
	s.openGaps(fg)
	bins := s.bins()
	for range 2 {
		next := s.colourCut(fg, bins, smoothing)
		moved := 0
		for i, v := range next {
			if v != fg[i] {
				moved++
			}
		}
		fg = next
		if moved*enough < len(fg) {
			break
		}
	}
	s.shedShadow(fg)
	s.tidy(fg, 0)
	return fg
}

// whole returns the picture as it is.
func (r *Result) whole(im *image.NRGBA, why string) *Result {
	r.Image = &image.NRGBA{Pix: slices.Clone(im.Pix), Stride: im.Stride, Rect: im.Rect}
	r.Alpha, r.ReviewReason = alphaOf(im), why
	return r
}
