//go:build unix

package batch

import (
	"context"
	"errors"
	"image"
	"strings"
	"syscall"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
)

// Pipes that lie beside photos and plates are not waited for: nobody may ever write into them.
func TestPipesAreNotWaitedFor(t *testing.T) {
	t.Chdir(t.TempDir())
	pipe := func(name string) {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Skip(err) // this disk has none
		}
	}
	saved(t, "table.png", image.NewNRGBA(image.Rect(0, 0, 8, 8)), imaging.PNG)
	saved(t, "wall.png", image.NewNRGBA(image.Rect(0, 0, 9, 8)), imaging.PNG)
	pipe("table.png.json")
	pipe("wall.json") // where people put it by mistake
	pipe("._a.jpg")
	prepare := func(context.Context, []byte) (pipeline.Plate, error) { return pipeline.Plate{}, nil }
	if _, _, err := ReadPlates(t.Context(), []string{"table.png"}, prepare); !errors.Is(err, errPlateFile) || !strings.Contains(err.Error(), "table.png.json") {
		t.Errorf("a pipe corrects a plate: %v", err)
	}
	if _, _, err := ReadPlates(t.Context(), []string{"wall.png"}, prepare); err != nil {
		t.Error(err)
	}
	if isAppleDouble("._a.jpg") {
		t.Error("a pipe is a file of macOS")
	}
	if likely("wall.json") {
		t.Error("a pipe is a result of OPAL's")
	}
	if _, _, _, err := ReadProducts("wall.json"); !errors.Is(err, ErrProducts) || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a pipe as a list of products: %v", err)
	}
	if _, err := (&checking{}).fromCSV("wall.json"); !errors.Is(err, errCSV) {
		t.Errorf("a pipe as a list of pictures: %v", err)
	}
	if _, err := read(t.Context(), nil, "wall.json", 9); !errors.Is(err, ErrNotAFile) {
		t.Errorf("a pipe as a photo: %v", err)
	}
}
