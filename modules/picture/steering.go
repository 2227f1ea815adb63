package picture

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrSteering says that a wish for a picture can't be followed.
var ErrSteering = fault.New(fault.Invalid, "steering_invalid", "The picture can't be steered like that")

// The anchors: what a product stands on or comes out of.
const (
	AnchorFloor  = "floor"  // it stands on the floor
	AnchorBottom = "bottom" // it comes out of the frame's lower edge: the photo cut it off there
	AnchorTop    = "top"    // it hangs from the upper edge
	AnchorLeft   = "left"
	AnchorRight  = "right"
)

// Steering is what people wish of a picture: where the product stands, how large it is,
// its light and its shadow. The zero value of a field leaves the choice to the scene.
// Angles are degrees. Directions are seen from above: 0 is the viewer's side, 90 the
// right, 180 behind the product, 270 the left.
type Steering struct {
	X        *float64 `json:"x,omitempty"`        // where the middle of the product is, as a share of the frame's width
	Y        *float64 `json:"y,omitempty"`        // where its lowest point stands, as a share of the frame's height
	Scale    float64  `json:"scale,omitempty"`    // times the size that it would have, 0.1–4
	Rotation float64  `json:"rotation,omitempty"` // clockwise, -180–180
	Flip     bool     `json:"flip,omitempty"`     // left and right are exchanged
	Anchor   string   `json:"anchor,omitempty"`   // floor, bottom, top, left or right; "": the edge at which the photo cut the product off, else floor

	Shadow     *Shadow  `json:"shadow,omitempty"`
	LightAngle *float64 `json:"light_angle,omitempty"` // where the light comes from, 0–360
	Reflection *float64 `json:"reflection,omitempty"`  // in the floor, 0–1
	Relight    *float64 `json:"relight,omitempty"`     // how much of the scene's light falls on the product, 0–1
	Seed       *uint64  `json:"seed,omitempty"`        // another number is another picture of the same scene

	HeightMM    float64  `json:"height_mm,omitempty"`    // the product's real height, 1–10,000 mm
	FrameMM     float64  `json:"frame_mm,omitempty"`     // how much the frame shows of the floor's width where the product stands, 10–50,000 mm
	CameraPitch *float64 `json:"camera_pitch,omitempty"` // how far the camera looks down, 0–90

	Palette []string `json:"palette,omitempty"` // the scene's colours in place of the brand's, #rrggbb, at most MaxColours

	PhotoShadow PhotoShadow `json:"photo_shadow,omitempty"` // what becomes of the photo's own shadow
	Translucent *bool       `json:"translucent,omitempty"`  // glass lets what is behind it show through

	// Room is how many times wider and higher than the product the box is that its set shares,
	// and whose size decides the product's; 0, 0: it is alone. It is told to engines and wished
	// by nobody.
	Room [2]float64 `json:"room,omitzero"`
}

// Shadow is what people wish of a product's shadow.
type Shadow struct {
	Off       bool     `json:"off,omitempty"`       // none
	Strength  *float64 `json:"strength,omitempty"`  // times the scene's own, 0–1.5
	Softness  *float64 `json:"softness,omitempty"`  // 0 of bare sun, 1 of a large soft light
	Length    *float64 `json:"length,omitempty"`    // times the scene's own, 0–3
	Direction *float64 `json:"direction,omitempty"` // where it falls, 0–360; else away from the light
}

// MaxColours bounds a palette.
const MaxColours = 8

var hexColour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// maxRoom bounds Steering.Room: a set's largest photo beside its smallest.
const maxRoom = 10_000

// Number returns a pointer to v, for wishes.
func Number(v float64) *float64 { return &v }

// Empty reports whether nothing is wished.
func (s Steering) Empty() bool { return reflect.ValueOf(s).IsZero() }

// ShowsThrough reports whether the product's glass is to let what is behind it show through.
func (s Steering) ShowsThrough() bool { return s.Translucent != nil && *s.Translucent }

// Turns reports whether the product itself is turned or mirrored.
func (s Steering) Turns() bool { return s.Flip || s.Rotation != 0 }

// Over returns the wishes, and where there are none those of base: an item's over its
// brand's.
func (s Steering) Over(base Steering) Steering {
	out := base
	from, to := reflect.ValueOf(s), reflect.ValueOf(&out).Elem()
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	if s.Shadow != nil && base.Shadow != nil {
		shadow := *base.Shadow
		from, to := reflect.ValueOf(*s.Shadow), reflect.ValueOf(&shadow).Elem()
		for i := range from.NumField() {
			if !from.Field(i).IsZero() {
				to.Field(i).Set(from.Field(i))
			}
		}
		if w := *s.Shadow; !w.Off && w != (Shadow{}) { // who wishes a shadow of some kind wishes one
			shadow.Off = false
		}
		out.Shadow = &shadow
	}
	return out
}

// Check tells what is wrong with the wishes. Error: ErrSteering.
func (s Steering) Check() error { return s.check(asField) }

// asField names a wish as the API does.
func asField(field string) string { return field }

// check is Check with the wishes' names as named has them.
func (s Steering) check(named func(field string) string) error {
	type limit struct {
		name      string
		v         *float64
		low, high float64
	}
	plain := func(v float64) *float64 {
		if v == 0 {
			return nil
		}
		return &v
	}
	limits := []limit{
		{"x", s.X, 0, 1}, {"y", s.Y, 0, 1}, {"scale", plain(s.Scale), 0.1, 4}, {"rotation", plain(s.Rotation), -180, 180},
		{"light_angle", s.LightAngle, 0, 360}, {"reflection", s.Reflection, 0, 1}, {"relight", s.Relight, 0, 1},
		{"height_mm", plain(s.HeightMM), 1, 10_000}, {"frame_mm", plain(s.FrameMM), 10, 50_000}, {"camera_pitch", s.CameraPitch, 0, 90},
	}
	if sh := s.Shadow; sh != nil {
		limits = append(limits, limit{"shadow.strength", sh.Strength, 0, 1.5}, limit{"shadow.softness", sh.Softness, 0, 1},
			limit{"shadow.length", sh.Length, 0, 3}, limit{"shadow.direction", sh.Direction, 0, 360})
	}
	for _, l := range limits {
		if l.v != nil && !(*l.v >= l.low && *l.v <= l.high) { // so that NaN is refused, too
			return ErrSteering.With("%s must be %v to %v, not %v", named(l.name), l.low, l.high, *l.v).At(named(l.name))
		}
	}
	if s.Seed != nil && *s.Seed > 1<<53 {
		return ErrSteering.With("%s must be 0 to %d, as JSON's numbers are exact", named("seed"), uint64(1)<<53).At(named("seed"))
	}
	for _, k := range s.Room {
		if s.Room != ([2]float64{}) && !(k >= 1 && k <= maxRoom) {
			return ErrSteering.With("room must be 1 to %d", maxRoom)
		}
	}
	if len(s.Palette) > MaxColours {
		return ErrSteering.With("%s must have at most %d colours", named("palette"), MaxColours).At(named("palette"))
	}
	for i, c := range s.Palette {
		if !hexColour.MatchString(c) {
			field := named(fmt.Sprintf("palette[%d]", i))
			return ErrSteering.With("%s is %.40q; colours have the form #rrggbb, such as %s: names and shorter forms are not taken", field, c, likeColour(c)).At(field)
		}
	}
	if err := s.PhotoShadow.check(named("photo_shadow")); err != nil {
		return err
	}
	switch s.Anchor {
	case "", AnchorFloor, AnchorBottom, AnchorTop, AnchorLeft, AnchorRight:
	default:
		return ErrSteering.With("%s must be %s, %s, %s, %s or %s, not %.40q", named("anchor"), AnchorFloor, AnchorBottom, AnchorTop, AnchorLeft, AnchorRight, s.Anchor).At(named("anchor"))
	}
	return nil
}

// Falls returns where the shadow falls: right and towards the viewer are positive; ok is
// false where the scene decides.
func (s Steering) Falls() (right, near float64, ok bool) {
	switch {
	case s.Shadow != nil && s.Shadow.Direction != nil:
		near, right = cosSin(*s.Shadow.Direction)
	case s.LightAngle != nil:
		near, right = cosSin(*s.LightAngle + 180)
	default:
		return 0, 0, false
	}
	return right, near, true
}

func cosSin(degrees float64) (c, s float64) {
	a := degrees * math.Pi / 180
	return math.Cos(a), math.Sin(a)
}

// RelightBy returns how much of the scene's light falls on the product, 0–1.
func (s Steering) RelightBy() float64 {
	if s.Relight == nil {
		return 0
	}
	return *s.Relight
}

// Unfollowed lists the wishes, by their names, that an engine can't follow which knows
// nothing of steering.
func (s Steering) Unfollowed() (names []string) {
	for name, wished := range map[string]bool{
		"shadow": s.Shadow != nil, "light_angle": s.LightAngle != nil, "reflection": s.Reflection != nil, "camera_pitch": s.CameraPitch != nil,
		"x": s.X != nil, "y": s.Y != nil, "scale": s.Scale != 0, "anchor": s.Anchor != "", "height_mm": s.HeightMM != 0, "frame_mm": s.FrameMM != 0,
		"the scale of its set": s.Room != [2]float64{},
	} {
		if wished {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
