// Package answer gives cut-outs the form of the port Cutter: OPAL's own (package
// cutout) and those of services. For services it encodes the picture to send,
// checks and decodes the answer, has it fitted to the photo, and gives a confidence
// where the service has none.
package answer

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// sentQuality keeps edges free of blocks.
const sentQuality = 95

// within returns w×h with the same proportions and at most n pixels.
func within(w, h, n int) (int, int) {
	k := math.Sqrt(float64(n) / (float64(w) * float64(h)))
	return max(1, int(float64(w)*k)), max(1, int(float64(h)*k))
}

// JPEG encodes the photo for a provider: what is transparent on white, at most
// maxPixels large, without any metadata.
func JPEG(photo *image.NRGBA, maxPixels int) ([]byte, error) {
	img := photo
	if w, h := photo.Rect.Dx(), photo.Rect.Dy(); w*h > maxPixels {
		w, h = within(w, h, maxPixels)
		img = imaging.Resize(photo, w, h)
	}
	if !imaging.Opaque(img) {
		white := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
		for i := range white.Pix {
			white.Pix[i] = 255
		}
		imaging.Over(white, img, image.Point{})
		img = white
	}
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.JPEG, Quality: sentQuality})
	if err != nil {
		return nil, fmt.Errorf("encode the photo for the cut-out service: %w", err)
	}
	return b, nil
}

// unsure is the reason where a service gives a low confidence without a reason.
const unsure = "The cut-out service is unsure about the outline; check the cut-out"

// Finisher makes cut-outs of answers.
type Finisher struct {
	// Decoder decodes the answers: they are bytes from outside.
	Decoder pipeline.Decoder
	// Second gives another opinion where the provider gives no confidence; nil
	// leaves such cut-outs at the prior.
	Second pipeline.Cutter
	// Bad is the error of an answer that can't be used.
	Bad *fault.Error
}

// Inspect reads an answer's header: an error page with status 200 is found here,
// where another try is still cheap.
func (f Finisher) Inspect(photo *image.NRGBA, answer []byte) error {
	info, err := imaging.Inspect(answer)
	if err != nil {
		return f.Bad.With("%s", err)
	}
	return f.fits(photo, info.Width, info.Height)
}

// leastSide is the longest side, in pixels, that an answer must have to hold an
// outline, unless the photo is smaller.
const leastSide = 256

// fits checks that the answer has the photo's proportions, but for the rounding
// of its size, and is large enough.
func (f Finisher) fits(photo *image.NRGBA, w, h int) error {
	W, H := photo.Rect.Dx(), photo.Rect.Dy()
	// w·H = W·h, within a pixel of either side
	if d := w*H - W*h; d > max(W, H) || -d > max(W, H) || max(w, h) < min(leastSide, max(W, H)) {
		return f.Bad.With("it is %d×%d, the photo %d×%d", w, h, W, H)
	}
	return nil
}

// Finish makes the cut-out. confidence is the provider's own, 0–1, or below 0
// when it gives none. An answer that cuts nothing, or everything, leaves the
// photo whole with confidence 0.
func (f Finisher) Finish(ctx context.Context, photo *image.NRGBA, answer []byte, c cutout.Channel, confidence float64) (pipeline.Cutout, error) {
	if err := f.Inspect(photo, answer); err != nil {
		return pipeline.Cutout{}, err
	}
	img, _, err := f.Decoder.Decode(ctx, answer)
	if err != nil {
		if ctx.Err() != nil {
			return pipeline.Cutout{}, ctx.Err()
		}
		return pipeline.Cutout{}, f.Bad.With("%s", err)
	}
	if img.Rect.Dx() > photo.Rect.Dx() || img.Rect.Dy() > photo.Rect.Dy() {
		img = imaging.Resize(img, photo.Rect.Dx(), photo.Rect.Dy())
	}
	m := cutout.Matte{Image: img, Channel: c}
	if !cutout.Plausible(m.Area()) {
		return Whole(photo, cutout.NothingFound), nil
	}
	out := pipeline.Cutout{Image: m.Cut(photo)}
	if out.Confidence = confidence; confidence < 0 {
		if out.Confidence, err = f.opinion(ctx, photo, m); err != nil {
			return pipeline.Cutout{}, err
		}
	}
	out.Confidence = min(out.Confidence, 1)
	if out.Confidence < picture.ReviewBelow {
		out.Reason = unsure
	}
	return out, nil
}

// Grey decodes a grey picture with the photo's proportions that came with an answer.
func (f Finisher) Grey(ctx context.Context, photo *image.NRGBA, b []byte) (*image.Gray, error) {
	if err := f.Inspect(photo, b); err != nil {
		return nil, err
	}
	img, _, err := f.Decoder.Decode(ctx, b)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, f.Bad.With("%s", err)
	}
	g := image.NewGray(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			g.Pix[y*g.Stride+x] = img.Pix[img.PixOffset(img.Rect.Min.X+x, img.Rect.Min.Y+y)]
		}
	}
	return g, nil
}

// Unasked returns the cut-out, and true, for a photo that is not sent to a provider:
// it has transparency of its own, which an answer would lose where it is half
// transparent, or it is so small that a provider would refuse it or charge for
// nothing.
func Unasked(photo *image.NRGBA) (pipeline.Cutout, bool) {
	if min(photo.Rect.Dx(), photo.Rect.Dy()) < cutout.MinSide {
		return Whole(photo, cutout.TooSmall), true
	}
	if own := cutout.Own(photo); own != nil {
		return Of(own), true
	}
	return pipeline.Cutout{}, false
}

// Of returns a result of package cutout in the form of the port.
func Of(r *cutout.Result) pipeline.Cutout {
	return pipeline.Cutout{Image: r.Image, Confidence: r.Confidence, Reason: r.ReviewReason, Concerns: r.Concerns, Whole: !r.Found, Logits: r.Logits}
}

// Whole returns the photo left as it is: nothing was found in it.
func Whole(photo *image.NRGBA, why string) pipeline.Cutout {
	return pipeline.Cutout{Image: photo, Whole: true, Reason: why}
}

// Faults are the errors of a provider of cut-outs. Their codes are the same for
// all providers; the texts name the provider and what to look at.
func Faults(provider, keySetting string) egress.Faults {
	return egress.Faults{
		Paused:       fault.New(fault.Unavailable, "cutout_paused", provider+" has failed too often; calls are paused and resume by themselves"),
		Unavailable:  fault.New(fault.Unavailable, "cutout_unavailable", provider+" can't be reached or failed"),
		Busy:         fault.New(fault.RateLimited, "cutout_busy", provider+" takes no more pictures at the moment"),
		BadResponse:  fault.New(fault.Unavailable, "cutout_bad_response", provider+" answered with something that is no cut-out of the photo"),
		TooLarge:     fault.New(fault.Invalid, "cutout_response_too_large", provider+"'s answer is too large"),
		Unauthorized: fault.New(fault.Invalid, "cutout_unauthorized", provider+" refused the credentials; check "+keySetting),
		Unpaid:       fault.New(fault.Invalid, "cutout_unpaid", provider+" has no credits left on the account of "+keySetting+"; top it up"),
		Rejected:     fault.New(fault.Invalid, "cutout_rejected", provider+" refused the photo"),
	}
}
