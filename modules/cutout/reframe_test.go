package cutout_test

import (
	"context"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// byFrame is a network that answers each size of picture in its own way.
type byFrame struct {
	answers map[image.Point]cutout.Mask
	asked   []image.Point
}

func (n *byFrame) Mask(_ context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	size := photo.Rect.Size()
	n.asked = append(n.asked, size)
	return n.answers[size], nil
}

// A photo whose product a network can't make up its mind about is seen again in a frame: an
// oblong one in a square, others with room around them. What that look says counts where it is clearer.
func TestTornProductIsSeenAgainInAFrame(t *testing.T) {
	back, product := color.NRGBA{120, 90, 70, 255}, color.NRGBA{230, 225, 215, 255}
	for name, c := range map[string]struct {
		size, framed image.Point
		at           image.Rectangle // the product
		torn, doubt  float32         // coverage of half of the product in the first look, and in the framed one
		lost         bool            // the framed look doesn't see what the first one was sure of
		looks        []image.Point
		half         bool // the other half of the product is there because of what the looks say
	}{
		"oblong":       {image.Pt(300, 200), image.Pt(300, 300), image.Rect(60, 40, 240, 160), .4, 1, false, []image.Point{{300, 200}, {300, 300}}, true},
		"tall":         {image.Pt(200, 300), image.Pt(300, 300), image.Rect(40, 60, 160, 240), .4, 1, false, []image.Point{{200, 300}, {300, 300}}, true},
		"square":       {image.Pt(200, 200), image.Pt(280, 280), image.Rect(40, 40, 160, 160), .4, 1, false, []image.Point{{200, 200}, {280, 280}}, true},
		"no clearer":   {image.Pt(300, 200), image.Pt(300, 300), image.Rect(60, 40, 240, 160), .06, .3, false, []image.Point{{300, 200}, {300, 300}, {114, 144}}, false},
		"another part": {image.Pt(300, 200), image.Pt(300, 300), image.Rect(60, 40, 240, 160), .06, 1, true, []image.Point{{300, 200}, {300, 300}, {114, 144}}, false},
		"sure":         {image.Pt(300, 200), image.Pt(300, 300), image.Rect(60, 40, 240, 160), 1, 1, false, []image.Point{{300, 200}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			img := filled(c.size.X, c.size.Y, back, product, c.at)
			middle := (c.at.Min.X + c.at.Max.X) / 2
			// The coverage of a picture of a size, whose left half's is left and whose other half's is right.
			mask := func(size image.Point, left, right float32) cutout.Mask {
				m := cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}
				off := size.Sub(c.size).Div(2)
				for y := c.at.Min.Y; y < c.at.Max.Y; y++ {
					for x := c.at.Min.X; x < c.at.Max.X; x++ {
						v := left
						if x >= middle {
							v = right
						}
						m.Coverage[(y+off.Y)*size.X+x+off.X] = v
					}
				}
				return m
			}
			left := float32(1)
			if c.lost {
				left = 0
			}
			n := &byFrame{answers: map[image.Point]cutout.Mask{
				c.size: mask(c.size, 1, c.torn), c.framed: mask(c.framed, left, c.doubt),
			}}
			for _, size := range c.looks[min(2, len(c.looks)):] { // a look at the box sees nothing
				n.answers[size] = cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}
			}
			r := cutLearned(t, img, n)
			if !slices.Equal(n.asked, c.looks) {
				t.Fatalf("it looked at pictures of %v, not of %v", n.asked, c.looks)
			}
			y := (c.at.Min.Y + c.at.Max.Y) / 2
			if a := r.Alpha.AlphaAt(middle-20, y).A; a < 250 {
				t.Errorf("what the first look was sure of has coverage %d", a)
			}
			if a := r.Alpha.AlphaAt(middle+20, y).A; c.half && a < 250 {
				t.Errorf("the other half has coverage %d", a)
			}
		})
	}
}
