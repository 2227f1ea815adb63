package picture

import (
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrPlate says that what is said of a plate makes no sense.
var ErrPlate = fault.New(fault.Invalid, "plate_invalid", "The plate can't be described like that")

// MinPlateSide is the least longer side of a plate, in pixels.
const MinPlateSide = 600

// ErrPlateSmall says that a photograph has too few pixels to stand products in.
var ErrPlateSmall = fault.New(fault.Invalid, "plate_too_small", fmt.Sprintf("The photograph is too small for a background: its longer side must have at least %d pixels", MinPlateSide))

// plateScene begins the scene types that are plates: plate:<id>.
const plateScene = "plate:"

// ParsePlate returns the id of a scene type that is a plate.
func ParsePlate(scene string) (id string, ok bool) {
	id, ok = strings.CutPrefix(scene, plateScene)
	return id, ok && id != ""
}

// PlateScene returns the scene type of a plate.
func PlateScene(id string) string { return plateScene + id }

// Plate is what is known of a photograph of a set or a place in which products are
// stood. Shares are of the photograph's width and height, from the top left.
type Plate struct {
	Horizon    float64    `json:"horizon"`            // the row where the floor ends, 0–0.95
	Floor      [4]float64 `json:"floor"`              // where products may stand: left, top, right, bottom
	LightAngle float64    `json:"light_angle"`        // where the light comes from, seen from above: 0 the viewer's side, 90 the right, 180 behind, 270 the left
	Softness   float64    `json:"softness"`           // of its light: 0 of bare sun, 1 of a large soft light
	Reflection float64    `json:"reflection"`         // how much the floor mirrors, 0–1
	FrameMM    float64    `json:"frame_mm,omitempty"` // how much of the floor's width the lower edge shows, in millimetres; 0: not known
}

// Check tells what is wrong with a plate's description. Error: ErrPlate.
func (p Plate) Check() error {
	share := func(v float64) bool { return v >= 0 && v <= 1 } // false for NaN
	switch f := p.Floor; {
	case !(p.Horizon >= 0 && p.Horizon <= 0.95):
		return ErrPlate.With("horizon must be 0 to 0.95, a share of the height from the top")
	case !share(f[0]) || !share(f[1]) || !share(f[2]) || !share(f[3]) || f[2]-f[0] < 0.05 || f[3]-f[1] < 0.02:
		return ErrPlate.With("floor must be left, top, right and bottom, shares of the photograph that span at least 0.05 of its width and 0.02 of its height")
	case f[1] < p.Horizon:
		return ErrPlate.With("floor begins above the horizon")
	case !(p.LightAngle >= 0 && p.LightAngle <= 360):
		return ErrPlate.With("light_angle must be 0 to 360 degrees")
	case !share(p.Softness):
		return ErrPlate.With("softness must be 0 to 1")
	case !share(p.Reflection):
		return ErrPlate.With("reflection must be 0 to 1")
	case p.FrameMM != 0 && !(p.FrameMM >= 10 && p.FrameMM <= 50_000):
		return ErrPlate.With("frame_mm must be 10 to 50,000 millimetres, or 0 when it is not known")
	}
	return nil
}
