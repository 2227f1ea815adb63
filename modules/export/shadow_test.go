package export

import (
	"image"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
)

// shadowed is a picture without a scene whose photo shows a wide shadow at its foot, that
// goes on to the photo's edges.
func shadowed(wishes picture.PhotoShadow) *Layers {
	l := stood()
	l.Backdrop, l.Shadow = nil, nil
	l.Own = image.NewNRGBA(l.Cutout.Rect)
	for y := 100; y < l.Own.Rect.Dy(); y++ {
		for x := range l.Own.Rect.Dx() {
			l.Own.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 120})
		}
	}
	l.OwnShadow, l.Shadows = &picture.OwnShadow{Path: "shadow.png", Box: picture.Box{-60, 0, l.Cutout.Rect.Dx() + 120, l.Cutout.Rect.Dy() + 60}}, wishes
	return l
}

func TestThePhotosShadowIsKeptWhereItIsWished(t *testing.T) {
	const foot = 170 // row of the cut-out beside which is shadow
	for name, c := range map[string]struct {
		wishes picture.PhotoShadow
		preset string
		dark   [2]uint8 // levels beside the foot, from and to
	}{
		"nothing wished":      {nil, "shopify_white", [2]uint8{255, 255}},
		"kept on white":       {picture.PhotoShadow{"white": "keep"}, "shopify_white", [2]uint8{100, 200}},
		"softened":            {picture.PhotoShadow{"white": "soften"}, "shopify_white", [2]uint8{140, 235}},
		"a preset's own":      {picture.PhotoShadow{"white": "keep", "shopify_white": "drop"}, "shopify_white", [2]uint8{255, 255}},
		"the scene's alone":   {picture.PhotoShadow{"scene": "keep"}, "shopify_white", [2]uint8{255, 255}},
		"the channel refuses": {picture.PhotoShadow{"white": "keep", "bol_main": "keep"}, "bol_main", [2]uint8{255, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := channel.Find(c.preset)
			p.Width, p.Height = 300, 300
			l, err := shadowed(c.wishes).sound()
			if err != nil {
				t.Fatal(err)
			}
			prod := newProduct(l, whole)
			out := compose(p, l, prod)
			at := centred(p, prod)
			y := at.Min.Y + (foot-l.CutoutBounds[1])*at.Dy()/l.CutoutBounds[3]
			if got := out.NRGBAAt(at.Min.X-8, min(y, 299)).R; got < c.dark[0] || got > c.dark[1] {
				t.Errorf("beside its foot it is %d, want %d to %d", got, c.dark[0], c.dark[1])
			}
			for i := range 300 {
				for _, q := range []image.Point{{i, 0}, {i, 299}, {0, i}, {299, i}, {i, 298}, {1, i}} {
					if c := out.NRGBAAt(q.X, q.Y); c != (color.NRGBA{255, 255, 255, 255}) {
						t.Fatalf("the rim at %v is %v", q, c)
					}
				}
			}
		})
	}
}

func TestASoftShadowStandsInOnWhite(t *testing.T) {
	l := shadowed(picture.PhotoShadow{"white": "contact"})
	l.Own, l.OwnShadow = nil, nil
	l, err := l.sound()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := channel.Find("shopify_white")
	p.Width, p.Height = 300, 300
	prod := newProduct(l, whole)
	at := centred(p, prod)
	out := compose(p, l, prod)
	under := out.NRGBAAt(at.Min.X+at.Dx()/5, at.Max.Y+1).R
	if under > 235 || under < 60 {
		t.Errorf("under its foot it is %d, want a soft shadow", under)
	}
	if above := out.NRGBAAt(at.Min.X+at.Dx()/5, at.Min.Y-3).R; above != 255 {
		t.Errorf("above it the picture is %d", above)
	}
	p, _ = channel.Find("bol_main")
	if mode := l.shadowOf(p); mode != picture.ShadowDrop {
		t.Errorf("a channel that wants no shadow gets %q", mode)
	}
}

// A product that its photo cut off doesn't float on white: it comes out of the frame's lower
// edge, but where the channel refuses that, nobody said so, or the photo shows it whole.
func TestWhatThePhotoCutOffComesOutOfTheFrameOnWhite(t *testing.T) {
	for name, c := range map[string]struct {
		preset, anchor string
		cut, edge      bool
	}{
		"cut off":                {"shopify_white", picture.AnchorBottom, true, true},
		"on a floor all alike":   {"shopify_white", "", true, false},
		"whole, and wished so":   {"shopify_white", picture.AnchorBottom, false, false},
		"the channel refuses":    {"amazon_main", picture.AnchorBottom, true, false},
		"the channel may mind":   {"amazon_apparel", picture.AnchorBottom, true, true},
		"hangs from the ceiling": {"shopify_white", picture.AnchorTop, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, ok := channel.Find(c.preset)
			if !ok {
				t.Fatal("no such preset")
			}
			l := shadowed(nil)
			size := l.Cutout.Rect.Size()
			if l.Anchor, l.CutoutBounds = c.anchor, picture.BoxOf(image.Rect(20, 10, size.X-20, size.Y-10)); c.cut {
				l.CutoutBounds = picture.BoxOf(image.Rect(20, 10, size.X-20, size.Y))
			}
			prod := newProduct(l, whole)
			at := placeOnWhite(p, l, prod)
			if (at.Max.Y == p.Height) != c.edge || at.Size() != centred(p, prod).Size() || at.Min.X != centred(p, prod).Min.X {
				t.Errorf("it is at %v of %d×%d", at, p.Width, p.Height)
			}
			if placed, _ := place(p, l, prod); placed != at {
				t.Errorf("the proof looks for it at %v", placed)
			}
		})
	}
}

// A product that its photo cuts off stands on nothing there.
func TestNoSoftShadowLiesUnderACutEdge(t *testing.T) {
	p, _ := channel.Find("shopify_white")
	for name, c := range map[string]struct {
		bounds func(size image.Point) image.Rectangle
		want   string
	}{
		"whole":              {func(s image.Point) image.Rectangle { return image.Rect(0, 10, s.X, s.Y-10) }, picture.ShadowContact},
		"cropped to it":      {func(s image.Point) image.Rectangle { return image.Rectangle{Max: s} }, picture.ShadowContact},
		"cut off at its leg": {func(s image.Point) image.Rectangle { return image.Rect(0, 10, s.X, s.Y) }, picture.ShadowDrop},
	} {
		t.Run(name, func(t *testing.T) {
			l := shadowed(picture.PhotoShadow{"white": "contact"})
			l.CutoutBounds = picture.BoxOf(c.bounds(l.Cutout.Rect.Size()))
			if got := l.shadowOf(p); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
