package pipeline

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/check/consistency"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// lock stacks backdrop, shadow and the original product, at the size that the
// picture has in the end, and measures that the product is there unchanged. It hides
// any part of the product that an engine painted.
func lock(ctx context.Context, p *Pipeline, s *state) error {
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return err
	}
	l, err := s.sceneLayers(ctx, p)
	if err != nil {
		return err
	}
	if s.done.Placed.Original {
		return lockOriginal(s, cut, l)
	}
	box := s.done.Placed.Box.Scale(l.scale)
	product := sized(crop(cut, s.cutBounds), box.Dx(), box.Dy())
	s.final = image.NewNRGBA(l.backdrop.Rect)
	copy(s.final.Pix, l.backdrop.Pix)
	own, err := s.sceneShadow(ctx, s.final.Rect, box.Rect())
	switch {
	case err != nil:
		return err
	case own != nil && !s.done.Placed.ContainsProduct:
		if s.done.Placed.HorizonY > 0 { // where it stands it touches the floor, whatever the photo showed
			layer, lies := shade.ContactShadow(product)
			shade.Lay(s.final, layer, lies.Add(box.Rect().Min), box.Rect(), false)
		}
		imaging.Over(s.final, own, image.Point{})
	case l.shadow != nil:
		imaging.Over(s.final, l.shadow, l.shadowAt)
	}
	at := box.Rect().Min
	original := product
	if product, err = s.lit(ctx, l.backdrop, product, box.Rect()); err != nil {
		return err
	}
	imaging.Over(s.final, product, at)
	s.layers = nil
	f := s.fidelity()
	f.Note, f.Areas = picture.Noted(picture.Noted(s.done.Placed.Note, s.setNote), s.unclear()), s.done.Placed.Areas
	if own := s.result.OwnShadow; own != nil && own.Why != "" {
		f.Note = picture.Noted(f.Note, "the photo's own shadow is not kept: "+own.Why)
	}
	s.frameConcerns(box.Rect(), s.final.Rect)
	f.Enlarged = max(float64(box.Dx())/float64(s.cutBounds.Dx()), float64(box.Dy())/float64(s.cutBounds.Dy()))
	s.coarse(f.Enlarged)
	if f.Enlarged > sharpEnough {
		f.Upscale = picture.Noted(f.Upscale, fmt.Sprintf("the photo is small: its product of %d×%d pixels was enlarged %.1f×", s.cutBounds.Dx(), s.cutBounds.Dy(), f.Enlarged))
	}
	if !s.done.Cutout.Whole {
		ground := l.backdrop
		if s.done.Placed.ContainsProduct {
			ground = nil
		}
		seen := consistency.MeasureOn(s.final, ground, own != nil || l.shadow != nil, box.Rect())
		seen.Fill, seen.Sized = fillOf(s.shared(), s.cutBounds, box.Rect(), s.final.Rect.Size()), s.in.steering().HeightMM > 0
		if known := horizonOf(s.done.Placed, s.in.Scene); known > 0 {
			seen.Horizon = known
		}
		if a := s.done.Placed.Anchor; a != picture.AnchorFloor {
			seen.Anchor = a
		}
		seen.Light = s.done.Placed.Light
		f.Seen = &seen
	}
	shown := window(s.final, product.Rect.Add(at))
	f.SSIM, f.MaxDiff = proof.Fidelity(product, shown, erode(product))
	if s.result.LightPath != "" {
		f.Unlit = &Unlit{}
		f.Unlit.SSIM, f.Unlit.MaxDiff = proof.Fidelity(original, shown, erode(original))
	}
	return nil
}

// horizonOf returns where the floor of a plate ends, as a share of the height: it is known,
// and a photograph may show other edges as clear; 0 for other scenes.
func horizonOf(placed *picture.Placed, scene string) float64 {
	if _, ok := picture.ParsePlate(scene); !ok || placed.HorizonY <= 0 || placed.Height <= 0 {
		return 0
	}
	return float64(placed.HorizonY) / float64(placed.Height)
}

// sharpEnough is how far a product may be enlarged before people are told: beyond
// it the missing detail shows.
const sharpEnough = 2.0

// sized resamples the product to w×h with Lanczos. A product that grows to twice its
// size or more first goes through the 2× kernel that keeps edges sharp.
func sized(product *image.NRGBA, w, h int) *image.NRGBA {
	if w == product.Rect.Dx() && h == product.Rect.Dy() {
		return product
	}
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
