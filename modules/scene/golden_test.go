package scene

import (
	"flag"
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenSide is the size of the golden pictures, in pixels.
const goldenSide = 256

func TestScenesLookAsTheyDid(t *testing.T) {
	requests := map[string]Request{
		"flat":    {Scene: "lifestyle", Product: plate(90, 60)},
		"palette": {Scene: "minimal", Product: bottle(160, 320, green), Palette: []string{"#c66b4a", "#f3ead8"}},
		"prompt":  {Scene: "studio", Product: ball(200, red), Prompt: "dark marble, window light from the right, moody"},
		"empty":   {Scene: "kitchen"},
	}
	for _, name := range picture.SceneTypes() {
		requests[name] = Request{Scene: name, Product: bottle(160, 320, green)}
	}
	e := New(1)
	for name, r := range requests {
		t.Run(name, func(t *testing.T) {
			r.Width, r.Height, r.Seed = goldenSide, goldenSide, 7
			imagingtest.Golden(t, *update, name, render(t, e, r).Flat, imagingtest.Tolerance{Mean: 1, Most: 24})
		})
	}
}
