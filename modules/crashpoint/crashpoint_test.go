package crashpoint_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/crashpoint"
)

// Every point is reached somewhere, and the list holds every one.
func TestEveryPointIsReached(t *testing.T) {
	declared, err := os.ReadFile("points.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // constant -> point
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+= "([a-z.]+)"`).FindAllStringSubmatch(string(declared), -1) {
		names[m[1]] = m[2]
	}
	listed := map[string]bool{}
	for _, p := range crashpoint.Points() {
		listed[p] = true
	}
	reached := map[string]bool{}
	call := regexp.MustCompile(`crashpoint\.Reach\(crashpoint\.(\w+)\)`)
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range call.FindAllStringSubmatch(string(b), -1) {
			reached[names[m[1]]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for constant, p := range names {
		t.Run(constant, func(t *testing.T) {
			if !listed[p] {
				t.Error("is not in Points")
			}
			if !reached[p] {
				t.Error("nothing reaches it")
			}
		})
	}
	if len(listed) != len(names) {
		t.Errorf("Points has %d points, %d are declared", len(listed), len(names))
	}
}
