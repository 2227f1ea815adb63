package pipeline

import (
	"context"
	"image"

	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// lock pastes the original product back over whatever the scoring service
// returned, at uniform scale, and measures that it is there unchanged.
func lock(ctx context.Context, p *Pipeline, s *state) error {
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return err
	}
	if s.layers == nil { // resumed after placing
		if s.layers, err = p.load(ctx, s, s.done.Placed); err != nil {
			return err
		}
	}
	product := crop(cut, s.cutBounds)
	if s.in.Options.Upscale {
		// the product is locked once, at the final size and from the
		// original's pixels, by the step that enlarges the scene
		if s.done.Placed.ContainsProduct {
			s.result.Fidelity = engineFidelity(s.layers, product, s.done.Placed.Box)
		}
		return nil
	}
	s.result.Fidelity = engineFidelityIf(s.done.Placed, s.layers, product)
	s.final = s.compose(product, s.layers, 1)
	return nil
}

// engineFidelityIf measures the engine's product when it returned one.
func engineFidelityIf(p *picture.Placed, l *layers, product *image.NRGBA) *Fidelity {
	if !p.ContainsProduct {
		return nil
	}
	return engineFidelity(l, product, p.Box)
}

// engineFidelity compares the product that the engine painted with the original.
func engineFidelity(l *layers, product *image.NRGBA, box picture.Box) *Fidelity {
	placed := imaging.Resize(product, box[2], box[3])
	ssim, _ := proof.Fidelity(placed, window(l.backdrop, box.Rect()), erode(placed))
	return &Fidelity{EngineSSIM: &ssim}
}

// compose stacks backdrop, shadow and product, enlarged by k, and records the
// fidelity of what came out.
func (s *state) compose(product *image.NRGBA, l *layers, k int) *image.NRGBA {
	box := s.done.Placed.Box
	placed := product
	if w, h := box[2]*k, box[3]*k; w != product.Rect.Dx() || h != product.Rect.Dy() {
		placed = enlarge(product, w, h)
	}
	out := image.NewNRGBA(l.backdrop.Rect)
	copy(out.Pix, l.backdrop.Pix)
	if l.shadow != nil {
		imaging.Over(out, l.shadow, l.shadowAt)
	}
	at := image.Pt(box[0]*k, box[1]*k)
	imaging.Over(out, placed, at)

	f := s.result.Fidelity
	if f == nil {
		f = &Fidelity{}
	}
	f.SSIM, f.MaxDiff = proof.Fidelity(placed, window(out, placed.Rect.Add(at)), erode(placed))
	s.result.Fidelity = f
	return out
}

// enlarge resamples the product to w×h: Lanczos, and for what has to grow to
// twice its size or more first the 2× kernel that keeps edges sharp.
func enlarge(product *image.NRGBA, w, h int) *image.NRGBA {
	for w >= 2*product.Rect.Dx() && h >= 2*product.Rect.Dy() && product.Rect.Dx() > 1 && product.Rect.Dy() > 1 {
		product = imaging.Upscale2x(product)
	}
	return imaging.Resize(product, w, h)
}

// erodeBy is how many pixels the mask shrinks before fidelity is measured: the
// edge is a mixture with the scene by design.
const erodeBy = 2

// erode returns the product's mask, 255 where alpha is full in all of the
// surrounding erodeBy pixels.
func erode(img *image.NRGBA) *image.Alpha {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	rows, out := make([]uint8, w*h), image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		run := 0
		for x := range w {
			if img.Pix[img.PixOffset(img.Rect.Min.X+x, img.Rect.Min.Y+y)+3] == 255 {
				run++
			} else {
				run = 0
			}
			if run > 2*erodeBy {
				rows[y*w+x-erodeBy] = 255
			}
		}
	}
	for x := range w {
		run := 0
		for y := range h {
			if rows[y*w+x] == 255 {
				run++
			} else {
				run = 0
			}
			if run > 2*erodeBy {
				out.Pix[(y-erodeBy)*out.Stride+x] = 255
			}
		}
	}
	return out
}
