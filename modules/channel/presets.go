package channel

import (
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

const (
	mib = 1 << 20
	// whiteFill leaves a little air: Amazon asks for at least 85 %.
	whiteFill = 0.88
	sceneFill = 0.62
)

// presets is the table. Sizes and rules are the channels' own, as they publish
// them for sellers.
var presets = []Preset{
	{"amazon_main", "Amazon main image", "Amazon", 2000, 2000, White, whiteFill, JPEG, 90, true,
		[]Rule{{LongSide, 1600}, {FillAtLeast, .85}, {WhiteBorder, 1}, {FileSize, 10 * mib}}},
	{"shopify", "Shopify product", "Shopify", 2048, 2048, Scene, sceneFill, JPEG, 88, true,
		[]Rule{{LongSide, 2048}, {FileSize, 20 * mib}}},
	{"etsy", "Etsy listing", "Etsy", 2400, 1800, Scene, .66, JPEG, 88, false,
		[]Rule{{ShortSide, 1600}, {FileSize, 10 * mib}}},
	{"ebay", "eBay listing", "eBay", 1600, 1600, White, whiteFill, JPEG, 88, false,
		[]Rule{{LongSide, 1600}, {FillAtLeast, .8}, {WhiteBorder, 1}, {FileSize, 12 * mib}}},
	{"google_shopping", "Google Shopping", "Google", 1500, 1500, White, .84, JPEG, 88, false,
		[]Rule{{LongSide, 800}, {FillAtLeast, .75}, {FillAtMost, .9}, {WhiteBorder, 1}, {FileSize, 16 * mib}}},
	{"instagram_square", "Instagram square", "Instagram", 1080, 1080, Scene, sceneFill, JPEG, 88, true,
		[]Rule{{LongSide, 1080}, {FileSize, 8 * mib}}},
	{"instagram_portrait", "Instagram portrait 4:5", "Instagram", 1080, 1350, Scene, .68, JPEG, 88, false,
		[]Rule{{LongSide, 1350}, {FileSize, 8 * mib}}},
	{"instagram_story", "Instagram story 9:16", "Instagram", 1080, 1920, Scene, .76, JPEG, 88, true,
		[]Rule{{LongSide, 1920}, {FileSize, 8 * mib}}},
	{"pinterest", "Pinterest pin 2:3", "Pinterest", 1000, 1500, Scene, .72, JPEG, 88, false,
		[]Rule{{LongSide, 1500}, {FileSize, 20 * mib}}},
	{"facebook_ad", "Facebook ad 1.91:1", "Facebook", 1200, 628, Scene, .74, JPEG, 88, false,
		[]Rule{{LongSide, 1200}, {FileSize, 8 * mib}}},
	{"web_large", "Website, large", "Website", 1600, 1600, Scene, sceneFill, WebP, 82, true,
		[]Rule{{LongSide, 1600}, {FileSize, 1 * mib}}},
	{"web_large_avif", "Website, large, AVIF", "Website", 1600, 1600, Scene, sceneFill, AVIF, 60, false,
		[]Rule{{LongSide, 1600}, {FileSize, 1 * mib}}},
	{"web_thumb", "Website, thumbnail", "Website", 400, 400, Scene, .7, WebP, 80, false,
		[]Rule{{LongSide, 400}, {FileSize, 100 << 10}}},
	{"cutout_png", "Transparent PNG", "Cut-out", 2000, 2000, Transparent, .92, PNG, 0, true,
		[]Rule{{LongSide, 1000}, {HasAlpha, 1}}},
	{"cutout_webp", "Transparent WebP", "Cut-out", 1600, 1600, Transparent, .92, WebP, 86, false,
		[]Rule{{LongSide, 1000}, {HasAlpha, 1}, {FileSize, 2 * mib}}},
}

// Presets lists the presets.
func Presets() []Preset { return slices.Clone(presets) }

// Defaults names the presets that a job gets that names none.
func Defaults() []string {
	var names []string
	for _, p := range presets {
		if p.Default {
			names = append(names, p.Name)
		}
	}
	return names
}

// ErrPreset says that a preset is not known.
var ErrPreset = fault.New(fault.Invalid, "preset_unknown", "The preset is not known")

// Validate fails for a name that no preset has.
func Validate(names []string) error {
	for _, n := range names {
		if _, ok := Find(n); !ok {
			known := make([]string, len(presets))
			for i, p := range presets {
				known[i] = p.Name
			}
			return ErrPreset.With("%q; known are %s", n, strings.Join(known, ", "))
		}
	}
	return nil
}

// Find returns the preset of a name.
func Find(name string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}
