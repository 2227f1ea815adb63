package export

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

func TestEntryNames(t *testing.T) {
	var names filename.Names
	var got []string
	blob := "t/j/i/web_large/a1.webp"
	set := picture.Layers{Placed: picture.Placed{BackdropPath: "b"}}
	for _, src := range []Source{
		{Filename: "кружка.jpg", Scene: "studio", Layers: set},
		{Filename: "コップ.jpg", Scene: "studio", Layers: set},
		{Filename: "blue vase.jpg", Scene: "kitchen", Layers: set},
		{Filename: "Blue vase.png", Scene: "kitchen", Layers: set},
		{Filename: "cut.jpg", Scene: "studio"}, // generate_scene was false
		{Filename: "../../up.jpg", Scene: "studio", Layers: set},
		{Filename: "...jpg", Scene: "studio", Layers: set},
		{Filename: "con.jpg"},
	} {
		got = append(got, entryName(&names, bundled{Export: Export{Preset: "web_large", BlobPath: &blob}, source: src}))
	}
	want := []string{
		"web_large/кружка-studio.webp", "web_large/コップ-studio.webp", "web_large/blue_vase-kitchen.webp", "web_large/Blue_vase-kitchen-2.webp",
		"web_large/cut.webp", "web_large/up-studio.webp", "web_large/photo-studio.webp", "web_large/_con.webp",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
