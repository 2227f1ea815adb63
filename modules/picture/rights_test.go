package picture

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABrandsRightsReplaceThePhotos(t *testing.T) {
	photo := Marks{SourceType: "digitalCapture", Creators: []string{"Ann", "Bo"}, Copyright: "© Ann", Credit: "Agency", Licensor: "Agency", LicensorURL: "https://agency.example", C2PA: true}
	for name, c := range map[string]struct {
		of     *Marks
		rights Rights
		want   *Marks
	}{
		"none of a photo without":    {nil, Rights{}, nil},
		"none":                       {&photo, Rights{}, &photo},
		"of a photo without":         {nil, Rights{Copyright: "© Acme"}, &Marks{Copyright: "© Acme"}},
		"some":                       {&photo, Rights{Creator: "Acme"}, &Marks{SourceType: "digitalCapture", Creators: []string{"Acme"}, Copyright: "© Ann", Credit: "Agency", Licensor: "Agency", LicensorURL: "https://agency.example", C2PA: true}},
		"another licensor's address": {&photo, Rights{Licensor: "Acme", Credit: "Acme", WebStatement: "https://acme.example"}, &Marks{SourceType: "digitalCapture", Creators: []string{"Ann", "Bo"}, Copyright: "© Ann", Credit: "Acme", WebStatement: "https://acme.example", Licensor: "Acme", C2PA: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, c.of.With(c.rights)); d != "" {
				t.Error(d)
			}
		})
	}
}
