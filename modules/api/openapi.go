package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/tenant"
)

// huma writes the OpenAPI document from the routes and the client's types. The
// parts that huma can't express are added here, to the JSON, not to the schemas by
// which it checks requests: some of them are for readers only.

// document returns the OpenAPI document.
func (s *server) document() ([]byte, error) {
	b, err := json.Marshal(s.huma.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	var d node
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	d["servers"] = []any{node{"url": s.address(), "description": "This API"}}
	schemas := d.at("components", "schemas")
	schemas["UnknownFields"] = node{
		"type": "object", "description": "Told with the answer when the request had fields that the call doesn't know; with the header Prefer: handling=strict they are refused.",
		"properties": node{"unknown_fields": node{"type": "array", "items": node{"type": "string"}, "examples": []any{[]string{"items[0].scene"}}}},
	}
	for _, e := range closedSets {
		if f := schemas.at(e.schema, "properties", e.field); f != nil {
			f.at("items")["enum"] = e.values
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		mayBeNull(schemas.at(name), s.huma.OpenAPI().Components.Schemas.TypeFromRef("#/components/schemas/"+name))
		if s := schemas.at(name); s["additionalProperties"] == true {
			delete(s, "additionalProperties") // true is the default, and it makes generated types less useful
		}
	}
	for _, rt := range s.routes {
		if op := d.at("paths", rt.Path, strings.ToLower(rt.Method)); op != nil {
			s.describe(op, rt, schemas)
		}
	}
	out, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	return out, nil
}

// ownSchemas adds the types that occur in no route, and takes out those that are never sent.
func (s *server) ownSchemas() {
	doc := s.huma.OpenAPI()
	for name, t := range map[string]reflect.Type{
		"Event": reflect.TypeFor[client.Event](), "Progress": reflect.TypeFor[client.Progress](), "End": reflect.TypeFor[client.End](),
		"UsagePage": reflect.TypeFor[client.UsagePage](), "Invoice": reflect.TypeFor[client.Invoice](),
	} {
		doc.Components.Schemas.Schema(t, true, name)
	}
	delete(doc.Components.Schemas.Map(), "ErrorModel") // huma's own error, which is never sent
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
}

// address is where the document's paths begin.
func (s *server) address() string {
	if s.Address == "" {
		return "/"
	}
	return s.Address
}

// node is an object of the document.
type node map[string]any

// sortedNames returns the names of an object's fields.
func sortedNames(n node) []string { return slices.Sorted(maps.Keys(n)) }

// at returns the object at a path, nil when there is none.
func (n node) at(path ...string) node {
	for _, p := range path {
		switch next := n[p].(type) {
		case map[string]any:
			n = next
		case node:
			n = next
		default:
			return nil
		}
	}
	return n
}

// closedSets are lists of values of requests whose calls refuse others under codes of
// their own.
var closedSets = []struct {
	schema, field string
	values        []string
}{{"NewAPIKey", "scopes", []string{"read", "write", "approve", "admin"}}}

// mayBeNull says of a type's fields that hold another object, or null, that they may be
// null, which huma can't say.
func mayBeNull(schema node, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, field := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		f := schema.at("properties", name)
		if field.Type.Kind() != reflect.Pointer || f == nil || f["$ref"] == nil || strings.Contains(options, "omit") {
			continue
		}
		either := node{"anyOf": []any{node{"$ref": f["$ref"]}, node{"type": "null"}}}
		if f["description"] != nil {
			either["description"] = f["description"]
		}
		schema.at("properties")[name] = either
	}
}

// describe adds an operation's requirements and answers.
func (s *server) describe(op node, rt *route, schemas node) {
	var words []string
	more := operations[rt.ID]
	if more.doc != "" {
		words = append(words, more.doc)
	}
	switch {
	case rt.Guest:
		words = append(words, "Needs the token of a share link.")
	case rt.Public:
		op["security"] = []any{node{}}
		words = append(words, "Needs no credentials.")
	default:
		words = append(words, "Needs scope "+string(rt.Scope)+".")
	}
	if d := rt.Deprecated; d != nil {
		words = append(words, "Deprecated: "+d.Instead)
	}
	op["description"] = strings.Join(words, " ")
	responses := op.at("responses")
	delete(responses, "default")
	for status, r := range s.problems(rt) {
		responses[strconv.Itoa(status)] = r
	}
	ok := responses.at("200")
	ok["description"] = "Done"
	if len(more.types) > 0 {
		content := ok.at("content")
		if content == nil {
			content = node{}
			ok["content"] = content
		}
		delete(content, "application/octet-stream")
		for _, t := range more.types {
			content[t.name] = t.media()
		}
	}
	if rt.revalidated() {
		op["parameters"] = append(listOf(op["parameters"]), node{
			"name": noneMatchHeader, "in": "header", "description": "The ETag of an answer that the caller has; while it is the same the answer is 304, without a body", "schema": node{"type": "string"},
		})
		headers := node{etagHeader: node{"description": "Stands for this answer, for If-None-Match", "schema": node{"type": "string"}}}
		if schema := ok.at("content", jsonType, "schema"); schemaHas(schema, schemas, "next_cursor") {
			headers["Link"] = node{"description": "The next page, rel=\"next\"; absent on the last", "schema": node{"type": "string"}}
		}
		ok["headers"] = headers
		responses["304"] = node{"description": "The caller has this answer"}
	}
	if rt.Path == readyPath {
		responses["503"] = node{"description": "It can't take requests", "content": ok["content"]}
	}
	if rt.Body != JSONBody && rt.Body != OptionalJSON {
		return
	}
	op["parameters"] = append(listOf(op["parameters"]), node{
		"name": preferHeader, "in": "header", "description": "handling=strict: fields that the call doesn't know are refused with unknown_fields",
		"schema": node{"type": "string", "examples": []any{strictly}},
	})
	if media := ok.at("content", jsonType); media != nil {
		media["schema"] = node{"allOf": []any{media["schema"], node{"$ref": "#/components/schemas/UnknownFields"}}}
	}
	if media := op.at("requestBody", "content", jsonType); media != nil {
		media["example"] = example(media.at("schema"), schemas, 0)
	}
}

// schemaHas reports whether a component that a schema refers to has a field.
func schemaHas(schema, schemas node, field string) bool {
	ref, _ := schema["$ref"].(string)
	return schemas.at(ref[strings.LastIndexByte(ref, '/')+1:], "properties", field) != nil
}

func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}

// mediaType is a form of an answer that huma does not know of.
type mediaType struct {
	name, schema string // schema: the name of a component; "": a file
	text         bool
	events       bool // an event stream whose data are the events of a job
}

func (m mediaType) media() node {
	switch {
	case m.schema != "":
		return node{"schema": node{"$ref": "#/components/schemas/" + m.schema}}
	case m.events:
		var kinds []any
		for _, name := range []string{"Event", "Progress", "End"} {
			kinds = append(kinds, node{"$ref": "#/components/schemas/" + name})
		}
		return node{"schema": node{"type": "string", "description": "Server-sent events. The data of each is JSON: an Event by its type, a Progress (event: progress) or an End (event: end).",
			"contentMediaType": jsonType, "contentSchema": node{"anyOf": kinds}}}
	case m.text:
		return node{"schema": node{"type": "string"}}
	}
	return node{"schema": node{"type": "string", "contentMediaType": m.name, "contentEncoding": "binary"}}
}

// maxExample bounds the depth of an example.
const maxExample = 6

// example makes an example of a schema out of those of its fields.
func example(schema, schemas node, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		schema = schemas.at(ref[strings.LastIndexByte(ref, '/')+1:])
	}
	if all := listOf(schema["allOf"]); len(all) > 0 {
		return example(node(all[0].(map[string]any)), schemas, depth)
	}
	if e := listOf(schema["examples"]); len(e) > 0 {
		return e[0]
	}
	if depth > maxExample {
		return nil
	}
	if items := schema.at("items"); items != nil {
		return []any{example(items, schemas, depth+1)}
	}
	out := node{}
	for name := range schema.at("properties") {
		if v := example(schema.at("properties", name), schemas, depth+1); v != nil {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// errorsOf returns the errors that a call can answer, by status.
func errorsOf(rt *route) map[int][]*fault.Error {
	byStatus := map[int][]*fault.Error{}
	add := func(list ...*fault.Error) {
		for _, e := range list {
			status := statuses[e.Kind]
			if !slices.ContainsFunc(byStatus[status], func(o *fault.Error) bool { return o.Code == e.Code }) {
				byStatus[status] = append(byStatus[status], e)
			}
		}
	}
	add(errInternal, db.ErrUnavailable, errText, errUnknown, errField)
	byStatus[http.StatusMisdirectedRequest] = []*fault.Error{errHost}
	if rt.Method != http.MethodGet {
		add(errBodyTooLarge, errBodyRead)
		byStatus[http.StatusRequestTimeout] = append(byStatus[http.StatusRequestTimeout], errBodyTimeout)
	}
	if rt.Guest {
		add(share.ErrToken, share.ErrEnded, rt.NotFound, errRate)
	}
	if !rt.Public && !rt.Guest {
		add(errKeyMissing, tenant.ErrKey, tenant.ErrSession, tenant.ErrDisabled, errScope, rt.NotFound, tenant.ErrID, errTenantConflict, errRate)
		add(errToken, errTokenTenant, errIssuerDown)
		if rt.Method != http.MethodGet {
			add(errTenantForeign, errCrossOrigin)
		}
	}
	switch rt.Body {
	case JSONBody, OptionalJSON:
		add(errNotJSON)
	case FormBody:
		add(errNotForm)
	}
	if rt.keyed() {
		add(errIdempotencyKey, tenant.ErrKeyReused, tenant.ErrInFlight)
	}
	add(operations[rt.ID].errors...)
	return byStatus
}

// problems returns the document's part of the errors that a call can answer, by
// status. Each names its codes.
func (s *server) problems(rt *route) map[int]node {
	out := map[int]node{}
	for status, errs := range errorsOf(rt) {
		var lines []string
		examples := node{}
		for _, e := range errs {
			lines = append(lines, "`"+e.Code+"`: "+e.Text)
			p := client.Problem{Type: errorPages + e.Code, Title: http.StatusText(status), Status: status, Detail: e.Text, Code: e.Code, CorrelationID: "0198f7a0-0000-7000-8000-00000000000c"}
			examples[e.Code] = node{"summary": e.Text, "value": p}
		}
		r := node{"description": strings.Join(lines, "\n\n"), "content": node{problemType: node{"schema": node{"$ref": "#/components/schemas/Problem"}, "examples": examples}}}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r["headers"] = node{"Retry-After": node{"description": "Seconds after which to try again", "schema": node{"type": "integer", "minimum": 1}}}
		}
		out[status] = r
	}
	return out
}

// Errors that other code makes under these codes, for the document.
var (
	errInternal    = fault.New(fault.Internal, "internal", internalText)
	errBodyTimeout = fault.New(fault.Malformed, "body_timeout", "The body did not arrive in time; send it again")
	errHost        = fault.New(fault.Malformed, "host_unknown", "This host name is not served here")
	errUnknown     = fault.New(fault.Invalid, "unknown_fields", "With Prefer: handling=strict: the request has fields that this call doesn't know")
)
