package apptest

import (
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Photo returns a JPEG of w × h pixels: what WritePhoto draws.
func Photo(t testing.TB, w, h int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := WritePhoto(path, w, h, 1); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// WritePhoto draws a product photo: a glazed vase on light paper with a soft
// shadow.
func WritePhoto(path string, w, h int, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 7))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	hue := r.Float64()
	fw, fh := float64(w), float64(h)
	for y := range h {
		for x := range w {
			u, v := (float64(x)-fw/2)/fh, float64(y)/fh
			paper := 240 - 14*v
			sh := bell((v-.86)/.035) * bell(u/.28)
			c := [3]float64{paper * (1 - .35*sh), paper * (1 - .36*sh), paper * (1 - .37*sh)}
			radius := .1 + .12*math.Sin((v-.15)*4.2)*math.Sin((v-.15)*4.2)
			if v > .15 && v < .86 && math.Abs(u) < radius {
				n := u / radius
				shade := .35 + .65*math.Sqrt(1-n*n)*(1-.35*n) + .5*bell((n+.45)/.1)
				band := .8 + .2*math.Round(math.Mod(v*11, 1))
				c = [3]float64{(60 + 120*hue) * shade * band, 90 * shade * band, (170 - 120*hue) * shade}
			}
			n := r.NormFloat64() * 1.5
			img.SetRGBA(x, y, color.RGBA{b(c[0] + n), b(c[1] + n), b(c[2] + n), 255})
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 92}); err != nil {
		return err
	}
	return f.Close()
}

// bell is the bell curve without its constants.
func bell(v float64) float64 { return math.Exp(-v * v) }

func b(v float64) uint8 { return uint8(math.Max(0, math.Min(255, v+.5))) }
