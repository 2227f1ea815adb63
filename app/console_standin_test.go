package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/sample"
)

// likeDocument answers each call as the API's document says, with the values that the
// document names as examples.
type likeDocument struct {
	t       *testing.T
	paths   map[string]map[string]map[string]any // operations by path and method
	schemas map[string]map[string]any
	picture []byte // a JPEG

	spoiled bool   // texts that people or products give are markup
	state   string // of the service, one of serviceStates
	moves   func(w http.ResponseWriter, r *http.Request) bool
}

// serviceStates are the ways in which the service answers.
var serviceStates = []string{"full", "empty", "refused", "no right", "loading", "unreachable"}

// freeTexts are the properties whose values people, products or engines give.
var freeTexts = []string{
	"address", "advice", "asin", "author", "body", "copyright", "creator", "credit", "description", "detail", "disabled_reason", "email", "error_message", "file", "filename", "found_by", "gtin", "guest", "keywords",
	"licensor", "location", "made_by", "measured", "message", "mood", "name", "negative_prompt", "note", "number", "problem", "queue", "reason", "response", "review_reason", "scene_prompt", "sku", "slot", "source",
	"text", "title", "unknown_fields", "unknown_words", "vat_id", "wanted",
}

// left are the properties that are null in most answers.
var left = []string{"next_cursor", "retried_by", "retry_of", "remake_of", "superseded_by", "error_code", "error_message", "expires_at", "ended_at", "revoked_at", "disabled_at", "disabled_reason"}

// lengths say how many elements the lists of a schema have, else two.
var lengths = map[string]int{"ItemBrief": 11, "FoundItem": 9, "Variant": 5, "JobSummary": 3, "Preset": 6, "UsageRow": 12}

func newLikeDocument(t *testing.T) *likeDocument {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "modules", "api", "testdata", "golden", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, sample.Draw(480), &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return &likeDocument{t: t, paths: doc.Paths, schemas: doc.Components.Schemas, picture: picture.Bytes(), state: serviceStates[0]}
}

// operation finds what answers a method and path; the path with the fewest parameters wins.
func (d *likeDocument) operation(method, path string) map[string]any {
	segments := strings.Split(path, "/")
	best, least := map[string]any(nil), 1<<30
	for name, methods := range d.paths {
		of := strings.Split(name, "/")
		if methods[strings.ToLower(method)] == nil || len(of) != len(segments) {
			continue
		}
		parameters := 0
		for i := range of {
			if strings.HasPrefix(of[i], "{") {
				parameters++
			} else if of[i] != segments[i] {
				parameters = 1 << 30
				break
			}
		}
		if parameters < least {
			best, least = methods[strings.ToLower(method)], parameters
		}
	}
	return best
}

func (d *likeDocument) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.moves != nil && d.moves(w, r) {
		return
	}
	op := d.operation(r.Method, r.URL.Path)
	switch {
	case r.URL.Path == "/picture.jpg" || strings.HasSuffix(r.URL.Path, "/thumbnail") || strings.HasSuffix(r.URL.Path, "/picture"):
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(d.picture)
		return
	case op == nil:
		if !strings.HasPrefix(r.URL.Path, "/favicon") {
			d.t.Errorf("the console calls %s %s, which the document doesn't name", r.Method, r.URL.Path)
		}
		http.NotFound(w, r)
		return
	case r.URL.Path == "/v1/session":
		fmt.Fprint(w, `{"mode":"api-key","signed_in":true,"sign_in":null,"tenant_id":"acme","name":"Ada","scopes":["admin"],"expires_at":"2100-01-01T00:00:00Z"}`)
		return
	}
	switch d.state {
	case "refused":
		d.problem(w, http.StatusInternalServerError, "internal", "Something went wrong here, and it is in our log")
		return
	case "no right":
		d.problem(w, http.StatusForbidden, "scope_missing", "These credentials do not allow this call")
		return
	case "loading":
		d.hold(r)
		return
	case "unreachable":
		panic(http.ErrAbortHandler) // the connection breaks without an answer
	}
	for status, answer := range op["responses"].(map[string]any) {
		content, _ := answer.(map[string]any)["content"].(map[string]any)
		if !strings.HasPrefix(status, "2") {
			continue
		}
		if content["text/event-stream"] != nil {
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			d.hold(r)
			return
		}
		media, _ := content["application/json"].(map[string]any)
		if media == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := json.NewEncoder(w).Encode(d.value(media["schema"].(map[string]any), "", 0, 0)); err != nil {
			d.t.Error(err)
		}
		return
	}
}

// hold waits until the caller or the test goes.
func (d *likeDocument) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-d.t.Context().Done():
	}
}

func (d *likeDocument) problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"/docs/errors/%s","title":"x","status":%d,"code":%q,"detail":%q,"correlation_id":"0198f7a0-0000-7000-8000-00000000000c"}`, code, status, code, detail)
}

// value makes a value of a schema for a property. i is the place of the nearest element of a list.
func (d *likeDocument) value(schema map[string]any, name string, i, depth int) any {
	of := ""
	if ref, ok := schema["$ref"].(string); ok {
		of = filepath.Base(ref)
		schema = d.schemas[of]
	}
	for _, choice := range []string{"oneOf", "anyOf", "allOf"} {
		if some, ok := schema[choice].([]any); ok && schema["type"] == nil {
			return d.value(some[0].(map[string]any), name, i, depth)
		}
	}
	kind, _ := schema["type"].(string)
	if kinds, ok := schema["type"].([]any); ok {
		if slices.Contains(left, name) {
			return nil
		}
		kind = kinds[0].(string)
	}
	example := schema["example"]
	if some, ok := schema["examples"].([]any); ok && len(some) > 0 {
		example = some[0]
	}
	switch kind {
	case "object":
		all := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		if depth < 8 {
			for _, p := range slices.Sorted(maps.Keys(properties)) {
				all[p] = d.value(properties[p].(map[string]any), p, i, depth+1)
			}
		}
		if vary := variety[of]; vary != nil {
			vary(all, i)
		}
		return all
	case "array":
		element, _ := schema["items"].(map[string]any)
		n := 2
		if ref, ok := element["$ref"].(string); ok && lengths[filepath.Base(ref)] > 0 {
			n = lengths[filepath.Base(ref)]
		}
		if some, ok := example.([]any); ok && !slices.Contains(freeTexts, name) {
			return some
		}
		if name == "scenes" {
			return []string{"studio", "kitchen", "outdoor", "luxury"}
		}
		list := []any{}
		if d.state == "empty" || depth > 8 {
			return list
		}
		for k := range n {
			list = append(list, d.value(element, name, k, depth+1))
		}
		return list
	case "integer", "number":
		if example == nil || d.state == "empty" {
			return 0
		}
		return example
	case "boolean":
		return example == true
	case "string":
		return d.text(schema, name, example, i)
	}
	return example
}

func (d *likeDocument) text(schema map[string]any, name string, example any, i int) any {
	if some, ok := schema["enum"].([]any); ok && (example == nil || !slices.Contains(some, example)) {
		return some[0]
	}
	said, _ := example.(string)
	switch {
	case schema["format"] == "date-time":
		return "2026-11-27T09:30:00Z"
	case schema["format"] == "date" || schema["enum"] != nil:
		return said
	case name == "url" || strings.HasSuffix(name, "_url") && name != "checkout_url":
		return "/picture.jpg"
	case strings.HasSuffix(name, "_blob_path"):
		return "acme/j/i/picture.jpg"
	case strings.HasSuffix(name, "_id") && len(said) == 36: // elements differ
		return fmt.Sprintf("%s%02d", said[:34], (i+10)%100)
	case slices.Contains(freeTexts, name):
		if d.spoiled {
			return markup + said
		}
		if said == "" {
			return "A word about it"
		}
	}
	return said
}

// variety makes the elements of a list differ as those of a real one do.
var variety = map[string]func(all map[string]any, i int){
	"ItemBrief": func(b map[string]any, i int) {
		states := []map[string]any{
			{"review": "approved"}, {"review": "pending", "review_reason": "The product touches the picture's edge", "confidence": .41}, {"status": "created", "error_code": "image_corrupt", "error_message": "The photo is damaged", "picture": nil},
			{"status": "failed", "error_code": "cutout_failed", "error_message": "The cut-out failed", "picture": nil}, {"status": "processing", "picture": nil}, {"review": "rejected"}, {"status": "cancelled", "picture": nil},
			{"status": "created", "picture": nil}, {"rejected": []string{"amazon_main"}}, {"status": "queued", "picture": nil}, {"status": "queued", "picture": nil, "waiting": b["waiting"]},
		}
		b["status"], b["review"], b["review_reason"], b["rejected"], b["picture"], b["confidence"] = "completed", nil, nil, []string{}, "3f9a2c1d", .93
		message := b["error_message"]
		b["waiting"] = nil
		maps.Copy(b, states[i%len(states)])
		if spoiled, ok := message.(string); ok && b["error_code"] != nil {
			b["error_message"] = spoiled
		}
		b["item_id"] = fmt.Sprintf("0198f7a0-0000-7000-8000-0000000000%02d", i+10)
	},
	"FoundItem": func(b map[string]any, i int) {
		b["status"], b["needs_review"], b["job_id"] = "completed", i%3 == 1, "0198f7a0-0000-7000-8000-000000000001"
	},
	"Item": func(b map[string]any, _ int) {
		b["item_id"], b["status"], b["confidence"] = anItem, "completed", .41
		b["review"] = map[string]any{"state": "pending", "note": b["review_reason"], "decided_at": nil}
	},
	"Variant": func(v map[string]any, i int) {
		v["preset"] = []string{"amazon_main", "shopify", "instagram_story", "web", "etsy"}[i%5]
		v["status"] = []string{"completed", "rejected", "completed", "failed", "processing"}[i%5]
	},
	"Preset": func(p map[string]any, i int) {
		p["name"] = []string{"amazon_main", "shopify", "instagram_story", "web", "etsy", "cutout_png"}[i%6]
		p["channel"], p["default"], p["width"], p["height"], p["fill"] = []string{"Amazon", "Shopify", "Instagram", "Web", "Etsy", "Cut-out"}[i%6], i < 4, 2000, 2000, .85
	},
	"JobSummary": func(j map[string]any, i int) {
		j["status"] = []string{"processing", "completed", "partial"}[i%3]
		if i%3 == 0 {
			j["finished_at"], j["export_blob_path"] = nil, nil
		}
		j["job_id"] = fmt.Sprintf("0198f7a0-0000-7000-8000-0000000000%02d", i+1)
		j["pictures"] = 11
		j["counts"] = map[string]any{"total": 11, "open": 2 * (i % 3 / 2), "completed": 7, "failed": 1, "cancelled": 1, "open_exports": 0, "done_exports": 30, "failed_exports": 1}
	},
	"Collection": func(c map[string]any, _ int) { c["collection_id"] = "c1" },
	"Job":        func(j map[string]any, _ int) { j["job_id"], j["status"] = aJob, "completed" },
	"BrandProfile": func(b map[string]any, i int) {
		b["brand_profile_id"], b["palette"] = []string{"default", "acme"}[i%2], []string{"#e8d8c3", "#0f3d3e"}
	},
	"UsageRow": func(r map[string]any, i int) {
		r["key"], r["credits"], r["items"] = fmt.Sprintf("2026-11-%02d", 16+i), 1200*(i%5), 10*(i%5)
	},
}

// current lets a running stand-in answer in another way.
type current struct{ now atomic.Pointer[likeDocument] }

func (c *current) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.now.Load().ServeHTTP(w, r) }

func (c *current) become(d likeDocument, change func(*likeDocument)) {
	change(&d)
	c.now.Store(&d)
}
