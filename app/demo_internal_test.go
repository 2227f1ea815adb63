package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/client"
)

// zipOf returns a ZIP of the files and a manifest that lists them.
func zipOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	lines := []map[string]string{}
	for _, n := range append(names, "manifest.json") {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if n == "manifest.json" {
			if err := json.NewEncoder(w).Encode(lines); err != nil {
				t.Fatal(err)
			}
			continue
		}
		lines = append(lines, map[string]string{"file": n})
		if _, err := w.Write([]byte("picture " + n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// serveParts is an API that has the parts of a job's ZIP.
func serveParts(t *testing.T, parts ...[]byte) *demo {
	t.Helper()
	var base string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/downloads/jobs/j/export" {
			var d client.ExportDownload
			for i, p := range parts {
				d.Parts = append(d.Parts, client.ExportPart{URL: fmt.Sprintf("%s/part/%d", base, i), Bytes: int64(len(p))})
			}
			d.DownloadURL = d.Parts[0].URL
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(d)
			return
		}
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/part/%d", &i); err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(parts[i])
	}))
	t.Cleanup(srv.Close)
	base = srv.URL
	c, err := client.New(base, client.Options{Tenant: "default"})
	if err != nil {
		t.Fatal(err)
	}
	return &demo{api: c, out: t.TempDir(), log: &strings.Builder{}}
}

func TestDemoFetchesAllPartsOfAZIP(t *testing.T) {
	d := serveParts(t, zipOf(t, "etsy/a.jpg", "web_thumb/a.webp"), zipOf(t, "etsy/b.jpg"), zipOf(t, "review/etsy/кружка.jpg"))
	if _, err := d.fetch(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	var got []string
	to := filepath.Join(d.out, "j")
	if err := fs.WalkDir(os.DirFS(to), ".", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			got = append(got, p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"etsy/a.jpg", "etsy/b.jpg", "manifest.json", "review/etsy/кружка.jpg", "web_thumb/a.webp"}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	b, err := os.ReadFile(filepath.Join(to, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]string
	if err := json.Unmarshal(b, &lines); err != nil || len(lines) != 4 {
		t.Errorf("the manifest has %d lines, want 4: %v", len(lines), err)
	}
}

// A ZIP whose names lead out of the folder writes nothing there.
func TestDemoStaysInItsFolder(t *testing.T) {
	for _, name := range []string{"../gone.txt", "/gone.txt", "a/../../gone.txt"} {
		t.Run(name, func(t *testing.T) {
			d := serveParts(t, zipOf(t, name))
			if _, err := d.fetch(t.Context(), "j"); err == nil {
				t.Error("no error")
			}
			if _, err := os.Stat(filepath.Join(d.out, "gone.txt")); err == nil {
				t.Error("a file lies outside the job's folder")
			}
		})
	}
}
