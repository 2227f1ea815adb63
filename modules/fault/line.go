package fault

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsLine reports whether a text from outside can stand in one line, as names do: UTF-8 of at most so
// many characters, without control characters.
func IsLine(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
