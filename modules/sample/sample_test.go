package sample_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/sample"
)

func TestPhotoIsAProductOnALightBackdrop(t *testing.T) {
	const size = 160
	img := sample.Draw(size)
	luma := func(x, y int) float64 {
		c := img.NRGBAAt(x*size/100, y*size/100)
		return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
	}
	for _, p := range [][2]int{{2, 2}, {98, 2}, {2, 98}, {98, 98}, {50, 5}} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			if l := luma(p[0], p[1]); l < 180 {
				t.Errorf("the backdrop has luma %.0f", l)
			}
		})
	}
	glass := img.NRGBAAt(50*size/100, 49*size/100)
	if int(glass.R)-int(glass.B) < 50 {
		t.Errorf("the glass is not amber: %v", glass)
	}
	if luma(48, 30) > 110 {
		t.Errorf("the closure is not dark: %.0f", luma(48, 30))
	}
	if under, clear := luma(70, 78), luma(15, 78); clear-under < 15 {
		t.Errorf("no shadow: %.0f beside %.0f", under, clear)
	}
}

// A light dot in the crease between two parts, or an outline that differs from the drawing, would be
// taken for a fault of the cut-out.
func TestCoverageIsThatOfTheDrawing(t *testing.T) {
	const size = 320
	img, truth := sample.Draw(size), sample.Coverage(size)
	between := 0
	for y := range size {
		first, last := -1, -1
		for x := range size {
			if truth.AlphaAt(x, y).A == 255 {
				if first < 0 {
					first = x
				}
				last = x
			}
		}
		for x := range size {
			if a := truth.AlphaAt(x, y).A; a > 0 && a < 255 {
				between++
				if first >= 0 && x > first+1 && x < last-1 {
					t.Errorf("the backdrop is seen through the bottle at %d, %d", x, y)
				}
			}
			// the closure is dark and the backdrop light
			if y < size/3 && truth.AlphaAt(x, y).A == 0 && img.NRGBAAt(x, y).G < 150 {
				t.Errorf("the bottle is drawn outside its coverage at %d, %d", x, y)
			}
		}
	}
	if between < size {
		t.Errorf("%d pixels lie along the outline", between)
	}
}

func TestDrawingsSideBySideAreTheSame(t *testing.T) {
	want := sample.Draw(160)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if !bytes.Equal(sample.Draw(160).Pix, want.Pix) {
				t.Error("two drawings differ")
			}
		})
	}
	wg.Wait()
}

func TestJPEG(t *testing.T) {
	b, err := sample.JPEG(64)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := jpeg.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != 64 {
		t.Fatalf("%v", err)
	}
}
