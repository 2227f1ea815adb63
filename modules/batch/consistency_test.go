package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// A picture whose light comes from the other side is found, made again as the others are,
// and left alone afterwards.
func TestAPictureThatStandsOutIsMadeAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	const side = 160
	lit := tin(side)
	other := image.NewNRGBA(lit.Rect) // lit from the other side
	for y := range side {
		for x := range side {
			other.SetNRGBA(x, y, lit.NRGBAAt(side-1-x, y))
		}
	}
	photos := []string{"a.png", "b.png", "c.png", "odd.png"}
	for i, name := range photos {
		img := image.NewNRGBA(lit.Rect)
		copy(img.Pix, lit.Pix)
		if name == "odd.png" {
			img = other
		}
		img.Pix[0] = uint8(100 + i) // no two files are the same
		saved(t, name, img, imaging.PNG)
	}
	var out bytes.Buffer
	s := Streams{Out: &out, Err: &out, Quiet: true}
	c := Cutters{Decoder: decoder(), Cutter: redCutter{.95}}
	p := pipeline.New(decoder(), c.Cutter, studio.NewPlacer(1))
	o := Options{Dir: "out", Scenes: []string{"studio"}, Presets: []string{"web_thumb"}, Steps: pipeline.Options{RemoveBackground: true, GenerateScene: true}, Review: picture.Review{Off: true}}
	if err := Process(t.Context(), s, p, o, photos); err != nil {
		t.Fatal(err, out.String())
	}
	look := func(fix bool) (got Consistent) {
		t.Helper()
		out.Reset()
		if err := Consistency(t.Context(), s, c, p, ConsistencyOptions{Fix: fix, JSON: true}, "out"); err != nil {
			t.Fatal(err, out.String())
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := look(false)
	if first.Pictures != 4 || len(first.Worst) != 1 || first.Worst[0].Name != "odd.png" || first.Worst[0].Kind != "light" || *first.Score >= 100 {
		t.Fatalf("%+v", first)
	}
	if !slices.Contains(first.Worst[0].Kinds, "light") || first.Worst[0].Seen.Light == first.Worst[0].Usual.Light {
		t.Errorf("its scene is mirrored: %+v", first.Worst[0])
	}
	before, usual := file(t, "out/odd/output.jpg"), file(t, "out/a/output.jpg")
	fixed := look(true)
	if strings.Join(fixed.Fixed, " ") != "odd.png, studio" || fixed.Drifting != 0 {
		t.Errorf("%+v", fixed)
	}
	after := file(t, "out/odd/output.jpg")
	if bytes.Equal(after, before) || !bytes.Equal(file(t, "out/a/output.jpg"), usual) {
		t.Error("the odd picture, and it alone, is to be made again")
	}
	if again := look(true); len(again.Fixed) > 0 || !bytes.Equal(file(t, "out/odd/output.jpg"), after) {
		t.Errorf("a second run changes something: %+v", again)
	}
	one := o
	one.Resume = false
	if err := Process(t.Context(), s, p, one, []string{"odd.png"}); err != nil {
		t.Fatal(err)
	}
	if alone := look(false); alone.Score != nil || !strings.Contains(alone.Note, "pictures of earlier runs") {
		t.Errorf("pictures that the last run didn't make are passed over in silence: %+v", alone)
	}
	if err := Consistency(t.Context(), s, c, p, ConsistencyOptions{Fix: true}, "."); !errors.Is(err, ErrNotARun) {
		t.Errorf("a folder of photos is fixed: %v", err)
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
