package pipeline

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// covering is a cut-out of 100×100 pixels that covers the rectangles.
func covering(parts ...image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 100, 100))
	for _, r := range parts {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				img.SetNRGBA(x, y, color.NRGBA{A: 255})
			}
		}
	}
	return img
}

// A concern goes when a person has changed the cut-out in its place, and stays otherwise.
func TestHintsSettleWhatTheyChange(t *testing.T) {
	body, speck := image.Rect(10, 10, 60, 90), image.Rect(80, 20, 90, 30)
	all := []picture.Concern{
		{Kind: "parts", Box: picture.BoxOf(speck)},
		{Kind: "edge", Box: picture.BoxOf(image.Rect(10, 10, 60, 40))},
		{Kind: "backdrop", Box: picture.BoxOf(image.Rect(20, 60, 50, 80))},
		{Kind: "outside", Box: picture.Box{90, 90, 50, 50}},
	}
	for name, c := range map[string]struct {
		after *image.NRGBA
		left  []string
	}{
		"nothing changes":      {covering(body, speck), []string{"parts", "edge", "backdrop", "outside"}},
		"the piece is removed": {covering(body), []string{"edge", "backdrop", "outside"}},
		"a gap is opened":      {covering(image.Rect(10, 10, 60, 62), image.Rect(10, 80, 60, 90), speck), []string{"parts", "edge", "outside"}},
		"a corner is added":    {covering(body, speck, image.Rect(58, 10, 61, 14)), []string{"parts", "edge", "backdrop", "outside"}},
	} {
		var left []string
		for _, l := range unsettled(all, covering(body, speck), c.after) {
			left = append(left, l.Kind)
		}
		if !slices.Equal(left, c.left) {
			t.Errorf("%s: %v are left, want %v", name, left, c.left)
		}
	}
}
