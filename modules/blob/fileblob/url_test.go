package fileblob

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
)

func testStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, BaseURL: "http://127.0.0.1/blobs", Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Whatever a request's path and query hold, only signed URLs are accepted.
func FuzzSignedURL(f *testing.F) {
	s := testStore(f, f.TempDir())
	signed, err := s.UploadURL(f.Context(), "raw", "t/j/photo.jpg", time.Minute, 1000)
	if err != nil {
		f.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		f.Fatal(err)
	}
	good := strings.TrimPrefix(u.Path, "/blobs")
	f.Add(good, u.RawQuery)
	f.Add("/raw/../x", u.RawQuery)
	f.Add("/raw/t/j/photo.jpg", "sp=c&se=99999999999&ml=1&sig=")
	f.Add("//raw/t", "sig=%ff&sig=2")
	f.Fuzz(func(t *testing.T, path, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		g, err := s.url.check(path, q)
		if err != nil {
			return
		}
		if g.container != "raw" || g.name != "t/j/photo.jpg" || g.permission != permitCreate || g.limit != 1000 {
			t.Fatalf("%q?%q lets in %+v", path, query, g)
		}
	})
}

func TestWhatDeadWritersLeftIsSweptWhenTheStoreOpens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := testStore(t, dir)
	if err := s.Put(t.Context(), "raw", "t/kept", []byte("x"), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(dir, "raw", "t", partialPrefix+"old"), filepath.Join(dir, "raw", "t", partialPrefix+"fresh")
	for _, p := range []string{old, fresh} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	again := testStore(t, dir)
	if _, err := os.Stat(old); err == nil {
		t.Error("an old half file is still there")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a file that somebody may be writing is gone")
	}
	if _, err := again.Head(t.Context(), "raw", "t/kept"); err != nil {
		t.Error(err)
	}
}
