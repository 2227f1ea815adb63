package pipeline

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// The limits within which an engine may have moved the product before the scene
// is refused. The lock pastes the original over the engine's product; parts that
// stick out further show as a ghost. Shares of the product's side.
const (
	maxAspectError = 0.03 // box against the cut-out's own proportions
	maxShift       = 0.04
	maxScaleError  = 0.06
	minLikeness    = 0.35 // correlation of edges at the best shift and scale: below it the product isn't there
)

// verify checks that the box lies in the scene with the cut-out's proportions
// and, when the scene holds the product, that it is found there.
func verify(placed *picture.Placed, cut *image.NRGBA, bounds image.Rectangle, l *layers) error {
	w, h := placed.Box.Dx(), placed.Box.Dy()
	frame := image.Rect(0, 0, placed.Width, placed.Height)
	box := placed.Box.Rect()
	if placed.Box.Empty() || !box.Overlaps(frame) || box.Dx() > 4*placed.Width || box.Dy() > 4*placed.Height {
		return ErrProductChanged.With("it says the product is at %v of a %v frame", box, frame.Size())
	}
	want, got := float64(bounds.Dx())/float64(bounds.Dy()), float64(w)/float64(h)
	// a box of few pixels can't have the exact proportions: allow one pixel
	if slack := 1/float64(w) + 1/float64(h); math.Abs(math.Log(got/want)) > maxAspectError+slack {
		return ErrProductChanged.With("its proportions are %.3f, the original's %.3f", got, want)
	}
	if !placed.ContainsProduct {
		return nil
	}
	m := locate(crop(cut, bounds), l.backdrop, box)
	switch {
	case m.likeness < minLikeness:
		return ErrProductChanged.With("it is not recognised in the scene (likeness %.2f)", m.likeness)
	case math.Abs(m.dx) > maxShift || math.Abs(m.dy) > maxShift:
		return ErrProductChanged.With("it moved by %.0f %% and %.0f %% of its size", 100*m.dx, 100*m.dy)
	case math.Abs(m.scale-1) > maxScaleError:
		return ErrProductChanged.With("it was scaled by %.2f", m.scale)
	}
	return nil
}

// engineSSIM compares the product that the engine painted with the original, 1
// being the same; nil when the engine painted none.
func engineSSIM(placed *picture.Placed, cut *image.NRGBA, bounds image.Rectangle, l *layers) *float64 {
	if !placed.ContainsProduct {
		return nil
	}
	product := imaging.Resize(crop(cut, bounds), placed.Box.Dx(), placed.Box.Dy())
	ssim, _ := proof.Fidelity(product, window(l.backdrop, placed.Box.Rect()), erode(product))
	return &ssim
}

// match is where a product was found: shift as a share of the box, scale
// against the box.
type match struct{ dx, dy, scale, likeness float64 }

// matchSide is the longer side, in pixels, at which products are compared: shape
// and print survive, texture and noise do not.
const matchSide = 96

// locate searches the scene around the box for the product, by correlating edge
// strength, which a change of light alters little.
func locate(product, scene *image.NRGBA, box image.Rectangle) match {
	k := matchSide / float64(max(box.Dx(), box.Dy()))
	w, h := max(8, int(float64(box.Dx())*k+.5)), max(8, int(float64(box.Dy())*k+.5))
	pw, ph := w, h
	best := match{likeness: -1}
	for _, scale := range []float64{0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15} {
		w, h := max(8, int(float64(pw)*scale+.5)), max(8, int(float64(ph)*scale+.5))
		ref, mask := edges(imaging.Resize(product, w, h))
		// the window holds the scaled box and a margin to search in
		mx, my := max(2, pw/8), max(2, ph/8)
		cx, cy := float64(box.Min.X+box.Max.X)/2, float64(box.Min.Y+box.Max.Y)/2
		win := image.Rect(int(cx-(float64(w)/2+float64(mx))/k), int(cy-(float64(h)/2+float64(my))/k),
			int(cx+(float64(w)/2+float64(mx))/k+.5), int(cy+(float64(h)/2+float64(my))/k+.5))
		sc, _ := edges(imaging.Resize(window(scene, win), w+2*mx, h+2*my))
		for dy := -my; dy <= my; dy++ {
			for dx := -mx; dx <= mx; dx++ {
				if l := correlate(ref, mask, sc, w, h, w+2*mx, mx+dx, my+dy); l > best.likeness {
					best = match{float64(dx) / float64(pw), float64(dy) / float64(ph), scale, l}
				}
			}
		}
	}
	return best
}

// window copies a part of a picture, repeating the border where it sticks out.
func window(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, max(1, r.Dx()), max(1, r.Dy())))
	b := img.Bounds()
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sx, sy := min(max(r.Min.X+x, b.Min.X), b.Max.X-1), min(max(r.Min.Y+y, b.Min.Y), b.Max.Y-1)
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// edges returns the gradient's strength of the luma, and where the picture is
// opaque far enough inside for its gradient not to be the outline's against
// nothing.
func edges(img *image.NRGBA) (g []float64, mask []bool) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	luma := make([]float64, w*h)
	for i := range luma {
		p := img.Pix[i*4:]
		luma[i] = .2126*float64(p[0]) + .7152*float64(p[1]) + .0722*float64(p[2])
	}
	g, mask = make([]float64, w*h), make([]bool, w*h)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			g[i] = math.Hypot(luma[i+1]-luma[i-1], luma[i+w]-luma[i-w])
			mask[i] = min(img.Pix[i*4+3], img.Pix[i*4-1], img.Pix[i*4+7], img.Pix[(i-w)*4+3], img.Pix[(i+w)*4+3]) > 250
		}
	}
	return g, mask
}

// flatVariance is the variance of edge strength below which a product has no
// marks to be recognised by: a plain box. Then only its box can be checked.
const flatVariance = 4

// correlate returns the normalised correlation of ref (w×h, where mask) with the
// part of sc (stride sw) at ox, oy; 1 when ref is too plain to tell.
func correlate(ref []float64, mask []bool, sc []float64, w, h, sw, ox, oy int) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for y := range h {
		for x := range w {
			i := y*w + x
			if !mask[i] {
				continue
			}
			a, b := ref[i], sc[(y+oy)*sw+x+ox]
			n, sa, sb, saa, sbb, sab = n+1, sa+a, sb+b, saa+a*a, sbb+b*b, sab+a*b
		}
	}
	if n < 16 {
		return 1
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va/n < flatVariance {
		return 1
	}
	if vb <= 0 {
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}
