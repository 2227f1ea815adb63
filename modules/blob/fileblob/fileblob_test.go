package fileblob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/blobtest"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/telemetry"
)

func open(t testing.TB) (blobtest.Harness, string) {
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	dir := filepath.Join(t.TempDir(), "blobs")
	s, err := fileblob.Open(fileblob.Options{Dir: dir, BaseURL: srv.URL + "/blobs", Key: []byte("key"), Origins: []string{"https://shop.example"}})
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
	for name, edited := range map[string]string{
		"more bytes": strings.Replace(u, "ml=1000", "ml=9000", 1), "a second limit": u + "&ml=9000",
		"a later end": strings.Replace(u, "se=", "se=9", 1), "another right": strings.Replace(u, "sp=c", "sp=r", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if res := put(t, h, edited, []byte("x")); res.StatusCode != http.StatusForbidden {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
}

func BenchmarkStore(b *testing.B) {
	blobtest.Benchmark(b, func(b *testing.B) blob.Store { h, _ := open(b); return h.Store })
}

func TestPagesOfAllowedOriginsUseSignedURLs(t *testing.T) {
	h, _ := open(t)
	u, err := h.Store.UploadURL(t.Context(), "raw", "t/cors", time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, origin string, body []byte, asks bool) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, u, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		if asks {
			req.Header.Set("Access-Control-Request-Method", "PUT")
			req.Header.Set("Access-Control-Request-Headers", "x-ms-blob-type")
		} else {
			req.Header.Set("x-ms-blob-type", "BlockBlob")
		}
		res, err := h.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	res := do("OPTIONS", "https://shop.example", nil, true)
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "PUT") || !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "x-ms-blob-type") {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
	if res := do("OPTIONS", "https://evil.example", nil, true); res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another page: %d %v", res.StatusCode, res.Header)
	}
	if res := do("OPTIONS", "https://shop.example", nil, false); res.StatusCode != 405 {
		t.Errorf("OPTIONS that asks nothing: %d", res.StatusCode)
	}
	if res := do("PUT", "https://evil.example", []byte("x"), false); res.StatusCode != 201 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a browser sends it only after a preflight, a program may: %d %v", res.StatusCode, res.Header)
	}
	if res := do("PUT", "https://shop.example", []byte("x"), false); res.StatusCode != 409 || res.Header.Get("Access-Control-Allow-Origin") == "" ||
		!strings.Contains(res.Header.Get("Access-Control-Expose-Headers"), "x-ms-error-code") {
		t.Errorf("an answer that the page may read: %d %v", res.StatusCode, res.Header)
	}
}

// TestAnAbortedUploadIsTheSendersFault cuts connections in the middle of a PUT.
func TestAnAbortedUploadIsTheSendersFault(t *testing.T) {
	dir := t.TempDir()
	s, err := fileblob.Open(fileblob.Options{Dir: dir, BaseURL: "http://127.0.0.1:1/blobs", Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.EnsureContainers(t.Context(), "raw"); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	for name, body := range map[string]io.Reader{
		"cut off": io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"reset":   io.MultiReader(strings.NewReader("half"), iotest.ErrReader(syscall.ECONNRESET)),
		"slow":    io.MultiReader(strings.NewReader("half"), iotest.ErrReader(os.ErrDeadlineExceeded)),
	} {
		t.Run(name, func(t *testing.T) {
			u, err := s.UploadURL(t.Context(), "raw", "t/"+strings.ReplaceAll(name, " ", "-"), time.Minute, 1000)
			if err != nil {
				t.Fatal(err)
			}
			req := httptest.NewRequest(http.MethodPut, strings.TrimPrefix(u, "http://127.0.0.1:1/blobs"), body)
			req = req.WithContext(telemetry.WithLogger(req.Context(), zerolog.New(&log)))
			req.Header.Set("x-ms-blob-type", "BlockBlob")
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, req)
			if w.Code != 400 || !strings.Contains(w.Body.String(), "upload_aborted") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	if log.Len() > 0 {
		t.Errorf("logged as ours: %s", &log)
	}
}

// folders lists what is below a directory.
func folders(t *testing.T, dir string) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && p != dir {
			rel, _ := filepath.Rel(dir, p)
			dirs = append(dirs, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func TestDeletionLeavesNoEmptyFolders(t *testing.T) {
	dir := t.TempDir()
	o := fileblob.Options{Dir: dir, BaseURL: "http://127.0.0.1:1/b", Key: []byte("k")}
	s, err := fileblob.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"t/j1/i1/cutout/a1.png", "t/j1/i1/place/a1.jpg", "t/j2/" + strings.Repeat("A", 110) + "/a.png"}
	for _, n := range names {
		if err := s.Put(t.Context(), "outputs", n, []byte("x"), blob.PutOptions{ContentType: "image/png"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "outputs", names[0]); err != nil {
		t.Fatal(err)
	}
	if got := folders(t, dir); !slices.Contains(got, "outputs/t/j1/i1/place") || slices.Contains(got, "outputs/t/j1/i1/cutout") {
		t.Errorf("after one of three: %v", got)
	}
	for _, n := range names {
		if err := s.Delete(t.Context(), "outputs", n); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"outputs"}, folders(t, dir)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	// files that earlier releases left are removed when the store is opened
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "raw/t/j/i"), 0o700), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = fileblob.Open(o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"outputs", "raw"}, folders(t, dir)); diff != "" {
		t.Errorf("after opening, want -, got +:\n%s", diff)
	}
}

func TestAFolderThatGoesFailsNoWriter(t *testing.T) {
	o := fileblob.Options{Dir: t.TempDir(), BaseURL: "http://127.0.0.1:1/b", Key: []byte("k")}
	s, err := fileblob.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var g sync.WaitGroup
	for i := range 4 {
		g.Go(func() {
			for range 200 {
				name := fmt.Sprintf("t/j/i/%d.png", i)
				if err := s.Put(t.Context(), "outputs", name, []byte("x"), blob.PutOptions{}); err != nil {
					t.Error(err)
				}
				if err := s.Delete(t.Context(), "outputs", name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	g.Go(func() { // another process opens the same folder
		for range 50 {
			other, err := fileblob.Open(o)
			if err != nil {
				t.Error(err)
				return
			}
			_ = other.Close()
		}
	})
	g.Wait()
}
