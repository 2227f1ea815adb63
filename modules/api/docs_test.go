package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/opal-photo/opal/modules/tenant"
)

func TestAProblemsTypeOpensAPage(t *testing.T) {
	h := newHouse(t)
	for _, r := range []struct{ name, method, path, body string }{
		{"nothing there", "GET", "/v1/jobs/none", ""},
		{"no route", "GET", "/nope", ""},
		{"another method", "PUT", "/v1/jobs", ""},
		{"not valid", "POST", "/v1/jobs", `{"items":[]}`},
		{"not JSON", "POST", "/v1/jobs", `{`},
	} {
		t.Run(r.name, func(t *testing.T) {
			p := h.do(t, r.method, r.path, r.body).json(t)
			kind, _ := p["type"].(string)
			code, _ := p["code"].(string)
			a := h.do(t, http.MethodGet, kind, "")
			if a.status != http.StatusOK || a.header.Get("Content-Type") != htmlType || !strings.Contains(a.body, code) || strings.Contains(a.body, "<script") {
				t.Errorf("%s: %d %.200s", kind, a.status, a.body)
			}
		})
	}
	var doc node
	if err := json.Unmarshal(h.text(t), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path := range doc.at("paths") {
		for verb := range doc.at("paths", path) {
			for status := range doc.at("paths", path, verb, "responses") {
				for code := range doc.at("paths", path, verb, "responses", status, "content", problemType, "examples") {
					if !seen[code] && h.do(t, http.MethodGet, errorPages+code, "").status != http.StatusOK {
						t.Errorf("%s has no page", code)
					}
					seen[code] = true
				}
			}
		}
	}
	wantProblem(t, "an unknown code", h.do(t, http.MethodGet, errorPages+"nope", ""), http.StatusNotFound, "route_not_found")
}

func TestTheReferenceAsText(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Address = "https://opal.example" })
	a := h.do(t, http.MethodGet, "/docs.md", "")
	for _, want := range []string{"# OPAL API", "### POST /v1/jobs", "- `items` (array of object", "`scene_type_unknown`", "- `wait` (query, integer)"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("/docs.md does not hold %q", want)
		}
	}
	for _, rt := range h.routes {
		if rt.ID != "" && !strings.Contains(a.body, "### "+rt.Method+" "+rt.Path+"\n") {
			t.Errorf("/docs.md does not hold %s %s", rt.Method, rt.Path)
		}
	}
	a = h.do(t, http.MethodGet, "/llms.txt", "")
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, "# OPAL\n\n> ") || !strings.Contains(a.body, "(https://opal.example/docs.md)") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestEveryPostTakesAnIdempotencyKey repeats calls under one key. Keys belong to tenants' clients; a guest's page
// sends what a person did once.
func TestEveryPostTakesAnIdempotencyKey(t *testing.T) {
	h := newHouse(t)
	for _, rt := range h.routes {
		if rt.Method == http.MethodPost && !rt.Public && !rt.Guest && !slices.ContainsFunc(h.operation(rt.Route).Parameters, func(p *huma.Param) bool { return p.Name == idempotencyHeader }) {
			t.Errorf("%s takes none", rt.ID)
		}
	}
	id, item := h.make(t, "default")
	ids := `{"job_id":"` + id + `","item_id":"` + item + `"}`
	for _, r := range []struct{ name, path, body, other string }{
		{"sas", "/v1/uploads/sas", ids, `{"job_id":"` + id + `","item_id":"` + item + `","filename":"other.jpg"}`},
		{"complete", "/v1/uploads/complete", ids, `{"items":[{"item_id":"` + item + `"}]}`},
		{"enqueue", "/v1/jobs/" + id + "/enqueue", "", `{"tenant_id":"default"}`},
		{"cancel", "/v1/jobs/" + id + "/cancel", "", `{"tenant_id":"default"}`},
		{"approve", "/v1/jobs/" + id + "/items/" + item + "/approve", `{"note":"a"}`, `{"note":"b"}`},
	} {
		t.Run(r.name, func(t *testing.T) {
			first := h.do(t, http.MethodPost, r.path, r.body, idempotencyHeader, "key-"+r.name)
			again := h.do(t, http.MethodPost, r.path, r.body, idempotencyHeader, "key-"+r.name)
			if first.status != http.StatusOK || again.body != first.body || again.header.Get(replayedHeader) != "true" {
				t.Errorf("%d %s, then %d %s", first.status, first.body, again.status, again.body)
			}
			wantProblem(t, "another request", h.do(t, http.MethodPost, r.path, r.other, idempotencyHeader, "key-"+r.name), http.StatusUnprocessableEntity, tenant.ErrKeyReused.Code)
		})
	}
	t.Run("direct", func(t *testing.T) {
		put := func(photo string) answer {
			b, kind := form(t, map[string]string{"job_id": id, "item_id": item}, "a.jpg", []byte(photo))
			return h.do(t, http.MethodPost, "/v1/uploads/direct", b.String(), "Content-Type", kind, idempotencyHeader, "key-direct")
		}
		before := len(h.jobs.bodies)
		if a, b := put("one"), put("one"); a.status != http.StatusOK || a.body != b.body || len(h.jobs.bodies) != before+1 {
			t.Errorf("%d %s, %d %s, taken %d times", a.status, a.body, b.status, b.body, len(h.jobs.bodies)-before)
		}
		wantProblem(t, "another photo", put("two"), http.StatusUnprocessableEntity, tenant.ErrKeyReused.Code)
	})
}

func TestADeprecatedCallSaysSo(t *testing.T) {
	d := &Deprecation{Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Sunset: time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC), Instead: "call POST /v1/jobs"}
	h := http.Header{}
	d.tell(h)
	if h.Get("Deprecation") != "@1793491200" || h.Get("Sunset") != "Mon, 01 Nov 2027 00:00:00 GMT" || !strings.Contains(h.Get("Link"), `rel="deprecation"`) {
		t.Errorf("%v", h)
	}
	h = http.Header{}
	if (*Deprecation)(nil).tell(h); len(h) > 0 {
		t.Errorf("a call that stays says %v", h)
	}
}
