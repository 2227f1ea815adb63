package mcp

import "strings"

// maxText bounds a text from outside in an answer, in characters.
const maxText = 2000

// plain removes control characters, and others that hide or turn text, from a text of
// others, and bounds it.
func plain(s string, most int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		hidden := r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xad || r >= 0x200b && r <= 0x200f ||
			r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xe0000
		if hidden || n >= most {
			return -1
		}
		n++
		return r
	}, strings.ToValidUTF8(s, "?"))
}
