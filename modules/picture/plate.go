package picture

import (
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrPlate says that what is said of a plate makes no sense.
var ErrPlate = fault.New(fault.Invalid, "plate_invalid", "The plate can't be described like that")

// The bounds of a plate's size: the least longer and shorter side, in pixels, and how many
// times longer than the other a side may be.
const (
	MinPlateSide  = 600
	MinPlateShort = 300
	MaxPlateShape = 4
)

// Errors of photographs that are no backgrounds.
var (
	ErrPlateSmall = fault.New(fault.Invalid, "plate_too_small", fmt.Sprintf("The photograph is too small for a background: it must have at least %d pixels along its longer side and %d along the other", MinPlateSide, MinPlateShort))
	// ErrPlateInvisible says that all of a photograph is transparent.
	ErrPlateInvisible = fault.New(fault.Invalid, "plate_invisible", "Nothing is visible in the photograph: all of it is transparent; export it again without transparency")
	ErrPlateShape     = fault.New(fault.Invalid, "plate_too_narrow", fmt.Sprintf("The photograph is too narrow for a background: its longer side may be %d times the other; crop it", MaxPlateShape))
)

// CheckPlateSize fails when a photograph of w × h pixels is no background. Errors:
// ErrPlateSmall, ErrPlateShape.
func CheckPlateSize(w, h int) error {
	switch {
	case max(w, h) < MinPlateSide, min(w, h) < MinPlateShort:
		return ErrPlateSmall.With("it is %d×%d", w, h)
	case max(w, h) > MaxPlateShape*min(w, h):
		return ErrPlateShape.With("it is %d×%d", w, h)
	}
	return nil
}

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
		return ErrPlate.With("frame_mm must be 10 to 50,000 millimetres; leave it out when it is not known")
	}
	return nil
}
