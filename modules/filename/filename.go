// Package filename makes the names of files that OPAL writes for people: folders,
// entries of ZIPs, downloads. The names of photos come from anywhere; those made
// here are safe on every file system, readable in every script, and unique.
package filename

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The limits of a stem. File systems take 255 bytes a name; the rest is for what
// is added: scene, number, extension.
const (
	maxRunes = 80
	maxBytes = 150
)

// nameless stands for a name of which nothing is left.
const nameless = "photo"

// extensions are those of pictures, which are not part of a photo's own name.
var extensions = []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".png", ".apng", ".webp", ".heic", ".heif", ".hif", ".avif", ".tif", ".tiff", ".gif", ".bmp",
	".psd", ".svg", ".jxl", ".jp2", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2",
}

// HasExtension reports whether a name ends as pictures' names do.
func HasExtension(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(name)))
}

// Stem returns a photo's name for what is made of it: the last part of its path,
// whichever way the slashes lean, without a picture's extension. Letters, marks
// and digits of every script stay, with the marks - _ . ( ) + , = @ and single
// spaces; everything else, bytes that are not UTF-8 included, becomes one _.
// The result is NFC, has at most 80 characters and 150 bytes, doesn't begin or
// end with a space, dot, dash or underscore, and is not a device of Windows.
// It is "photo" when nothing is left.
func Stem(name string) string {
	name = strings.TrimRight(name, `/\`)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if HasExtension(name) {
		name = name[:len(name)-len(path.Ext(name))]
	}
	return safe(name)
}

// File is Stem for a whole file name: its extension, of at most ten letters and
// digits, is kept, in lower case.
func File(name string) string {
	ext := path.Ext(name)
	if len(ext) < 2 || len(ext) > 11 || strings.ContainsFunc(ext[1:], func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		ext = ""
	}
	name = strings.TrimSuffix(name, ext)
	return safe(name[strings.LastIndexAny(name, `/\`)+1:]) + strings.ToLower(ext)
}

func safe(name string) string {
	stem := shorten(trim(clean(norm.NFC.String(name))))
	switch {
	case stem == "":
		return nameless
	case isDevice(stem):
		return "_" + stem
	}
	return stem
}

// Slug is Stem with _ for spaces, for names that become part of a URL.
func Slug(name string) string { return strings.ReplaceAll(Stem(name), " ", "_") }

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// blanks are letters that nobody sees: the fillers of Hangul.
var blanks = []rune{'\u115f', '\u1160', '\u3164', '\uffa0'}

// clean replaces what a name can't hold.
func clean(s string) string {
	var b strings.Builder
	var last rune // that was written
	put := func(r rune) {
		b.WriteRune(r)
		last = r
	}
	joins := func() bool { return unicode.IsLetter(last) || unicode.IsMark(last) }
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1, slices.Contains(blanks, r):
			if last != '_' {
				put('_')
			}
		case unicode.IsLetter(r), unicode.IsNumber(r), strings.ContainsRune("-_.()+,=@", r):
			put(r)
		case unicode.IsMark(r):
			if joins() || unicode.IsNumber(last) {
				put(r)
			}
		case r == zeroWidthJoiner, r == zeroWidthNonJoiner: // part of the spelling in Persian and in India
			if joins() {
				put(r)
			}
		case unicode.Is(unicode.Zs, r), r == '\t':
			if last != ' ' {
				put(' ')
			}
		case unicode.Is(unicode.Cf, r): // marks of direction and the like, which disguise a name
		default:
			if last != '_' {
				put('_')
			}
		}
	}
	return b.String()
}

// trim takes off what hides a file, looks like a flag, or is lost on Windows.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return strings.ContainsRune(" .-_", r) || r == zeroWidthJoiner || r == zeroWidthNonJoiner
	})
}

// shorten keeps to the limits, and whole characters.
func shorten(s string) string {
	n := 0
	for i, r := range s {
		if n++; n > maxRunes || i+utf8.RuneLen(r) > maxBytes {
			return trim(s[:i])
		}
	}
	return s
}

// isDevice reports whether Windows takes a name for a device, whatever follows
// its first dot.
func isDevice(s string) bool {
	s, _, _ = strings.Cut(strings.ToUpper(s), ".")
	s = strings.TrimRight(s, " ")
	switch s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	if len(s) < len("COM1") || s[:3] != "COM" && s[:3] != "LPT" {
		return false
	}
	return slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, s[3:])
}
