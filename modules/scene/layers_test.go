package scene

import (
	"fmt"
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

func TestOpaqueProductPixelsStayAsTheyAre(t *testing.T) {
	p := bottle(420, 420, green)
	for _, set := range picture.SceneTypes() {
		for _, size := range []int{side, 420} {
			t.Run(fmt.Sprint(set, " ", size), func(t *testing.T) { // much and little scaled
				r := render(t, New(1), Request{Product: p, Scene: set, Width: size, Height: size})
				seen := 0
				b := r.Product.Rect.Intersect(r.Flat.Rect)
				for y := b.Min.Y; y < b.Max.Y; y++ {
					for x := b.Min.X; x < b.Max.X; x++ {
						if c := r.Product.NRGBAAt(x, y); c.A == 255 {
							seen++
							if r.Flat.NRGBAAt(x, y) != c {
								t.Fatalf("pixel %d,%d changed", x, y)
							}
						}
					}
				}
				if seen < size*size/40 {
					t.Errorf("only %d opaque product pixels", seen)
				}
			})
		}
	}
}

func TestOneToOneKeepsTheInputBytes(t *testing.T) {
	p := bottle(400, 400, red)
	base := render(t, New(1), Request{Product: p, Fill: 0.5, Width: 640, Height: 640})
	fill := base.Meta.Exact[3] / base.Meta.Scale / 640 // the fill at which the scale is 1
	r := render(t, New(1), Request{Product: p, Fill: fill, Width: 640, Height: 640})
	if r.Meta.Scale < 0.999 || r.Meta.Scale > 1.001 {
		t.Fatalf("scale %v", r.Meta.Scale)
	}
	src := alphaBounds(p)
	for y := range src.Dy() {
		for x := range src.Dx() {
			at := r.Meta.Box.Rect().Min.Add(image.Pt(x, y))
			if got, want := r.Flat.NRGBAAt(at.X, at.Y), p.NRGBAAt(src.Min.X+x, src.Min.Y+y); want.A == 255 && got != want {
				t.Fatalf("%d,%d: %v, want %v", x, y, got, want)
			}
		}
	}
}

// over is source-over on encoded values, as image editors and exporters do it.
func over(dst *image.NRGBA, src *image.NRGBA) {
	r := src.Rect.Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			d, s := dst.NRGBAAt(x, y), src.NRGBAAt(x, y)
			mix := func(a, b uint8) uint8 { return uint8((int(a)*(255-int(s.A)) + int(b)*int(s.A) + 127) / 255) }
			dst.SetNRGBA(x, y, color.NRGBA{mix(d.R, s.R), mix(d.G, s.G), mix(d.B, s.B), 255})
		}
	}
}

func TestLayersStackToTheFlatPicture(t *testing.T) {
	for _, set := range picture.SceneTypes() {
		for _, pose := range []Pose{PoseStanding, PoseFlat} {
			t.Run(fmt.Sprint(set, " ", pose), func(t *testing.T) {
				r := render(t, New(1), Request{Product: ball(400, green), Scene: set, Pose: pose})
				stack := image.NewNRGBA(r.Backdrop.Rect)
				copy(stack.Pix, r.Backdrop.Pix)
				over(stack, r.Shadow)
				over(stack, r.Product)
				worst, sum := 0, 0
				for i := range stack.Pix {
					d := int(stack.Pix[i]) - int(r.Flat.Pix[i])
					d = max(d, -d)
					worst, sum = max(worst, d), sum+d
				}
				mean := float64(sum) / float64(len(stack.Pix))
				// Blending the product's soft edge in sRGB instead of linear light
				// accounts for the worst of it.
				if mean > 1 || worst > 60 {
					t.Errorf("stacked layers differ by %.2f on average, %d at most", mean, worst)
				}
			})
		}
	}
}

func TestMetaTellsWhereThingsAre(t *testing.T) {
	for _, set := range picture.SceneTypes() {
		r := render(t, New(1), Request{Product: bottle(400, 400, green), Scene: set, Pose: PoseStanding})
		m := r.Meta
		if m.Box.Rect() != r.Product.Rect || alphaBounds(r.Product) != image.Rect(0, 0, m.Box.Rect().Dx(), m.Box.Rect().Dy()) {
			t.Errorf("%s: box %v, layer %v with alpha in %v", set, m.Box.Rect(), r.Product.Rect, alphaBounds(r.Product))
		}
		if m.FloorY != m.Box.Rect().Max.Y || m.HorizonY <= 0 || m.HorizonY >= m.FloorY {
			t.Errorf("%s: floor %d, horizon %d, box %v", set, m.FloorY, m.HorizonY, m.Box.Rect())
		}
		if ax, ay := m.Exact[2]/160, m.Exact[3]/320; ax-ay > 1e-9 || ay-ax > 1e-9 || ax != m.Scale {
			t.Errorf("%s: scale %v, box %v", set, m.Scale, m.Exact)
		}
	}
	if m := render(t, New(1), Request{}).Meta; !m.Box.Rect().Empty() || m.Exact != ([4]float64{}) {
		t.Errorf("a picture without a product has the box %v", m.Box.Rect())
	}
}

func TestBoxPlacesTheProduct(t *testing.T) {
	for _, set := range picture.SceneTypes() {
		for _, pose := range []Pose{PoseStanding, PoseFlat} {
			t.Run(fmt.Sprint(set, " ", pose), func(t *testing.T) {
				box := [4]float64{10, 20, 70, 90}
				m := render(t, New(1), Request{Product: bottle(400, 400, green), Scene: set, Pose: pose, Box: box}).Meta
				if m.Box.Rect().Dx() > 71 || m.Box.Rect().Dy() < 89 || m.Box.Rect().Dy() > 91 || m.Box.Rect().Max.Y < 109 || m.Box.Rect().Max.Y > 111 {
					t.Errorf("product at %v, asked for %v", m.Box.Rect(), box)
				}
				if mid := (m.Box.Rect().Min.X + m.Box.Rect().Max.X) / 2; mid < 43 || mid > 47 {
					t.Errorf("middle %d", mid)
				}
				if pose == PoseStanding && m.HorizonY >= m.FloorY {
					t.Errorf("horizon %d below the floor %d", m.HorizonY, m.FloorY)
				}
			})
		}
	}
	// Boxes from outside may be anything.
	for _, box := range [][4]float64{{-1e300, 5, 1e300, 9}, {0, -500, 10, 20}, {900, 900, 50, 50}, {0, 0, 0.2, 5}} {
		t.Run(fmt.Sprint(box), func(t *testing.T) {
			render(t, New(1), Request{Product: ball(50, red), Scene: "minimal", Box: box})
		})
	}
}

// The layer is moved and scaled for other formats: its end must not show.
func TestShadowEndsBeforeTheFrame(t *testing.T) {
	for _, set := range picture.SceneTypes() {
		for _, light := range []Light{LightLeft, LightRight} {
			t.Run(fmt.Sprint(set, " ", light), func(t *testing.T) {
				r := render(t, New(1), Request{Product: ball(300, green), Scene: set, Light: light, Pose: PoseStanding, Prompt: "hard light"})
				s := r.Shadow
				frame := r.Flat.Rect
				for y := s.Rect.Min.Y; y < s.Rect.Max.Y; y++ {
					for x := s.Rect.Min.X; x < s.Rect.Max.X; x++ {
						outer := x < 1 || x >= frame.Max.X-1 || y >= frame.Max.Y-1
						if a := s.NRGBAAt(x, y).A; outer && a > 6 {
							t.Fatalf("alpha %d at %d,%d of %v", a, x, y, frame.Size())
						}
					}
				}
			})
		}
	}
}
