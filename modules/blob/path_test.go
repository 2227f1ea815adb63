package blob_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
)

func TestCleanKeepsNamesRecognisableAndSafe(t *testing.T) {
	for in, want := range map[string]string{
		"Red Bag (1).JPG": "Red_Bag__1.JPG", "../../etc/passwd": "passwd", `C:\x\y.png`: "y.png", "漢字.webp": "photo.webp",
		"..": "photo", "": "photo", "a.b.c.jpg": "a.b.c.jpg", "x\x00y.jpg": "xy.jpg", ".jpg": "photo.jpg",
		strings.Repeat("a", 300) + ".jpeg": strings.Repeat("a", 80) + ".jpeg",
	} {
		t.Run(strconv.Quote(in), func(t *testing.T) {
			if got := blob.Clean(in); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a.jpg", "../x", "a\\b", "%2e%2e%2f", "CON.jpg ", "ä\u202e.gpj"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := blob.Clean(s)
		if err := blob.CheckName("t/" + c); err != nil || strings.Contains(c, "/") {
			t.Fatalf("%q gave %q: %v", s, c, err)
		}
	})
}

func TestRawPathsAreFresh(t *testing.T) {
	a, err := blob.RawPath("t", "j", "i", "x.jpg")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := blob.RawPath("t", "j", "i", "x.jpg")
	if a == b || !strings.HasPrefix(a, "t/j/i/") || !strings.HasSuffix(a, "/x.jpg") {
		t.Fatalf("%s %s", a, b)
	}
	if _, err := blob.RawPath("../t", "j", "i", "x"); !errors.Is(err, blob.ErrName) {
		t.Fatal(err)
	}
}
