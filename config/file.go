package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFile reads the settings of a YAML file by the names of their environment
// variables. Its errors name the line and never a value, which may be a secret.
func readFile(path string, names []string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, ErrConfig.With("--config: %s", err)
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return map[string]string{}, nil // an empty file, or comments alone
	case err != nil:
		return nil, ErrConfig.With("%s is not a YAML file of settings: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if !errors.Is(dec.Decode(new(yaml.Node)), io.EOF) {
		return nil, ErrConfig.With("%s holds more than one document; settings are one list of `name: value` lines", path)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return map[string]string{}, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, ErrConfig.With("%s:%d is not a YAML file of settings: they are `name: value` lines, such as `log_level: info`", path, root.Line)
	}
	values := map[string]string{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if err := readEntry(values, root.Content[i], root.Content[i+1], names); err != nil {
			return nil, ErrConfig.With("%s:%d: %s", path, root.Content[i].Line, err)
		}
	}
	return values, nil
}

// readEntry reads one `name: value`.
func readEntry(values map[string]string, key, value *yaml.Node, names []string) error {
	name := strings.ToUpper(key.Value)
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value.Kind == yaml.MappingNode {
		return errors.New(key.Value + " is not a setting by itself: settings are flat" + flatHint(name, value, names))
	}
	if !slices.Contains(names, name) {
		hint := ""
		if near := closest(name, names); near != "" {
			hint = "; did you mean " + strings.ToLower(near) + "?"
		}
		return fmt.Errorf("%s is not a setting%s", key.Value, hint)
	}
	if _, twice := values[name]; twice {
		return fmt.Errorf("%s is there twice", key.Value)
	}
	switch value.Kind {
	case yaml.SequenceNode:
		var parts []string
		for _, n := range value.Content {
			if n.Kind != yaml.ScalarNode {
				return fmt.Errorf("%s holds a list of lists or maps; a list's parts are plain values", key.Value)
			}
			parts = append(parts, n.Value)
		}
		values[name] = strings.Join(parts, ",")
	case yaml.ScalarNode:
		// The text as it is written: 0123 stays 0123, off stays off.
		if value.Tag != "!!null" && value.Value != "" {
			values[name] = value.Value
		}
	}
	return nil
}

// flatHint says how a nested setting is written.
func flatHint(name string, value *yaml.Node, names []string) string {
	for i := 0; i+1 < len(value.Content); i += 2 {
		if full := name + "_" + strings.ToUpper(value.Content[i].Value); slices.Contains(names, full) {
			return ", so write " + strings.ToLower(full) + ": ... in one line"
		}
	}
	return ", as the environment variables are: `log_level: info`"
}
