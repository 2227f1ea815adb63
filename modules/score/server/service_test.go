package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/score"
)

const testKey = "a-test-key"

// start runs the service on loopback. Options get what they leave open: the
// stub's engine, the test key, the test's decoder, loopback.
func start(t testing.TB, o Options) *httptest.Server {
	t.Helper()
	if o.Engine == nil {
		o.Engine = NewStub()
	}
	if o.Key == "" && o.Auth == "" {
		o.Key = testKey
	}
	if o.AllowedHosts == nil {
		o.AllowedHosts, o.AllowLoopback = []string{"127.0.0.1"}, true
	}
	if o.Decoder == nil && o.Engine.NeedsInput() {
		d := imaging.NewDecoder(imaging.DecoderOptions{})
		t.Cleanup(func() { d.Close() })
		o.Decoder = d
	}
	s := serve(t, o)
	for !o.Engine.Ready() {
		time.Sleep(time.Millisecond)
	}
	return s
}

// serve runs the service with the options as they are.
func serve(t testing.TB, o Options) *httptest.Server {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func studioEngine() Engine { return NewStudio(scene.New(2)) }

// post sends a body with the key and a correlation id.
func post(t testing.TB, s *httptest.Server, body string, headers ...string) (status int, header http.Header, answer []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.URL+"/score", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	r.Header.Set("X-Correlation-Id", "c-1")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, answer
}

// wantProblem checks status, code and the members every error has.
func wantProblem(t testing.TB, what string, status int, h http.Header, body []byte, wantStatus int, code string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%s: %v: %s", what, err, body)
	}
	if status != wantStatus || p.Status != wantStatus || p.Code != code || p.CorrelationID == "" || p.CorrelationID != h.Get("X-Correlation-Id") || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %q %s, want %d %s", what, status, h.Get("Content-Type"), body, wantStatus, code)
	}
	return p
}

func TestKeyIsChecked(t *testing.T) {
	s := start(t, Options{})
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + testKey + "x", "Basic " + testKey, testKey} {
		t.Run(strconv.Quote(header), func(t *testing.T) {
			status, h, body := post(t, s, "{}", "Authorization", header)
			wantProblem(t, header, status, h, body, 401, "unauthorized")
		})
	}
	for _, header := range []string{"Bearer " + testKey, "bearer " + testKey} {
		t.Run(header, func(t *testing.T) {
			if status, _, body := post(t, s, `{"width":8,"height":8}`, "Authorization", header); status != 200 {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	open := start(t, Options{Auth: AuthPlatform})
	if status, _, body := post(t, open, `{"width":8,"height":8}`, "Authorization", ""); status != 200 {
		t.Errorf("behind a platform that checks keys: %d %s", status, body)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"scenes and cut-outs": {Key: "k", Engine: NewStub(), Cutter: halver{}}, "cut-outs without a decoder": {Key: "k", Cutter: halver{}},
		"no engine": {Key: "k"}, "no key": {Engine: NewStub()}, "auth": {Engine: NewStub(), Key: "k", Auth: "none"},
		"no decoder": {Engine: studioEngine(), Key: "k", AllowedHosts: []string{"x"}},
		"no hosts":   {Engine: studioEngine(), Key: "k", Decoder: imaging.NewDecoder(imaging.DecoderOptions{})},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(o); !errors.Is(err, ErrOptions) {
				t.Error(err)
			}
		})
	}
}

func TestProbesAndUnroutedPaths(t *testing.T) {
	s := start(t, Options{})
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/": 404, "/score/": 404, "/score": 405} {
		t.Run(path, func(t *testing.T) {
			res, err := s.Client().Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%d", res.StatusCode)
			}
			if want >= 400 {
				wantProblem(t, path, res.StatusCode, res.Header, body, want, map[int]string{404: "not_found", 405: "method_not_allowed"}[want])
			}
		})
	}
}

// loading is an engine whose model is not there yet.
type loading struct{ stub }

func (loading) Ready() bool { return false }

func TestNotReadyAnswers503(t *testing.T) {
	h, err := New(Options{Engine: loading{}, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{http.MethodGet, "/readyz"}, {http.MethodPost, "/score"}} {
		t.Run(c[1], func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(c[0], c[1], strings.NewReader("{}"))
			r.Header.Set("Authorization", "Bearer "+testKey)
			h.ServeHTTP(w, r)
			wantProblem(t, c[1], w.Code, w.Header(), w.Body.Bytes(), 503, "not_ready")
			if w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestBodyIsLimited(t *testing.T) {
	s := start(t, Options{})
	status, h, body := post(t, s, `{"prompt":"`+strings.Repeat("x", maxBody)+`"}`)
	wantProblem(t, "large", status, h, body, 413, "body_too_large")
	status, h, body = post(t, s, `{} {}`)
	wantProblem(t, "two values", status, h, body, 400, "malformed_body")
}

func TestStubNeverFetches(t *testing.T) {
	blobs := newBlobServer(t)
	s := start(t, Options{})
	status, _, body := post(t, s, `{"input_image_sas":"`+blobs.URL+`/x","width":30,"height":20}`)
	var res score.Response
	if err := json.Unmarshal(body, &res); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	m, err := imaging.DecodeOwn(res.ImageBytes)
	if err != nil || m.Rect.Dx() != 30 || m.Rect.Dy() != 20 {
		t.Errorf("picture: %v %v", m.Rect, err)
	}
	if _, ok := res.Meta.Box(); ok || res.Meta.Note != stubNote || blobs.count() != 0 {
		t.Errorf("meta %+v, %d fetches", res.Meta, blobs.count())
	}
}

// slow is an engine that works until it is let go.
type slow struct {
	stub
	began chan struct{}
	let   chan struct{}
}

func (e slow) Place(ctx context.Context, w Work) (*Picture, error) {
	e.began <- struct{}{}
	select {
	case <-e.let:
		return e.stub.Place(ctx, w)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestBusyServiceAnswers429(t *testing.T) {
	e := slow{began: make(chan struct{}, 9), let: make(chan struct{})}
	service, err := newService(Options{Engine: e, Key: testKey, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(service.routes())
	t.Cleanup(s.Close)
	const small = `{"width":8,"height":8}`
	statuses := make(chan int, 9)
	for range 1 + defaultWaiting {
		go func() { status, _, _ := post(t, s, small); statuses <- status }()
	}
	<-e.began
	for service.gate.admitted.TryAcquire(1) { // until the others wait
		service.gate.admitted.Release(1)
		time.Sleep(time.Millisecond)
	}
	status, h, body := post(t, s, small)
	wantProblem(t, "busy", status, h, body, 429, "busy")
	if h.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", h.Get("Retry-After"))
	}
	close(e.let)
	for range 1 + defaultWaiting {
		if got := <-statuses; got != 200 {
			t.Errorf("a request that waited got %d", got)
		}
	}
}

func TestWaitingEndsWithTheCaller(t *testing.T) {
	g := newGate(1, 1)
	leave, err := g.enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went away: %v", err)
	}
	leave()
	if !g.admitted.TryAcquire(2) || !g.working.TryAcquire(1) {
		t.Error("places are still taken")
	}
}

func TestSlowEngineTimesOut(t *testing.T) {
	e := slow{began: make(chan struct{}, 9), let: make(chan struct{})}
	s := start(t, Options{Engine: e, Timeout: 20 * time.Millisecond})
	status, h, body := post(t, s, `{"width":8,"height":8}`)
	wantProblem(t, "timeout", status, h, body, 503, "timeout")
}

// failing is an engine with a defect.
type failing struct{ stub }

func (failing) Place(context.Context, Work) (*Picture, error) {
	return nil, errors.New("secret internals")
}

func TestDefectsStayInTheLog(t *testing.T) {
	var log bytes.Buffer
	s := start(t, Options{Engine: failing{}, Logger: zerolog.New(zerolog.SyncWriter(&log))})
	status, h, body := post(t, s, `{"tenant_id":"t-1","job_id":"j-1","item_id":"i-1"}`)
	wantProblem(t, "defect", status, h, body, 500, "internal")
	if bytes.Contains(body, []byte("secret")) {
		t.Errorf("the answer shows internals: %s", body)
	}
	s.Close()
	for _, want := range []string{"secret internals", `"correlation_id":"c-1"`, `"tenant_id":"t-1"`, `"job_id":"j-1"`, `"item_id":"i-1"`} {
		t.Run(want, func(t *testing.T) {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks it: %s", log.String())
			}
		})
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	blobs := newBlobServer(t)
	var log bytes.Buffer
	s := start(t, Options{Engine: studioEngine(), Logger: zerolog.New(zerolog.SyncWriter(&log))})
	for name, in := range map[string]string{
		"a picture": blobs.put("/mug.png", mug(t, 80, 60)), "a picture that is gone": blobs.URL + "/none?sig=SIGNATURE",
		"a host that is down": "http://127.0.0.1:1/x?sig=SIGNATURE",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, body := post(t, s, `{"width":64,"height":64,"input_image_sas":"`+in+`","output_image_sas":"`+blobs.URL+`/o`+url.QueryEscape(in)+`?sig=SIGNATURE"}`)
			if bytes.Contains(body, []byte("SIGNATURE")) {
				t.Errorf("%s", body)
			}
		})
	}
	s.Close()
	if s := log.String(); strings.Contains(s, "SIGNATURE") || strings.Contains(s, testKey) || !strings.Contains(s, "Scored image") {
		t.Error(s)
	}
}

func TestStatusesOfKinds(t *testing.T) {
	for k, want := range map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 422, fault.Malformed: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.TooLarge: 413,
		fault.RateLimited: 429, fault.Unavailable: 503,
	} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			if got := statusOf(k); got != want {
				t.Errorf("%d, want %d", got, want)
			}
		})
	}
}
