package mcp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// withHeader adds a header to each call.
type withHeader struct{ name, value string }

// RoundTrip sends it.
func (h withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(h.name, h.value)
	return http.DefaultTransport.RoundTrip(r)
}

// TestReplicasAnswerOneClient lets two replicas answer one client's calls in turn.
func TestReplicasAnswerOneClient(t *testing.T) {
	api := &fakeAPI{price: 50}
	handlers := []http.Handler{Handler(HTTPOptions{API: func() http.Handler { return api }}), Handler(HTTPOptions{API: func() http.Handler { return api }})}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[n.Add(1)%2].ServeHTTP(w, r)
	}))
	defer server.Close()
	session := func(key, query string) *sdk.ClientSession {
		t.Helper()
		s, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{
			Endpoint: server.URL + query, HTTPClient: &http.Client{Transport: withHeader{"X-API-Key", key}}, DisableStandaloneSSE: true, MaxRetries: -1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	s := session("writer", "")
	var made Created
	if _, text := use(t, s, "create_pictures", map[string]any{"items": []any{map[string]any{"filename": "mug.jpg"}}}, &made); text != "" || made.Items[0].UploadURL == "" || !strings.Contains(made.Next, "PUT") {
		t.Errorf("%+v %s", made, text)
	}
	if _, text := use(t, s, "start_job", JobID{"j1"}, nil); text != "" {
		t.Error(text)
	}
	for name, reader := range map[string]*sdk.ClientSession{"by its scope": session("reader", ""), "as it asks": session("writer", "?read_only=1")} {
		t.Run(name, func(t *testing.T) {
			if _, text := use(t, reader, "create_pictures", map[string]any{"items": []any{map[string]any{"filename": "mug.jpg"}}}, nil); !strings.Contains(text, "unknown tool") {
				t.Errorf("%q", text)
			}
			if _, text := use(t, reader, "wait_for_job", Wait{JobID: "j1"}, nil); text != "" {
				t.Error(text)
			}
		})
	}
}

func TestStrangersAndOtherSitesAreRefused(t *testing.T) {
	h := Handler(HTTPOptions{API: func() http.Handler { return &fakeAPI{} }})
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	for name, c := range map[string]struct {
		body   string
		header map[string]string
		status int
		want   string
	}{
		"bad key":      {list, map[string]string{"X-API-Key": "bad"}, http.StatusUnauthorized, "api_key_invalid"},
		"other site":   {list, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden, ""},
		"as a form":    {list, map[string]string{"Content-Type": "text/plain"}, http.StatusUnsupportedMediaType, ""},
		"not JSON":     {"{", nil, http.StatusBadRequest, ""},
		"huge":         {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", maxRequest) + `"}`, nil, http.StatusRequestEntityTooLarge, ""},
		"a good call":  {list, nil, http.StatusOK, "create_pictures"},
		"smuggled key": {list, map[string]string{"X-API-Key": "reader"}, http.StatusOK, "wait_for_job"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://opal.example/mcp", strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			b, _ := io.ReadAll(w.Body)
			if w.Code != c.status || !strings.Contains(string(b), c.want) {
				t.Errorf("%d %.300s", w.Code, b)
			}
		})
	}
}
