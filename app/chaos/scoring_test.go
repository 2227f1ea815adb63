package chaos_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// scorer stands before the scoring service and answers in its place as long as
// it has another answer.
type scorer struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	watch  atomic.Pointer[func(body []byte)] // sees each request before it is answered
	calls  atomic.Int64                      // that it answered itself
}

func newScorer(t *testing.T, upstream string) *scorer {
	t.Helper()
	target, err := url.Parse("http://" + upstream)
	if err != nil {
		t.Fatal(err)
	}
	s := &scorer{}
	through := httputil.NewSingleHostReverseProxy(target)
	through.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see := s.watch.Load(); see != nil && r.URL.Path == "/score" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			(*see)(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if h := s.answer.Load(); h != nil && r.URL.Path == "/score" {
			s.calls.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			(*h)(w, r)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// answers has the scorer answer so until the function is called.
func (s *scorer) answers(h http.HandlerFunc) (end func()) {
	s.answer.Store(&h)
	return func() { s.answer.Store(nil) }
}

const gibibyte = 1 << 30

// zeros is an endless body.
type zeros struct{}

// Read writes zeros.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// badAnswers returns answers of a scoring service that are not a picture.
func badAnswers() []struct {
	name string
	do   http.HandlerFunc
} {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, "no", code)
		}
	}
	return []struct {
		name string
		do   http.HandlerFunc
	}{
		{"slow", func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(15 * time.Second):
			case <-r.Context().Done():
			}
			http.Error(w, "no", http.StatusInternalServerError)
		}},
		{"429 with Retry-After", status(http.StatusTooManyRequests, "Retry-After", "3")},
		{"500", status(http.StatusInternalServerError)},
		{"424", status(http.StatusFailedDependency, "ms-azureml-model-error-statuscode", "500")},
		{"hung up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.CopyN(w, rand.Reader, 4<<10)
		}},
		{"a body of 1 GiB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"image_bytes_b64":"`)
			_, _ = io.CopyN(w, zeros{}, gibibyte)
		}},
		{"a gzip bomb of 1 GiB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, gibibyte)
			_ = z.Close()
		}},
		{"no picture", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"image_bytes_b64":%q,"meta":{"engine":"x","seed":1,"width":64,"height":64,"product_box":[0,0,64,64]}}`,
				base64.StdEncoding.EncodeToString([]byte("this is no picture")))
		}},
	}
}
