package batch

import (
	"context"
	"errors"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
)

// TestAPlateNamedTwiceIsOneBackground names one by two ways, another of its name, and what is none.
func TestAPlateNamedTwiceIsOneBackground(t *testing.T) {
	t.Chdir(t.TempDir())
	saved(t, "table.png", image.NewNRGBA(image.Rect(0, 0, 8, 8)), imaging.PNG)
	saved(t, "Table.png", image.NewNRGBA(image.Rect(0, 0, 9, 8)), imaging.PNG)
	prepare := func(context.Context, []byte) (pipeline.Plate, error) { return pipeline.Plate{}, nil }
	plates, scenes, err := ReadPlates(t.Context(), []string{"table.png", "./table.png", "Table.png", "table.png"}, prepare)
	if err != nil || len(plates) != 2 || !slices.Equal(scenes, []string{"plate:table", "plate:Table-2"}) {
		t.Errorf("%q, %v", scenes, err)
	}
	if err := os.WriteFile("empty.png", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("junk.png", []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	inspecting := func(_ context.Context, b []byte) (pipeline.Plate, error) {
		_, err := imagefile.Inspect(b)
		return pipeline.Plate{}, err
	}
	for name, says := range map[string]string{"gone.png": "no such file", ".": "is a folder", "empty.png": "it is empty", "junk.png": "junk.png: "} {
		if _, _, err := ReadPlates(t.Context(), []string{name}, inspecting); !errors.Is(err, errPlateFile) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
