package azureml

import (
	"image"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
)

// A service sees a smaller picture than the photo; what it says of places holds for
// the photo, whatever it claims.
func TestConcernsAreBroughtToThePhoto(t *testing.T) {
	say := func(b picture.Box) []picture.Concern { return []picture.Concern{{Kind: "k", Text: "t", Box: b}} }
	for name, c := range map[string]struct{ given, want []picture.Concern }{
		"none":              {nil, nil},
		"a place":           {say(picture.Box{10, 20, 30, 40}), say(picture.Box{25, 50, 75, 100})},
		"all of it":         {say(picture.Box{}), say(picture.Box{})},
		"over the edge":     {say(picture.Box{390, 290, 50, 50}), say(picture.Box{975, 725, 25, 25})},
		"before the edge":   {say(picture.Box{-5, -5, 10, 10}), say(picture.Box{0, 0, 13, 13})},
		"outside":           {say(picture.Box{500, 0, 10, 10}), nil},
		"a negative size":   {say(picture.Box{10, 10, -5, -5}), nil},
		"numbers too large": {say(picture.Box{1 << 62, 1 << 62, 1 << 62, 1 << 62}), nil},
		"no words":          {[]picture.Concern{{Box: picture.Box{1, 1, 1, 1}}}, nil},
		"too many words":    {[]picture.Concern{{Text: strings.Repeat("é", 200)}}, []picture.Concern{{Text: strings.Repeat("é", 150)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, concerns(c.given, image.Pt(400, 300), image.Pt(1000, 750))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	many := make([]picture.Concern, 100)
	for i := range many {
		many[i].Text = "t"
	}
	if n := len(concerns(many, image.Pt(4, 3), image.Pt(4, 3))); n != maxConcerns {
		t.Errorf("%d were kept", n)
	}
}
