package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// stage is an engine that draws a plain scene by the wishes it gets: cheap, and each kind of
// drift is one of them. A dark product has it draw a darker scene of another tint, unless the
// scenes follow a catalogue.
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
		light, tint = .8, .9
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

func TestADriftOfEachKindIsFixedOnce(t *testing.T) {
	number := picture.Number
	seed := uint64(3)
	for kind, wish := range map[string]picture.Steering{
		"fill":         {Scale: .6},
		"centre":       {X: number(.36)},
		"floor":        {Y: number(.72)},
		"horizon":      {CameraPitch: number(20)},
		"white_point":  {Seed: &seed},
		"shadow_angle": {LightAngle: number(60)},
		"shadow_depth": {Shadow: &picture.Shadow{Strength: number(.15)}},
	} {
		t.Run(kind, func(t *testing.T) {
			photos := driftFolder(t, "studio")
			o := fixOptions("studio")
			o.Corrections = map[string]Correction{correctionOf("b.png", "studio"): {Steering: wish}}
			fixesOnce(t, o, nil, photos, kind)
		})
	}
	t.Run("on a plate", func(t *testing.T) {
		photos := driftFolder(t, "plate:set")
		prepare := func(_ context.Context, b []byte) (pipeline.Plate, error) {
			return pipeline.Plate{File: b, Plate: picture.Plate{Floor: [4]float64{0, .6, 1, 1}, Horizon: .55}}, nil
		}
		o := fixOptions("plate:set")
		o.PlateFiles = []string{"set.png"}
		var err error
		if o.Plates, _, err = ReadPlates(t.Context(), o.PlateFiles, prepare); err != nil {
			t.Fatal(err)
		}
		o.Corrections = map[string]Correction{correctionOf("b.png", "plate:set"): {Steering: picture.Steering{X: number(.36)}}}
		fixesOnce(t, o, prepare, photos, "centre")
	})
}

// driftFolder is a folder with five photos, and one of a set.
func driftFolder(t *testing.T, _ string) (photos []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := range 5 {
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

// fixesOnce holds that b.png drifts in a kind, is fixed, and stays.
func fixesOnce(t *testing.T, o Options, prepare PreparePlate, photos []string, kind string) {
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
	first := look(false)
	if len(first.Worst) == 0 || first.Worst[0].Name != "b.png" || fmt.Sprint(first.Worst[0].Kinds) == "[]" {
		t.Fatalf("the drift in %s is not found: %+v", kind, first)
	}
	usual := file(t, "out/a/output.jpg")
	if fixed := look(true); len(fixed.Fixed) != 1 || fixed.Fixed[0] != "b.png" || fixed.Drifting > 0 || len(fixed.Left) > 0 {
		t.Errorf("%+v", fixed)
	}
	if !bytes.Equal(file(t, "out/a/output.jpg"), usual) {
		t.Error("a picture that doesn't stand out was made again")
	}
	after, err := os.ReadFile("out/b/output.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if again := look(true); len(again.Fixed) > 0 || !bytes.Equal(file(t, "out/b/output.jpg"), after) {
		t.Errorf("a second run changes something: %+v", again)
	}
}
