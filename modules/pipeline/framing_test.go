package pipeline

import (
	"context"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

func TestPeopleAreToldOfAProductThatTheFrameCutsOffOrThatIsTiny(t *testing.T) {
	frame := image.Rect(0, 0, 2000, 1000)
	for name, c := range map[string]struct {
		box   image.Rectangle
		kinds []string
	}{
		"in its frame":         {image.Rect(500, 100, 900, 950), nil},
		"flush with its edge":  {image.Rect(500, 400, 900, 1000), nil},
		"a shadow's edge over": {image.Rect(500, 400, 900, 1005), nil},
		"half outside":         {image.Rect(-200, 400, 200, 900), []string{ConcernCropped}},
		"larger than it":       {image.Rect(-1000, -1000, 3000, 2000), []string{ConcernCropped}},
		"three pixels":         {image.Rect(500, 500, 503, 502), []string{ConcernTiny}},
		"long and thin":        {image.Rect(500, 500, 1500, 510), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var kinds []string
			for _, k := range framing(c.box, frame) {
				kinds = append(kinds, k.Kind)
			}
			if !slices.Equal(kinds, c.kinds) {
				t.Errorf("%v, want %v", kinds, c.kinds)
			}
		})
	}
	own := []picture.Concern{{Kind: "x"}}
	s := &state{result: &Result{Concerns: own[:1:1]}}
	s.frameConcerns(image.Rect(0, 0, 3, 3), frame)
	if len(s.result.Concerns) != 2 || len(own) != 1 {
		t.Errorf("%+v", s.result.Concerns)
	}
}

// However sure a cut-out is: a product of few pixels that fills the picture is worth a look.
func TestAPersonLooksAtAProductThatWasEnlargedFar(t *testing.T) {
	parts := picture.Concern{Kind: "parts", Text: "There are several pieces"}
	for name, c := range map[string]struct {
		enlarged float64
		review   picture.Review
		doubtful bool
		looks    bool
		kinds    []string
	}{
		"twice":                   {2, picture.Review{}, false, false, []string{"parts"}},
		"thrice":                  {3, picture.Review{}, false, false, []string{"parts"}},
		"more":                    {3.1, picture.Review{}, false, true, []string{ConcernCoarse, "parts"}},
		"nobody looks at it":      {6, picture.Review{Off: true}, false, false, []string{"parts", ConcernCoarse}},
		"a cut-out that is worse": {6, picture.Review{}, true, true, []string{"parts", ConcernCoarse}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &state{in: Input{Review: c.review}, result: &Result{NeedsReview: c.doubtful, Concerns: []picture.Concern{parts}}}
			if c.doubtful {
				s.result.ReviewReason = parts.Text
			}
			s.coarse(c.enlarged)
			var kinds []string
			for _, k := range s.result.Concerns {
				kinds = append(kinds, k.Kind)
			}
			reason := map[bool]string{true: parts.Text}[c.doubtful]
			if c.looks && !c.doubtful {
				reason = s.result.Concerns[0].Text
			}
			if s.result.NeedsReview != c.looks || !slices.Equal(kinds, c.kinds) || s.result.ReviewReason != reason {
				t.Errorf("%+v", s.result)
			}
		})
	}
}

func TestPeopleAreToldOfASmallPlate(t *testing.T) {
	for size, soft := range map[image.Point]bool{image.Pt(700, 400): true, image.Pt(1500, 900): false} {
		t.Run(size.String(), func(t *testing.T) {
			file, err := imaging.Encode(image.NewNRGBA(image.Rectangle{Max: size}), imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
			if err != nil {
				t.Fatal(err)
			}
			s := &state{in: Input{Options: DefaultOptions, Plate: func(context.Context) (Plate, error) { return Plate{File: file}, nil }}}
			var req Placement
			note, err := s.loadPlate(t.Context(), &req)
			s.in.Steering.HeightMM = 120
			if guessed, err := s.loadPlate(t.Context(), &req); err != nil || !strings.Contains(guessed, "frame_mm") {
				t.Errorf("%v: a scale that is guessed is not told: %q", err, guessed)
			}
			if err != nil || req.Plate == nil || strings.Contains(note, "softer") != soft {
				t.Errorf("%v: %q", err, note)
			}
		})
	}
}

func TestAPlatesHorizonIsTheKnownOne(t *testing.T) {
	placed := &picture.Placed{Height: 800, HorizonY: 640}
	for scene, want := range map[string]float64{"plate:0198f7a0-0000-7000-8000-00000000000d": .8, "kitchen": 0} {
		if got := horizonOf(placed, scene); got != want {
			t.Errorf("%s: %v, wanted %v", scene, got, want)
		}
	}
}
