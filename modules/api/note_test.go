package api

import (
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

func TestANoteTellsWhatMayNotBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		item job.Item
		says string
	}{
		"as it should be":           {job.Item{SceneType: "kitchen", ScenePrompt: "oak"}, ""},
		"words for a plain colour":  {job.Item{SceneType: "colour:#a3b18a", ScenePrompt: "oak"}, "scene_prompt changes nothing"},
		"words for a plate":         {job.Item{SceneType: "plate:x", ScenePrompt: "oak", Note: "made once"}, "made once; plates,"},
		"a plate without words":     {job.Item{SceneType: "plate:x"}, ""},
		"a set that nobody asks of": {job.Item{SceneType: "kitchen", Product: picture.Product{SetID: "a"}}, "set_id without sku"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := noteOf(c.item); (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
				t.Errorf("%q", got)
			}
		})
	}
}
