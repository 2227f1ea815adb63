package export

import (
	"image"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// angle is a product of a set whose largest is 900 by 1200 pixels.
func angle(w, h int) *Layers {
	l := scenery(w, h)
	l.Common = [2]float64{900, 1200}
	return l
}

func TestTheProductsOfASetHaveOneScale(t *testing.T) {
	for _, name := range []string{"shopify", "instagram_story", "facebook_ad", "cutout_png", "web_thumb"} {
		preset, ok := channel.Find(name)
		if !ok {
			t.Fatal(name)
		}
		for kind, change := range map[string]func(*Layers){"scene": func(*Layers) {}, "paper": func(l *Layers) { l.Backdrop, l.Shadow = nil, nil }} {
			t.Run(name+" on "+kind, func(t *testing.T) {
				t.Parallel()
				shown := func(w, h int) image.Rectangle {
					l := angle(w, h)
					change(l)
					return productIn(compose(preset, l, newProduct(l, max(preset.Width, preset.Height))))
				}
				large, small := shown(900, 1200), shown(300, 600)
				// a pixel of each product is as large
				want := image.Pt(large.Dx()/3, large.Dy()/2)
				if d := small.Size().Sub(want); d.X < -2 || d.X > 2 || d.Y < -2 || d.Y > 2 {
					t.Errorf("beside one of %v the other is %v, wanted %v", large.Size(), small.Size(), want)
				}
				if d := small.Max.Y - large.Max.Y; kind == "paper" && (d < -2 || d > 2) {
					t.Errorf("they stand on rows %d and %d", large.Max.Y, small.Max.Y)
				}
			})
		}
	}
}

func TestASetsScaleGivesWayWhereItsChannelRefusesIt(t *testing.T) {
	l := angle(500, 640)
	var v Variant
	if err := Render(t.Context(), l, []string{"amazon_main"}, func(made Variant) error { v = made; return nil }); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(v.Checks, func(c check.Check) bool { return c.Rule == channel.FillAtLeast }); i < 0 || !v.Checks[i].Passed {
		t.Errorf("Amazon wants 85 %% of the frame: %v", failing(v.Checks))
	}
}

// inPhoto is a photo with its own backdrop, as crop_original shows it.
func inPhoto(w, h int, box image.Rectangle) *Layers {
	l := &Layers{Source: Source{Filename: "a.jpg", Scene: picture.CropOriginal}}
	l.Original, l.ContainsProduct, l.Finished, l.BackdropPath = true, true, true, "photo"
	l.CutoutBounds = picture.BoxOf(box)
	l.Backdrop, l.Cutout = image.NewNRGBA(image.Rect(0, 0, w, h)), image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := l.Backdrop.PixOffset(x, y)
			p := l.Backdrop.Pix[i:][:4]
			p[0], p[1], p[2], p[3] = uint8(150+40*x/w), uint8(150+40*y/h), 170, 255
			if image.Pt(x, y).In(box) {
				p[0], p[1], p[2] = uint8(120+(x/16%2)*60), uint8(40+(y/12%2)*50), 30
				copy(l.Cutout.Pix[i:], p)
			}
		}
	}
	return l
}

func TestThePhotosOwnBackdropIsProvedInEveryFormat(t *testing.T) {
	l := inPhoto(1600, 1200, image.Rect(600, 340, 1000, 1000))
	for _, name := range []string{"instagram_story", "facebook_ad"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v Variant
			if err := Render(t.Context(), l, []string{name}, func(made Variant) error { v = made; return nil }); err != nil {
				t.Fatal(err)
			}
			if v.Fidelity == nil || v.Fidelity.Within(check.Limits(v.Preset)) != "" || v.Fidelity.Shift > .2 || v.Fidelity.Pixels < 1000 {
				t.Errorf("the product: %v", v.Fidelity)
			}
			for _, c := range v.Checks {
				if !c.Passed && c.Severity == string(channel.Reject) {
					t.Errorf("%s: %s, wanted %s", c.Rule, c.Measured, c.Wanted)
				}
			}
			img, err := imaging.DecodeOwn(v.File)
			if err != nil {
				t.Fatal(err)
			}
			if c := img.NRGBAAt(2, 2); c.B < 120 || c.R < 100 {
				t.Errorf("its corner shows %v and not the photo's backdrop", c)
			}
		})
	}
}

func TestTheAnglesOfASetHaveOneCropOfTheirPhotos(t *testing.T) {
	preset, _ := channel.Find("shopify")
	window := func(box image.Rectangle) image.Rectangle {
		l := inPhoto(600, 450, box)
		l.Common = [2]float64{180, 240}
		sound, err := l.sound()
		if err != nil {
			t.Fatal(err)
		}
		return photoWindow(preset, &sound.Source)
	}
	a, b := window(image.Rect(210, 100, 390, 340)), window(image.Rect(270, 190, 330, 340))
	if a != b {
		t.Errorf("products on one floor are shown by %v and %v", a, b)
	}
	if c := window(image.Rect(10, 100, 190, 340)); c.Size() != a.Size() || c.Min.X != 0 {
		t.Errorf("near the photo's edge: %v", c)
	}
}
