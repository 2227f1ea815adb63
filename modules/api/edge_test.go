package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

func TestIdempotencyKey(t *testing.T) {
	h := newHouse(t)
	body := `{"items":[{"filename":"a.jpg"}]}`
	first := h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k1")
	again := h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k1")
	if first.status != 200 || again.status != 200 || first.body != again.body || again.header.Get("Content-Type") != jsonType ||
		first.header.Get(replayedHeader) != "" || again.header.Get(replayedHeader) != "true" || len(h.jobs.jobs) != 1 {
		t.Errorf("first %+v, again %+v, %d jobs", first, again, len(h.jobs.jobs))
	}
	wantProblem(t, "another body", h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"b.jpg"}]}`, idempotencyHeader, "k1"), 422, "idempotency_key_reused")
	wantProblem(t, "another call", h.do(t, "POST", "/v1/brand-profiles", body, idempotencyHeader, "k1"), 422, "idempotency_key_reused")
	if a := h.do(t, "POST", "/v1/jobs?tenant_id=t2", body, idempotencyHeader, "k1"); a.status != 200 || a.body == first.body {
		t.Errorf("another tenant's key: %d %s", a.status, a.body)
	}
	for _, bad := range []string{"a b", "ä", strings.Repeat("k", 256)} {
		wantProblem(t, "key "+bad, h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, bad), 422, "idempotency_key_invalid")
	}
	wantProblem(t, "wrong", h.do(t, "POST", "/v1/jobs", `{}`, idempotencyHeader, "k2"), 422, "validation_failed")
	if a := h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k2"); a.status != 200 {
		t.Errorf("a call that made nothing leaves its key free: %d %s", a.status, a.body)
	}
	h.jobs.panics = true
	wantProblem(t, "panic", h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k3"), 500, "internal")
	h.jobs.panics = false
	if a := h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k3"); a.status != 200 {
		t.Errorf("after a panic: %d %s", a.status, a.body)
	}
	if token, _, err := h.tenants.Begin(t.Context(), "default", "k4", requestDigest(httptest.NewRequest("POST", "/v1/jobs", nil), []byte(body))); err != nil || token.Token == "" {
		t.Fatal(err)
	}
	a := h.do(t, "POST", "/v1/jobs", body, idempotencyHeader, "k4")
	wantProblem(t, "in flight", a, 409, "idempotency_in_flight")
	if a.header.Get("Retry-After") == "" {
		t.Error("a 409 in flight says when to ask again")
	}
	key := h.do(t, "POST", "/v1/api-keys", `{"name":"x"}`, idempotencyHeader, "k5")
	if key.status != 404 { // the default tenant has no row in this test's database
		t.Errorf("key: %d %s", key.status, key.body)
	}
}

func TestAPIKeyIsShownOnceAndAgainOnlyToItsMaker(t *testing.T) {
	h := newHouse(t, withKeys)
	admin, _ := h.key(t, "t1", tenant.Admin)
	a := h.do(t, "POST", "/v1/api-keys", `{"name":"ci","scopes":["read"]}`, keyHeader, admin, idempotencyHeader, "k")
	made := a.json(t)["api_key"].(string)
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || h.do(t, "GET", "/v1/jobs", "", keyHeader, made).status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if again := h.do(t, "POST", "/v1/api-keys", `{"name":"ci","scopes":["read"]}`, keyHeader, admin, idempotencyHeader, "k"); again.body != a.body {
		t.Errorf("again: %s", again.body)
	}
	if list := h.do(t, "GET", "/v1/api-keys", "", keyHeader, admin); strings.Contains(list.body, made) || !strings.Contains(list.body, `"name":"ci"`) {
		t.Errorf("list: %s", list.body)
	}
	wantProblem(t, "unknown scope", h.do(t, "POST", "/v1/api-keys", `{"scopes":["root"]}`, keyHeader, admin), 422, "scope_unknown")
	wantProblem(t, "expired", h.do(t, "POST", "/v1/api-keys", `{"expires_at":"2001-01-01T00:00:00Z"}`, keyHeader, admin), 422, "expiry_past")
	if strings.Contains(h.log.String(), made) || strings.Contains(h.log.String(), admin) {
		t.Error("the log tells a key")
	}
}

func TestRateLimit(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.RateLimit = RateLimit{PerSecond: 0.5, Burst: 3} })
	for i := range 3 {
		a := h.do(t, "GET", "/v1/jobs?tenant_id=t1", "")
		if a.status != 200 || a.header.Get("RateLimit-Limit") != "3" || a.header.Get("RateLimit-Remaining") != fmt.Sprint(2-i) ||
			a.header.Get("RateLimit-Policy") != `"tenant";q=3;w=6` || !strings.HasPrefix(a.header.Get("RateLimit"), fmt.Sprintf(`"tenant";r=%d;t=`, 2-i)) {
			t.Errorf("call %d: %d %v", i, a.status, a.header)
		}
	}
	a := h.do(t, "GET", "/v1/jobs?tenant_id=t1", "")
	wantProblem(t, "fourth", a, 429, "rate_limited")
	if a.header.Get("Retry-After") != "2" || a.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("Retry-After %q, remaining %q", a.header.Get("Retry-After"), a.header.Get("RateLimit-Remaining"))
	}
	if a := h.do(t, "GET", "/v1/jobs?tenant_id=t2", ""); a.status != 200 {
		t.Errorf("another tenant: %d", a.status)
	}
	if a := h.do(t, "GET", "/healthz", ""); a.status != 200 || a.header.Get("RateLimit") != "" {
		t.Errorf("health: %d %v", a.status, a.header)
	}
	l := newLimiter(RateLimit{PerSecond: 1})
	for i := range maxBuckets + 10 {
		_ = l.take(fmt.Sprint(i), http.Header{})
	}
	if len(l.buckets) != maxBuckets || l.recent.Len() != maxBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
	if err := newLimiter(RateLimit{}).take("t", http.Header{}); err != nil {
		t.Errorf("no limit: %v", err)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.HSTS = true })
	fixed := map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", CorrelationHeader: "my-id"}
	for _, target := range []string{"/v1/jobs", "/nope", "/healthz", "/docs", "/openapi.json", "/v1/jobs/x"} {
		t.Run(target, func(t *testing.T) {
			a := h.do(t, "GET", target, "", CorrelationHeader, "my-id")
			got := map[string]string{}
			for name := range fixed {
				got[name] = a.header.Get(name)
			}
			if diff := cmp.Diff(fixed, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			policy := a.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") ||
				a.header.Get("Strict-Transport-Security") == "" {
				t.Errorf("policy %q", policy)
			}
		})
	}
	for _, bad := range []string{"", "a b", "ä", strings.Repeat("x", 129)} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if id := h.do(t, "GET", "/healthz", "", CorrelationHeader, bad).header.Get(CorrelationHeader); len(id) != 36 {
				t.Errorf("became %q", id)
			}
		})
	}
}

func TestTheManualListsTheSettings(t *testing.T) {
	a := newHouse(t).do(t, "GET", "/docs/settings", "")
	for _, want := range []string{`<tr id="WORKER_LEASE">`, "<code>45s</code>", "Allowed: at least 10s.", "The &lt;workers&gt;", `href="#WORKER_LEASE"`} {
		t.Run(want, func(t *testing.T) {
			if !strings.Contains(a.body, want) {
				t.Errorf("the page lacks %s:\n%s", want, a.body)
			}
		})
	}
	if got := a.header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
		t.Errorf("policy %q", got)
	}
}

func TestDocsLoadNothingFromElsewhere(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/docs", "/docs/reader.js", "/docs/reader.css", "/docs/settings"} {
		t.Run(path, func(t *testing.T) {
			a := h.do(t, "GET", path, "")
			if a.status != 200 || strings.Contains(a.body, "http://") || strings.Contains(a.body, "https://") ||
				strings.Contains(a.body, "style=") || strings.Contains(a.body, "onclick") {
				t.Errorf("%d", a.status)
			}
		})
	}
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	a := h.do(t, "GET", "/openapi.json", "")
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v %s", err, doc.OpenAPI)
	}
	if strings.Contains(a.body, "$schema") || strings.Contains(a.body, "ErrorModel") {
		t.Error("the document tells of the framework")
	}
	for _, r := range h.routes {
		if r.ID != "" && doc.Paths[r.Path][strings.ToLower(r.Method)] == nil {
			t.Errorf("%s %s is not documented", r.Method, r.Path)
		}
	}
	if strings.Count(a.body, `"tenant_id"`) < 15 {
		t.Error("the tenant_id parameter is not documented")
	}
}

func TestHostHeader(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Hosts = []string{"localhost", "127.0.0.1", "::1"} })
	for host, want := range map[string]int{
		"localhost:8080": 200, "LOCALHOST": 200, "127.0.0.1:1": 200, "[::1]:8080": 200, "evil.example": 421, "localhost.evil.example:80": 421, "": 421,
	} {
		t.Run(strconv.Quote(host), func(t *testing.T) {
			r := httptest.NewRequest("GET", "/healthz", nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%d", w.Code)
			}
		})
	}
}

func TestMounts(t *testing.T) {
	echoPath := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+r.URL.Path) })
	h := newHouse(t, func(o *Options) {
		o.Mounts = []Mount{{"/blobs/", echoPath}, {"/", echoPath}, {"/sample.jpg", echoPath}}
	})
	for target, want := range map[string]string{"/blobs/raw/a": "GET/blobs/raw/a", "//blobs//raw/a": "GET/blobs/raw/a", "/": "GET/", "/sample.jpg": "GET/sample.jpg"} {
		t.Run(target, func(t *testing.T) {
			if a := h.do(t, "GET", target, ""); a.body != want || a.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%q", a.body)
			}
		})
	}
	wantProblem(t, "below the root", h.do(t, "GET", "/blobsy", ""), 404, "route_not_found")
	if _, err := New(Options{Jobs: h.jobs, Uploads: h.jobs, Downloads: h.jobs, Deletions: h.jobs, Brands: h.Brands, Presets: h.Presets, Mounts: []Mount{{"x", echoPath}}}); err == nil {
		t.Error("a mount without a slash was taken")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("an API without jobs was built")
	}
}

func TestRoutesOfAKind(t *testing.T) {
	type callback struct {
		RawBody []byte `contentType:"application/x-www-form-urlencoded"`
	}
	type said struct{ Body struct{ Said string } }
	h := newHouse(t, withKeys)
	r := &Routes{h.server}
	Add(r, Route{Method: "POST", Path: "/v1/callback", ID: "callback", Public: true}, func(_ context.Context, in *callback) (*said, error) {
		out := &said{}
		out.Body.Said = string(in.RawBody)
		return out, nil
	})
	Add(r, Route{Method: "GET", Path: "/v1/mine", ID: "mine", Scope: tenant.Read}, func(ctx context.Context, _ *struct{}) (*said, error) {
		out := &said{}
		out.Body.Said = TenantID(ctx)
		return out, nil
	})
	if a := h.do(t, "POST", "/v1/callback", "id=tr_1", "Content-Type", "application/x-www-form-urlencoded"); a.status != 200 || !strings.Contains(a.body, `"id=tr_1"`) {
		t.Errorf("callback: %d %s", a.status, a.body)
	}
	wantProblem(t, "callback too large", h.do(t, "POST", "/v1/callback", strings.Repeat("x", 2<<20)), 413, "body_too_large")
	wantProblem(t, "without a key", h.do(t, "GET", "/v1/mine", ""), 401, "credentials_missing")
	key, _ := h.key(t, "t1")
	if a := h.do(t, "GET", "/v1/mine", "", keyHeader, key); a.status != 200 || !strings.Contains(a.body, `"t1"`) {
		t.Errorf("mine: %d %s", a.status, a.body)
	}
}

func TestHealth(t *testing.T) {
	down := fault.New(fault.Unavailable, "queue_unavailable", "s3cret host is down")
	var mu sync.Mutex
	asked := 0
	h := newHouse(t, func(o *Options) {
		o.Checks = append(o.Checks,
			Check{Name: "queue", Probe: func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				asked++
				return fmt.Errorf("dial: %w", down)
			}},
			Check{Name: "odd", Probe: func(context.Context) error { panic("odd") }})
	})
	for _, path := range []string{"/healthz", "/readyz"} {
		t.Run(path, func(t *testing.T) {
			a := h.do(t, "GET", path, "")
			deps := a.json(t)["dependencies"].(map[string]any)
			if a.status != 200 || a.json(t)["status"] != "degraded" || deps["database"].(map[string]any)["status"] != "ok" ||
				deps["queue"].(map[string]any)["code"] != "queue_unavailable" || deps["odd"].(map[string]any)["status"] != "down" || strings.Contains(a.body, "s3cret") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if asked != 1 {
		t.Errorf("asked %d times within a moment", asked)
	}
	broken := newHouse(t, func(o *Options) {
		o.Checks = []Check{{Name: "database", Critical: true, Probe: func(context.Context) error { return errors.New("down") }}}
	})
	if a := broken.do(t, "GET", "/healthz", ""); a.status != 200 || a.json(t)["status"] != "degraded" {
		t.Errorf("healthz: %d %s", a.status, a.body)
	}
	if a := broken.do(t, "GET", "/readyz", ""); a.status != 503 {
		t.Errorf("readyz: %d %s", a.status, a.body)
	}
	if a := newHouse(t).do(t, "GET", "/healthz", ""); a.json(t)["status"] != "ok" {
		t.Errorf("healthy: %s", a.body)
	}
}

func TestBrandProfiles(t *testing.T) {
	h := newHouse(t)
	h.server.UnknownWords = func(prompt string) []string { return strings.Fields(strings.ReplaceAll(prompt, "oak", "")) }
	a := h.do(t, "POST", "/v1/brand-profiles", `{"tenant_id":"t1","name":"Ácme & Söhne 2","palette":["#ff8800"],"product_fill":0.5,"light_direction":"left","scene_prompt":"oak frobnicated","mood":"lunar"}`)
	if got := fmt.Sprint(a.json(t)["unknown_words"]); got != "[frobnicated lunar]" {
		t.Errorf("no scene knows %s", got)
	}
	v := a.json(t)
	id, _ := v["brand_profile_id"].(string)
	if a.status != 200 || id != "acme-sohne-2" || v["created_at"] == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	wantProblem(t, "again", h.do(t, "POST", "/v1/brand-profiles", `{"tenant_id":"t1","name":"x","brand_profile_id":"`+id+`"}`), 409, "brand_profile_exists")
	wantProblem(t, "bad", h.do(t, "POST", "/v1/brand-profiles", `{"name":"x","product_fill":2}`), 422, "brand_profile_invalid")
	wantProblem(t, "no name", h.do(t, "POST", "/v1/brand-profiles", `{"name":"!"}`), 422, "brand_profile_invalid")
	if a := h.do(t, "PUT", "/v1/brand-profiles/"+id+"?tenant_id=t1", `{"name":"Acme","mood":"calm"}`); a.status != 200 || a.json(t)["mood"] != "calm" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.do(t, "GET", "/v1/brand-profiles/default?tenant_id=t1", ""); a.status != 200 || a.json(t)["created_at"] != nil {
		t.Errorf("default: %d %s", a.status, a.body)
	}
	wantProblem(t, "delete default", h.do(t, "DELETE", "/v1/brand-profiles/default", ""), 409, "brand_profile_default")
	if list := h.do(t, "GET", "/v1/brand-profiles?tenant_id=t1", "").json(t)["brand_profiles"].([]any); len(list) != 2 {
		t.Errorf("list: %v", list)
	}
	if a := h.do(t, "DELETE", "/v1/brand-profiles/"+id+"?tenant_id=t1", ""); a.status != 200 || strings.TrimSpace(a.body) != `{"ok":true}` {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// sseEvent is one event of a stream.
type sseEvent struct{ id, kind, data string }

// readEvents reads a stream to its end.
func readEvents(t *testing.T, r io.Reader) []sseEvent {
	t.Helper()
	var out []sseEvent
	var e sseEvent
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		name, value, _ := strings.Cut(sc.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "":
			if sc.Text() == "" && e.kind != "" {
				out = append(out, e)
				e = sseEvent{}
			}
		}
	}
	if err := sc.Err(); err != nil {
		t.Error(err)
	}
	return out
}

func TestEventStream(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	jobID, _ := h.make(t, "t1")
	stream := func(last string) []sseEvent {
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1/jobs/"+jobID+"/events?tenant_id=t1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Last-Event-ID", last)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		if last == "" {
			// Ends the job only after the stream has begun: later events must arrive.
			go h.jobs.finish(jobID)
		}
		return readEvents(t, resp.Body)
	}
	events := stream("")
	kinds := ""
	for _, e := range events {
		if e.kind != "progress" {
			kinds += e.kind + " "
		}
	}
	if kinds != "job.created job.finished end " || events[0].id == "" {
		t.Fatalf("events %+v", events)
	}
	if last := events[len(events)-2]; !strings.Contains(last.data, `"status":"completed"`) || last.kind != "progress" {
		t.Errorf("last progress %+v", last)
	}
	if again := stream(events[0].id); again[0].kind != "job.finished" {
		t.Errorf("after the first: %+v", again)
	}
	if all := stream("nonsense"); all[0].kind != "job.created" {
		t.Errorf("after nonsense: %+v", all)
	}
	for range 100 { // the server ends a stream just after its client has read the end
		if h.streams.openNow() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d streams left open", h.streams.openNow())
}

func TestEventStreamsEndWithTheServer(t *testing.T) {
	stop := make(chan struct{})
	h := newHouse(t, func(o *Options) { o.Stop = stop })
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	jobID, _ := h.make(t, "t1")
	resp, err := http.Get(srv.URL + "/v1/jobs/" + jobID + "/events?tenant_id=t1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	close(stop)
	if events := readEvents(t, resp.Body); len(events) == 0 || events[len(events)-1].kind == "end" {
		t.Errorf("%+v", events)
	}
}

// TestEventStreamsEndWithTheirKey revokes a key and disables a tenant while streams
// are open.
func TestEventStreamsEndWithTheirKey(t *testing.T) {
	h := newHouse(t, withKeys)
	h.streamCheck = 10 * time.Millisecond
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	open := func(tenantID string) (jobID string, k tenant.Key, body io.Reader) {
		t.Helper()
		text, k := h.key(t, tenantID)
		jobID, _ = h.make(t, tenantID, keyHeader, text)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v1/jobs/"+jobID+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(keyHeader, text)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return jobID, k, res.Body
	}
	_, k, revoked := open("t1")
	_, _, disabled := open("t2")
	ended, _, kept := open("t3")
	if err := h.tenants.RevokeKey(t.Context(), "t1", k.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.tenants.Disable(t.Context(), "t2"); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]io.Reader{"revoked": revoked, "disabled": disabled} {
		t.Run(name, func(t *testing.T) {
			if events := readEvents(t, body); len(events) == 0 || events[len(events)-1].kind == "end" {
				t.Errorf("%+v", events)
			}
		})
	}
	h.jobs.finish(ended)
	if events := readEvents(t, kept); events[len(events)-1].kind != "end" {
		t.Errorf("a stream whose key holds: %+v", events)
	}
}

// TestWaitsEndWithTheirKey revokes a key while calls wait: they are answered as any later one.
func TestWaitsEndWithTheirKey(t *testing.T) {
	h := newHouse(t, withKeys)
	h.streamCheck = 10 * time.Millisecond
	text, k := h.key(t, "t1")
	jobID, _ := h.make(t, "t1", keyHeader, text)
	made := h.do(t, http.MethodPost, "/v1/collections", `{"name":"Spring"}`, keyHeader, text, "Content-Type", jsonType)
	collectionID, _ := made.json(t)["collection_id"].(string)
	latest, _ := h.do(t, http.MethodGet, "/v1/events?latest=true", "", keyHeader, text).json(t)["next_cursor"].(string)
	paths := []string{"/v1/jobs/" + jobID + "?wait=30", "/v1/collections/" + collectionID + "?wait=30", "/v1/events?wait=30&after=" + latest}
	answers := make([]answer, len(paths))
	var all sync.WaitGroup
	for i, path := range paths {
		all.Go(func() { answers[i] = h.do(t, http.MethodGet, path, "", keyHeader, text) })
	}
	time.Sleep(50 * time.Millisecond) // a call that comes later is refused, too
	if err := h.tenants.RevokeKey(t.Context(), "t1", k.ID); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	for i, path := range paths {
		wantProblem(t, path, answers[i], http.StatusUnauthorized, "api_key_invalid")
	}
}

func TestEventStreamsAreBounded(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Streams = 1 })
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	jobID, _ := h.make(t, "t1")
	target := srv.URL + "/v1/jobs/" + jobID + "/events?tenant_id=t1"
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", target, nil)
	if err != nil {
		t.Fatal(err)
	}
	open, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	second, err := http.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	second.Body.Close()
	if second.StatusCode != 503 || second.Header.Get("Retry-After") == "" {
		t.Errorf("second stream: %d", second.StatusCode)
	}
	cancel()
	open.Body.Close()
	for range 100 { // the server notices within a tick
		if h.streams.openNow() == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the stream of a client that went stays open")
}

func TestOneTenantLeavesStreamsToOthers(t *testing.T) {
	s := newSlots(8)
	for i := range 4 {
		if got := s.take("t1"); got != (i < 2) {
			t.Errorf("stream %d of t1: %v", i, got)
		}
	}
	for _, id := range []string{"t2", "t2", "t3", "t3", "t4", "t4"} {
		if !s.take(id) {
			t.Errorf("no stream for %s", id)
		}
	}
	if s.take("t5") {
		t.Error("more streams than there are")
	}
	s.give("t1")
	if !s.take("t5") || s.take("t6") {
		t.Error("a slot given back is one slot")
	}
}

// raw sends bytes over a connection and returns what comes back.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(c) // the bytes before a reset are enough
	return string(b)
}

func TestOverASocket(t *testing.T) {
	h := newHouse(t)
	srv := &http.Server{Handler: h.handler, ReadHeaderTimeout: 10 * time.Second}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	addr := l.Addr().String()
	const tail = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	if got := raw(t, addr, "GET //v1//jobs"+tail+"\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("repeated slashes: %.200s", got)
	}
	if got := raw(t, addr, "POST /v1/jobs"+tail+"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); !strings.HasPrefix(got, "HTTP/1.1 400") || !strings.Contains(got, "body_malformed") {
		t.Errorf("a body cut short: %.300s", got)
	}
	if got := raw(t, addr, "POST /v1/jobs"+tail+"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"+strings.Repeat(" ", maxJSON+1)); !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("a body too large: %.300s", got)
	}
}

// Browsers are told in a page that nothing is at a path; other clients, and callers of the API, by a problem.
func TestNowhere(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.Nowhere = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("nowhere"))
		})
	})
	const reader = "text/html,application/xhtml+xml,*/*;q=0.8"
	if a := h.do(t, "GET", "/new", "", "Accept", reader); a.status != http.StatusNotFound || a.body != "nowhere" || a.header.Get("Content-Type") != "text/html" {
		t.Errorf("a browser: %d %s", a.status, a.body)
	}
	for _, tc := range []struct{ name, method, path, accept string }{
		{"any client", "GET", "/new", "*/*"},
		{"one that says nothing", "GET", "/new", ""},
		{"a path of the API", "GET", "/v1/nope", reader},
		{"a form", "POST", "/new", reader},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantProblem(t, tc.name, h.do(t, tc.method, tc.path, "", "Accept", tc.accept), http.StatusNotFound, "route_not_found")
		})
	}
}
