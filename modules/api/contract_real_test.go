package api

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// plainBrands gives jobs the profiles that the API edits.
type plainBrands struct{ *brand.Service }

func (p plainBrands) Brand(ctx context.Context, tenantID, id string) (job.Brand, error) {
	b, err := p.Get(ctx, tenantID, id)
	return job.Brand{Look: picture.Look{ID: b.ID}, Presets: b.DefaultPresets}, err
}

// noWork plans no variants: no item is worked on here.
type noWork struct{}

func (noWork) CheckPresets(names []string) error                   { return channel.Validate(names) }
func (noWork) CheckSlot(name string) error                         { return channel.CheckSlot(name) }
func (noWork) DefaultPresets() []string                            { return channel.Defaults() }
func (noWork) Forget(context.Context, *db.Tx, string) (int, error) { return 0, nil }

func (noWork) Paths(context.Context, string) ([]string, error) { return nil, nil }

func (noWork) Layers(context.Context, db.Querier, string) (picture.Layers, error) {
	return picture.Layers{}, nil
}
func (noWork) Remake(context.Context, *db.Tx, job.Remake) (int, error) { return 0, nil }
func (noWork) Rerender(context.Context, *db.Tx, job.Rerender) (job.Rerendered, error) {
	return job.Rerendered{}, nil
}
func (noWork) Bundle(context.Context, *db.Tx, job.BundleRequest) (ended, failed bool, err error) {
	return false, false, nil
}

func (noWork) BundleWaits(context.Context, *db.Tx, string, int) (bool, error) { return false, nil }
func (noWork) Review(context.Context, *db.Tx, string, string) error           { return nil }
func (noWork) Replace(context.Context, *db.Tx, string, string) error          { return nil }

func (noWork) Plan(context.Context, *db.Tx, job.Plan) (int, error) { return 0, nil }

// newRealHouse is an API over the real job service, on a real server.
func newRealHouse(t testing.TB, d *db.DB) *realHouse {
	t.Helper()
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	blobs, err := fileblob.Open(fileblob.Options{Dir: t.TempDir(), BaseURL: srv.URL + "/blobs", Key: []byte("a key that signs URLs")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	if err := blobs.EnsureContainers(context.Background(), "raw", "outputs", "exports"); err != nil {
		t.Fatal(err)
	}
	brands := brand.New(d, channel.Validate)
	jobs := job.New(job.Options{
		DB: d, Blobs: blobs, Containers: job.Containers{Raw: "raw", Outputs: "outputs", Exports: "exports"}, Outbox: queue.NewOutbox(),
		Brands: plainBrands{brands}, Exporter: noWork{},
		Inspect: imagefile.InspectHead,
	})
	s, err := build(Options{
		Jobs: jobs, Uploads: jobs, Downloads: jobs, Deletions: jobs, Events: event.Log{DB: d}, Brands: brands, Presets: channel.Presets(), Log: zerolog.Nop(),
		Mounts: []Mount{{Path: "/blobs/", Handler: http.StripPrefix("/blobs", blobs.Handler())}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h = documented(t, s, s.edge())
	return &realHouse{srv, d}
}

type realHouse struct {
	*httptest.Server
	db *db.DB
}

func (h *realHouse) do(t *testing.T, method, target string, body []byte, headers ...string) answer {
	t.Helper()
	if strings.HasPrefix(target, "/") {
		target = h.URL + target
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

func (h *realHouse) post(t *testing.T, path, body string) answer {
	t.Helper()
	return h.do(t, "POST", path, []byte(body), "Content-Type", "application/json")
}

// item makes a job of one photo and returns its ids, as JSON members too.
func (h *realHouse) item(t *testing.T) (jobID, itemID, ids string) {
	t.Helper()
	v := h.post(t, "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a.jpg"}]}`).json(t)
	jobID, itemID = v["job_id"].(string), v["items"].([]any)[0].(map[string]any)["item_id"].(string)
	return jobID, itemID, fmt.Sprintf(`{"tenant_id":"t1","job_id":%q,"item_id":%q,"filename":"a.jpg","content_type":"image/jpeg"}`, jobID, itemID)
}

func (h *realHouse) status(t *testing.T, jobID string) (job, item string) {
	t.Helper()
	v := h.do(t, "GET", "/v1/jobs/"+jobID+"?tenant_id=t1", nil).json(t)
	return v["status"].(string), v["items"].([]any)[0].(map[string]any)["status"].(string)
}

func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUploadsWithTheRealService(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newRealHouse(t, d)
		jobID, _, ids := h.item(t)
		wantProblem(t, "nothing put", h.post(t, "/v1/uploads/complete", ids), 409, "upload_missing")
		put := func(body []byte) answer {
			v := h.post(t, "/v1/uploads/sas", ids).json(t)
			return h.do(t, "PUT", v["upload_url"].(string), body, "x-ms-blob-type", "BlockBlob")
		}
		url := h.post(t, "/v1/uploads/sas", ids).json(t)["upload_url"].(string)
		if !strings.HasPrefix(url, h.URL+"/blobs/raw/") {
			t.Errorf("upload URL %s", url)
		}
		if a := h.do(t, "PUT", url, []byte("no picture"), "x-ms-blob-type", "BlockBlob"); a.status != 201 {
			t.Fatalf("put: %d %s", a.status, a.body)
		}
		if a := h.do(t, "PUT", url, photo(t), "x-ms-blob-type", "BlockBlob"); a.status != 403 && a.status != 409 {
			t.Errorf("overwriting: %d", a.status)
		}
		if a := h.do(t, "PUT", strings.Replace(url, "/raw/", "/outputs/", 1), photo(t), "x-ms-blob-type", "BlockBlob"); a.status != 403 {
			t.Errorf("an altered URL: %d", a.status)
		}
		if a := h.post(t, "/v1/uploads/complete", ids); a.status < 400 || a.status > 499 || a.header.Get("Content-Type") != problemType {
			t.Errorf("no picture: %d %s", a.status, a.body)
		}
		if j, i := h.status(t, jobID); j != "created" || i != "created" {
			t.Errorf("after a refusal: %s, %s", j, i)
		}
		if a := put(photo(t)); a.status != 201 {
			t.Fatalf("put again: %d %s", a.status, a.body)
		}
		for range 2 {
			if a := h.post(t, "/v1/uploads/complete", ids); a.status != 200 || strings.TrimSpace(a.body) != `{"ok":true}` {
				t.Errorf("complete: %d %s", a.status, a.body)
			}
		}
		if j, i := h.status(t, jobID); j != "processing" || i != "queued" {
			t.Errorf("after completing: %s, %s", j, i)
		}
		for range 2 {
			if a := h.post(t, "/v1/jobs/"+jobID+"/enqueue?tenant_id=t1", ""); a.status != 200 {
				t.Errorf("enqueue: %d %s", a.status, a.body)
			}
			if a := h.post(t, "/v1/jobs/"+jobID+"/cancel?tenant_id=t1", ""); a.status != 200 {
				t.Errorf("cancel: %d %s", a.status, a.body)
			}
		}
		if j, i := h.status(t, jobID); j != "cancelled" || i != "cancelled" {
			t.Errorf("after cancelling: %s, %s", j, i)
		}
		wantProblem(t, "complete after the end", h.post(t, "/v1/uploads/complete", ids), 409, "upload_closed")
		wantProblem(t, "URL after the end", h.post(t, "/v1/uploads/sas", ids), 409, "upload_closed")
		var sent int
		if err := d.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&sent); err != nil || sent != 1 {
			t.Errorf("%d messages, %v", sent, err)
		}
	})
}

func TestDirectUploadWithTheRealService(t *testing.T) {
	d := testDB(t)
	h := newRealHouse(t, d)
	jobID, itemID, _ := h.item(t)
	sendTo := func(jobID, itemID, name string, b []byte) answer {
		body, ct := form(t, map[string]string{"tenant_id": "t1", "job_id": jobID, "item_id": itemID}, name, b)
		return h.do(t, "POST", "/v1/uploads/direct", body.Bytes(), "Content-Type", ct)
	}
	send := func(name string, b []byte) answer { return sendTo(jobID, itemID, name, b) }
	for _, name := range []string{`C:\photos\a.jpg`, `\\server\photos\a.jpg`, "../a.jpg", "/etc/a.jpg"} { // a path's last part counts
		t.Run(name, func(t *testing.T) {
			other, item, _ := h.item(t)
			a := sendTo(other, item, name, photo(t))
			if a.status != 200 || !strings.HasSuffix(a.json(t)["raw_blob_path"].(string), "/a.jpg") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wantProblem(t, "empty", send("a.jpg", []byte{}), 422, "upload_empty")
	if a := send("a.jpg", []byte("no picture")); a.status < 400 || a.status > 499 || a.header.Get("Content-Type") != problemType {
		t.Errorf("no picture: %d %s", a.status, a.body)
	}
	if a := send("a.jpg", photo(t)); a.status != 200 || a.json(t)["ok"] != true || a.json(t)["raw_blob_path"] == "" {
		t.Errorf("direct: %d %s", a.status, a.body)
	}
	if _, i := h.status(t, jobID); i != "uploaded" {
		t.Errorf("after direct: %s", i)
	}
	if a := h.post(t, "/v1/jobs/"+jobID+"/enqueue", `{"tenant_id":"t1"}`); a.status != 200 {
		t.Errorf("enqueue: %d %s", a.status, a.body)
	}
	if _, i := h.status(t, jobID); i != "queued" {
		t.Errorf("after enqueue: %s", i)
	}
}

func TestRequestsThatTheRealServiceRefuses(t *testing.T) {
	h := newRealHouse(t, testDB(t))
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"brand_profile_id":"nobody","items":[{"filename":"a"}]}`, 404, "brand_profile_not_found"},
		{`{"presets":["nope"],"items":[{"filename":"a"}]}`, 422, "preset_unknown"},
		{`{"items":[{"filename":"a","scene_types":["moon"]}]}`, 422, "scene_type_unknown"},
		{`{"items":[{"filename":"a","scene_types":["studio"],"scene_count":2}]}`, 422, "job_invalid"},
		{`{"items":[{"filename":""}]}`, 422, "filename_invalid"},
		{`{"items":[{"filename":"..\\a.jpg"}]}`, 422, "filename_invalid"},
		{`{"items":[{"filename":"a\u0000.jpg"}]}`, 422, "filename_invalid"},
		{`{"items":[{"filename":"` + strings.Repeat("a", 256) + `"}]}`, 422, "filename_invalid"},
		{`{"items":[{"filename":"` + strings.Repeat("杯", 256) + `"}]}`, 422, "filename_invalid"},
		{`{"items":[]}`, 422, "validation_failed"},
	} {
		t.Run(fmt.Sprintf("%.60s", c.body), func(t *testing.T) {
			wantProblem(t, c.body, h.post(t, "/v1/jobs", c.body), c.status, c.code)
		})
	}
	a := h.post(t, "/v1/jobs", `{"items":[{"filename":"Füße (1).jpg","scene_count":3},{"filename":"b","scene_types":["nature","office"]}]}`)
	if a.status != 200 || len(a.json(t)["items"].([]any)) != 5 {
		t.Errorf("%d %s", a.status, a.body)
	}
	long := strings.Repeat("杯", 250) + ".jpg" // characters count, not bytes
	a = h.post(t, "/v1/jobs", `{"items":[{"filename":"`+long+`"}]}`)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	made := a.json(t)
	ids := fmt.Sprintf(`{"job_id":%q,"item_id":%q}`, made["job_id"], made["items"].([]any)[0].(map[string]any)["item_id"])
	a = h.post(t, "/v1/uploads/sas", ids)
	if a.status != 200 || !strings.HasSuffix(a.json(t)["raw_blob_path"].(string), ".jpg") {
		t.Errorf("a URL without naming the file again: %d %s", a.status, a.body)
	}
	if up := h.do(t, "PUT", strings.TrimPrefix(a.json(t)["upload_url"].(string), h.URL), photo(t), "x-ms-blob-type", "BlockBlob"); up.status != 201 {
		t.Errorf("PUT under the long name: %d %s", up.status, up.body)
	}
	if a := h.post(t, "/v1/uploads/complete", ids); a.status != 200 {
		t.Errorf("complete: %d %s", a.status, a.body)
	}
	for _, cursor := range []string{"zzzz", "-1", "AAAA", strings.Repeat("9", 90), "1", "1.", "-1.x", "zzzzzzzzzzzzzzzzzz.x", "1.a%20b", "%F0%9F%98%80", "'", "a%20b"} {
		t.Run(cursor, func(t *testing.T) {
			wantProblem(t, "jobs", h.do(t, "GET", "/v1/jobs?cursor="+cursor, nil), 422, "cursor_invalid")
			wantProblem(t, "deletions", h.do(t, "GET", "/v1/deletions?cursor="+cursor, nil), 422, "cursor_invalid")
		})
	}
	wantProblem(t, "bad cursor", h.do(t, "GET", "/v1/jobs?cursor="+strings.Repeat("x", 101), nil), 422, "validation_failed")
}

func TestManyPhotosInFewCalls(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newRealHouse(t, d)
		v := h.post(t, "/v1/jobs", `{"tenant_id":"t1","uploads":true,"items":[{"filename":"a.jpg","scene_count":2},{"filename":"b.jpg"},{"filename":"c.jpg"}]}`).json(t)
		items := v["items"].([]any)
		field := func(i int, name string) string { return items[i].(map[string]any)[name].(string) }
		if field(0, "upload_url") != field(1, "upload_url") || field(2, "upload_url") == field(3, "upload_url") {
			t.Fatalf("%v", items)
		}
		for _, i := range []int{0, 2} {
			if a := h.do(t, "PUT", field(i, "upload_url"), photo(t), "x-ms-blob-type", "BlockBlob"); a.status != 201 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		list := ""
		for i := range items {
			list += fmt.Sprintf(`{"item_id":%q},`, field(i, "item_id"))
		}
		body := fmt.Sprintf(`{"tenant_id":"t1","job_id":%q,"items":[%s{"item_id":"nothing"}]}`, v["job_id"], list)
		a := h.post(t, "/v1/uploads/complete", body)
		got := a.json(t)
		if a.status != 200 || got["ok"] != false || len(got["items"].([]any)) != 5 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for i, want := range []string{"", "", "", "upload_missing", "item_not_found"} {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				it := got["items"].([]any)[i].(map[string]any)
				code := ""
				if e, ok := it["error"].(map[string]any); ok {
					code = e["code"].(string)
				}
				if code != want || it["ok"] != (want == "") {
					t.Errorf("%v, want %q", it, want)
				}
			})
		}
		if a := h.do(t, "PUT", field(3, "upload_url"), photo(t), "x-ms-blob-type", "BlockBlob"); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		all := fmt.Sprintf(`{"tenant_id":"t1","items":[%s]}`, strings.TrimSuffix(list, ","))
		if a := h.post(t, "/v1/uploads/complete", all); a.status != 200 || a.json(t)["ok"] != true {
			t.Errorf("again, with all photos there: %d %s", a.status, a.body)
		}
		wantProblem(t, "neither", h.post(t, "/v1/uploads/complete", `{"tenant_id":"t1","job_id":"j"}`), 422, "validation_failed")
		wantProblem(t, "no name, no address", h.post(t, "/v1/jobs", `{"tenant_id":"t1","items":[{}]}`), 422, "validation_failed")
		wantProblem(t, "addresses are off", h.post(t, "/v1/jobs", `{"tenant_id":"t1","items":[{"source_url":"https://a.example/x"}]}`), 422, "source_url_off")
	})
}
