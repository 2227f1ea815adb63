package picture_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/opal-photo/opal/modules/picture"
)

// Rows written by earlier versions are read for as long as they live.
func TestWhatIsStoredCanBeRead(t *testing.T) {
	placed := picture.Placed{Engine: "studio", Seed: 2984, Width: 1024, Height: 1024, BackdropPath: "t/j/i/backdrop/a1.jpg", ShadowPath: "t/j/i/shadow/a1.png",
		Box: picture.Box{245, 213, 534, 647}, FloorY: 860, HorizonY: 702, Generated: true, Note: "n"}
	for name, c := range map[string]struct {
		text string
		into any
		want any
	}{
		"placed": {
			`{"engine":"studio","seed":2984,"width":1024,"height":1024,"backdrop":"t/j/i/backdrop/a1.jpg","shadow":"t/j/i/shadow/a1.png","box":[245,213,534,647],` +
				`"floor_y":860,"horizon_y":702,"generated":true,"note":"n"}`, new(picture.Placed), &placed,
		},
		"layers": {
			`{"cutout":"t/j/i/cutout/a1.png","backdrop":"t/j/i/place/a1.jpg","output":"t/j/i/output/a1.jpg","width":1024,"height":1024,"box":[1,2,3,4],` +
				`"cutout_bounds":[10,20,300,400],"floor_y":860,"contains_product":true,"filename":"x.jpg","scene":"studio"}`, new(picture.Layers),
			&picture.Layers{CutoutPath: "t/j/i/cutout/a1.png", CutoutBounds: picture.Box{10, 20, 300, 400}, OutputPath: "t/j/i/output/a1.jpg", Placed: picture.Placed{
				BackdropPath: "t/j/i/place/a1.jpg", Width: 1024, Height: 1024, Box: picture.Box{1, 2, 3, 4}, FloorY: 860, ContainsProduct: true}},
		},
		"look": {
			`{"id":"b","scene_prompt":"p","negative_prompt":"n","palette":["#112233"],"mood":"m","keywords":["k"],"light":"left","product_fill":0.5}`, new(picture.Look),
			&picture.Look{ID: "b", ScenePrompt: "p", NegativePrompt: "n", Palette: []string{"#112233"}, Mood: "m", Keywords: []string{"k"}, Light: "left", ProductFill: .5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := json.Unmarshal([]byte(c.text), c.into); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, c.into); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAProductStandsInsideItsScene(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 4000)
		pw, ph, w, h := side.Draw(t, "pw"), side.Draw(t, "ph"), side.Draw(t, "w"), side.Draw(t, "h")
		box, floor := picture.Stand(pw, ph, w, h, rapid.Float64Range(-1, 2).Draw(t, "fill"))
		if r := box.Rect(); r.Empty() || r.Min.X < 0 || r.Max.X > w || r.Min.Y < -1 || r.Max.Y > h || r.Max.Y != floor {
			t.Fatalf("%v on row %d of %d×%d", r, floor, w, h)
		}
	})
}

func TestABoxSaysWhereItIs(t *testing.T) {
	for name, c := range map[string]struct {
		box  picture.Box
		want string
	}{
		"nothing":       {picture.Box{}, ""},
		"all of it":     {picture.Box{10, 10, 280, 180}, ""},
		"a corner":      {picture.Box{0, 0, 60, 50}, "at the top left"},
		"the far one":   {picture.Box{250, 160, 50, 40}, "at the bottom right"},
		"a side":        {picture.Box{270, 20, 30, 170}, "at the right"},
		"a strip below": {picture.Box{0, 180, 300, 20}, "at the bottom"},
		"the middle":    {picture.Box{120, 80, 60, 40}, "in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.box.Where(300, 200); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestWhoHasToLook(t *testing.T) {
	for name, c := range map[string]struct {
		review     picture.Review
		confidence float64
		want       bool
	}{
		"sure":                     {picture.Review{}, .9, false},
		"unsure":                   {picture.Review{}, picture.ReviewBelow - .01, true},
		"at the threshold":         {picture.Review{}, picture.ReviewBelow, false},
		"a stricter brand":         {picture.Review{Below: .95}, .9, true},
		"a brand without a review": {picture.Review{Off: true, Below: .95}, 0, false},
		"not a number":             {picture.Review{}, math.NaN(), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.review.Wanted(c.confidence); got != c.want {
				t.Error(got)
			}
		})
	}
}
