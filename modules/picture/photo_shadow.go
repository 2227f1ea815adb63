package picture

import (
	"regexp"
	"slices"
	"sync"
)

// The ways in which a picture shows a shadow under its product.
const (
	ShadowKeep    = "keep"    // the photo's own
	ShadowSoften  = "soften"  // the photo's own, fainter and softer
	ShadowContact = "contact" // a soft one where the product touches the ground, on white alone
	ShadowDrop    = "drop"    // none of these: on white no shadow, in a scene the scene's own
)

// The kinds of presets that PhotoShadow names beside presets themselves.
const (
	ShadowOnWhite = "white" // all presets on white
	ShadowInScene = "scene" // all presets that show a scene, and the picture itself
)

// PhotoShadow says what becomes of the photo's own shadow, by presets' names, "white" and
// "scene". What it doesn't name is dropped, unless the preset says otherwise.
type PhotoShadow map[string]string

// OwnShadow is the shadow that a photo shows, as a layer apart.
type OwnShadow struct {
	Path string `json:"path,omitempty"` // RGBA PNG, black with the shadow's alpha; "": there is none, see Why
	Box  Box    `json:"box"`            // what the layer covers, in pixels of the cut-out; it may reach beyond it
	Why  string `json:"why,omitempty"`  // there is no layer
}

const maxPhotoShadows = 60

var presetPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,59}$`) })

// KeepsOwn reports whether a mode shows the photo's own shadow.
func KeepsOwn(mode string) bool { return mode == ShadowKeep || mode == ShadowSoften }

// Wants reports whether the photo's own shadow is wished anywhere.
func (s PhotoShadow) Wants() bool {
	for _, mode := range s {
		if KeepsOwn(mode) {
			return true
		}
	}
	return false
}

// Of returns what is wished for a preset of a kind; "" where nothing is.
func (s PhotoShadow) Of(preset, kind string) string {
	if mode, ok := s[preset]; ok {
		return mode
	}
	return s[kind]
}

// Presets returns the names of presets that the wishes are for, in their order.
func (s PhotoShadow) Presets() (names []string) {
	for name := range s {
		if name != ShadowOnWhite && name != ShadowInScene {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// check tells what is wrong with the wishes, which people state as field. Error: ErrSteering.
func (s PhotoShadow) check(field string) error {
	wrong := func(format string, args ...any) error {
		return ErrSteering.With(format, append([]any{field}, args...)...).At(field)
	}
	if len(s) > maxPhotoShadows {
		return wrong("%s names %d presets; %d is the limit", len(s), maxPhotoShadows)
	}
	for name, mode := range s {
		if !presetPattern().MatchString(name) {
			return wrong("%s names presets, white or scene, and not %q", short(name))
		}
		if !slices.Contains([]string{ShadowKeep, ShadowSoften, ShadowContact, ShadowDrop}, mode) {
			return wrong("%s of %s must be %s, %s, %s or %s", name, ShadowKeep, ShadowSoften, ShadowContact, ShadowDrop)
		}
		if name == ShadowInScene && mode == ShadowContact {
			return wrong("%s of scene must be %s, %s or %s: scenes have a contact shadow of their own", ShadowKeep, ShadowSoften, ShadowDrop)
		}
	}
	return nil
}
