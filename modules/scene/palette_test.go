package scene

import (
	"slices"
	"testing"
)

func TestThePaletteIsKeptOnTheAreaThatItNames(t *testing.T) {
	for _, name := range []string{"studio", "minimal"} {
		for _, hex := range []string{"#0f3d3e", "#e8d9c5", "#c96f3b", "#1b1b1d", "#f4f4f2", "#7a1fa2"} {
			t.Run(name+hex, func(t *testing.T) {
				r := rendered(t, Request{Scene: name, Palette: []string{hex, "#ffffff"}, Prompt: "dark slate walls"})
				if len(r.Meta.Areas) != 2 {
					t.Fatalf("%+v", r.Meta.Areas)
				}
				a := r.Meta.Areas[0]
				if a.Colour != hex || a.Name != "backdrop" || !a.Exact {
					t.Fatalf("%+v", a)
				}
				want, _ := parseHex(hex)
				var sum [3]float64
				n := 0.0
				for y := int(a.Where[1] * 320); y < int(a.Where[3]*320); y++ {
					for x := int(a.Where[0] * 320); x < int(a.Where[2]*320); x++ {
						for c := range 3 {
							sum[c] += float64(r.Backdrop.Pix[r.Backdrop.PixOffset(x, y)+c])
						}
						n++
					}
				}
				got := hexOf(want)
				for c, v := range [3]float32{want.R, want.G, want.B} {
					if d := sum[c]/n - 255*linearToSRGB(float64(v)); d > 4 || d < -4 { // ΔE2000 stays below 3
						t.Errorf("channel %d of %s is off by %.1f levels", c, got, d)
					}
				}
			})
		}
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
