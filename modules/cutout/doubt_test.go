package cutout_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
)

// painted draws a picture of 600×450 and the coverage that a network gives it, both from
// what f says of a pixel.
func painted(f func(x, y int) (c color.NRGBA, coverage float32)) (*image.NRGBA, network) {
	img := image.NewNRGBA(image.Rect(0, 0, 600, 450))
	m := cutout.Mask{Width: 600, Height: 450, Coverage: make([]float32, 600*450)}
	for y := range 450 {
		for x := range 600 {
			c, v := f(x, y)
			img.SetNRGBA(x, y, c)
			m.Coverage[y*600+x] = v
		}
	}
	return img, network{mask: m}
}

// mixOf is k of b in a, 0-1.
func mixOf(a, b color.NRGBA, k float64) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-k) + float64(b)*k + .5) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// A part of the product in the colours of a busy backdrop, which the network half sees, is
// no opening: edges don't surround it.
func TestColoursOpenNoPartWithoutEdgesAround(t *testing.T) {
	body, part := image.Rect(150, 80, 450, 400), image.Rect(210, 140, 390, 340)
	boards := planks(600, 450)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		p := image.Pt(x, y)
		switch {
		case p.In(part):
			fade := math.Pow(min(max(float64(x-250)/130, 0), 1), 2)
			return mixOf(boards.NRGBAAt(x, y), wine, fade), .56
		case p.In(body):
			return wine, 1
		}
		return boards.NRGBAAt(x, y), 0
	})
	r := cutLearned(t, img, n)
	if a := r.Alpha.AlphaAt(300, 240).A; a != 255 {
		t.Errorf("the part has coverage %d", a)
	}
}

// A floor in shadow, which the network rather takes for the product, ends with an edge where
// the product stands and without one where it goes on.
func TestFloorInShadowGoesThoughTheNetworkBelievesInIt(t *testing.T) {
	block := image.Rect(200, 80, 400, 260)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		dx, dy := max(float64(block.Min.X-x), 0, float64(x-block.Max.X)), max(float64(y-block.Max.Y), 0)
		k := 1 - .5*math.Exp(-(dx*dx+dy*dy)/(2*55*55))
		if y < block.Max.Y-20 {
			k = 1 - (1-k)*math.Exp(-float64(block.Max.Y-20-y)/18)
		}
		switch p := image.Pt(x, y); {
		case p.In(block.Inset(25)): // greys of a floor in shadow
			return mixOf(color.NRGBA{A: 255}, paper, .4+.5*float64((x/6*5+y/6*7)%11)/11), 1
		case p.In(block):
			return color.NRGBA{92, 92, 96, 255}, 1
		case y >= block.Max.Y && dx < 1 && dy < 40:
			return mixOf(color.NRGBA{A: 255}, paper, k), .8
		}
		return mixOf(color.NRGBA{A: 255}, paper, k), 0
	})
	r := cutLearned(t, img, n)
	if a := r.Alpha.AlphaAt(300, 285).A; a > 20 {
		t.Errorf("the floor has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(300, 250).A; a != 255 {
		t.Errorf("the product has coverage %d", a)
	}
}

// That a part looks like the backdrop speaks against it, but not where the product does so
// though the network is sure of it.
func TestPaleProductKeepsItsPaleParts(t *testing.T) {
	body, label, pocket := image.Rect(150, 80, 400, 400), image.Rect(180, 110, 330, 230), image.Rect(400, 220, 450, 390)
	white := color.NRGBA{244, 244, 243, 255}
	for _, c := range []struct {
		name string
		pale bool
	}{{"pale", true}, {"dark", false}} {
		t.Run(c.name, func(t *testing.T) {
			img, n := painted(func(x, y int) (color.NRGBA, float32) {
				switch p := image.Pt(x, y); {
				case p.In(label) && c.pale:
					return white, 1
				case p.In(body):
					return wine, 1
				case p.In(pocket):
					return white, .85
				}
				return paper, 0
			})
			r := cutLearned(t, img, n)
			if a := r.Alpha.AlphaAt(425, 300).A; c.pale && a < 250 || !c.pale && a > 5 {
				t.Errorf("what looks like the backdrop has coverage %d", a)
			}
			if a := r.Alpha.AlphaAt(250, 170).A; a != 255 {
				t.Errorf("the body has coverage %d", a)
			}
		})
	}
}

// Where a product differs from the backdrop no more than from itself, its edge is the
// network's: colours would tear it.
func TestEdgeOfAPaleClothIsEven(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	cloth := image.Rect(180, 60, 420, 400)
	weave := map[image.Point]float64{}
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		if !(image.Point{X: x, Y: y}).In(cloth) {
			return paper, 0
		}
		cell := image.Pt(x/5, y/5)
		if _, ok := weave[cell]; !ok {
			weave[cell] = noise.NormFloat64()
		}
		v := uint8(min(max(238+9*weave[cell], 200), 253))
		return color.NRGBA{v, v, v, 255}, 1
	})
	r := cutLearned(t, img, n)
	var torn float64
	for y := 100; y < 360; y++ {
		for _, x := range []int{181, 183, 417, 419} {
			torn += math.Abs(float64(r.Alpha.AlphaAt(x, y).A)-float64(r.Alpha.AlphaAt(x, y+1).A)) / 255
		}
	}
	if torn > 18 {
		t.Errorf("the coverage along the edge changes by %.0f", torn)
	}
}

// A thin part that the network loses for some pixels, as the temple of glasses, stays whole.
func TestThinPartWithAGapStays(t *testing.T) {
	body, wire := image.Rect(100, 150, 300, 300), image.Rect(300, 200, 450, 204)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		p := image.Pt(x, y)
		switch {
		case p.In(wire) && x >= 340 && x < 344:
			return paper, 0
		case p.In(body), p.In(wire):
			return wine, 1
		}
		return paper, 0
	})
	r := cutLearned(t, img, n)
	for _, x := range []int{320, 360, 440} {
		if a := r.Alpha.AlphaAt(x, 202).A; a < 250 {
			t.Errorf("%d pixels along the wire it has coverage %d", x-300, a)
		}
	}
	if r.Features.Parts != 1 {
		t.Errorf("a product with a gap of 4 pixels has %.0f parts", r.Features.Parts)
	}
}

// A string that the network sees, in the colours of what is behind it, stays.
func TestThinPartInTheBackdropsColoursStays(t *testing.T) {
	body, line, haze := image.Rect(100, 150, 300, 300), image.Rect(300, 200, 450, 203), image.Rect(305, 180, 455, 223)
	boards := planks(600, 450)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		p := image.Pt(x, y)
		switch {
		case p.In(body):
			return wine, 1
		case p.In(line):
			return mixOf(boards.NRGBAAt(x, y), wine, .1), .8
		case p.In(haze):
			return boards.NRGBAAt(x, y), .01
		}
		return boards.NRGBAAt(x, y), 0
	})
	r := cutLearned(t, img, n)
	for _, x := range []int{330, 380, 440} {
		if a := r.Alpha.AlphaAt(x, 201).A; a < 50 {
			t.Errorf("%d pixels along the string it has coverage %d", x-300, a)
		}
	}
}

// The links of a chain show the backdrop, though a network blurs openings so small.
func TestLinksOfAChainAreOpen(t *testing.T) {
	body := image.Rect(150, 220, 450, 400)
	at := func(x, y int) (link, hole bool) {
		u, v := float64(x-300), float64((y+400)%24)-12
		d := math.Hypot(u/7, v/11)
		return y < body.Min.Y && y > 40 && d < 1, d < .5
	}
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		switch link, hole := at(x, y); {
		case image.Pt(x, y).In(body), link && !hole:
			return wine, 1
		case link:
			v := float64((y+400)%24) - 12
			return paper, float32(min(.04+.07*math.Hypot(float64(x-300)*1.5, v), .9))
		}
		return paper, 0
	})
	r := cutLearned(t, img, n)
	if a := r.Alpha.AlphaAt(300, 140).A; a > 60 {
		t.Errorf("a link's opening has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(305, 140).A; a < 200 {
		t.Errorf("a link has coverage %d", a)
	}
}

// A piece of a spotted floor between two legs fills a gap that the network sees: it is no
// thin part that the network missed.
func TestFloorBetweenLegsIsNoThinPart(t *testing.T) {
	seat, left, right, spot := image.Rect(150, 80, 450, 180), image.Rect(260, 180, 270, 400), image.Rect(292, 180, 302, 400), image.Rect(270, 300, 292, 360)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		switch p := image.Pt(x, y); {
		case p.In(seat), p.In(left), p.In(right):
			return wine, 1
		case p.In(spot):
			return color.NRGBA{150, 170, 120, 255}, 0
		}
		return paper, 0
	})
	r := cutLearned(t, img, n)
	if a := r.Alpha.AlphaAt(281, 330).A; a > 20 {
		t.Errorf("the floor has coverage %d", a)
	}
	if a := r.Alpha.AlphaAt(265, 330).A; a < 250 {
		t.Errorf("the leg has coverage %d", a)
	}
}

// A part that a network doubts more and more is added whole: a glove before boards was cut straight
// through, where the photo has no edge.
func TestAPartIsNotCutWhereThePhotoHasNoEdge(t *testing.T) {
	body, band, part := image.Rect(150, 80, 400, 400), image.Rect(200, 120, 350, 360), image.Rect(400, 120, 450, 380)
	dark, board := color.NRGBA{66, 58, 52, 255}, color.NRGBA{88, 76, 66, 255}
	boards := planks(600, 450)
	img, n := painted(func(x, y int) (color.NRGBA, float32) {
		switch p := image.Pt(x, y); {
		case p.In(part):
			return dark, .2 + .3*float32(y-part.Min.Y)/float32(part.Dy())
		case p.In(band):
			return dark, 1
		case p.In(body):
			return wine, 1
		}
		if x >= part.Max.X && x < part.Max.X+60 { // a dark board
			return board, 0
		}
		return boards.NRGBAAt(x, y), 0
	})
	r := cutLearned(t, img, n)
	for _, y := range []int{130, 150, 180, 210, 250, 300, 340, 370} {
		if a := r.Alpha.AlphaAt(425, y).A; a < 250 {
			t.Errorf("%d pixels down the part has coverage %d", y-part.Min.Y, a)
		}
	}
}
