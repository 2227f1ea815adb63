package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

// journal records what the pipeline tells of its steps.
type journal struct {
	lines       []string
	checkpoints []pipeline.Checkpoint
}

func (j *journal) StepBegan(_ context.Context, step string) { j.lines = append(j.lines, "began "+step) }
func (j *journal) StepEnded(_ context.Context, step string, err error) {
	j.lines = append(j.lines, fmt.Sprintf("ended %s %v", step, err != nil))
}
func (j *journal) StepReused(_ context.Context, step string) {
	j.lines = append(j.lines, "reused "+step)
}
func (j *journal) Checkpoint(_ context.Context, c pipeline.Checkpoint) error {
	j.checkpoints = append(j.checkpoints, c)
	return nil
}

// product is a box with marks on a white ground, and where it is.
func product(w, h int) (photo *image.NRGBA, box image.Rectangle) {
	photo = image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(photo, photo.Rect, image.White, image.Point{}, draw.Src)
	box = image.Rect(w/4, h/5, w*3/4, h*4/5)
	draw.Draw(photo, box, image.NewUniform(color.NRGBA{180, 60, 40, 255}), image.Point{}, draw.Src)
	label := image.Rect(w*3/8, h*2/5, w*5/8, h*3/5)
	draw.Draw(photo, label, image.NewUniform(color.NRGBA{240, 230, 200, 255}), image.Point{}, draw.Src)
	draw.Draw(photo, image.Rect(label.Min.X+w/30, label.Min.Y+h/30, label.Max.X-w/20, label.Min.Y+h/15), image.Black, image.Point{}, draw.Src)
	return photo, box
}

// cutter keeps the box and makes the rest transparent.
type cutter struct {
	box        image.Rectangle
	confidence float64
}

func (c cutter) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	out := image.NewNRGBA(photo.Rect)
	draw.Draw(out, c.box, photo, c.box.Min, draw.Src)
	return pipeline.Cutout{Image: out, Confidence: c.confidence, Concerns: doubts}, nil
}

// doubts are what the cutter has.
var doubts []picture.Concern

// painter is an engine that paints the product into its picture, as a diffusion
// model does, displaced and scaled by what the test asks for.
type painter struct {
	calls  int
	paint  func(call int, p pipeline.Placement) (box image.Rectangle, says picture.Box)
	seeds  []uint64
	failed error
}

func (p *painter) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	p.seeds = append(p.seeds, r.Seed)
	scene := image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
	for y := range r.Height {
		for x := range r.Width {
			scene.SetNRGBA(x, y, color.NRGBA{uint8(90 + y/16), uint8(110 + x/32), 140, 255})
		}
	}
	box, says := p.paint(p.calls, r)
	p.calls++
	out := &picture.Placed{Engine: "painter", Seed: r.Seed, Width: r.Width, Height: r.Height, Box: says, FloorY: box.Max.Y, Generated: true}
	if !box.Empty() {
		cut := r.Cutout.SubImage(pipeline.AlphaBounds(r.Cutout)).(*image.NRGBA)
		tight := image.NewNRGBA(image.Rect(0, 0, cut.Rect.Dx(), cut.Rect.Dy()))
		draw.Draw(tight, tight.Rect, cut, cut.Rect.Min, draw.Src)
		draw.Draw(scene, box, imaging.Resize(tight, box.Dx(), box.Dy()), image.Point{}, draw.Over)
		out.ContainsProduct = true
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scene, &jpeg.Options{Quality: 92}); err != nil {
		return nil, err
	}
	var err error
	out.BackdropPath, err = r.Artifacts.Put(ctx, "place", "jpg", "image/jpeg", b.Bytes())
	return out, err
}

func stored(t *testing.T, m *pipeline.Memory, path string) []byte {
	t.Helper()
	b, err := m.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t *testing.T, p pipeline.Placer, confidence float64, in pipeline.Input, store *pipeline.Memory) (*pipeline.Result, *journal, error) {
	t.Helper()
	photo, box := product(600, 500)
	var b bytes.Buffer
	if err := png.Encode(&b, photo); err != nil {
		t.Fatal(err)
	}
	in.Raw = func(context.Context) ([]byte, error) { return b.Bytes(), nil }
	if in.Scene == "" {
		in.Scene = "studio"
	}
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	t.Cleanup(func() { _ = d.Close() })
	j := &journal{}
	res, err := pipeline.New(d, cutter{box, confidence}, p).Run(context.Background(), in, store, j)
	return res, j, err
}

// there paints the product where it says.
func there(_ int, r pipeline.Placement) (image.Rectangle, picture.Box) {
	b := image.Rect(312, 250, 712, 250+400)
	return b, picture.Box{b.Min.X, b.Min.Y, b.Dx(), b.Dy()}
}

func TestRunLocksTheOriginalProductIntoTheScene(t *testing.T) {
	for _, up := range []bool{false, true} {
		t.Run(fmt.Sprintf("upscale=%v", up), func(t *testing.T) {
			store := &pipeline.Memory{}
			opts := pipeline.DefaultOptions
			opts.Upscale = up
			res, j, err := run(t, &painter{paint: there}, .9, pipeline.Input{Options: opts}, store)
			if err != nil {
				t.Fatal(err)
			}
			out, err := imaging.DecodeOwn(stored(t, store, res.OutputPath))
			if err != nil {
				t.Fatal(err)
			}
			want := 1024
			if up {
				want = 2048
			}
			if out.Rect.Dx() != want || out.Rect.Dy() != want {
				t.Fatalf("output %v, want %d²", out.Rect, want)
			}
			f := res.Fidelity
			if f == nil || f.SSIM < .999 || f.MaxDiff != 0 {
				t.Fatalf("the product changed: %+v", f)
			}
			if f.EngineSSIM == nil || *f.EngineSSIM < .7 {
				t.Fatalf("the engine's own likeness is missing or wrong: %+v", f)
			}
			if res.NeedsReview || *res.Confidence != .9 {
				t.Fatalf("%+v", res)
			}
			if got := len(j.checkpoints); got != 2 {
				t.Fatalf("%d checkpoints, want cut-out and placement", got)
			}
			if !bytes.Contains(stored(t, store, res.OutputPath), []byte("compositeWithTrainedAlgorithmicMedia")) {
				t.Fatal("a generated scene must say so in its XMP")
			}
		})
	}
}

func TestRunRetriesASceneThatMovedTheProductWithAnotherSeed(t *testing.T) {
	p := &painter{paint: func(call int, r pipeline.Placement) (image.Rectangle, picture.Box) {
		b, says := there(call, r)
		if call == 0 {
			return b.Add(image.Pt(40, 0)), says // 10 % of its width
		}
		return b, says
	}}
	if _, _, err := run(t, p, .9, pipeline.Input{Options: pipeline.DefaultOptions}, &pipeline.Memory{}); err != nil {
		t.Fatal(err)
	}
	if len(p.seeds) != 2 || p.seeds[0] == p.seeds[1] {
		t.Fatalf("seeds %v", p.seeds)
	}
}

func TestRunFailsWhenEverySceneChangesTheProduct(t *testing.T) {
	for name, paint := range map[string]func(int, pipeline.Placement) (image.Rectangle, picture.Box){
		"moved": func(c int, r pipeline.Placement) (image.Rectangle, picture.Box) {
			b, says := there(c, r)
			return b.Add(image.Pt(0, 36)), says
		},
		"grown": func(c int, r pipeline.Placement) (image.Rectangle, picture.Box) {
			b, says := there(c, r)
			return b.Inset(-30), says
		},
		"stretched": func(c int, r pipeline.Placement) (image.Rectangle, picture.Box) {
			b, says := there(c, r)
			b.Max.X += 60
			says[2] += 60
			return b, says
		},
		"outside": func(c int, r pipeline.Placement) (image.Rectangle, picture.Box) {
			b, _ := there(c, r)
			return b, picture.Box{5000, 5000, 400, 400}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &painter{paint: paint}
			_, _, err := run(t, p, .9, pipeline.Input{Options: pipeline.DefaultOptions}, &pipeline.Memory{})
			if !errors.Is(err, pipeline.ErrProductChanged) || fault.IsTransient(err) {
				t.Fatalf("err %v", err)
			}
			if p.calls != 3 {
				t.Fatalf("%d scenes were asked for", p.calls)
			}
		})
	}
}

func TestRunPlacesTheProductItselfWhenTheEngineDidNot(t *testing.T) {
	store := &pipeline.Memory{}
	none := func(int, pipeline.Placement) (image.Rectangle, picture.Box) { return image.Rectangle{}, picture.Box{} }
	res, _, err := run(t, &painter{paint: none}, .9, pipeline.Input{Options: pipeline.DefaultOptions}, store)
	if err != nil {
		t.Fatal(err)
	}
	out, err := imaging.DecodeOwn(stored(t, store, res.OutputPath))
	if err != nil {
		t.Fatal(err)
	}
	b := res.Placed.Box
	c := out.NRGBAAt((b[0]+b[2]/10)*2, (b[1]+b[3]/10)*2)
	if c.R < 165 || c.G > 80 {
		t.Fatalf("no product in its box: %v", c)
	}
}

func TestRunResumesFromCheckpoints(t *testing.T) {
	store := &pipeline.Memory{}
	first, j, err := run(t, &painter{paint: there}, .9, pipeline.Input{Options: pipeline.DefaultOptions}, store)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(j.checkpoints[1])
	if err != nil {
		t.Fatal(err)
	}
	// as versions wrote it whose list was place, lock, upscale
	former := fmt.Sprintf(`{"cutout":{"path":%q,"confidence":0.9,"needs_review":false},"placed":{"engine":"painter","seed":%d,"width":1024,"height":1024,`+
		`"backdrop":%q,"contains_product":true,"box":[312,250,400,400],"floor_y":650,"horizon_y":0,"generated":true}}`, first.CutoutPath, first.Seed, first.BackdropPath)
	for name, text := range map[string]string{"today's": string(kept), "a former version's": former} {
		t.Run(name, func(t *testing.T) {
			var done pipeline.Checkpoint
			if err := json.Unmarshal([]byte(text), &done); err != nil {
				t.Fatal(err)
			}
			res, j, err := run(t, &painter{failed: errors.New("must not be called")}, 0, pipeline.Input{Options: pipeline.DefaultOptions, Done: done}, store)
			if err != nil {
				t.Fatal(err)
			}
			steps := []string{"began cutout", "reused cutout", "began place", "reused place", "began upscale", "ended upscale false", "began lock", "ended lock false", "began output", "ended output false"}
			if d := cmp.Diff(steps, j.lines); d != "" {
				t.Error(d)
			}
			res.OutputPath = first.OutputPath // each attempt has its own
			if d := cmp.Diff(first, res); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRunWithoutSceneGivesTheCutout(t *testing.T) {
	store := &pipeline.Memory{}
	res, _, err := run(t, &painter{failed: errors.New("must not be called")}, .1, pipeline.Input{Options: pipeline.Options{RemoveBackground: true}}, store)
	if err != nil {
		t.Fatal(err)
	}
	if res.OutputPath != res.CutoutPath || res.OutputType != "image/png" || res.Fidelity != nil {
		t.Fatalf("%+v", res)
	}
	if !res.NeedsReview || res.ReviewReason == "" {
		t.Fatal("confidence .1 must be flagged")
	}
	if want := (image.Rect(150, 100, 450, 400)); res.CutoutBounds.Rect() != want {
		t.Fatalf("bounds %v, want %v", res.CutoutBounds, want)
	}
}

// TestAPersonLooksWhereTheCutoutIsDoubtful: who has to look is the brand's choice;
// what may be wrong is kept in any case.
func TestAPersonLooksWhereTheCutoutIsDoubtful(t *testing.T) {
	concerns := []picture.Concern{{Kind: "edge", Text: "The product touches the picture's edge.", Box: picture.Box{580, 100, 20, 300}}, {Kind: "hole", Text: "A hole"}}
	for name, c := range map[string]struct {
		review   picture.Review
		concerns []picture.Concern
		reason   string
	}{
		"sure enough":            {picture.Review{}, concerns, ""},
		"a stricter brand":       {picture.Review{Below: .95}, concerns, "The product touches the picture's edge (at the right); and 1 more"},
		"nothing in detail":      {picture.Review{Below: .95}, nil, "The outline of the product is uncertain; check the cut-out"},
		"a brand that looks not": {picture.Review{Off: true, Below: .95}, concerns, ""},
	} {
		t.Run(name, func(t *testing.T) {
			doubts = c.concerns
			t.Cleanup(func() { doubts = nil })
			res, j, err := run(t, &painter{paint: there}, .9, pipeline.Input{Options: pipeline.Options{RemoveBackground: true}, Review: c.review}, &pipeline.Memory{})
			if err != nil {
				t.Fatal(err)
			}
			if res.NeedsReview != (c.reason != "") || res.ReviewReason != c.reason {
				t.Errorf("%v: %q", res.NeedsReview, res.ReviewReason)
			}
			if d := cmp.Diff(c.concerns, j.checkpoints[0].Cutout.Concerns); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestASmallPhotoIsToldOnce: its product grows from 300×300 to 800×800 pixels.
func TestASmallPhotoIsToldOnce(t *testing.T) {
	res, _, err := run(t, &painter{paint: there}, .9, pipeline.Input{Options: pipeline.DefaultOptions}, &pipeline.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	want := "2×, resampled, no detail added; the photo is small: its product of 300×300 pixels was enlarged 2.7×"
	if d := cmp.Diff(want, res.Fidelity.Upscale); d != "" {
		t.Error(d)
	}
}

func TestRunTakesTheWholeFrameWhenAskedTo(t *testing.T) {
	res, _, err := run(t, nil, 0, pipeline.Input{Options: pipeline.Options{}}, &pipeline.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	if res.Confidence != nil || res.NeedsReview || res.CutoutBounds.Rect() != image.Rect(0, 0, 600, 500) {
		t.Fatalf("%+v", res)
	}
}

func TestAStepThatPanicsFailsItsItemAlone(t *testing.T) {
	for name, raise := range map[string]func(){
		"in the step's goroutine":   func() { panic("a bad pixel") },
		"in the engine's goroutine": func() { fault.Together(func() {}, func() { panic("a bad pixel") }) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &painter{paint: func(int, pipeline.Placement) (image.Rectangle, picture.Box) { raise(); panic("not reached") }}
			_, j, err := run(t, p, .9, pipeline.Input{Options: pipeline.DefaultOptions}, &pipeline.Memory{})
			var at *pipeline.StepError
			var panicked *fault.Panic
			if !errors.As(err, &at) || at.Step != "place" || !errors.As(err, &panicked) || panicked.Value != "a bad pixel" {
				t.Fatal(err)
			}
			if j.lines[len(j.lines)-1] != "ended place true" {
				t.Errorf("the timeline ends with %q", j.lines[len(j.lines)-1])
			}
		})
	}
}

func TestThePhotosShadowIsKeptOnceAndLate(t *testing.T) {
	photo, box := product(240, 200)
	for y := box.Max.Y; y < box.Max.Y+14; y++ {
		for x := box.Min.X - 10; x < box.Max.X+10; x++ {
			d := uint8(90 - 6*(y-box.Max.Y))
			photo.SetNRGBA(x, y, color.NRGBA{255 - d, 255 - d, 255 - d, 255})
		}
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, photo); err != nil {
		t.Fatal(err)
	}
	decoder := imaging.NewDecoder(imaging.DecoderOptions{})
	defer decoder.Close()
	p := pipeline.New(decoder, cutter{box, 1}, nil)
	store := &pipeline.Memory{}
	fetched := 0
	in := pipeline.Input{Filename: "box.png", Scene: "studio", Options: pipeline.Options{RemoveBackground: true},
		Raw: func(context.Context) ([]byte, error) { fetched++; return raw.Bytes(), nil }}
	j := &journal{}
	if res, err := p.Run(t.Context(), in, store, j); err != nil || res.OwnShadow != nil {
		t.Fatalf("nobody wished a shadow: %v, %v", res, err)
	}
	// wished after the cut-out was made, mirrored
	in.Done = j.checkpoints[len(j.checkpoints)-1]
	in.Steering = picture.Steering{Flip: true, PhotoShadow: picture.PhotoShadow{"white": "keep"}}
	res, err := p.Run(t.Context(), in, store, j)
	if err != nil {
		t.Fatal(err)
	}
	if res.OwnShadow == nil || res.OwnShadow.Path == "" || res.Shadows["white"] != "keep" {
		t.Fatalf("the shadow is %+v, the wishes %v", res.OwnShadow, res.Shadows)
	}
	if want := picture.BoxOf(image.Rect(box.Max.X-240, -box.Min.Y, box.Max.X, 200-box.Min.Y)); res.OwnShadow.Box != want {
		t.Errorf("mirrored it covers %v, want %v", res.OwnShadow.Box, want)
	}
	in.Done = j.checkpoints[len(j.checkpoints)-2] // with the shadow, before the turn
	in.Steering.Flip = false
	before := fetched
	if res, err = p.Run(t.Context(), in, store, j); err != nil || fetched != before || res.OwnShadow.Path == "" {
		t.Errorf("it is looked for again: %d photos fetched, %v, %v", fetched-before, res.OwnShadow, err)
	}
}
