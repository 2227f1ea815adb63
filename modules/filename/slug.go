package filename

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// spelt are letters that have no accent to take off.
var spelt = strings.NewReplacer("ß", "ss", "æ", "ae", "ø", "o", "œ", "oe", "đ", "d", "ł", "l", "þ", "th", "ð", "d", "ı", "i", "&", " and ")

// SEO returns words as shops write them into addresses: lower case, joined by dashes,
// Latin letters without their accents, at most 80 characters. Other scripts stay. It
// is "" when nothing is left.
func SEO(words string) string {
	var b strings.Builder
	dash, latin := false, false
	for _, r := range norm.NFD.String(spelt.Replace(strings.ToLower(words))) {
		switch {
		case unicode.IsMark(r):
			if latin { // of other scripts they are part of the spelling
				continue
			}
			b.WriteRune(r)
		case unicode.IsLetter(r), unicode.IsNumber(r):
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash, latin = false, unicode.Is(unicode.Latin, r)
			b.WriteRune(r)
		case r == '\'', r == '’': // it's: its
		default:
			dash = true
		}
	}
	s := strings.Trim(shorten(norm.NFC.String(b.String())), "-")
	switch made := safe(s); {
	case isDevice(s):
		return "x-" + s
	case made == nameless && s != nameless: // nothing is left
		return ""
	default:
		return made
	}
}

// Cell returns a value for a cell of a CSV file that people open in a spreadsheet: one
// that would be taken for a formula begins with an apostrophe.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
