package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// The processor's wider instructions change nothing but the time.
func TestWideInstructionsGiveTheSamePixels(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {33, 217}, {640, 51}} {
		for kind, draw := range map[string]func(int, int, uint32) *image.NRGBA{"photo": imagefiletest.Photo, "cutout": imagefiletest.Cutout} {
			t.Run(fmt.Sprint(kind, size), func(t *testing.T) {
				src := draw(size[0], size[1], 7)
				for _, to := range [][2]int{{1, 1}, {97, 71}, {31, 40}, {641, 53}, {5, 300}} {
					s := newSamples(src, averaging(size[0], to[0]), averaging(size[1], to[1]))
					tx, ty := lanczosTaps(float64(size[0])/float64(s.kx), s.w, to[0]), lanczosTaps(float64(size[1])/float64(s.ky), s.h, to[1])
					wide, plain := image.NewNRGBA(image.Rect(0, 0, to[0], to[1])), image.NewNRGBA(image.Rect(0, 0, to[0], to[1]))
					resampleRows(wide, s, tx, ty, 0, to[1], false)
					for y := 0; y < to[1]; y += 13 { // in bands, as goroutines make them
						resampleRows(plain, s, tx, ty, y, min(y+13, to[1]), true)
					}
					if !bytes.Equal(wide.Pix, plain.Pix) {
						t.Errorf("to %v differs", to)
					}
				}
			})
		}
	}
}

func TestOpaqueSeesEveryPixel(t *testing.T) {
	whole := Filled(70, 61, color.NRGBA{1, 2, 3, 255})
	part, _ := whole.SubImage(image.Rect(3, 5, 40, 50)).(*image.NRGBA)
	for name, img := range map[string]*image.NRGBA{"whole": whole, "part": part} {
		t.Run(name, func(t *testing.T) {
			if !Opaque(img) || !Opaque(image.NewNRGBA(image.Rect(0, 0, 0, 9))) {
				t.Fatal("opaque pixels are taken for transparent ones")
			}
			for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
				for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
					a := &img.Pix[img.PixOffset(x, y)+3]
					if *a = 254; Opaque(img) {
						t.Fatalf("(%d,%d) is overlooked", x, y)
					}
					*a = 255
				}
			}
		})
	}
	for i := range whole.Pix[:4*70] { // beside the part, whose rows go on in the whole's
		whole.Pix[i] = 0
	}
	if !Opaque(part) {
		t.Error("a pixel beside the part counts")
	}
}

// Put and Part do what the standard library does, pixel by pixel.
func TestPutReplacesPixels(t *testing.T) {
	src := imagefiletest.Cutout(40, 30, 1)
	for _, at := range []image.Point{{}, {3, 5}, {-7, -2}, {35, 28}, {100, 3}} {
		t.Run(at.String(), func(t *testing.T) {
			got, want := Filled(41, 31, color.NRGBA{9, 8, 7, 200}), Filled(41, 31, color.NRGBA{9, 8, 7, 200})
			Put(got, src, at)
			draw.Draw(want, src.Rect.Add(at), src, image.Point{}, draw.Src)
			if d := cmp.Diff(want.Pix, got.Pix); d != "" {
				t.Error(d)
			}
		})
	}
	r := image.Rect(2, 3, 90, 20)
	want := image.NewNRGBA(image.Rect(0, 0, 38, 17))
	draw.Draw(want, want.Rect, src, r.Min, draw.Src)
	if d := cmp.Diff(want, Part(src, r)); d != "" {
		t.Error(d)
	}
	if got := Part(src, image.Rect(50, 50, 60, 60)); !got.Rect.Empty() {
		t.Errorf("nothing became %v", got.Rect)
	}
}
