package sandbox

import "strings"

// OneLine makes one line of a C library's message, which has one line for each
// part that failed and often says the same twice.
func OneLine(s string) string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(s, "?")) {
		if line = strings.TrimSpace(line); line != "" && (len(lines) == 0 || lines[len(lines)-1] != line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
