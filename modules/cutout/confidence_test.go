package cutout

import (
	"math"
	"testing"
)

// A harness with pieces of its floor: a tenth of what was cut out looks like the backdrop,
// though its outline is clear.
func TestFloorInsideTheOutlineIsLookedAt(t *testing.T) {
	f := Features{BorderInlier: .957, EdgeWeak: .044, AgreeInside: .895, LogStray: -3.1, LogEdge: 3.88, LogCompact: 1.372, Hairy: .089}
	if c := confidence(&f); c >= ReviewBelow {
		t.Errorf("with floor inside the confidence is %.2f", c)
	}
	f.AgreeInside = .99
	if c := confidence(&f); c < ReviewBelow {
		t.Errorf("without floor the confidence is %.2f", c)
	}
}

// A bag of whose strap one edge is left: the rest of it ends at steps beside the cut-out.
func TestStepsBesideTheOutlineAreLookedAt(t *testing.T) {
	f := Features{BorderInlier: 1, EdgeWeak: .005, AgreeInside: 1, LogStray: -2.281, LogEdge: 3.658, LogCompact: 1.79}
	if c := confidence(&f); c >= ReviewBelow {
		t.Errorf("with a part beside the outline the confidence is %.2f", c)
	}
	f.LogStray = -4
	if c := confidence(&f); c < ReviewBelow {
		t.Errorf("with nothing beside it the confidence is %.2f", c)
	}
}

// The joined confidence is mapped to shares that were seen: more fit is never less, and what passes
// unseen begins at its threshold.
func TestCalibrationKeepsOrderAndThreshold(t *testing.T) {
	last := -1.
	for i := range 1001 {
		c := calibrated(float64(i) / 1000)
		if c <= last || c > 1 {
			t.Fatalf("at %.3f it is %.4f, before that %.4f", float64(i)/1000, c, last)
		}
		last = c
	}
	for p, want := range map[float64]float64{0: 0, .69: ReviewBelow, 1: 1} {
		if c := calibrated(p); math.Abs(c-want) > 1e-9 {
			t.Errorf("at %v it is %v", p, c)
		}
	}
}

// Agreement of both engines, a plain backdrop, a clear outline, a network without doubts, and a product
// that the frame doesn't cut: each speaks for a cut-out by itself.
func TestEachKindOfEvidenceCounts(t *testing.T) {
	good := Features{Agree: .98, Blur: .5, Spread: .005}
	if c := trust(&good); c < ReviewBelow {
		t.Errorf("a good cut-out has %.2f", c)
	}
	doubted := good
	doubted.Undecided = .1
	if c := trust(&doubted); c >= ReviewBelow {
		t.Errorf("one of which the network doubts a tenth has %.2f", c)
	}
	for name, spoil := range map[string]func(f *Features){
		"the engines differ":     func(f *Features) { f.Agree = .7 },
		"the backdrop is busy":   func(f *Features) { f.Agree, f.Spread = 0, .1 },
		"the network doubts":     func(f *Features) { f.Undecided = .06 },
		"the outline is blurred": func(f *Features) { f.Blur = 2.5 },
		"the frame cuts it":      func(f *Features) { f.Framed = .3 },
	} {
		t.Run(name, func(t *testing.T) {
			f := good
			spoil(&f)
			if a, b := joinedConfidence(&f), joinedConfidence(&good); a > b-.02 {
				t.Errorf("%.3f, and %.3f without", a, b)
			}
		})
	}
}
