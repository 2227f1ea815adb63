package channel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// at is an error about one place of a channel's file.
type at struct {
	path []string // keys and indexes from the top
	err  error
}

// Error implements error.
func (a *at) Error() string { return a.err.Error() }

// located says for a person in which line of a channel's file an error is, and at which
// field.
func located(b []byte, err error) error {
	var path []string
	var invalid *jsonschema.ValidationError
	var place *at
	switch {
	case errors.As(err, &place):
		path = place.path
	case errors.As(err, &invalid):
		for len(invalid.Causes) > 0 {
			invalid = invalid.Causes[0]
		}
		path = invalid.InstanceLocation
		err = errors.New(invalid.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	default:
		return err // YAML's own errors name the line
	}
	return fmt.Errorf("line %d: %s: %w", lineOf(b, path), strings.Join(append([]string{"file"}, path...), "."), err)
}

// lineOf returns the line of a place in a YAML text, or of the nearest place around it.
func lineOf(b []byte, path []string) int {
	var doc yaml.Node
	if yaml.Unmarshal(b, &doc) != nil || len(doc.Content) == 0 {
		return 1
	}
	n := doc.Content[0]
	line := n.Line
	for _, p := range path {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		var next *yaml.Node
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == p {
					next, line = n.Content[i+1], n.Content[i].Line
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(p); err == nil && i >= 0 && i < len(n.Content) {
				next = n.Content[i]
				line = next.Line
			}
		}
		if next == nil {
			return line
		}
		n = next
	}
	return line
}
