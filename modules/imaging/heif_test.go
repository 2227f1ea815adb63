package imaging

import (
	"errors"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// TestHEIF needs libheif, which .ci/test-dependencies installs.
func TestHEIF(t *testing.T) {
	if version, err := HEIFVersion(); err != nil {
		t.Fatal(err)
	} else {
		t.Log("libheif ", version)
	}
	d := newDecoder(t, DecoderOptions{})
	p3 := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	for _, c := range []struct {
		name   string
		file   imagefiletest.HEIF
		format Format
		want   [4]color.NRGBA
		within int
	}{
		{"HEIC", imagefiletest.HEIF{}, imagefile.HEIC, cardColours, 8},
		{"HEIC of the brand mif1", imagefiletest.HEIF{Brand: "mif1"}, imagefile.HEIC, cardColours, 8},
		{"HEIC in sRGB by nclx", imagefiletest.HEIF{NCLX: []uint16{1, 13, 6}}, imagefile.HEIC, cardColours, 8},
		{"HEIC with BT.709's curve", imagefiletest.HEIF{NCLX: []uint16{1, 1, 6}}, imagefile.HEIC, cardColours, 8},
		{"HEIC in Display P3 by nclx", imagefiletest.HEIF{NCLX: []uint16{12, 13, 6}}, imagefile.HEIC, cardInP3, 12},
		{"HEIC in Display P3 by a profile", imagefiletest.HEIF{ICC: p3}, imagefile.HEIC, cardInP3, 12},
		{"HEIC with a profile that is none", imagefiletest.HEIF{ICC: []byte("hello")}, imagefile.HEIC, cardColours, 8},
		{"HEIC upside down", imagefiletest.HEIF{Turn: 2}, imagefile.HEIC, [4]color.NRGBA{cardColours[3], cardColours[2], cardColours[1], cardColours[0]}, 8},
		{"HEIC beside a film of one frame", imagefiletest.HEIF{Frames: 1}, imagefile.HEIC, cardColours, 8},
		{"AVIF", imagefiletest.HEIF{AVIF: true}, AVIF, cardColours, 8},
		{"AVIF in Display P3 by nclx", imagefiletest.HEIF{AVIF: true, NCLX: []uint16{12, 13, 6}}, AVIF, cardInP3, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.file.Bytes()
			takes(t, d, b, c.want, c.within)
			if info, err := Inspect(b); err != nil || info.Format != c.format || info.HasProfile != (c.file.ICC != nil) {
				t.Errorf("%+v, %v", info, err)
			}
		})
	}
	t.Run("turned", func(t *testing.T) {
		img := decode(t, d, imagefiletest.HEIF{Turn: 1}.Bytes())
		if img.Rect != image.Rect(0, 0, cardHeight, cardWidth) {
			t.Fatal(img.Rect)
		}
		near(t, img, 16, 24, cardColours[1], 8)
		near(t, img, 16, 72, cardColours[0], 8)
	})
	t.Run("cropped", func(t *testing.T) {
		if img := decode(t, d, imagefiletest.HEIF{Clap: 60}.Bytes()); img.Rect != image.Rect(0, 0, 60, cardHeight) {
			t.Fatal(img.Rect)
		}
	})
	t.Run("made of two", func(t *testing.T) {
		img := decode(t, d, imagefiletest.HEIF{Grid: true}.Bytes())
		if img.Rect != image.Rect(0, 0, 2*cardWidth, cardHeight) {
			t.Fatal(img.Rect)
		}
		near(t, img, 24, 16, cardColours[0], 8)
		near(t, img, cardWidth+72, 48, cardColours[3], 8)
	})
	t.Run("transparent", func(t *testing.T) {
		want := cardColours
		for i := range want {
			want[i].A = 120
		}
		b := imagefiletest.HEIF{Alpha: true}.Bytes()
		takes(t, d, b, want, 8)
		if info, err := Inspect(b); err != nil || !info.HasAlpha {
			t.Errorf("%+v, %v", info, err)
		}
	})
	t.Run("AVIF of 12 megapixels", func(t *testing.T) {
		big := imagefiletest.Photo(4000, 3000, 1)
		if img := decode(t, d, encode(t, big, EncodeOptions{Format: AVIF, Effort: 1})); img.Rect != big.Rect {
			t.Error(img.Rect)
		}
	})
	whole := imagefiletest.HEIF{}.Bytes()
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"a film", imagefiletest.HEIF{Frames: 20}.Bytes(), ErrAnimated},
		{"AVIF of several frames", imagefiletest.HEIF{AVIF: true, Brand: "avis", Frames: 2}.Bytes(), ErrAnimated},
		{"a header that says more", imagefiletest.HEIF{Width: 128, Height: 64}.Bytes(), ErrCorrupt},
		{"a header that says far more", imagefiletest.HEIF{Width: 60000, Height: 60000}.Bytes(), ErrTooManyPixels},
		{"cut off", whole[:len(whole)-30], ErrCorrupt},
		{"cut off in its head", whole[:200], ErrCorrupt},
		{"pixels of noise", slices.Concat(whole[:len(whole)-150], make([]byte, 150)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := d.Decode(t.Context(), c.file)
			if c.want != nil && !errors.Is(err, c.want) || errors.Is(err, ErrDecoderDied) {
				t.Errorf("%v; want %v", err, c.want)
			}
		})
	}
}

// A machine without an AV1 decoder says so, and doesn't call the picture damaged.
func TestAVIFWithoutADecoder(t *testing.T) {
	b := imagefiletest.HEIF{AVIF: true}.Bytes()
	d := newDecoder(t, DecoderOptions{Command: badCommand(t, "no AV1")})
	if _, _, err := d.Decode(t.Context(), b); !errors.Is(err, ErrNoAVIF) {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]bool{
		"VipsOperation: class \"heifload_buffer\" not found":                                      true,
		"heifload: Unsupported feature: No decoding plugin installed for this compression format": true,
		"VipsOperation: class \"heifsave_buffer\" not found":                                      true,
		"heifload: Invalid input: Unspecified":                                                    false,
	} {
		if got := lacksAV1(errors.New(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
