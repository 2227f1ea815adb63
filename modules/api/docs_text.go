package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// llmsText is the manual's table of contents for language models, in the form of
// llmstxt.org.
func (s *server) llmsText() []byte {
	at := strings.TrimRight(s.Address, "/")
	var b strings.Builder
	fmt.Fprintf(&b, "# OPAL\n\n> %s\n\n", strings.ReplaceAll(about, "\n\n", " "))
	fmt.Fprintf(&b, "## Documentation\n\n- [API reference](%s/docs.md): every call with its parameters, bodies, answers and errors\n"+
		"- [OpenAPI 3.1 document](%s/openapi.json): the same for programs\n- [Errors](%s/docs/errors): every code, and what to do\n", at, at, at)
	if len(s.Settings) > 0 {
		fmt.Fprintf(&b, "- [Settings](%s/docs/settings): for who runs OPAL\n", at)
	}
	b.WriteString("\n## A catalogue in three calls\n\n" +
		"1. POST /v1/jobs with `{\"uploads\": true, \"items\": [{\"filename\": \"mug.jpg\"}]}`, or with `source_url` in place of `filename` for photos on the internet.\n" +
		"2. PUT each photo to its item's `upload_url` with the header `x-ms-blob-type: BlockBlob`, then POST /v1/uploads/complete with the `job_id` and `items`.\n" +
		"3. GET /v1/jobs/{job_id}?wait=30 until `status` is completed, partial, failed or cancelled; GET /v1/downloads/jobs/{job_id}/export answers the ZIP's URLs.\n")
	if s.Imports != nil {
		b.WriteString("\nMore than 100 photos: POST /v1/imports with a table's `url`, then GET /v1/imports/{import_id}?wait=30 until `status` is completed, partial, failed or cancelled, or paused, when error_code says why and POST .../resume lets it go on, " +
			"and GET /v1/downloads/collections/{collection_id}/export with its `collection_id`.\n")
	}
	if s.Webhooks != nil {
		b.WriteString("\nTo be told instead of asking: POST /v1/webhooks, or `callback_url` on a job; deliveries are signed by Standard Webhooks.\n")
	}
	b.WriteString("\nAgents can use the same as tools of the Model Context Protocol: POST /mcp with the same key, or `opal mcp` on standard input and output.\n")
	return []byte(b.String())
}

// docsText is the API reference as Markdown, made of the OpenAPI document.
func docsText(openAPI []byte) ([]byte, error) {
	var d node
	if err := json.Unmarshal(openAPI, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	m := &markdown{schemas: d.at("components", "schemas")}
	fmt.Fprintf(&m.b, "# OPAL API %v\n\n%v\n", d.at("info")["version"], d.at("info")["description"])
	for _, t := range listOf(d["tags"]) {
		tag, _ := t.(map[string]any)
		fmt.Fprintf(&m.b, "\n## %v\n\n%v\n", tag["name"], tag["description"])
		for _, path := range sortedNames(d.at("paths")) {
			for _, verb := range sortedNames(d.at("paths", path)) {
				if op := d.at("paths", path, verb); slices.Contains(listOf(op["tags"]), tag["name"]) {
					m.operation(strings.ToUpper(verb)+" "+path, op)
				}
			}
		}
	}
	return []byte(m.b.String()), nil
}

type markdown struct {
	b       strings.Builder
	schemas node
}

func (m *markdown) operation(title string, op node) {
	fmt.Fprintf(&m.b, "\n### %s\n\n%v. %v\n", title, op["summary"], op["description"])
	if list := listOf(op["parameters"]); len(list) > 0 {
		m.b.WriteString("\nParameters:\n\n")
		for _, p := range list {
			p := node(p.(map[string]any))
			fmt.Fprintf(&m.b, "- `%v` (%v, %s)%s\n", p["name"], p["in"], typeIn(p.at("schema")), colon(p["description"]))
		}
	}
	for _, kind := range sortedNames(op.at("requestBody", "content")) {
		fmt.Fprintf(&m.b, "\nBody, %s:\n\n", kind)
		m.fields(op.at("requestBody", "content", kind, "schema"), 0)
	}
	for _, kind := range sortedNames(op.at("responses", "200", "content")) {
		fmt.Fprintf(&m.b, "\nAnswer, %s:\n\n", kind)
		m.fields(op.at("responses", "200", "content", kind, "schema"), 0)
	}
	var codes []string
	for _, status := range sortedNames(op.at("responses")) {
		for _, code := range sortedNames(op.at("responses", status, "content", problemType, "examples")) {
			codes = append(codes, status+" `"+code+"`")
		}
	}
	if len(codes) > 0 {
		fmt.Fprintf(&m.b, "\nErrors: %s\n", strings.Join(codes, ", "))
	}
}

// maxNested bounds the depth of fields that are listed.
const maxNested = 4

func (m *markdown) fields(schema node, depth int) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = m.schemas.at(ref[strings.LastIndexByte(ref, '/')+1:])
	}
	for _, part := range slices.Concat(listOf(schema["allOf"]), listOf(schema["anyOf"])) {
		m.fields(node(part.(map[string]any)), depth)
	}
	if items := schema.at("items"); items != nil {
		m.fields(items, depth)
	}
	if depth > maxNested {
		return
	}
	for _, name := range sortedNames(schema.at("properties")) {
		f := schema.at("properties", name)
		needed := ""
		if slices.Contains(listOf(schema["required"]), any(name)) {
			needed = ", always there"
		}
		fmt.Fprintf(&m.b, "%s- `%s` (%s%s)%s\n", strings.Repeat("  ", depth), name, typeIn(f), needed, colon(f["description"]))
		m.fields(f, depth+1)
	}
}

// typeIn names a schema's type in words.
func typeIn(schema node) string {
	if all := slices.Concat(listOf(schema["allOf"]), listOf(schema["anyOf"])); len(all) > 0 {
		var names []string
		for _, one := range all {
			names = append(names, typeIn(node(one.(map[string]any))))
		}
		return strings.Join(names, " or ")
	}
	var out string
	switch t := schema["type"].(type) {
	case string:
		out = t
	case []any:
		var names []string
		for _, one := range t {
			names = append(names, fmt.Sprint(one))
		}
		out = strings.Join(names, " or ")
	default:
		out = "object"
	}
	if items := schema.at("items"); items != nil {
		out += " of " + typeIn(items)
	}
	if values := listOf(schema["enum"]); len(values) > 0 {
		out += ": " + strings.Trim(fmt.Sprint(values), "[]")
	}
	return out
}

func colon(doc any) string {
	if text, _ := doc.(string); text != "" {
		return ": " + text
	}
	return ""
}
