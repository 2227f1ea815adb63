package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

func TestInspectReadsHeaders(t *testing.T) {
	opaque, clear := imagefiletest.Photo(37, 21, 1), imagefiletest.Cutout(37, 21, 1)
	gray16 := image.NewGray16(image.Rect(0, 0, 5, 9))
	palette := image.NewPaletted(image.Rect(0, 0, 6, 4), color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{}})
	profile := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	plain := imagefiletest.JPEG(t, opaque)
	for name, c := range map[string]struct {
		file []byte
		want Info
	}{
		"jpeg":             {plain, Info{JPEG, 37, 21, false, false, 1, 8, 3}},
		"grey jpeg":        {imagefiletest.JPEG(t, image.NewGray(image.Rect(0, 0, 8, 3))), Info{JPEG, 8, 3, false, false, 1, 8, 1}},
		"cmyk jpeg":        {imagefiletest.CMYKJPEG(9, 17, func(int, int) [4]uint8 { return [4]uint8{} }), Info{JPEG, 9, 17, false, false, 1, 8, 4}},
		"jpeg on its side": {imagefiletest.WithSegments(plain, imagefiletest.Segment(markerAPP1, jpegEXIF, imagefiletest.EXIF(6, binary.BigEndian))), Info{JPEG, 21, 37, false, false, 6, 8, 3}},
		"jpeg little endian EXIF": {imagefiletest.WithSegments(plain, imagefiletest.Segment(markerAPP1, jpegEXIF, imagefiletest.EXIF(3, binary.LittleEndian))),
			Info{JPEG, 37, 21, false, false, 3, 8, 3}},
		"jpeg with a senseless orientation": {imagefiletest.WithSegments(plain, imagefiletest.Segment(markerAPP1, jpegEXIF, imagefiletest.EXIF(77, binary.BigEndian))),
			Info{JPEG, 37, 21, false, false, 1, 8, 3}},
		"jpeg with profile":           {imagefiletest.WithSegments(plain, imagefiletest.Segment(markerAPP2, jpegICC, []byte{1, 1}, profile)), Info{JPEG, 37, 21, false, true, 1, 8, 3}},
		"jpeg with fill bytes":        {bytes.Join([][]byte{plain[:2], {0xff, 0xff, 0xff}, plain[2:]}, nil), Info{JPEG, 37, 21, false, false, 1, 8, 3}},
		"jpeg with a clip behind it":  {append(bytes.Clone(plain), "\x00\x00\x00\x18ftypmp42 and so on"...), Info{JPEG, 37, 21, false, false, 1, 8, 3}},
		"png":                         {imagefiletest.PNG(t, opaque), Info{PNG, 37, 21, false, false, 1, 8, 3}},
		"png with alpha":              {imagefiletest.PNG(t, clear), Info{PNG, 37, 21, true, false, 1, 8, 3}},
		"16-bit grey png":             {imagefiletest.PNG(t, gray16), Info{PNG, 5, 9, false, false, 1, 16, 1}},
		"png with clear colour":       {imagefiletest.PNG(t, palette), Info{PNG, 6, 4, true, false, 1, 1, 3}},
		"png on its side":             {imagefiletest.WithChunk(imagefiletest.PNG(t, opaque), imagefiletest.Chunk("eXIf", imagefiletest.EXIF(8, binary.BigEndian))), Info{PNG, 21, 37, false, false, 8, 8, 3}},
		"png with profile":            {imagefiletest.WithChunk(imagefiletest.PNG(t, opaque), imagefiletest.Chunk("iCCP", append([]byte("x\x00\x00"), imagefiletest.Deflate(t, profile)...))), Info{PNG, 37, 21, false, true, 1, 8, 3}},
		"webp":                        {imagefiletest.LossyWebP(37, 21), Info{WebP, 37, 21, false, false, 1, 8, 3}},
		"lossless webp":               {imagefiletest.SolidWebP(37, 21, color.NRGBA{1, 2, 3, 255}), Info{WebP, 37, 21, false, false, 1, 8, 3}},
		"lossless webp with alpha":    {imagefiletest.SolidWebP(37, 21, color.NRGBA{1, 2, 3, 4}), Info{WebP, 37, 21, true, false, 1, 8, 3}},
		"webp with profile":           {embedded(t, WebP, imagefiletest.LossyWebP(37, 21), nil, profile), Info{WebP, 37, 21, false, true, 1, 8, 3}},
		"webp on its side (EXIF tag)": {sideways(5), Info{WebP, 21, 37, false, false, 5, 8, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Inspect(c.file)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// sideways is a WebP of 37 × 21 with an orientation.
func sideways(orientation uint16) []byte {
	return imagefiletest.ExtendedWebP(imagefiletest.LossyWebP(37, 21), 37, 21, imagefiletest.EXIF(orientation, binary.LittleEndian))
}

// embedded is file with a packet and a profile.
func embedded(t testing.TB, f Format, file, xmp, profile []byte) []byte {
	t.Helper()
	b, err := Embed(f, file, xmp, profile, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hostile is a file that must be refused, with the reason.
type hostile struct {
	name string
	file func(t testing.TB) []byte
	want error
	says string // a part of the message
}

func hostileFiles() []hostile {
	bytesOf := func(s string) func(testing.TB) []byte { return func(testing.TB) []byte { return []byte(s) } }
	small := func(t testing.TB) []byte { return imagefiletest.JPEG(t, imagefiletest.Photo(16, 16, 1)) }
	return []hostile{
		{"nothing", bytesOf(""), ErrEmpty, ""},
		{"26 MB", func(testing.TB) []byte { return append(bytes.Clone(jpegMagic), make([]byte, 26<<20)...) }, ErrTooLarge, "27.3 MB"},
		{"text", bytesOf("hello, picture"), ErrUnsupported, "no picture"},
		{"HEIC without a picture", bytesOf("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ErrCorrupt, "no picture"},
		{"HEIC of 3,600 megapixels", func(testing.TB) []byte { return imagefiletest.HEIF{Width: 60000, Height: 60000}.Bytes() }, ErrTooManyPixels, "60000 × 60000"},
		{"HEIC with a part of 3,600 megapixels", func(testing.TB) []byte { return imagefiletest.HEIF{Grid: true, Width: 30000, Height: 60000}.Bytes() }, ErrTooManyPixels, "part"},
		{"a film", func(testing.TB) []byte { return imagefiletest.HEIF{Frames: 9}.Bytes() }, ErrAnimated, "film"},
		{"AVIF cut off", bytesOf("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf\x00\x00\x09"), ErrCorrupt, "early"},
		{"video", bytesOf("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), ErrUnsupported, "video"},
		{"Canon raw", bytesOf("\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom"), ErrUnsupported, "camera raw"},
		{"GIF of 5,000 frames", gifBomb, ErrUnsupported, "GIF"},
		{"TIFF of 3,600 megapixels", tiffBomb, ErrTooManyPixels, "60000 × 60000"},
		{"BMP", bytesOf("BM\x00\x00\x00\x00"), ErrUnsupported, "BMP"},
		{"Photoshop", bytesOf("8BPS\x00\x01"), ErrUnsupported, "Photoshop"},
		{"PDF", bytesOf("%PDF-1.7\n"), ErrUnsupported, "PDF"},
		{"EPS", bytesOf("%!PS-Adobe-3.0 EPSF-3.0\n"), ErrUnsupported, "EPS"},
		{"SVG", bytesOf(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg"/>`), ErrUnsupported, "SVG"},
		{"MVG", bytesOf("push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'https://example.test/x'\npop graphic-context"), ErrUnsupported, "ImageMagick"},
		{"HTML", bytesOf("<!doctype html><title>x</title>"), ErrUnsupported, "HTML"},
		{"JPEG XL", bytesOf("\xff\x0a\x00\x00"), ErrUnsupported, "JPEG XL"},
		{"PNG of 65535 × 65535, 1 bit", func(t testing.TB) []byte {
			return imagefiletest.PNGOf(imagefiletest.IHDR(65535, 65535, 1, pngGrey), imagefiletest.Chunk("IDAT", imagefiletest.Deflate(t, make([]byte, 1<<16))), imagefiletest.Chunk("IEND", nil))
		}, ErrTooManyPixels, "65535 × 65535"},
		{"PNG of 20000 × 20000 RGBA", func(t testing.TB) []byte {
			return imagefiletest.PNGOf(imagefiletest.IHDR(20000, 20000, 8, pngRGBA), imagefiletest.Chunk("IDAT", imagefiletest.Deflate(t, make([]byte, 1<<20))), imagefiletest.Chunk("IEND", nil))
		}, ErrTooManyPixels, ""},
		{"PNG of 2³¹ × 2³¹", func(testing.TB) []byte { return imagefiletest.PNGOf(imagefiletest.IHDR(1<<31-1, 1<<31-1, 8, pngRGB)) }, ErrTooManyPixels, ""},
		{"PNG of no size", func(testing.TB) []byte { return imagefiletest.PNGOf(imagefiletest.IHDR(0, 5, 8, pngRGB)) }, ErrCorrupt, "0 × 5"},
		{"PNG of an iPhone's program", withChunk("CgBI"), ErrUnsupported, "iPhone"},
		{"PNG with an unknown part that can't be left out", withChunk("ABCD"), ErrUnsupported, "ABCD"},
		{"PNG with a profile of 512 MB", profileBomb, ErrCorrupt, "profile is larger"},
		{"PNG with a false header sum", func(t testing.TB) []byte {
			b := imagefiletest.PNG(t, imagefiletest.Photo(8, 8, 1))
			b[29] ^= 1
			return b
		}, ErrCorrupt, "header"},
		{"PNG with impossible depth", func(testing.TB) []byte { return imagefiletest.PNGOf(imagefiletest.IHDR(4, 4, 4, pngRGB)) }, ErrCorrupt, "colour type"},
		{"PNG without pixels", func(testing.TB) []byte {
			return imagefiletest.PNGOf(imagefiletest.IHDR(4, 4, 8, pngRGB), imagefiletest.Chunk("IEND", nil))
		}, ErrCorrupt, "no pixels"},
		{"PNG with a second header", func(testing.TB) []byte {
			return imagefiletest.PNGOf(imagefiletest.IHDR(4, 4, 8, pngRGB), imagefiletest.IHDR(4, 4, 8, pngRGB))
		}, ErrCorrupt, "twice"},
		{"PNG cut off before its pixels", func(t testing.TB) []byte { return imagefiletest.PNG(t, imagefiletest.Photo(64, 64, 1))[:36] }, ErrCorrupt, "early"},
		{"PNG with a chunk of 4 GB", func(testing.TB) []byte {
			return imagefiletest.PNGOf(imagefiletest.IHDR(4, 4, 8, pngRGB), []byte{0xff, 0xff, 0xff, 0xff, 't', 'E', 'X', 't', 0, 0, 0, 0, 0})
		}, ErrCorrupt, "early"},
		{"animated PNG", func(t testing.TB) []byte {
			return imagefiletest.WithChunk(imagefiletest.PNG(t, imagefiletest.Photo(8, 8, 1)), imagefiletest.Chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}))
		}, ErrAnimated, "PNG"},
		{"JPEG of 65500 × 65500", func(testing.TB) []byte {
			return append(append([]byte{0xff, markerSOI}, imagefiletest.Segment(markerSOF0, []byte{8, 0xff, 0xdc, 0xff, 0xdc, 1, 1, 0x11, 0})...), 0xff, markerEOI)
		}, ErrTooManyPixels, ""},
		{"JPEG with 12 bits", func(t testing.TB) []byte {
			b := small(t)
			b[bytes.Index(b, []byte{0xff, markerSOF0})+4] = 12
			return b
		}, ErrUnsupported, "12 bits"},
		{"lossless JPEG", func(t testing.TB) []byte {
			return bytes.Replace(small(t), []byte{0xff, markerSOF0}, []byte{0xff, 0xc3}, 1)
		}, ErrUnsupported, "lossless"},
		{"JPEG with 5,000 scans", scanBomb, ErrUnsupported, "scans"},
		{"JPEG cut off in a segment", func(t testing.TB) []byte { return small(t)[:30] }, ErrCorrupt, "early"},
		{"JPEG of its first bytes", bytesOf("\xff\xd8\xff"), ErrCorrupt, ""},
		{"JPEG with two frames", func(t testing.TB) []byte {
			b := small(t)
			i := bytes.Index(b, []byte{0xff, markerSOF0})
			return bytes.Join([][]byte{b[:i], b[i : i+19], b[i:]}, nil)
		}, ErrCorrupt, "two frame headers"},
		{"WebP with 16384 × 16384 on its canvas", func(testing.TB) []byte { return imagefiletest.WebPOf(imagefiletest.VP8X(0, 16384, 16384)) }, ErrTooManyPixels, ""},
		{"WebP of 16383 × 16383", func(testing.TB) []byte {
			return imagefiletest.WebPOf(imagefiletest.WebPChunk("VP8L", []byte{0x2f, 0xfe, 0xbf, 0xff, 0x0f, 0}))
		}, ErrTooManyPixels, "16383 × 16383"},
		{"WebP with frames", func(testing.TB) []byte {
			frame := imagefiletest.WebPChunk("ANMF", make([]byte, 16))
			return imagefiletest.WebPOf(imagefiletest.VP8X(webpAnimation, 8, 8), frame, frame)
		}, ErrAnimated, "WebP"},
		{"WebP whose pixels contradict its canvas", func(testing.TB) []byte {
			return imagefiletest.WebPOf(imagefiletest.VP8X(0, 8, 8), imagefiletest.WebPChunk("VP8L", []byte{0x2f, 0xfe, 0xbf, 0x01, 0, 0}))
		}, ErrCorrupt, ""},
		{"WebP cut off", func(t testing.TB) []byte {
			b := imagefiletest.SolidWebP(64, 64, color.NRGBA{1, 2, 3, 255})
			return b[:len(b)/2]
		}, ErrCorrupt, "early"},
		{"empty WebP", func(testing.TB) []byte { return imagefiletest.WebPOf() }, ErrCorrupt, "no pixels"},
		{"JPEG that is a PDF", func(t testing.TB) []byte {
			return imagefiletest.WithSegments(small(t), imagefiletest.Segment(0xfe, []byte("%PDF-1.4 obj")))
		}, ErrUnsupported, "a PDF at once"},
		{"JPEG that is a PHP script", func(t testing.TB) []byte {
			return imagefiletest.WithSegments(small(t), imagefiletest.Segment(markerAPP1, jpegEXIF, []byte("<?php system('x');")))
		}, ErrUnsupported, "PHP"},
		{"JPEG that is a ZIP", func(t testing.TB) []byte {
			return append(small(t), "PK\x03\x04...PK\x05\x06"+strings.Repeat("\x00", 18)...)
		}, ErrUnsupported, "a ZIP archive at once"},
		{"PNG that is a ZIP with a comment", func(t testing.TB) []byte {
			return append(imagefiletest.PNG(t, imagefiletest.Photo(8, 8, 1)), "PK\x05\x06"+strings.Repeat("\x00", 16)+"\x02\x00hi"...)
		}, ErrUnsupported, "ZIP"},
		{"GIF that is JavaScript", bytesOf("GIF89a/*\x00\x00*/=1;alert(1)"), ErrUnsupported, "GIF"},
	}
}

// gifBomb has 5,000 frames of one pixel.
func gifBomb(testing.TB) []byte {
	b := []byte("GIF89a\x10\x27\x10\x27\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	for range 5000 {
		b = append(b, "!\xf9\x04\x00\x01\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"...)
	}
	return append(b, ';')
}

// tiffBomb claims 60000 × 60000 pixels.
func tiffBomb(testing.TB) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x02\x00")
	for _, tag := range []uint16{256, 257} {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, 4)
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, 60000)
	}
	return append(b, 0, 0, 0, 0)
}

// withChunk is a PNG with a chunk of a kind.
func withChunk(kind string) func(t testing.TB) []byte {
	return func(t testing.TB) []byte {
		return imagefiletest.WithChunk(imagefiletest.PNG(t, image.NewGray(image.Rect(0, 0, 4, 4))), imagefiletest.Chunk(kind, make([]byte, 4)))
	}
}

// profileBomb unfolds to 512 MB.
func profileBomb(t testing.TB) []byte {
	return imagefiletest.PNGOf(imagefiletest.IHDR(8, 8, 8, pngRGB), imagefiletest.Chunk("iCCP", append([]byte("x\x00\x00"), imagefiletest.DeflatedZeros(t, 512)...)),
		imagefiletest.Chunk("IDAT", imagefiletest.Deflate(t, make([]byte, 8*25))), imagefiletest.Chunk("IEND", nil))
}

// scanBomb is a progressive JPEG of 49 megapixels with 5,000 nearly empty scans.
func scanBomb(testing.TB) []byte {
	b := []byte{0xff, markerSOI}
	b = append(b, imagefiletest.Segment(markerDQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	b = append(b, imagefiletest.Segment(markerSOF2, []byte{8, 0x1b, 0x58, 0x1b, 0x58, 1, 1, 0x11, 0})...)
	b = append(b, imagefiletest.Segment(markerDHT, []byte{0}, []byte{1}, make([]byte, 15), []byte{0})...)
	for range 5000 {
		b = append(b, imagefiletest.Segment(markerSOS, []byte{1, 1, 0, 0, 0, 0})...)
		b = append(b, 0)
	}
	return append(b, 0xff, markerEOI)
}

func TestInspectRefusesHostileFiles(t *testing.T) {
	const allowed = 8 << 20
	for _, c := range hostileFiles() {
		t.Run(c.name, func(t *testing.T) {
			b := c.file(t)
			var err error
			used := allocated(func() { _, err = Inspect(b) })
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want %v with %q", err, c.want, c.says)
			}
			if used > allowed {
				t.Errorf("inspecting it allocated %d bytes", used)
			}
		})
	}
}

func TestInspectSpendsNothingOnTinyChunks(t *testing.T) {
	empty := imagefiletest.Chunk("IDAT", nil)
	b := bytes.Join([][]byte{pngMagic, imagefiletest.IHDR(8, 8, 8, pngRGB), bytes.Repeat(empty, 2_000_000), imagefiletest.Chunk("IEND", nil)}, nil)
	used := allocated(func() {
		if _, err := Parse(b); err != nil {
			t.Error(err)
		}
	})
	if used > 1<<20 {
		t.Errorf("two million chunks allocated %d bytes", used)
	}
}

// Every cut of a good file is either refused or says the same as the whole.
func TestInspectTakesEveryCut(t *testing.T) {
	jpg, png := imagefiletest.JPEG(t, imagefiletest.Photo(24, 16, 1)), imagefiletest.PNG(t, imagefiletest.Cutout(24, 16, 1))
	for format, whole := range map[Format][]byte{
		JPEG: imagefiletest.WithSegments(jpg, imagefiletest.Segment(markerAPP1, jpegEXIF, imagefiletest.EXIF(6, binary.BigEndian))),
		PNG:  imagefiletest.WithChunk(png, imagefiletest.Chunk("eXIf", imagefiletest.EXIF(6, binary.BigEndian))),
		WebP: sideways(6),
	} {
		t.Run(string(format), func(t *testing.T) {
			want, err := Inspect(whole)
			if err != nil {
				t.Fatal(err)
			}
			for n := range len(whole) {
				if got, err := Inspect(whole[:n]); err == nil && got != want {
					t.Errorf("cut to %d of %d bytes (-want +got):\n%s", n, len(whole), cmp.Diff(want, got))
				}
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range hostileFiles() {
		if b := c.file(f); len(b) < 64<<10 {
			f.Add(b)
		}
	}
	f.Add(imagefiletest.WithSegments(imagefiletest.JPEG(f, imagefiletest.Photo(16, 16, 1)), imagefiletest.Segment(markerAPP1, jpegEXIF, imagefiletest.EXIF(6, binary.BigEndian)), imagefiletest.Segment(markerAPP2, jpegICC, []byte{1, 1}, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))))
	f.Add(imagefiletest.WithChunk(imagefiletest.PNG(f, imagefiletest.Cutout(16, 16, 1)), imagefiletest.Chunk("eXIf", imagefiletest.EXIF(6, binary.BigEndian))))
	f.Add(sideways(6))
	f.Add(embedded(f, WebP, imagefiletest.SolidWebP(16, 16, color.NRGBA{9, 9, 9, 9}), []byte("<x/>"), []byte("profile")))
	for _, h := range []imagefiletest.HEIF{{}, {Alpha: true}, {Grid: true, Turn: 3, Clap: 50}, {AVIF: true, NCLX: []uint16{12, 13, 6}}, {Frames: 2}} {
		f.Add(h.Bytes())
	}
	white := func(int, int) []uint16 { return []uint16{1, 2, 3} }
	f.Add(imagefiletest.TIFF{Width: 9, Height: 7, Bits: 8, Photometric: 2, Samples: 3, Compression: 8, Orientation: 6, Copy: true, Pixel: white}.Bytes())
	f.Add(imagefiletest.TIFF{Width: 9, Height: 7, Bits: 16, Photometric: 2, Samples: 3, Order: binary.BigEndian, Pages: 3, Raw: true, Pixel: white}.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if w, h := uint64(p.Info.Width), uint64(p.Info.Height); w*h == 0 || w*h > MaxPixels {
			t.Fatalf("let %d × %d through", w, h)
		}
		if p.Info.Orientation < 1 || p.Info.Orientation > 8 {
			t.Fatalf("orientation %d", p.Info.Orientation)
		}
		switch p.Info.Format {
		case HEIC, AVIF, TIFF: // a decoder gets them whole
			return
		}
		// The bytes for the decoder must be a file of the same picture, and
		// stripping it once more must leave it as it is.
		stripped := p.Essential()
		again, err := Parse(stripped)
		if err != nil {
			t.Fatalf("stripped: %v", err)
		}
		want := p.Info
		want.Width, want.Height = want.Stored()
		want.Orientation = 1
		want.HasProfile = again.Info.HasProfile // one may be made from what the file says of its colours
		if again.Info != want {
			t.Fatalf("stripped %+v, whole %+v", again.Info, p.Info)
		}
		if !bytes.Equal(again.Essential(), stripped) {
			t.Fatal("stripping twice differs from stripping once")
		}
		const repairs = 32 // an end marker or chunk
		if len(stripped)-len(p.added) > len(b)+repairs {
			t.Fatal("stripping adds bytes")
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	twelve := imagefiletest.JPEG(b, imagefiletest.Photo(4032, 3024, 1))
	b.Run(fmt.Sprintf("12MP_JPEG_%.1fMB", float64(len(twelve))/1e6), func(b *testing.B) {
		for b.Loop() {
			if _, err := Inspect(twelve); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range hostileFiles() {
		switch c.name {
		case "PNG of 65535 × 65535, 1 bit", "PNG of 20000 × 20000 RGBA", "PNG with a profile of 512 MB", "GIF of 5,000 frames",
			"TIFF of 3,600 megapixels", "JPEG with 5,000 scans", "WebP of 16383 × 16383", "SVG", "JPEG that is a ZIP":
			file := c.file(b)
			b.Run("refuse_"+strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Inspect(file); err == nil {
						b.Fatal("let through")
					}
				}
			})
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file of a million chunks with false sums costs no memory for each.
func TestFalseSumsAreBounded(t *testing.T) {
	head := imagefiletest.PNGOf(imagefiletest.IHDR(8, 8, 8, 2))
	bad := imagefiletest.Chunk("IDAT", []byte{1})
	bad[len(bad)-1] ^= 1
	for _, c := range []struct {
		name   string
		chunks int
		want   error
	}{
		{"a few", 3, nil},
		{"as many as are put right", 4096, nil},
		{"more", 4097, ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := slices.Concat(head, bytes.Repeat(bad, c.chunks), imagefiletest.Chunk("IEND", nil))
			p, err := Parse(b)
			if !errors.Is(err, c.want) {
				t.Fatal(err)
			}
			if err == nil && bytes.Contains(p.Essential(), bad) {
				t.Error("a sum is still false")
			}
		})
	}
}
