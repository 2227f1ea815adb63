package scene

import (
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// levelsOff returns by how many levels the mean of an area is off a colour, at most, and
// which share of its pixels is off by no more than so many levels.
func levelsOff(img *image.NRGBA, where [4]float64, hex string, levels float64) (mean, share float64) {
	want, _ := parseHex(hex)
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	var sum [3]float64
	n, near := 0.0, 0.0
	for y := int(where[1] * h); y < int(where[3]*h); y++ {
		for x := int(where[0] * w); x < int(where[2]*w); x++ {
			most := 0.0
			for c, v := range [3]float32{want.R, want.G, want.B} {
				off := float64(img.Pix[img.PixOffset(x, y)+c]) - 255*linearToSRGB(float64(v))
				sum[c] += off
				most = max(most, math.Abs(off))
			}
			if n++; most <= levels {
				near++
			}
		}
	}
	for c := range sum {
		mean = max(mean, math.Abs(sum[c]/n))
	}
	return mean, near / n
}

// TestThePaletteIsKeptOnTheAreasThatItNames holds every set, in every composition, to a
// brand's colours, words against them or not.
func TestThePaletteIsKeptOnTheAreasThatItNames(t *testing.T) {
	const (
		side  = 320
		off   = 2.5 // levels of the mean: ΔE2000 stays below 3
		near  = 20  // levels of a pixel: an area is lit, and has texture
		share = 0.8
	)
	palettes := [][]string{{"#0f3d3e", "#e8d9c5", "#c96f3b"}, {"#f4f4f2", "#1b1b1d", "#7a1fa2"}, {"#c96f3b", "#0f3d3e"}, {"#7a1fa2", "#f4f4f2", "#e8d9c5"}, {"#1b1b1d"}}
	for _, name := range picture.SceneTypes() {
		for seed := range compositions {
			for _, pose := range []Pose{PoseStanding, PoseFlat} {
				t.Run(fmt.Sprint(name, seed, pose), func(t *testing.T) {
					t.Parallel()
					palette := palettes[(seed+len(name))%len(palettes)]
					r := render(t, New(0), Request{Scene: name, Palette: palette, Prompt: "dark slate walls", Pose: pose, Seed: uint64(seed), Width: side, Height: side})
					if len(r.Meta.Areas) != len(palette) {
						t.Fatalf("%+v", r.Meta.Areas)
					}
					for i, a := range r.Meta.Areas {
						switch {
						case a.Colour != palette[i] || a.Exact != (a.Name != "") || a.Exact != (a.Where != [4]float64{}):
							t.Errorf("%+v", a)
						case i == 0 && !a.Exact:
							t.Errorf("the first colour is shown nowhere: %+v", a)
						case a.Exact:
							mean, most := levelsOff(r.Backdrop, a.Where, a.Colour, near)
							if mean > off || most < share {
								t.Errorf("%s of %s is off by %.1f levels, %.0f %% of it is near: %v", a.Name, a.Colour, mean, 100*most, a.Where)
							}
						}
					}
				})
			}
		}
	}
}

// TestEachSetNamesAnAreaForEveryColourThatItShows holds what is said of a palette to what is
// seen: a colour that a set is known to show is named, and one that is said to be shown
// nowhere exactly is not in view.
func TestEachSetNamesAnAreaForEveryColourThatItShows(t *testing.T) {
	const (
		near = 12    // levels of each channel
		some = 0.002 // of the picture: an object that is seen
	)
	palette := []string{"#a020c0", "#00c8d0", "#ff5a1f"} // no set has them by itself
	least := map[string]int{"studio": 1, "luxury": 1, "minimal": 2}
	for _, name := range picture.SceneTypes() {
		for seed := range compositions {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				t.Parallel()
				r := render(t, New(0), Request{Scene: name, Palette: palette, Pose: PoseStanding, Seed: uint64(seed), Width: 320, Height: 320})
				want := 3
				if n, ok := least[name]; ok {
					want = n
				}
				for i, a := range r.Meta.Areas {
					if i < want && !a.Exact {
						t.Errorf("%s is shown and not named: %+v", a.Colour, a)
					}
					if _, seen := levelsOff(r.Backdrop, [4]float64{0, 0, 1, 1}, a.Colour, near); !a.Exact && seen > some {
						t.Errorf("%s is said to be shown nowhere, and %.1f %% of the picture shows it", a.Colour, 100*seen)
					}
				}
			})
		}
	}
}

func TestABackgroundThatIsAsItWasChosenSaysWhichColoursItShows(t *testing.T) {
	palette := []string{"#102030", "#90a0b0", "#ff0000"}
	named := func(scene string) (out []string) {
		r := Request{Scene: scene, Palette: palette, Width: 48, Height: 48}
		if scene == "plate:p" {
			photo := photograph(120, 90, .5)
			r.Plate = &Plate{Image: photo, Plate: EstimatePlate(photo)}
		}
		for i, a := range render(t, New(0), r).Meta.Areas {
			if a.Colour != palette[i] || a.Exact != (a.Name != "") || a.Exact == (a.Why != "") || a.Exact != (a.Where != [4]float64{}) {
				t.Errorf("%s: %+v", scene, a)
			}
			out = append(out, a.Name)
		}
		return out
	}
	for scene, want := range map[string][]string{
		"colour:#102030": {"backdrop", "", ""}, "gradient:#102030-#90a0b0": {"backdrop's top", "backdrop's bottom", ""}, "colour:#123456": {"", "", ""}, "plate:p": {"", "", ""},
	} {
		if got := named(scene); !slices.Equal(got, want) {
			t.Errorf("%s: %q", scene, got)
		}
	}
}

// TestPicturesOfOneBrandAreTunedOnce asks for one look twice, and for another.
func TestPicturesOfOneBrandAreTunedOnce(t *testing.T) {
	e := New(1)
	req := Request{Scene: "kitchen", Palette: []string{"#0f3d3e"}}
	first := render(t, e, req)
	if again := render(t, e, req); !again.Meta.Cached || len(e.looks) != 1 || again.Backdrop != first.Backdrop {
		t.Errorf("%d looks, %+v", len(e.looks), again.Meta)
	}
	req.Palette = []string{"#c96f3b"}
	if other := render(t, e, req); other.Meta.Cached || len(e.looks) != 2 {
		t.Errorf("%d looks, %+v", len(e.looks), other.Meta)
	}
}

func TestWordsThatNoSceneKnowsAreTold(t *testing.T) {
	if got := UnknownWords("On a whimsical oak table, golden hour, with the moonlit whimsical mist"); !slices.Equal(got, []string{"whimsical", "moonlit", "mist"}) {
		t.Errorf("%q", got)
	}
	if got := UnknownWords("white marble, light from the left"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
