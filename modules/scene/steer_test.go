package scene

import (
	"fmt"
	"image"
	"image/draw"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
)

// meanLCH is the average colour of a rectangle given in shares of the picture.
func meanLCH(m *image.NRGBA, x0, y0, x1, y1 float64) lch {
	var sum rgb
	n := float32(0)
	w, h := float64(m.Rect.Dx()), float64(m.Rect.Dy())
	for y := int(y0 * h); y < int(y1*h); y++ {
		for x := int(x0 * w); x < int(x1*w); x++ {
			c := m.NRGBAAt(x, y)
			sum, n = sum.plus(rgb{toLinear[c.R], toLinear[c.G], toLinear[c.B]}), n+1
		}
	}
	return toLCH(sum.scale(1 / n))
}

func hueGap(a, b float64) float64 {
	return math.Abs(math.Remainder(a-b, 2*math.Pi)) / deg
}

func TestPaletteSetsTheBackdropsHue(t *testing.T) {
	for _, set := range []string{"studio", "minimal"} {
		for _, hex := range []string{"#a3b18a", "#c3b6dc", "#e8a090", "#8fa8bf"} {
			t.Run(set+" "+hex, func(t *testing.T) {
				r := render(t, New(1), Request{Scene: set, Palette: []string{hex}})
				want, _ := parseHex(hex)
				got := meanLCH(r.Backdrop, 0.1, 0.05, 0.9, 0.3)
				if gap := hueGap(got.H, toLCH(want).H); gap > 20 {
					t.Errorf("hue is %.0f° off", gap)
				}
			})
		}
	}
}

func TestPromptWordsSteer(t *testing.T) {
	at := func(prompt string) lch {
		return meanLCH(render(t, New(1), Request{Prompt: prompt}).Backdrop, 0, 0, 1, 1)
	}
	plain := at("")
	if dark := at("dark moody"); dark.L > plain.L-0.15 {
		t.Errorf("dark: lightness %.2f against %.2f", dark.L, plain.L)
	}
	if airy := at("bright and airy"); airy.L <= plain.L {
		t.Errorf("airy: lightness %.2f against %.2f", airy.L, plain.L)
	}
	if rose := at("dusty pink sweep"); rose.C < plain.C+0.02 {
		t.Errorf("pink: chroma %.3f against %.3f", rose.C, plain.C)
	}
	floor := func(prompt string) lch {
		return meanLCH(render(t, New(1), Request{Scene: "lifestyle", Prompt: prompt}).Backdrop, 0, 0.85, 1, 1)
	}
	if wood, marble := floor(""), floor("on white marble"); marble.L < wood.L+0.15 || marble.C > wood.C-0.02 {
		t.Errorf("marble %+v against wood %+v", marble, wood)
	}
	if g := render(t, New(1), Request{Scene: "lifestyle", Prompt: "golden hour"}); meanLCH(g.Backdrop, 0, 0, 1, 1).C <= meanLCH(render(t, New(1), Request{Scene: "lifestyle"}).Backdrop, 0, 0, 1, 1).C {
		t.Error("golden hour is not warmer")
	}
}

func TestScenesLookDifferent(t *testing.T) {
	pics := map[string]*image.NRGBA{}
	for _, set := range picture.SceneTypes() {
		pics[set] = render(t, New(1), Request{Scene: set, Width: 64, Height: 64}).Backdrop
	}
	for a, pa := range pics {
		t.Run(a, func(t *testing.T) {
			for b, pb := range pics {
				sum := 0
				for i := range pa.Pix {
					d := int(pa.Pix[i]) - int(pb.Pix[i])
					sum += max(d, -d)
				}
				if mean := float64(sum) / float64(len(pa.Pix)*3/4); a != b && mean < 8 {
					t.Errorf("differs from %s by only %.1f levels", b, mean)
				}
			}
		})
	}
}

// shadowLean is where the shadow layer's weight lies relative to the product's
// middle, in pixels; positive is right.
func shadowLean(r *Result) float64 {
	var sum, weight float64
	s := r.Shadow
	mid := float64(r.Meta.Box.Rect().Min.X+r.Meta.Box.Rect().Max.X) / 2
	for y := s.Rect.Min.Y; y < s.Rect.Max.Y; y++ {
		for x := s.Rect.Min.X; x < s.Rect.Max.X; x++ {
			a := float64(s.NRGBAAt(x, y).A)
			sum, weight = sum+a*(float64(x)+0.5-mid), weight+a
		}
	}
	return sum / weight
}

func TestLightDecidesWhereTheShadowFalls(t *testing.T) {
	p := bottle(300, 300, green) // lit from the right
	for _, c := range []struct {
		name string
		req  Request
		want Light
	}{
		{"the product's shading", Request{}, LightRight},
		{"asked for", Request{Light: LightLeft}, LightLeft},
		{"the prompt", Request{Prompt: "light from the left"}, LightLeft},
		{"the set's own in a catalogue", Request{Catalogue: true}, LightLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Product, c.req.Scene = p, "lifestyle"
			r := render(t, New(1), c.req)
			lean := shadowLean(r)
			if r.Meta.Light != c.want || (lean > 0) != (c.want == LightLeft) || math.Abs(lean) < 1 {
				t.Errorf("light %v, shadow leans %.1f px", r.Meta.Light, lean)
			}
		})
	}
}

// slanting is a strap that goes from a column at the top to another at the foot, 30 pixels
// below, in a picture of a height.
func slanting(high, from, to int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 300, high))
	for y := range 170 {
		at := 30 + from + (to-from)*y/170
		draw.Draw(m, image.Rect(at-15, 30+y, at+15, 31+y), image.NewUniform(green), image.Point{}, draw.Src)
	}
	return m
}

func TestPoseIsGuessed(t *testing.T) {
	p := bottle(300, 300, green)
	for _, c := range []struct {
		name string
		req  Request
		want Pose
	}{
		{"outline", Request{Product: p}, PoseStanding},
		{"title", Request{Product: p, Title: "Blue hoodie"}, PoseFlat},
		{"prompt", Request{Product: p, Prompt: "flat lay on linen"}, PoseFlat},
		{"a photo with nothing cut", Request{Product: plate(200, 150)}, PoseFlat},
		{"what could not stand", Request{Product: slanting(240, 0, 240)}, PoseFlat},
		{"what leans and stands", Request{Product: slanting(240, 90, 150)}, PoseStanding},
		{"what the photo cut off", Request{Product: slanting(200, 0, 200)}, PoseStanding},
		{"what could not stand, asked for", Request{Product: slanting(240, 0, 240), Pose: PoseStanding}, PoseStanding},
		{"asked for", Request{Product: plate(200, 150), Pose: PoseStanding}, PoseStanding},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(t, New(1), c.req).Meta.Pose; got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestWhatLiesInItsPhotoIsToldWhereItStandsOnAPlate has a strap that could not stand, and a
// bottle, before a plate that is seen from the front.
func TestWhatLiesInItsPhotoIsToldWhereItStandsOnAPlate(t *testing.T) {
	photo := photograph(320, 320, .6)
	front := &Plate{Image: photo, Plate: EstimatePlate(photo)}
	for name, c := range map[string]struct {
		product *image.NRGBA
		plate   *Plate
		told    bool
	}{"lies": {slanting(240, 0, 240), front, true}, "stands": {bottle(300, 300, green), front, false}, "in a set": {slanting(240, 0, 240), nil, false}} {
		req := Request{Product: c.product, Plate: c.plate, Scene: "studio", Width: 320, Height: 320}
		if c.plate != nil {
			req.Scene = "plate:p"
		}
		if got := render(t, New(0), req).Meta.Note; strings.Contains(got, upendedNote) != c.told {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPromptIsReadInPhrases(t *testing.T) {
	s := parsePrompt("Terracotta walls, white marble & Golden-Hour light; dappled, airy, sage green")
	if !slices.Equal(s.colours, []rgb{hex(0xc66b4a), hex(0xa3b18a)}) || s.material != marbleWhite || s.light != lightGolden || s.mood != moodAiry || s.gobo != goboLeaf {
		t.Errorf("%+v", s)
	}
}

func FuzzPrompt(f *testing.F) {
	f.Add("\xff\xfe \u0000 ???")
	f.Add("white white marble from the left")
	f.Fuzz(func(t *testing.T, text string) {
		if s := parsePrompt(text); len(s.colours) > maxColours {
			t.Errorf("%d colours", len(s.colours))
		}
	})
}

func TestChooseReadsFreeText(t *testing.T) {
	for _, c := range [][3]string{
		{"kitchen", "in the forest", "kitchen"},
		{"On a mossy log", "", "nature"},
		{"", "a watch on a wooden desk", "office"},
		{"xyz", "premium perfume", "luxury"},
		{"", "", "studio"},
	} {
		t.Run(fmt.Sprintf("%q, %q", c[0], c[1]), func(t *testing.T) {
			if got := Choose(c[0], c[1]); got != c[2] {
				t.Errorf("%s, want %s", got, c[2])
			}
		})
	}
	for _, name := range picture.SceneTypes() {
		if Choose(name, "") != name {
			t.Errorf("%s is not chosen by its name", name)
		}
	}
}

func TestThereIsASetForEachSceneType(t *testing.T) {
	var names []string
	for _, s := range sets {
		names = append(names, s.name)
	}
	if d := cmp.Diff(picture.SceneTypes(), names); d != "" {
		t.Error(d)
	}
}
