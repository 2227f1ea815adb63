package cutout_test

import (
	"context"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// inTurn is a network that gives its answers one after the other, and none of a product after the last.
type inTurn struct {
	answers []cutout.Mask
	asked   []image.Point // the sizes of the pictures
}

func (n *inTurn) Mask(_ context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	size, k := photo.Rect.Size(), len(n.asked)
	n.asked = append(n.asked, size)
	if k < len(n.answers) {
		return n.answers[k], nil
	}
	return cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}, nil
}

// A photo whose product a network can't make up its mind about is seen again in a frame: mirrored with
// room around it and, where it is torn, unmirrored too: an oblong one in a square. The first look that is
// clearer counts.
func TestDoubtedProductIsSeenAgainInAFrame(t *testing.T) {
	back, product := color.NRGBA{120, 90, 70, 255}, color.NRGBA{230, 225, 215, 255}
	wide, tall, square := image.Pt(300, 200), image.Pt(200, 300), image.Pt(200, 200)
	inWide, inTall, inSquare := image.Rect(60, 40, 240, 160), image.Rect(40, 60, 160, 240), image.Rect(40, 40, 160, 160)
	for name, c := range map[string]struct {
		photo   image.Point
		at      image.Rectangle // the product
		frames  []image.Point   // the sizes of the looks, the photo first
		lefts   []float32       // coverage of the product's left half in each look,
		rights  []float32       // and of its right half
		doubted int             // columns of the right half that the first look doubts; 0: all
		looks   []image.Point
		whole   bool // the right half is there because of what the looks say
	}{
		"wide":          {wide, inWide, []image.Point{wide, {420, 280}}, []float32{1, 1}, []float32{.4, 1}, 0, []image.Point{wide, {420, 280}}, true},
		"wide, torn":    {wide, inWide, []image.Point{wide, {420, 280}, {300, 300}}, []float32{1, 1, 1}, []float32{.4, .5, 1}, 0, []image.Point{wide, {420, 280}, {300, 300}}, true},
		"tall, torn":    {tall, inTall, []image.Point{tall, {280, 420}, {300, 300}}, []float32{1, 1, 1}, []float32{.4, .5, 1}, 0, []image.Point{tall, {280, 420}, {300, 300}}, true},
		"square, torn":  {square, inSquare, []image.Point{square, {280, 280}, {280, 280}}, []float32{1, 1, 1}, []float32{.4, .5, 1}, 0, []image.Point{square, {280, 280}, {280, 280}}, true},
		"no clearer":    {wide, inWide, []image.Point{wide, {420, 280}, {300, 300}}, []float32{1, 1, 1}, []float32{.06, .3, .3}, 0, []image.Point{wide, {420, 280}, {300, 300}, {114, 144}}, false},
		"another part":  {wide, inWide, []image.Point{wide, {420, 280}, {300, 300}}, []float32{1, 0, 0}, []float32{.06, 1, 1}, 0, []image.Point{wide, {420, 280}, {300, 300}, {114, 144}}, false},
		"a little torn": {wide, inWide, []image.Point{wide, {420, 280}}, []float32{1, 1}, []float32{.4, .5}, 30, []image.Point{wide, {420, 280}, {216, 156}}, false},
		"sure":          {wide, inWide, []image.Point{wide}, []float32{1}, []float32{1}, 0, []image.Point{wide}, true},
	} {
		t.Run(name, func(t *testing.T) {
			img := filled(c.photo.X, c.photo.Y, back, product, c.at)
			middle := (c.at.Min.X + c.at.Max.X) / 2
			n := &inTurn{}
			for k, size := range c.frames {
				m := cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}
				off := size.Sub(c.photo).Div(2)
				for y := c.at.Min.Y; y < c.at.Max.Y; y++ {
					for x := c.at.Min.X; x < c.at.Max.X; x++ {
						v := c.lefts[k]
						if x >= middle {
							v = c.rights[k]
							if k == 0 && c.doubted > 0 && x < c.at.Max.X-c.doubted {
								v = 1
							}
						}
						in := x + off.X
						if k == 1 { // the first frame is mirrored
							in = size.X - 1 - in
						}
						m.Coverage[(y+off.Y)*size.X+in] = v
					}
				}
				n.answers = append(n.answers, m)
			}
			r := cutLearned(t, img, n)
			if !slices.Equal(n.asked, c.looks) {
				t.Fatalf("it looked at pictures of %v, not of %v", n.asked, c.looks)
			}
			y := (c.at.Min.Y + c.at.Max.Y) / 2
			if a := r.Alpha.AlphaAt(middle-20, y).A; a < 250 {
				t.Errorf("what the first look was sure of has coverage %d", a)
			}
			if a := r.Alpha.AlphaAt(middle+20, y).A; c.whole && a < 250 {
				t.Errorf("the right half has coverage %d", a)
			}
		})
	}
}

// Where a look in a frame contradicts what the first was sure of, a small part at its outline stays as the first had
// it: the frame shows a network less of the details. A large part is what the first look missed.
func TestLookInAFrameMovesNoDetails(t *testing.T) {
	back, product := color.NRGBA{120, 90, 70, 255}, color.NRGBA{128, 96, 75, 255} // hardly told apart by their colours
	at := image.Rect(60, 40, 240, 160)
	for name, c := range map[string]struct {
		more image.Rectangle // what the framed look adds
		kept bool
	}{
		"a scrap":      {image.Rect(240, 100, 248, 112), false},
		"another part": {image.Rect(240, 60, 280, 140), true},
	} {
		t.Run(name, func(t *testing.T) {
			size, off := image.Pt(420, 280), image.Pt(60, 40)
			first := cutout.Mask{Width: 300, Height: 200, Coverage: make([]float32, 300*200)}
			framed := cutout.Mask{Width: size.X, Height: size.Y, Coverage: make([]float32, size.X*size.Y)}
			for y := range 200 {
				for x := range 300 {
					p := image.Pt(x, y)
					if p.In(at) {
						first.Coverage[y*300+x] = 1
						if x < 110 {
							first.Coverage[y*300+x] = .5
						}
					}
					if p.In(at) || p.In(c.more) {
						framed.Coverage[(y+off.Y)*size.X+size.X-1-x-off.X] = 1
					}
				}
			}
			r := cutLearned(t, filled(300, 200, back, product, at.Union(c.more)), &inTurn{answers: []cutout.Mask{first, framed}})
			middle := c.more.Min.Add(c.more.Max).Div(2)
			if a := r.Alpha.AlphaAt(middle.X, middle.Y).A; a > 128 != c.kept {
				t.Errorf("it has coverage %d", a)
			}
		})
	}
}
