package scene

import (
	"flag"
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenSide is the size of the golden pictures: what spoils a scene is seen at it.
const goldenSide = 256

func TestScenesLookAsTheyDid(t *testing.T) {
	e := New(0)
	for _, name := range picture.SceneTypes() {
		cases := map[string]Request{name: {Scene: name}, name + "-flat": {Scene: name, Pose: PoseFlat}}
		if name == "studio" || name == "minimal" { // they follow a palette the most
			cases[name+"-brand"] = Request{Scene: name, Palette: []string{"#0f3d3e", "#e8d9c5", "#c96f3b"}, Light: LightRight}
		}
		for kind, r := range cases {
			t.Run(kind, func(t *testing.T) {
				r.Product, r.Width, r.Height, r.Seed = bottle(120, 260, green), goldenSide, goldenSide, 5
				imagingtest.Golden(t, *update, kind, render(t, e, r).Flat)
			})
		}
	}
}
