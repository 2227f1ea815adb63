package check

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// A generator of pictures that keep all rules of a preset but those that it was told to
// break. It knows from what it drew which rules are broken. `make check-rules` holds the
// measures against many of its pictures; the tests do so against a few.

// numberOf reads the size of a run: the variables that `make check-rules` sets.
func numberOf(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// spec says how a picture is drawn.
type spec struct {
	w, h    int
	box     image.Rectangle // of the product
	format  imaging.Format
	ground  color.NRGBA // behind it; transparent: none
	patch   image.Rectangle
	shade   color.NRGBA // of the patch
	shadow  bool
	blurred bool
	twin    bool // a second product beside it
	specks  int  // loose pieces of the cut-out
	pad     int  // bytes at the file's end
	file    int  // its size
	xmp     string
	colour  string
	name    string
	set     int
}

// plainSpec keeps all rules of a preset.
func plainSpec(p channel.Preset, r *rand.Rand) spec {
	s := spec{w: p.Width, h: p.Height, format: imaging.Format(p.Format), ground: color.NRGBA{255, 255, 255, 255}, colour: imagefile.SRGB, set: 9,
		name: map[string]string{"{asin}.MAIN": "B0ABCDEFGH.MAIN.jpg", "{asin}.SWCH": "B0ABCDEFGH.SWCH.jpg", "{gtin14}": "04006381333931.jpg", "{gtin}": "4006381333931.jpg"}[p.FileName]}
	if p.Background == channel.Transparent {
		s.ground = color.NRGBA{}
	}
	if p.Background == channel.Scene {
		s.ground = color.NRGBA{uint8(150 + r.IntN(60)), uint8(140 + r.IntN(60)), uint8(130 + r.IntN(60)), 255}
	}
	s.fill(p.Fill, r)
	return s
}

// fill gives the product a share of the frame, in its middle.
func (s *spec) fill(share float64, r *rand.Rand) {
	w, h := share*float64(s.w), share*float64(s.h)
	if r.IntN(2) == 0 {
		w *= .55 + .4*r.Float64()
	} else {
		h *= .55 + .4*r.Float64()
	}
	x, y := (s.w-int(w))/2, (s.h-int(h))/2
	s.box = image.Rect(x, y, x+int(w), y+int(h))
}

// toTwin leads to the second product, which stands at the other side of the frame.
func (s *spec) toTwin() image.Point { return image.Pt(s.w-s.box.Max.X-s.box.Min.X, 0) }

// broken are the rules that a picture of the spec breaks.
func (s *spec) broken(p channel.Preset, on time.Time) map[string]bool {
	out := map[string]bool{}
	long, short := float64(max(s.w, s.h)), float64(min(s.w, s.h))
	box := s.box.Intersect(image.Rect(0, 0, s.w, s.h)) // what is seen of it
	if s.twin {
		box = box.Union(s.box.Add(s.toTwin()))
	}
	share := max(float64(box.Dx())/float64(s.w), float64(box.Dy())/float64(s.h))
	cut := s.box.Min.X <= 0 || s.box.Min.Y <= 0 || s.box.Max.X >= s.w || s.box.Max.Y >= s.h
	isWhite, clear := s.ground == color.NRGBA{255, 255, 255, 255}, s.ground.A == 0
	for _, r := range p.Rules {
		if !r.Holds(on) {
			continue
		}
		bad := false
		switch r.Name {
		case channel.LongSide:
			bad = long < r.Limit
		case channel.ShortSide:
			bad = short < r.Limit
		case channel.Width:
			bad = float64(s.w) < r.Limit
		case channel.Height:
			bad = float64(s.h) < r.Limit
		case channel.LongSideAtMost:
			bad = long > r.Limit
		case channel.ShortSideAtMost:
			bad = short > r.Limit
		case channel.Aspect:
			bad = math.Abs(float64(s.w)/float64(s.h)/r.Limit-1) > r.Tolerance
		case channel.Formats:
			bad = true
			for _, f := range r.AnyOf {
				bad = bad && f != string(s.format)
			}
		case channel.FileSize:
			bad = float64(s.file) > r.Limit
		case channel.FileSizeAtLeast:
			bad = float64(s.file) < r.Limit
		case channel.FillAtLeast:
			bad = share < r.Limit
		case channel.FillAtMost:
			bad = share > r.Limit
		case channel.ProductSide:
			bad = float64(max(box.Dx(), box.Dy())) < r.Limit
		case channel.WhiteBackground:
			bad = !isWhite || !s.patch.Empty()
		case channel.PlainBackground:
			bad = !isWhite && !clear || !s.patch.Empty()
		case channel.WhiteBorder:
			bad = !isWhite || cut || s.patch.Min.X <= 0 && !s.patch.Empty()
		case channel.Residue:
			bad = s.specks > 0
		case channel.Cropped:
			bad = cut
		case channel.ObjectsAtMost:
			bad = s.twin
		case channel.Sharpness:
			bad = s.blurred
		case channel.SafeWidth:
			bad = 2*max(float64(s.w)/2-float64(s.box.Min.X), float64(s.box.Max.X)-float64(s.w)/2)/float64(s.w) > r.Limit
		case channel.SafeZone:
			bad = float64(s.box.Min.Y) < r.Box[1]*float64(s.h)-2 || float64(s.box.Max.Y) > r.Box[3]*float64(s.h)+2 ||
				float64(s.box.Min.X) < r.Box[0]*float64(s.w)-2 || float64(s.box.Max.X) > r.Box[2]*float64(s.w)+2
		case channel.NoShadow:
			bad = s.shadow
		case channel.HasAlpha:
			bad = !clear
		case channel.IsOpaque:
			bad = clear
		case channel.NotGenerated:
			bad = s.xmp != ""
		case channel.ColourSpace:
			bad = s.colour == imagefile.CMYK
		case channel.FileName:
			bad = s.name == "my photo 1.jpg"
		case channel.SetSize:
			bad = float64(s.set) < r.Limit
		}
		if bad {
			out[r.Name] = true
		}
	}
	return out
}

// breakRule changes a spec so that it breaks a rule; false when the generator can't.
func (s *spec) breakRule(r channel.Rule, rnd *rand.Rand) bool {
	scale := func(k float64) {
		s.w, s.h = int(float64(s.w)*k), int(float64(s.h)*k)
		s.box = image.Rect(int(float64(s.box.Min.X)*k), int(float64(s.box.Min.Y)*k), int(float64(s.box.Max.X)*k), int(float64(s.box.Max.Y)*k))
	}
	moved := func(by image.Point) { s.box = s.box.Add(by) }
	switch r.Name {
	case channel.LongSide:
		scale((.5 + .45*rnd.Float64()) * r.Limit / float64(max(s.w, s.h)))
	case channel.ShortSide:
		scale((.5 + .45*rnd.Float64()) * r.Limit / float64(min(s.w, s.h)))
	case channel.Width:
		scale((.5 + .45*rnd.Float64()) * r.Limit / float64(s.w))
	case channel.Height:
		scale((.5 + .45*rnd.Float64()) * r.Limit / float64(s.h))
	case channel.LongSideAtMost: // a strip, as a whole picture of that side takes long to draw
		s.w, s.h = int(r.Limit)+1+rnd.IntN(64), 500
		s.fill(.8, rnd)
	case channel.Aspect:
		s.h = int(float64(s.h) * (1.08 + .4*rnd.Float64()))
	case channel.Formats:
		s.format = imaging.AVIF
	case channel.FileSize:
		s.pad = int(r.Limit) + 1
	case channel.FileSizeAtLeast:
		s.w, s.h = 300, 300
		s.fill(.8, rnd)
	case channel.FillAtLeast:
		s.fill(r.Limit*(.4+.5*rnd.Float64()), rnd)
	case channel.FillAtMost:
		s.fill(r.Limit+(.995-r.Limit)*(.3+.6*rnd.Float64()), rnd)
	case channel.ProductSide:
		s.fill(r.Limit*(.4+.5*rnd.Float64())/float64(max(s.w, s.h)), rnd)
	case channel.WhiteBackground, channel.PlainBackground:
		v := uint8(200 + rnd.IntN(46))
		tone := color.NRGBA{v, v, v - uint8(rnd.IntN(6)), 255}
		if rnd.IntN(2) == 0 {
			s.ground = tone
			break
		}
		n := max(s.w, s.h) / 14
		s.patch, s.shade = image.Rect(n/2, s.h-2*n, n/2+n, s.h-n), tone
	case channel.WhiteBorder:
		n := max(s.w, s.h) / 20
		s.patch, s.shade = image.Rect(0, s.h/3, n/2, s.h/3+n), color.NRGBA{230, 230, 230, 255}
	case channel.Residue:
		s.specks = 3
	case channel.Cropped:
		moved(image.Pt(-s.box.Min.X-s.box.Dx()/8, 0))
	case channel.ObjectsAtMost:
		s.twin = true
		s.box = image.Rect(s.w*6/100, s.box.Min.Y, s.w*47/100, s.box.Max.Y)
	case channel.Sharpness:
		s.blurred = true
	case channel.SafeWidth:
		moved(image.Pt(s.w-s.box.Max.X-4, 0))
	case channel.SafeZone:
		moved(image.Pt(0, 3-s.box.Min.Y))
	case channel.NoShadow:
		s.fill(.62, rnd) // so that it ends before the frame
		s.shadow = true
	case channel.HasAlpha:
		s.ground = color.NRGBA{255, 255, 255, 255}
	case channel.IsOpaque:
		s.ground, s.format = color.NRGBA{}, imaging.PNG
	case channel.NotGenerated:
		s.xmp = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
	case channel.ColourSpace:
		s.colour = imagefile.CMYK
	case channel.FileName:
		s.name = "my photo 1.jpg"
	case channel.SetSize:
		s.set = 1
	default:
		return false
	}
	return s.w >= 16 && s.h >= 16
}

// draw draws the picture and the mask, and takes both through the file's format.
func (s *spec) draw(t *testing.T, r *rand.Rand) *Picture {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, s.w, s.h))
	draw.Draw(img, img.Rect, image.NewUniform(s.ground), image.Point{}, draw.Src)
	mask := image.NewAlpha(img.Rect)
	if s.shadow {
		shadowed(img, s.box)
	}
	draw.Draw(img, s.patch, image.NewUniform(s.shade), image.Point{}, draw.Src)
	base := [3]int{40 + r.IntN(150), 30 + r.IntN(150), 30 + r.IntN(150)}
	stripe := 8 + r.IntN(20)
	product := func(b image.Rectangle) {
		in := b.Intersect(img.Rect)
		for y := in.Min.Y; y < in.Max.Y; y++ {
			for x := in.Min.X; x < in.Max.X; x++ {
				k := 100 - 40*(x-b.Min.X)/b.Dx()
				switch u, v := 20*(x-b.Min.X)/b.Dx(), 20*(y-b.Min.Y)/b.Dy(); {
				case u > 5 && u < 15 && v > 6 && v < 13 && (x/stripe+y/stripe)%2 == 0:
					k += 60
				}
				p := img.Pix[y*img.Stride+4*x:]
				for c := range 3 {
					p[c] = uint8(min(252, base[c]*k/100))
				}
				p[3] = 255
				mask.Pix[y*mask.Stride+x] = 255
			}
		}
	}
	product(s.box)
	if s.twin {
		product(s.box.Add(s.toTwin()))
	}
	for i := range s.specks {
		n := max(s.w, s.h) / 30
		speck := image.Rect(n+2*n*i, n, 2*n+2*n*i, 2*n)
		draw.Draw(img, speck, image.NewUniform(color.NRGBA{90, 80, 70, 255}), image.Point{}, draw.Src)
		draw.Draw(mask, speck, image.Opaque, image.Point{}, draw.Src)
	}
	if s.blurred {
		k := 20 + r.IntN(24)
		soft := imaging.Resize(imaging.Resize(img, max(1, s.w/k), max(1, s.h/k)), s.w, s.h)
		draw.Draw(img, s.box, soft, s.box.Min, draw.Src)
	}
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: s.format, Quality: 92, Effort: 1})
	if err != nil {
		t.Fatal(err)
	}
	if img, err = imaging.DecodeOwn(b); err != nil {
		t.Fatal(err)
	}
	b = append(b, make([]byte, s.pad)...)
	s.file = len(b)
	return &Picture{File: b, Format: channel.Format(s.format), Image: img, Product: mask, XMP: []byte(s.xmp), Colour: s.colour, Name: s.name, Set: s.set}
}

// The limits of `make check-rules`.
const (
	leastRecall    = 0.98
	mostFalseAlarm = 0.01
)

func TestEveryRuleCanBePlanted(t *testing.T) {
	on := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	tried := map[string]bool{}
	for _, p := range channel.Presets() {
		for _, r := range p.Rules {
			if tried[r.Name] || !r.Holds(on) {
				continue
			}
			tried[r.Name] = true
			t.Run(r.Name, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(1, 1))
				s := plainSpec(p, rnd)
				if !s.breakRule(r, rnd) {
					t.Fatal("the generator can't break it: add a case to breakRule")
				}
				if r.Name == channel.FileSize || r.Name == channel.FileSizeAtLeast {
					s.draw(t, rnd) // the file's size is known then
				}
				if !s.broken(p, on)[r.Name] {
					t.Error("nobody says that the planted picture breaks it: add a case to broken")
				}
			})
		}
	}
}

func TestSeededViolationsAreFoundAndNothingElse(t *testing.T) {
	pictures, seed := numberOf("OPAL_RULES_PICTURES", 24), uint64(numberOf("OPAL_RULES_SEED", 1))
	on := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	type kind struct {
		preset channel.Preset
		rule   *channel.Rule // nil: an honest picture
	}
	var kinds []kind
	for _, p := range channel.Presets() {
		kinds = append(kinds, kind{preset: p})
		for _, r := range p.Rules {
			if r.Holds(on) {
				kinds = append(kinds, kind{p, &r})
			}
		}
	}
	rnd := rand.New(rand.NewPCG(seed, 7))
	rnd.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	var planted, found, clean, alarms, drawn int
	var spent time.Duration
	for i := range pictures {
		k := kinds[i%len(kinds)]
		s := plainSpec(k.preset, rnd)
		what := "nothing"
		if k.rule != nil {
			if !s.breakRule(*k.rule, rnd) {
				continue
			}
			what = k.rule.Name
		}
		pic := s.draw(t, rnd)
		drawn++
		want := s.broken(k.preset, on)
		began := time.Now()
		got := map[string]string{}
		checks := Rules(k.preset, pic, on)
		spent += time.Since(began)
		for _, c := range checks {
			if !c.Passed {
				got[c.Rule] = c.Measured
			}
		}
		seen := map[string]bool{}
		for _, c := range checks {
			if seen[c.Rule] {
				continue
			}
			seen[c.Rule] = true
			_, told := got[c.Rule]
			switch {
			case want[c.Rule]:
				planted++
				if told {
					found++
				} else {
					t.Logf("missed: %s in %s (broken: %s): %s", c.Rule, k.preset.Name, what, c.Measured)
				}
			default:
				clean++
				if told {
					alarms++
					t.Logf("false alarm: %s in %s (broken: %s): %s, box %v of %d × %d", c.Rule, k.preset.Name, what, got[c.Rule], s.box, s.w, s.h)
				}
			}
		}
	}
	recall, falsely := float64(found)/float64(max(1, planted)), float64(alarms)/float64(max(1, clean))
	t.Logf("%d pictures of seed %d, %d presets: recall %.4f (%d of %d), false alarms %.4f (%d of %d), %v a picture",
		drawn, seed, len(channel.Presets()), recall, found, planted, falsely, alarms, clean, spent/time.Duration(max(1, drawn)))
	if planted < drawn/2 || recall < leastRecall || falsely > mostFalseAlarm {
		t.Errorf("recall %.4f, false alarms %.4f", recall, falsely)
	}
}

// BenchmarkRules2000 is what one picture of 2000² costs with its mask.
func BenchmarkRules2000(b *testing.B) {
	p, _ := channel.Find("amazon_main")
	box := image.Rect(150, 120, 1850, 1880)
	img := frame(2000, 2000, paper, box)
	mask := image.NewAlpha(img.Rect)
	draw.Draw(mask, box, image.Opaque, image.Point{}, draw.Src)
	for b.Loop() {
		Rules(p, &Picture{Image: img, Product: mask, Format: channel.JPEG, Name: "x.jpg"}, time.Now())
	}
}
