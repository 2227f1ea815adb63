package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
)

func TestAPictureHasTheColoursThatAreWishedOfIt(t *testing.T) {
	brand := picture.Look{ID: "acme", Palette: []string{"#0f3d3e"}}
	spring := brand
	spring.Steering.Palette = []string{"#a3b18a", "#e8d9c5"}
	for name, c := range map[string]struct {
		in   Input
		want []string
	}{
		"the brand's":                   {Input{Look: brand}, []string{"#0f3d3e"}},
		"those of the brand's wishes":   {Input{Look: spring}, []string{"#a3b18a", "#e8d9c5"}},
		"the item's own":                {Input{Look: spring, Steering: picture.Steering{Palette: []string{"#112233"}}}, []string{"#112233"}},
		"in capitals":                   {Input{Look: spring, Steering: picture.Steering{Palette: []string{"#AABBCC"}}}, []string{"#AABBCC"}},
		"another wish, no other colour": {Input{Look: brand, Steering: picture.Steering{Flip: true}}, []string{"#0f3d3e"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.in.look().Palette); diff != "" || c.in.steering().Palette != nil {
				t.Errorf("%s %v", diff, c.in.steering().Palette)
			}
		})
	}
	for name, palette := range map[string][]string{"nine colours": make([]string, 9), "a word": {"red"}, "short": {"#abc"}} {
		t.Run(name, func(t *testing.T) {
			if (picture.Steering{Palette: palette}).Check() == nil {
				t.Errorf("%v is taken", palette)
			}
		})
	}
}
