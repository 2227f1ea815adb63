package export

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/filename"
)

func TestEntryNames(t *testing.T) {
	var names filename.Names
	var got []string
	blob := "t/j/i/web_large/a1.webp"
	for _, src := range []Source{
		{Filename: "кружка.jpg", Scene: "studio", BackdropPath: "b"},
		{Filename: "コップ.jpg", Scene: "studio", BackdropPath: "b"},
		{Filename: "blue vase.jpg", Scene: "kitchen", BackdropPath: "b"},
		{Filename: "Blue vase.png", Scene: "kitchen", BackdropPath: "b"},
		{Filename: "cut.jpg", Scene: "studio"}, // generate_scene was false
		{Filename: "../../up.jpg", Scene: "studio", BackdropPath: "b"},
		{Filename: "...jpg", Scene: "studio", BackdropPath: "b"},
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
