package picture

import (
	"fmt"
	"math"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrHints says that hints can't be followed.
var ErrHints = fault.New(fault.Invalid, "hints_invalid", "The hints can't be followed")

// The limits of one request's hints.
const (
	MaxStrokes      = 200
	MaxStrokePoints = 2_000  // of one stroke
	MaxHintPoints   = 10_000 // of all strokes together
)

// Stroke is a line that a person painted over a photo, or with one point a dot.
type Stroke struct {
	Points [][2]float64 `json:"points"`           // x, y in pixels of the photo, as it is seen upright
	Radius float64      `json:"radius,omitempty"` // of the brush, in pixels of the photo; 0: one that fits the photo's size
}

// BrushShare is the radius of a brush that names none, as a share of the photo's longest side.
const BrushShare = .006

// Hints say what of a photo is the product, where its cut-out is wrong.
type Hints struct {
	Keep   []Stroke `json:"keep,omitempty"`   // this is the product
	Remove []Stroke `json:"remove,omitempty"` // this isn't, also where a stroke to keep crosses it
	Box    *Box     `json:"box,omitempty"`    // the product lies within it
}

// strokeLists returns the lists of strokes with the names that they have in JSON.
func (h Hints) strokeLists() []struct {
	name    string
	strokes []Stroke
} {
	return []struct {
		name    string
		strokes []Stroke
	}{{"keep", h.Keep}, {"remove", h.Remove}}
}

// Check tells what is wrong with hints for a photo of w×h pixels; 0×0 stands for a photo
// whose size is not known yet. Errors: ErrHints.
func (h Hints) Check(w, ht int) error {
	strokes, points := len(h.Keep)+len(h.Remove), 0
	if strokes == 0 && h.Box == nil {
		return ErrHints.With("there are none: give strokes to keep, strokes to remove, or a box")
	}
	if strokes > MaxStrokes {
		return ErrHints.With("there are %d strokes; %d are possible", strokes, MaxStrokes)
	}
	known := w > 0 && ht > 0
	for _, l := range h.strokeLists() {
		for i, s := range l.strokes {
			what := fmt.Sprintf("%s[%d]", l.name, i)
			switch points += len(s.Points); {
			case len(s.Points) == 0:
				return ErrHints.With("%s has no points", what)
			case len(s.Points) > MaxStrokePoints:
				return ErrHints.With("%s has %d points; %d are possible", what, len(s.Points), MaxStrokePoints)
			case points > MaxHintPoints:
				return ErrHints.With("the strokes have more than %d points together", MaxHintPoints)
			case !(s.Radius >= 0) || math.IsInf(s.Radius, 0) || known && s.Radius > float64(max(w, ht)):
				return ErrHints.With("%s has the radius %v; a brush has 0 to the photo's longest side", what, s.Radius)
			}
			for k, p := range s.Points {
				if !inside(p[0], w, known) || !inside(p[1], ht, known) {
					return ErrHints.With("(%v, %v), of %s.points[%d], is not in the photo%s", p[0], p[1], what, k, ofSize(w, ht, known))
				}
			}
		}
	}
	if err := h.checkBox(w, ht, known); err != nil {
		return err
	}
	return h.contradiction(w, ht)
}

func (h Hints) checkBox(w, ht int, known bool) error {
	if b := h.Box; b != nil {
		right, bottom := w, ht
		if !known {
			right, bottom = furthest, furthest
		}
		if b.Empty() || b[0] < 0 || b[1] < 0 || b[2] > right-b[0] || b[3] > bottom-b[1] {
			return ErrHints.With("the box from (%d, %d) to (%d, %d) is no part of the photo%s", b[0], b[1], b[0]+b[2], b[1]+b[3], ofSize(w, ht, known))
		}
	}
	return nil
}

// furthest bounds a coordinate in a photo of unknown size.
const furthest = 1 << 20

func inside(v float64, side int, known bool) bool {
	if !known {
		side = furthest
	}
	return v >= 0 && v <= float64(side) // false for NaN
}

func ofSize(w, h int, known bool) string {
	if !known {
		return ""
	}
	return fmt.Sprintf(" of %d×%d pixels", w, h)
}
