package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// refuses is an engine that nobody may ask.
var refuses = &painter{failed: errors.New("the engine was asked")}

func TestThePhotosOwnBackdropIsFramedAndNothingIsPlaced(t *testing.T) {
	store := &pipeline.Memory{}
	in := pipeline.Input{Scene: picture.CropOriginal, Options: pipeline.DefaultOptions, Prompt: "dusk", Steering: picture.Steering{Flip: true, Seed: new(uint64), HeightMM: 90}}
	res, j, err := run(t, refuses, .9, in, store)
	if err != nil {
		t.Fatal(err)
	}
	photo, box := product(600, 500)
	out, err := imaging.DecodeOwn(stored(t, store, res.OutputPath))
	if err != nil {
		t.Fatal(err)
	}
	// 80 % of the longer side: 37 pixels of margin around 300 by 300
	want := image.Rect(box.Min.X-38, box.Min.Y-38, box.Max.X+37, box.Max.Y+38)
	if d := out.Rect.Size().Sub(want.Size()); d.X < -2 || d.X > 2 || d.Y < -2 || d.Y > 2 {
		t.Errorf("the picture is %v, wanted about %v", out.Rect, want)
	}
	if res.Fidelity.MaxDiff != 0 || res.Fidelity.SSIM < .999999 || !res.Original || res.BackdropPath == "" || res.ShadowPath != "" {
		t.Errorf("%+v %+v", res.Fidelity, res.Placed)
	}
	if diff := cmp.Diff("the photo's own backdrop doesn't follow flip, height_mm, scene_prompt, seed", res.Fidelity.Note); diff != "" {
		t.Error(diff)
	}
	whole, err := imaging.DecodeOwn(stored(t, store, res.BackdropPath))
	if err != nil || !bytes.Equal(whole.Pix, photo.Pix) {
		t.Errorf("the backdrop isn't the photo: %v", err)
	}
	in.Done = j.checkpoints[0] // only the cut-out was there when the worker died
	again, _, err := run(t, refuses, .9, in, store)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored(t, store, again.OutputPath), stored(t, store, res.OutputPath)) {
		t.Error("a later attempt makes another picture")
	}
}

func TestAPictureSaysWhatItsEngineDoesNotFollow(t *testing.T) {
	seed := uint64(7)
	wishes := picture.Steering{Seed: &seed, LightAngle: picture.Number(30)}
	seedless := &painter{paint: there}
	for name, c := range map[string]struct {
		placer  pipeline.Placer
		options pipeline.Options
		want    string
	}{
		"an engine that takes the seed": {&painter{paint: there}, pipeline.DefaultOptions, "engine painter doesn't follow light_angle"},
		"an engine without one":         {forgetful{seedless}, pipeline.DefaultOptions, "engine painter doesn't follow light_angle, seed"},
		"no scene":                      {refuses, pipeline.Options{RemoveBackground: true}, "no scene was asked for, which would follow light_angle, seed"},
	} {
		t.Run(name, func(t *testing.T) {
			res, _, err := run(t, c.placer, .9, pipeline.Input{Options: c.options, Steering: wishes}, &pipeline.Memory{})
			if err != nil {
				t.Fatal(err)
			}
			if res.Fidelity == nil || res.Fidelity.Note != c.want {
				t.Errorf("it says %+v, wanted %q", res.Fidelity, c.want)
			}
		})
	}
}

// forgetful is an engine that knows no seeds.
type forgetful struct{ *painter }

// Place makes a scene of any seed.
func (f forgetful) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	p, err := f.painter.Place(ctx, r)
	if p != nil {
		p.Seed = 0
	}
	return p, err
}

// angles are photos of one product that shows a side of a width each, of one size.
func angles(t *testing.T, width int) (raw []byte, box image.Rectangle) {
	t.Helper()
	photo := image.NewNRGBA(image.Rect(0, 0, 400, 400))
	draw.Draw(photo, photo.Rect, image.White, image.Point{}, draw.Src)
	box = image.Rect(200-width/2, 100, 200+width/2, 300)
	small, inner := product(2*width, 334)
	draw.Draw(photo, box, imaging.Resize(small.SubImage(inner).(*image.NRGBA), box.Dx(), box.Dy()), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, photo); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), box
}

func TestTheAnglesOfASetHaveOneCrop(t *testing.T) {
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	t.Cleanup(func() { _ = d.Close() })
	of := func(width int, common pipeline.Extent, waits error) (*pipeline.Result, image.Point, error) {
		raw, box := angles(t, width)
		store := &pipeline.Memory{}
		res, err := pipeline.New(d, cutter{box, .9}, refuses).Run(t.Context(), pipeline.Input{
			Scene: picture.CropOriginal, Options: pipeline.DefaultOptions, Raw: func(context.Context) ([]byte, error) { return raw, nil },
			Set: func(context.Context) (pipeline.Extent, error) { return common, waits },
		}, store, &journal{})
		if err != nil {
			return nil, image.Point{}, err
		}
		img, err := imaging.DecodeOwn(stored(t, store, res.OutputPath))
		return res, img.Rect.Size(), err
	}
	common := pipeline.Extent{.45, .5} // 180 by 200 pixels
	narrow, a, err := of(60, common, nil)
	if err != nil {
		t.Fatal(err)
	}
	wide, b, err := of(180, common, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a != b || narrow.Common != [2]float64{180, 200} || narrow.Fidelity.Seen.Fill != wide.Fidelity.Seen.Fill {
		t.Errorf("%v and %v, %v, fill %v and %v", a, b, narrow.Common, narrow.Fidelity.Seen.Fill, wide.Fidelity.Seen.Fill)
	}
	late, _, err := of(220, common, nil)
	if err != nil || late.Fidelity.Note == "" {
		t.Errorf("a larger product that came late says nothing: %v", err)
	}
	if _, _, err := of(60, pipeline.Extent{}, pipeline.ErrSetWaits); !errors.Is(err, pipeline.ErrSetWaits) {
		t.Errorf("it doesn't wait: %v", err)
	}
}
