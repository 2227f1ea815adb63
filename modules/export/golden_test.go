package export

import (
	"flag"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stood is a scene with the things that compositions get wrong: a horizon,
// light that falls off, and a product with holes and a soft edge that stands on
// two feet.
func stood() *Layers {
	const side, pw, ph = 320, 180, 220
	l := &Layers{Source: Source{Layers: picture.Layers{CutoutBounds: picture.Box{10, 10, pw, ph},
		Placed: picture.Placed{Width: side, Height: side, FloorY: 270, HorizonY: 190, Box: picture.Box{90, 90, 148, 180}}}}}
	l.Backdrop = image.NewNRGBA(image.Rect(0, 0, side, side))
	l.Shadow = image.NewNRGBA(l.Backdrop.Rect)
	for y := range side {
		for x := range side {
			d := math.Hypot(float64(x-side/2), float64(y-side/2)) / side
			c := color.NRGBA{uint8(210 - 90*d), uint8(205 - 80*d), uint8(220 - 100*d), 255}
			if y > 190 {
				c = color.NRGBA{uint8(190 - 60*d + 10*math.Sin(float64(x)/6)), uint8(150 - 60*d), uint8(110 - 50*d), 255}
			}
			l.Backdrop.SetNRGBA(x, y, c)
			s := math.Hypot(float64(x-164)/95, float64(y-268)/16)
			l.Shadow.SetNRGBA(x, y, color.NRGBA{20, 10, 0, uint8(120 * math.Max(0, 1-s))})
		}
	}
	l.Cutout = image.NewNRGBA(image.Rect(0, 0, pw+20, ph+20))
	for y := range ph {
		for x := range pw {
			u, v := float64(x)/pw*2-1, float64(y)/ph*2-1
			a := (1 - math.Pow(math.Abs(u), 4) - math.Pow(math.Abs(v), 8)) * 30
			a = math.Min(a, (math.Hypot(u, v+.45)-.25)*60) // a hole
			if v > .8 && math.Abs(u) < .4 {
				a = 0 // between the feet
			}
			l.Cutout.SetNRGBA(10+x, 10+y, color.NRGBA{uint8(90 + 60*u), 60, uint8(120 - 60*v), uint8(255 * clamp(a, 0, 1))})
		}
	}
	return l
}

func TestCompositionsLookAsTheyDid(t *testing.T) {
	staged := stood()
	held := stood()
	held.ContainsProduct, held.Shadow = true, nil
	imaging.Over(held.Backdrop, staged.Shadow, image.Point{})
	imaging.Over(held.Backdrop, newProduct(held, whole).at(held.Box[2], held.Box[3]), image.Pt(held.Box[0], held.Box[1]))
	bare := stood()
	bare.Backdrop, bare.Shadow = nil, nil
	photo := stood()
	photo.Cutout, photo.CutoutBounds = held.Backdrop, picture.Box{}
	photo.Backdrop, photo.Shadow = nil, nil
	above := stood()
	above.HorizonY = 0
	for name, c := range map[string]struct {
		layers *Layers
		preset string
	}{
		"staged-story": {staged, "instagram_story"}, "staged-wide": {staged, "facebook_ad"}, "staged-square": {staged, "shopify"},
		"held-story": {held, "instagram_story"}, "held-wide": {held, "facebook_ad"}, "above-story": {above, "instagram_story"},
		"paper-square": {bare, "shopify"}, "photo-story": {photo, "instagram_story"}, "white": {bare, "amazon_main"}, "clear": {bare, "cutout_png"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := channel.Find(c.preset)
			k := 200 / float64(max(p.Width, p.Height))
			p.Width, p.Height = int(float64(p.Width)*k), int(float64(p.Height)*k)
			l, err := c.layers.sound()
			if err != nil {
				t.Fatal(err)
			}
			imagingtest.Golden(t, *update, name, compose(p, l, newProduct(l, whole)))
		})
	}
}
