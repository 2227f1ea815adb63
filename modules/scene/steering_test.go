package scene

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// block is a product of w×h pixels in a photo with air on all sides.
func block(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w+40, h+40))
	draw.Draw(img, image.Rect(20, 20, 20+w, 20+h), image.NewUniform(color.NRGBA{150, 60, 40, 255}), image.Point{}, draw.Src)
	return img
}

func rendered(t *testing.T, r Request) *Result {
	t.Helper()
	if r.Scene == "" {
		r.Scene = "studio"
	}
	if r.Product == nil {
		r.Product = block(80, 120)
	}
	if r.Width == 0 {
		r.Width, r.Height = 320, 320
	}
	res, err := New(0).Render(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// darkness returns how much shadow a part of the frame holds, given in shares.
func (r *Result) darkness(x0, y0, x1, y1 float64) (sum float64) {
	w, h := float64(r.Meta.Width), float64(r.Meta.Height)
	part := image.Rect(int(x0*w), int(y0*h), int(x1*w), int(y1*h)).Intersect(r.Shadow.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			sum += float64(r.Shadow.Pix[r.Shadow.PixOffset(x, y)+3]) / 255
		}
	}
	return sum
}

func TestAProductStandsWhereItIsWished(t *testing.T) {
	usual := rendered(t, Request{})
	moved := rendered(t, Request{Steer: picture.Steering{X: picture.Number(.3), Y: picture.Number(.95), Scale: .5}})
	b, u := moved.Meta.Box, usual.Meta.Box
	if got := float64(b[0]) + float64(b[2])/2; math.Abs(got-.3*320) > 1.5 {
		t.Errorf("its middle is at %.1f, wished at %.1f", got, .3*320)
	}
	if got := b[1] + b[3]; math.Abs(float64(got)-.95*320) > 1.5 {
		t.Errorf("it stands at %d, wished at %.1f", got, .95*320)
	}
	if math.Abs(float64(b[3])-float64(u[3])/2) > 1.5 {
		t.Errorf("it is %d high, usually %d, wished half", b[3], u[3])
	}
	if moved.Meta.At != [2]float64{.3, .95} || math.Abs(moved.Meta.Zoom-.5) > .01 {
		t.Errorf("told %v and %v", moved.Meta.At, moved.Meta.Zoom)
	}
}

func TestProductsOfKnownHeightKeepTheirSizesToEachOther(t *testing.T) {
	small := rendered(t, Request{Steer: picture.Steering{HeightMM: 100}})
	large := rendered(t, Request{Product: block(100, 60), Steer: picture.Steering{HeightMM: 200}})
	if k := float64(large.Meta.Box[3]) / float64(small.Meta.Box[3]); math.Abs(k-2) > .03 {
		t.Errorf("twice the height is shown %.2f times as high", k)
	}
	if !small.Meta.Fixed || small.Meta.Note != "" {
		t.Errorf("fixed: %v, note %q", small.Meta.Fixed, small.Meta.Note)
	}
	huge := rendered(t, Request{Steer: picture.Steering{HeightMM: 9000}})
	if huge.Meta.Note == "" || huge.Meta.Box[3] > 320 {
		t.Errorf("a product larger than the frame is %d high, note %q", huge.Meta.Box[3], huge.Meta.Note)
	}
}

func TestTheShadowIsSteered(t *testing.T) {
	at := func(s picture.Steering) (left, right float64) {
		r := rendered(t, Request{Steer: s})
		b := r.Meta.Box
		l, w := float64(b[0])/320, float64(b[0]+b[2])/320
		return r.darkness(0, .5, l, 1), r.darkness(w, .5, 1, 1)
	}
	left, right := at(picture.Steering{LightAngle: picture.Number(90)})
	if left < 4*right {
		t.Errorf("light from the right: %.0f of shadow at the left, %.0f at the right", left, right)
	}
	if left, right = at(picture.Steering{Shadow: &picture.Shadow{Direction: picture.Number(90)}}); right < 4*left {
		t.Errorf("a shadow to the right: %.0f at the left, %.0f at the right", left, right)
	}
	_, short := at(picture.Steering{Shadow: &picture.Shadow{Direction: picture.Number(90), Length: picture.Number(.4)}})
	if short > .75*right {
		t.Errorf("less than half as long: %.0f, usually %.0f", short, right)
	}
	_, weak := at(picture.Steering{Shadow: &picture.Shadow{Direction: picture.Number(90), Strength: picture.Number(.3)}})
	if weak > .6*right {
		t.Errorf("weak: %.0f, usually %.0f", weak, right)
	}
	r := rendered(t, Request{Steer: picture.Steering{Shadow: &picture.Shadow{Off: true}, Reflection: picture.Number(0)}})
	if d := r.darkness(0, 0, 1, 1); d > 0 {
		t.Errorf("none: %.1f of shadow", d)
	}
	near := rendered(t, Request{Steer: picture.Steering{LightAngle: picture.Number(180)}})
	below := float64(near.Meta.FloorY)/320 + .03
	if usual := rendered(t, Request{}); near.darkness(0, below, 1, 1) < 1.5*usual.darkness(0, below, 1, 1) {
		t.Error("light from behind casts no shadow towards the viewer")
	}
}

func TestAProductThatThePhotoCutOffComesOutOfTheEdge(t *testing.T) {
	legs := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	draw.Draw(legs, image.Rect(70, 40, 130, 200), image.NewUniform(color.NRGBA{90, 90, 90, 255}), image.Point{}, draw.Src)
	r := rendered(t, Request{Product: legs})
	if b := r.Meta.Box; r.Meta.Anchor != picture.AnchorBottom || b[1]+b[3] != 320 || r.darkness(0, 0, 1, 1) > 0 {
		t.Errorf("anchor %q, it ends at %d of 320, %.1f of shadow", r.Meta.Anchor, b[1]+b[3], r.darkness(0, 0, 1, 1))
	}
	if r := rendered(t, Request{Product: legs, Steer: picture.Steering{Anchor: picture.AnchorFloor}}); r.Meta.Anchor != "" || r.Meta.Box[1]+r.Meta.Box[3] == 320 {
		t.Errorf("wished on the floor: anchor %q", r.Meta.Anchor)
	}
}

// TestEachWishWithinItsLimitsKeepsTheProductInTheFrame tries wishes at their limits.
func TestEachWishWithinItsLimitsKeepsTheProductInTheFrame(t *testing.T) {
	engine := New(4)
	photo := photograph(400, 300, .5)
	plate := &Plate{Image: photo, Plate: EstimatePlate(photo)}
	products := map[string]*image.NRGBA{"upright": block(60, 150), "wide": block(160, 30), "a bar": block(200, 8)}
	ends := func(all ...float64) (out []*float64) {
		for _, v := range all {
			out = append(out, &v)
		}
		return out
	}
	n := 0
	for _, scene := range []string{"luxury", "plate:p"} {
		for name, product := range products {
			for _, x := range ends(0, 1) {
				for _, y := range ends(0, 1) {
					for _, pitch := range []*float64{nil, picture.Number(90)} {
						for _, size := range [][3]float64{{}, {.1}, {4}, {0, 1, 50_000}, {.1, 1, 50_000}, {4, 10_000, 10}} {
							n++
							w := picture.Steering{X: x, Y: y, CameraPitch: pitch, Scale: size[0], HeightMM: size[1], FrameMM: size[2], Anchor: []string{"", "", picture.AnchorTop, picture.AnchorLeft}[n%4]}
							r := Request{Scene: scene, Product: product, Width: 96, Height: 64, Steer: w}
							if scene == "plate:p" {
								r.Plate = plate
							}
							res, err := engine.Render(t.Context(), r)
							if err != nil {
								t.Fatal(err)
							}
							box, frame := res.Meta.Box.Rect(), image.Rect(0, 0, 96, 64)
							seen := box.Intersect(frame)
							if seen.Dx() < min(box.Dx(), 96)/2-1 || seen.Dy() < min(box.Dy(), 64)/2-1 || seen.Empty() || box.Dx() > 4*96 || box.Dy() > 4*64 {
								t.Errorf("%s in %s, %+v: at %v", name, scene, w, box)
							}
							was := product.Rect.Inset(20)
							want, got := float64(was.Dx())/float64(was.Dy()), float64(box.Dx())/float64(box.Dy())
							if slack := .03 + 1/float64(box.Dx()) + 1/float64(box.Dy()); math.Abs(math.Log(got/want)) > slack {
								t.Errorf("%s in %s, %+v: %v has other proportions", name, scene, w, box)
							}
						}
					}
				}
			}
		}
	}
	out := rendered(t, Request{Steer: picture.Steering{Y: picture.Number(0), CameraPitch: picture.Number(90), Scale: .1}})
	above := rendered(t, Request{Scene: "plate:p", Plate: plate, Steer: picture.Steering{Y: picture.Number(.1), Scale: .3}})
	if feet, top := float64(above.Meta.Box[1]+above.Meta.Box[3])/320, plate.Floor[1]; feet < top+.03 || feet > top+.05 || !strings.Contains(above.Meta.Note, "above the floor") {
		t.Errorf("it stands at %.2f, the floor begins at %.2f: %s", feet, top, above.Meta.Note)
	}
	if !strings.Contains(out.Meta.Note, "moved inside") {
		t.Errorf("the note says %q", out.Meta.Note)
	}
}

func TestWishesThatMakeNoSenseAreRefused(t *testing.T) {
	for name, s := range map[string]picture.Steering{
		"x": {X: picture.Number(2)}, "nan": {Y: picture.Number(math.NaN())}, "scale": {Scale: -1}, "anchor": {Anchor: "sky"}, "pitch": {CameraPitch: picture.Number(91)},
		"shadow": {Shadow: &picture.Shadow{Length: picture.Number(9)}}, "height": {HeightMM: math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(0).Render(context.Background(), Request{Scene: "studio", Product: block(9, 9), Width: 64, Height: 64, Steer: s}); !errors.Is(err, picture.ErrSteering) {
				t.Errorf("%v", err)
			}
		})
	}
}

// photograph is one of a set: a wall, a floor of another colour from a row on, and
// light from the right.
func photograph(w, h int, horizon float64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			k := .75 + .25*float64(x)/float64(w)
			c := [3]float64{210, 205, 195}
			if float64(y) >= horizon*float64(h) {
				c = [3]float64{150, 105, 70}
			}
			img.SetNRGBA(x, y, color.NRGBA{uint8(c[0] * k), uint8(c[1] * k), uint8(c[2] * k), 255})
		}
	}
	return img
}

func TestAPlateIsEstimated(t *testing.T) {
	narrow := 0.0
	for _, horizon := range []float64{.4, .55, .7} {
		p := EstimatePlate(photograph(600, 400, horizon))
		if math.Abs(p.Horizon-horizon) > .03 {
			t.Errorf("horizon %.2f, it is at %.2f", p.Horizon, horizon)
		}
		if s := math.Sin(p.LightAngle * deg); s < .5 {
			t.Errorf("light from %.0f°, it comes from the right", p.LightAngle)
		}
		if p.Floor[0] > .1 || p.Floor[2] < .9 || p.Floor[1] < horizon || p.Reflection != 0 {
			t.Errorf("floor %.2f, reflection %.2f", p.Floor, p.Reflection)
		}
		if p.FrameMM < 200 || p.FrameMM > 1500 || p.FrameMM < narrow {
			t.Errorf("the floor's front is %.0f mm wide, and %.0f with a higher horizon", p.FrameMM, narrow)
		}
		narrow = p.FrameMM
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
	sweep := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(sweep, sweep.Rect, image.NewUniform(color.NRGBA{210, 210, 210, 255}), image.Point{}, draw.Src)
	if p := EstimatePlate(sweep); p.FrameMM != 0 {
		t.Errorf("without a horizon nothing is known of the scale, and not %.0f mm", p.FrameMM)
	}
}

func TestAProductStandsInAPlate(t *testing.T) {
	photo := photograph(480, 320, .5)
	plate := &Plate{Image: photo, Plate: EstimatePlate(photo)}
	r := rendered(t, Request{Scene: "plate:x", Plate: plate, Width: 480, Height: 320})
	b := r.Meta.Box
	if floor := b[1] + b[3]; float64(floor) < .5*320 || floor > 320 || !r.Meta.Fixed {
		t.Errorf("it stands at row %d of 320, whose floor begins at 160", floor)
	}
	if got, want := r.Backdrop.Pix[:4], photo.Pix[:4]; got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the photograph's first pixel is %v, was %v", got, want)
	}
	if r.darkness(0, 0, 1, .45) > 0.5 {
		t.Error("the wall catches the floor's shadow")
	}
	left, right := r.darkness(0, .5, float64(b[0])/480, 1), r.darkness(float64(b[0]+b[2])/480, .5, 1, 1)
	if left < 2*right {
		t.Errorf("light from the right: %.0f of shadow at the left, %.0f at the right", left, right)
	}
	if _, err := New(0).Render(context.Background(), Request{Scene: "plate:x", Width: 64, Height: 64}); !errors.Is(err, picture.ErrPlate) {
		t.Errorf("without a photograph: %v", err)
	}
}

func TestWishesThatABackgroundCanNotFollowAreTold(t *testing.T) {
	seed := uint64(7)
	wishes := picture.Steering{Seed: &seed, CameraPitch: picture.Number(20)}
	plate := &Plate{Image: photograph(64, 64, .5), Plate: picture.Plate{Horizon: .5, Floor: [4]float64{0, .55, 1, 1}}}
	for name, c := range map[string]struct {
		req  Request
		says []string
	}{
		"a plate":                    {Request{Scene: "plate:p", Plate: plate, Steer: wishes}, []string{"seed", "camera_pitch"}},
		"a plate, nothing wished":    {Request{Scene: "plate:p", Plate: plate}, nil},
		"a colour":                   {Request{Scene: "colour:#336699", Steer: picture.Steering{Seed: &seed}}, []string{"seed"}},
		"a scene that is drawn":      {Request{Scene: "kitchen", Steer: wishes}, nil},
		"a look far down":            {Request{Scene: "kitchen", Steer: picture.Steering{CameraPitch: picture.Number(45)}}, []string{"camera_pitch 45", "where its photo was taken"}},
		"a look from above":          {Request{Scene: "kitchen", Steer: picture.Steering{CameraPitch: picture.Number(90)}}, []string{"camera_pitch 90"}},
		"a plate, and its own words": {Request{Scene: "plate:p", Plate: plate, Steer: picture.Steering{Seed: &seed, HeightMM: 9000}}, []string{"seed", "larger than the frame"}},
	} {
		t.Run(name, func(t *testing.T) {
			note := rendered(t, c.req).Meta.Note
			if (note == "") != (c.says == nil) {
				t.Errorf("told %q", note)
			}
			for _, word := range c.says {
				if !strings.Contains(note, word) {
					t.Errorf("%s is not told: %q", word, note)
				}
			}
		})
	}
}

func TestTheEdgeAtWhichThePhotoCutAProductIsFound(t *testing.T) {
	paint := func(rs ...image.Rectangle) *image.NRGBA {
		img := image.NewNRGBA(image.Rect(0, 0, 200, 200))
		for _, r := range rs {
			draw.Draw(img, r, image.NewUniform(color.NRGBA{90, 90, 90, 255}), image.Point{}, draw.Src)
		}
		return img
	}
	ball := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			if (x-80)*(x-80)+(y-100)*(y-100) <= 80*80 {
				ball.SetNRGBA(x, y, color.NRGBA{90, 90, 90, 255})
			}
		}
	}
	plug := image.Rect(80, 60, 150, 150)
	for name, c := range map[string]struct {
		product *image.NRGBA
		wish    string
		anchor  string
		says    string
	}{
		"a cable, at the left":         {paint(plug, image.Rect(0, 90, 80, 96)), "", picture.AnchorLeft, "cuts the product off at its left edge"},
		"a cable, at the right":        {paint(plug, image.Rect(150, 90, 200, 96)), "", picture.AnchorRight, "right edge"},
		"a lamp's cable, at the top":   {paint(plug, image.Rect(100, 0, 104, 60)), "", picture.AnchorTop, "top edge"},
		"a strap, from edge to edge":   {paint(image.Rect(0, 90, 200, 110), plug), "", "", ""},
		"cropped to the product":       {paint(image.Rect(0, 0, 200, 200)), "", "", ""},
		"legs, at the bottom and left": {paint(image.Rect(0, 90, 100, 110), image.Rect(60, 60, 120, 200)), "", picture.AnchorBottom, "its left edge, too"},
		"a ball that touches the left": {ball, "", "", ""},
		"whole":                        {paint(plug), "", "", ""},
		"whole, wished at the left":    {paint(plug), picture.AnchorLeft, picture.AnchorLeft, "whole at its left edge"},
		"cut, wished on the floor":     {paint(plug, image.Rect(0, 90, 80, 96)), picture.AnchorFloor, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := rendered(t, Request{Product: c.product, Pose: PoseStanding, Steer: picture.Steering{Anchor: c.wish}})
			if r.Meta.Anchor != c.anchor || !strings.Contains(r.Meta.Note, c.says) || (r.Meta.Note == "") != (c.says == "") {
				t.Errorf("anchor %q, told %q", r.Meta.Anchor, r.Meta.Note)
			}
			b := r.Meta.Box
			switch c.anchor {
			case picture.AnchorLeft:
				if b[0] != 0 || r.darkness(0, .5, 1, 1) == 0 {
					t.Errorf("it begins at %d, with %.1f of shadow", b[0], r.darkness(0, .5, 1, 1))
				}
			case picture.AnchorRight:
				if b[0]+b[2] != 320 {
					t.Errorf("it ends at %d of 320", b[0]+b[2])
				}
			case picture.AnchorTop:
				if b[1] != 0 || r.darkness(0, 0, 1, 1) > 0 {
					t.Errorf("it begins at %d, with %.1f of shadow", b[1], r.darkness(0, 0, 1, 1))
				}
			}
		})
	}
}

// TestTheRoomOfAFrameIsSmallerThanWhatIsTooLargeForIt holds the figures of the note against
// each other, for products that are a little too high and a little too wide.
func TestTheRoomOfAFrameIsSmallerThanWhatIsTooLargeForIt(t *testing.T) {
	figures := regexp.MustCompile(`([0-9]+) mm`)
	told := map[string]int{}
	for high := 50.0; high < 1200; high += 25 {
		for what, product := range map[string]*image.NRGBA{"high": block(40, 200), "wide": block(200, 40)} {
			r := rendered(t, Request{Product: product, Scene: "lifestyle", Steer: picture.Steering{HeightMM: high}})
			var mm []int
			for _, m := range figures.FindAllStringSubmatch(r.Meta.Note, -1) {
				v, _ := strconv.Atoi(m[1]) // digits
				mm = append(mm, v)
			}
			switch n := len(mm); {
			case r.Meta.Note == "":
			case n < 2 || mm[n-1] >= mm[n-2] || what == "wide" && n < 3:
				t.Errorf("%s: %q", what, r.Meta.Note)
			}
			told[fmt.Sprint(what, r.Meta.Note != "")]++
		}
	}
	if len(told) != 4 {
		t.Errorf("of products of 50 to 1200 mm: %v", told)
	}
}

func TestAProductTooLargeForTheFrameIsShownWhole(t *testing.T) {
	for _, product := range []*image.NRGBA{block(40, 200), block(200, 40)} {
		r := rendered(t, Request{Product: product, Scene: "lifestyle", Steer: picture.Steering{HeightMM: 5000}})
		if b := r.Meta.Box.Rect(); !b.In(image.Rect(0, 0, 320, 320)) || !strings.Contains(r.Meta.Note, "larger than the frame") {
			t.Errorf("it is at %v, told %q", b, r.Meta.Note)
		}
	}
}

func TestAStrongShadowKeepsSomeLight(t *testing.T) {
	at := func(strength float64) (most uint8, sum float64) {
		r := rendered(t, Request{Steer: picture.Steering{Shadow: &picture.Shadow{Strength: &strength, Softness: picture.Number(0), Direction: picture.Number(60)}}})
		b := r.Meta.Box
		for y := b[1] + b[3] + 6; y < 320; y++ {
			for x := b[0] + b[2] + 6; x < 320; x++ {
				if image.Pt(x, y).In(r.Shadow.Rect) {
					most = max(most, r.Shadow.NRGBAAt(x, y).A)
				}
			}
		}
		return most, r.darkness(0, 0, 1, 1)
	}
	usual, sum := at(1)
	strong, more := at(1.5)
	if strong <= usual || strong > 235 || more < 1.1*sum {
		t.Errorf("the darkest is %d of 255, %d at the usual strength; %.0f in sum, %.0f", strong, usual, more, sum)
	}
}

// Where a plate's reflection ends, its shadow goes on without a step.
func TestAShadowHasNoStepAtItsReflectionsEnd(t *testing.T) {
	g := &ground{rect: image.Rect(0, 0, 8, 2), step: 1, w: 8, h: 2, tint: rgb{.6, .6, .6}, density: make([]float32, 16), mirror: make([]float32, 64)}
	for i := range g.density {
		g.density[i] = .3
		if i%8 < 4 { // what is left of a blurred reflection of something of the floor's tone
			copy(g.mirror[i*4:], []float32{.0006, .0006, .0006, .001})
		}
	}
	layer := image.NewNRGBA(g.rect)
	seen := func(x int) float64 { // the layer over a floor, as editors stack them
		g.layerPixel(encodeTable(), layer, x, 0, 0, 8, 0, 1)
		p := layer.NRGBAAt(x, 0)
		return float64(p.A)/255*float64(p.R) + (1-float64(p.A)/255)*206
	}
	if with, without := seen(1), seen(6); math.Abs(with-without) > 2.5 { // a trace shows itself a little
		t.Errorf("%.1f with a trace of reflection, %.1f without", with, without)
	}
}

func TestAPlateStaysToBeSeenAroundItsProduct(t *testing.T) {
	photo := photograph(480, 320, .4)
	plate := &Plate{Image: photo, Plate: EstimatePlate(photo)}
	for name, product := range map[string]*image.NRGBA{"upright": block(60, 200), "wide": block(200, 60)} {
		r := rendered(t, Request{Scene: "plate:x", Plate: plate, Product: product, Width: 480, Height: 320})
		if b := r.Meta.Box; float64(b[2]) > .61*480 || float64(b[3]) > .53*320 || max(float64(b[2])/480, float64(b[3])/320) < .3 {
			t.Errorf("%s: it takes %d×%d of 480×320", name, b[2], b[3])
		}
	}
	r := rendered(t, Request{Scene: "plate:x", Plate: plate, Product: block(60, 200), Width: 480, Height: 320, Fill: .7})
	if got := float64(r.Meta.Box[3]) / 320; math.Abs(got-.7) > .02 {
		t.Errorf("a fill of 0.7 is %.2f of the frame", got)
	}
}

func TestAFaintEdgeOfATableIsFound(t *testing.T) {
	photo := image.NewNRGBA(image.Rect(0, 0, 480, 320))
	for y := range 320 {
		for x := range 480 {
			v := uint8(214 - y/40 + (x*7+y*13)%3)
			if y >= 262 {
				v -= 6
			}
			photo.SetNRGBA(x, y, color.NRGBA{v, v, v + 4, 255})
		}
	}
	p := EstimatePlate(photo)
	if math.Abs(p.Horizon-262.0/320) > .03 || p.FrameMM == 0 {
		t.Errorf("horizon %.3f, frame %.0f mm: the table begins at %.3f", p.Horizon, p.FrameMM, 262.0/320)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

// TestAProductThatAThinCordHoldsHangs has lamps of a photo's usual size, whose cords are far
// thinner than they are, and standing products with something as thin at their top.
func TestAProductThatAThinCordHoldsHangs(t *testing.T) {
	const w, h = 1600, 1000
	// lamp is a shade that widens downwards, on a cord from row top to it of so many pixels'
	// width, which may lie between pixels, and slants by that many columns.
	lamp := func(top int, width, slant float64) *image.NRGBA {
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := top; y < 720; y++ {
			from := 500.3 + slant*float64(y)/400
			to := from + width
			if y >= 400 {
				from, to = from-40-float64(y-400)/2, to+40+float64(y-400)/2
			}
			for x := int(from); x <= int(to); x++ {
				share := math.Min(float64(x+1), to) - math.Max(float64(x), from)
				img.SetNRGBA(x, y, color.NRGBA{90, 90, 90, uint8(255 * clampF(share, 0, 1))})
			}
		}
		return img
	}
	tip := lamp(12, 12, 0)
	for y := range 12 { // its point alone is at the edge
		draw.Draw(tip, image.Rect(505-y/2, y, 508+y/2, y+1), image.NewUniform(color.NRGBA{90, 90, 90, 255}), image.Point{}, draw.Src)
	}
	speck := lamp(40, 4, 0)
	draw.Draw(speck, image.Rect(700, 0, 704, 4), image.NewUniform(color.NRGBA{90, 90, 90, 255}), image.Point{}, draw.Src)
	bag := lamp(0, 3, 0)
	draw.Draw(bag, image.Rect(300, 720, 900, h), image.NewUniform(color.NRGBA{90, 90, 90, 255}), image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		product *image.NRGBA
		anchor  string
	}{
		"a cord of three pixels":           {lamp(0, 3, 0), picture.AnchorTop},
		"of four":                          {lamp(0, 4, 0), picture.AnchorTop},
		"of six, aslant":                   {lamp(0, 6, 60), picture.AnchorTop},
		"leaning to the left":              {lamp(0, 3, -90), picture.AnchorTop},
		"a hair":                           {lamp(0, 1.2, 0), ""},
		"an antenna that ends below":       {lamp(2, 4, 0), ""},
		"a point that touches the edge":    {tip, ""},
		"a rest of the backdrop":           {speck, ""},
		"from the upper edge to the lower": {bag, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := rendered(t, Request{Product: c.product, Pose: PoseStanding})
			if r.Meta.Anchor != c.anchor || (c.anchor != "") != strings.Contains(r.Meta.Note, "top edge") {
				t.Errorf("anchor %q, told %q", r.Meta.Anchor, r.Meta.Note)
			}
			if hangs := r.Meta.Box[1] == 0 && r.darkness(0, 0, 1, 1) == 0; hangs != (c.anchor != "") {
				t.Errorf("at %v with %.1f of shadow", r.Meta.Box, r.darkness(0, 0, 1, 1))
			}
		})
	}
}
