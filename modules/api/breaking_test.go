package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// comparison looks for changes between two OpenAPI documents after which a program that
// was written for the first fails with the second. Errors may come and go; values may be
// added to the lists of answers.
type comparison struct {
	was, now node
	found    []string
	seen     map[string]bool // pairs of references, which may be recursive
}

// breakingChanges describes them, a sentence each.
func breakingChanges(was, now node) []string {
	c := &comparison{was: was, now: now, seen: map[string]bool{}}
	for _, path := range namesOf(was.at("paths")) {
		for _, verb := range namesOf(was.at("paths", path)) {
			c.operation(strings.ToUpper(verb)+" "+path, was.at("paths", path, verb), now.at("paths", path, verb))
		}
	}
	return c.found
}

func (c *comparison) add(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

func (c *comparison) operation(name string, was, now node) {
	if now == nil {
		c.add("%s is gone", name)
		return
	}
	if was["operationId"] != now["operationId"] {
		c.add("%s is called %v, it was %v", name, now["operationId"], was["operationId"])
	}
	if open := func(n node) bool { s, _ := json.Marshal(n["security"]); return string(s) == "[{}]" }; open(was) && !open(now) {
		c.add("%s needs credentials", name)
	}
	before, after := parameters(was), parameters(now)
	for _, key := range namesOf(before) {
		p := after.at(key)
		if p == nil {
			c.add("%s no longer takes %s", name, key)
			continue
		}
		if p["required"] == true && before.at(key)["required"] != true {
			c.add("%s needs %s", name, key)
		}
		c.schema(name+", "+key, true, before.at(key, "schema"), p.at("schema"))
	}
	for _, key := range namesOf(after) {
		if before.at(key) == nil && after.at(key)["required"] == true {
			c.add("%s needs %s, which is new", name, key)
		}
	}
	if was.at("requestBody") == nil && now.at("requestBody")["required"] == true || now.at("requestBody")["required"] == true && was.at("requestBody")["required"] != true {
		c.add("%s needs a body", name)
	}
	c.contents(name+", body", true, was.at("requestBody", "content"), now.at("requestBody", "content"))
	for _, status := range namesOf(was.at("responses")) {
		if status < "400" {
			c.contents(name+", answer "+status, false, was.at("responses", status, "content"), now.at("responses", status, "content"))
		}
	}
}

func (c *comparison) contents(at string, request bool, was, now node) {
	for _, kind := range namesOf(was) {
		if now.at(kind) == nil {
			c.add("%s: %s is gone", at, kind)
			continue
		}
		c.schema(at, request, was.at(kind, "schema"), now.at(kind, "schema"))
	}
}

// schema compares what a program may send (request) or what it may get.
func (c *comparison) schema(at string, request bool, was, now node) {
	if was == nil {
		return
	}
	if now == nil {
		c.add("%s is no longer described", at)
		return
	}
	key := fmt.Sprint(was["$ref"], now["$ref"], request)
	if was["$ref"] != nil || now["$ref"] != nil {
		if c.seen[key] {
			return
		}
		c.seen[key] = true
	}
	a, b := flat(c.was, was), flat(c.now, now)
	wider, narrower := a, b // the narrower must hold all that the wider holds
	if !request {
		wider, narrower = b, a
	}
	for _, kind := range typesOf(wider) {
		if have := typesOf(narrower); len(have) > 0 && !slices.Contains(have, kind) && !(kind == "integer" && slices.Contains(have, "number")) {
			c.add("%s is %s, it was %s", at, strings.Join(typesOf(b), " or "), strings.Join(typesOf(a), " or "))
		}
	}
	if f, g := a["format"], b["format"]; f != g && (f != nil && g != nil || request && g != nil) {
		c.add("%s has the format %v, it was %v", at, g, f)
	}
	if request {
		c.limits(at, a, b)
	}
	c.properties(at, request, a, b)
	if a.at("items") != nil {
		c.schema(at+"[]", request, a.at("items"), b.at("items"))
	}
}

func (c *comparison) limits(at string, was, now node) {
	for _, l := range []struct {
		name string
		sign float64 // 1: a lower one breaks
	}{{"maxLength", 1}, {"maxItems", 1}, {"maximum", 1}, {"minLength", -1}, {"minItems", -1}, {"minimum", -1}} {
		if n, ok := now[l.name].(float64); ok {
			if w, had := was[l.name].(float64); !had || n*l.sign < w*l.sign {
				c.add("%s: %s is %v, it was %v", at, l.name, n, was[l.name])
			}
		}
	}
	if now["pattern"] != nil && now["pattern"] != was["pattern"] {
		c.add("%s must match %v", at, now["pattern"])
	}
	if list := listOf(now["enum"]); len(list) > 0 {
		if len(listOf(was["enum"])) == 0 {
			c.add("%s takes only %v", at, list)
		}
		for _, v := range listOf(was["enum"]) {
			if !slices.Contains(list, v) {
				c.add("%s no longer takes %v", at, v)
			}
		}
	}
}

func (c *comparison) properties(at string, request bool, was, now node) {
	before, after := listOf(was["required"]), listOf(now["required"])
	for _, name := range namesOf(was.at("properties")) {
		if now.at("properties", name) == nil {
			c.add("%s.%s is gone", at, name)
			continue
		}
		if !request && slices.Contains(before, any(name)) && !slices.Contains(after, any(name)) {
			c.add("%s.%s may be left out", at, name)
		}
		c.schema(at+"."+name, request, was.at("properties", name), now.at("properties", name))
	}
	if request {
		for _, name := range after {
			if !slices.Contains(before, name) {
				c.add("%s.%s is needed", at, name)
			}
		}
	}
}

// flat follows a schema's reference, and joins the parts of allOf and of an anyOf that
// only adds null.
func flat(doc, schema node) node {
	if ref, ok := schema["$ref"].(string); ok {
		schema = doc.at("components", "schemas", ref[strings.LastIndexByte(ref, '/')+1:])
	}
	parts := append(listOf(schema["allOf"]), listOf(schema["anyOf"])...)
	if len(parts) == 0 {
		return schema
	}
	out := node{"properties": node{}}
	var required, types []any
	for _, p := range parts {
		n, _ := asNode(p)
		n = flat(doc, n)
		for name, v := range n {
			switch name {
			case "required":
				required = append(required, listOf(v)...)
			case "properties":
				props, _ := asNode(v)
				maps.Copy(out.at("properties"), props)
			case "type":
				for _, kind := range typesOf(n) {
					types = append(types, kind)
				}
			default:
				out[name] = v
			}
		}
	}
	out["required"], out["type"] = required, types
	return out
}

func typesOf(schema node) []string {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, one := range t {
			out = append(out, one.(string))
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return nil
}

func asNode(v any) (node, bool) {
	switch n := v.(type) {
	case node:
		return n, true
	case map[string]any:
		return n, true
	}
	return nil, false
}

func namesOf(nodes ...node) []string {
	var names []string
	for _, n := range nodes {
		names = slices.AppendSeq(names, maps.Keys(n))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// parameters returns an operation's, by place and name.
func parameters(op node) node {
	out := node{}
	for _, p := range listOf(op["parameters"]) {
		n, _ := asNode(p)
		out[fmt.Sprintf("%v %v", n["in"], n["name"])] = n
	}
	return out
}

// TestBreakingChangesAreSeen changes the document in ways that break programs, and in
// ways that don't.
func TestBreakingChangesAreSeen(t *testing.T) {
	if onPostgres {
		return // the document is the same
	}
	text := newHouse(t).text(t)
	job := []string{"components", "schemas", "NewJob"}
	rows := []struct {
		name, want string // want "": it breaks nothing
		change     func(d node)
	}{
		{"nothing", "", func(node) {}},
		{"an operation is gone", "GET /v1/scenes is gone", func(d node) { delete(d.at("paths"), "/v1/scenes") }},
		{"an operation is new", "", func(d node) { d.at("paths")["/v1/new"] = d.at("paths", "/v1/scenes") }},
		{"an operation has another id", "is called listAll", func(d node) { d.at("paths", "/v1/scenes", "get")["operationId"] = "listAll" }},
		{"a parameter is gone", "no longer takes query cursor", func(d node) { d.at("paths", "/v1/jobs", "get")["parameters"] = []any{} }},
		{"a parameter is needed", "needs query x, which is new", func(d node) {
			op := d.at("paths", "/v1/jobs", "get")
			op["parameters"] = append(listOf(op["parameters"]), map[string]any{"name": "x", "in": "query", "required": true})
		}},
		{"a field of a request is gone", ".presets is gone", func(d node) { delete(d.at(append(job, "properties")...), "presets") }},
		{"a field of a request is needed", ".presets is needed", func(d node) { d.at(job...)["required"] = []any{"items", "presets"} }},
		{"a field of a request is new", "", func(d node) { d.at(append(job, "properties")...)["x"] = node{"type": "string"} }},
		{"a limit is lower", "maxItems is 50, it was 100", func(d node) { d.at(append(job, "properties", "items")...)["maxItems"] = 50.0 }},
		{"a limit is higher", "", func(d node) { d.at(append(job, "properties", "items")...)["maxItems"] = 500.0 }},
		{"a value is no longer taken", "no longer takes off", func(d node) { d.at(append(job, "properties", "review")...)["enum"] = []any{"on"} }},
		{"a field of an answer is gone", ".status is gone", func(d node) { delete(d.at("components", "schemas", "Job", "properties"), "status") }},
		{"a field of an answer may be missing", ".status may be left out", func(d node) { d.at("components", "schemas", "Job")["required"] = []any{"job_id"} }},
		{"a field of an answer may be null", "job_id is null or string, it was string", func(d node) {
			d.at("components", "schemas", "Job", "properties", "job_id")["type"] = []any{"string", "null"}
		}},
		{"a field of an answer has another type", "total is string, it was integer", func(d node) {
			d.at("components", "schemas", "Counts", "properties", "total")["type"] = "string"
		}},
		{"a field of an answer is new", "", func(d node) { d.at("components", "schemas", "Job", "properties")["x"] = node{"type": "string"} }},
		{"a status is new", "", func(d node) {
			p := d.at("components", "schemas", "Job", "properties", "status")
			p["enum"] = append(listOf(p["enum"]), "paused")
		}},
		{"an answer is gone", "application/pdf is gone", func(d node) {
			delete(d.at("paths", "/v1/billing/payments/{payment_id}/invoice", "get", "responses", "200", "content"), "application/pdf")
		}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			now := document(t, text)
			r.change(now)
			got := strings.Join(breakingChanges(document(t, text), now), "; ")
			if (r.want == "") != (got == "") || !strings.Contains(got, r.want) {
				t.Errorf("found %q, want %q", got, r.want)
			}
		})
	}
}
