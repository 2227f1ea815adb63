package picture

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// Paint is a backdrop of one colour, or of two that run into each other from the top
// to the bottom. Colours are sRGB.
type Paint struct{ Top, Bottom [3]uint8 }

// The kinds of painted scenes: colour:#rrggbb and gradient:#rrggbb-#rrggbb.
const (
	colourScene   = "colour"
	gradientScene = "gradient"
)

// ParsePaint reads a scene type that is a paint: colour:#rrggbb or gradient:#a-#b,
// top first. #rgb, the spelling "color", capitals and spaces around are taken, too.
func ParsePaint(scene string) (Paint, bool) {
	kind, rest, _ := strings.Cut(strings.ToLower(strings.TrimSpace(scene)), ":")
	switch kind {
	case colourScene, "color":
		c, ok := parseColour(rest)
		return Paint{c, c}, ok
	case gradientScene:
		top, bottom, _ := strings.Cut(rest, "-")
		a, ok := parseColour(top)
		b, also := parseColour(bottom)
		return Paint{a, b}, ok && also
	}
	return Paint{}, false
}

func parseColour(s string) (c [3]uint8, ok bool) {
	digits, ok := strings.CutPrefix(s, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if !ok || len(digits) != 6 {
		return c, false
	}
	_, err := hex.Decode(c[:], []byte(digits))
	return c, err == nil
}

// String returns the scene type in its one form.
func (p Paint) String() string {
	if p.Top == p.Bottom {
		return fmt.Sprintf("%s:#%x", colourScene, p.Top)
	}
	return fmt.Sprintf("%s:#%x-#%x", gradientScene, p.Top, p.Bottom)
}

// At returns the colour of a share of the height, 0 at the top and 1 at the bottom,
// mixed in sRGB as browsers mix gradients.
func (p Paint) At(share float64) (c [3]uint8) {
	for i := range c {
		c[i] = uint8(float64(p.Top[i])*(1-share) + float64(p.Bottom[i])*share + .5)
	}
	return c
}

// CleanScene returns a scene type in its one form, and whether there is such a scene.
func CleanScene(scene string) (string, bool) {
	if p, ok := ParsePaint(scene); ok {
		return p.String(), true
	}
	clean := strings.TrimSpace(scene)
	if n := len(plateScene); len(clean) > n && strings.EqualFold(clean[:n], plateScene) {
		return PlateScene(clean[n:]), true
	}
	if clean = strings.ToLower(clean); clean == CropOriginal || slices.Contains(sceneTypes, clean) {
		return clean, true
	}
	return scene, false
}

// FollowsWords reports whether a scene is one that the words of a prompt steer: plates, plain
// colours, gradients and crop_original are not.
func FollowsWords(scene string) bool {
	clean, ok := CleanScene(scene)
	return ok && slices.Contains(sceneTypes, clean)
}

// SceneHint says of a scene type that there is not which one may be meant, and which there
// are, to follow its name in a message.
func SceneHint(scene string) string {
	clean := strings.ToLower(strings.TrimSpace(scene))
	near := fault.Nearest(clean, append([]string{CropOriginal}, sceneTypes...), mostWrong(clean))
	kind, rest, _ := strings.Cut(clean, ":")
	switch kind {
	case colourScene, "color", gradientScene:
		if fixed := kind + ":#" + strings.ReplaceAll(strings.ReplaceAll(rest, "#", ""), "-", "-#"); fixed != clean {
			if p, ok := ParsePaint(fixed); ok {
				return "; did you mean " + p.String() + "?"
			}
		}
		if kind == gradientScene {
			return "; a gradient has the form gradient:#rrggbb-#rrggbb, from top to bottom, such as gradient:#f4f1ea-#c9c2b4; names of colours are not taken"
		}
		return "; a plain colour has the form colour:#rrggbb, such as colour:#a3b18a; names of colours are not taken"
	}
	if near != "" {
		near = "; did you mean " + near + "?"
	}
	if near == "" {
		near = "."
	}
	return near + " Known are " + SceneForms()
}

// SceneLabel returns a scene type's name for files and sentences: the kind of a paint,
// whose colours belong in neither.
func SceneLabel(scene string) string {
	if _, ok := ParsePlate(scene); ok {
		return strings.TrimSuffix(plateScene, ":")
	}
	if scene == CropOriginal {
		return "original"
	}
	if p, ok := ParsePaint(scene); !ok {
		return scene
	} else if p.Top == p.Bottom {
		return colourScene
	}
	return gradientScene
}

// SceneForms says which scene types there are, for messages.
func SceneForms() string {
	return strings.Join(sceneTypes, ", ") + ", colour:#rrggbb, gradient:#rrggbb-#rrggbb from top to bottom, plate:ID and " + CropOriginal
}
