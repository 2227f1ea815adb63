package channel

import (
	"fmt"
	"slices"
	"strconv"
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
