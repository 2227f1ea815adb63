package mcp

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFilesAreReadBelowTheFoldersAlone(t *testing.T) {
	base := t.TempDir()
	in, beside := filepath.Join(base, "in"), filepath.Join(base, "in-beside")
	for _, dir := range []string{filepath.Join(in, "sub"), beside} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(in, "a.jpg"), []byte("a"))
	write(t, filepath.Join(in, "sub", "b.jpg"), []byte("b"))
	write(t, filepath.Join(in, "empty.jpg"), nil)
	write(t, filepath.Join(in, "..hidden"), []byte("h"))
	write(t, filepath.Join(beside, "secret"), []byte("s"))
	write(t, filepath.Join(base, "secret"), []byte("s"))
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(in, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("../secret", "up")
	link(filepath.Join(base, "secret"), "absolute")
	link("../in-beside", "folder")
	link("sub/b.jpg", "inside")
	link("loop", "loop")
	link("/dev/zero", "zero")
	if err := syscall.Mkfifo(filepath.Join(in, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(in, "big.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(maxPhoto + 1); err != nil {
		t.Fatal(err)
	}
	_ = big.Close()
	f := folders(t, in, "")
	for name, want := range map[string]string{
		"a.jpg": "a", "./sub/../a.jpg": "a", filepath.Join(in, "a.jpg"): "a", "sub/b.jpg": "b", "inside": "b", "..hidden": "h",
	} {
		t.Run("read "+filepath.Base(name), func(t *testing.T) {
			b, err := f.read(name)
			if err != nil || string(b) != want {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
	for name, want := range map[string]string{
		"../secret": "not below", "sub/../../secret": "not below", filepath.Join(base, "secret"): "not below", filepath.Join(beside, "secret"): "not below",
		"/etc/passwd": "not below", "up": "leads out", "absolute": "leads out", "folder/secret": "leads out", "zero": "leads out", "loop": "leads out",
		"pipe": "not a file", "sub": "not a file", "big.jpg": "25 MB", "missing.jpg": "there is no", "": "not below", "a.jpg\x00": "leads out", strings.Repeat("a", 5000): "leads out",
	} {
		t.Run("refuse "+strings.ReplaceAll(name, "/", "_")[:min(len(name), 20)], func(t *testing.T) {
			b, err := f.read(name)
			if err == nil {
				t.Fatalf("it was read: %.20q", b)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			if f.look(name) == nil {
				t.Error("look lets it pass")
			}
		})
	}
	if err := f.look("empty.jpg"); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
}

func TestSavedNamesAreHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"mug": "mug", "../../etc/passwd": "etc-passwd", "": "picture", "...": "picture", "-rf": "rf", "a\x00b": "a-b", "Grüße": "Gr-e", "con\n": "con",
		strings.Repeat("a", 500): strings.Repeat("a", 80),
	} {
		t.Run(want, func(t *testing.T) {
			if got := safe(in); got != want {
				t.Errorf("%q became %q", in, got)
			}
		})
	}
}
