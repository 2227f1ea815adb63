package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// documented watches the answers to a test's calls: an error that the document
// doesn't name for its call fails the test. Every test of this package makes its
// calls through it, so operations' errors can't fall behind what the handlers return.
func documented(t testing.TB, s *server, h http.Handler) http.Handler {
	t.Helper()
	byPattern := map[string]*route{}
	mux := http.NewServeMux()
	for _, rt := range s.routes {
		if rt.ID == "" {
			continue // a page, not an operation
		}
		pattern := rt.Method + " " + rt.Path
		byPattern[pattern] = rt
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var rt *route
		if r.URL != nil && r.Method != http.MethodHead { // HEAD has no operation of its own
			_, pattern := mux.Handler(r)
			rt = byPattern[pattern]
		}
		if rt == nil {
			h.ServeHTTP(w, r)
			return
		}
		seen := &seenAnswer{ResponseWriter: w}
		defer seen.check(t, rt)
		h.ServeHTTP(seen, r)
	})
}

// seenAnswer keeps an answer's status, and its body where it is a problem.
type seenAnswer struct {
	http.ResponseWriter
	status int
	body   []byte
}

// Unwrap lets the server's deadlines and flushes through.
func (s *seenAnswer) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader keeps the status.
func (s *seenAnswer) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Write keeps a problem's body.
func (s *seenAnswer) Write(b []byte) (int, error) {
	if s.status >= http.StatusBadRequest {
		s.body = append(s.body, b...)
	}
	return s.ResponseWriter.Write(b)
}

// check fails the test for an error that the document doesn't have for the call.
func (s *seenAnswer) check(t testing.TB, rt *route) {
	if s.status < http.StatusBadRequest {
		return
	}
	if rt.Path == readyPath && s.status == http.StatusServiceUnavailable {
		return // its answer is a report with either status
	}
	kind, _, _ := mime.ParseMediaType(s.Header().Get("Content-Type"))
	var p client.Problem
	if err := json.Unmarshal(s.body, &p); kind != problemType || err != nil {
		t.Errorf("%s answers %d as %q with %.200q, want a problem: %v", rt.ID, s.status, kind, s.body, err)
		return
	}
	if !slices.ContainsFunc(errorsOf(rt)[s.status], func(e *fault.Error) bool { return e.Code == p.Code }) {
		t.Errorf("%s answers %d %s, which the document doesn't name for it: add it to its row in operations.go", rt.ID, s.status, p.Code)
	}
}
