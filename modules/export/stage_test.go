package export

import (
	"errors"
	"image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// anySource draws a scene of any aspect with a product anywhere in it.
func anySource(t *rapid.T) *Source {
	s := &Source{}
	s.Width, s.Height = rapid.IntRange(64, 2048).Draw(t, "scene w"), rapid.IntRange(64, 2048).Draw(t, "scene h")
	w, h := rapid.IntRange(1, s.Width).Draw(t, "w"), rapid.IntRange(1, s.Height).Draw(t, "h")
	s.Box = picture.Box{rapid.IntRange(0, s.Width-w).Draw(t, "x"), rapid.IntRange(0, s.Height-h).Draw(t, "y"), w, h}
	s.FloorY = rapid.IntRange(0, s.Height+10).Draw(t, "floor")
	s.HorizonY = rapid.IntRange(0, s.Height).Draw(t, "horizon")
	return s
}

// skew returns how far a window's aspect is from a preset's aspect, beyond the
// rounding to whole pixels.
func skew(win image.Rectangle, p channel.Preset) float64 {
	got, want := float64(win.Dx())/float64(win.Dy()), p.Aspect()
	rounding := 1/float64(win.Dx()) + 1/float64(win.Dy())
	return math.Max(0, math.Abs(math.Log(got/want))-2*rounding)
}

func TestStagingKeepsProductAndWindowInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(channel.Presets()).Draw(t, "preset")
		l := anySource(t)
		s := stage(p, l)
		frame := image.Rect(0, 0, p.Width, p.Height)
		if s.window.Empty() || !s.window.In(image.Rect(0, 0, l.Width, l.Height)) {
			t.Fatalf("the window %v leaves the scene", s.window)
		}
		if s.product.Empty() || !s.product.In(frame) {
			t.Fatalf("the product %v leaves the frame", s.product)
		}
		if d := skew(s.window, p); d > .01 {
			t.Fatalf("the window %v has not the aspect of %s", s.window, p.Name)
		}
		got := math.Max(float64(s.product.Dx())/float64(p.Width), float64(s.product.Dy())/float64(p.Height))
		if got > p.Fill+.01 || p.Aspect() >= tallAspect && got < p.Fill-.01 {
			t.Fatalf("the product takes %.3f of the frame, want %.3f", got, p.Fill)
		}
		if horizon := (l.HorizonY - s.window.Min.Y) * p.Height / s.window.Dy(); !s.product.In(p.Zone()) && (l.HorizonY == 0 || p.Zone().Max.Y > horizon+2) {
			t.Fatalf("the product %v is not in the safe zone %v", s.product, p.Zone())
		}
		if a := s.point(image.Pt(l.Box[0], l.Box[1])).Sub(s.product.Min); a != (image.Point{}) {
			t.Fatalf("shadow and product are %v apart", a)
		}
	})
}

func TestReframingNeverCutsTheProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(channel.Presets()).Draw(t, "preset")
		l := anySource(t)
		win, at := reframe(p, l)
		if !l.Box.Rect().In(win) || !at.In(image.Rect(-1, -1, p.Width+1, p.Height+1)) {
			t.Fatalf("the product %v is cut: window %v, in the variant %v", l.Box, win, at)
		}
		// the window is rounded to whole pixels of the scene
		slack := 2 + 2*p.Height/win.Dy()
		if z := p.Zone().Inset(-slack); !at.In(z) {
			t.Fatalf("the product %v is not in the safe zone %v", at, z)
		}
		if d := skew(win, p); d > .01 {
			t.Fatalf("the window %v has not the aspect of %s", win, p.Name)
		}
		// no more is added than the product needs
		need := math.Max(float64(l.Box[2]), float64(l.Box[3])) * 2 * productMargin
		cw, ch := cover(l, p.Aspect())
		zone := p.Zone()
		cw = max(cw, float64(l.Box[2])*float64(p.Width)/float64(zone.Dx()), float64(l.Box[3])*float64(p.Height)/float64(zone.Dy())*p.Aspect())
		if float64(win.Dx()) > math.Max(cw, math.Max(float64(l.Box[2])+need, (float64(l.Box[3])+need)*p.Aspect()))+2 || ch < 0 {
			t.Fatalf("the window %v is larger than it has to be", win)
		}
	})
}

func TestPaperStandsTheProductInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(channel.Presets()).Draw(t, "preset")
		img := image.NewNRGBA(image.Rect(0, 0, rapid.IntRange(1, 900).Draw(t, "w"), rapid.IntRange(1, 900).Draw(t, "h")))
		prod := &product{img: img}
		if at := paperPlace(p, prod); at.Empty() || !at.In(p.Zone()) {
			t.Fatalf("on paper %v", at)
		}
		p.Anchor = rapid.SampledFrom([]channel.Anchor{"", channel.Centre, channel.Top, channel.Bottom}).Draw(t, "anchor")
		at := centred(p, prod)
		above, below := at.Min.Y, p.Height-at.Max.Y
		if at.Empty() || !at.In(p.Zone()) || p.SafeZone == nil && (p.Anchor == channel.Top && above > below || p.Anchor == channel.Bottom && below > above) {
			t.Fatalf("on white %v", at)
		}
	})
}

// the scene's own pixels, and nothing with the product's colour beyond them
func TestAnExtensionHoldsNoSecondProduct(t *testing.T) {
	l := scenery(400, 300)
	box := l.Box.Rect()
	imaging.Over(l.Backdrop, newProduct(l, whole).at(box.Dx(), box.Dy()), box.Min)
	win := image.Rect(-150, -150, 700, 750)
	img := extended(l.Backdrop, win, box)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			at, c := image.Pt(x, y).Add(win.Min), img.NRGBAAt(x, y)
			if at.In(l.Backdrop.Rect) {
				if c != l.Backdrop.NRGBAAt(at.X, at.Y) {
					t.Fatalf("the scene changed at %v", at)
				}
			} else if c.B < 140 { // the backdrop has 150 of blue everywhere, the product 40
				t.Fatalf("the product comes again at %v: %v", at, c)
			}
		}
	}
}

// a scene that darkens towards its edges goes on without a crease
func TestAnExtensionHasNeitherSeamNorCrease(t *testing.T) {
	const side = 256
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			d := math.Abs(float64(x)-side/2) / (side / 2)
			g := uint8(220 - 70*d*d)
			img.SetNRGBA(x, y, color.NRGBA{g, g, g, 255})
		}
	}
	out := extended(img, image.Rect(-100, 0, side+100, side), image.Rectangle{})
	row := func(x int) int { return int(out.NRGBAAt(x, side/2).R) }
	for x := 1; x < out.Rect.Dx(); x++ {
		if d := row(x) - row(x-1); d < -3 || d > 3 {
			t.Fatalf("a seam at column %d: %d after %d", x, row(x), row(x-1))
		}
	}
	// merely mirrored, it would be as bright 90 pixels outside as 90 pixels
	// inside, which is 64 levels more
	if edge, far := row(100), row(10); far-edge > 20 {
		t.Errorf("beyond the edge it grows from %d to %d", edge, far)
	}
}

func TestWholePhotosAreFittedWhole(t *testing.T) {
	l := &Layers{Cutout: imaging.Filled(300, 200, color.NRGBA{90, 120, 60, 255})}
	l.Cutout.SetNRGBA(0, 0, productColour)
	l, err := l.sound()
	if err != nil {
		t.Fatal(err)
	}
	if !l.whole() {
		t.Fatal("not taken for a whole photo")
	}
	story, _ := channel.Find("instagram_story")
	img := compose(story, l, newProduct(l, 1080))
	for _, at := range []image.Point{{5, 5}, {540, 960}, {1070, 1910}, {5, 1910}} {
		t.Run(at.String(), func(t *testing.T) {
			if c := img.NRGBAAt(at.X, at.Y); c.A != 255 || math.Abs(float64(c.G)-120) > 12 {
				t.Errorf("%v", c)
			}
		})
	}
}

func TestLayersThatDoNotFitAreRefused(t *testing.T) {
	good := func() *Layers { return scenery(100, 100) }
	for name, spoil := range map[string]func(*Layers){
		"no cut-out":         func(l *Layers) { l.Cutout = nil },
		"an empty cut-out":   func(l *Layers) { l.Cutout = image.NewNRGBA(image.Rectangle{}) },
		"an empty backdrop":  func(l *Layers) { l.Backdrop = image.NewNRGBA(image.Rectangle{}) },
		"a foreign shadow":   func(l *Layers) { l.Shadow = image.NewNRGBA(image.Rect(0, 0, 9, 9)) },
		"a product nowhere":  func(l *Layers) { l.ContainsProduct, l.Box = true, picture.Box{} },
		"a product far away": func(l *Layers) { l.ContainsProduct, l.Box = true, picture.Box{9000, 0, 5, 5} },
	} {
		t.Run(name, func(t *testing.T) {
			l := good()
			spoil(l)
			if err := Render(t.Context(), l, []string{"web_thumb"}, func(Variant) error { return nil }); !errors.Is(err, ErrLayers) {
				t.Error(err)
			}
		})
	}
	for name, spoil := range map[string]func(*Layers){
		"bounds outside":    func(l *Layers) { l.CutoutBounds = picture.Box{5000, 5000, 10, 10} },
		"negative bounds":   func(l *Layers) { l.CutoutBounds = picture.Box{-50, -50, 80, 80} },
		"no place":          func(l *Layers) { l.Box, l.FloorY = picture.Box{}, 0 },
		"a wrong size said": func(l *Layers) { l.Width, l.Height = 9, 1<<20 },
	} {
		t.Run(name, func(t *testing.T) {
			l := good()
			spoil(l)
			n := 0
			if err := Render(t.Context(), l, []string{"web_thumb"}, func(Variant) error { n++; return nil }); err != nil || n != 1 {
				t.Errorf("%d variants, %v", n, err)
			}
		})
	}
}

// TestAVariantCutsTheProductAsItsSceneDoes holds a variant to be a crop of a picture whose frame
// cuts the product: its shadow is not there for another place.
func TestAVariantCutsTheProductAsItsSceneDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(channel.Presets()).Draw(t, "preset")
		l := anySource(t)
		w, h := rapid.IntRange(20, 2*l.Width).Draw(t, "cut w"), rapid.IntRange(20, 2*l.Height).Draw(t, "cut h")
		l.Box = picture.Box{rapid.SampledFrom([]int{-w / 2, l.Width - w/2}).Draw(t, "cut x"), rapid.IntRange(-h/2, l.Height-h/2).Draw(t, "cut y"), w, h}
		s := stage(p, l)
		if s.window.Empty() || !s.window.In(image.Rect(0, 0, l.Width, l.Height)) || s.product.Intersect(image.Rect(0, 0, p.Width, p.Height)).Empty() {
			t.Fatalf("the window is %v, the product at %v", s.window, s.product)
		}
		k := float64(p.Width) / float64(s.window.Dx())
		slack := 2 + k + float64(p.Height)*2/float64(s.window.Dy())
		for i, want := range []float64{float64(l.Box[0]-s.window.Min.X) * k, float64(l.Box[1]-s.window.Min.Y) * k, float64(w) * k, float64(h) * k} {
			if got := float64([]int{s.product.Min.X, s.product.Min.Y, s.product.Dx(), s.product.Dy()}[i]); math.Abs(got-want) > slack {
				t.Fatalf("the product is at %v, %d of it should be %.1f", s.product, i, want)
			}
		}
		part, seen := seenPart(image.Rect(10, 20, 10+w, 20+h), s.product, image.Rect(0, 0, p.Width, p.Height))
		if !seen.In(image.Rect(0, 0, p.Width, p.Height)) || !part.In(image.Rect(10, 20, 10+w, 20+h)) {
			t.Fatalf("%v of the photo at %v", part, seen)
		}
	})
	for name, c := range map[string]struct {
		change func(l *Source)
		cut    bool
	}{
		"whole": {func(*Source) {}, false}, "flush with the lower edge": {func(l *Source) { l.Box, l.Anchor = picture.Box{300, 500, 400, 500}, picture.AnchorBottom }, false},
		"half outside":                   {func(l *Source) { l.Box[0] = -200 }, true},
		"wished where its shadow is cut": {func(l *Source) { l.Box[0], l.At = 40, [2]float64{.24, 0} }, true},
		"wished well inside":             {func(l *Source) { l.At = [2]float64{.5, .8} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Source{}
			l.Width, l.Height, l.Box = 1000, 1000, picture.Box{300, 400, 400, 500}
			c.change(l)
			if got := cut(l); got != c.cut {
				t.Error(got)
			}
		})
	}
}

// TestAProductOfKnownHeightIsInTheSafeZone has scenes in which products stand at one distance, lower
// than a story's zone reaches.
func TestAProductOfKnownHeightIsInTheSafeZone(t *testing.T) {
	story, _ := channel.Find("instagram_story")
	const side, foot = 2048, 1690
	var first float64
	for name, c := range map[string]struct {
		w, h   int
		anchor string
		inside bool
	}{
		"a bottle": {180, 620, "", true}, "a cup": {200, 160, "", true}, "a bag": {700, 500, "", true},
		"wider than a crop": {1090, 300, "", false}, "as high as the scene": {300, 1680, "", false}, "hanging": {300, foot, picture.AnchorTop, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Source{}
			l.Width, l.Height, l.HorizonY, l.FloorY, l.Fixed, l.Anchor = side, side, 1200, foot, true, c.anchor
			l.Box = picture.Box{side/2 - c.w/2, foot - c.h, c.w, c.h}
			s := stage(story, l)
			if s.product.In(story.Zone()) != c.inside || !s.product.In(image.Rect(0, 0, story.Width, story.Height)) {
				t.Errorf("at %v, the zone is %v", s.product, story.Zone())
			}
			if !s.window.In(image.Rect(0, 0, side, side)) || skew(s.window, story) > .01 {
				t.Errorf("the window is %v", s.window)
			}
			if c.anchor == picture.AnchorTop && s.product.Min.Y != 0 {
				t.Errorf("it hangs from %d", s.product.Min.Y)
			}
			if !c.inside {
				return
			}
			if first == 0 {
				first = s.scale
			}
			if math.Abs(s.scale-first) > 1e-9 || math.Abs(s.scale-float64(story.Width)/float64(s.window.Dx())) > 1e-9 {
				t.Errorf("%.4f times the scene's pixels, another product %.4f", s.scale, first)
			}
		})
	}
}
