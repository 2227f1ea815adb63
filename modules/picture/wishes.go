package picture

import (
	"fmt"
	"math"
	"strings"
)

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
				return ErrSteering.With("%s leaves no shadow that %s could change; leave one of the two out", named("shadow.off"), named("shadow."+w.name))
			}
		}
	}
	switch {
	case s.X != nil && (s.Anchor == AnchorLeft || s.Anchor == AnchorRight):
		return ErrSteering.With("%s %s leaves no place that %s could change; leave one of the two out", named("anchor"), s.Anchor, named("x"))
	case s.Y != nil && (s.Anchor == AnchorTop || s.Anchor == AnchorBottom):
		return ErrSteering.With("%s %s leaves no place that %s could change; leave one of the two out", named("anchor"), s.Anchor, named("y"))
	case s.LightAngle != nil && s.TowardsLight(*s.LightAngle):
		return ErrSteering.With("%s %g falls towards the light, whose %s is %g; leave one of the two out", named("shadow.direction"), *s.Shadow.Direction, named("light_angle"), *s.LightAngle)
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
