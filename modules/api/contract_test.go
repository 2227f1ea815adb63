package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/pipeline"
)

func TestCreateJob(t *testing.T) {
	h := newHouse(t)
	a := h.do(t, "POST", "/v1/jobs", `{"tenant_id":"t1","brand_profile_id":"default","items":[{"filename":"a.jpg","scene_prompt":"on oak","scene_count":2.0,"x":1},{"filename":"b.png","scene_types":["studio"]}],
		"presets":["etsy"],"processing_options":{"upscale":false,"other":3},"unknown":{"deep":[1]}}`, CorrelationHeader, "corr-1")
	if a.status != 200 || a.header.Get("Content-Type") != jsonType || a.header.Get(CorrelationHeader) != "corr-1" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	v := a.json(t)
	if v["correlation_id"] != "corr-1" || len(v["items"].([]any)) != 3 || len(v) != 4 || fmt.Sprint(v["unknown_fields"]) != "[items[0].x processing_options.other unknown]" {
		t.Errorf("%v", v)
	}
	for _, f := range []string{"item_id", "filename", "scene_index", "scene_type"} {
		t.Run(f, func(t *testing.T) {
			if _, ok := v["items"].([]any)[1].(map[string]any)[f]; !ok {
				t.Errorf("the item has no %s", f)
			}
		})
	}
	n := h.jobs.last
	if n.TenantID != "t1" || n.CorrelationID != "corr-1" || n.Items[0].ScenePrompt != "on oak" || n.Items[0].SceneCount != 2 || !slices.Equal(n.Presets, []string{"etsy"}) ||
		n.Options != (pipeline.Options{RemoveBackground: true, GenerateScene: true}) {
		t.Errorf("asked for %+v", n)
	}
	if strings.Contains(a.body, "$schema") || a.header.Get("Link") != "" {
		t.Errorf("framework fields: %s %v", a.body, a.header)
	}
	for name, body := range map[string]string{
		"fields left out": `{"items":[{"filename":"a.jpg"}]}`,
		"fields that are null": `{"tenant_id":null,"brand_profile_id":null,"presets":null,"processing_options":null,
			"items":[{"filename":"a.jpg","scene_prompt":null,"scene_types":null,"scene_count":null}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, "POST", "/v1/jobs", body)
			if a.status != 200 || h.jobs.last.TenantID != "default" || h.jobs.last.Options != pipeline.DefaultOptions || a.json(t)["correlation_id"] == "" {
				t.Errorf("%d %s %+v", a.status, a.body, h.jobs.last)
			}
		})
	}
}

func TestJobRequestsThatAreWrong(t *testing.T) {
	h := newHouse(t)
	items := func(n int) string {
		return `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"filename":"a.jpg"},`, n), ",") + `]}`
	}
	if a := h.do(t, "POST", "/v1/jobs", items(100)); a.status != 200 {
		t.Errorf("100 items: %d %s", a.status, a.body)
	}
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"no body", ``, 400, "body_malformed"},
		{"broken", `{"items":`, 400, "body_malformed"},
		{"two documents", `{} {}`, 400, "body_malformed"},
		{"no object", `[]`, 422, "validation_failed"},
		{"null", `null`, 422, "validation_failed"},
		{"no items", `{}`, 422, "validation_failed"},
		{"empty items", `{"items":[]}`, 422, "validation_failed"},
		{"null items", `{"items":null}`, 422, "validation_failed"},
		{"101 items", items(101), 422, "validation_failed"},
		{"no filename", `{"items":[{}]}`, 422, "validation_failed"},
		{"number for a name", `{"items":[{"filename":7}]}`, 422, "validation_failed"},
		{"bad name", `{"items":[{"filename":"../a.jpg"}]}`, 422, "filename_invalid"},
		{"11 scenes", `{"items":[{"filename":"a","scene_count":11}]}`, 422, "validation_failed"},
		{"no scenes", `{"items":[{"filename":"a","scene_count":0}]}`, 422, "validation_failed"},
		{"half a scene", `{"items":[{"filename":"a","scene_count":1.5}]}`, 422, "validation_failed"},
		{"long prompt", `{"items":[{"filename":"a","scene_prompt":"` + strings.Repeat("ä", 2001) + `"}]}`, 422, "validation_failed"},
		{"word for a flag", `{"items":[{"filename":"a"}],"processing_options":{"upscale":"no"}}`, 422, "validation_failed"},
		{"tenant with a path", `{"tenant_id":"../x","items":[{"filename":"a"}]}`, 422, "tenant_id_invalid"},
		{"tenant is a number", `{"tenant_id":7,"items":[{"filename":"a"}]}`, 422, "validation_failed"},
		{"deep", `{"items":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, 400, "body_malformed"},
		{"over a megabyte", `{"items":[{"filename":"a"}],"x":"` + strings.Repeat("x", maxJSON) + `"}`, 413, "body_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblem(t, c.name, h.do(t, "POST", "/v1/jobs", c.body), c.status, c.code)
		})
	}
	if a := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a","scene_prompt":"`+strings.Repeat("ä", 2000)+`"}]}`); a.status != 200 {
		t.Errorf("a prompt at the limit: %d %s", a.status, a.body)
	}
	wantProblem(t, "form", h.do(t, "POST", "/v1/jobs", "a=b", "Content-Type", "application/x-www-form-urlencoded"), 415, "content_type_unsupported")
	wantProblem(t, "compressed", h.do(t, "POST", "/v1/jobs", items(1), "Content-Encoding", "gzip"), 415, "content_type_unsupported")
	if a := h.do(t, "POST", "/v1/jobs", items(1), "Content-Encoding", "identity"); a.status != 200 {
		t.Errorf("as it is: %d %s", a.status, a.body)
	}
	wantProblem(t, "no content type, which any page can send", h.do(t, "POST", "/v1/jobs", items(1), "Content-Type", ""), 415, "content_type_unsupported")
	for _, ct := range []string{"application/json; charset=utf-8", "application/merge-patch+json"} {
		t.Run(ct, func(t *testing.T) {
			if a := h.do(t, "POST", "/v1/jobs", items(1), "Content-Type", ct); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	p := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":7,"scene_prompt":"s3cret"}]}`)
	if strings.Contains(p.body, "s3cret") || !strings.Contains(p.body, "body.items[0].filename") {
		t.Errorf("the problem tells the body or not the field: %s", p.body)
	}
}

func TestErrorKinds(t *testing.T) {
	h := newHouse(t)
	wantProblem(t, "unrouted", h.do(t, "GET", "/nope", ""), 404, "route_not_found")
	wantProblem(t, "root", h.do(t, "GET", "/", ""), 404, "route_not_found")
	wantProblem(t, "trailing", h.do(t, "GET", "/v1/jobs/x/y/z", ""), 404, "route_not_found")
	a := h.do(t, "DELETE", "/v1/jobs", "")
	wantProblem(t, "method", a, 405, "method_not_allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
		t.Errorf("Allow: %q", allow)
	}
	wantProblem(t, "missing job", h.do(t, "GET", "/v1/jobs/0192-x", ""), 404, "job_not_found")
	wantProblem(t, "impossible job", h.do(t, "GET", "/v1/jobs/%00%2f..", ""), 404, "job_not_found")
	wantProblem(t, "bad limit", h.do(t, "GET", "/v1/jobs?limit=many", ""), 422, "validation_failed")
	wantProblem(t, "big limit", h.do(t, "GET", "/v1/jobs?limit=201", ""), 422, "validation_failed")

	h.jobs.fail = fmt.Errorf("dial tcp 10.1.2.3: s3cret")
	a = h.do(t, "GET", "/v1/jobs", "")
	wantProblem(t, "defect", a, 500, "internal")
	if strings.Contains(a.body, "s3cret") || !strings.Contains(h.log.String(), "s3cret") {
		t.Errorf("an unknown error belongs in the log, not in the answer: %s", a.body)
	}
	h.jobs.fail, h.jobs.panics = nil, true
	a = h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a"}]}`)
	wantProblem(t, "panic", a, 500, "internal")
	if strings.Contains(a.body, "s3cret") || strings.Count(h.log.String(), "a defect") != 1 {
		t.Errorf("a panic is logged once and not told: %s", a.body)
	}
}

func TestWholeWay(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	ids := fmt.Sprintf(`{"tenant_id":"t1","job_id":%q,"item_id":%q,"filename":"a.jpg","content_type":"image/jpeg"}`, jobID, itemID)
	v := h.do(t, "POST", "/v1/uploads/sas", ids).json(t)
	if len(v) != 2 || !strings.HasPrefix(v["upload_url"].(string), "http") || v["raw_blob_path"] == "" {
		t.Errorf("sas: %v", v)
	}
	if again := h.do(t, "POST", "/v1/uploads/sas", ids).json(t); again["raw_blob_path"] == v["raw_blob_path"] {
		t.Error("two calls gave one path")
	}
	for _, c := range []struct{ method, path, body, headers string }{
		{"POST", "/v1/uploads/complete", ids, ""},
		{"POST", "/v1/jobs/" + jobID + "/enqueue?tenant_id=t1", "", ""},
		{"POST", "/v1/jobs/" + jobID + "/enqueue", `{"tenant_id":"t1"}`, ""},
		{"POST", "/v1/jobs/" + jobID + "/cancel", `tenant_id=t1`, "application/x-www-form-urlencoded"},
		{"POST", "/v1/jobs/" + jobID + "/cancel?tenant_id=t1", `{broken`, ""},
		{"POST", "//v1///jobs//" + jobID + "//cancel?tenant_id=t1", "", ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			header := []string{}
			if c.headers != "" {
				header = []string{"Content-Type", c.headers}
			}
			if a := h.do(t, c.method, c.path, c.body, header...); a.status != 200 || strings.TrimSpace(a.body) != `{"ok":true}` {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wantProblem(t, "not yet", h.do(t, "GET", "/v1/downloads/"+itemID+"?tenant_id=t1", ""), 404, "output_not_ready")
	wantProblem(t, "no export yet", h.do(t, "GET", "/v1/downloads/jobs/"+jobID+"/export?tenant_id=t1", ""), 404, "export_not_ready")
	h.jobs.finish(jobID)
	for _, path := range []string{"/v1/downloads/" + itemID, "/v1/downloads/" + itemID + "/original", "/v1/downloads/" + itemID + "/cutout",
		"/v1/downloads/" + itemID + "/etsy", "/v1/downloads/jobs/" + jobID + "/export"} {
		t.Run(path, func(t *testing.T) {
			a := h.do(t, "GET", path+"?tenant_id=t1", "")
			fields := 1
			if parts, ok := a.json(t)["parts"].([]any); strings.HasSuffix(path, "/export") {
				fields = 3
				if a.json(t)["outdated"] != true {
					t.Errorf("doesn't say that a newer one is being made: %s", a.body)
				}
				if last := parts[len(parts)-1].(map[string]any); !ok || len(parts) != 2 || last["bytes"] != 5.0 || !strings.HasPrefix(last["url"].(string), "http") {
					t.Errorf("parts %v", parts)
				}
				if parts[0].(map[string]any)["url"] != a.json(t)["download_url"] {
					t.Errorf("the first part is not download_url: %s", a.body)
				}
			}
			if a.status != 200 || len(a.json(t)) != fields || !strings.HasPrefix(a.json(t)["download_url"].(string), "http") || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s", a.status, a.body)
			}
			code := "item_not_found"
			if strings.Contains(path, "/jobs/") {
				code = "job_not_found"
			}
			wantProblem(t, "another tenant", h.do(t, "GET", path+"?tenant_id=t2", ""), 404, code)
		})
	}
	v = h.do(t, "GET", "/v1/jobs/"+jobID+"?tenant_id=t1", "").json(t)
	for _, f := range []string{"job_id", "tenant_id", "brand_profile_id", "status", "correlation_id", "created_at", "export_blob_path", "items"} {
		t.Run(f, func(t *testing.T) {
			if _, ok := v[f]; !ok {
				t.Errorf("the job has no %s", f)
			}
		})
	}
	it := v["items"].([]any)[0].(map[string]any)
	for _, f := range []string{"item_id", "filename", "status", "raw_blob_path", "output_blob_path", "error_message", "needs_review", "review_reason", "confidence",
		"fidelity", "scene_index", "scene_type", "steps", "exports"} {
		t.Run(f, func(t *testing.T) {
			if _, ok := it[f]; !ok {
				t.Errorf("the item has no %s", f)
			}
		})
	}
	ex := it["exports"].([]any)[0].(map[string]any)
	for _, f := range []string{"preset", "status", "format", "width", "height", "bytes", "blob_path", "checks", "error_message"} {
		t.Run(f, func(t *testing.T) {
			if _, ok := ex[f]; !ok {
				t.Errorf("the variant has no %s", f)
			}
		})
	}
	list := h.do(t, "GET", "/v1/jobs?tenant_id=t1&limit=1", "")
	row := list.json(t)["jobs"].([]any)[0].(map[string]any)
	if _, ok := row["items"]; ok || row["job_id"] != jobID || list.json(t)["next_cursor"] != nil {
		t.Errorf("list: %s", list.body)
	}
}

func TestListIsPaged(t *testing.T) {
	h := newHouse(t)
	want := map[string]bool{}
	for range 5 {
		id, _ := h.make(t, "t1")
		want[id] = true
	}
	cursor := ""
	for pages := 1; ; pages++ {
		v := h.do(t, "GET", "/v1/jobs?tenant_id=t1&limit=2&cursor="+cursor, "").json(t)
		for _, j := range v["jobs"].([]any) {
			delete(want, j.(map[string]any)["job_id"].(string))
		}
		if v["next_cursor"] == nil {
			if pages != 3 || len(want) != 0 {
				t.Errorf("%d pages, not seen: %v", pages, want)
			}
			return
		}
		cursor = v["next_cursor"].(string)
	}
}

func TestTenantIsSettled(t *testing.T) {
	h := newHouse(t)
	create := `{"tenant_id":%q,"items":[{"filename":"a"}]}`
	if a := h.do(t, "POST", "/v1/jobs?tenant_id=t1", fmt.Sprintf(create, "t1")); a.status != 200 || h.jobs.last.TenantID != "t1" {
		t.Errorf("named twice alike: %d %s", a.status, a.body)
	}
	if a := h.do(t, "POST", "/v1/jobs?tenant_id=t1", fmt.Sprintf(create, "")); a.status != 200 || h.jobs.last.TenantID != "t1" {
		t.Errorf("empty in the body: %d %s", a.status, a.body)
	}
	wantProblem(t, "query and body differ", h.do(t, "POST", "/v1/jobs?tenant_id=t2", fmt.Sprintf(create, "t1")), 422, "tenant_id_conflict")
	wantProblem(t, "query differs from itself", h.do(t, "GET", "/v1/jobs?tenant_id=t2&tenant_id=t1", ""), 422, "tenant_id_conflict")
	wantProblem(t, "bad in the query", h.do(t, "GET", "/v1/jobs?tenant_id=a%00b", ""), 422, "tenant_id_invalid")
	wantProblem(t, "too long", h.do(t, "GET", "/v1/jobs?tenant_id="+strings.Repeat("a", 65), ""), 422, "tenant_id_invalid")
	jobID, _ := h.make(t, "default")
	if a := h.do(t, "GET", "/v1/jobs/"+jobID, "", "X-API-Key", "any key at all"); a.status != 200 {
		t.Errorf("without authentication a key is ignored and the tenant is default: %d %s", a.status, a.body)
	}
	wantProblem(t, "body differs on a call without one", h.do(t, "POST", "/v1/jobs/"+jobID+"/cancel?tenant_id=default", `{"tenant_id":"t1"}`), 422, "tenant_id_conflict")
}

func TestTenantOfAKey(t *testing.T) {
	h := newHouse(t, withKeys)
	key, _ := h.key(t, "t1")
	other, _ := h.key(t, "t2")
	jobID, itemID := h.make(t, "t1", keyHeader, key)
	if h.jobs.last.TenantID != "t1" {
		t.Fatalf("tenant %q", h.jobs.last.TenantID)
	}
	foreign := h.do(t, "GET", "/v1/jobs/"+jobID, "", keyHeader, other, CorrelationHeader, "c")
	missing := h.do(t, "GET", "/v1/jobs/0198f7a0-0000-7000-8000-000000000000", "", keyHeader, other, CorrelationHeader, "c")
	named := h.do(t, "GET", "/v1/jobs/"+jobID+"?tenant_id=t1", "", keyHeader, other, CorrelationHeader, "c")
	if foreign.status != 404 || foreign.body != missing.body || named.body != missing.body || named.status != 404 {
		t.Errorf("foreign %q, missing %q, named %q differ", foreign.body, missing.body, named.body)
	}
	wantProblem(t, "naming another on POST", h.do(t, "POST", "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a"}]}`, keyHeader, other), 403, "tenant_forbidden")
	wantProblem(t, "naming another on GET", h.do(t, "GET", "/v1/jobs?tenant_id=t1", "", keyHeader, other), 404, "tenant_not_found")
	wantProblem(t, "foreign id on POST", h.do(t, "POST", "/v1/jobs/"+jobID+"/cancel", "", keyHeader, other), 404, "job_not_found")
	body := fmt.Sprintf(`{"job_id":%q,"item_id":%q,"filename":"a"}`, jobID, itemID)
	wantProblem(t, "foreign item", h.do(t, "POST", "/v1/uploads/sas", body, keyHeader, other), 404, "item_not_found")
	if a := h.do(t, "POST", "/v1/uploads/sas", body, keyHeader, key); a.status != 200 {
		t.Errorf("the owner, without naming itself: %d %s", a.status, a.body)
	}
	a := h.do(t, "GET", "/v1/jobs", "")
	wantProblem(t, "no key", a, 401, "credentials_missing")
	if a.header.Get("WWW-Authenticate") == "" {
		t.Error("a 401 says how to authenticate")
	}
	wantProblem(t, "bad key", h.do(t, "GET", "/v1/jobs", "", keyHeader, key+"x"), 401, "api_key_invalid")
	if err := h.tenants.Disable(t.Context(), "t1"); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "disabled tenant", h.do(t, "GET", "/v1/jobs", "", keyHeader, key), 403, "tenant_disabled")
}

// form makes a multipart body.
func form(t testing.TB, fields map[string]string, name string, photo []byte) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if photo != nil {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="file"; filename="`+name+`"`)
		p, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(photo); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

func TestDirectUpload(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxUpload = 1 << 20 })
	jobID, itemID := h.make(t, "t1")
	photo := bytes.Repeat([]byte("photo"), 100_000)
	fields := map[string]string{"tenant_id": "t1", "job_id": jobID, "item_id": itemID}
	send := func(target string, fields map[string]string, photo []byte) answer {
		b, ct := form(t, fields, "a.jpg", photo)
		return h.do(t, "POST", target, b.String(), "Content-Type", ct)
	}
	a := send("/v1/uploads/direct", fields, photo)
	if a.status != 200 || a.json(t)["ok"] != true || a.json(t)["raw_blob_path"] != "t1/a.jpg" || !bytes.Equal(h.jobs.bodies[0], photo) {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, "two tenants", send("/v1/uploads/direct?tenant_id=t2", fields, photo), 422, "tenant_id_conflict")
	wantProblem(t, "no file", send("/v1/uploads/direct", fields, nil), 422, "file_missing")
	wantProblem(t, "no ids", send("/v1/uploads/direct", map[string]string{"tenant_id": "t1"}, photo), 422, "validation_failed")
	wantProblem(t, "another tenant's", send("/v1/uploads/direct", map[string]string{"tenant_id": "t2", "job_id": jobID, "item_id": itemID}, photo), 404, "item_not_found")
	wantProblem(t, "too large", send("/v1/uploads/direct", fields, make([]byte, 1<<20+1)), 413, "photo_too_large")
	wantProblem(t, "far too large", send("/v1/uploads/direct", fields, make([]byte, 2<<20)), 413, "body_too_large")
	wantProblem(t, "JSON", h.do(t, "POST", "/v1/uploads/direct", `{}`), 415, "content_type_unsupported")
	wantProblem(t, "no boundary", h.do(t, "POST", "/v1/uploads/direct", `x`, "Content-Type", "multipart/form-data"), 400, "body_malformed")
	wantProblem(t, "cut short", h.do(t, "POST", "/v1/uploads/direct", "--b\r\nContent-Disposition: form-data; name=\"job_id\"\r\n\r\nx", "Content-Type", "multipart/form-data; boundary=b"), 400, "body_malformed")
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	resp, err := http.Head(srv.URL + "/healthz")
	if err != nil || resp.StatusCode != 200 || resp.ContentLength == 0 {
		t.Errorf("%v, %v", resp, err)
	}
	for _, rt := range h.server.routes {
		if rt.Method != http.MethodGet || strings.Contains(rt.Path, "{") {
			continue
		}
		t.Run(rt.Path, func(t *testing.T) {
			path := rt.Path
			if path == "/v1/billing/usage" {
				path += "?from=2026-11-01&to=2026-11-02" // left out, they are those of now
			}
			get, head := h.do(t, http.MethodGet, path, ""), h.do(t, http.MethodHead, path, "")
			if head.status != get.status || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
				t.Errorf("HEAD: %d %s, GET: %d %s", head.status, head.header.Get("Content-Type"), get.status, get.header.Get("Content-Type"))
			}
			if tag := get.header.Get("ETag"); get.status == http.StatusOK && (tag == "") != untagged[rt.Path] {
				t.Errorf("its ETag is %q", tag)
			} else if tag != "" {
				if a := h.do(t, http.MethodGet, path, "", "If-None-Match", tag); a.status != http.StatusNotModified || a.body != "" {
					t.Errorf("asked again: %d %.100s", a.status, a.body)
				}
			}
		})
	}
	wantProblem(t, "a stream", h.do(t, http.MethodHead, "/v1/jobs/0198f7a0-0000-7000-8000-000000000001/events", ""), http.StatusMethodNotAllowed, "method_not_allowed")
}

// untagged are calls whose answers differ each time, or may be kept by nobody.
var untagged = map[string]bool{"/healthz": true, "/readyz": true, "/v1/session": true}
