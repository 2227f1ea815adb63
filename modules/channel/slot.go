package channel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// MainSlot is the place of a listing's first picture.
const MainSlot = "MAIN"

// Slot is a place in a listing, or a row of them.
type Slot struct {
	Name    string `json:"name" yaml:"name"`
	To      string `json:"to,omitempty" yaml:"to"` // the last one of a row: PT99 where Name is PT01; "": a single place
	Title   string `json:"title" yaml:"title"`
	Further bool   `json:"further,omitempty" yaml:"further"` // a picture whose place is taken comes here
}

// digits is how many of them end the names of a row.
const digits = 2

// all lists the names of the slot's places.
func (s Slot) all() []string {
	if s.To == "" {
		return []string{s.Name}
	}
	if len(s.Name) < digits || len(s.To) < digits {
		return nil
	}
	stem := s.Name[:len(s.Name)-digits]
	first, err := strconv.Atoi(s.Name[len(stem):])
	last, err2 := strconv.Atoi(s.To[len(s.To)-digits:])
	if err != nil || err2 != nil {
		return nil
	}
	if s.To[:len(s.To)-digits] != stem {
		return nil
	}
	var out []string
	for i := first; i <= last; i++ {
		out = append(out, fmt.Sprintf("%s%02d", stem, i))
	}
	return out
}

// HasSlot reports whether the preset's channel has a place of that name.
func (p Preset) HasSlot(name string) bool {
	return slices.ContainsFunc(p.Slots, func(s Slot) bool { return slices.Contains(s.all(), name) })
}

// FurtherSlots lists the places of the channel for pictures whose own place is taken.
func (p Preset) FurtherSlots() []string {
	var out []string
	for _, s := range p.Slots {
		if s.Further {
			out = append(out, s.all()...)
		}
	}
	return out
}

// further reports whether the preset is for pictures beside a listing's first.
func (p Preset) further() bool { return slices.Contains(p.FurtherSlots(), p.Slot) }

// ErrSlot says that no channel has a place of a name in its listings.
var ErrSlot = fault.New(fault.Invalid, "slot_unknown", "No channel has this slot")

// CheckSlot fails for a slot that no channel has, with the likely one and all that there
// are: a picture whose slot was mistyped would take another's place. Case doesn't count,
// and "" is none. Errors: ErrSlot.
func CheckSlot(name string) error {
	name = strings.ToUpper(name)
	if name == "" {
		return nil
	}
	var known, rows []string
	for _, p := range table().presets {
		for _, s := range p.Slots {
			row := s.Name
			if s.To != "" {
				row += " to " + s.To
			}
			if !slices.Contains(rows, row) {
				rows, known = append(rows, row), append(known, s.all()...)
			}
		}
	}
	if slices.Contains(known, name) {
		return nil
	}
	near := "."
	if like := likeliest(name, known); like != "" {
		near = "; did you mean " + like + "?"
	}
	return ErrSlot.With("%.40q%s There are %s", name, near, strings.Join(rows, ", "))
}

// likeliest returns the known slot that a name is nearest to, or "" when none is near. A
// row's number may be written with one digit, as in PT1.
func likeliest(name string, known []string) string {
	const most = 2 // changed characters
	if n := len(name); n > 1 && name[n-1] >= '0' && name[n-1] <= '9' && slices.Contains(known, name[:n-1]+"0"+name[n-1:]) {
		return name[:n-1] + "0" + name[n-1:]
	}
	return fault.Nearest(name, known, most)
}
