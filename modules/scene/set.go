package scene

import (
	"math"

	"github.com/opal-photo/opal/modules/picture"
)

// set is one row of the table: which far background, which surface, and how
// the light behaves. Everything else is derived.
type set struct {
	name       string
	far        farKind
	top        material // surface the product stands on
	flatTop    material // surface when seen from above
	wall       lch      // default wall or paper colour
	accent     lch      // props and podium
	light      rgb      // colour of the key light
	falloff    float32  // how much darker the side away from the light gets
	vignette   float32
	gloss      float32 // how much of the background the surface mirrors
	reflection float32 // strength of the product's own reflection
	shadow     float32 // overall shadow density
	hardness   float32 // 0 = big softbox, 1 = bare sun
	gobo       goboKind
	flatGobo   goboKind
	side       Light

	at     int     // which of its arrangements
	lower  float32 // how much lower its surface ends, as a share of the frame's height
	plinth plinth
	behind bool // its light comes from behind

	painted bool // the backdrop is paint and nothing else
	paint   picture.Paint
}

const deg = math.Pi / 180

// sets holds one row for each of picture.SceneTypes.
var sets = []set{
	{name: "studio", far: farCove, top: paper, flatTop: paper,
		wall: lch{0.915, 0.008, 80 * deg}, accent: lch{0.85, 0.03, 60 * deg},
		light: rgb{1, 0.995, 0.985}, falloff: 0.16, vignette: 0.14,
		reflection: 0.07, shadow: 0.85, hardness: 0.15, side: LightLeft},
	{name: "lifestyle", far: farRoom, top: woodWarm, flatTop: woodWarm,
		wall: lch{0.72, 0.045, 70 * deg}, accent: lch{0.55, 0.08, 50 * deg},
		light: rgb{1.06, 1, 0.9}, falloff: 0.3, vignette: 0.25,
		gloss: 0.10, reflection: 0.06, shadow: 1, hardness: 0.3, flatGobo: goboWindow, side: LightLeft},
	{name: "outdoor", far: farFoliage, top: concrete, flatTop: stone,
		wall: lch{0.6, 0.1, 125 * deg}, accent: lch{0.6, 0.1, 110 * deg},
		light: rgb{1.12, 1, 0.8}, falloff: 0.3, vignette: 0.2,
		gloss: 0.03, shadow: 1, hardness: 0.6, flatGobo: goboLeaf, side: LightRight},
	{name: "minimal", far: farPodium, top: paper, flatTop: paper,
		wall: lch{0.82, 0.045, 55 * deg}, accent: lch{0.85, 0.05, 50 * deg},
		light: rgb{1.02, 1, 0.97}, falloff: 0.22, vignette: 0.1,
		shadow: 0.95, hardness: 0.4, flatGobo: goboWindow, side: LightLeft},
	{name: "luxury", far: farDark, top: marbleBlack, flatTop: marbleBlack,
		wall: lch{0.24, 0.02, 60 * deg}, accent: lch{0.7, 0.1, 75 * deg},
		light: rgb{1.1, 1, 0.85}, falloff: 0.45, vignette: 0.4,
		gloss: 0.5, reflection: 0.42, shadow: 1, hardness: 0.3, side: LightRight},
	{name: "kitchen", far: farKitchen, top: marbleWhite, flatTop: marbleWhite,
		wall: lch{0.9, 0.015, 90 * deg}, accent: lch{0.65, 0.06, 150 * deg},
		light: rgb{1.02, 1, 0.97}, falloff: 0.18, vignette: 0.12,
		gloss: 0.3, reflection: 0.16, shadow: 0.9, hardness: 0.3, flatGobo: goboWindow, side: LightLeft},
	{name: "office", far: farOffice, top: woodOak, flatTop: woodOak,
		wall: lch{0.8, 0.02, 240 * deg}, accent: lch{0.5, 0.05, 245 * deg},
		light: rgb{0.97, 1, 1.05}, falloff: 0.2, vignette: 0.18,
		gloss: 0.14, reflection: 0.07, shadow: 0.95, hardness: 0.25, flatGobo: goboWindow, side: LightRight},
	{name: "nature", far: farForest, top: woodWeathered, flatTop: woodWeathered,
		wall: lch{0.42, 0.05, 120 * deg}, accent: lch{0.5, 0.09, 130 * deg},
		light: rgb{1.06, 1, 0.86}, falloff: 0.3, vignette: 0.34,
		gloss: 0.02, shadow: 1, hardness: 0.5, gobo: goboTrees, flatGobo: goboLeaf, side: LightLeft},
}

func findSet(name string) (set, bool) {
	for _, s := range sets {
		if s.name == name {
			return s, true
		}
	}
	return sets[0], false
}

// painted is the set of a paint: a sheet of its colours, lit evenly, on which the
// product casts a soft shadow.
func painted(p picture.Paint) set {
	s := sets[0]
	s.name, s.paint, s.painted = p.String(), p, true
	s.light, s.falloff, s.vignette, s.reflection, s.shadow = rgb{1, 1, 1}, 0, 0, 0, 0.6
	return s
}

// findScene returns the set of a scene type.
func findScene(scene string) (set, bool) {
	if p, ok := picture.ParsePaint(scene); ok {
		return painted(p), true
	}
	if _, ok := picture.ParsePlate(scene); ok {
		return sets[0], true
	}
	return findSet(scene)
}

// Choose reads a set out of free text: kind is one of picture.SceneTypes, or words such as
// "on a beach", and else the prompt decides. The first set that is named or
// described wins; without one it is "studio".
func Choose(kind, prompt string) string {
	if p, ok := picture.ParsePaint(kind); ok {
		return p.String()
	}
	for _, text := range []string{kind, prompt} {
		for _, word := range fields(text) {
			if name, ok := setWords[word]; ok {
				return name
			}
		}
	}
	return sets[0].name
}
