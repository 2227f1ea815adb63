package app

import (
	"image"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestAPreviewTellsOfAProductThatTheFrameCutsOff(t *testing.T) {
	cut := image.NewNRGBA(image.Rect(0, 0, 60, 90))
	for i := range cut.Pix {
		cut.Pix[i] = 200
	}
	for y := range 90 { // an outline, so that it is no print that lies flat
		cut.Pix[cut.PixOffset(0, y)+3], cut.Pix[cut.PixOffset(59, y)+3] = 0, 0
	}
	p := newPreviews(nil, nil, plateSource{}, nil, nil)
	for name, c := range map[string]struct {
		wished picture.Steering
		kinds  []string
	}{
		"as usual":        {picture.Steering{}, nil},
		"half outside":    {picture.Steering{X: picture.Number(0)}, []string{pipeline.ConcernCropped}},
		"far too large":   {picture.Steering{Scale: 4}, []string{pipeline.ConcernCropped}},
		"hardly to see":   {picture.Steering{Scale: .1}, []string{pipeline.ConcernTiny}},
		"mirrored, aside": {picture.Steering{Flip: true, X: picture.Number(1)}, []string{pipeline.ConcernCropped, pipeline.ConcernTurned}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.render(t.Context(), pipeline.Input{Filename: "mug.jpg", Scene: "studio", Steering: c.wished}, cut, 128)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, k := range got.Concerns {
				if kinds = append(kinds, k.Kind); k.Text == "" {
					t.Errorf("%s says nothing", k.Kind)
				}
			}
			if !slices.Equal(kinds, c.kinds) || got.Concerns == nil {
				t.Errorf("%v, wanted %v", kinds, c.kinds)
			}
		})
	}
}
