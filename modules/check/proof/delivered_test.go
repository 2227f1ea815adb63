package proof

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

// Pairs of Sharma, Wu and Dalal (2005), table 1.
func TestDeltaE(t *testing.T) {
	for _, c := range []struct {
		p, q lab
		want float64
	}{
		{lab{50, 2.6772, -79.7751}, lab{50, 0, -82.7485}, 2.0425},
		{lab{50, -1.3802, -84.2814}, lab{50, 0, -82.7485}, 1.0000},
		{lab{50, 2.49, -0.001}, lab{50, -2.49, 0.0009}, 7.1792},
		{lab{50, 2.5, 0}, lab{73, 25, -18}, 27.1492},
		{lab{60.2574, -34.0099, 36.2677}, lab{60.4626, -34.1751, 39.4387}, 1.2644},
		{lab{22.7233, 20.0904, -46.694}, lab{23.0331, 14.973, -42.5619}, 2.0373},
		{lab{2.0776, 0.0795, -1.135}, lab{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		t.Run(fmt.Sprint(c.p, c.q), func(t *testing.T) {
			if got := deltaE(c.p, c.q); math.Abs(got-c.want) > 1e-4 {
				t.Errorf("%.4f, want %.4f", got, c.want)
			}
		})
	}
}

// goods is a product with a coloured body, a pattern and a label of strokes.
func goods(seed uint64, side int) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 3))
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	base := color.NRGBA{uint8(60 + r.IntN(140)), uint8(40 + r.IntN(80)), uint8(30 + r.IntN(60)), 255}
	for y := range side {
		for x := range side {
			u, v := float64(x)/float64(side)*2-1, float64(y)/float64(side)*2-1
			if u*u+v*v > .95 {
				continue
			}
			k := .75 + .25*math.Sqrt(max(0, 1-u*u)) + .05*math.Sin(float64(x)/9)*math.Sin(float64(y)/7)
			img.SetNRGBA(x, y, color.NRGBA{lvl(float64(base.R) * k), lvl(float64(base.G) * k), lvl(float64(base.B) * k), 255})
		}
	}
	for range 40 { // strokes of letters
		x, y := side/4+r.IntN(side/2), side/3+r.IntN(side/3)
		w, h := 3+r.IntN(5), 14+r.IntN(10)
		if r.IntN(2) == 0 {
			w, h = h, w
		}
		draw.Draw(img, image.Rect(x, y, x+w, y+h), image.NewUniform(color.NRGBA{235, 228, 210, 255}), image.Point{}, draw.Src)
	}
	return img
}

func lvl(v float64) uint8 { return uint8(max(0, min(255, v+.5))) }

// delivered encodes and decodes a product as a variant has it, on white.
func delivered(t *testing.T, product *image.NRGBA, f imaging.Format, quality int) *image.NRGBA {
	t.Helper()
	img := image.NewNRGBA(product.Rect)
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	imaging.Over(img, product, image.Point{})
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: f, Quality: quality})
	if err != nil {
		t.Fatal(err)
	}
	if img, err = imaging.DecodeOwn(b); err != nil {
		t.Fatal(err)
	}
	return img
}

// each changes every pixel of a copy.
func each(img *image.NRGBA, change func(c [3]float64) [3]float64) *image.NRGBA {
	out := cloned(img)
	for i := 0; i < len(out.Pix); i += 4 {
		c := change([3]float64{float64(out.Pix[i]), float64(out.Pix[i+1]), float64(out.Pix[i+2])})
		out.Pix[i], out.Pix[i+1], out.Pix[i+2] = lvl(c[0]), lvl(c[1]), lvl(c[2])
	}
	return out
}

// turned turns the hue by degrees, about the grey axis of YIQ.
func turned(img *image.NRGBA, degrees float64) *image.NRGBA {
	s, k := math.Sincos(degrees * math.Pi / 180)
	return each(img, func(c [3]float64) [3]float64 {
		y := .299*c[0] + .587*c[1] + .114*c[2]
		i, q := .596*c[0]-.274*c[1]-.322*c[2], .211*c[0]-.523*c[1]+.312*c[2]
		i, q = i*k-q*s, i*s+q*k
		return [3]float64{y + .956*i + .621*q, y - .272*i - .647*q, y - 1.106*i + 1.703*q}
	})
}

func moved(img *image.NRGBA, dx, dy int) *image.NRGBA {
	out := image.NewNRGBA(img.Rect)
	draw.Draw(out, out.Rect, img, image.Pt(-dx, -dy), draw.Src)
	return out
}

func stretched(img *image.NRGBA, k float64) *image.NRGBA {
	big := imaging.Resize(img, int(float64(img.Rect.Dx())*k+.5), img.Rect.Dy())
	out := image.NewNRGBA(img.Rect)
	draw.Draw(out, out.Rect, big, image.Pt((big.Rect.Dx()-out.Rect.Dx())/2, 0), draw.Src)
	return out
}

func sharpened(img *image.NRGBA) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	soft := imaging.Resize(imaging.Resize(img, w/2, h/2), w, h)
	out := cloned(img)
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = lvl(2.5*float64(img.Pix[i]) - 1.5*float64(soft.Pix[i]))
		}
	}
	return out
}

func TestHonestFilesPassAndChangedProductsDoNot(t *testing.T) {
	for seed := range uint64(2) {
		product := goods(seed, 1000)
		for name, f := range map[string]struct {
			format  imaging.Format
			quality int
		}{"jpeg 90": {imaging.JPEG, 90}, "jpeg 88": {imaging.JPEG, 88}, "webp 82": {imaging.WebP, 82}, "avif 60": {imaging.AVIF, 60}} {
			t.Run(fmt.Sprint(name, " honest ", seed), func(t *testing.T) {
				d := Compare(product, delivered(t, product, f.format, f.quality))
				t.Logf("%+v", d)
				if bad := d.Within(DefaultLimits); bad != "" {
					t.Errorf("%s: %+v", bad, d)
				}
			})
		}
		letter := cloned(product)
		draw.Draw(letter, image.Rect(500, 420, 512, 444), image.NewUniform(color.NRGBA{235, 228, 210, 255}), image.Point{}, draw.Src)
		for name, changed := range map[string]*image.NRGBA{
			"hue by 2 degrees":  turned(product, 2),
			"hue by -2 degrees": turned(product, -2),
			"a letter more":     letter,
			"one pixel right":   moved(product, 1, 0),
			"one pixel up":      moved(product, 0, -1),
			"1 % wider":         stretched(product, 1.01),
			"sharpened":         sharpened(product),
			"brighter":          each(product, func(c [3]float64) [3]float64 { return [3]float64{c[0] * 1.03, c[1] * 1.03, c[2] * 1.03} }),
		} {
			t.Run(fmt.Sprint(name, " ", seed), func(t *testing.T) {
				d := Compare(product, delivered(t, changed, imaging.JPEG, 88))
				t.Logf("%+v", d)
				if d.Within(DefaultLimits) == "" {
					t.Errorf("it passes: %+v", d)
				}
			})
		}
	}
}

// A file that just keeps a limit here breaks it in another decoder.
func TestInnerLimitsLeaveAMargin(t *testing.T) {
	sound := Delivered{SSIM: .99, Detail: 1, Pixels: 1}
	for name, change := range map[string]func(d *Delivered){
		"cast": func(d *Delivered) { d.Cast = .299 }, "spot": func(d *Delivered) { d.Spot = 2.9 }, "mark": func(d *Delivered) { d.Mark = 5.9 },
		"likeness": func(d *Delivered) { d.SSIM = .942 }, "detail": func(d *Delivered) { d.Detail = 1.115 }, "shift": func(d *Delivered) { d.Shift = .48 },
		"colours": func(d *Delivered) { d.DeltaE95 = 3.9 },
	} {
		t.Run(name, func(t *testing.T) {
			d := sound
			change(&d)
			if d.Within(DefaultLimits) != "" || d.Within(DefaultLimits.Inner()) == "" {
				t.Errorf("%q, %q", d.Within(DefaultLimits), d.Within(DefaultLimits.Inner()))
			}
		})
	}
	if bad := sound.Within(DefaultLimits.Inner()); bad != "" {
		t.Error(bad)
	}
}

func TestNothingToCompare(t *testing.T) {
	thin := image.NewNRGBA(image.Rect(0, 0, 5, 100))
	if d := Compare(thin, thin); d.Pixels != 0 || d.Within(DefaultLimits) != "" {
		t.Errorf("%+v", d)
	}
	if d := Compare(thin, image.NewNRGBA(image.Rect(0, 0, 6, 100))); !math.IsInf(d.Shift, 1) {
		t.Errorf("other sizes: %+v", d)
	}
}

// What is known of equal pixels is what measuring them says.
func TestEqualPixelsNeedNoMeasuring(t *testing.T) {
	product := goods(5, 220)
	onWhite := delivered(t, product, imaging.PNG, 0)
	if !same(product, onWhite) || !same(product, product) {
		t.Fatal("a file without loss differs")
	}
	mask := inside(product, rim)
	want := Delivered{Pixels: count(mask)}
	measure(&want, product, onWhite, mask)
	got := Compare(product, onWhite)
	if math.Abs(got.SSIM-want.SSIM) > 1e-9 {
		t.Errorf("likeness %v, measured %v", got.SSIM, want.SSIM)
	}
	want.SSIM = got.SSIM
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	onWhite.Pix[onWhite.PixOffset(110, 110)]++ // one level of one pixel
	if same(product, onWhite) || Compare(product, onWhite).SSIM == 1 {
		t.Error("a changed pixel is overlooked")
	}
}
