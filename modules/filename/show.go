package filename

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Show returns a path for a terminal or a log line: as it is when all of it can be
// printed, else quoted as Go quotes strings, so that no name moves the cursor.
func Show(p string) string {
	if !utf8.ValidString(p) || strings.ContainsFunc(p, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) && r != ' ' }) {
		return strconv.Quote(p)
	}
	return p
}

// Attachment returns the value of Content-Disposition (RFC 6266) under which a
// browser saves an answer: the name as it is in filename*, and for old clients one
// of ASCII alone. The name is one that this package made.
func Attachment(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\/%`, r) {
			return '_'
		}
		return r
	}, name)
	value := fmt.Sprintf(`attachment; filename="%s"`, ascii)
	if ascii == name {
		return value
	}
	return value + "; filename*=UTF-8''" + extValue(name)
}

// extValue encodes a string as RFC 8187 does.
func extValue(s string) string {
	const plain = "!#$&+-.^_`|~"
	var b strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(s, "_")) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
