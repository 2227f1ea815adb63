package fileblob_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/blobtest"
	"github.com/opal-photo/opal/modules/blob/fileblob"
)

func open(t testing.TB) (blobtest.Harness, string) {
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	dir := filepath.Join(t.TempDir(), "blobs")
	s, err := fileblob.Open(fileblob.Options{Dir: dir, BaseURL: srv.URL + "/blobs", Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.EnsureContainers(context.Background(), "raw", "outputs"); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/blobs/", http.StripPrefix("/blobs", s.Handler()))
	return blobtest.Harness{Store: blob.Retry(s), Client: srv.Client()}, dir
}

func TestSuite(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Harness { h, _ := open(t); return h })
}

func put(t *testing.T, h blobtest.Harness, url string, body []byte) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := h.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestTooLargeAnUploadLeavesNothing(t *testing.T) {
	h, dir := open(t)
	u, err := h.Store.UploadURL(t.Context(), "raw", "t/big", time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if res := put(t, h, u, make([]byte, 1001)); res.StatusCode != http.StatusRequestEntityTooLarge || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	left := 0
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			left++
		}
		return nil
	})
	if left != 0 {
		t.Fatalf("%d files are left", left)
	}
	if res := put(t, h, u, make([]byte, 1000)); res.StatusCode != http.StatusCreated {
		t.Fatalf("the allowed size: %d", res.StatusCode)
	}
}

func TestAnUploadWithARaisedLimitIsRefused(t *testing.T) {
	h, _ := open(t)
	u, err := h.Store.UploadURL(t.Context(), "raw", "t/big", time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, edited := range []string{strings.Replace(u, "ml=1000", "ml=9000", 1), u + "&ml=9000", strings.Replace(u, "se=", "se=9", 1), strings.Replace(u, "sp=c", "sp=r", 1)} {
		if res := put(t, h, edited, []byte("x")); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", edited, res.StatusCode)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	blobtest.Benchmark(b, func(b *testing.B) blob.Store { h, _ := open(b); return h.Store })
}
