package openai

import (
	"image"
	"image/draw"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// sizes are what the API makes, in pixels.
var sizes = []image.Point{{X: 1024, Y: 1024}, {X: 1536, Y: 1024}, {X: 1024, Y: 1536}}

// frame fits the wanted picture into the nearest of the API's sizes.
type frame struct {
	size   image.Point     // what the API is asked for
	inner  image.Rectangle // the wanted picture in it
	box    picture.Box     // the product, in pixels of the wanted picture
	floorY int
}

// newFrame places a product of those alpha bounds in a w×h picture.
func newFrame(bounds image.Rectangle, w, h int, fill float64) frame {
	var f frame
	best := math.Inf(1)
	for _, s := range sizes {
		if d := math.Abs(math.Log(float64(s.X) * float64(h) / (float64(s.Y) * float64(w)))); d < best {
			best, f.size = d, s
		}
	}
	k := min(float64(f.size.X)/float64(w), float64(f.size.Y)/float64(h))
	iw, ih := max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5))
	at := image.Pt((f.size.X-iw)/2, (f.size.Y-ih)/2)
	f.inner = image.Rectangle{Min: at, Max: at.Add(image.Pt(iw, ih))}
	f.box, f.floorY = picture.Stand(bounds.Dx(), bounds.Dy(), w, h, fill)
	return f
}

// solid is the alpha from which a pixel belongs to the product and is not to be edited.
const solid = 128

// draw returns the picture to be edited, the product on a transparent background,
// and the mask, which is transparent where the scene is to be painted.
func (f frame) draw(product *image.NRGBA, w int) (canvas, mask *image.NRGBA) {
	k := float64(f.inner.Dx()) / float64(w)
	bw, bh := max(1, int(float64(f.box[2])*k+.5)), max(1, int(float64(f.box[3])*k+.5))
	at := f.inner.Min.Add(image.Pt(int(float64(f.box[0])*k+.5), int(float64(f.box[1])*k+.5)))
	canvas = image.NewNRGBA(image.Rectangle{Max: f.size})
	draw.Draw(canvas, image.Rectangle{Min: at, Max: at.Add(image.Pt(bw, bh))}, imaging.Resize(product, bw, bh), image.Point{}, draw.Src)
	mask = image.NewNRGBA(canvas.Rect)
	for i := 3; i < len(mask.Pix); i += 4 {
		if canvas.Pix[i] >= solid {
			mask.Pix[i] = 255
		}
	}
	return canvas, mask
}

// scene takes the wanted picture out of the answer, w×h and opaque; nil when the
// answer has other proportions than asked for.
func (f frame) scene(answer *image.NRGBA, w, h int) *image.NRGBA {
	if s := answer.Rect.Size(); s.X*f.size.Y != s.Y*f.size.X {
		return nil
	}
	if answer.Rect.Size() != f.size {
		answer = imaging.Resize(answer, f.size.X, f.size.Y)
	}
	out := image.NewNRGBA(image.Rectangle{Max: f.inner.Size()})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, answer, answer.Rect.Min.Add(f.inner.Min), draw.Over)
	if out.Rect.Dx() != w || out.Rect.Dy() != h {
		out = imaging.Resize(out, w, h)
	}
	return out
}
