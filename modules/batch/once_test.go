package batch

import (
	"testing"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// A scene that comes later finds all that the first one's cut-out names.
func TestScenesShareAllFilesOfTheCutout(t *testing.T) {
	o := &ofPhoto{left: 2}
	var first, second pipeline.Memory
	put := func(step string) string {
		path, err := first.Put(t.Context(), step, "png", "image/png", []byte(step))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	rec := &pipeline.CutoutRecord{Path: put("cutout"), LogitsPath: put("logits"), Shadow: &picture.OwnShadow{Path: put("photo-shadow")}}
	keeper, done, err := o.cutting(&pipeline.Input{}, &first, &stopwatch{})
	if err != nil {
		t.Fatal(err)
	}
	if err := keeper.Checkpoint(t.Context(), pipeline.Checkpoint{Cutout: rec}); err != nil {
		t.Fatal(err)
	}
	done()
	var in pipeline.Input
	if _, done, err = o.cutting(&in, &second, &stopwatch{}); err != nil {
		t.Fatal(err)
	}
	defer done()
	if in.Done.Cutout != rec {
		t.Fatal("the second scene has another cut-out")
	}
	for _, path := range []string{rec.Path, rec.LogitsPath, rec.Shadow.Path} {
		if _, err := second.Get(t.Context(), path); err != nil {
			t.Errorf("the second scene lacks %s: %v", path, err)
		}
	}
}
