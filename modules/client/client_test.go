package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve answers each path with its bodies in order, and then repeats the last
// one.
func serve(t *testing.T, answers map[string][]answer) (c *Client, seen *[]*http.Request) {
	t.Helper()
	seen = &[]*http.Request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r)
		list := answers[r.Method+" "+r.URL.Path]
		if len(list) == 0 {
			http.Error(w, "nothing here", http.StatusTeapot)
			return
		}
		if len(list) > 1 {
			answers[r.Method+" "+r.URL.Path] = list[1:]
		}
		for k, v := range list[0].header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(max(list[0].status, 200))
		_, _ = io.WriteString(w, list[0].body)
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL+"/", Options{Key: "opal_secret", Tenant: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	return c, seen
}

type answer struct {
	status int
	body   string
	header map[string]string
}

func TestAKeyStaysWithItsAPI(t *testing.T) {
	var got []http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(elsewhere.Close)
	leads := func(to string, status int) answer { return answer{status, "", map[string]string{"Location": to}} }
	c, seen := serve(t, map[string][]answer{
		"GET /v1/jobs/a":  {leads(elsewhere.URL+"/v1/jobs/a", 307)},
		"GET /v1/jobs/b":  {leads("/v1/jobs/c", 307)},
		"GET /v1/jobs/c":  {{200, `{"job_id":"c"}`, nil}},
		"GET /v1/jobs/d":  {leads("/v1/jobs/d", 307)},
		"POST /v1/jobs":   {leads("/v1/jobs", 301)},
		"GET /v1/jobs":    {{200, `{"jobs":[]}`, nil}},
		"GET /blobs/file": {leads(elsewhere.URL+"/file", 302)},
	})
	if _, err := c.Job(t.Context(), "a"); !errors.Is(err, ErrRedirect) || len(got) != 0 {
		t.Errorf("to another host: %v, asked %v", err, got)
	}
	if j, err := c.Job(t.Context(), "b"); err != nil || j.JobID != "c" {
		t.Errorf("on the same host: %v, %v", j.JobID, err)
	}
	*seen = nil
	if _, err := c.Job(t.Context(), "d"); !errors.Is(err, ErrRedirect) || len(*seen) > 10 {
		t.Errorf("in a circle: %v after %d calls", err, len(*seen))
	}
	if j, err := c.CreateJob(t.Context(), NewJob{}); !errors.Is(err, ErrRedirect) {
		t.Errorf("a POST that became a GET made %v, %v", j, err)
	}
	var b bytes.Buffer
	if _, err := c.Fetch(t.Context(), c.Address()+"/blobs/file", &b); err != nil || b.String() != "{}" || len(got) != 1 || got[0].Get("X-API-Key") != "" {
		t.Errorf("a file elsewhere: %q, %v, %v", b.String(), err, got)
	}
}

func TestACallIsMadeAgainWhileTheAPIIsBusy(t *testing.T) {
	busy := answer{503, `{"code":"database_unavailable","detail":"try again"}`, nil}
	c, seen := serve(t, map[string][]answer{
		"GET /v1/jobs/j":          {busy, busy, {200, `{"job_id":"j","status":"completed","items":[]}`, nil}},
		"POST /v1/jobs":           {busy, {200, `{"job_id":"new","items":[]}`, nil}},
		"POST /v1/jobs/j/enqueue": {{409, `{"code":"x","detail":"no"}`, nil}},
	})
	j, err := c.Wait(t.Context(), "j", nil)
	if err != nil || !j.Ended() || len(*seen) != 3 {
		t.Fatalf("%+v, %v, %d calls", j, err, len(*seen))
	}
	if k := (*seen)[0]; k.Header.Get("X-API-Key") != "opal_secret" || k.URL.Query().Get("tenant_id") != "t1" {
		t.Errorf("asked with %v %v", k.Header, k.URL)
	}
	*seen = nil
	if made, err := c.CreateJob(t.Context(), NewJob{Items: []NewItem{{Filename: "a.jpg"}}}); err != nil || made.JobID != "new" {
		t.Errorf("%+v, %v", made, err)
	}
	if len(*seen) != 2 || (*seen)[0].Header.Get("Idempotency-Key") == "" || (*seen)[0].Header.Get("Idempotency-Key") != (*seen)[1].Header.Get("Idempotency-Key") {
		t.Errorf("a creating call is repeated under one key: %d calls", len(*seen))
	}
	*seen = nil
	var p *Problem
	if err := c.Enqueue(t.Context(), "j"); !errors.As(err, &p) || p.Status != 409 || p.Code != "x" {
		t.Errorf("%v", err)
	}
}

func TestErrorsThatAreNoProblems(t *testing.T) {
	c, _ := serve(t, map[string][]answer{
		"GET /v1/scenes":  {{200, "<html>", nil}},
		"GET /v1/presets": {{404, "<html>nothing</html>", map[string]string{"Retry-After": "7"}}},
		"GET /v1/jobs/j":  {{404, "<html>nothing</html>", map[string]string{"Retry-After": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}},
	})
	var dated *Problem
	if _, err := c.Job(t.Context(), "j"); !errors.As(err, &dated) || (dated.RetryAfter-time.Hour).Abs() > time.Minute {
		t.Errorf("Retry-After as a date: %v, %#v", err, dated)
	}
	if _, err := c.Scenes(t.Context()); !errors.Is(err, ErrAnswer) {
		t.Errorf("HTML as an answer: %v", err)
	}
	var p *Problem
	if _, err := c.Presets(t.Context()); !errors.As(err, &p) || p.Status != 404 || p.Code != "http_404" || p.RetryAfter != 7*time.Second {
		t.Errorf("HTML as an error: %#v", err)
	}
	for _, bad := range []string{"", "opal.example", "ftp://x", "http://", "http://u:p@x", "http://x?y", "://"} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if _, err := New(bad, Options{}); !errors.Is(err, ErrAddress) {
				t.Error(err)
			}
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c, err := New(gone.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.UploadURL(t.Context(), UploadRequest{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Job(ctx, "j"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled by its caller: %v", err)
	}
}

func TestFilesAreSentAndFetchedWithoutTheKey(t *testing.T) {
	var put []byte
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-API-Key") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s got the key", r.Method)
		}
		switch {
		case r.Method == http.MethodPut && r.Header.Get("X-Ms-Blob-Type") == "BlockBlob":
			put, _ = io.ReadAll(r.Body)
			w.WriteHeader(http.StatusCreated)
		case r.URL.Path == "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		default:
			_, _ = w.Write(put)
		}
	}))
	defer store.Close()
	c, _ := serve(t, map[string][]answer{
		"POST /v1/uploads/sas":      {{200, fmt.Sprintf(`{"upload_url":%q}`, store.URL+"/put?sig=s3cret"), nil}},
		"POST /v1/uploads/complete": {{200, `{"ok":true}`, nil}},
	})
	if err := c.Upload(t.Context(), "j", "i", "a.jpg", []byte("photo")); err != nil || string(put) != "photo" {
		t.Fatalf("put %q, %v", put, err)
	}
	var got bytes.Buffer
	if n, err := c.Fetch(t.Context(), store.URL+"/get", &got); err != nil || n != 5 || got.String() != "photo" {
		t.Errorf("got %q, %v", got.String(), err)
	}
	if _, err := c.Fetch(t.Context(), store.URL+"/cut", io.Discard); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a file that breaks off: %v", err)
	}
	store.Close()
	if err := c.Put(t.Context(), store.URL+"/put?sig=s3cret", nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an error tells the signature: %v", err)
	}
}

func TestEvents(t *testing.T) {
	c, seen := serve(t, map[string][]answer{"GET /v1/jobs/j/events": {{200, "retry: 2000\n\n: still here\n\nid: e1\nevent: item.completed\ndata: {\"a\":1}\n\n" +
		"event: end\ndata: {\"job_id\":\"j\",\"status\":\"completed\"}\n\n", nil}}})
	var got []string
	for e, err := range c.Events(t.Context(), "j", "e0") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID+" "+e.Kind+" "+string(e.Data))
	}
	want := []string{`e1 item.completed {"a":1}`, ` end {"job_id":"j","status":"completed"}`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if (*seen)[0].Header.Get("Last-Event-ID") != "e0" {
		t.Error("the last event's id is not sent")
	}
}

// TestImportsNothingElse keeps the package small for those who import it.
func TestImportsNothingElse(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if p := strings.Trim(i.Path.Value, `"`); strings.Contains(p, ".") && p != "github.com/opal-photo/opal/modules/fault" {
				t.Errorf("%s imports %s", f, p)
			}
		}
	}
}

func TestNothingOfAnAnswerIsNullThatIsAList(t *testing.T) {
	b, err := json.Marshal(NewJob{Items: []NewItem{{Filename: "a.jpg"}}})
	if err != nil || string(b) != `{"items":[{"filename":"a.jpg"}]}` {
		t.Errorf("%s, %v", b, err)
	}
}
