package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// strict is a threshold that the tests' cutter stays below.
var strict = picture.Review{Below: .95}

func TestWhatAPersonShouldLookAtLiesApart(t *testing.T) {
	place(t, "vase.jpg", "review.jpg")
	o := options()
	o.Review = strict
	said, err := process(t, t.Context(), cutter{}, o, "vase.jpg", "review.jpg")
	if err != nil {
		t.Fatal(err)
	}
	holds(t, said, "review  vase.jpg: ", "2 to be looked at before they are used are in out/review", "2 finished (2 to be reviewed)")
	want := []string{"out/report.json", "review.jpg", "vase.jpg"}
	for _, dir := range []string{"review/review-2", "review/vase"} {
		want = append(want, made(dir)...)
	}
	slices.Sort(want)
	if d := cmp.Diff(want, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	it := reportOf(t, "out").Items[0]
	if !it.NeedsReview || it.ReviewReason == "" || len(it.Files) != 3 {
		t.Errorf("%+v", it)
	}
	o.Resume = true
	if _, err := process(t, t.Context(), cutter{}, o, "vase.jpg", "review.jpg"); err != nil {
		t.Fatal(err)
	}
	if r := reportOf(t, "out"); r.Totals.Reused != 2 {
		t.Errorf("%+v", r.Totals)
	}
	// by another threshold it is delivered, and nothing says any more that it isn't
	put(t, "out/review/vase/note.txt", []byte("ours"))
	o.Review = picture.Review{Off: true}
	if _, err := process(t, t.Context(), cutter{}, o, "vase.jpg"); err != nil {
		t.Fatal(err)
	}
	want = append(append(made("vase"), made("review/review-2")...), "out/report.json", "out/review/vase/note.txt", "review.jpg", "vase.jpg")
	slices.Sort(want)
	if d := cmp.Diff(want, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r := reportOf(t, "out"); r.Totals.Reused != 0 || r.Items[0].NeedsReview || r.Items[0].Files[0].Path != "vase/output.png" {
		t.Errorf("%+v", r.Items[0])
	}
}

func TestCutOutsThatAPersonShouldLookAtLieApart(t *testing.T) {
	place(t, "vase.jpg", "review.jpg")
	lines, _, err := cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "out", Review: strict}, "vase.jpg", "review.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var outputs []string
	for _, l := range lines {
		outputs = append(outputs, l.Output)
		if !l.NeedsReview || l.ReviewReason == "" {
			t.Errorf("%+v", l)
		}
	}
	if d := cmp.Diff([]string{"out/review/vase.png", "out/review/review.png"}, outputs); d != "" {
		t.Error(d)
	}
	// by another threshold they lie where they are delivered from, and there alone
	if _, _, err = cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "out"}, "vase.jpg"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"out/review/review.png", "out/vase.png", "review.jpg", "vase.jpg"}, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// one of them as the photo stays
	if _, _, err = cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "out", Own: true, Review: strict}, "out/vase.png"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"out/review/review.png", "out/review/vase.png", "out/vase.png", "review.jpg", "vase.jpg"}, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// a name of one's own is a place of one's own
	lines, _, err = cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{File: "alone.png", Review: strict}, "vase.jpg")
	if err != nil || lines[0].Output != "alone.png" || !lines[0].NeedsReview {
		t.Errorf("%+v, %v", lines, err)
	}
}

func TestHintsWantARefiner(t *testing.T) {
	place(t, "vase.jpg")
	hints := &picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{1, 1}}}}}
	if _, _, err := cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "out", Hints: hints}, "vase.jpg"); !errors.Is(err, pipeline.ErrNoHints) {
		t.Errorf("%v", err)
	}
}

// leaving is a Refiner that leaves the cut-out as it is.
type leaving struct{}

func (leaving) Refine(_ context.Context, _, cut *image.NRGBA, _ *image.Gray, _ bool, _ picture.Hints) (*image.NRGBA, error) {
	return cut, nil
}

// nothing is a Cutter that finds no product.
type nothing struct{}

func (nothing) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	return pipeline.Cutout{Image: photo, Whole: true, Reason: "No product was found"}, nil
}

// A hint settles no doubt by being there.
func TestHintsLiftNoReviewByThemselves(t *testing.T) {
	place(t, "vase.jpg")
	hints := &picture.Hints{Keep: []picture.Stroke{{Points: [][2]float64{{1, 1}}}}}
	for name, c := range map[string]struct {
		cutter pipeline.Cutter
		review picture.Review
		look   bool
	}{
		"below the threshold": {cutter{}, strict, true},
		"above it":            {cutter{}, picture.Review{}, false},
		"nothing found":       {nothing{}, picture.Review{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var out, words bytes.Buffer
			o := CutoutOptions{Dir: t.TempDir(), Review: c.review, Hints: hints}
			if err := Cutout(t.Context(), Streams{Out: &out, Err: &words}, Cutters{Decoder: decoder(), Cutter: c.cutter, Refiner: leaving{}}, o, []string{"vase.jpg"}); err != nil {
				t.Fatal(err)
			}
			var l CutoutLine
			if err := json.Unmarshal(out.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			if l.NeedsReview != c.look || c.look && l.ReviewReason == "" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// clearing is a Refiner that takes the first pixel away.
type clearing struct{}

func (clearing) Refine(_ context.Context, _, cut *image.NRGBA, _ *image.Gray, _ bool, _ picture.Hints) (*image.NRGBA, error) {
	o := &image.NRGBA{Pix: slices.Clone(cut.Pix), Stride: cut.Stride, Rect: cut.Rect}
	o.Pix[3] = 0
	return o, nil
}

// Hints that ask for what is there already are told so: nothing would be seen of them.
func TestHintsThatChangeNothingAreTold(t *testing.T) {
	at := func(x, y float64) []picture.Stroke { return []picture.Stroke{{Points: [][2]float64{{x, y}}}} }
	half := image.NewNRGBA(image.Rect(0, 0, 48, 48))
	for y := range 48 {
		for x := range 24 {
			half.SetNRGBA(x, y, color.NRGBA{200, 9, 9, 255})
		}
	}
	for _, c := range []struct {
		name  string
		with  pipeline.Refiner
		hints picture.Hints
		want  string
	}{
		{"out already", leaving{}, picture.Hints{Remove: at(40, 5)}, "the hints change nothing: 40,5 is outside the cut-out already"},
		{"in already", leaving{}, picture.Hints{Keep: at(3, 7)}, "the hints change nothing: 3,7 is in the cut-out already"},
		{"both", leaving{}, picture.Hints{Remove: at(40, 5), Keep: at(3, 7)}, "the hints change nothing: 40,5 is outside the cut-out already, 3,7 is in the cut-out already"},
		{"without effect", leaving{}, picture.Hints{Remove: at(3, 7)}, "the hints change nothing"},
		{"with effect", clearing{}, picture.Hints{Remove: at(3, 7)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			place(t, "vase.jpg")
			var out bytes.Buffer
			cutters := Cutters{Decoder: decoder(), Cutter: fixed{half}, Refiner: c.with}
			err := Cutout(t.Context(), Streams{Out: &out, Err: &out}, cutters, CutoutOptions{Dir: "out", Hints: &c.hints}, []string{"vase.jpg"})
			var l CutoutLine
			if bad := json.Unmarshal(out.Bytes(), &l); err != nil || bad != nil || l.Note != c.want {
				t.Errorf("%s, %v", out.String(), err)
			}
		})
	}
}

// fixed cuts out what it holds.
type fixed struct{ image *image.NRGBA }

func (f fixed) Cut(context.Context, *image.NRGBA) (pipeline.Cutout, error) {
	return pipeline.Cutout{Image: f.image, Confidence: .9}, nil
}
