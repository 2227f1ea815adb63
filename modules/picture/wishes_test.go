package picture

import (
	"errors"
	"strings"
	"testing"
)

func TestWishesThatUndoEachOtherAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		shadow Shadow
		says   string
	}{
		"none, and strong":        {Shadow{Off: true, Strength: Number(1)}, "shadow.strength"},
		"none, and of no length":  {Shadow{Off: true, Length: Number(0)}, "shadow.length"},
		"none, said twice":        {Shadow{Off: true, Strength: Number(0)}, ""},
		"a direction, and strong": {Shadow{Strength: Number(1), Direction: Number(90)}, ""},
	} {
		s := Steering{Shadow: &c.shadow}
		err := s.CheckWishes()
		if (err != nil) != (c.says != "") || err != nil && (!errors.Is(err, ErrSteering) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Check(); err != nil {
			t.Errorf("%s, put together: %v", name, err)
		}
	}
	none := Steering{Shadow: &Shadow{Off: true}}
	if got := (Steering{Shadow: &Shadow{Strength: Number(.5)}}).Over(none); got.Shadow.Off {
		t.Error("an item that wishes a shadow has none, as its brand has none")
	}
	if got := none.Over(Steering{Shadow: &Shadow{Strength: Number(.5)}}); !got.Shadow.Off {
		t.Error("an item that wishes no shadow has its brand's")
	}
}

func TestAColourThatIsNoneIsNamed(t *testing.T) {
	for colour, like := range map[string]string{"#ABC": "such as #aabbcc", "a3b18a": "such as #a3b18a", "sage": "names"} {
		err := Steering{Palette: []string{"#112233", colour}}.Check()
		if err == nil || !strings.Contains(err.Error(), "palette[1] is \""+colour) || !strings.Contains(err.Error(), like) {
			t.Errorf("%s: %v", colour, err)
		}
	}
	for scene, says := range map[string]string{"colour:sage": "colour:#rrggbb, such as", "gradient:#abc": "gradient:#rrggbb-#rrggbb", "colour:abc": "did you mean colour:#aabbcc"} {
		if got := SceneHint(scene); !strings.Contains(got, says) || strings.Contains(got, "kitchen") {
			t.Errorf("%s%s", scene, got)
		}
	}
	if got := SceneHint("kitchn"); !strings.Contains(got, "did you mean kitchen?") || !strings.Contains(got, "studio") {
		t.Error(got)
	}
}
