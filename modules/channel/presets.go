package channel

import (
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// Presets lists the presets, channel by channel.
func Presets() []Preset { return slices.Clone(table().presets) }

// Defaults names the presets that a job gets that names none.
func Defaults() []string {
	var names []string
	for _, p := range table().presets {
		if p.Default {
			names = append(names, p.Name)
		}
	}
	return names
}

// Channels lists the channels' names.
func Channels() []string {
	var names []string
	for _, p := range table().presets {
		if !slices.Contains(names, p.Channel) {
			names = append(names, p.Channel)
		}
	}
	return names
}

// Demanding lists the channels that demand something of pictures: all but those whose rules
// are OPAL's own advice.
func Demanding() []string {
	own := OwnAdvice()
	return slices.DeleteFunc(Channels(), func(name string) bool { return slices.Contains(own, name) })
}

// OwnAdvice lists the channels whose rules are OPAL's own advice. Pictures are held against
// them where they are named.
func OwnAdvice() []string {
	var names []string
	for _, p := range table().presets {
		if p.ownAdvice && !slices.Contains(names, p.Channel) {
			names = append(names, p.Channel)
		}
	}
	return names
}

// Of lists the presets of a channel, named in any case and with or without its
// spaces: "tiktok-shop", "TikTok Shop".
func Of(name string) []Preset {
	var out []Preset
	for _, p := range table().presets {
		if Folder(p.Channel) == Folder(name) {
			out = append(out, p)
		}
	}
	return out
}

var dashes = strings.NewReplacer(" ", "-", "_", "-")

// Folder is a channel's name as a folder: lower case, with dashes for spaces.
func Folder(name string) string {
	return dashes.Replace(strings.ToLower(strings.TrimSpace(name)))
}

// ErrPreset says that a preset is not known.
var ErrPreset = fault.New(fault.Invalid, "preset_unknown", "The preset is not known")

// Validate fails for a name that no preset has.
func Validate(names []string) error {
	for _, n := range names {
		if _, ok := Find(n); !ok {
			known := table().presets
			all := make([]string, len(known))
			for i, p := range known {
				all[i] = p.Name
			}
			near := "; known are "
			if like := fault.Nearest(n, all, min(3, len(n)/2)); like != "" {
				near = "; did you mean " + like + "? Known are "
			}
			return ErrPreset.With("%.60q%s%s", n, near, strings.Join(all, ", "))
		}
	}
	return nil
}

// Find returns the preset of a name.
func Find(name string) (Preset, bool) {
	known := table().presets
	i := slices.IndexFunc(known, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return known[i], true
}
