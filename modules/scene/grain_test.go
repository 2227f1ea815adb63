package scene

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// photographed draws a wall and a floor with stripes, a product's or a set's, with the noise
// of a camera and a blur of so many pixels.
func photographed(w, h int, noise, blur float64, seed uint64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := &rng{seed}
	for y := range h {
		for x := range w {
			v := 150.0
			if y > h/2 {
				v = 120
			}
			// stripes of 40 pixels above the front, with soft edges
			if y < h*6/10 {
				d := math.Abs(math.Mod(float64(x)+20, 40)-20) - 10
				v += 40 * math.Erf(d/(math.Sqrt2*max(blur, 0.05)))
			}
			n := (r.float() + r.float() + r.float() + r.float() - 2) * 1.732
			g := uint8(min(max(v+noise*float64(n), 0), 255) + 0.5)
			img.SetNRGBA(x, y, color.NRGBA{g, g, g, 255})
		}
	}
	return img
}

// cutFrom is a photograph's middle as a product with air around it.
func cutFrom(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx()+40, img.Rect.Dy()+40))
	for y := range img.Rect.Dy() {
		copy(out.Pix[out.PixOffset(20, y+20):], img.Pix[y*img.Stride:][:img.Rect.Dx()*4])
	}
	return out
}

func TestAPlateTakesTheProductsGrainAndSoftness(t *testing.T) {
	const side = 400
	for _, c := range []struct {
		name                 string
		product, plate, blur float64 // noise in levels, blur of the product in pixels
	}{
		{"a clean plate behind a grainy product", 4, 0.5, 0},
		{"a grainy plate behind a clean product", 0.5, 5, 0},
		{"both alike", 3, 3, 0},
		{"a soft product", 1, 1, 1.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			product := cutFrom(photographed(150, 200, c.product, c.blur, 3))
			plate := &Plate{Image: photographed(side, side, c.plate, 0, 4), Plate: picture.Plate{Horizon: 0.5, Floor: [4]float64{0, 0.55, 1, 1}, Softness: 0.6}}
			before := bytes.Clone(plate.Image.Pix)
			req := Request{Scene: "plate:p", Plate: plate, Product: product, Pose: PoseStanding, Width: side, Height: side}
			req.Steer.Scale = 1 / render(t, New(0), req).Meta.Scale // each pixel of it is one of the picture
			r := render(t, New(0), req)
			if !bytes.Equal(before, plate.Image.Pix) {
				t.Fatal("the plate itself was changed")
			}
			if math.Abs(r.Meta.Scale-1) > 1e-6 {
				t.Fatalf("scale %v", r.Meta.Scale)
			}
			if again := render(t, New(0), req); !bytes.Equal(again.Flat.Pix, r.Flat.Pix) {
				t.Error("the second picture differs")
			}
			whole := func(img *image.NRGBA) grey {
				return grey{img.Rect.Dx(), img.Rect.Dy(), func(x, y int) (float32, bool) { return luma(img.Pix[img.PixOffset(x, y):]), true }}
			}
			was, _ := whole(plate.Image).grain()
			is, _ := whole(r.Backdrop).grain()
			want, _ := whole(photographed(150, 200, c.product, c.blur, 3)).grain()
			if gap := math.Abs(is - want); gap > 0.45*math.Abs(was-want)+0.5 {
				t.Errorf("grain %.2f, was %.2f, the product's %.2f", is, was, want)
			}
			if c.blur > 0 {
				soft, ok := whole(r.Backdrop).softness()
				own, _ := whole(photographed(150, 200, c.product, c.blur, 3)).softness()
				if !ok || math.Abs(soft-c.blur) > 0.35 {
					t.Errorf("softness %.2f px, the product's %.2f, seen as %.2f", soft, c.blur, own)
				}
			}
			for y := r.Product.Rect.Min.Y; y < r.Product.Rect.Max.Y; y++ {
				for x := r.Product.Rect.Min.X; x < r.Product.Rect.Max.X; x++ {
					if p := r.Product.NRGBAAt(x, y); p.A == 255 && r.Flat.NRGBAAt(x, y) != p {
						t.Fatal("the product was changed")
					}
				}
			}
		})
	}
}

// TestWhatGoesOnFromWallToFloorIsNoReflection looks at a hanging roll of paper, whose sides
// go on in the floor.
func TestWhatGoesOnFromWallToFloorIsNoReflection(t *testing.T) {
	r := render(t, New(0), Request{Scene: "studio", Catalogue: true, Seed: 4, Palette: []string{"#c96f3b", "#0f3d3e"}, Width: 256, Height: 256})
	if p := EstimatePlate(r.Backdrop); p.Reflection > 0.1 {
		t.Errorf("reflection %.2f, horizon %.2f", p.Reflection, p.Horizon)
	}
}

// TestAMirroringFloorIsSeen draws bars of different heights and a floor that mirrors them.
func TestAMirroringFloorIsSeen(t *testing.T) {
	img := photograph(256, 256, 0.5)
	r := &rng{8}
	for range 24 {
		x, high := r.int(250), 20+r.int(100)
		for i := range high {
			for u := x; u < x+6; u++ {
				img.SetNRGBA(u, 127-i, color.NRGBA{40, 40, 40, 255})
				c := img.NRGBAAt(u, 128+i)
				img.SetNRGBA(u, 128+i, color.NRGBA{uint8(int(c.R)*6/10 + 16), uint8(int(c.G)*6/10 + 16), uint8(int(c.B)*6/10 + 16), 255})
			}
		}
	}
	if p := EstimatePlate(img); p.Reflection < 0.12 {
		t.Errorf("reflection %.2f, horizon %.2f", p.Reflection, p.Horizon)
	}
}

// TestAMirroringFloorIsSeenBelowSoftThings draws a lamp out of focus above a dark, glossy table.
func TestAMirroringFloorIsSeenBelowSoftThings(t *testing.T) {
	const side, edge = 256, 140
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	r := &rng{6}
	for y := range side {
		for x := range side {
			up, keeps := float64(edge-1-y), 1.0
			if y >= edge {
				up, keeps = float64(y-edge), 0.45
			}
			u, v := (float64(x)-190)/60, (up-60)/45
			glow := 110 * math.Exp(-u*u-v*v)
			for c, base := range [3]float64{58, 66, 78} {
				img.Pix[img.PixOffset(x, y)+c] = uint8(18*(1-keeps) + keeps*(base+glow) + float64(r.int(4)))
			}
			img.Pix[img.PixOffset(x, y)+3] = 255
		}
	}
	if p := EstimatePlate(img); p.Reflection < 0.15 || math.Abs(p.Horizon-float64(edge)/side) > 0.02 {
		t.Errorf("reflection %.2f, horizon %.2f", p.Reflection, p.Horizon)
	}
}

// TestAFaintTableBelowACalmWallEndsAtTheWall has a block on the table whose front is a larger
// step than the table's end, and a table whose light and dark boards differ from the wall both ways.
func TestAFaintTableBelowACalmWallEndsAtTheWall(t *testing.T) {
	const w, h, end, front = 400, 300, 0.8, 0.89
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(196)
			switch at := float64(y) / h; {
			case at >= front && x > w/4:
				v = 120
			case at >= end && x/20%2 == 0:
				v = 208
			case at >= end:
				v = 184
			}
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	if p := EstimatePlate(img); math.Abs(p.Horizon-end) > 0.02 {
		t.Errorf("horizon %.3f, wanted %.2f", p.Horizon, end)
	}
}
