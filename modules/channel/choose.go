package channel

import (
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrNoChannel says that no channel has a name.
var ErrNoChannel = fault.New(fault.Invalid, "channel_unknown", "The channel is not known")

// Wanted are the presets that pictures are held against.
type Wanted struct {
	Presets []Preset // those that were named, and all of the channels that were named
	named   []string
}

// Want returns the presets of channels and those of names; with neither those of all
// channels but the ones of advice alone. Errors: ErrNoChannel, ErrPreset.
func Want(channels, names []string) (Wanted, error) {
	var w Wanted
	if err := Validate(names); err != nil {
		return w, err
	}
	if len(channels) == 0 && len(names) == 0 {
		channels = Demanding()
	}
	for _, name := range names {
		if !slices.Contains(w.named, name) {
			p, _ := Find(name)
			w.Presets, w.named = append(w.Presets, p), append(w.named, name)
		}
	}
	seen := map[string]bool{} // requests may repeat a name without end
	for _, name := range channels {
		if seen[Folder(name)] {
			continue
		}
		seen[Folder(name)] = true
		of := Of(name)
		if len(of) == 0 {
			var known []string
			for _, c := range Channels() {
				known = append(known, Folder(c))
			}
			return w, ErrNoChannel.With("%.60q; known are %s", name, strings.Join(known, ", "))
		}
		for _, p := range of {
			if !slices.ContainsFunc(w.Presets, func(q Preset) bool { return q.Name == p.Name }) {
				w.Presets = append(w.Presets, p)
			}
		}
	}
	return w, nil
}

// Has reports whether a preset is for a category of products.
func (w Wanted) Has(category string) bool {
	return slices.ContainsFunc(w.Presets, func(p Preset) bool { return strings.EqualFold(p.Category, category) })
}

// For returns the presets that one picture is held against: those that were named, and
// of each channel the one for its slot and category (either may be ""), else the
// channel's first.
func (w Wanted) For(slot, category string) (out []Preset) {
	best := map[string]int{} // by channel: index into out
	score := func(p Preset) int {
		n := 0
		switch {
		case slot != "" && sameSlot(p.Slot, slot):
			n += 4
		case p.further() && p.HasSlot(slot): // a place that no preset is for, such as a back
			n += 3
		case slot != "" && p.Slot != "":
			n -= 4
		}
		switch {
		case category != "" && strings.EqualFold(p.Category, category):
			n += 2
		case p.Category != "":
			n -= 2
		}
		return n
	}
	for _, p := range w.Presets {
		if slices.Contains(w.named, p.Name) {
			out = append(out, p)
			continue
		}
		if i, ok := best[p.Channel]; !ok {
			best[p.Channel] = len(out)
			out = append(out, p)
		} else if score(p) > score(out[i]) {
			out[i] = p
		}
	}
	return out
}

// sameSlot takes the further pictures PT01, PT02 ... for one slot.
func sameSlot(a, b string) bool {
	return a == b || strings.HasPrefix(a, "PT") && strings.HasPrefix(b, "PT")
}
