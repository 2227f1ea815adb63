package proof

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
)

// TestPlainBackgroundsKeepTheirColourInLossyFiles writes plain colours and a gradient as the
// presets do: the mean difference stays at most 1.
func TestPlainBackgroundsKeepTheirColourInLossyFiles(t *testing.T) {
	const w, h, most = 96, 192, 1.0
	for _, ends := range [][2][3]uint8{
		{{0xc9, 0x6f, 0x3b}, {0xc9, 0x6f, 0x3b}}, {{0x0f, 0x3d, 0x3e}, {0x0f, 0x3d, 0x3e}}, {{0x7a, 0x1f, 0xa2}, {0x7a, 0x1f, 0xa2}}, {{0xa3, 0xb1, 0x8a}, {0xa3, 0xb1, 0x8a}},
		{{255, 255, 255}, {255, 255, 255}}, {{0, 0, 0}, {0, 0, 0}}, {{0x0f, 0x3d, 0x3e}, {0xe8, 0xd9, 0xc5}}, {{0xf4, 0xc6, 0xa0}, {0x7a, 0x1f, 0xa2}},
	} {
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			share := float64(i/w) / (h - 1)
			for c := range 3 {
				img.Pix[i*4+c] = uint8(float64(ends[0][c])*(1-share) + float64(ends[1][c])*share + .5)
			}
			img.Pix[i*4+3] = 255
		}
		for _, o := range []imaging.EncodeOptions{{Format: imaging.JPEG, Quality: 85}, {Format: imaging.WebP, Quality: 82}, {Format: imaging.AVIF, Quality: 60}, {Format: imaging.PNG}} {
			t.Run(fmt.Sprintf("%x as %s", ends, o.Format), func(t *testing.T) {
				o.ICC = true
				file, err := imaging.Encode(img, o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := imaging.DecodeOwn(file)
				if err != nil {
					t.Fatal(err)
				}
				sum, worst := 0.0, 0.0
				for i := range w * h {
					d := deltaE(labOf(img.Pix[i*4:]), labOf(got.Pix[i*4:]))
					sum, worst = sum+d, math.Max(worst, d)
				}
				t.Logf("mean %.2f, worst pixel %.2f", sum/(w*h), worst)
				if mean := sum / (w * h); mean > most || o.Format == imaging.PNG && worst > 0 {
					t.Errorf("mean %.2f, worst pixel %.2f", mean, worst)
				}
			})
		}
	}
}
