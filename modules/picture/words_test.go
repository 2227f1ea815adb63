package picture

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every scene has words, and no words are for an unknown scene.
func TestEverySceneHasWords(t *testing.T) {
	scenes := SceneTypes()
	slices.Sort(scenes)
	if diff := cmp.Diff(scenes, wordedScenes()); diff != "" {
		t.Error(diff)
	}
	seen := map[string]string{}
	for _, scene := range scenes {
		t.Run(scene, func(t *testing.T) {
			w := SceneWords(scene)
			for part, text := range map[string]string{"setting": w.Setting, "surface": w.Surface, "light": w.Light, "camera": w.Camera} {
				if text == "" || len(strings.Fields(text)) > 8 {
					t.Errorf("%s is %q: one to eight words", part, text)
				}
			}
			if other := seen[w.Setting]; other != "" {
				t.Errorf("it looks like %s", other)
			}
			seen[w.Setting] = scene
		})
	}
	if SceneWords("moon").Setting != "" || len(AvoidEverywhere()) < 5 {
		t.Error("a scene that is none has words, or nothing is avoided everywhere")
	}
}
