package scene

import (
	"context"
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// bar is a product: an opaque bar with air around it.
func bar() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 60, 120))
	for y := 20; y < 110; y++ {
		for x := 20; x < 40; x++ {
			img.SetNRGBA(x, y, color.NRGBA{90, 120, 60, 255})
		}
	}
	return img
}

func TestPaintIsExact(t *testing.T) {
	for _, scene := range []string{"colour:#c96f3b", "colour:#000000", "colour:#ffffff", "gradient:#0f3d3e-#e8d9c5"} {
		t.Run(scene, func(t *testing.T) {
			// Words and palette name other colours: the scene's own count.
			res, err := New(0).Render(context.Background(), Request{Product: bar(), Scene: scene, Prompt: "dark slate, red", Palette: []string{"#00ff00"}, Width: 160, Height: 200, Seed: 7})
			if err != nil {
				t.Fatal(err)
			}
			p, _ := picture.ParsePaint(scene)
			touched := res.Shadow.Rect.Union(res.Product.Rect)
			for y := range 200 {
				want := p.At(float64(y) / 199)
				for x := range 160 {
					if got := res.Backdrop.NRGBAAt(x, y); got != (color.NRGBA{want[0], want[1], want[2], 255}) {
						t.Fatalf("backdrop at %d, %d: %v, want %v", x, y, got, want)
					}
					if got := res.Flat.NRGBAAt(x, y); !image.Pt(x, y).In(touched) && got != (color.NRGBA{want[0], want[1], want[2], 255}) {
						t.Fatalf("picture at %d, %d: %v, want %v", x, y, got, want)
					}
				}
			}
			// The shadow lies on the paint: under the bar it is darker than around it.
			if res.Shadow.Rect.Empty() {
				t.Fatal("no shadow")
			}
			if p.Top == [3]uint8{255, 255, 255} {
				foot := res.Flat.NRGBAAt(res.Product.Rect.Min.X+res.Product.Rect.Dx()/2, min(res.Product.Rect.Max.Y, 199))
				if foot.R > 235 {
					t.Errorf("the foot casts no shadow: %v", foot)
				}
			}
		})
	}
}
