package net

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

// pattern draws the pictures of the golden coverages, by the rule of ml/matte's
// export.py.
func pattern(w, h, kind int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			for c := range 3 {
				var v int
				switch kind {
				case 0:
					v = 225 - 10*c + (x+2*y)%5
					if r := w * 5 / 9; (2*x-w)*(2*x-w)+(2*y-h)*(2*y-h) < r*r {
						v -= 120 + 20*c
					}
				case 1:
					v = (x*(3+c) + y*(5-c) + x*y/7) % 256
				default:
					v = 200 + (x+y)%11
					if x > w/4 && x < w*3/4 && y > h/3 {
						v = 40 + 30*c + x*y%9
					}
				}
				img.Pix[img.PixOffset(x, y)+c] = uint8(v)
			}
			img.Pix[img.PixOffset(x, y)+3] = 255
		}
	}
	return img
}

// The coverages were computed in Python with the same weights.
func TestCoverageEqualsPythons(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Width, Height, Kind int
		Coverage            []int // in 1/65535
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 3 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run([]string{"disc", "pattern", "block"}[c.Kind], func(t *testing.T) {
			got, err := n.n.coverage(t.Context(), normalised(pattern(c.Width, c.Height, c.Kind), false))
			if err != nil || len(got) != c.Width*c.Height || len(got) != len(c.Coverage) {
				t.Fatalf("%d values of %d, want %d: %v", len(got), c.Width*c.Height, len(c.Coverage), err)
			}
			var worst float64
			low, high := got[0], got[0]
			for i, v := range got {
				worst = max(worst, math.Abs(float64(v)-float64(c.Coverage[i])/65535))
				low, high = min(low, v), max(high, v)
			}
			if worst > 1./255 {
				t.Errorf("differs by up to %.5f", worst)
			}
			if high-low < .2 {
				t.Errorf("the coverage is %.2f to %.2f: the picture tests nothing", low, high)
			}
		})
	}
}

func TestMaskOfAPhoto(t *testing.T) {
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	photo := pattern(300, 200, 2)
	before := bytes.Clone(photo.Pix)
	m, err := n.Mask(t.Context(), photo)
	if err != nil || m.Width != Side || m.Height != Side || len(m.Coverage) != Side*Side {
		t.Fatalf("%d×%d, %d values: %v", m.Width, m.Height, len(m.Coverage), err)
	}
	at := func(x, y int) float32 { return m.Coverage[y*Side/200*Side+x*Side/300] }
	if at(150, 150) < .9 || at(20, 20) > .1 {
		t.Errorf("coverage %.2f on the block and %.2f beside it", at(150, 150), at(20, 20))
	}
	if !bytes.Equal(before, photo.Pix) {
		t.Error("the photo was written to")
	}

	n = &Network{n: n.n, side: 64} // the rest is cheaper on a smaller square
	t.Run("any proportions", func(t *testing.T) {
		for _, size := range []image.Point{{1, 1}, {2000, 3}, {3, 2000}} {
			m, err := n.Mask(t.Context(), image.NewNRGBA(image.Rectangle{Max: size}))
			if err != nil {
				t.Fatalf("%v: %v", size, err)
			}
			for i, v := range m.Coverage {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%v: value %d is %v", size, i, v)
				}
			}
		}
	})
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := n.Mask(ctx, photo); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestMasksSideBySideAreTheSame(t *testing.T) {
	whole, err := New()
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{n: whole.n, side: 64}
	photo := pattern(90, 60, 2)
	want, err := n.Mask(t.Context(), photo)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if got, err := n.Mask(t.Context(), photo); err != nil || !slices.Equal(got.Coverage, want.Coverage) {
				t.Errorf("another coverage: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestDamagedWeights(t *testing.T) {
	edit := func(at int, v uint16) []byte {
		b := bytes.Clone(embedded)
		binary.LittleEndian.PutUint16(b[at:], v)
		return b
	}
	if _, err := parse(embedded); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty":          nil,
		"another format": edit(0, 0x4d4d),
		"cut off":        embedded[:len(embedded)-1],
		"cut in sizes":   embedded[:len(magic)+3],
		"too long":       append(bytes.Clone(embedded), 0),
		"no outputs":     edit(len(magic), 0),
		"huge":           edit(len(magic), math.MaxUint16),
		"another kernel": edit(len(magic)+4, 5),
		"other inputs":   edit(len(magic)+2, 4),
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := parse(data); !errors.Is(err, errWeights) {
				t.Errorf("%v, %v", n != nil, err)
			}
		})
	}
}

func TestFloat16(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0: 0, 0x8000: 0, 0x3c00: 1, 0xc000: -2, 0x3555: .33325195, 1: 1. / (1 << 24), 0x03ff: 1023. / (1 << 24), 0x0400: 1. / (1 << 14), 0x7bff: 65504,
	} {
		t.Run(fmt.Sprintf("%#04x", bits), func(t *testing.T) {
			if got := float16(bits); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	if !math.IsInf(float64(float16(0xfc00)), -1) || !math.IsNaN(float64(float16(0x7e00))) {
		t.Error("infinity or not a number")
	}
}

func BenchmarkMask(b *testing.B) {
	n, err := New()
	if err != nil {
		b.Fatal(err)
	}
	photo := pattern(800, 600, 2)
	for b.Loop() {
		if _, err := n.Mask(b.Context(), photo); err != nil {
			b.Fatal(err)
		}
	}
}
