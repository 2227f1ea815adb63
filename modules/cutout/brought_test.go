package cutout

import (
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// brought makes a photo that brings a cut-out: opaque where in says so, else alpha as given.
func brought(photo *image.NRGBA, alpha func(x, y int) uint8) *image.NRGBA {
	o := image.NewNRGBA(photo.Rect)
	copy(o.Pix, photo.Pix)
	for i := 3; i < len(o.Pix); i += 4 {
		o.Pix[i] = alpha(i/4%photo.Rect.Dx(), i/4/photo.Rect.Dx())
	}
	return o
}

// bounds of what a cut-out has, and each pixel's way to it.
func solidOf(p *cutouttest.Photo) (box image.Rectangle, way []float32) {
	w, h := p.Image.Rect.Dx(), p.Image.Rect.Dy()
	in := make([]bool, w*h)
	for i := range in {
		if in[i] = p.Alpha.Pix[i] >= 128; in[i] {
			box = box.Union(image.Rect(i%w, i/w, i%w+1, i/w+1))
		}
	}
	return box, distance(in, w, h)
}

// A cut-out that follows its product is believed, whatever the product. Drawn ones are smoother
// than real ones, so that some have one colour around something else, as a backdrop has: of 66
// photographs' cut-outs none is doubted.
func TestAProductsOwnCutoutIsBelieved(t *testing.T) {
	all, doubted := 0, 0
	for _, tier := range cutouttest.Tiers() {
		for _, family := range cutouttest.Families() {
			p := cutouttest.New(tier, family, 480, 360, 3)
			r := Cut(brought(p.Image, func(x, y int) uint8 { return p.Alpha.AlphaAt(x, y).A }))
			if all++; !r.Found || r.Confidence != 1 || len(r.Concerns) != 0 || r.ReviewReason != "" {
				doubted++
				t.Logf("%v %v: confidence %v, %v", tier, family, r.Confidence, r.Concerns)
			}
		}
	}
	if all < 40 || doubted*10 > all {
		t.Errorf("%d of %d are doubted", doubted, all)
	}
}

// A cut-out that holds the backdrop, or is a layer's, is looked at by a person, who reads why.
func TestACutoutThatHoldsTheBackdropIsDoubted(t *testing.T) {
	opaque := func(in bool) uint8 {
		if in {
			return 255
		}
		return 0
	}
	for _, family := range cutouttest.Families() {
		p := cutouttest.New(cutouttest.White, family, 480, 360, 5)
		box, way := solidOf(p)
		wide := box.Inset(-12).Intersect(p.Image.Rect)
		corner := func(x, y, r int) bool {
			u := max(wide.Min.X+r-x, x-wide.Max.X+1+r, 0)
			v := max(wide.Min.Y+r-y, y-wide.Max.Y+1+r, 0)
			return u*u+v*v <= r*r
		}
		for name, c := range map[string]struct {
			alpha func(x, y int) uint8
			text  string
		}{
			"a rectangle around it":  {func(x, y int) uint8 { return opaque(image.Pt(x, y).In(wide)) }, broughtRectangle},
			"with rounded corners":   {func(x, y int) uint8 { return opaque(image.Pt(x, y).In(wide) && corner(x, y, 20)) }, broughtRectangle},
			"a screenshot's corners": {func(x, y int) uint8 { return opaque(image.Pt(x, y).In(p.Image.Rect.Inset(3))) }, broughtRectangle},
			"an oval around it": {func(x, y int) uint8 {
				u, v := float64(2*x+1-480)/480, float64(2*y+1-360)/360
				return opaque(u*u+v*v <= 1)
			}, broughtDrawn},
			"an oval cut by the frame": {func(x, y int) uint8 {
				u, v := float64(2*x+1-480)/520, float64(2*y+1-480)/440
				return opaque(u*u+v*v <= 1)
			}, broughtDrawn},
			"an oval that lies askew": {func(x, y int) uint8 {
				a, b := float64(2*x+1-480), float64(2*y+1-360)
				u, v := (.8*a+.6*b)/460, (.8*b-.6*a)/330
				return opaque(u*u+v*v <= 1)
			}, broughtDrawn},
			"a pill around it": {func(x, y int) uint8 {
				u, v := max(90-x, x-389, 0), y-180
				return opaque(u*u+v*v <= 90*90)
			}, broughtDrawn},
			"a selection beside it":         {func(x, y int) uint8 { return opaque(way[y*480+x] < 25) }, broughtBackdrop},
			"a layer's opacity":             {func(x, y int) uint8 { return p.Alpha.AlphaAt(x, y).A / 2 }, broughtOpacity},
			"an opacity in a rectangle":     {func(x, y int) uint8 { return opaque(image.Pt(x, y).In(wide)) / 2 }, broughtOpacity},
			"a rectangle cut by the bottom": {func(x, y int) uint8 { return opaque(y >= wide.Min.Y && x >= wide.Min.X && x < wide.Max.X) }, broughtRectangle},
		} {
			if family == cutouttest.Fuzzy && name == "a layer's opacity" {
				continue // most of its fur is half transparent by itself
			}
			t.Run(fmt.Sprint(family, ": ", name), func(t *testing.T) {
				im := brought(p.Image, c.alpha)
				if !ownCutout(im) {
					t.Fatal("it leaves hardly anything clear")
				}
				r := Cut(im)
				if !r.Found || r.Confidence >= ReviewBelow || r.Confidence <= 0 || r.ReviewReason != c.text || len(r.Concerns) != 1 || r.Concerns[0].Text != c.text || r.Concerns[0].Box[2] == 0 {
					t.Errorf("confidence %v, %v, want %q; %+v", r.Confidence, r.Concerns, c.text, backed(im, wide))
				}
				if r.Image.Pix[3] != im.Pix[3] {
					t.Error("it was changed")
				}
			})
		}
	}
}

// A line drawn by hand around a product leaves the photo's colours on both sides of it, where they are still there;
// a product's own outline doesn't.
func TestThePhotoGoesOnBeyondADrawnLine(t *testing.T) {
	for _, tier := range []cutouttest.Tier{cutouttest.White, cutouttest.Gradient, cutouttest.Shadow} {
		for _, family := range cutouttest.Families() {
			t.Run(fmt.Sprint(tier, " ", family), func(t *testing.T) {
				p := cutouttest.New(tier, family, 480, 360, 7)
				box, way := solidOf(p)
				own := brought(p.Image, func(x, y int) uint8 { return p.Alpha.AlphaAt(x, y).A })
				lasso := brought(p.Image, func(x, y int) uint8 { // 9 to 19 px beside the product, a bit wavy
					if float64(way[y*480+x]) < 14+5*math.Sin(float64(x)/17)*math.Cos(float64(y)/23) {
						return 255
					}
					return 0
				})
				wide := box.Inset(-20).Intersect(p.Image.Rect)
				if v := goesOn(own, box); v >= hiddenShare {
					t.Errorf("across %.2f of the product's own outline", v)
				}
				if v := goesOn(lasso, wide); v < hiddenShare {
					t.Errorf("across %.2f of the drawn line", v)
				}
				for i := 0; i < len(lasso.Pix); i += 4 {
					if lasso.Pix[i+3] == 0 {
						copy(lasso.Pix[i:], []uint8{0, 0, 0})
					}
				}
				if v := goesOn(lasso, wide); v != 0 {
					t.Errorf("across %.2f where all beyond it is black", v)
				}
			})
		}
	}
	// On a busy backdrop only that tells.
	p := cutouttest.New(cutouttest.White, cutouttest.Mug, 480, 360, 7)
	_, way := solidOf(p)
	photo := image.NewNRGBA(p.Image.Rect)
	copy(photo.Pix, p.Image.Pix)
	for i := 0; i < len(photo.Pix); i += 4 {
		if x, y := i/4%480, i/4/480; p.Alpha.Pix[i/4] == 0 {
			stripe := [4][3]uint8{{150, 90, 60}, {70, 110, 160}, {200, 200, 90}, {90, 160, 80}}[(x/40+y/40)%4]
			copy(photo.Pix[i:], stripe[:])
		}
	}
	r := Cut(brought(photo, func(x, y int) uint8 {
		if way[y*480+x] < 16 {
			return 255
		}
		return 0
	}))
	if r.Confidence >= ReviewBelow || r.ReviewReason != broughtGoesOn {
		t.Errorf("confidence %v, %q", r.Confidence, r.ReviewReason)
	}
}

// A soft shadow that a cut-out keeps has its product's colour where both are black.
func TestAKeptShadowIsNoPhotoThatGoesOn(t *testing.T) {
	const side = 300
	im := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		x, y := i%side, i/side
		p := im.Pix[4*i:]
		way := math.Hypot(max(0, math.Abs(float64(x-150))-60), max(0, math.Abs(float64(y-150))-40))
		switch {
		case way == 0: // black leather
			p[0], p[1], p[2], p[3] = uint8(6+(x+y)%5), 6, 7, 255
		case way < 9:
			p[3] = uint8(120 * (1 - way/9))
		default: // what the photo had there
			p[0], p[1], p[2] = uint8(200+x%20), uint8(190+y%20), 180
		}
	}
	if v := goesOn(im, image.Rect(90, 110, 211, 191)); v > .1 {
		t.Errorf("across %.2f of the outline", v)
	}
}

// Pictures of any size are looked at without a fault.
func TestAnyCutoutIsLookedAt(t *testing.T) {
	for _, size := range []image.Point{{0, 0}, {1, 1}, {1, 3000}, {3000, 1}, {17, 17}, {16, 900}} {
		t.Run(size.String(), func(t *testing.T) {
			im := image.NewNRGBA(image.Rectangle{Max: size})
			for i := 3; i < len(im.Pix); i += 4 {
				im.Pix[i] = uint8(i / 4 % 3 * 127)
			}
			doubtBrought(im)
		})
	}
}
