package onnx

import (
	"regexp"
	"slices"
	"strings"
)

var (
	colours    = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
	sourceLine = regexp.MustCompile(`/\S*onnxruntime\S*\.(cc|h):\d+ ?`)
	// The runtime names the function that failed, then its own code, then says what happened.
	statusCode = regexp.MustCompile(`^.*\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : `)
	// So does the Go package around it.
	opening = regexp.MustCompile(`^Platform-specific initialization failed: Error loading ONNX shared library "[^"]*": `)
	// A file that the runtime can't read is named by the place at which it is tried.
	unread   = regexp.MustCompile(`^(Error loading temporary session: )?Load model from \S+ failed: ?(Protobuf parsing failed\.?)?`)
	caller   = regexp.MustCompile(`^Ort[A-Za-z_]+: `)
	function = regexp.MustCompile(`^[\w:~<>*& ,]+\([^)]*\)( \[[^\]]*\])? `)
)

// mostWords bounds what is told of the runtime's words, in bytes.
const mostWords = 400

// plainWords are the runtime's words without colours, places in its source code, and lines said
// twice.
func plainWords(text string) string {
	text = colours.ReplaceAllString(text, "")
	var lines []string
	for line := range strings.Lines(text) {
		line = statusCode.ReplaceAllString(strings.TrimSpace(line), "")
		line = function.ReplaceAllString(sourceLine.ReplaceAllString(line, ""), "")
		line = caller.ReplaceAllString(opening.ReplaceAllString(line, ""), "")
		line = unread.ReplaceAllString(line, "it is no ONNX file, or a damaged one ")
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	all := strings.Join(lines, "; ")
	if len(all) > mostWords {
		all = strings.ToValidUTF8(all[:mostWords], "") + " ..."
	}
	return all
}
