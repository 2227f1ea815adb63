package cutout

import (
	"image"
	"math"
)

// logitSpan is the largest logit that a grey picture of logits holds: 0 is -logitSpan,
// 255 is logitSpan, and between them lie steps of a sixteenth.
const logitSpan = 8

// keptSide bounds the sides, in pixels, of the logits that are kept of a cut-out.
const keptSide = 1024

// logits returns the coverage as a grey picture of logits, of at most keptSide a side.
// It is what hints are worked out on later.
func (m Mask) logits() *image.Gray {
	w, h := m.Width, m.Height
	if k := float64(keptSide) / float64(max(w, h)); k < 1 {
		w, h = max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5))
	}
	p := m.sized(w, h)
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i, v := range p.p {
		c := float64(min(max(v, 1e-6), 1-1e-6))
		l := math.Log(c / (1 - c))
		g.Pix[i] = uint8(min(max((l+logitSpan)*255/(2*logitSpan)+.5, 0), 255))
	}
	return g
}

// probability is the coverage of each value of a picture of logits.
var probability = func() (t [256]float32) {
	for v := range t {
		l := float64(v)*2*logitSpan/255 - logitSpan
		t[v] = float32(1 / (1 + math.Exp(-l)))
	}
	return t
}()

// ofLogits returns the coverage that a picture of logits holds.
func ofLogits(g *image.Gray) Mask {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	m := Mask{Width: w, Height: h, Coverage: make([]float32, 0, w*h)}
	for y := range h {
		for _, v := range g.Pix[g.PixOffset(g.Rect.Min.X, g.Rect.Min.Y+y):][:w] {
			m.Coverage = append(m.Coverage, probability[v])
		}
	}
	return m
}

// alphaMask returns a picture's alpha as coverage, averaged to at most keptSide a side.
func alphaMask(im *image.NRGBA) Mask {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	k := min(1, float64(keptSide)/float64(max(w, h)))
	p := shrinkAlpha(im, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	return Mask{Width: p.w, Height: p.h, Coverage: p.p}
}

// shrinkAlpha averages the alpha of areas. It doesn't enlarge.
func shrinkAlpha(im *image.NRGBA, w, h int) *plane {
	o := newPlane(w, h)
	W, H := im.Rect.Dx(), im.Rect.Dy()
	parallel(h, func(a, z int) {
		for y := a; y < z; y++ {
			y0, y1 := y*H/h, max(y*H/h+1, (y+1)*H/h)
			for x := range w {
				x0, x1 := x*W/w, max(x*W/w+1, (x+1)*W/w)
				sum := 0
				for j := y0; j < y1; j++ {
					row := im.Pix[(j*W+x0)*4 : (j*W+x1)*4]
					for i := 3; i < len(row); i += 4 {
						sum += int(row[i])
					}
				}
				o.p[y*w+x] = float32(sum) / float32(255*(x1-x0)*(y1-y0))
			}
		}
	})
	return o
}
