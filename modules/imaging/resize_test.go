package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

func decibels(mse float64) float64 { return 10 * math.Log10(255*255/mse) }

// lanczosReference resamples by the definition, in floating point, on
// premultiplied values.
func lanczosReference(src *image.NRGBA, w, h int) *image.NRGBA {
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	weights := func(i, n, in int) (first int, ws []float64) {
		scale := float64(in) / float64(n)
		wide := math.Max(scale, 1)
		centre := (float64(i)+0.5)*scale - 0.5
		first = int(math.Ceil(centre - 3*wide))
		sum := 0.0
		for x := first; float64(x) <= centre+3*wide; x++ {
			ws = append(ws, lanczos((float64(x)-centre)/wide))
			sum += ws[len(ws)-1]
		}
		for k := range ws {
			ws[k] /= sum
		}
		return first, ws
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		y0, wy := weights(y, h, sh)
		for x := range w {
			x0, wx := weights(x, w, sw)
			var acc [4]float64
			for j, a := range wy {
				row := pixelRow(src, max(0, min(y0+j, sh-1)))
				for i, b := range wx {
					p := row[4*max(0, min(x0+i, sw-1)):]
					alpha := float64(p[3]) / 255
					for c := range 3 {
						acc[c] += a * b * float64(p[c]) * alpha
					}
					acc[3] += a * b * float64(p[3])
				}
			}
			alpha := math.Max(acc[3], 0) / 255
			if alpha < 0.5/255 {
				continue
			}
			imagefiletest.Set(dst, x, y, color.NRGBA{clip8(acc[0]/alpha + 0.5), clip8(acc[1]/alpha + 0.5), clip8(acc[2]/alpha + 0.5), clip8(acc[3] + 0.5)})
		}
	}
	return dst
}

func TestResizeIsLanczos(t *testing.T) {
	for _, c := range []struct {
		name string
		src  *image.NRGBA
		w, h int
		most int     // difference of a channel, weighed by alpha
		mean float64 // over all
	}{
		{"up", imagefiletest.Photo(40, 30, 1), 97, 71, 1, 0.2},
		{"down", imagefiletest.Photo(200, 150, 1), 81, 64, 1, 0.2},
		{"up with alpha", imagefiletest.Cutout(40, 30, 1), 80, 60, 2, 0.2},
		{"down with alpha", imagefiletest.Cutout(200, 150, 1), 77, 60, 2, 0.2},
		{"far down", imagefiletest.Photo(600, 450, 1), 60, 45, 12, 0.6},
		{"far down with alpha", imagefiletest.Cutout(600, 450, 1), 60, 45, 12, 0.6},
		{"one way each", imagefiletest.Photo(90, 50, 1), 30, 140, 1, 0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := Resize(c.src, c.w, c.h), lanczosReference(c.src, c.w, c.h)
			worst, sum := 0, 0.0
			for i := range want.Pix {
				a := 255
				if i%4 != 3 {
					a = int(min(want.Pix[i|3], got.Pix[i|3]))
				}
				d := abs(int(got.Pix[i])-int(want.Pix[i])) * a / 255
				worst, sum = max(worst, d), sum+float64(d)
			}
			if mean := sum / float64(len(want.Pix)); worst > c.most || mean > c.mean {
				t.Errorf("differs by %d at most, %.3f on average", worst, mean)
			}
		})
	}
}

func TestResizeKeepsPlainAreas(t *testing.T) {
	for _, colour := range []color.NRGBA{{255, 255, 255, 255}, {0, 0, 0, 255}, {12, 130, 251, 255}, {12, 130, 251, 77}} {
		src := image.NewNRGBA(image.Rect(0, 0, 123, 67))
		for i := range 123 * 67 {
			imagefiletest.Set(src, i%123, i/123, colour)
		}
		for _, size := range [][2]int{{1, 1}, {7, 5}, {61, 33}, {123, 67}, {124, 68}, {400, 300}, {2, 500}} {
			t.Run(fmt.Sprint(colour, size), func(t *testing.T) {
				got := Resize(src, size[0], size[1])
				for i := 0; i < len(got.Pix); i += 4 {
					p := color.NRGBA{got.Pix[i], got.Pix[i+1], got.Pix[i+2], got.Pix[i+3]}
					if p.A != colour.A || abs(int(p.R)-int(colour.R)) > 1 || abs(int(p.G)-int(colour.G)) > 1 || abs(int(p.B)-int(colour.B)) > 1 {
						t.Fatalf("became %v", p)
					}
				}
			})
		}
	}
}

// The colour of a transparent pixel must not show at its neighbours.
func TestResizeDoesNotBleed(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			c := color.NRGBA{255, 0, 255, 0}
			if x >= 20 && x < 44 {
				c = color.NRGBA{10, 200, 10, 255}
			}
			imagefiletest.Set(src, x, y, c)
		}
	}
	for name, got := range map[string]*image.NRGBA{
		"up": Resize(src, 150, 150), "down": Resize(src, 23, 23), "far down": Resize(src, 9, 9), "doubled": Upscale2x(src),
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(got.Pix); i += 4 {
				if a := got.Pix[i+3]; a > 8 && (got.Pix[i] > 40 || got.Pix[i+2] > 40) {
					t.Fatalf("pixel %v", got.Pix[i:i+4])
				}
			}
		})
	}
}

func TestResizeTakesAPartOfAPicture(t *testing.T) {
	part := imagefiletest.Photo(100, 80, 4).SubImage(image.Rect(10, 20, 73, 59)).(*image.NRGBA)
	if !bytes.Equal(Resize(part, 31, 17).Pix, Resize(clone(part), 31, 17).Pix) {
		t.Error("Resize reads outside the part")
	}
	if !bytes.Equal(Upscale2x(part).Pix, Upscale2x(clone(part)).Pix) {
		t.Error("Upscale2x reads outside the part")
	}
}

// Bands of one picture are made by several goroutines, and pictures beside each other.
func TestResizesSideBySideAreTheSame(t *testing.T) {
	src := imagefiletest.Photo(330, 220, 5)
	small, large := Resize(src, 190, 130), Upscale2x(src)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if !bytes.Equal(Resize(src, 190, 130).Pix, small.Pix) || !bytes.Equal(Upscale2x(src).Pix, large.Pix) {
				t.Error("the same picture was resized in two ways")
			}
		})
	}
	wg.Wait()
}

func TestResizeTakesAnySize(t *testing.T) {
	for _, in := range [][2]int{{1, 1}, {2, 3}, {5000, 1}, {1, 3000}, {0, 0}, {0, 4}} {
		t.Run(fmt.Sprint(in), func(t *testing.T) {
			src := image.NewNRGBA(image.Rect(0, 0, in[0], in[1]))
			for _, out := range [][2]int{{1, 1}, {0, -3}, {3, 2}, {700, 1}} {
				if got := Resize(src, out[0], out[1]).Rect; got != image.Rect(0, 0, max(1, out[0]), max(1, out[1])) {
					t.Errorf("to %v gave %v", out, got)
				}
			}
			if got := Upscale2x(src).Rect; got != image.Rect(0, 0, 2*in[0], 2*in[1]) {
				t.Errorf("doubled gave %v", got)
			}
		})
	}
	// So many pixels in one that their sum is at the edge of its type.
	white := image.NewNRGBA(image.Rect(0, 0, 2048, 2048))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	white.Pix[3] = 254
	if got := Resize(white, 2, 2); got.Pix[0] != 255 || got.Pix[4] != 255 {
		t.Errorf("white became %v", got.Pix)
	}
}

// halvings are the ways a picture may have been made small.
var halvings = map[string]func(*image.NRGBA) *image.NRGBA{
	"mean":    meanHalf,
	"bicubic": bicubicHalf,
	"lanczos": func(s *image.NRGBA) *image.NRGBA { return Resize(s, s.Rect.Dx()/2, s.Rect.Dy()/2) },
}

func meanHalf(s *image.NRGBA) *image.NRGBA {
	d := image.NewNRGBA(image.Rect(0, 0, s.Rect.Dx()/2, s.Rect.Dy()/2))
	for y := range d.Rect.Dy() {
		for i := range d.Stride {
			at := 2*y*s.Stride + 2*(i-i%4) + i%4
			d.Pix[y*d.Stride+i] = uint8((int(s.Pix[at]) + int(s.Pix[at+4]) + int(s.Pix[at+s.Stride]) + int(s.Pix[at+s.Stride+4]) + 2) / 4)
		}
	}
	return d
}

func bicubicHalf(s *image.NRGBA) *image.NRGBA {
	catmullRom := func(x float64) float64 {
		switch x = math.Abs(x); {
		case x < 1:
			return 1.5*x*x*x - 2.5*x*x + 1
		case x < 2:
			return -0.5*x*x*x + 2.5*x*x - 4*x + 2
		}
		return 0
	}
	half := func(n int) taps {
		return newTaps(n, n/2, 8, func(i int) (int, func(int) float64) {
			return 2*i - 3, func(k int) float64 { return catmullRom((float64(k) - 3.5) / 2) }
		})
	}
	return resample(newSamples(s, 1, 1), half(s.Rect.Dx()), half(s.Rect.Dy()))
}

// upscaleGain is the mean gain in dB over Lanczos on generated pictures.
func upscaleGain(t testing.TB, half func(*image.NRGBA) *image.NRGBA) float64 {
	t.Helper()
	const pictures = 6
	gain := 0.0
	for seed := range uint32(pictures) {
		// Made large and then small, a picture has the sharpness of a photograph.
		whole := Resize(imagefiletest.Photo(640, 512, seed+1), 320, 256)
		small := half(whole)
		gain += psnr(t, whole, Upscale2x(small)) - psnr(t, whole, Resize(small, 320, 256))
	}
	return gain / pictures
}

func TestUpscale2xBeatsLanczos(t *testing.T) {
	const least = 0.33 // dB, what back-projection is worth on photographs
	for name, half := range halvings {
		t.Run(name, func(t *testing.T) {
			if gain := upscaleGain(t, half); gain < least {
				t.Errorf("%.2f dB above Lanczos, want %.2f", gain, least)
			}
		})
	}
}

func TestUpscale2xDoesNotRing(t *testing.T) {
	src := imagefiletest.Quadrants(40, 40)
	got := Upscale2x(src)
	for y := range 80 {
		for x := range 80 {
			for c := range 4 {
				low, high := uint8(255), uint8(0)
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						v := src.Pix[src.PixOffset(max(0, min(x/2+dx, 39)), max(0, min(y/2+dy, 39)))+c]
						low, high = min(low, v), max(high, v)
					}
				}
				if v := got.Pix[got.PixOffset(x, y)+c]; v < low || v > high {
					t.Fatalf("(%d,%d) channel %d is %d, its surroundings %d to %d", x, y, c, v, low, high)
				}
			}
		}
	}
}

func BenchmarkResize(b *testing.B) {
	twelve, two := imagefiletest.Photo(4032, 3024, 1), imagefiletest.Cutout(2048, 2048, 1)
	for _, c := range []struct {
		name string
		src  *image.NRGBA
		w, h int
	}{{"12MP_to_1600x1200", twelve, 1600, 1200}, {"12MP_to_400x300", twelve, 400, 300}, {"cutout_2048_to_1500", two, 1500, 1500}, {"cutout_1024_to_2048", Resize(two, 1024, 1024), 2048, 2048}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				Resize(c.src, c.w, c.h)
			}
		})
	}
}

func BenchmarkUpscale2x(b *testing.B) {
	src := imagefiletest.Photo(1024, 1024, 1)
	for b.Loop() {
		Upscale2x(src)
	}
	for name, half := range halvings {
		b.ReportMetric(upscaleGain(b, half), "dB_over_lanczos/"+name)
	}
}
