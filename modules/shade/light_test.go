package shade

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inASet is a grey bar that stands in a set which is warm and bright on the left and cold
// and dark on the right.
func inASet() (backdrop, bar *image.NRGBA, at image.Rectangle) {
	backdrop = image.NewNRGBA(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			backdrop.SetNRGBA(x, y, color.NRGBA{uint8(240 - x), uint8(190 - x/2), uint8(110 + x/8), 255})
		}
	}
	at = image.Rect(70, 50, 130, 170)
	bar = image.NewNRGBA(image.Rect(0, 0, 60, 120))
	draw.Draw(bar, bar.Rect, image.NewUniform(color.NRGBA{120, 120, 120, 255}), image.Point{}, draw.Src)
	return backdrop, bar, at
}

func TestASceneLightsItsProduct(t *testing.T) {
	backdrop, bar, at := inASet()
	before := bytes.Clone(bar.Pix)
	out := NewLight(backdrop, bar, at, 1, math.NaN(), true).On(bar)
	if !bytes.Equal(bar.Pix, before) {
		t.Fatal("the product's own pixels were changed")
	}
	left, right, middle, foot := out.NRGBAAt(1, 60), out.NRGBAAt(58, 60), out.NRGBAAt(30, 60), out.NRGBAAt(30, 118)
	if left.R <= left.B || left.R <= right.R+15 {
		t.Errorf("the warm, bright side is %v, the other %v", left, right)
	}
	if left.R <= middle.R+5 {
		t.Errorf("no rim: %v at the edge, %v in the middle", left, middle)
	}
	if foot.G+8 >= middle.G {
		t.Errorf("it is not darker at its foot: %v, %v in the middle", foot, middle)
	}
	if none := NewLight(backdrop, bar, at, 0, math.NaN(), true).On(bar); !bytes.Equal(none.Pix, before) {
		t.Error("light of no strength changes the product")
	}
}

// TestStrongColoursKeepTheProductsHue stands products of several colours before walls of
// saturated ones: the order of a product's channels, and nearly their ratios, are its colour.
func TestStrongColoursKeepTheProductsHue(t *testing.T) {
	walls := map[string]color.NRGBA{"blue": {42, 111, 152, 255}, "pure blue": {0, 0, 255, 255}, "red": {193, 18, 31, 255}, "green": {0, 200, 40, 255}, "black": {0, 0, 0, 255}}
	products := map[string]color.NRGBA{"amber": {190, 110, 30, 255}, "pink": {230, 150, 170, 255}, "grey": {128, 128, 128, 255}, "gold": {200, 170, 90, 255}}
	for wall, colour := range walls {
		for name, own := range products {
			t.Run(name+" before "+wall, func(t *testing.T) {
				backdrop := image.NewNRGBA(image.Rect(0, 0, 120, 120))
				draw.Draw(backdrop, backdrop.Rect, image.NewUniform(colour), image.Point{}, draw.Src)
				product := image.NewNRGBA(image.Rect(0, 0, 40, 60))
				draw.Draw(product, product.Rect, image.NewUniform(own), image.Point{}, draw.Src)
				c := NewLight(backdrop, product, image.Rect(40, 30, 80, 90), 1, math.NaN(), true).On(product).NRGBAAt(20, 20)
				for _, pair := range [][4]uint8{{own.R, own.G, c.R, c.G}, {own.G, own.B, c.G, c.B}, {own.R, own.B, c.R, c.B}} {
					was, is := linear[pair[0]]/linear[pair[1]], linear[pair[2]]/linear[pair[3]]
					if by := math.Abs(math.Log(is / was)); by > mostTint+.05 {
						t.Errorf("%v became %v: one channel gained %.0f %% on another", own, c, 100*(math.Exp(by)-1))
					}
				}
			})
		}
	}
}

func TestLightIsKeptAsALayer(t *testing.T) {
	backdrop, bar, at := inASet()
	l := NewLight(backdrop, bar, at, .7, -1, true)
	b, err := l.Encode()
	if err != nil || len(b) > 16<<10 {
		t.Fatalf("%d bytes: %v", len(b), err)
	}
	again, err := DecodeLight(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l.On(bar).Pix, again.On(bar).Pix); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedLightIsRefused(t *testing.T) {
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewNRGBA(image.Rect(0, 0, 2000, 2))); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte("light"), "too large": large.Bytes()} {
		t.Run(name, func(t *testing.T) {
			if _, err := DecodeLight(b); !errors.Is(err, ErrLight) {
				t.Errorf("%v", err)
			}
		})
	}
	var black bytes.Buffer
	if err := png.Encode(&black, image.NewNRGBA(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	l, err := DecodeLight(black.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, bar, _ := inASet()
	if c := l.On(bar).NRGBAAt(20, 20); c.R < 80 {
		t.Errorf("a layer from elsewhere hides the product: %v", c)
	}
}
