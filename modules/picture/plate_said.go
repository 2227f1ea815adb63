package picture

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// PlateDepth is where products stand in a plate's floor, as a share of its depth from behind.
const PlateDepth = 0.6

// Vanish returns the row at which lines of a plate's floor meet that ends at row edge and on
// which products stand at row contact, in units of the root of the plate's area.
func Vanish(edge, contact float64) float64 { return edge - 0.62*(contact-edge) - 0.14 }

// Cameras look at sets from this high above the floor, as far as nothing else is known: the
// height at which OPAL's own sets show what they say they show.
const (
	cameraMM           = 260.0
	leastMM, mostMM    = 100, 5000
	leastBelow, stepMM = 0.15, 10
)

// EstimateFrame estimates how many millimetres of the floor's width a plate's lower edge
// shows, by how far below the camera's own horizon that edge lies: the nearer to it, the more.
func (p Plate) EstimateFrame(w, h int) float64 {
	unit := math.Sqrt(float64(w) * float64(h))
	width, height := float64(w)/unit, float64(h)/unit
	vanish := Vanish(p.Horizon*height, (p.Floor[1]+(p.Floor[3]-p.Floor[1])*PlateDepth)*height)
	return math.Min(math.Max(math.Round(cameraMM*width/math.Max(height-vanish, leastBelow)/stepMM)*stepMM, leastMM), mostMM)
}

// NoHorizon is the horizon of a plate in which none was found.
const NoHorizon = 0.5

// HorizonGuessed reports whether no horizon was found in the photograph, and nobody has set
// one or said how large things are.
func (p Plate) HorizonGuessed() bool { return p.FrameMM == 0 && p.Horizon == NoHorizon }

// Notes are what people should know of a plate before they use it; empty where all is found.
func (p Plate) Notes() []string {
	if p.HorizonGuessed() {
		return []string{"where the plate's floor ends was not found and is taken for half-way: set its horizon"}
	}
	return nil
}

// PlateSaid is what people say of a plate; nil fields stay as they are.
type PlateSaid struct {
	Horizon    *float64  `json:"horizon"`
	Floor      []float64 `json:"floor"` // left, top, right, bottom
	LightAngle *float64  `json:"light_angle"`
	Softness   *float64  `json:"softness"`
	Reflection *float64  `json:"reflection"`
	FrameMM    *float64  `json:"frame_mm"`
}

// plateFields are the names of what can be said of a plate.
var plateFields = []string{"horizon", "floor", "light_angle", "softness", "reflection", "frame_mm"}

// ParsePlateSaid reads what is said of a plate from JSON; null is as if nothing were said.
// Error: ErrPlate, with the nearest name for a field that there is not.
func ParsePlateSaid(text []byte) (s PlateSaid, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return s, ErrPlate.With("it must be a JSON object with any of %s", strings.Join(plateFields, ", "))
	}
	for name := range fields {
		if err := checkPlateField(name); err != nil {
			return s, err
		}
	}
	if err := json.Unmarshal(text, &s); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field == "floor" {
			return s, ErrPlate.With("floor must have 4 numbers: left, top, right and bottom")
		}
		if errors.As(err, &wrong) {
			return s, ErrPlate.With("%s must be a number", wrong.Field)
		}
		return s, ErrPlate.With("it can't be read as JSON")
	}
	return s, nil
}

// SaysOfPlate reports whether a text is a JSON object that says something of a plate, misspelt or
// not.
func SaysOfPlate(text []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return false
	}
	for name := range fields {
		if fault.Nearest(name, plateFields, mostWrong(name)) != "" {
			return true
		}
	}
	return false
}

// checkPlateField fails for a name that no field of a plate has. Error: ErrPlate.
func checkPlateField(name string) error {
	if slices.Contains(plateFields, name) {
		return nil
	}
	near := "."
	if like := fault.Nearest(name, plateFields, mostWrong(name)); like != "" {
		near = "; did you mean " + like + "?"
	}
	return ErrPlate.With("there is no field %.40q%s There are %s", name, near, strings.Join(plateFields, ", "))
}

// mostWrong is how many characters of a name may be wrong for it to be guessed at.
func mostWrong(name string) int { return max(2, len(name)/3) }

// Corrected returns a plate of w × h pixels as people say that it is. reset names fields that
// go back to what was estimated first, before what is said counts. With a horizon alone the
// rest goes along that follows from it, as far as nobody has set it: the floor begins where it
// did below the horizon, up or down, and frame_mm is estimated anew. Error: ErrPlate.
func (p Plate) Corrected(guess Plate, said PlateSaid, reset []string, w, h int) (Plate, error) {
	ownFloor := p.Floor != guess.under(p.Horizon)
	ownFrame := p.FrameMM != guess.FrameMM && p.FrameMM != p.EstimateFrame(w, h)
	for _, name := range reset {
		if err := checkPlateField(name); err != nil {
			return p, err
		}
		switch name {
		case "horizon":
			p.Horizon = guess.Horizon
		case "floor":
			ownFloor = false
		case "light_angle":
			p.LightAngle = guess.LightAngle
		case "softness":
			p.Softness = guess.Softness
		case "reflection":
			p.Reflection = guess.Reflection
		case "frame_mm":
			ownFrame = false
		}
	}
	for _, f := range []struct{ said, into *float64 }{
		{said.Horizon, &p.Horizon}, {said.LightAngle, &p.LightAngle}, {said.Softness, &p.Softness}, {said.Reflection, &p.Reflection},
	} {
		if f.said != nil {
			*f.into = *f.said
		}
	}
	switch {
	case said.Floor != nil && len(said.Floor) != len(p.Floor):
		return p, ErrPlate.With("floor must have 4 numbers: left, top, right and bottom")
	case said.Floor != nil:
		copy(p.Floor[:], said.Floor)
	case !ownFloor:
		p.Floor = guess.under(p.Horizon)
	case said.Horizon != nil && p.Floor[1] < p.Horizon: // what was set stays while it can
		p.Floor = p.under(p.Horizon)
	}
	switch {
	case said.FrameMM != nil && *said.FrameMM == 0:
		return p, ErrPlate.With("frame_mm must be 10 to 50,000 millimetres; leave it out when it is not known")
	case said.FrameMM != nil:
		p.FrameMM = *said.FrameMM
	case ownFrame:
	case p.Horizon == guess.Horizon:
		p.FrameMM = guess.FrameMM
	default:
		p.FrameMM = p.EstimateFrame(w, h)
	}
	return p, p.Check()
}

// leastFloor is the least depth of a floor, as a share of the height.
const leastFloor = 0.02

// under returns the floor as it is below another horizon: it begins as far from it as before.
func (p Plate) under(horizon float64) [4]float64 {
	if horizon == p.Horizon && p.Floor[1] >= horizon {
		return p.Floor
	}
	f := p.Floor
	f[1] = math.Min(horizon+math.Max(f[1]-p.Horizon, 0), 1-leastFloor)
	f[3] = math.Max(f[3], f[1]+leastFloor)
	return f
}
