package picture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScenesHaveOneForm(t *testing.T) {
	for _, c := range []struct {
		scene, clean, label string
		ok                  bool
	}{
		{"studio", "studio", "studio", true},
		{"colour:#FF8800", "colour:#ff8800", "colour", true},
		{"color:#f80", "colour:#ff8800", "colour", true},
		{"gradient:#000-#ffffff", "gradient:#000000-#ffffff", "gradient", true},
		{"gradient:#0a0b0c-#0a0b0c", "colour:#0a0b0c", "colour", true},
		{"colour:ff8800", "colour:ff8800", "colour:ff8800", false},
		{"colour:#ff880", "colour:#ff880", "colour:#ff880", false},
		{"colour:#gg8800", "colour:#gg8800", "colour:#gg8800", false},
		{"colour:#ff8800-#000000", "colour:#ff8800-#000000", "colour:#ff8800-#000000", false},
		{"gradient:#ff8800", "gradient:#ff8800", "gradient:#ff8800", false},
		{"gradient:#fff-#000-#fff", "gradient:#fff-#000-#fff", "gradient:#fff-#000-#fff", false},
		{"colour:#../..", "colour:#../..", "colour:#../..", false},
		{" COLOUR:#A3B18A ", "colour:#a3b18a", "colour", true},
		{"Gradient:#FFF-#000", "gradient:#ffffff-#000000", "gradient", true},
		{"Studio", "studio", "studio", true},
		{"PLATE:Ab-1", "plate:Ab-1", "plate", true},
		{"Crop_Original", CropOriginal, "original", true},
		{"plate:", "plate:", "plate:", false},
		{"beach", "beach", "beach", false},
		{"", "", "", false},
	} {
		t.Run(c.scene, func(t *testing.T) {
			clean, ok := CleanScene(c.scene)
			if ok != c.ok || clean != c.clean || SceneLabel(clean) != c.label {
				t.Errorf("%q, %v, label %q", clean, ok, SceneLabel(clean))
			}
		})
	}
}

func TestAHintSaysWhichSceneMayBeMeant(t *testing.T) {
	for scene, near := range map[string]string{"kitchn": "kitchen", "colour:a3b18a": "colour:#a3b18a", "gradient:fff-#000": "gradient:#ffffff-#000000", "crop-original": CropOriginal} {
		if got := SceneHint(scene); !strings.HasPrefix(got, "; did you mean "+near+"?") || !strings.Contains(near, "#") && !strings.Contains(got, "Known are studio") {
			t.Errorf("%s: %s", scene, got)
		}
	}
	for _, scene := range []string{"moonscape at dusk", ""} {
		if got := SceneHint(scene); !strings.HasPrefix(got, ". Known are studio") {
			t.Errorf("%s: %s", scene, got)
		}
	}
}

func TestAGradientHasItsColoursAtItsEnds(t *testing.T) {
	p, _ := ParsePaint("gradient:#102030-#90a0b0")
	got := [][3]uint8{p.At(0), p.At(.5), p.At(1)}
	if diff := cmp.Diff([][3]uint8{{0x10, 0x20, 0x30}, {0x50, 0x60, 0x70}, {0x90, 0xa0, 0xb0}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
