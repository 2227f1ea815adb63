package consistency

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// shot is how a picture of a catalogue is drawn.
type shot struct {
	w, h                     float64 // of the product, shares
	centre, floor, horizon   float64
	tint                     [3]float64
	light, angle, deep, tone float64
}

const drawn = 200 // pixels of a side

func (s shot) draw(r *rand.Rand) (*image.NRGBA, image.Rectangle) {
	img := image.NewNRGBA(image.Rect(0, 0, drawn, drawn))
	box := image.Rect(int((s.centre-s.w/2)*drawn), int((s.floor-s.h)*drawn), int((s.centre+s.w/2)*drawn), int(s.floor*drawn))
	cx, fy, half := s.centre*drawn, s.floor*drawn, s.w*drawn/2
	for y := range drawn {
		for x := range drawn {
			k := .8
			if float64(y) > s.horizon*drawn {
				k = .62
			}
			k *= s.light * (1 - .1*math.Abs(float64(x)-drawn/2)/drawn)
			u, v := (float64(x)-cx-math.Sin(s.angle)*half*1.1)/(half*.9), (float64(y)-fy-math.Cos(s.angle)*4)/9
			k *= 1 - s.deep*math.Exp(-u*u-v*v)
			if image.Pt(x, y).In(box) {
				k = s.tone
			}
			var c [3]uint8
			for ch := range 3 {
				t := s.tint[ch]
				if image.Pt(x, y).In(box) {
					t = 1
				}
				c[ch] = uint8(min(max(255*k*t+r.NormFloat64(), 0), 255))
			}
			img.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], 255})
		}
	}
	return img, box
}

// catalogue draws n pictures of one look, one of which drifts in one way, and returns which.
func catalogue(seed uint64, n int, drift string) (pictures []Picture, which string) {
	r := rand.New(rand.NewPCG(seed, 7))
	between := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	sign := float64(1 - 2*r.IntN(2))
	horizon, light, angle, deep := between(.5, .6), between(.85, 1.1), sign*between(.6, 1.3), between(.35, .55)
	odd := r.IntN(n)
	for i := range n {
		s := shot{h: .6 + between(-.02, .02), w: between(.2, .45), centre: .5 + between(-.008, .008), floor: .84 + between(-.006, .006), horizon: horizon,
			tint: [3]float64{1, 1, 1}, light: light + between(-.012, .012), angle: angle + between(-.12, .12), deep: deep + between(-.03, .03), tone: between(.15, .7)}
		if i == odd {
			switch drift {
			case "fill":
				s.h *= .72
				s.w *= .72
			case "centre":
				s.centre += .09 * sign
			case "floor":
				s.floor -= .08
			case "horizon":
				s.horizon -= .09
			case "white_point":
				s.tint = [3]float64{1.03, 1, .93}
			case "exposure":
				s.light *= .84
			case "shadow_angle":
				s.angle = -s.angle
			case "shadow_depth":
				s.deep *= .25
			}
		}
		img, box := s.draw(r)
		pictures = append(pictures, Picture{Name: fmt.Sprintf("%02d", i), Group: "studio", Seen: Measure(img, box)})
	}
	return pictures, fmt.Sprintf("%02d", odd)
}

var drifts = []string{"fill", "centre", "floor", "horizon", "white_point", "exposure", "shadow_angle", "shadow_depth"}

func TestAPictureThatDriftsIsFound(t *testing.T) {
	for _, drift := range drifts {
		t.Run(drift, func(t *testing.T) {
			t.Parallel()
			pictures, odd := catalogue(41, 10, drift)
			got := Of(pictures)
			if len(got.Worst) == 0 || got.Worst[0].Name != odd || got.Worst[0].Kind != drift {
				t.Errorf("%s drifts in its %s: %+v", odd, drift, got.Worst)
			}
			if *got.Score >= 100 || *got.Score < 50 {
				t.Errorf("the score is %.1f", *got.Score)
			}
		})
	}
}

// TestAMirroredSceneIsFound has one picture of six lit from the other side, and one of which
// nobody knows it.
func TestAMirroredSceneIsFound(t *testing.T) {
	pictures, _ := catalogue(43, 6, "")
	for i := range pictures {
		pictures[i].Seen.Light = picture.LightLeft
	}
	pictures[2].Seen.Light, pictures[4].Seen.Light = picture.LightRight, ""
	got := Of(pictures)
	if got.Drifting != 1 || got.Worst[0].Name != pictures[2].Name || got.Worst[0].Kind != "light" || got.Worst[0].Usual.Light != picture.LightLeft || !strings.Contains(got.Worst[0].Reason, "from the right, the others' from the left") {
		t.Errorf("%+v", got)
	}
}

func TestACatalogueOfOneLookHasFullMarks(t *testing.T) {
	pictures, _ := catalogue(42, 10, "")
	if got := Of(pictures); *got.Score < 98 || got.Drifting > 0 {
		t.Errorf("%+v", got)
	}
	scenes := slices.Clone(pictures[:5])
	for i := range scenes {
		scenes[i].Group = fmt.Sprint(i)
	}
	for name, alone := range map[string][]Picture{"one picture": pictures[:1], "five scenes": scenes} {
		if got := Of(alone); got.Score != nil || got.Compared != 0 || !strings.Contains(got.Note, "at least 3") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := Of(append(scenes, pictures...)); *got.Score < 98 || got.Compared != len(pictures) || !strings.Contains(got.Note, "5 of") {
		t.Errorf("beside some that are alone: %+v", got)
	}
	if got := Of(nil); got.Score != nil || got.Note == "" || len(got.Worst) != 0 {
		t.Errorf("no pictures: %+v", got)
	}
}

// BenchmarkDrifts counts how often a planted drift is ranked first: -benchtime 100x makes
// a hundred catalogues of each kind.
func BenchmarkDrifts(b *testing.B) {
	for _, drift := range drifts {
		b.Run(drift, func(b *testing.B) {
			first := 0
			for i := range b.N {
				pictures, odd := catalogue(uint64(1000+i), 12, drift)
				if got := Of(pictures); len(got.Worst) > 0 && got.Worst[0].Name == odd {
					first++
				}
			}
			b.ReportMetric(100*float64(first)/float64(b.N), "%first")
		})
	}
}

// Products of several widths stand on a bright disc before a dark wall, with one shadow: what a
// product hides of its ground says nothing of its picture's look.
func TestTheGroundsOwnFurnitureIsNoShadow(t *testing.T) {
	var all []Picture
	for i, wide := range []int{40, 60, 90, 120, 150} {
		bare := image.NewNRGBA(image.Rect(0, 0, drawn, drawn))
		img := image.NewNRGBA(bare.Rect)
		box := image.Rect(drawn/2-wide/2, 60, drawn/2+wide/2, 165)
		for y := range drawn {
			for x := range drawn {
				k := 45.0
				if u, v := float64(x-drawn/2)/85, float64(y-165)/22; u*u+v*v < 1 {
					k = 225
				}
				bare.SetNRGBA(x, y, color.NRGBA{uint8(k), uint8(k), uint8(k), 255})
				u, v := float64(x-box.Max.X)/20, float64(y-163)/7
				if k *= 1 - .4*math.Exp(-u*u-v*v); image.Pt(x, y).In(box) {
					k = 120
				}
				img.SetNRGBA(x, y, color.NRGBA{uint8(k), uint8(k), uint8(k), 255})
			}
		}
		seen := MeasureOn(img, bare, true, box)
		seen.Fill = .6
		all = append(all, Picture{Name: fmt.Sprint(i), Seen: seen})
	}
	if got := Of(all); got.Drifting > 0 {
		t.Errorf("%+v", got)
	}
	for _, p := range all {
		if p.Seen.ShadowDepth < 5 || p.Seen.ShadowAngle < 20 || p.Seen.Horizon != all[0].Seen.Horizon || p.Seen.Exposure != all[0].Seen.Exposure {
			t.Errorf("%+v", p)
		}
	}
}

// A vase, a window or a lamp that is brighter than the ground, and of another colour, says
// nothing of the light.
func TestThingsInTheSceneAreNoWhitePoint(t *testing.T) {
	for _, c := range []color.NRGBA{{255, 180, 90, 255}, {170, 210, 255, 255}, {40, 120, 60, 255}} {
		pictures, _ := catalogue(43, 10, "")
		r := rand.New(rand.NewPCG(43, 7))
		s := shot{h: .6, w: .3, centre: .5, floor: .84, horizon: .55, tint: [3]float64{1, 1, 1}, light: 1, angle: .9, deep: .45, tone: .4}
		img, box := s.draw(r)
		plain := Measure(img, box)
		for y := range 70 {
			for x := range 60 {
				img.SetNRGBA(x+4, y+20, c)
			}
		}
		seen := Measure(img, box)
		if d := math.Hypot(seen.White[0]-plain.White[0], seen.White[1]-plain.White[1]); d > .6 {
			t.Errorf("%v moves the white point by %.1f", c, d)
		}
		for i := range pictures {
			pictures[i].Seen.White = plain.White
		}
		pictures[0].Seen.White = seen.White
		if got := Of(pictures); got.Drifting > 0 {
			t.Errorf("%v drifts: %+v", c, got.Worst)
		}
	}
}

// TestWhatThePhotoCutOffStandsWhereItWasCut has a cable that comes out of the frame's left edge
// among products that stand in the middle, and one that comes out of the lower edge.
func TestWhatThePhotoCutOffStandsWhereItWasCut(t *testing.T) {
	usual := picture.Seen{Fill: .6, Centre: .5, Floor: .84, Horizon: .6, Exposure: 70, ShadowAngle: 80, ShadowDepth: 20}
	for anchor, wants := range map[string]string{"left": "", "bottom": "", "": "centre floor shadow_depth"} {
		odd := usual
		switch odd.Anchor = anchor; anchor {
		case "left":
			odd.Centre = .2
		case "bottom":
			odd.Floor, odd.ShadowDepth, odd.ShadowAngle = 1, 0, -90
		default:
			odd.Centre, odd.Floor, odd.ShadowDepth = .2, 1, 0
		}
		r := Of([]Picture{{Name: "a", Seen: usual}, {Name: "b", Seen: usual}, {Name: "c", Seen: odd}, {Name: "d", Seen: usual}})
		got := ""
		for _, d := range r.Worst {
			got += d.Name + " " + strings.Join(d.Kinds, " ")
		}
		if got != strings.TrimSpace("c "+wants) && (wants != "" || got != "") {
			t.Errorf("%q: %q stands out, wanted %q", anchor, got, wants)
		}
	}
}

// TestShadowsAreToldInTheAnglesOfTheirFlags: what is told can be stated as --shadow-direction.
func TestShadowsAreToldInTheAnglesOfTheirFlags(t *testing.T) {
	usual := picture.Seen{Fill: .6, Centre: .5, Floor: .84, Horizon: .6, Exposure: 70, ShadowAngle: 65, ShadowDepth: 20}
	odd := usual
	odd.ShadowAngle = -77
	r := Of([]Picture{{Name: "a", Seen: usual}, {Name: "b", Seen: usual}, {Name: "c", Seen: odd}, {Name: "d", Seen: usual}})
	if len(r.Worst) != 1 || !strings.Contains(r.Worst[0].Reason, "falls to 283°, the others' to 65°") {
		t.Errorf("%+v", r.Worst)
	}
}
