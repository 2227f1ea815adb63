package cutout

import (
	"image"
	"testing"
)

// A cable that leaves the picture is told, in a place that can be seen; what ends before the edge,
// or only brushes it, is not.
func TestAThinPartThatTheFrameCutsIsTold(t *testing.T) {
	const w, h = 300, 200
	for name, c := range map[string]struct {
		parts []image.Rectangle
		told  bool
	}{
		"a cable":           {[]image.Rectangle{image.Rect(100, 60, 160, 120), image.Rect(130, 120, 136, 200)}, true},
		"it ends before":    {[]image.Rectangle{image.Rect(100, 60, 160, 120), image.Rect(130, 120, 136, 199)}, false},
		"a speck of pixels": {[]image.Rectangle{image.Rect(100, 60, 160, 120), image.Rect(130, 197, 136, 200)}, false},
		"a hair":            {[]image.Rectangle{image.Rect(100, 60, 160, 120), image.Rect(130, 120, 132, 200)}, false},
		"at the left":       {[]image.Rectangle{image.Rect(0, 60, 160, 66)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			fg := make([]bool, w*h)
			for _, r := range c.parts {
				for y := r.Min.Y; y < r.Max.Y; y++ {
					for x := r.Min.X; x < r.Max.X; x++ {
						fg[y*w+x] = true
					}
				}
			}
			p := newPlaces(w, h)
			p.framed(fg)
			all := p.concerns(2*w, 2*h)
			if told := len(all) == 1 && all[0].Kind == ConcernFrame; told != c.told || len(all) > 1 {
				t.Fatalf("%+v", all)
			}
			if c.told && min(all[0].Box[2], all[0].Box[3]) < frameRun {
				t.Errorf("it can't be seen: %v", all[0].Box)
			}
		})
	}
}
