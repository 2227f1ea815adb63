package server

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/scene"
)

// photo is a cut-out with a photograph's noise, so that it compresses like one.
func photo(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := h / 8; y < h*7/8; y++ {
		for x := w / 5; x < w*4/5; x++ {
			n := r.IntN(9)
			m.Pix[m.PixOffset(x, y)], m.Pix[m.PixOffset(x, y)+1] = uint8(60+140*x/w+n), uint8(40+60*y/h+n)
			m.Pix[m.PixOffset(x, y)+2], m.Pix[m.PixOffset(x, y)+3] = uint8(90+n), 255
		}
	}
	return m
}

// BenchmarkScore measures a warm call over loopback: a cut-out of a 2 MP photo
// in, the picture and both layers of 1024² out.
func BenchmarkScore(b *testing.B) {
	cut, err := imaging.Encode(photo(1632, 1224), imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"studio", "lifestyle", "luxury"} {
		for _, cached := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/cached=%v", name, cached), func(b *testing.B) {
				blobs := newBlobServer(b)
				in := blobs.put("/cut.png", cut)
				s := start(b, Options{Engine: NewStudio(scene.New(1))})
				n := 0
				for b.Loop() {
					n++
					seed := 1
					if !cached {
						seed = n
					}
					body := fmt.Sprintf(`{"input_image_sas":%q,"scene":%q,"brand":"b","seed":%d,"output_image_sas":"%s/o%d","backdrop_sas":"%s/b%d","shadow_sas":"%s/s%d"}`,
						in, name, seed, blobs.URL, n, blobs.URL, n, blobs.URL, n)
					if status, _, answer := post(b, s, body); status != 200 {
						b.Fatalf("%d %s", status, answer)
					}
				}
			})
		}
	}
}

// BenchmarkEncode compares what a 1024² picture could be written as.
func BenchmarkEncode(b *testing.B) {
	d, err := scene.New(1).Render(b.Context(), scene.Request{Product: photo(1632, 1224), Scene: "lifestyle", Width: defaultSide, Height: defaultSide})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []imaging.Format{imaging.JPEG, imaging.PNG, imaging.WebP} {
		for what, m := range map[string]*image.NRGBA{"flat": d.Flat, "shadow": wholeFrame(d.Shadow, d.Flat.Rect)} {
			if f == imaging.JPEG && what == "shadow" {
				continue
			}
			b.Run(string(f)+"/"+what, func(b *testing.B) {
				size := 0
				for b.Loop() {
					data, err := encode(m, f)
					if err != nil {
						b.Fatal(err)
					}
					size = len(data)
				}
				b.ReportMetric(float64(size)/1024, "KB")
			})
		}
	}
}
