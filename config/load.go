package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrConfig says which setting is wrong and what it should be.
var ErrConfig = fault.New(fault.Invalid, "config_invalid", "The configuration is not valid")

// Load reads the file (none when path is ""), then the environment over it. It
// names what it can't read; Validate checks what it means.
func Load(path string, environ []string) (*Config, error) {
	names, err := Names()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	if path != "" {
		if values, err = readFile(path, names); err != nil {
			return nil, err
		}
	}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if value == "" {
			continue // set to nothing is not set, as a container app's blank field
		}
		if slices.Contains(names, name) {
			values[name] = value
		} else if near := closest(name, names); near != "" {
			return nil, ErrConfig.With("%s is not a setting; did you mean %s?", name, near)
		}
	}
	c := &Config{environmentSet: values["ENV_NAME"] != ""}
	if err := env.ParseWithOptions(c, parseOptions(values)); err != nil {
		return nil, ErrConfig.With("%s", unreadable(values))
	}
	c.normalise()
	return c, nil
}

// parseOptions read lists as people write them: with spaces around the commas, and
// perhaps a comma at the end.
func parseOptions(values map[string]string) env.Options {
	return env.Options{Environment: values, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[[]string](): func(text string) (any, error) {
			list := []string{}
			for part := range strings.SplitSeq(text, ",") {
				if part = strings.TrimSpace(part); part != "" {
					list = append(list, part)
				}
			}
			return list, nil
		},
	}}
}

// Names lists every setting's environment variable.
func Names() ([]string, error) {
	var names []string
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names, nil
}

// unreadable names the variables whose values can't be parsed, without the
// values, which may be secrets.
func unreadable(values map[string]string) string {
	var parts []string
	for _, s := range Settings() {
		value, ok := values[s.Name]
		if !ok || env.ParseWithOptions(&Config{}, parseOptions(map[string]string{s.Name: value})) == nil {
			continue
		}
		kind := readable[s.Type]
		if s.Rule != "" && s.Type != "networks" {
			kind += ", " + s.Rule
		}
		parts = append(parts, s.Name+" must be "+kind)
	}
	return lines(parts)
}

// lines puts several complaints on a line each.
func lines(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "\n  " + strings.Join(parts, "\n  ")
}

// Closest returns the setting that a name misspells, or "".
func Closest(name string) string {
	names, err := Names()
	if err != nil {
		return ""
	}
	return closest(name, names)
}

// misspeltBy is how many edits make a name a misspelling of a setting.
const misspeltBy = 2

// closest returns the setting that name misspells, or "". Only names that begin
// like one of OPAL's groups are looked at: the environment holds much else.
func closest(name string, names []string) string {
	if !strings.Contains(name, "_") {
		return ""
	}
	var alike []string
	for _, n := range names {
		group, _, _ := strings.Cut(n, "_")
		if name != n && strings.HasPrefix(name, group[:2]) {
			alike = append(alike, n)
		}
	}
	return fault.Nearest(name, alike, misspeltBy)
}
