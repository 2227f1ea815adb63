package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"

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
	c := &Config{}
	if err := env.ParseWithOptions(c, env.Options{Environment: values}); err != nil {
		return nil, ErrConfig.With("%s", unreadable(values))
	}
	c.normalise()
	return c, nil
}

// Names lists every setting's environment variable.
func Names() ([]string, error) {
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		return nil, fmt.Errorf("list the settings: %w", err)
	}
	var names []string
	for _, p := range params {
		if p.Key != "" {
			names = append(names, p.Key)
		}
	}
	slices.Sort(names)
	return names, nil
}

func readFile(path string, names []string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, ErrConfig.With("--config: %s", err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(b, &file); err != nil {
		return nil, ErrConfig.With("%s is not a YAML file of settings", path)
	}
	values := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		name := strings.ToUpper(key)
		if !slices.Contains(names, name) {
			hint := ""
			if near := closest(name, names); near != "" {
				hint = "; did you mean " + strings.ToLower(near) + "?"
			}
			return nil, ErrConfig.With("%s: %s is not a setting%s", path, key, hint)
		}
		switch v := file[key].(type) {
		case nil:
		case []any:
			var parts []string
			for _, p := range v {
				parts = append(parts, fmt.Sprint(p))
			}
			values[name] = strings.Join(parts, ",")
		case map[string]any:
			return nil, ErrConfig.With("%s: %s holds a map; settings are flat, as the environment variables are", path, key)
		default:
			values[name] = fmt.Sprint(v)
		}
	}
	return values, nil
}

// unreadable names the variables whose values can't be parsed, without the
// values, which may be secrets.
func unreadable(values map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		err := env.ParseWithOptions(&Config{}, env.Options{Environment: map[string]string{name: values[name]}})
		var agg env.AggregateError
		if !errors.As(err, &agg) {
			continue
		}
		kind := "readable"
		for _, e := range agg.Errors {
			var p env.ParseError
			if errors.As(e, &p) {
				kind = "of type " + p.Type.String()
				if p.Type == reflect.TypeFor[[]netip.Prefix]() {
					kind = "networks such as 10.20.0.0/16"
				}
			}
		}
		parts = append(parts, name+" must be "+kind)
	}
	return strings.Join(parts, "; ")
}

// misspeltBy is how many edits make a name a misspelling of a setting.
const misspeltBy = 2

// closest returns the setting that name misspells, or "". Only names that begin
// like one of OPAL's groups are looked at: the environment holds much else.
func closest(name string, names []string) string {
	best, at := "", misspeltBy+1
	for _, n := range names {
		group, _, _ := strings.Cut(n, "_")
		if len(name) < len(n)-misspeltBy || len(name) > len(n)+misspeltBy || !strings.Contains(name, "_") || !strings.HasPrefix(name, group[:2]) {
			continue
		}
		if d := edits(name, n); d < at {
			best, at = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
