package picture

import (
	"fmt"
	"strings"
)

// CheckWishes is Check for wishes as somebody states them, of which one must not undo the other.
// Wishes that were put over others may: an item's over its brand's. Error: ErrSteering.
func (s Steering) CheckWishes() error {
	if err := s.Check(); err != nil {
		return err
	}
	if sh := s.Shadow; sh != nil && sh.Off {
		for _, w := range []struct {
			name string
			v    *float64
		}{{"strength", sh.Strength}, {"softness", sh.Softness}, {"length", sh.Length}, {"direction", sh.Direction}} {
			if w.v != nil && !(w.name == "strength" && *w.v == 0) {
				return ErrSteering.With("shadow.off leaves no shadow that shadow.%s could change; leave one of the two out", w.name)
			}
		}
	}
	return nil
}

// likeColour writes a colour in the form that is wanted, where it has another; else an example.
func likeColour(c string) string {
	digits := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(c)), "#")
	if rgb, ok := parseColour("#" + digits); ok {
		return fmt.Sprintf("#%x", rgb)
	}
	return "#a3b18a"
}
