package picture

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestAPlateIsCorrected(t *testing.T) {
	const w, h = 1500, 1000
	guess := Plate{Horizon: .5, Floor: [4]float64{.1, .53, .9, 1}, LightAngle: 300, Softness: .6}
	guess.FrameMM = guess.EstimateFrame(w, h)
	corrected := func(t *testing.T, p Plate, s PlateSaid, reset ...string) Plate {
		t.Helper()
		p, err := p.Corrected(guess, s, reset, w, h)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, horizon := range map[string]float64{"up": .3, "down": .76, "as far down as it can be": .95} {
		t.Run("a horizon goes "+name+" and its floor with it", func(t *testing.T) {
			p := corrected(t, guess, PlateSaid{Horizon: &horizon})
			if want := math.Min(horizon+.03, .98); math.Abs(p.Floor[1]-want) > 1e-9 || p.Floor[0] != .1 || p.Floor[3] != 1 {
				t.Errorf("the floor is %v, want it from %.2f", p.Floor, want)
			}
			if p.FrameMM == guess.FrameMM || p.FrameMM != p.EstimateFrame(w, h) {
				t.Errorf("%.0f mm, guessed %.0f", p.FrameMM, guess.FrameMM)
			}
			if back := corrected(t, p, PlateSaid{Horizon: &guess.Horizon}); back != guess {
				t.Errorf("back: %+v", back)
			}
			if back := corrected(t, p, PlateSaid{}, "horizon"); back != guess {
				t.Errorf("reset: %+v", back)
			}
		})
	}
	own := corrected(t, guess, PlateSaid{Floor: []float64{0, .6, 1, .9}, FrameMM: Number(900)})
	if up := corrected(t, own, PlateSaid{Horizon: Number(.4)}); up.Floor != own.Floor || up.FrameMM != 900 {
		t.Errorf("what was set by hand moves: %+v", up)
	}
	down := corrected(t, own, PlateSaid{Horizon: Number(.7)})
	if down.Floor != [4]float64{0, .7, 1, .9} || down.FrameMM != 900 {
		t.Errorf("a floor by hand above the horizon: %+v", down)
	}
	if back := corrected(t, down, PlateSaid{Softness: Number(.2)}, "horizon", "floor", "frame_mm"); back.Floor != guess.Floor || back.FrameMM != guess.FrameMM || back.Softness != .2 {
		t.Errorf("reset with another wish: %+v", back)
	}
	for name, s := range map[string]PlateSaid{
		"a horizon outside": {Horizon: Number(1.2)}, "no number": {Horizon: Number(math.NaN())}, "a short floor": {Floor: []float64{0, .6}}, "no width": {FrameMM: Number(0)},
	} {
		if _, err := guess.Corrected(guess, s, nil, w, h); !errors.Is(err, ErrPlate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsSaidOfAPlateIsRead(t *testing.T) {
	if s, err := ParsePlateSaid([]byte(`{"horizon":0.6,"frame_mm":500,"floor":null}`)); err != nil || *s.Horizon != .6 || *s.FrameMM != 500 || s.Floor != nil {
		t.Errorf("%+v, %v", s, err)
	}
	for text, says := range map[string]string{
		`{"horzon":0.3}`: `"horzon"; did you mean horizon? There are horizon, floor`, `{"Light-Angle":3}`: "did you mean light_angle?", `{"x":3}`: `"x". There are`,
		`{"horizon":"high"}`: "horizon must be a number", `{"floor":[1,"a"]}`: "floor must have 4 numbers", `null`: "a JSON object", `[]`: "a JSON object", `{`: "a JSON object", "": "a JSON object",
	} {
		if _, err := ParsePlateSaid([]byte(text)); !errors.Is(err, ErrPlate) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to hold %q", text, err, says)
		}
	}
}

func TestThePlateHasAShape(t *testing.T) {
	for size, want := range map[[2]int]error{{1600, 1200}: nil, {600, 300}: nil, {2400, 600}: nil, {599, 599}: ErrPlateSmall, {9000, 2}: ErrPlateSmall, {299, 1000}: ErrPlateSmall, {9000, 2000}: ErrPlateShape, {400, 1601}: ErrPlateShape} {
		if err := CheckPlateSize(size[0], size[1]); !errors.Is(err, want) {
			t.Errorf("%v: %v", size, err)
		}
	}
}
