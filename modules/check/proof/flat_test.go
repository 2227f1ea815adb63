package proof

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
)

// A JPEG keeps whole levels of brightness and colour difference. On a product of even
// colour all pixels are rounded alike, and the mean doesn't even it out: an honest file
// keeps the limits all the same.
func TestProductsOfEvenColourKeepTheLimits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for i := range 60 {
		base := 60 + r.IntN(185)
		c := color.NRGBA{uint8(base), uint8(base - r.IntN(10)), uint8(base - r.IntN(14)), 255}
		if i%2 == 0 {
			c = color.NRGBA{uint8(40 + r.IntN(210)), uint8(40 + r.IntN(210)), uint8(40 + r.IntN(210)), 255}
		}
		product := image.NewNRGBA(image.Rect(0, 0, 96, 96))
		draw.Draw(product, product.Rect, image.NewUniform(c), image.Point{}, draw.Src)
		for _, full := range []bool{false, true} {
			b, err := imaging.Encode(product, imaging.EncodeOptions{Format: imaging.JPEG, Quality: 88, FullColour: full})
			if err != nil {
				t.Fatal(err)
			}
			got, err := imaging.DecodeOwn(b)
			if err != nil {
				t.Fatal(err)
			}
			d := Compare(product, got)
			worst = max(worst, d.Cast)
			if bad := d.Within(DefaultLimits); bad != "" {
				t.Errorf("%v, full colour %v: %s, cast %.3f", c, full, bad, d.Cast)
			}
		}
	}
	t.Logf("worst cast %.3f", worst)
}
