package cutout_test

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/sample"
)

// smallSample is a size at which the sample is drawn once for all tests.
const smallSample = 700

// theSample uses no sync.OnceValue: see .ci/test.
func theSample() *image.NRGBA {
	sampleOnce.Do(func() { drawnSample = sample.Draw(smallSample) })
	return drawnSample
}

var (
	sampleOnce  sync.Once
	drawnSample *image.NRGBA
)

// The bottle of the sample photo has a white paper label on a white
// backdrop. A label is not a hole: part of its outline is shading, not an edge.
func TestAWhiteLabelIsNoHole(t *testing.T) {
	for _, size := range []int{smallSample, sample.Size} {
		t.Run(fmt.Sprintf("%d px", size), func(t *testing.T) {
			img := theSample()
			if size != smallSample {
				img = sample.Draw(size)
			}
			r := cutout.Cut(img)
			b := img.Bounds()
			// the label lies in the middle of the picture's lower half
			clear := 0
			for y := b.Dy() * 50 / 100; y < b.Dy()*74/100; y++ {
				for x := b.Dx() * 42 / 100; x < b.Dx()*58/100; x++ {
					if r.Image.NRGBAAt(x, y).A < 250 {
						clear++
					}
				}
			}
			if clear > 0 {
				t.Errorf("%d pixels of the label are see-through", clear)
			}
			if a := r.Image.NRGBAAt(b.Dx()/20, b.Dy()/2).A; a != 0 {
				t.Errorf("the backdrop is left, alpha %d", a)
			}
		})
	}
}

// The sample photo is the first that people see cut out, and its true coverage is known: no strip of
// its contact shadow stays at its foot, nothing is missing, and the outline is where it is.
func TestTheSampleIsCutOutAlongItsOutline(t *testing.T) {
	const size, rim = smallSample, 3 // pixels: compression blurs the colours of an edge so far
	var file bytes.Buffer
	if err := jpeg.Encode(&file, theSample(), &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	photo, err := jpeg.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA(photo.Bounds())
	draw.Draw(img, img.Rect, photo, image.Point{}, draw.Src)
	truth := sample.Coverage(size)
	for _, c := range []struct {
		name string
		cut  func(t *testing.T) *cutout.Result
	}{
		{"studio", func(*testing.T) *cutout.Result { return cutout.Cut(img) }},
		{"with a network", func(t *testing.T) *cutout.Result { return cutLearned(t, img, seen(truth, nil)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.cut(t)
			var missing, left, along, outline, foot, atFoot int
			for y := rim; y < size-rim; y++ {
				for x := rim; x < size-rim; x++ {
					least, most := 255, 0
					for _, d := range []image.Point{{}, {X: rim}, {X: -rim}, {Y: rim}, {Y: -rim}, {X: rim - 1, Y: rim - 1}, {X: 1 - rim, Y: rim - 1}} {
						v := int(truth.AlphaAt(x+d.X, y+d.Y).A)
						least, most = min(least, v), max(most, v)
					}
					switch a := int(r.Alpha.AlphaAt(x, y).A); {
					case most == 0 && a > 64:
						left++
					case least == 255 && a < 191:
						missing++
					case most > 0 && least < 255:
						outline++
						d := a - int(truth.AlphaAt(x, y).A)
						along += max(d, -d)
						if y > size*77/100 { // in the contact shadow
							atFoot++
							foot += max(d, -d)
						}
					}
				}
			}
			if left > 0 || missing > 0 {
				t.Errorf("%d pixels of the backdrop are left and %d of the bottle are missing, more than %d from the outline", left, missing, rim)
			}
			if off := float64(along) / 255 / float64(outline); off > .04 {
				t.Errorf("the coverage along the outline is off by %.3f", off)
			}
			if off := float64(foot) / 255 / float64(atFoot); off > .07 {
				t.Errorf("at the foot, in the contact shadow, it is off by %.3f", off)
			}
			if r.Confidence < cutout.ReviewBelow {
				t.Errorf("confidence %.2f", r.Confidence)
			}
		})
	}
}
