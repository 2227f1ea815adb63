package picture

import "strings"

// Noted returns a note for people with more added to it; more may be "".
func Noted(note, more string) string {
	if more == "" {
		return note
	}
	return strings.TrimPrefix(note+"; "+more, "; ")
}
