package proof

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
)

// striped is a product with edges between saturated colours.
func striped(side, width int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for x := 0; x < side; x += width {
		c := color.NRGBA{215, 25, 40, 255}
		if x/width%2 == 1 {
			c = color.NRGBA{30, 50, 190, 255}
		}
		draw.Draw(img, image.Rect(x, 0, x+width, side), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func TestHalvedColourIsFoundAtSaturatedEdges(t *testing.T) {
	product := striped(500, 37)
	for _, c := range []struct {
		format  imaging.Format
		quality int
		full    bool
		within  bool
	}{
		{imaging.JPEG, 88, false, false}, {imaging.JPEG, 88, true, true}, {imaging.JPEG, 95, true, true}, {imaging.WebP, 82, false, false}, {imaging.AVIF, 60, true, true},
	} {
		t.Run(fmt.Sprint(c.format, c.quality, c.full), func(t *testing.T) {
			b, err := imaging.Encode(product, imaging.EncodeOptions{Format: c.format, Quality: c.quality, FullColour: c.full})
			if err != nil {
				t.Fatal(err)
			}
			got, err := imaging.DecodeOwn(b)
			if err != nil {
				t.Fatal(err)
			}
			d := Compare(product, got)
			t.Logf("%+v", d)
			if (d.Within(DefaultLimits) == "") != c.within {
				t.Errorf("%q %+v", d.Within(DefaultLimits), d)
			}
		})
	}
}
