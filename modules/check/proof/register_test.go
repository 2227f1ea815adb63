package proof

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
)

// shownAt puts a product, resized, on a ground of two tones.
func shownAt(product *image.NRGBA, w, h, pw, x, y int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{222, 214, 200, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, h*2/3, w, h), image.NewUniform(color.NRGBA{180, 160, 140, 255}), image.Point{}, draw.Src)
	imaging.Over(img, imaging.Resize(product, pw, pw*product.Rect.Dy()/product.Rect.Dx()), image.Pt(x, y))
	return img
}

func TestAProductIsFoundBySizeShiftAndCrop(t *testing.T) {
	product := goods(4, 420)
	for _, c := range []struct{ w, h, size, x, y int }{{700, 700, 300, 200, 180}, {640, 480, 420, 40, 20}, {500, 800, 180, 250, 500}, {400, 400, 420, -60, -30}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			got := Register(product, shownAt(product, c.w, c.h, c.size, c.x, c.y))
			want := Registered{Scale: float64(c.size) / 420, X: float64(c.x), Y: float64(c.y)}
			if got.Score < FoundFrom || math.Abs(got.Scale/want.Scale-1) > .004 || math.Hypot(got.X-want.X, got.Y-want.Y) > .5 {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
	t.Run("another product", func(t *testing.T) {
		if got := Register(product, shownAt(striped(420, 31), 600, 600, 300, 100, 100)); got.Score >= FoundFrom {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		if got := Register(image.NewNRGBA(image.Rect(0, 0, 50, 50)), shownAt(product, 300, 300, 100, 9, 9)); got.Score != 0 {
			t.Errorf("%+v", got)
		}
	})
}
