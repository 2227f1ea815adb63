package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// WriteSample writes a YAML file that names every setting, each commented out
// with its default or an example, below what it does.
func WriteSample(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "# OPAL's settings. Take the # off a line to set it. The environment goes before this file,\n"+
		"# by the same names in capitals. Keep a file with secrets readable for its owner alone.\n")
	group := ""
	for _, s := range Settings() {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(b, "\n# --- %s\n", group)
		}
		value := s.Default
		fmt.Fprintf(b, "\n# %s", s.Doc)
		if s.Rule != "" {
			fmt.Fprintf(b, " (%s)", s.Rule)
		}
		if value == "" {
			value = s.Example
			fmt.Fprint(b, " Not set; an example:")
		}
		line, err := yaml.Marshal(map[string]any{strings.ToLower(s.Name): sampleValue(s, value)})
		if err != nil {
			return fmt.Errorf("write %s: %w", s.Name, err)
		}
		fmt.Fprintf(b, "\n#%s", line)
	}
	return b.Flush()
}

// sampleValue is a value as a person writes it: a list in brackets, a number
// without quotes.
func sampleValue(s Setting, value string) any {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	switch s.Type {
	case "list", "networks":
		n.Style = yaml.DoubleQuotedStyle
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{n}}
	case "text", "secret":
		n.Tag = "!!str"
	}
	return n
}
