package pipeline

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/provenance"
)

// turn mirrors and rotates the product, where that was wished, and keeps it as a cut-out
// of its own: every variant is made of it.
func turn(ctx context.Context, _ *Pipeline, s *state) error {
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return err
	}
	w := s.in.steering()
	if err := s.turnShadow(ctx, s.cutBounds, w.Rotation); err != nil {
		return err
	}
	turned := turnedBy(crop(cut, s.cutBounds), w.Rotation, w.Flip)
	s.setCut(turned)
	if s.done.TurnedPath != "" {
		s.result.CutoutPath = s.done.TurnedPath
		return errReused
	}
	b, err := imaging.Encode(turned, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, XMP: provenance.XMP(imaging.SourceComposite, s.done.Cutout.Marks.With(s.in.Rights))})
	if err != nil {
		return fmt.Errorf("encode the turned product: %w", err)
	}
	if s.done.TurnedPath, err = s.artifacts.Put(ctx, "turned", "png", "image/png", b); err != nil {
		return fmt.Errorf("store the turned product: %w", err)
	}
	s.result.CutoutPath = s.done.TurnedPath
	return s.checkpoint(ctx)
}

// turnedBy returns a picture mirrored, then rotated clockwise by so many degrees, in a
// frame that holds all of it. Quarter turns keep every pixel.
func turnedBy(img *image.NRGBA, degrees float64, flip bool) *image.NRGBA {
	if flip {
		img = mirrored(img)
	}
	degrees = math.Mod(degrees+360, 360)
	for degrees >= 90 {
		img, degrees = quarter(img), degrees-90
	}
	if degrees < 0.01 {
		return img
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	// a pixel of air on each side keeps the outline soft
	ow, oh := int(math.Ceil(w*cos+h*sin))+2, int(math.Ceil(w*sin+h*cos))+2
	out := image.NewNRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		dy := float64(y) + .5 - float64(oh)/2
		for x := range ow {
			dx := float64(x) + .5 - float64(ow)/2
			sampled(img, dx*cos+dy*sin+w/2-.5, dy*cos-dx*sin+h/2-.5, out.Pix[out.PixOffset(x, y):][:4])
		}
	}
	return out
}

func mirrored(img *image.NRGBA) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y):]
		for x := range w {
			copy(out.Pix[out.PixOffset(w-1-x, y):][:4], row[x*4:][:4])
		}
	}
	return out
}

// quarter rotates by 90 degrees clockwise.
func quarter(img *image.NRGBA) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, h, w))
	for y := range h {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y):]
		for x := range w {
			copy(out.Pix[out.PixOffset(h-1-y, x):][:4], row[x*4:][:4])
		}
	}
	return out
}

// sampled reads a picture between its pixels with the Catmull-Rom kernel, on colours
// times alpha; outside there is nothing.
func sampled(img *image.NRGBA, x, y float64, into []uint8) {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	if x0 < -2 || y0 < -2 || x0 > img.Rect.Dx() || y0 > img.Rect.Dy() {
		return
	}
	wx, wy := catmullRom(x-float64(x0)), catmullRom(y-float64(y0))
	var sum [4]float64
	for j := range 4 {
		py := y0 + j - 1
		if py < 0 || py >= img.Rect.Dy() {
			continue
		}
		for i := range 4 {
			px := x0 + i - 1
			if px < 0 || px >= img.Rect.Dx() {
				continue
			}
			q := img.Pix[img.PixOffset(img.Rect.Min.X+px, img.Rect.Min.Y+py):][:4]
			k := wx[i] * wy[j] * float64(q[3])
			sum[0] += k * float64(q[0])
			sum[1] += k * float64(q[1])
			sum[2] += k * float64(q[2])
			sum[3] += k
		}
	}
	if sum[3] < 0.5 {
		return
	}
	for c := range 3 {
		into[c] = uint8(min(max(sum[c]/sum[3]+.5, 0), 255))
	}
	into[3] = uint8(min(sum[3]+.5, 255))
}

// catmullRom returns the weights of the four pixels around a fraction of a pixel.
func catmullRom(t float64) [4]float64 {
	return [4]float64{
		t * (-.5 + t*(1-.5*t)), 1 + t*t*(-2.5+1.5*t), t * (.5 + t*(2-1.5*t)), t * t * (-.5 + .5*t),
	}
}
