package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/check/consistency"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// stage is an engine that draws a plain scene by the wishes it gets: cheap, and each kind of
// drift is one of them. A seed has it draw a darker scene, the third one of another tint, too.
type stage struct{}

const stageSide = 200

// Place draws wall, floor and shadow, and says where the product stands.
func (stage) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	w := r.Steering
	of := func(v *float64, usual float64) float64 {
		if v == nil {
			return usual
		}
		return *v
	}
	size, centre, floor, horizon, angle, deep, light := .5, of(w.X, .5), of(w.Y, .84), .55-of(w.CameraPitch, 0)/200, of(w.LightAngle, 300)+180, .5, 1.0
	if w.Scale > 0 {
		size *= w.Scale
	}
	tint := 1.0
	if w.Seed != nil {
		light = .8
		if *w.Seed == 3 {
			tint = .9
		}
	}
	if w.Shadow != nil {
		deep, angle = deep*of(w.Shadow.Strength, 1), of(w.Shadow.Direction, angle)
	}
	img := image.NewNRGBA(image.Rect(0, 0, stageSide, stageSide))
	seen := pipeline.AlphaBounds(r.Cutout)
	wide := size * float64(seen.Dx()) / float64(seen.Dy())
	box := image.Rect(int((centre-wide/2)*stageSide), int((floor-size)*stageSide), int((centre+wide/2)*stageSide), int(floor*stageSide))
	right, near := math.Sin(angle*math.Pi/180), math.Cos(angle*math.Pi/180)
	for y := range stageSide {
		for x := range stageSide {
			k := .8 * light
			if float64(y) > horizon*stageSide {
				k = .62 * light
			}
			half := wide * stageSide / 2
			u, v := (float64(x)-centre*stageSide-right*half*1.1)/(half*.9), (float64(y)-floor*stageSide-near*4)/9
			k *= 1 - deep*math.Exp(-u*u-v*v)
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * k), uint8(255 * k), uint8(255 * k * tint), 255})
		}
	}
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.PNG})
	if err != nil {
		return nil, err
	}
	path, err := r.Artifacts.Put(ctx, "backdrop", "png", "image/png", b)
	return &picture.Placed{Engine: "stage", Seed: r.Seed, Width: stageSide, Height: stageSide, BackdropPath: path, Box: picture.BoxOf(box), FloorY: box.Max.Y, Followed: true, Finished: true}, err
}

// One order of fourteen photos holds a drift of each kind beside five pictures as they should
// be; all are fixed by one call, in as many rounds as that takes.
func TestADriftOfEachKindIsFixedOnce(t *testing.T) {
	number := picture.Number
	seed, dim := uint64(3), uint64(4)
	drifts := []struct {
		kind string
		wish picture.Steering
	}{
		{"fill", picture.Steering{Scale: .6}},
		{"centre", picture.Steering{X: number(.36)}},
		{"floor", picture.Steering{Y: number(.72)}},
		{"horizon", picture.Steering{CameraPitch: number(20)}},
		{"white_point", picture.Steering{Seed: &seed}},
		{"exposure", picture.Steering{Seed: &dim}},
		{"shadow_angle", picture.Steering{LightAngle: number(60)}},
		{"shadow_depth", picture.Steering{Shadow: &picture.Shadow{Strength: number(.15)}}},
	}
	photos := driftFolder(t, len(drifts)+5)
	o := fixOptions("studio")
	o.Corrections = map[string]Correction{}
	kinds := map[string]string{}
	for i, d := range drifts {
		o.Corrections[correctionOf(photos[i], "studio")] = Correction{Steering: d.wish}
		kinds[photos[i]] = d.kind
	}
	fixesOnce(t, o, nil, photos, kinds)
}

func TestADriftOnAPlateIsFixedOnce(t *testing.T) {
	photos := driftFolder(t, 4)
	prepare := func(_ context.Context, b []byte) (pipeline.Plate, error) {
		return pipeline.Plate{File: b, Plate: picture.Plate{Floor: [4]float64{0, .6, 1, 1}, Horizon: .55}}, nil
	}
	o := fixOptions("plate:set")
	o.PlateFiles = []string{"set.png"}
	var err error
	if o.Plates, _, err = ReadPlates(t.Context(), o.PlateFiles, prepare); err != nil {
		t.Fatal(err)
	}
	// the list of products wishes for one that it stands aside, and knows the height of another
	o.Wishes = map[string]picture.Steering{photos[0]: {X: picture.Number(.36)}, photos[1]: {HeightMM: 60, Scale: .7}}
	fixesOnce(t, o, prepare, photos, map[string]string{photos[0]: "centre"})
}

// driftFolder is a folder with photos, and one of a set.
func driftFolder(t *testing.T, n int) (photos []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := range n {
		img := tin(120)
		img.Pix[0] = uint8(100 + i) // no two files are the same
		photos = append(photos, string(rune('a'+i))+".png")
		saved(t, photos[i], img, imaging.PNG)
	}
	saved(t, "set.png", image.NewNRGBA(image.Rect(0, 0, 64, 64)), imaging.PNG)
	return photos
}

func fixOptions(scene string) Options {
	return Options{Dir: "out", Scenes: []string{scene}, Presets: []string{"web_thumb"}, Steps: pipeline.Options{RemoveBackground: true, GenerateScene: true}, Jobs: 1}
}

// fixesOnce holds that the photos with a kind drift in it, that they and no others are made
// again, and that they stay then.
func fixesOnce(t *testing.T, o Options, prepare PreparePlate, photos []string, kinds map[string]string) {
	t.Helper()
	var out bytes.Buffer
	s := Streams{Out: &out, Err: &out, Quiet: true}
	c := Cutters{Decoder: decoder(), Cutter: redCutter{.95}}
	p := pipeline.New(decoder(), c.Cutter, stage{})
	if err := Process(t.Context(), s, p, o, photos); err != nil {
		for _, it := range reportOf(t, "out").Items {
			if it.Error != nil {
				t.Error(*it.Error)
			}
		}
		t.Fatal(err, out.String())
	}
	look := func(fix bool) (got Consistent) {
		t.Helper()
		out.Reset()
		if err := Consistency(t.Context(), s, c, p, ConsistencyOptions{Fix: fix, JSON: true, PreparePlate: prepare}, "out"); err != nil {
			t.Fatal(err, out.String())
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	outputs := func() map[string][]byte {
		all := map[string][]byte{}
		for _, name := range photos {
			all[name] = file(t, "out/"+strings.TrimSuffix(name, ".png")+"/output.jpg")
		}
		return all
	}
	first := look(false)
	if first.Drifting != len(kinds) || first.Pictures != len(photos) {
		t.Fatalf("of %d drifts %d are found: %+v", len(kinds), first.Drifting, first)
	}
	// the result names five: each is held against those as they should be
	var usual []consistency.Picture
	drifted := map[string]consistency.Picture{}
	for _, it := range reportOf(t, "out").Items {
		if p := (consistency.Picture{Name: it.File, Seen: *it.Fidelity.Seen}); kinds[it.File] == "" {
			usual = append(usual, p)
		} else {
			drifted[it.File] = p
		}
	}
	for name, p := range drifted {
		if r := consistency.Of(append(slices.Clone(usual), p)); len(r.Worst) != 1 || r.Worst[0].Name != name || !slices.Contains(r.Worst[0].Kinds, kinds[name]) {
			t.Errorf("%s drifts in %s: %+v", name, kinds[name], r)
		}
	}
	before := outputs()
	if fixed := look(true); len(fixed.Fixed) != len(kinds) || fixed.Drifting > 0 || len(fixed.Left) > 0 {
		t.Errorf("%+v", fixed)
	}
	after := outputs()
	for _, name := range photos {
		if same, drifted := bytes.Equal(before[name], after[name]), kinds[name] != ""; same == drifted {
			t.Errorf("%s, which drifts in %q: is as it was: %v", name, kinds[name], same)
		}
	}
	if again := look(true); len(again.Fixed) > 0 {
		t.Errorf("a second run changes something: %+v", again)
	}
	for name, b := range outputs() {
		if !bytes.Equal(b, after[name]) {
			t.Errorf("a second run makes %s again", name)
		}
	}
}

// A picture whose light comes to follow the catalogue keeps the others' composition.
func TestACorrectedPictureKeepsItsComposition(t *testing.T) {
	r := &run{Options: Options{Look: picture.Look{ID: picture.DefaultBrand}, Corrections: map[string]Correction{}}}
	for _, scene := range []string{"kitchen", "plate:set"} {
		r.Corrections[correctionOf("a.png", scene)] = Correction{Catalogue: true}
	}
	look, steering := r.wishes(&Item{File: "a.png", Scene: "kitchen"})
	if !picture.Catalogue(look.ID) || steering.Seed == nil || *steering.Seed != pipeline.SeedOf(tenantID, picture.DefaultBrand, "kitchen") {
		t.Errorf("%+v, %+v", look, steering)
	}
	if _, steering := r.wishes(&Item{File: "a.png", Scene: "plate:set"}); steering.Seed != nil {
		t.Error("a plate has a seed")
	}
}
