package export

import (
	"image"
	"image/color"
	"math"
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db/dbtest"
	_ "github.com/opal-photo/opal/modules/imaging/imagingtest" // the test binary serves as the decoding child
	"github.com/opal-photo/opal/modules/picture"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, dbtest.IgnoreServer()...)
}

var productColour = color.NRGBA{200, 30, 40, 255}

// scenery is a square scene whose backdrop tells rows and columns apart, with a
// product of the given proportions cut from a photo.
func scenery(pw, ph int) *Layers {
	const side = 512
	l := &Layers{Source: Source{Filename: "x.jpg", Scene: "studio"}}
	l.Width, l.Height, l.FloorY, l.HorizonY = side, side, 440, 300
	k := 280 / float64(max(pw, ph))
	w, h := max(1, int(float64(pw)*k)), max(1, int(float64(ph)*k))
	l.Box = picture.Box{(side - w) / 2, 440 - h, w, h}
	l.Backdrop = image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			l.Backdrop.SetNRGBA(x, y, color.NRGBA{uint8(60 + x/4), uint8(60 + y/4), 150, 255})
		}
	}
	l.Shadow = image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := 430; y < 460; y++ {
		for x := l.Box[0]; x < l.Box[0]+w; x++ {
			l.Shadow.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 90})
		}
	}
	l.Cutout = image.NewNRGBA(image.Rect(0, 0, pw+40, ph+60))
	l.CutoutBounds = picture.Box{20, 30, pw, ph}
	for y := range ph {
		for x := range pw {
			l.Cutout.SetNRGBA(20+x, 30+y, productColour)
		}
	}
	return l
}

// productIn returns where the product's colour is in a picture.
func productIn(img *image.NRGBA) image.Rectangle {
	var r image.Rectangle
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			c := img.NRGBAAt(x, y)
			if c.A > 128 && near(c.R, productColour.R) && near(c.G, productColour.G) && near(c.B, productColour.B) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func near(a, b uint8) bool { return math.Abs(float64(a)-float64(b)) < 24 }
