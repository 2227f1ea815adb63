package picture

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Wishes are what somebody states of pictures in one place, such as the flags of a command or a
// brand profile: one of them must not leave another nothing to do. What is wished over others may:
// an item's over its brand's.
type Wishes struct {
	Steering Steering
	Light    string   // LightLeft, LightRight or "" for none
	Fill     float64  // share of the frame that the product takes; 0: none
	Scenes   []string // the scenes that are named, in their clean form
	NoScene  bool     // no scene is made
}

// Check tells which wish can't be followed, or leaves another nothing to do. named returns the name
// by which people state a field: one of Steering's as JSON has it, such as height_mm and
// shadow.length, or light, fill, scene, plate and no_scene. Error: ErrSteering, at these names.
func (w Wishes) Check(named func(field string) string) error {
	if err := w.Steering.CheckWishesAs(named); err != nil {
		return err
	}
	if err := w.checkLight(named); err != nil {
		return err
	}
	if w.NoScene {
		if i := slices.IndexFunc(w.Scenes, func(s string) bool { _, ok := ParsePlate(s); return ok }); i >= 0 {
			return undone(named, "plate", "no_scene", "%[2]s leaves no scene that %[1]s could name; leave one of the two out")
		}
		if len(w.Scenes) > 0 {
			return undone(named, "scene", "no_scene", "%[2]s leaves no scene that %[1]s could name; leave one of the two out")
		}
	}
	// A part of the photo is framed by the share, whatever the real size is.
	if w.Fill != 0 && w.Steering.HeightMM != 0 && !slices.Contains(w.Scenes, CropOriginal) {
		return undone(named, "fill", "height_mm", "%[2]s says how large products are shown, and leaves nothing that %[1]s could change; leave one of the two out, or give "+named("scale")+" beside %[2]s")
	}
	return nil
}

// checkLight refuses a side of the light, and an angle of it or a shadow's way that is on the other.
func (w Wishes) checkLight(named func(field string) string) error {
	from, sided := map[string]float64{LightRight: 90, LightLeft: 270}[w.Light]
	a := w.Steering.LightAngle
	switch {
	case !sided:
		return nil
	case a == nil:
		if w.Steering.TowardsLight(from) {
			return undone(named, "shadow.direction", "light", "%[1]s %[3]g falls towards the light, which is %[2]s %[4]s; leave one of the two out", *w.Steering.Shadow.Direction, w.Light)
		}
		return nil
	}
	side := LightRight
	switch s := math.Sin(*a * math.Pi / 180); {
	case math.Abs(s) < 0.01: // from the front, or behind
		return nil
	case s < 0:
		side = LightLeft
	}
	if side != w.Light {
		return undone(named, "light", "light_angle", "%[1]s %[3]s and %[2]s %[4]g, which is on the %[5]s; leave one of the two out", w.Light, *a, side)
	}
	return nil
}

// undone is ErrSteering about two wishes, whose names are the first values of format.
func undone(named func(field string) string, one, other, format string, values ...any) error {
	names := []string{named(one), named(other)}
	return ErrSteering.With(format, append([]any{names[0], names[1]}, values...)...).At(names...)
}

// CheckWishes is Check for wishes as somebody states them, of which one must not undo the other.
// Wishes that were put over others may: an item's over its brand's. Error: ErrSteering.
func (s Steering) CheckWishes() error { return s.CheckWishesAs(asField) }

// CheckWishesAs is CheckWishes for people who know the wishes by other names than the API's, such as
// height_mm and shadow.length: named returns them.
func (s Steering) CheckWishesAs(named func(field string) string) error {
	if err := s.check(named); err != nil {
		return err
	}
	if sh := s.Shadow; sh != nil && sh.Off {
		for _, w := range []struct {
			name string
			v    *float64
		}{{"strength", sh.Strength}, {"softness", sh.Softness}, {"length", sh.Length}, {"direction", sh.Direction}} {
			if w.v != nil && !(w.name == "strength" && *w.v == 0) {
				return undone(named, "shadow.off", "shadow."+w.name, "%s leaves no shadow that %s could change; leave one of the two out")
			}
		}
	}
	const noPlace = "%[1]s %[3]s leaves no place that %[2]s could change; leave one of the two out"
	switch {
	case s.X != nil && (s.Anchor == AnchorLeft || s.Anchor == AnchorRight):
		return undone(named, "anchor", "x", noPlace, s.Anchor)
	case s.Y != nil && (s.Anchor == AnchorTop || s.Anchor == AnchorBottom):
		return undone(named, "anchor", "y", noPlace, s.Anchor)
	case s.LightAngle != nil && s.TowardsLight(*s.LightAngle):
		return undone(named, "shadow.direction", "light_angle", "%[1]s %[3]g falls towards the light, whose %[2]s is %[4]g; leave one of the two out", *s.Shadow.Direction, *s.LightAngle)
	}
	return nil
}

// besideLight is how many degrees a shadow's way is from its light's at least: shadows of photographs
// of several lights fall to the side, none to the light.
const besideLight = 45

// TowardsLight reports whether a shadow is wished that falls to where light of that angle, in
// degrees, comes from.
func (s Steering) TowardsLight(angle float64) bool {
	if s.Shadow == nil || s.Shadow.Direction == nil {
		return false
	}
	return math.Abs(math.Remainder(*s.Shadow.Direction-angle, 360)) < besideLight
}

// likeColour writes a colour in the form that is wanted, where it has another; else an example.
func likeColour(c string) string {
	digits := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(c)), "#")
	if rgb, ok := parseColour("#" + digits); ok {
		return fmt.Sprintf("#%x", rgb)
	}
	return "#a3b18a"
}
