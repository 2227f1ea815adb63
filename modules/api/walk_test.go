package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/tenant"
)

// walk says, for each route, how to call it and what each caller gets. The
// right caller is an admin key of the tenant that owns what is named.
type walk struct {
	method, path string // with {job}, {item}, {key} for ids of the owner
	body         string
	form         bool
	readOnly     int // of a key with scope read
	writeOnly    int // of a key with scope write
	other        int // of another tenant's admin key
	right        int
}

const (
	createBody = `{"items":[{"filename":"a.jpg"}]}`
	uploadIDs  = `{"job_id":"{job}","item_id":"{item}","filename":"a.jpg"}`
	brandJSON  = `{"brand_profile_id":"acme","name":"Acme"}`
)

var walks = []walk{
	{method: "POST", path: "/v1/jobs", body: createBody, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/jobs", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/items", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/jobs/{job}", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/enqueue", readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "PATCH", path: "/v1/jobs/{job}", body: `{"name":"Spring"}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/cancel", readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/jobs/{job}/items", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/jobs/{job}/items/{item}", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/cancel", readOnly: 403, writeOnly: 409, other: 404, right: 409}, // it has completed,
	{method: "GET", path: "/v1/jobs/{job}/items/{item}/thumbnail", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/retry", readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/approve", readOnly: 403, writeOnly: 403, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/reject", body: `{"note":"no"}`, readOnly: 403, writeOnly: 403, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/exports", body: `{"presets":["shopify"]}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "DELETE", path: "/v1/jobs/{job}", readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/retention", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/deletions", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/deletions/{deletion}", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/jobs/{job}/items/{item}/comments", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/comments", body: `{"text":"too dark"}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/shares", body: `{"job_id":"{job}"}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/shares", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "DELETE", path: "/v1/shares/none", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/shares/log", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/shares/none/log", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/sessions", readOnly: 403, writeOnly: 403, other: 200, right: 200},
	{method: "DELETE", path: "/v1/sessions/none", readOnly: 403, writeOnly: 403, other: 404, right: 404},
	// for the operators, who are tenant t1 here
	{method: "GET", path: "/v1/queues", readOnly: 403, writeOnly: 403, other: 403, right: 200},
	{method: "GET", path: "/v1/dead-letters", readOnly: 403, writeOnly: 403, other: 403, right: 200},
	{method: "POST", path: "/v1/dead-letters/redrive", body: `{"queue":"jobs"}`, readOnly: 403, writeOnly: 403, other: 403, right: 200},
	{method: "POST", path: "/v1/dead-letters/purge", body: `{"queue":"jobs"}`, readOnly: 403, writeOnly: 403, other: 403, right: 200},
	{method: "GET", path: "/v1/jobs/{job}/events", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/uploads/sas", body: uploadIDs, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/uploads/complete", body: uploadIDs, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/uploads/direct", form: true, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/{item}", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/{item}/original", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/{item}/cutout", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/{item}/etsy", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/jobs/{job}/export", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/downloads/jobs/{job}/files", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/presets", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/scenes", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/brand-profiles", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/jobs/{job}/items/{item}/cutout", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/cutout", body: `{"keep":[{"points":[[10,10]]}]}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/brand-profiles", body: brandJSON, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/brand-profiles/{brand}", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/brand-profiles/{brand}/consistency", readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "PUT", path: "/v1/brand-profiles/{brand}", body: brandJSON, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "DELETE", path: "/v1/brand-profiles/{brand}", readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "GET", path: "/v1/api-keys", readOnly: 403, writeOnly: 403, other: 200, right: 200},
	{method: "GET", path: "/v1/api-keys/self", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/api-keys", body: `{"name":"ci"}`, readOnly: 403, writeOnly: 403, other: 200, right: 200},
	{method: "DELETE", path: "/v1/api-keys/{key}", readOnly: 403, writeOnly: 403, other: 404, right: 200},
	{method: "GET", path: "/v1/events", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/checks", form: true, readOnly: 403, writeOnly: 202, other: 202, right: 202},
	{method: "GET", path: "/v1/checks/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/collections", body: `{"name":"Spring"}`, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/collections", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/collections/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/collections/none/items", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/collections/none/jobs", body: `{"job_ids":["none"]}`, readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/collections/none/close", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/collections/none/export", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "DELETE", path: "/v1/collections/none", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/downloads/collections/none/export", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/imports", body: `{"filename":"a.csv"}`, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/imports/preview", form: true, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/imports", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/imports/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/imports/none/start", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/imports/none/resume", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/imports/none/cancel", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/imports/none/uploads", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/imports/none/errors", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/imports/none/errors.csv", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/remake", body: `{}`, readOnly: 403, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/jobs/{job}/items/{item}/preview", body: `{}`, readOnly: 200, writeOnly: 200, other: 404, right: 200},
	{method: "POST", path: "/v1/previews", form: true, readOnly: 403, writeOnly: 422, other: 422, right: 422},
	{method: "PUT", path: "/v1/brand-profiles/none/draft", body: `{"name":"A"}`, readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "DELETE", path: "/v1/brand-profiles/none/draft", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/brand-profiles/none/versions", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/brand-profiles/none/versions/1/restore", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/brand-profiles/none/publish", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "PUT", path: "/v1/brand-profiles/none/logo", form: true, readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/brand-profiles/none/logo", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "DELETE", path: "/v1/brand-profiles/none/logo", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/plates", form: true, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/plates", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/plates/uploads", body: `{"filename":"a.jpg"}`, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/plates/none/complete", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/plates/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "PATCH", path: "/v1/plates/none", body: `{}`, readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "DELETE", path: "/v1/plates/none", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/webhooks", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "POST", path: "/v1/webhooks", body: `{"url":"https://shop.example"}`, readOnly: 403, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/webhooks/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "PUT", path: "/v1/webhooks/none", body: `{"url":"https://shop.example"}`, readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "DELETE", path: "/v1/webhooks/none", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/pause", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/enable", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/rotate", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/test", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/replay", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/webhooks/none/deliveries", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/webhooks/none/deliveries/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "POST", path: "/v1/webhooks/none/deliveries/none/replay", readOnly: 403, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/billing/balance", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/transactions", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/usage", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/prices", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/packages", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/payments", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/payments/none", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/billing/payments/none/invoice", readOnly: 404, writeOnly: 404, other: 404, right: 404},
	{method: "GET", path: "/v1/billing/customer", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "PUT", path: "/v1/billing/customer", body: `{"name":"Acme","country":"NL"}`, readOnly: 403, writeOnly: 403, other: 200, right: 200},
	{method: "GET", path: "/v1/billing/limits", readOnly: 200, writeOnly: 200, other: 200, right: 200},
	{method: "PUT", path: "/v1/billing/limits", body: `{"budget_cap":100}`, readOnly: 403, writeOnly: 403, other: 200, right: 200},
	// callers with the right get 503: nothing can be bought here
	{method: "POST", path: "/v1/billing/purchase", body: `{"package":"starter"}`, readOnly: 403, writeOnly: 403, other: 503, right: 503},
	{method: "POST", path: "/v1/billing/payments/none/refund", body: `{}`, readOnly: 403, writeOnly: 403, other: 503, right: 503},
}

// public lists the routes that need no credentials.
var public = []string{"GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs", "GET /docs/reader.js", "GET /docs/reader.css", "GET /docs/settings", "GET /docs/errors", "GET /docs/errors/{code}", "GET /docs.md", "GET /llms.txt",
	"POST /v1/mollie/webhook", "GET /v1/session", "POST /v1/session", "DELETE /v1/session"}

func TestEveryRouteAsksWhoCalls(t *testing.T) {
	listed := newHouse(t, withKeys)
	for _, r := range listed.routes {
		name := r.Method + " " + r.Path
		if r.Public != slices.Contains(public, name) {
			t.Errorf("%s: public is %v", name, r.Public)
		}
		if !r.Public && !r.Guest && !slices.ContainsFunc(walks, func(w walk) bool { return w.method == r.Method && matches(r.Path, w.path) }) {
			t.Errorf("%s is not in the table of this test: add what each caller gets", name)
		}
	}
	for _, r := range listed.echo.Routes() {
		if !slices.ContainsFunc(listed.routes, func(known *route) bool { return known.Method == r.Method && known.echoPath == r.Path }) {
			t.Errorf("%s %s was registered beside Add: nothing guards it", r.Method, r.Path)
		}
	}
	for _, name := range public {
		method, path, _ := strings.Cut(name, " ")
		if method != http.MethodGet {
			continue // tried on its own
		}
		t.Run(name, func(t *testing.T) {
			if a := listed.do(t, method, strings.ReplaceAll(path, "{code}", "internal"), ""); a.status != 200 {
				t.Errorf("without a key: %d %s", a.status, a.body)
			}
		})
	}
	admin, _ := listed.key(t, "t1", tenant.Admin)
	for _, r := range listed.routes {
		if r.Guest { // a share link's text opens it, and no key
			t.Run(r.Method+" "+r.Path, func(t *testing.T) {
				if a := listed.do(t, r.Method, strings.ReplaceAll(r.Path, "{item_id}", "none"), "{}", keyHeader, admin); a.status != http.StatusUnauthorized {
					t.Errorf("with a key: %d %s", a.status, a.body)
				}
			})
		}
	}
	all := callers(t, listed)
	for _, w := range walks {
		t.Run(w.method+" "+w.path, func(t *testing.T) {
			for _, c := range all {
				w.run(t, listed, c, admin)
			}
		})
	}
}

// matches reports whether a path of the table matches a route's pattern.
func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		braced := strings.HasPrefix(a[i], "{")
		if braced != strings.HasPrefix(b[i], "{") && !(braced && (b[i] == "etsy" || b[i] == "none" || b[i] == "1")) || !braced && a[i] != b[i] {
			return false
		}
	}
	return true
}

// caller is one of the walk's callers, with its key.
type caller struct {
	name, key string
	want      func(w walk) int
}

func callers(t *testing.T, h *house) []caller {
	t.Helper()
	key := func(id string, s tenant.Scope) string { text, _ := h.key(t, id, s); return text }
	revoked, k := h.key(t, "t1", tenant.Admin)
	if err := h.tenants.RevokeKey(t.Context(), "t1", k.ID); err != nil {
		t.Fatal(err)
	}
	nobody := func(walk) int { return http.StatusUnauthorized }
	return []caller{
		{"no key", "", nobody}, {"bad key", "opal_000000000000_" + strings.Repeat("A", 43), nobody}, {"revoked key", revoked, nobody},
		{"another tenant", key("t2", tenant.Admin), func(w walk) int { return w.other }},
		{"read-only key", key("t1", tenant.Read), func(w walk) int { return w.readOnly }},
		{"write key", key("t1", tenant.Write), func(w walk) int { return w.writeOnly }},
		{"right key", key("t1", tenant.Admin), func(w walk) int { return w.right }},
	}
}

// run calls the route as c, for things of tenant t1 made by the admin key.
func (w walk) run(t *testing.T, h *house, c caller, admin string) {
	t.Helper()
	want := c.want(w)
	jobID, itemID := h.make(t, "t1", keyHeader, admin)
	h.jobs.finish(jobID)
	brandID := "b" + jobID
	if strings.Contains(w.path, "{brand}") { // a tenant can't have a profile for each of these calls
		if a := h.do(t, "POST", "/v1/brand-profiles", fmt.Sprintf(`{"name":"B","brand_profile_id":%q}`, brandID), keyHeader, admin); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	doomed, _ := h.make(t, "t1", keyHeader, admin)
	if a := h.do(t, "DELETE", "/v1/jobs/"+doomed, "", keyHeader, admin); a.status != 200 {
		t.Fatal(a.body)
	}
	keyID := ""
	if strings.Contains(w.path, "{key}") { // a tenant can't have a key for each of these calls
		_, k := h.key(t, "t1")
		keyID = k.ID
	}
	send := func(ids *strings.Replacer) answer {
		headers := []string{CorrelationHeader, "c"}
		if c.key != "" {
			headers = append(headers, keyHeader, c.key)
		}
		body := ids.Replace(strings.ReplaceAll(w.body, `"acme"`, `"acme-`+strings.ReplaceAll(c.name, " ", "-")+`"`))
		if w.form {
			b, ct := form(t, map[string]string{"job_id": ids.Replace("{job}"), "item_id": ids.Replace("{item}")}, "a.jpg", []byte("photo"))
			body, headers = b.String(), append(headers, "Content-Type", ct)
		}
		return h.do(t, w.method, ids.Replace(w.path), body, headers...)
	}
	a := send(strings.NewReplacer("{job}", jobID, "{item}", itemID, "{key}", keyID, "{brand}", brandID, "{deletion}", "d"+doomed))
	if a.status != want {
		t.Errorf("%s: %d, want %d: %s", c.name, a.status, want, a.body)
	}
	if a.status >= 400 && a.header.Get("Content-Type") != problemType {
		t.Errorf("%s: %s", c.name, a.header.Get("Content-Type"))
	}
	if want == http.StatusNotFound {
		none := strings.NewReplacer("{job}", "0198f7a0-0000-7000-8000-000000000000", "{item}", "0198f7a0-0000-7000-8000-000000000001", "{key}", "none", "{brand}", "none", "{deletion}", "none")
		if missing := send(none); missing.status != want || missing.body != a.body {
			t.Errorf("%s: a foreign id answers %q, a missing one %q", c.name, a.body, missing.body)
		}
	}
}
