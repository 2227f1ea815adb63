package placertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

// Store is artifacts in memory, with URLs on loopback for engines that fetch.
type Store struct {
	URL string // of its server: "http://host:port"

	mu    sync.Mutex
	blobs map[string][]byte
	named int
}

var errMissing = fault.New(fault.NotFound, "blob_not_found", "There is no such picture")

// NewStore starts a store.
func NewStore(t testing.TB) *Store {
	t.Helper()
	s := &Store{blobs: map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Host is the store's address without its scheme.
func (s *Store) Host() string { return strings.TrimPrefix(s.URL, "http://") }

func (s *Store) name(step, ext string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named++
	return fmt.Sprintf("%d-%s.%s", s.named, step, ext)
}

// Put keeps bytes.
func (s *Store) Put(_ context.Context, step, ext, _ string, body []byte) (string, error) {
	path := s.name(step, ext)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[path] = body
	return path, nil
}

// Get returns them.
func (s *Store) Get(_ context.Context, path string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blobs[path]
	if !ok {
		return nil, errMissing.With("%s", path)
	}
	return b, nil
}

// ReadURL is where they can be fetched.
func (s *Store) ReadURL(_ context.Context, path string) (string, error) {
	return s.URL + "/" + path, nil
}

// UploadURL is where they can be put.
func (s *Store) UploadURL(_ context.Context, step, ext string) (url, path string, err error) {
	path = s.name(step, ext)
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
		s.mu.Lock()
		defer s.mu.Unlock()
		s.blobs[path] = b
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
