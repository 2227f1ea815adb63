package cutout_test

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/picture"
)

// drawn is a photo of a wine-red ring with a blue bar beside it on paper, with a little
// noise, and its true coverage by part.
func drawn() (photo *image.NRGBA, ring, bar, hole *image.Alpha) {
	const w, h = 320, 240
	photo = image.NewNRGBA(image.Rect(0, 0, w, h))
	ring, bar, hole = image.NewAlpha(photo.Rect), image.NewAlpha(photo.Rect), image.NewAlpha(photo.Rect)
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			c := color.NRGBA{244, 244, 242, 255}
			d := (x-110)*(x-110) + (y-120)*(y-120)
			switch {
			case d < 30*30:
				hole.SetAlpha(x, y, color.Alpha{255})
			case d < 70*70:
				c = wine
				ring.SetAlpha(x, y, color.Alpha{255})
			case x >= 180 && x < 270 && y >= 100 && y < 140:
				c = color.NRGBA{40, 70, 150, 255}
				bar.SetAlpha(x, y, color.Alpha{255})
			}
			n := uint8(seed >> 30)
			photo.SetNRGBA(x, y, color.NRGBA{c.R + n, c.G + n, c.B + n, 255})
		}
	}
	return photo, ring, bar, hole
}

// lifted is the photo with the coverage of all parts.
func lifted(photo *image.NRGBA, parts ...*image.Alpha) *image.NRGBA {
	o := image.NewNRGBA(photo.Rect)
	for i := 0; i < len(o.Pix); i += 4 {
		for _, p := range parts {
			if p.Pix[i/4] > 0 {
				copy(o.Pix[i:i+4], photo.Pix[i:i+4])
			}
		}
	}
	return o
}

func alpha(img *image.NRGBA) *image.Alpha {
	o := image.NewAlpha(img.Rect)
	for i := range o.Pix {
		o.Pix[i] = img.Pix[4*i+3]
	}
	return o
}

func sum(parts ...*image.Alpha) *image.Alpha {
	o := image.NewAlpha(parts[0].Rect)
	for _, p := range parts {
		for i, v := range p.Pix {
			o.Pix[i] = max(o.Pix[i], v)
		}
	}
	return o
}

func at(points ...[2]float64) []picture.Stroke {
	return []picture.Stroke{{Points: points, Radius: 4}}
}

func TestHintsChangeThePartsThatTheyTouch(t *testing.T) {
	photo, ring, bar, hole := drawn()
	for name, c := range map[string]struct {
		draft cutout.Draft
		hints picture.Hints
		want  *image.Alpha
	}{
		"a gap is opened by a dot":         {cutout.Draft{Image: lifted(photo, ring, hole)}, picture.Hints{Remove: at([2]float64{110, 120})}, ring},
		"a lost part comes back":           {cutout.Draft{Image: lifted(photo, ring)}, picture.Hints{Keep: at([2]float64{200, 120})}, sum(ring, bar)},
		"a thing that is not the product":  {cutout.Draft{Image: lifted(photo, ring, bar)}, picture.Hints{Remove: at([2]float64{190, 120}, [2]float64{240, 110})}, ring},
		"both at the same time":            {cutout.Draft{Image: lifted(photo, ring, hole)}, picture.Hints{Keep: at([2]float64{200, 120}), Remove: at([2]float64{110, 110})}, sum(ring, bar)},
		"a box":                            {cutout.Draft{Image: lifted(photo, ring, bar)}, picture.Hints{Box: &picture.Box{20, 20, 158, 200}}, ring},
		"a box where nothing was found":    {cutout.Draft{Image: lifted(photo, ring)}, picture.Hints{Box: &picture.Box{182, 60, 120, 120}}, bar},
		"strokes where nothing was found":  {cutout.Draft{Image: photo, Whole: true}, picture.Hints{Keep: at([2]float64{110, 70})}, ring},
		"a keep in what is there already":  {cutout.Draft{Image: lifted(photo, ring)}, picture.Hints{Keep: at([2]float64{110, 70})}, ring},
		"a remove in what is gone already": {cutout.Draft{Image: lifted(photo, ring)}, picture.Hints{Remove: at([2]float64{10, 10})}, ring},
	} {
		t.Run(name, func(t *testing.T) {
			c.draft.Photo = photo
			got, err := cutout.Refine(c.draft, c.hints)
			if err != nil {
				t.Fatal(err)
			}
			if s := cutouttest.Compare(alpha(got), c.want); s.IoU < .97 {
				t.Errorf("it overlaps by %.3f", s.IoU)
			}
		})
	}
}

func TestHintsLeaveTheRestToTheBit(t *testing.T) {
	photo, ring, bar, _ := drawn()
	draft := lifted(photo, ring, bar)
	for i := 3; i < len(draft.Pix); i += 4 { // an edge that no other engine would make
		if draft.Pix[i] > 0 && i/4%photo.Rect.Dx() < 60 {
			draft.Pix[i] = 77
		}
	}
	got, err := cutout.Refine(cutout.Draft{Photo: photo, Image: draft}, picture.Hints{Remove: at([2]float64{230, 120})})
	if err != nil {
		t.Fatal(err)
	}
	for y := range 240 {
		for x := range 160 {
			i := draft.PixOffset(x, y)
			if [4]uint8(got.Pix[i:i+4]) != [4]uint8(draft.Pix[i:i+4]) {
				t.Fatalf("(%d, %d) was %v and is %v", x, y, draft.Pix[i:i+4], got.Pix[i:i+4])
			}
		}
	}
}

// People paint roughly: a stroke over what stands beside the product runs over some of the
// product, which it must not take.
func TestARoughStrokeTakesWhatItIsAbout(t *testing.T) {
	const w, h = 320, 240
	photo := image.NewNRGBA(image.Rect(0, 0, w, h))
	chair, books := image.NewAlpha(photo.Rect), image.NewAlpha(photo.Rect)
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			c := color.NRGBA{228, 222, 214, 255}
			switch {
			case x >= 80 && x < 280 && y >= 100 && y < 230:
				c = color.NRGBA{70, 90, 120, 255} // woven, with a dark seam
				if (y-100)%40 < 3 {
					c = color.NRGBA{40, 50, 70, 255}
				}
				chair.SetAlpha(x, y, color.Alpha{255})
			case x >= 90 && x < 170 && y >= 60 && y < 100: // books that stand behind it
				c = []color.NRGBA{{150, 60, 40, 255}, {30, 30, 28, 255}, {60, 120, 70, 255}, {190, 150, 60, 255}}[(x-90)/20]
				books.SetAlpha(x, y, color.Alpha{255})
			}
			n := uint8(seed>>28) - 8
			photo.SetNRGBA(x, y, color.NRGBA{c.R + n, c.G + n, c.B + n, 255})
		}
	}
	for name, points := range map[string][][2]float64{
		"along its middle": {{92, 80}, {168, 80}},
		"along the edge":   {{92, 70}, {168, 70}, {168, 96}, {92, 96}},
		"one that slips":   {{92, 80}, {168, 80}, {172, 108}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cutout.Refine(cutout.Draft{Photo: photo, Image: lifted(photo, chair, books)},
				picture.Hints{Remove: []picture.Stroke{{Points: points, Radius: 12}}})
			if err != nil {
				t.Fatal(err)
			}
			if s := cutouttest.Compare(alpha(got), chair); s.IoU < .98 {
				t.Errorf("it overlaps with the product by %.3f", s.IoU)
			}
		})
	}
}

// A product of the backdrop's colour has no edge to stop at: the stroke must not take
// the backdrop along.
func TestAStrokeDoesNotRunOut(t *testing.T) {
	photo, ring, _, _ := drawn()
	for name, c := range map[string]struct {
		hints picture.Hints
		most  float64 // share of the photo that may change
	}{
		"into the backdrop": {picture.Hints{Keep: at([2]float64{290, 200})}, .12},
		"over the product":  {picture.Hints{Remove: at([2]float64{110, 70})}, .12},
	} {
		t.Run(name, func(t *testing.T) {
			draft := lifted(photo, ring)
			got, err := cutout.Refine(cutout.Draft{Photo: photo, Image: draft}, c.hints)
			if err != nil {
				t.Fatal(err)
			}
			changed := 0
			for i := 3; i < len(got.Pix); i += 4 {
				if got.Pix[i] != draft.Pix[i] {
					changed++
				}
			}
			if share := float64(changed) / float64(len(got.Pix)/4); share > c.most || changed == 0 {
				t.Errorf("%.3f of the photo changed", share)
			}
		})
	}
}

func TestHintsThatLeaveNoProduct(t *testing.T) {
	photo, ring, bar, _ := drawn()
	small := &image.NRGBA{Pix: photo.Pix, Stride: photo.Stride, Rect: image.Rect(0, 0, 8, 8)}
	for name, c := range map[string]struct {
		photo *image.NRGBA
		hints picture.Hints
	}{
		"a box beside it":    {photo, picture.Hints{Box: &picture.Box{0, 0, 10, 10}}},
		"all of it is gone":  {photo, picture.Hints{Remove: []picture.Stroke{{Points: [][2]float64{{0, 120}, {320, 120}}, Radius: 300}}}},
		"outside the photo":  {photo, picture.Hints{Keep: at([2]float64{1000, 1})}},
		"a photo of no size": {small, picture.Hints{Keep: at([2]float64{1, 1})}},
	} {
		t.Run(name, func(t *testing.T) {
			draft := lifted(photo, ring, bar)
			draft.Rect = c.photo.Rect
			if _, err := cutout.Refine(cutout.Draft{Photo: c.photo, Image: draft}, c.hints); !errors.Is(err, picture.ErrHints) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := cutout.Refine(cutout.Draft{Photo: photo, Image: small}, picture.Hints{Keep: at([2]float64{1, 1})}); err == nil || errors.Is(err, picture.ErrHints) {
		t.Errorf("a cut-out of another size: %v", err)
	}
}

// The result keeps the logits that hints are worked out on.
func TestACutOutKeepsItsLogits(t *testing.T) {
	photo, ring, _, _ := drawn()
	r := cutout.Cut(photo)
	if r.Logits == nil || max(r.Logits.Rect.Dx(), r.Logits.Rect.Dy()) > 1024 {
		t.Fatalf("%v", r.Logits)
	}
	got, err := cutout.Refine(cutout.Draft{Photo: photo, Image: lifted(photo, ring), Logits: r.Logits}, picture.Hints{Keep: at([2]float64{200, 120})})
	if err != nil {
		t.Fatal(err)
	}
	if got.Pix[got.PixOffset(260, 120)+3] < 250 {
		t.Error("the part did not come back")
	}
}

// A cut-out that hints made is believed in by its own outline, not by the draft's.
func TestHintsAreJudgedByWhatTheyMake(t *testing.T) {
	photo, ring, bar, hole := drawn()
	good := lifted(photo, ring, bar)
	holed := lifted(photo, ring, bar, hole)
	bitten := lifted(photo, ring, bar)
	for y := 60; y < 180; y++ {
		for x := 60; x < 110; x++ {
			bitten.Pix[bitten.PixOffset(x, y)+3] = 0
		}
	}
	const engine = .6
	judge := func(before, after *image.NRGBA) float64 {
		c, _ := cutout.Judge(cutout.Draft{Photo: photo, Image: before}, after, picture.Hints{}, engine)
		return c
	}
	if c := judge(good, good); c != engine {
		t.Errorf("nothing changed: %.3f", c)
	}
	if c := judge(holed, good); c <= engine {
		t.Errorf("the opening was made: %.3f", c)
	}
	if c := judge(good, bitten); c >= engine-.1 {
		t.Errorf("half of the ring is gone: %.3f", c)
	}
	if c := judge(good, holed); c >= engine {
		t.Errorf("the opening was filled: %.3f", c)
	}
}

// A painted stroke has a reach of its own: what hangs on the product and has its colour can be
// painted away, and the product stays where nobody painted.
func TestAPaintedStrokeReachesWhatIsNear(t *testing.T) {
	const w, h = 900, 700
	photo := image.NewNRGBA(image.Rect(0, 0, w, h))
	chair, rest := image.NewAlpha(photo.Rect), image.NewAlpha(photo.Rect)
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			c := color.NRGBA{228, 222, 214, 255}
			switch blue := (color.NRGBA{70, 90, 120, 255}); {
			case x >= 300 && x < 820 && y >= 220 && y < 640: // a seat in two colours
				if c = blue; x >= 540 {
					c = color.NRGBA{150, 60, 40, 255}
				}
				chair.SetAlpha(x, y, color.Alpha{255})
			case x >= 180 && x < 300 && y >= 180 && y < 260: // a cloth that hangs over its side
				c = blue
				rest.SetAlpha(x, y, color.Alpha{255})
			}
			n := uint8(seed>>28) - 8
			photo.SetNRGBA(x, y, color.NRGBA{c.R + n, c.G + n, c.B + n, 255})
		}
	}
	draft := lifted(photo, chair, rest)
	stroke := picture.Stroke{Points: [][2]float64{{200, 220}, {270, 220}}, Radius: 40}
	got, err := cutout.Refine(cutout.Draft{Photo: photo, Image: draft}, picture.Hints{Remove: []picture.Stroke{stroke}})
	if err != nil {
		t.Fatal(err)
	}
	if s := cutouttest.Compare(alpha(got), chair); s.IoU < .98 {
		t.Errorf("it overlaps with the product by %.3f", s.IoU)
	}
}

// Hints that take away what looks like the product are for a person to look at, and the place is
// told; those that take what hangs on it, or a box around it, are not.
func TestHintsThatTakeTheProductAreDoubted(t *testing.T) {
	photo, ring, bar, hole := drawn()
	piece := image.NewAlpha(photo.Rect)
	draw.Draw(piece, image.Rect(285, 20, 305, 180), image.Opaque, image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		draft *image.NRGBA
		hints picture.Hints
		text  string          // the concern's, in part
		at    image.Rectangle // where it is told
	}{
		"a box through the product":        {lifted(photo, ring, bar), picture.Hints{Box: &picture.Box{20, 20, 70, 200}}, "box of the hints cuts", image.Rect(80, 40, 100, 200)},
		"a box that cuts its end":          {lifted(photo, ring, bar), picture.Hints{Box: &picture.Box{20, 20, 235, 200}}, "box of the hints cuts", image.Rect(245, 90, 265, 150)},
		"a box around it":                  {lifted(photo, ring, bar), picture.Hints{Box: &picture.Box{30, 40, 250, 160}}, "", image.Rectangle{}},
		"a box that leaves a piece out":    {lifted(photo, ring, bar, piece), picture.Hints{Box: &picture.Box{30, 40, 250, 160}}, "", image.Rectangle{}},
		"a stroke over most of it":         {lifted(photo, ring, bar), picture.Hints{Remove: at([2]float64{60, 120}, [2]float64{110, 70})}, "took away much", ring.Rect},
		"a stroke in an opening":           {lifted(photo, ring, bar, hole), picture.Hints{Remove: at([2]float64{110, 120})}, "", image.Rectangle{}},
		"a stroke that brings a part back": {lifted(photo, ring), picture.Hints{Keep: at([2]float64{200, 120})}, "", image.Rectangle{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := cutout.Draft{Photo: photo, Image: c.draft}
			after, err := cutout.Refine(d, c.hints)
			if err != nil {
				t.Fatal(err)
			}
			confidence, concerns := cutout.Judge(d, after, c.hints, .99)
			var found *picture.Concern
			for i := range concerns {
				if found == nil && concerns[i].Kind == cutout.ConcernHints {
					found = &concerns[i]
				}
			}
			switch {
			case c.text == "" && found != nil:
				t.Errorf("doubted: %+v", found)
			case c.text != "" && (found == nil || !strings.Contains(found.Text, c.text) || !found.Box.Rect().In(c.at)):
				t.Errorf("%+v", concerns)
			case c.text != "" && (confidence > cutout.HintedConfidence || concerns[0].Kind != cutout.ConcernHints):
				t.Errorf("confidence %.3f, %+v", confidence, concerns)
			}
		})
	}
}

// Strokes that leave hardly any of the product can't be followed.
func TestStrokesThatRemoveEverythingAreRefused(t *testing.T) {
	photo, ring, bar, _ := drawn()
	for name, strokes := range map[string][]picture.Stroke{
		"all":            {{Points: [][2]float64{{160, 120}}, Radius: 320}},
		"all but an end": {{Points: [][2]float64{{60, 120}, {262, 120}}, Radius: 170}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cutout.Refine(cutout.Draft{Photo: photo, Image: lifted(photo, ring, bar)}, picture.Hints{Remove: strokes})
			if !errors.Is(err, picture.ErrHints) || !strings.Contains(err.Error(), "remove less") {
				t.Errorf("%v", err)
			}
		})
	}
}
