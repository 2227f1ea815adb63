package shade

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

// studioShot draws a product on an even backdrop with a shadow that is known: its alpha on
// the whole photo.
type studioShot struct {
	photo, cut *image.NRGBA
	alpha      []float64
}

func drawShot(seed uint64, w, h int) studioShot {
	r := rand.New(rand.NewPCG(seed, 99))
	between := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	s := studioShot{image.NewNRGBA(image.Rect(0, 0, w, h)), image.NewNRGBA(image.Rect(0, 0, w, h)), make([]float64, w*h)}
	// the product: a rounded box, straight or leaning in at its foot
	cx, half := between(.42, .58)*float64(w), between(.12, .2)*float64(w)
	top, foot := between(.18, .3)*float64(h), between(.7, .8)*float64(h)
	taper := between(0, .3)
	product := func(x, y float64) float64 {
		if y < top || y > foot {
			return 0
		}
		t := (y - top) / (foot - top)
		return min(max(half*(1-taper*t*t)-math.Abs(x-cx)+.5, 0), 1)
	}
	// the shadow: darkness at the foot and a cast shadow to one side, softer farther out
	deep, cast := between(.25, .7), between(.08, .4)
	side, long := between(-1, 1), between(.5, 1.4)
	soft := between(.02, .06) * float64(w)
	shade := func(x, y float64) float64 {
		dx, dy := (x-cx)/(half*1.05), (y-foot)/(.035*float64(h))
		free := 1 - deep*math.Exp(-dx*dx*dx*dx-dy*dy)
		u := (x - cx - side*long*half*.9) / (half*.7*(1+long/2) + soft)
		v := (y - foot + .02*float64(h)) / (.05*float64(h) + soft/2)
		return free * (1 - cast*math.Exp(-u*u-v*v))
	}
	base := [3]float64{between(.35, .95), between(.35, .95), between(.35, .95)}
	if seed%2 == 0 { // most are grey or white
		base[1], base[2] = base[0]*between(.97, 1.03), base[0]*between(.95, 1.05)
	}
	tilt, fall, dark := between(-.15, .15), between(-.12, .2), between(0, .25)
	bend := between(.5, .62)
	noise := between(0, 1.2)
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w)-.5, float64(y)/float64(h)-.5
			k := (1 + tilt*fx + fall*fy) * (1 - dark*(fx*fx+fy*fy)) * (1 + .05*math.Tanh((fy+.5-bend)/.12))
			free := shade(float64(x), float64(y))
			i := y*w + x
			s.alpha[i] = 1 - encoded(free)
			a := product(float64(x), float64(y))
			var c [3]uint8
			for ch := range 3 {
				v := math.Pow(base[ch], 2.2) * k * free
				v = v*(1-a) + a*linear[60+40*ch]
				c[ch] = uint8(min(max(255*encoded(min(v, 1))+noise*r.NormFloat64()+.5, 0), 255))
			}
			s.photo.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], 255})
			s.cut.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], uint8(a*255 + .5)})
		}
	}
	return s
}

// apart returns the mean difference, in levels, of a shadow that was found from the one
// that was drawn: beside the product, and where there is shadow.
func (s studioShot) apart(t *testing.T, layer *image.NRGBA) (all, shaded float64) {
	t.Helper()
	w, h := s.photo.Rect.Dx(), s.photo.Rect.Dy()
	lw, lh := layer.Rect.Dx(), layer.Rect.Dy()
	var n, m float64
	for y := range h {
		for x := range w {
			if s.cut.Pix[s.cut.PixOffset(x, y)+3] > 0 {
				continue
			}
			d := math.Abs(float64(layer.Pix[layer.PixOffset(x*lw/w, y*lh/h)+3]) - 255*s.alpha[y*w+x])
			all, n = all+d, n+1
			if s.alpha[y*w+x] > 0.01 {
				shaded, m = shaded+d, m+1
			}
		}
	}
	return all / n, shaded / max(m, 1)
}

func TestAPhotosShadowIsFound(t *testing.T) {
	const most = 3.0 // levels
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := drawShot(seed, 360, 300)
			own := OwnShadow(s.photo, s.cut)
			if own.Layer == nil {
				t.Fatal(own.Why)
			}
			if all, shaded := s.apart(t, own.Layer); all > most || shaded > most {
				t.Errorf("the shadow differs by %.2f levels, where it is by %.2f, at most %.0f", all, shaded, most)
			} else {
				t.Logf("%.2f, %.2f", all, shaded)
			}
		})
	}
}

// Nearly black pixels have no colour that means anything.
func TestANearlyBlackShadowHasNoHoles(t *testing.T) {
	const w, h = 200, 160
	photo, cut := image.NewNRGBA(image.Rect(0, 0, w, h)), image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(5, 5))
	var blocks [w / 8][h / 8]color.NRGBA // as JPEG keeps colours
	for i := range blocks {
		for j := range blocks[i] {
			blocks[i][j] = color.NRGBA{uint8(r.IntN(24)), uint8(r.IntN(24)), uint8(r.IntN(24)), 255}
		}
	}
	in := func(x, y int) bool { u, v := float64(x-100)/60, float64(y-110)/14; return u*u+v*v < 1 }
	for y := range h {
		for x := range w {
			c := color.NRGBA{235, 235, 235, 255}
			switch {
			case x >= 60 && x < 140 && y >= 30 && y < 110:
				c = color.NRGBA{120, 60, 40, 255}
				cut.SetNRGBA(x, y, c)
			case in(x, y):
				c = blocks[x/8][y/8]
			}
			photo.SetNRGBA(x, y, c)
		}
	}
	own := OwnShadow(photo, cut)
	if own.Layer == nil {
		t.Fatal(own.Why)
	}
	for y := 113; y < 121; y++ {
		for x := 60; x < 140; x++ {
			if a := own.Layer.Pix[own.Layer.PixOffset(x*own.Layer.Rect.Dx()/w, y*own.Layer.Rect.Dy()/h)+3]; in(x, y) && a < 160 {
				t.Fatalf("at %d,%d the shadow's alpha is %d", x, y, a)
			}
		}
	}
}
