package cutout_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// filled is a picture of one colour with a rectangle of another in it.
func filled(w, h int, back, front color.NRGBA, in image.Rectangle) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := back
			if (image.Point{X: x, Y: y}).In(in) {
				c = front
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

var (
	paper = color.NRGBA{250, 250, 250, 255}
	wine  = color.NRGBA{90, 30, 40, 255}
)

// check holds for every result.
func check(t *testing.T, img *image.NRGBA, r *cutout.Result) {
	t.Helper()
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if want := image.Rect(0, 0, w, h); r.Image.Rect != want || r.Alpha.Rect != want {
		t.Fatalf("a picture of %v gave an image of %v and coverage of %v", want, r.Image.Rect, r.Alpha.Rect)
	}
	for i, a := range r.Alpha.Pix {
		if r.Image.Pix[4*i+3] != a {
			t.Fatalf("pixel %d has coverage %d and alpha %d", i, a, r.Image.Pix[4*i+3])
		}
	}
	if !(r.Confidence >= 0 && r.Confidence <= 1) {
		t.Errorf("confidence %v", r.Confidence)
	}
	if (r.Confidence < cutout.ReviewBelow) != (r.ReviewReason != "") {
		t.Errorf("confidence %v with the reason %q", r.Confidence, r.ReviewReason)
	}
	if !r.Found && r.Confidence != 0 {
		t.Errorf("nothing found, but confidence %v", r.Confidence)
	}
}

func TestOddSizesAreHandled(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 1))
	for _, d := range [][2]int{{0, 0}, {1, 1}, {8, 8}, {15, 40}, {16, 16}, {17, 17}, {40, 23}, {1500, 20}, {12, 2000}, {300, 200}} {
		w, h := d[0], d[1]
		static := filled(w, h, paper, paper, image.Rectangle{})
		for i := range static.Pix {
			static.Pix[i] = uint8(noise.Uint32())
		}
		for name, img := range map[string]*image.NRGBA{
			"nothing":           filled(w, h, paper, paper, image.Rectangle{}),
			"a product":         filled(w, h, paper, wine, image.Rect(w/3, h/3, w*2/3, h)),
			"a lower half":      filled(w, h, paper, wine, image.Rect(0, h/2, w, h)),
			"nothing but clear": filled(w, h, color.NRGBA{}, color.NRGBA{}, image.Rectangle{}),
			"nothing but noise": static,
		} {
			t.Run(fmt.Sprintf("%d × %d, %s", w, h, name), func(t *testing.T) { check(t, img, cutout.Cut(img)) })
		}
	}
}

func TestNothingToCutLeavesThePictureWhole(t *testing.T) {
	for _, img := range []*image.NRGBA{filled(1, 1, wine, wine, image.Rectangle{}), filled(200, 150, paper, paper, image.Rectangle{})} {
		t.Run(img.Rect.String(), func(t *testing.T) {
			r := cutout.Cut(img)
			check(t, img, r)
			if r.Found || r.Confidence != 0 || r.ReviewReason == "" || !bytes.Equal(r.Image.Pix, img.Pix) {
				t.Errorf("found %v, confidence %v, reason %q", r.Found, r.Confidence, r.ReviewReason)
			}
		})
	}
}

// round is a picture that brings a cut-out: a disk.
func round(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if u, v := 2*x-w, 2*y-h; u*u+v*v < h*h/2 {
				img.SetNRGBA(x, y, wine)
			}
		}
	}
	return img
}

func TestOwnAlphaIsKept(t *testing.T) {
	img := round(60, 40)
	img.SetNRGBA(20, 20, color.NRGBA{90, 30, 40, 100})
	r := cutout.Cut(img)
	check(t, img, r)
	if !r.Found || r.Confidence != 1 || !bytes.Equal(r.Image.Pix, img.Pix) {
		t.Errorf("a picture with its own cut-out was changed")
	}
	r.Image.Pix[0] = 77
	if img.Pix[0] == 77 {
		t.Error("the result shares its pixels with the input")
	}
}

func TestSubImageIsCutLikeACopy(t *testing.T) {
	p := cutouttest.New(cutouttest.White, cutouttest.Mug, 400, 300, 7)
	padded := filled(440, 330, wine, wine, image.Rectangle{})
	for y := range 300 {
		copy(padded.Pix[padded.PixOffset(25, y+11):], p.Image.Pix[y*p.Image.Stride:(y+1)*p.Image.Stride])
	}
	a, b := cutout.Cut(p.Image), cutout.Cut(padded.SubImage(image.Rect(25, 11, 425, 311)).(*image.NRGBA))
	if !bytes.Equal(a.Image.Pix, b.Image.Pix) || a.Confidence != b.Confidence {
		t.Error("a part of a picture is cut differently from a copy of it")
	}
}

func TestCutsSideBySideAreTheSame(t *testing.T) {
	p := cutouttest.New(cutouttest.Shadow, cutouttest.Fuzzy, 240, 180, 3)
	before := bytes.Clone(p.Image.Pix)
	var out [3]*cutout.Result
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() { out[i] = cutout.Cut(p.Image) })
	}
	wg.Wait()
	for _, r := range out[1:] {
		if !bytes.Equal(r.Image.Pix, out[0].Image.Pix) || r.Confidence != out[0].Confidence {
			t.Error("the same picture was cut in two ways")
		}
	}
	if !bytes.Equal(before, p.Image.Pix) {
		t.Error("the input was written to")
	}
}

// The inside of the product stays unchanged, and no backdrop is left in the edge of
// a dark product on white.
func TestInsideIsUntouchedAndEdgeIsClean(t *testing.T) {
	in := image.Rect(120, 80, 280, 240)
	img := filled(400, 300, paper, wine, in)
	r := cutout.Cut(img)
	check(t, img, r)
	for y := range 300 {
		for x := range 400 {
			c := r.Image.NRGBAAt(x, y)
			switch p := (image.Point{X: x, Y: y}); {
			case p.In(in.Inset(4)) && c != wine:
				t.Fatalf("inside, at %v: %v", p, c)
			case !p.In(in.Inset(-4)) && c.A != 0:
				t.Fatalf("outside, at %v: %v", p, c)
			case c.A > 20 && c.R > 150:
				t.Fatalf("a halo at %v: %v", p, c)
			}
		}
	}
}

// floors hold on small pictures with a margin for changes that help elsewhere.
func TestQualityFloors(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: a minute of pictures")
	}
	for _, c := range []struct {
		tier  cutouttest.Tier
		shape cutouttest.Family
		iou   float64
	}{
		{cutouttest.White, cutouttest.Mug, .97},
		{cutouttest.White, cutouttest.Fuzzy, .85},
		{cutouttest.Gradient, cutouttest.Bottle, .97},
		{cutouttest.Gradient, cutouttest.Glasses, .7}, // thin at this size
		{cutouttest.Shadow, cutouttest.Box, .96},
		{cutouttest.Shadow, cutouttest.Mug, .95},
		{cutouttest.LowContrast, cutouttest.Shoe, .9},
		{cutouttest.WhiteOnWhite, cutouttest.Garment, .93},
	} {
		t.Run(fmt.Sprint(c.tier, " ", c.shape), func(t *testing.T) {
			p := cutouttest.New(c.tier, c.shape, 600, 450, 11)
			r := cutout.Cut(p.Image)
			check(t, p.Image, r)
			if s := cutouttest.Compare(r.Alpha, p.Alpha); s.IoU < c.iou {
				t.Errorf("IoU %.3f, want %.2f", s.IoU, c.iou)
			}
		})
	}
}

func TestClutterIsFlagged(t *testing.T) {
	for seed := range uint64(2) {
		p := cutouttest.New(cutouttest.Clutter, cutouttest.Shoe, 600, 450, 20+seed)
		r := cutout.Cut(p.Image)
		check(t, p.Image, r)
		if r.Confidence >= cutout.ReviewBelow {
			t.Errorf("%s: confidence %.2f", p.Name, r.Confidence)
		}
	}
}

// FuzzCut: no picture panics, whatever its pixels and shape.
func FuzzCut(f *testing.F) {
	f.Add([]byte{1, 2, 3, 255, 200, 0}, uint16(40), uint16(30))
	f.Add([]byte{255}, uint16(64), uint16(64))
	f.Add([]byte{0, 255, 0, 0}, uint16(200), uint16(17))
	f.Fuzz(func(t *testing.T, b []byte, w, h uint16) {
		img := image.NewNRGBA(image.Rect(0, 0, int(w%220), int(h%220)))
		for i := range img.Pix {
			if len(b) > 0 {
				img.Pix[i] = b[(i+i/997)%len(b)]
			}
			if i%4 == 3 && len(b)%2 == 0 {
				img.Pix[i] = 255
			}
		}
		check(t, img, cutout.Cut(img))
	})
}

// benchmarkSize cuts one photograph again and again.
func benchmarkSize(b *testing.B, w, h int) {
	p := cutouttest.New(cutouttest.Shadow, cutouttest.Shoe, w, h, 1)
	b.ReportAllocs()
	for b.Loop() {
		cutout.Cut(p.Image)
	}
}

func BenchmarkCut2MP(b *testing.B)  { benchmarkSize(b, 1600, 1200) }
func BenchmarkCut12MP(b *testing.B) { benchmarkSize(b, 4000, 3000) }
