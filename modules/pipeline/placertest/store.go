package placertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/pipeline"
)

// Store is artifacts in memory, with URLs on loopback for engines that fetch.
type Store struct {
	URL string // of its server: "http://host:port"

	pipeline.Memory
}

// NewStore starts a store.
func NewStore(t testing.TB) *Store {
	t.Helper()
	s := &Store{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Host is the store's address without its scheme.
func (s *Store) Host() string { return strings.TrimPrefix(s.URL, "http://") }

// ReadURL is where they can be fetched.
func (s *Store) ReadURL(_ context.Context, path string) (string, error) {
	return s.URL + "/" + path, nil
}

// UploadURL is where they can be put.
func (s *Store) UploadURL(_ context.Context, step, ext string) (url, path string, err error) {
	path = s.Name(step, ext)
	return s.URL + "/" + path, path, nil
}

// ServeHTTP is the store's server.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method == http.MethodPut {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cut off", http.StatusBadRequest)
			return
		}
		s.Set(path, b)
		w.WriteHeader(http.StatusCreated)
		return
	}
	b, err := s.Get(r.Context(), path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(b)
}
