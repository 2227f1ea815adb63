package batch

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
)

func TestFind(t *testing.T) {
	place(t, "in/b.JPG", "in/a.png", "in/deep/c.webp", "in/.git/d.jpg", "in/__MACOSX/e.jpg", "named.txt")
	for name, body := range map[string]string{"in/notes.txt": "x", "in/._a.png": "\x00\x05\x16\x07rest", "in/report.json": "{}"} {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"in/link.jpg": "../named.txt", "in/nowhere.jpg": "gone", "in/twice.jpg": "b.JPG", "loop": "in"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("empty/within", 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := Find([]string{"in", "in/a.png", "./in/", "loop", "named.txt", "empty", "gone.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	var photos []string
	codes := map[string]string{}
	for _, p := range got.Photos {
		photos = append(photos, p.Path)
		if p.Err != nil {
			codes[p.Path] = fault.CodeOf(p.Err)
		}
	}
	// a folder's files by name; what was found is not found again
	if d := cmp.Diff([]string{"in/a.png", "in/b.JPG", "in/deep/c.webp", "in/link.jpg", "in/nowhere.jpg", "gone.jpg"}, photos[:min(6, len(photos))]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"in/nowhere.jpg": "not_found", "gone.jpg": "not_found"}, codes); d != "" {
		t.Errorf("codes (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"empty: no pictures in it"}, got.Notes); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	if len(got.Reports) == 0 || got.Reports[0] != filepath.Join("in", "report.json") {
		t.Errorf("reports %v", got.Reports)
	}
}

func TestNothingIsFound(t *testing.T) {
	place(t)
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Find([]string{"empty"}); fault.CodeOf(err) != "no_pictures" {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	place(t)
	if err := syscall.Mkfifo("pipe.jpg", 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Find([]string{"pipe.jpg"})
	if err != nil || len(got.Photos) != 1 || fault.CodeOf(got.Photos[0].Err) != "not_a_file" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := read(t.Context(), nil, "pipe.jpg", 100); fault.CodeOf(err) != "not_a_file" { // and waits for no writer
		t.Errorf("%v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	place(t, "a.jpg")
	if _, err := read(t.Context(), nil, "a.jpg", 10); fault.CodeOf(err) != "image_too_large" {
		t.Errorf("%v", err)
	}
}
