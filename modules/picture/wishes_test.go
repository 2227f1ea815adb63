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

func TestPlacesAndLightsThatUndoEachOtherAreRefused(t *testing.T) {
	falls := func(to float64) *Shadow { return &Shadow{Direction: &to} }
	for name, c := range map[string]struct {
		wished Steering
		says   string
	}{
		"x, at the left":                    {Steering{X: Number(.3), Anchor: AnchorLeft}, "anchor left leaves no place that x"},
		"y, at the top":                     {Steering{Y: Number(.3), Anchor: AnchorTop}, "anchor top leaves no place that y"},
		"y, at the left":                    {Steering{Y: Number(.3), Anchor: AnchorLeft}, ""},
		"x and y, on the floor":             {Steering{X: Number(.3), Y: Number(.8), Anchor: AnchorFloor}, ""},
		"a shadow that falls to its light":  {Steering{LightAngle: Number(90), Shadow: falls(90)}, "direction 90 falls towards the light"},
		"a shadow near its light, round 0":  {Steering{LightAngle: Number(350), Shadow: falls(20)}, "light_angle is 350"},
		"a shadow beside its light":         {Steering{LightAngle: Number(90), Shadow: falls(0)}, ""},
		"a shadow away from its light":      {Steering{LightAngle: Number(300), Shadow: falls(120)}, ""},
		"a shadow, and the scene's light":   {Steering{Shadow: falls(90)}, ""},
		"a light, and a shadow's strength":  {Steering{LightAngle: Number(90), Shadow: &Shadow{Strength: Number(1)}}, ""},
		"a real size that is shown smaller": {Steering{HeightMM: 100, Scale: .5}, ""},
	} {
		err := c.wished.CheckWishes()
		if (err != nil) != (c.says != "") || err != nil && (!errors.Is(err, ErrSteering) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.wished.Check(); err != nil {
			t.Errorf("%s, put together: %v", name, err)
		}
	}
}

func TestWishesAreNamedAsThePeopleWhoStateThemKnowThem(t *testing.T) {
	loud := strings.ToUpper
	for says, s := range map[string]Steering{
		"ROTATION must be -180 to 180, not 270":      {Rotation: 270},
		"SHADOW.LENGTH must be 0 to 3, not 9":        {Shadow: &Shadow{Length: Number(9)}},
		"ANCHOR must be":                             {Anchor: "sky"},
		"ANCHOR left leaves no place that X could":   {Anchor: AnchorLeft, X: Number(.5)},
		"SHADOW.OFF leaves no shadow that SHADOW.ST": {Shadow: &Shadow{Off: true, Strength: Number(1)}},
		"whose LIGHT_ANGLE is 10":                    {LightAngle: Number(10), Shadow: &Shadow{Direction: Number(10)}},
	} {
		if err := s.CheckWishesAs(loud); !errors.Is(err, ErrSteering) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
		if err := s.CheckWishes(); !errors.Is(err, ErrSteering) || strings.Contains(err.Error(), says) {
			t.Errorf("in the API's words: %v", err)
		}
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
