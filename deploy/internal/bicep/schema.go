package bicep

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Schemas are the shapes of resource types, by type, and by type@version where a second
// version is used.
type Schemas map[string]schema

type schema struct {
	Version string           `json:"version"`
	Body    shape            `json:"body"`
	Types   map[string]shape `json:"types"`
}

// shape gives a property's type and flags: r required, o only read.
type shape map[string][2]string

// LoadSchemas reads a file of schemas.
func LoadSchemas(path string) (Schemas, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s Schemas
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Check compares a plan's resources with the schemas: properties that don't
// exist, are missing, are only read, or have a value of the wrong type. It
// returns the types that it has no schema for.
func (s Schemas) Check(p *Plan) (found, unchecked []string) {
	for _, r := range p.Resources {
		if r.Existing {
			continue
		}
		sc, ok := s[r.Type+"@"+r.APIVersion]
		if !ok {
			sc, ok = s[r.Type]
		}
		if !ok {
			unchecked = append(unchecked, r.Type)
			continue
		}
		c := &shapes{types: sc.Types, of: r.String()}
		if sc.Version != r.APIVersion {
			c.say("", "its version is %s, the schema's %s", r.APIVersion, sc.Version)
		}
		c.object("", sc.Body, r.Body)
		found = append(found, c.found...)
	}
	slices.Sort(unchecked)
	return found, slices.Compact(unchecked)
}

type shapes struct {
	types map[string]shape
	of    string
	found []string
}

func (c *shapes) say(path, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s: %s: %s", c.of, strings.TrimPrefix(path, "."), fmt.Sprintf(format, args...)))
}

func (c *shapes) object(path string, want shape, have map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(have)) {
		p, ok := want[name]
		switch {
		case !ok:
			c.say(path+"."+name, "there is no such property")
		case strings.Contains(p[1], "o") && !strings.Contains(p[1], "r"):
			c.say(path+"."+name, "is only read")
		default:
			c.value(path+"."+name, p[0], have[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := have[name]; !ok && strings.Contains(want[name][1], "r") && !strings.Contains(want[name][1], "o") {
			c.say(path+"."+name, "is missing")
		}
	}
}

func (c *shapes) value(path, typ string, v any) {
	if _, untyped := v.(float64); untyped || v == nil || isUnknown(v) {
		return // json() has no type
	}
	if element, isList := strings.CutSuffix(typ, "[]"); isList {
		list, ok := v.([]any)
		if !ok {
			c.say(path, "must be a list, not %v", v)
			return
		}
		for i, item := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), element, item)
		}
		return
	}
	if want, ok := c.types[typ]; ok {
		if m, isMap := v.(map[string]any); isMap {
			c.object(path, want, m)
		} else {
			c.say(path, "must be an object, not %v", v)
		}
		return
	}
	ok := true
	switch {
	case typ == "int":
		_, ok = v.(int64)
	case typ == "bool":
		_, ok = v.(bool)
	case typ == "string":
		_, ok = v.(string)
	case strings.Contains(typ, " | ") && !slices.Contains(strings.Split(typ, " | "), "string"):
		ok = slices.Contains(strings.Split(typ, " | "), fmt.Sprint(v))
	}
	if !ok {
		c.say(path, "must be %s, not %v", typ, v)
	}
}
