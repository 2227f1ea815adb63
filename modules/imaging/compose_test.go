package imaging

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"testing"
)

func TestOverCopiesOpaqueBlendsSoftAndClips(t *testing.T) {
	dst := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for i := range dst.Pix {
		dst.Pix[i] = 255
	}
	src := image.NewNRGBA(image.Rect(10, 10, 13, 13)) // not at the origin
	src.SetNRGBA(10, 10, color.NRGBA{7, 8, 9, 255})
	src.SetNRGBA(11, 10, color.NRGBA{0, 0, 0, 128})
	src.SetNRGBA(12, 12, color.NRGBA{1, 2, 3, 255}) // lands outside
	Over(dst, src, image.Pt(2, 2))
	for _, c := range []struct {
		x, y int
		want color.NRGBA
	}{
		{2, 2, color.NRGBA{7, 8, 9, 255}}, {3, 2, color.NRGBA{127, 127, 127, 255}}, {1, 1, color.NRGBA{255, 255, 255, 255}}, {3, 3, color.NRGBA{255, 255, 255, 255}},
	} {
		t.Run(fmt.Sprintf("%d,%d", c.x, c.y), func(t *testing.T) {
			if got := dst.NRGBAAt(c.x, c.y); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	Over(dst, src, image.Pt(-9, -9)) // all of it outside
}

func TestAlphaBounds(t *testing.T) {
	img := image.NewNRGBA(image.Rect(5, 5, 15, 15))
	if b := AlphaBounds(img, 1); !b.Empty() {
		t.Fatalf("empty: %v", b)
	}
	img.SetNRGBA(7, 8, color.NRGBA{A: 20})
	img.SetNRGBA(11, 9, color.NRGBA{A: 255})
	if b := AlphaBounds(img, 1); b != image.Rect(7, 8, 12, 10) {
		t.Fatalf("%v", b)
	}
	if b := AlphaBounds(img, 21); b != image.Rect(11, 9, 12, 10) {
		t.Fatalf("%v", b)
	}
}

func TestVisible(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	if err := Visible(img); !errors.Is(err, ErrInvisible) {
		t.Error(err)
	}
	img.Pix[img.PixOffset(39, 29)+3] = 200
	if err := Visible(img); err != nil {
		t.Error(err)
	}
	if err := Visible(img.SubImage(image.Rect(0, 0, 39, 29)).(*image.NRGBA)); !errors.Is(err, ErrInvisible) {
		t.Errorf("a part without that pixel: %v", err)
	}
}
