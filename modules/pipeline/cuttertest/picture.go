package cuttertest

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
)

// Background and product of the test's photo, sRGB.
var (
	ground  = [3]float64{236, 234, 230}
	product = [3]float64{40, 70, 150}
)

// inside is how much of pixel x, y of a w×h photo the product covers: an
// ellipse, with an edge of one pixel.
func inside(x, y, w, h int) float64 {
	u, v := (float64(x)+.5)/float64(w)-.5, (float64(y)+.5)/float64(h)-.5
	r := (u*u)/(.3*.3) + (v*v)/(.35*.35)
	soft := 6 / float64(min(w, h)) // about one pixel
	return min(max((1-r)/soft+.5, 0), 1)
}

// photo is the product before its background, with a print that tells photos
// apart: shade is added to it.
func photo(w, h int, shade float64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			a, p := inside(x, y, w, h), img.Pix[img.PixOffset(x, y):]
			mark := 0.
			if (x*20/w+y*20/h)%2 == 0 {
				mark = 12
			}
			for c := range 3 {
				p[c] = uint8(ground[c]*(1-a) + (product[c]+mark+shade)*a + .5)
			}
			p[3] = 255
		}
	}
	return img
}

// coverage reads a photo as a perfect model would: from the colour of each pixel.
func coverage(img image.Image) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, _, _, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			a := (ground[0] - 8 - float64(r>>8)) / (ground[0] - 8 - product[0] - 50)
			out.Pix[out.PixOffset(x, y)] = uint8(min(max(a, 0), 1)*255 + .5)
		}
	}
	return out
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Sent decodes the picture that an engine sent.
func Sent(t testing.TB, b []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("what was sent is no JPEG: %v", err)
	}
	return img
}

// RGBA returns the mask as the alpha of a picture with the background's colour
// still in it, as providers return it.
func RGBA(t testing.TB, mask *image.Gray) []byte {
	t.Helper()
	img := image.NewNRGBA(mask.Rect)
	for i, a := range mask.Pix {
		copy(img.Pix[4*i:], []uint8{200, 200, 200, a})
	}
	return encodePNG(t, img)
}

// Grey returns the mask as a grey PNG.
func Grey(t testing.TB, mask *image.Gray) []byte {
	t.Helper()
	return encodePNG(t, mask)
}
