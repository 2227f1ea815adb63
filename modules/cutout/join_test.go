package cutout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// network is a cutout.Network that answers with what it is given. Asked about a part
// again, it sees the same there, or what second says.
type network struct {
	mask   cutout.Mask
	second *cutout.Mask
	size   image.Point // of the photo
	err    error
}

func (n network) Mask(_ context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	if n.err != nil || n.size == (image.Point{}) || photo.Rect.Size() == n.size {
		return n.mask, n.err
	}
	if frame := photo.Rect.Size(); frame.X > n.size.X || frame.Y > n.size.Y {
		return n.framed(frame), nil
	}
	m := n.mask
	if n.second != nil {
		m = *n.second
	}
	box := cutout.SecondLook(n.mask, n.size.X, n.size.Y)
	part := cutout.Mask{Width: m.Width, Height: m.Height, Coverage: make([]float32, len(m.Coverage))}
	for y := range m.Height {
		for x := range m.Width {
			u := float64(box.Min.X) + (1-(float64(x)+.5)/float64(m.Width))*float64(box.Dx())
			v := float64(box.Min.Y) + (float64(y)+.5)/float64(m.Height)*float64(box.Dy())
			part.Coverage[y*m.Width+x] = m.Coverage[int(v*float64(m.Height)/float64(n.size.Y))*m.Width+int(u*float64(m.Width)/float64(n.size.X))]
		}
	}
	return part, nil
}

// framed is what it sees of the photo in the middle of a larger picture: the same.
func (n network) framed(size image.Point) cutout.Mask {
	m := cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}
	off := size.Sub(n.size).Div(2)
	for y := range n.size.Y {
		for x := range n.size.X {
			m.Coverage[(y+off.Y)*size.X+x+off.X] = n.mask.Coverage[y*n.mask.Height/n.size.Y*n.mask.Width+x*n.mask.Width/n.size.X]
		}
	}
	return m
}

// seen is what a good network answers: the true coverage on a square, a little
// blurred, changed by f (x and y are 0–1).
func seen(alpha *image.Alpha, f func(x, y float64, v float32) float32) network {
	const side = 256
	m := cutout.Mask{Width: side, Height: side, Coverage: make([]float32, side*side)}
	w, h := alpha.Rect.Dx(), alpha.Rect.Dy()
	for y := range side {
		for x := range side {
			var sum, n float32
			for v := y * h / side; v < max((y+1)*h/side, y*h/side+1); v++ {
				for u := x * w / side; u < max((x+1)*w/side, x*w/side+1); u++ {
					sum += float32(alpha.Pix[v*alpha.Stride+u]) / 255
					n++
				}
			}
			v := sum / n
			if f != nil {
				v = f((float64(x)+.5)/side, (float64(y)+.5)/side, v)
			}
			m.Coverage[y*side+x] = v
		}
	}
	return network{mask: m}
}

func cutLearned(t *testing.T, img *image.NRGBA, n cutout.Network) *cutout.Result {
	t.Helper()
	if m, ok := n.(network); ok {
		m.size = img.Rect.Size()
		n = m
	}
	r, err := cutout.CutLearned(t.Context(), img, n)
	if err != nil {
		t.Fatal(err)
	}
	if w, h := img.Rect.Dx(), img.Rect.Dy(); r.Image.Rect != image.Rect(0, 0, w, h) || r.Alpha.Rect != r.Image.Rect {
		t.Fatalf("a picture of %d×%d gave an image of %v and coverage of %v", w, h, r.Image.Rect, r.Alpha.Rect)
	}
	for i, a := range r.Alpha.Pix {
		if r.Image.Pix[4*i+3] != a {
			t.Fatalf("pixel %d has coverage %d and alpha %d", i, a, r.Image.Pix[4*i+3])
		}
	}
	if !(r.Confidence >= 0 && r.Confidence <= 1) || !r.Found && (r.Confidence != 0 || r.ReviewReason == "") {
		t.Errorf("found %v, confidence %v, reason %q", r.Found, r.Confidence, r.ReviewReason)
	}
	return r
}

// A network's mask has a quarter of the photo's pixels a side; its cut-out is as
// good as the photo's own edge, on every kind of backdrop.
func TestJoinedEdgeIsThePhotos(t *testing.T) {
	for _, c := range []struct {
		tier  cutouttest.Tier
		shape cutouttest.Family
		iou   float64
	}{
		{cutouttest.White, cutouttest.Mug, .985},
		{cutouttest.Gradient, cutouttest.Bottle, .985},
		{cutouttest.Shadow, cutouttest.Box, .985},
		{cutouttest.LowContrast, cutouttest.Shoe, .97},
		{cutouttest.WhiteOnWhite, cutouttest.Garment, .96},
		{cutouttest.Clutter, cutouttest.Box, .96},
	} {
		t.Run(string(c.tier)+" "+string(c.shape), func(t *testing.T) {
			p := cutouttest.New(c.tier, c.shape, 600, 450, 11)
			r := cutLearned(t, p.Image, seen(p.Alpha, nil))
			if s := cutouttest.Compare(r.Alpha, p.Alpha); s.IoU < c.iou {
				t.Errorf("IoU %.4f, want %.3f", s.IoU, c.iou)
			}
		})
	}
}

// A network's doubts inside a product are not transparency.
func TestDoubtsInsideAreSettled(t *testing.T) {
	p := cutouttest.New(cutouttest.Clutter, cutouttest.Box, 600, 450, 3)
	r := cutLearned(t, p.Image, seen(p.Alpha, func(x, y float64, v float32) float32 {
		if math.Hypot(x-.5, y-.5) < .06 {
			return min(v, .55)
		}
		return v
	}))
	if a := r.Alpha.AlphaAt(300, 225).A; a != 255 {
		t.Errorf("the middle has coverage %d", a)
	}
}

// A lace that the network missed stays with the product on a plain backdrop.
func TestThinPartTheNetworkMissedIsKept(t *testing.T) {
	img := filled(600, 450, paper, wine, image.Rect(150, 200, 400, 380))
	for y := 60; y < 200; y++ {
		for x := 300; x < 307; x++ {
			img.SetNRGBA(x, y, wine)
		}
	}
	body := image.NewAlpha(img.Rect)
	for y := 200; y < 380; y++ {
		for x := 150; x < 400; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	r := cutLearned(t, img, seen(body, nil))
	if a := r.Alpha.AlphaAt(303, 100).A; a < 200 {
		t.Errorf("the lace has coverage %d", a)
	}
}

// A stub beside the product that the network denies is no lace: it stays out.
func TestStubTheNetworkDeniesIsNotAdded(t *testing.T) {
	img := filled(600, 450, paper, wine, image.Rect(150, 100, 400, 380))
	for y := 224; y < 240; y++ {
		for x := 400; x < 436; x++ {
			img.SetNRGBA(x, y, color.NRGBA{150, 190, 235, 255})
		}
	}
	body := image.NewAlpha(img.Rect)
	for y := 100; y < 380; y++ {
		for x := 150; x < 400; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	r := cutLearned(t, img, seen(body, nil))
	if a := r.Alpha.AlphaAt(415, 232).A; a > 20 {
		t.Errorf("the stub has coverage %d", a)
	}
}

// Parts of a plain backdrop that the network includes without being sure are removed.
func TestBackdropTheNetworkTookAlongGoes(t *testing.T) {
	img := filled(600, 450, paper, wine, image.Rect(150, 150, 400, 380))
	r := cutLearned(t, img, network{mask: func() cutout.Mask {
		m := cutout.Mask{Width: 600, Height: 450, Coverage: make([]float32, 600*450)}
		for y := range 450 {
			for x := range 600 {
				switch p := (image.Point{X: x, Y: y}); {
				case p.In(image.Rect(150, 150, 400, 380)):
					m.Coverage[y*600+x] = 1
				case p.In(image.Rect(400, 250, 470, 380)):
					m.Coverage[y*600+x] = .7
				}
			}
		}
		return m
	}()})
	if a := r.Alpha.AlphaAt(440, 320).A; a > 20 {
		t.Errorf("the backdrop has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(300, 300).A; a != 255 {
		t.Errorf("the product has coverage %d", a)
	}
}

// A network that misses half a product in the photo and sees it in its mirrored box has
// seen it; where the second look sees less, the first counts too.
func TestSecondLookAddsWhatTheFirstMissed(t *testing.T) {
	p := cutouttest.New(cutouttest.Clutter, cutouttest.Box, 600, 450, 3)
	whole := seen(p.Alpha, nil)
	half := seen(p.Alpha, func(x, _ float64, v float32) float32 {
		if x > .5 {
			return min(v, .2)
		}
		return v
	})
	half.second = &whole.mask
	if box := cutout.SecondLook(half.mask, 600, 450); box.Empty() {
		t.Fatal("doubts don't make it look again")
	}
	r := cutLearned(t, p.Image, half)
	if s := cutouttest.Compare(r.Alpha, p.Alpha); s.IoU < .95 {
		t.Errorf("IoU %.4f", s.IoU)
	}
}

// A second look that misses a part takes nothing away.
func TestSecondLookTakesNoPartAway(t *testing.T) {
	p := cutouttest.New(cutouttest.Clutter, cutouttest.Box, 600, 450, 3)
	first := seen(p.Alpha, func(x, _ float64, v float32) float32 {
		if x > .5 {
			return min(v, .85)
		}
		return v
	})
	less := seen(p.Alpha, func(x, _ float64, v float32) float32 {
		if x > .5 {
			return 0
		}
		return v
	})
	first.second = &less.mask
	if box := cutout.SecondLook(first.mask, 600, 450); box.Empty() {
		t.Fatal("doubts don't make it look again")
	}
	r := cutLearned(t, p.Image, first)
	if s := cutouttest.Compare(r.Alpha, p.Alpha); s.IoU < .95 {
		t.Errorf("IoU %.4f", s.IoU)
	}
}

func TestSureOfALargeProductTheNetworkLooksOnce(t *testing.T) {
	body := image.NewAlpha(image.Rect(0, 0, 600, 450))
	for y := 30; y < 420; y++ {
		for x := 60; x < 540; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	if box := cutout.SecondLook(seen(body, nil).mask, 600, 450); !box.Empty() {
		t.Errorf("it looks again at %v", box)
	}
}

func TestATinyProductIsLookedAtAgain(t *testing.T) {
	body := image.NewAlpha(image.Rect(0, 0, 600, 450))
	for y := 200; y < 280; y++ {
		for x := 250; x < 340; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	box := cutout.SecondLook(seen(body, nil).mask, 600, 450)
	if !image.Rect(250, 200, 340, 280).In(box) || box.Dx() > 130 || box.Dy() > 120 {
		t.Errorf("it looks again at %v", box)
	}
}

// A part that the network hardly saw and that has the product's colours, before planks that
// haven't, belongs to the product: the second of two shoes.
func TestColoursDecideWhatTheNetworkDoubts(t *testing.T) {
	img, truth := planks(600, 450), image.NewAlpha(image.Rect(0, 0, 600, 450))
	for _, r := range []image.Rectangle{image.Rect(120, 100, 270, 360), image.Rect(320, 100, 470, 360)} {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				img.SetNRGBA(x, y, wine)
				truth.SetAlpha(x, y, color.Alpha{A: 255})
			}
		}
	}
	r := cutLearned(t, img, seen(truth, func(x, _ float64, v float32) float32 {
		if x > .5 {
			return .06 * v
		}
		return v
	}))
	if s := cutouttest.Compare(r.Alpha, truth); s.IoU < .97 {
		t.Errorf("IoU %.4f", s.IoU)
	}
}

// planks is a backdrop of boards with grain.
func planks(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			d := uint8((x*7+y*3)%23) + uint8(40*((x/48)%2))
			img.SetNRGBA(x, y, color.NRGBA{R: 150 + d, G: 110 + d, B: 60 + d, A: 255})
		}
	}
	return img
}

// A soft shadow that the network takes for half the product ends without an edge.
func TestShadowTheNetworkHalfBelievesGoes(t *testing.T) {
	img := planks(600, 450)
	for y := range 450 {
		for x := range 600 {
			k := min(1, .35+math.Hypot(float64(x-300)/180, float64(y-330)/60)*.65)
			c := img.NRGBAAt(x, y)
			if image.Pt(x, y).In(image.Rect(200, 100, 400, 330)) {
				c = color.NRGBA{R: 40, G: 50, B: 120, A: 255}
			} else {
				c.R, c.G, c.B = uint8(k*float64(c.R)), uint8(k*float64(c.G)), uint8(k*float64(c.B))
			}
			img.SetNRGBA(x, y, c)
		}
	}
	m := cutout.Mask{Width: 600, Height: 450, Coverage: make([]float32, 600*450)}
	for y := range 450 {
		for x := range 600 {
			if image.Pt(x, y).In(image.Rect(200, 100, 400, 330)) {
				m.Coverage[y*600+x] = 1
			} else if d := math.Hypot(float64(x-300)/180, float64(y-330)/60); d < 1 {
				m.Coverage[y*600+x] = float32(.4 * (1 - d))
			}
		}
	}
	r := cutLearned(t, img, network{mask: m})
	if a := r.Alpha.AlphaAt(300, 375).A; a > 30 {
		t.Errorf("the shadow has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(300, 200).A; a != 255 {
		t.Errorf("the product has coverage %d", a)
	}
}

// What is left of an opening shows the backdrop too, though the network is sure of it; a
// white label beside an opening has an edge and stays.
func TestOpeningGrowsOverTheBareBackdrop(t *testing.T) {
	const inner, outer = 110, 180
	ring, disc := filled(600, 450, paper, wine, image.Rectangle{}), image.NewAlpha(image.Rect(0, 0, 600, 450))
	for y := range 450 {
		for x := range 600 {
			d := math.Hypot(float64(x)-300, float64(y)-225)
			if d < outer {
				disc.SetAlpha(x, y, color.Alpha{A: 255})
			}
			if d < outer && d > inner {
				ring.SetNRGBA(x, y, wine)
			}
		}
	}
	divided := image.NewNRGBA(ring.Rect)
	copy(divided.Pix, ring.Pix)
	for x := 300 - inner; x < 300+inner; x++ {
		for y := 240; y < 252; y++ {
			divided.SetNRGBA(x, y, wine)
		}
	}
	below := func(reach float64) network {
		return seen(disc, func(x, y float64, v float32) float32 {
			if 450*y > 246 && math.Hypot(600*x-300, 450*y-225) < reach {
				return .02
			}
			return v
		})
	}
	for _, c := range []struct {
		name  string
		photo *image.NRGBA
		net   network
		open  bool
	}{
		{"one opening", ring, below(inner), true},
		{"one that is seen a little too wide", ring, below(inner + 3), true},
		{"an opening and a label", divided, below(inner), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := cutLearned(t, c.photo, c.net)
			if a := r.Alpha.AlphaAt(300, 290).A; a > 10 {
				t.Errorf("the opening has coverage %d where the network sees it", a)
			}
			if a := r.Alpha.AlphaAt(300, 180).A; c.open && a > 10 || !c.open && a < 250 {
				t.Errorf("what the network is sure of has coverage %d", a)
			}
			if a := r.Alpha.AlphaAt(300, 80).A; a != 255 {
				t.Errorf("the ring has coverage %d", a)
			}
		})
	}
}

// A ring shows the backdrop inside, though the network nearly takes it for the product.
func TestLargeOpeningShowsTheBackdrop(t *testing.T) {
	img, disc := filled(600, 450, paper, wine, image.Rectangle{}), image.NewAlpha(image.Rect(0, 0, 600, 450))
	for y := range 450 {
		for x := range 600 {
			d := math.Hypot(float64(x)-300, float64(y)-225)
			if d < 180 {
				disc.SetAlpha(x, y, color.Alpha{A: 255})
			}
			if d < 180 && d > 110 {
				img.SetNRGBA(x, y, wine)
			}
		}
	}
	r := cutLearned(t, img, seen(disc, func(x, y float64, v float32) float32 {
		if math.Hypot(600*x-300, 450*y-225) < 110 {
			return min(v, .93)
		}
		return v
	}))
	if a := r.Alpha.AlphaAt(300, 225).A; a > 10 {
		t.Errorf("the opening has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(300, 80).A; a != 255 {
		t.Errorf("the ring has coverage %d", a)
	}
}

// A plate that the network half believes in and the product surrounds, but for a small
// mouth, is the product's.
func TestDoubtfulBayIsFilled(t *testing.T) {
	p := image.Rect(150, 100, 450, 380)
	body := image.NewAlpha(image.Rect(0, 0, 600, 450))
	for y := p.Min.Y; y < p.Max.Y; y++ {
		for x := p.Min.X; x < p.Max.X; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	img := planks(600, 450)
	for y := p.Min.Y; y < p.Max.Y; y++ {
		for x := p.Min.X; x < p.Max.X; x++ {
			img.SetNRGBA(x, y, wine)
		}
	}
	r := cutLearned(t, img, seen(body, func(x, y float64, v float32) float32 {
		if at := image.Pt(int(600*x), int(450*y)); at.In(image.Rect(220, 160, 380, 300)) || at.In(image.Rect(380, 220, 450, 240)) {
			return min(v, .4)
		}
		return v
	}))
	if a := r.Alpha.AlphaAt(300, 230).A; a != 255 {
		t.Errorf("the plate has coverage %d", a)
	}
}

func TestJoinTakesAnyPictureAndMask(t *testing.T) {
	odd := cutout.Mask{Width: 3, Height: 2, Coverage: []float32{float32(math.NaN()), float32(math.Inf(1)), -4, 7, .5, 1}}
	for _, d := range [][2]int{{0, 0}, {1, 1}, {15, 40}, {16, 16}, {40, 23}, {1500, 20}, {17, 2000}, {300, 200}} {
		for name, m := range map[string]cutout.Mask{
			"odd": odd, "empty": {Width: 4, Height: 4, Coverage: make([]float32, 16)}, "full": {Width: 1, Height: 1, Coverage: []float32{1}},
		} {
			t.Run(fmt.Sprintf("%s mask on %d×%d", name, d[0], d[1]), func(t *testing.T) {
				cutLearned(t, filled(d[0], d[1], paper, wine, image.Rect(d[0]/3, d[1]/3, d[0]*2/3, d[1])), network{mask: m})
				cutLearned(t, filled(d[0], d[1], color.NRGBA{}, color.NRGBA{}, image.Rectangle{}), network{mask: m})
			})
		}
	}
}

func TestNothingSeenLeavesThePictureWhole(t *testing.T) {
	img := filled(200, 150, paper, wine, image.Rect(50, 50, 150, 100))
	r := cutLearned(t, img, network{mask: cutout.Mask{Width: 2, Height: 2, Coverage: make([]float32, 4)}})
	if r.Found || !bytes.Equal(r.Image.Pix, img.Pix) {
		t.Errorf("found %v", r.Found)
	}
}

func TestJoinTellsTheNetworksError(t *testing.T) {
	img := filled(200, 150, paper, wine, image.Rect(50, 50, 150, 100))
	failed := errors.New("out of memory")
	if _, err := cutout.CutLearned(t.Context(), img, network{err: failed}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if _, err := cutout.CutLearned(t.Context(), img, network{mask: cutout.Mask{Width: 3, Height: 3}}); err == nil {
		t.Error("a mask without values was taken")
	}
}

func TestOwnAlphaIsKeptBesideANetwork(t *testing.T) {
	img := round(60, 40)
	r, err := cutout.CutLearned(t.Context(), img, network{err: errors.New("asked")})
	if err != nil || !r.Found || r.Confidence != 1 || !bytes.Equal(r.Image.Pix, img.Pix) {
		t.Errorf("%v: a picture with its own cut-out was changed", err)
	}
}

// A concern names its place, in pixels of the photo.
func TestConcernsSayWhere(t *testing.T) {
	img := filled(800, 600, paper, wine, image.Rect(200, 150, 600, 450))
	body := image.NewAlpha(img.Rect)
	for y := 150; y < 450; y++ {
		for x := 200; x < 600; x++ {
			body.SetAlpha(x, y, color.Alpha{A: 255})
		}
	}
	sure := cutLearned(t, img, seen(body, nil))
	if sure.Confidence < cutout.ReviewBelow || sure.ReviewReason != "" {
		t.Errorf("a plain product: %.2f, %q, %v", sure.Confidence, sure.ReviewReason, sure.Concerns)
	}
	if box := cutout.Outline(sure).Box.Rect(); !image.Rect(201, 151, 599, 449).In(box) || !box.In(image.Rect(198, 148, 602, 452)) {
		t.Errorf("the outline's place is %v", box)
	}
	doubted := image.Rect(480, 150, 600, 300)
	r := cutLearned(t, img, seen(body, func(x, y float64, v float32) float32 {
		if (image.Point{X: int(800 * x), Y: int(600 * y)}).In(doubted) {
			return min(v, .6)
		}
		return v
	}))
	if r.Confidence >= cutout.ReviewBelow || r.Confidence >= sure.Confidence || len(r.Concerns) == 0 {
		t.Fatalf("a doubted product: %.2f, %v", r.Confidence, r.Concerns)
	}
	c := r.Concerns[0]
	box := image.Rect(c.Box[0], c.Box[1], c.Box[0]+c.Box[2], c.Box[1]+c.Box[3])
	if c.Kind != cutout.ConcernUndecided || r.ReviewReason != c.Text || !box.In(doubted.Inset(-12)) || box.Dx() < 90 || box.Dy() < 110 {
		t.Errorf("%q: %+v", r.ReviewReason, c)
	}
}

// A product that the picture's edge cuts raises a concern, which names the edge.
func TestCutProductIsTold(t *testing.T) {
	img := filled(600, 450, paper, wine, image.Rect(200, 200, 400, 450))
	r := cutout.Cut(img)
	for _, c := range r.Concerns {
		if c.Kind == cutout.ConcernFrame {
			if c.Box[1]+c.Box[3] < 445 || c.Box[0] < 190 || c.Box[2] < 150 {
				t.Errorf("the edge is at the bottom: %v", c.Box)
			}
			return
		}
	}
	t.Errorf("%.2f: %v", r.Confidence, r.Concerns)
}
