package picture_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

func dot(x, y float64) []picture.Stroke {
	return []picture.Stroke{{Points: [][2]float64{{x, y}}}}
}

func TestHintsAreChecked(t *testing.T) {
	box := func(x, y, w, h int) *picture.Box { return &picture.Box{x, y, w, h} }
	long := make([][2]float64, picture.MaxStrokePoints+1)
	for name, c := range map[string]struct {
		hints   picture.Hints
		unknown bool // the photo's size
		says    string
	}{
		"a dot":                         {picture.Hints{Keep: dot(0, 0)}, false, ""},
		"a dot on the far edge":         {picture.Hints{Remove: dot(40, 30)}, false, ""},
		"a box":                         {picture.Hints{Box: box(0, 0, 40, 30)}, false, ""},
		"a size that is not known":      {picture.Hints{Box: box(0, 0, 4000, 3000), Keep: dot(4000, 1)}, true, ""},
		"nothing":                       {picture.Hints{}, false, "there are none"},
		"a stroke without points":       {picture.Hints{Keep: []picture.Stroke{{}}}, false, "keep[0] has no points"},
		"outside":                       {picture.Hints{Remove: dot(41, 3)}, false, "(41, 3), of remove[0].points[0], is not in the photo of 40×30"},
		"below zero":                    {picture.Hints{Keep: dot(4, -1)}, true, "not in the photo"},
		"not a number":                  {picture.Hints{Keep: dot(math.NaN(), 1)}, true, "not in the photo"},
		"without end":                   {picture.Hints{Keep: dot(math.Inf(1), 1)}, true, "not in the photo"},
		"a radius below zero":           {picture.Hints{Keep: []picture.Stroke{{Points: long[:1], Radius: -1}}}, false, "radius"},
		"a radius that is not a number": {picture.Hints{Keep: []picture.Stroke{{Points: long[:1], Radius: math.NaN()}}}, true, "radius"},
		"a radius without end":          {picture.Hints{Keep: []picture.Stroke{{Points: long[:1], Radius: math.Inf(1)}}}, true, "radius"},
		"a brush larger than the photo": {picture.Hints{Keep: []picture.Stroke{{Points: long[:1], Radius: 41}}}, false, "radius"},
		"a stroke too long":             {picture.Hints{Keep: []picture.Stroke{{Points: long}}}, false, "2001 points"},
		"too many strokes":              {picture.Hints{Keep: make([]picture.Stroke, picture.MaxStrokes), Remove: dot(1, 1)}, false, "201 strokes"},
		"too many points":               {picture.Hints{Keep: []picture.Stroke{{Points: long[:2000]}, {Points: long[:2000]}, {Points: long[:2000]}, {Points: long[:2000]}, {Points: long[:2000]}, {Points: long[:1]}}}, false, "10000 points"},
		"an empty box":                  {picture.Hints{Box: box(1, 1, 0, 4)}, false, "the box"},
		"a box outside":                 {picture.Hints{Box: box(1, 1, 40, 4)}, false, "the box"},
		"a box that wraps around":       {picture.Hints{Box: box(math.MaxInt, 1, math.MaxInt, 4)}, false, "the box"},
	} {
		t.Run(name, func(t *testing.T) {
			w, h := 40, 30
			if c.unknown {
				w, h = 0, 0
			}
			err := c.hints.Check(w, h)
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, picture.ErrHints) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Hints of which one undoes the other are refused, and both are named.
func TestHintsDoNotContradictThemselves(t *testing.T) {
	line := func(radius float64, points ...[2]float64) []picture.Stroke {
		return []picture.Stroke{{Points: points, Radius: radius}}
	}
	box := &picture.Box{100, 100, 100, 100}
	for name, c := range map[string]struct {
		hints picture.Hints
		says  []string
	}{
		"the same place":              {picture.Hints{Keep: dot(5, 5), Remove: dot(5, 5)}, []string{"keep[0] at (5, 5)", "remove[0] at (5, 5)"}},
		"within the brush":            {picture.Hints{Keep: dot(350, 400), Remove: dot(352, 402)}, []string{"keep[0] at (350, 400)", "remove[0] at (352, 402)"}},
		"beside each other":           {picture.Hints{Keep: dot(350, 400), Remove: dot(360, 400)}, nil},
		"all of a line is removed":    {picture.Hints{Keep: line(5, [2]float64{20, 50}, [2]float64{60, 50}), Remove: line(5, [2]float64{0, 52}, [2]float64{100, 52})}, []string{"keep[0]", "remove[0]"}},
		"strokes that cross":          {picture.Hints{Keep: line(5, [2]float64{20, 50}, [2]float64{60, 50}), Remove: line(5, [2]float64{40, 0}, [2]float64{40, 100})}, nil},
		"a spot on a broad stroke":    {picture.Hints{Keep: line(40, [2]float64{200, 200}), Remove: line(5, [2]float64{201, 200})}, nil},
		"outside the box":             {picture.Hints{Keep: dot(500, 500), Box: box}, []string{"keep[0] at (500, 500)", "the box, which is x 100 to 200"}},
		"out of the box":              {picture.Hints{Keep: line(5, [2]float64{150, 150}, [2]float64{300, 150}), Box: box}, nil},
		"removed outside the box too": {picture.Hints{Remove: dot(500, 500), Box: box}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.hints.Check(1000, 800)
			if (err != nil) != (c.says != nil) || err != nil && !errors.Is(err, picture.ErrHints) {
				t.Fatalf("%v", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v doesn't say %q", err, s)
				}
			}
		})
	}
}
