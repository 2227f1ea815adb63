package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

func TestTIFF(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	p3 := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	pixel := func(x, y int) color.NRGBA { return cardColours[2*(2*y/cardHeight)+2*x/cardWidth] }
	rgb := func(x, y int) []uint16 {
		c := pixel(x, y)
		return []uint16{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257}
	}
	with := func(alpha uint16, premultiplied bool) func(x, y int) []uint16 {
		return func(x, y int) []uint16 {
			v := append(rgb(x, y), alpha)
			for i := 0; premultiplied && i < 3; i++ {
				v[i] = uint16(uint32(v[i]) * uint32(alpha) / 65535)
			}
			return v
		}
	}
	clear := cardColours
	for i := range clear {
		clear[i].A = 120
	}
	type tiff = imagefiletest.TIFF
	base := tiff{Width: cardWidth, Height: cardHeight, Bits: 8, Photometric: 2, Samples: 3, Pixel: rgb}
	change := func(f func(*tiff)) tiff {
		c := base
		f(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		file   tiff
		want   [4]color.NRGBA
		within int
	}{
		{"8 bits", base, cardColours, 0},
		{"16 bits", change(func(f *tiff) { f.Bits = 16 }), cardColours, 1},
		{"big endian", change(func(f *tiff) { f.Order = binary.BigEndian }), cardColours, 0},
		{"16 bits, big endian", change(func(f *tiff) { f.Bits, f.Order = 16, binary.BigEndian }), cardColours, 1},
		{"Deflate", change(func(f *tiff) { f.Compression = 8 }), cardColours, 0},
		{"Deflate by Adobe's older number", change(func(f *tiff) { f.Compression = 32946 }), cardColours, 0},
		{"LZW", change(func(f *tiff) { f.Compression = 5 }), cardColours, 0},
		{"many strips", change(func(f *tiff) { f.Rows = 7 }), cardColours, 0},
		{"a profile", change(func(f *tiff) { f.ICC = p3 }), cardInP3, 10},
		{"a profile that is none", change(func(f *tiff) { f.ICC = []byte("hello") }), cardColours, 0},
		{"alpha", change(func(f *tiff) { f.Samples, f.Extra, f.Pixel = 4, 2, with(120*257, false) }), clear, 0},
		{"16-bit alpha", change(func(f *tiff) { f.Bits, f.Samples, f.Extra, f.Pixel = 16, 4, 2, with(120*257, false) }), clear, 1},
		{"alpha that colours are multiplied by", change(func(f *tiff) { f.Samples, f.Extra, f.Pixel = 4, 1, with(120*257, true) }), clear, 3},
		{"a small copy behind it", change(func(f *tiff) { f.Copy = true }), cardColours, 0},
	} {
		t.Run(c.name, func(t *testing.T) { takes(t, d, c.file.Bytes(), c.want, c.within) })
	}
	t.Run("on its side", func(t *testing.T) {
		side := onItsSide()
		takes(t, d, tiff{Width: cardHeight, Height: cardWidth, Bits: 8, Photometric: 2, Samples: 3, Orientation: 6, Pixel: func(x, y int) []uint16 {
			c := side.NRGBAAt(x, y)
			return []uint16{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257}
		}}.Bytes(), cardColours, 0)
	})
	for photometric, want := range map[uint16]uint8{0: 55, 1: 200} {
		for _, bits := range []int{8, 16} {
			t.Run(fmt.Sprintf("grey of kind %d with %d bits", photometric, bits), func(t *testing.T) {
				b := tiff{Width: 8, Height: 8, Bits: bits, Photometric: photometric, Samples: 1, Pixel: func(int, int) []uint16 { return []uint16{200 * 257} }}.Bytes()
				near(t, decode(t, d, b), 4, 4, color.NRGBA{want, want, want, 255}, 1)
			})
		}
	}
	for _, bits := range []int{8, 16} {
		t.Run(fmt.Sprintf("CMYK with %d bits", bits), func(t *testing.T) {
			inks := [4][4]uint16{{0, 0, 0, 0}, {0, 0, 0, 65535}, {65535, 65535, 65535, 65535}, {0, 65535, 65535, 0}}
			b := tiff{Width: 32, Height: 8, Bits: bits, Photometric: 5, Samples: 4, Pixel: func(x, _ int) []uint16 { return inks[x/8][:] }}.Bytes()
			img := decode(t, d, b)
			near(t, img, 4, 4, color.NRGBA{255, 255, 255, 255}, 4)
			near(t, img, 20, 4, color.NRGBA{0, 0, 0, 255}, 25) // libvips 8.14's own profile has a blue black
			if c := img.NRGBAAt(28, 4); c.R < 200 || c.G > 70 || c.B > 70 {
				t.Errorf("red is %v", c)
			}
			if c := img.NRGBAAt(12, 4); c.R > 50 || c.G > 50 || c.B > 50 {
				t.Errorf("black is %v", c)
			}
		})
	}
	t.Run("one long strip", func(t *testing.T) {
		b := tiff{Width: 2_500, Height: 2_000, Bits: 16, Photometric: 2, Samples: 4, Extra: 2, Compression: 8, Rows: 2_000,
			Pixel: func(int, int) []uint16 { return []uint16{200 * 257, 200 * 257, 200 * 257, 65535} }}.Bytes()
		near(t, decode(t, d, b), 2_499, 1_999, color.NRGBA{200, 200, 200, 255}, 0)
	})
	whole, packed := base.Bytes(), change(func(f *tiff) { f.Compression = 8 }).Bytes()
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"pages", change(func(f *tiff) { f.Pages = 2 }).Bytes(), ErrUnsupported},
		{"32 bits", change(func(f *tiff) { f.Bits = 32 }).Bytes(), ErrUnsupported},
		{"JPEG within", change(func(f *tiff) { f.Compression = 7 }).Bytes(), ErrUnsupported},
		{"six channels", change(func(f *tiff) {
			f.Samples, f.Pixel = 6, func(int, int) []uint16 { return make([]uint16, 6) }
		}).Bytes(), ErrUnsupported},
		{"numbers with fractions", change(func(f *tiff) { f.Format = 3 }).Bytes(), ErrUnsupported},
		{"a camera's raw file", change(func(f *tiff) { f.Raw = true }).Bytes(), ErrUnsupported},
		{"a sensor's pixels", change(func(f *tiff) { f.Photometric = 32803 }).Bytes(), ErrUnsupported},
		{"more pixels than are taken", change(func(f *tiff) { f.SaidWidth = 60_000; f.SaidHeight = 60_000 }).Bytes(), ErrTooManyPixels},
		{"no pixels", change(func(f *tiff) { f.SaidWidth = 5_000; f.SaidHeight = 5_000 }).Bytes(), ErrCorrupt},
		{"cut off in its head", whole[:40], ErrCorrupt},
		{"cut off in its pixels", whole[:len(whole)/2], ErrCorrupt},
		{"cut off in its packed pixels", packed[:len(packed)-8], ErrCorrupt},
		{"a header alone", whole[:8], ErrCorrupt},
	} {
		t.Run("refused: "+c.name, func(t *testing.T) {
			if _, _, err := d.Decode(t.Context(), c.file); !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
		})
	}
	if info, err := Inspect(whole); err != nil || info != (Info{Format: imagefile.TIFF, Width: cardWidth, Height: cardHeight, Orientation: 1, Depth: 8, Channels: 3}) {
		t.Errorf("%+v, %v", info, err)
	}
}
