package imaging

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

func newDecoder(t testing.TB, o DecoderOptions) *Decoder {
	t.Helper()
	d := NewDecoder(o)
	t.Cleanup(func() { closeDecoder(t, d) })
	return d
}

func decode(t testing.TB, d *Decoder, b []byte) *image.NRGBA {
	t.Helper()
	img, info, err := d.Decode(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if img.Rect != image.Rect(0, 0, info.Width, info.Height) {
		t.Fatalf("%v, and Info says %d × %d", img.Rect, info.Width, info.Height)
	}
	return img
}

// near fails unless the pixel is the wanted one but for tolerance a channel.
func near(t testing.TB, img *image.NRGBA, x, y int, want color.NRGBA, tolerance int) {
	t.Helper()
	got := img.NRGBAAt(x, y)
	for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
		if abs(d) > tolerance {
			t.Errorf("pixel (%d,%d) is %v, want %v ± %d", x, y, got, want, tolerance)
			return
		}
	}
}

func TestDecodeTurnsUpright(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	const w, h = 48, 32
	upright := imagefiletest.Quadrants(w, h)
	// stored[o] is upright as a camera held in orientation o stores it: at(x,y)
	// says where in upright the stored pixel (x,y) comes from.
	for o := uint16(1); o <= 8; o++ {
		sw, sh := w, h
		if o >= 5 {
			sw, sh = h, w
		}
		stored := image.NewNRGBA(image.Rect(0, 0, sw, sh))
		for y := range sh {
			for x := range sw {
				ux, uy := x, y
				switch o {
				case 2:
					ux = w - 1 - x
				case 3:
					ux, uy = w-1-x, h-1-y
				case 4:
					uy = h - 1 - y
				case 5:
					ux, uy = y, x
				case 6:
					ux, uy = w-1-y, x
				case 7:
					ux, uy = w-1-y, h-1-x
				case 8:
					ux, uy = y, h-1-x
				}
				imagefiletest.Set(stored, x, y, upright.NRGBAAt(ux, uy))
			}
		}
		for name, file := range map[string][]byte{
			"jpeg": imagefiletest.WithSegments(imagefiletest.JPEG(t, stored), imagefiletest.Segment(imagefiletest.APP1, []byte(imagefiletest.JPEGEXIF), imagefiletest.EXIF(o, binary.BigEndian))),
			"png":  imagefiletest.WithChunk(imagefiletest.PNG(t, stored), imagefiletest.Chunk("eXIf", imagefiletest.EXIF(o, binary.LittleEndian))),
			"webp": imagefiletest.ExtendedWebP(encode(t, stored, EncodeOptions{Format: WebP}), sw, sh, imagefiletest.EXIF(o, binary.LittleEndian)),
		} {
			t.Run(fmt.Sprintf("%s orientation %d", name, o), func(t *testing.T) {
				img := decode(t, d, file)
				if img.Rect != upright.Rect {
					t.Errorf("%v", img.Rect)
					return
				}
				for i, at := range [][2]int{{w / 4, h / 4}, {w * 3 / 4, h / 4}, {w / 4, h * 3 / 4}, {w * 3 / 4, h * 3 / 4}} {
					near(t, img, at[0], at[1], imagefiletest.QuadrantColours[i], 8)
				}
			})
		}
	}
}

// A large picture is read in several bands, each turned by itself.
func TestDecodeTurnsLargePictures(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	stored := imagefiletest.Photo(1501, 1103, 3)
	upright := decode(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, stored), imagefiletest.Chunk("eXIf", imagefiletest.EXIF(6, binary.BigEndian))))
	for y := range 1501 {
		for x := range 1103 {
			if upright.NRGBAAt(x, y) != stored.NRGBAAt(y, 1102-x) {
				t.Fatalf("pixel (%d,%d)", x, y)
			}
		}
	}
}

func TestDecodeConvertsColour(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	const gamma = 2.2
	p3 := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, gamma)
	inICC := func(jpg, profile []byte) []byte {
		return imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, profile))
	}
	for _, c := range []color.NRGBA{{200, 100, 50, 255}, {60, 150, 90, 255}, {128, 128, 128, 255}, {255, 255, 255, 255}, {240, 60, 60, 255}, {20, 20, 40, 255}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			flat := image.NewNRGBA(image.Rect(0, 0, 32, 32))
			for i := range 32 * 32 {
				imagefiletest.Set(flat, i%32, i/32, c)
			}
			rgb := imagefiletest.P3ToSRGB([3]float64{float64(c.R), float64(c.G), float64(c.B)}, gamma)
			want := color.NRGBA{uint8(rgb[0] + 0.5), uint8(rgb[1] + 0.5), uint8(rgb[2] + 0.5), 255}
			png := imagefiletest.PNG(t, flat)
			iccp := imagefiletest.Chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, p3)...))
			near(t, decode(t, d, imagefiletest.WithChunk(png, iccp)), 16, 16, want, 2)
			near(t, decode(t, d, inICC(imagefiletest.JPEG(t, flat), p3)), 16, 16, want, 5)
			near(t, decode(t, d, png), 16, 16, c, 0)
			// A profile that makes no sense, or is for other pixels, costs nothing.
			near(t, decode(t, d, inICC(imagefiletest.JPEG(t, flat), []byte("no profile"))), 16, 16, c, 4)
			near(t, decode(t, d, inICC(imagefiletest.JPEG(t, flat), imagefiletest.GammaProfile("GRAY", [3][3]float64{}, gamma))), 16, 16, c, 4)
		})
	}
	// A profile keeps transparency, at 8 bits and at 16.
	clear, deep := image.NewNRGBA(image.Rect(0, 0, 8, 8)), image.NewNRGBA64(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		imagefiletest.Set(clear, i%8, i/8, color.NRGBA{200, 100, 50, 90})
		deep.SetNRGBA64(i%8, i/8, color.NRGBA64{200 * 257, 100 * 257, 50 * 257, 90 * 257})
	}
	rgb := imagefiletest.P3ToSRGB([3]float64{200, 100, 50}, gamma)
	want := color.NRGBA{uint8(rgb[0] + 0.5), uint8(rgb[1] + 0.5), uint8(rgb[2] + 0.5), 90}
	for _, img := range []image.Image{clear, deep} {
		t.Run(fmt.Sprintf("%T", img), func(t *testing.T) {
			near(t, decode(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, img), imagefiletest.Chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, p3)...)))), 4, 4, want, 2)
		})
	}
}

func TestDecodeGreyAndDeepPictures(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	grey, grey16, deep := image.NewGray(image.Rect(0, 0, 16, 16)), image.NewGray16(image.Rect(0, 0, 16, 16)), image.NewNRGBA64(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		x, y := i%16, i/16
		grey.SetGray(x, y, color.Gray{uint8(i)})
		grey16.SetGray16(x, y, color.Gray16{uint16(i*257 ^ 0x33)})
		deep.SetNRGBA64(x, y, color.NRGBA64{uint16(i * 257), uint16(255-i) * 257, 0x7fff, uint16(i)*257&0xff00 | 0x80})
	}
	fromPNG, fromJPEG := decode(t, d, imagefiletest.PNG(t, grey)), decode(t, d, imagefiletest.JPEG(t, grey))
	png16, pngDeep := decode(t, d, imagefiletest.PNG(t, grey16)), decode(t, d, imagefiletest.PNG(t, deep))
	for i := range 256 {
		x, y, v := i%16, i/16, uint8(i)
		near(t, fromPNG, x, y, color.NRGBA{v, v, v, 255}, 0)
		near(t, fromJPEG, x, y, color.NRGBA{v, v, v, 255}, 8)
		near(t, png16, x, y, color.NRGBA{v, v, v, 255}, 1)
		near(t, pngDeep, x, y, color.NRGBA{v, 255 - v, 0x7f, v}, 1)
	}
	// A grey profile with a gamma of 1 brightens the middle: 0.5 linear is 188.
	flat := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range flat.Pix {
		flat.Pix[i] = 128
	}
	linear := imagefiletest.WithSegments(imagefiletest.JPEG(t, flat), imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, imagefiletest.GammaProfile("GRAY", [3][3]float64{}, 1)))
	near(t, decode(t, d, linear), 8, 8, color.NRGBA{188, 188, 188, 255}, 3)

	palette := image.NewPaletted(image.Rect(0, 0, 3, 1), color.Palette{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 128}, color.NRGBA{}})
	copy(palette.Pix, []uint8{0, 1, 2})
	img := decode(t, d, imagefiletest.PNG(t, palette))
	near(t, img, 0, 0, color.NRGBA{255, 0, 0, 255}, 0)
	near(t, img, 1, 0, color.NRGBA{0, 255, 0, 128}, 0)
	if img.NRGBAAt(2, 0).A != 0 {
		t.Error("the clear colour is not clear")
	}
}

func TestDecodeCMYK(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	inks := [][4]uint8{{0, 0, 0, 0}, {0, 0, 0, 255}, {255, 0, 0, 0}, {0, 255, 0, 0}, {0, 0, 255, 0}, {0, 255, 255, 0}}
	img := decode(t, d, imagefiletest.CMYKJPEG(48, 16, func(bx, _ int) [4]uint8 { return inks[bx] }))
	// The inks on paper: white, black, cyan, magenta, yellow, red.
	for i, ok := range []func(c color.NRGBA) bool{
		func(c color.NRGBA) bool { return c.R > 245 && c.G > 245 && c.B > 245 },
		func(c color.NRGBA) bool { return c.R < 60 && c.G < 60 && c.B < 60 },
		func(c color.NRGBA) bool { return c.R < 60 && c.G > 130 && c.B > 200 },
		func(c color.NRGBA) bool { return c.R > 200 && c.G < 60 && c.B > 100 },
		func(c color.NRGBA) bool { return c.R > 240 && c.G > 220 && c.B < 90 },
		func(c color.NRGBA) bool { return c.R > 200 && c.G < 70 && c.B < 70 },
	} {
		t.Run(fmt.Sprint(inks[i]), func(t *testing.T) {
			if c := img.NRGBAAt(8*i+4, 8); !ok(c) || c.A != 255 {
				t.Errorf("became %v", c)
			}
		})
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	jpg, png := imagefiletest.JPEG(t, imagefiletest.Photo(320, 240, 1)), imagefiletest.PNG(t, imagefiletest.Photo(320, 240, 1))
	truncated := append(bytes.Clone(jpg[:len(jpg)/2]), 0xff, imagefiletest.EOI)
	sum := bytes.Clone(png)
	sum[len(sum)/2] ^= 0xff
	webp := encode(t, imagefiletest.Photo(320, 240, 1), EncodeOptions{Format: WebP, Lossless: true})
	noise := bytes.Clone(webp)
	for i := 200; i < len(noise); i++ {
		noise[i] = byte(i * i >> 3)
	}
	for name, b := range map[string][]byte{"truncated JPEG": truncated, "PNG with a broken stream": sum, "WebP full of noise": noise} {
		t.Run(name, func(t *testing.T) {
			img, _, err := d.Decode(t.Context(), b)
			if !errors.Is(err, ErrCorrupt) || img != nil {
				t.Error(err)
			}
			for _, word := range []string{"libvips", "Vips", "pngload", "jpegload", "opal:", "filter", "Huffman"} { // a library's own
				if strings.Contains(err.Error(), word) {
					t.Errorf("%s: the text holds %q", err, word)
				}
			}
			if name == "truncated JPEG" && !strings.Contains(err.Error(), "the file ends early") {
				t.Error(err)
			}
		})
	}
	// A harmless oddity of which libjpeg warns is let through.
	odd := bytes.Clone(jpg)
	odd = bytes.Join([][]byte{odd[:len(odd)-2], {0xff, 0xd5, 1, 2, 3}, odd[len(odd)-2:]}, nil)
	if img, _, err := d.Decode(t.Context(), odd); err != nil || img.Rect.Dx() != 320 {
		t.Errorf("bytes before the end marker: %v", err)
	}
	// The inspection's refusals come through.
	if _, _, err := d.Decode(t.Context(), []byte("GIF89a")); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
}

// libjpeg tells of its first warning alone: a harmless one must not hide that rows
// are lost after it.
func TestDecodeRefusesLostRowsBehindAHarmlessWarning(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	jpg := imagefiletest.JPEG(t, imagefiletest.Photo(320, 240, 1))
	sos := bytes.Index(jpg, []byte{0xff, 0xda})
	odd := bytes.Clone(jpg)
	odd[sos+2+int(binary.BigEndian.Uint16(odd[sos+2:]))-2] = 0 // the last coefficient, as some cameras state it: 0 instead of 63
	img, _, err := d.Decode(t.Context(), odd)
	if err != nil {
		t.Fatalf("a whole picture: %v", err)
	}
	want, _, err := d.Decode(t.Context(), jpg)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(img.Pix, want.Pix) {
		t.Error("the pixels differ from those of a picture that states 63")
	}
	stray := bytes.Join([][]byte{odd[:len(odd)-2], {1, 2, 3}, {0xff, imagefiletest.EOI}}, nil)
	if img, _, err := d.Decode(t.Context(), stray); err != nil || !bytes.Equal(img.Pix, want.Pix) {
		t.Errorf("a whole picture with bytes before its end: %v", err)
	}
	for _, lost := range []int{3, 20, 200, len(jpg) / 2} {
		t.Run(fmt.Sprintf("%d bytes lost", lost), func(t *testing.T) {
			cut := append(bytes.Clone(odd[:len(odd)-2-lost]), 0xff, imagefiletest.EOI)
			if _, _, err := d.Decode(t.Context(), cut); !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A picture whose stream unfolds to far more than its header says.
func TestDecodeIgnoresWhatTheHeaderDoesNotSay(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	b := imagefiletest.PNGOf(imagefiletest.IHDR(4, 4, 8, 2), imagefiletest.Chunk("IDAT", imagefiletest.DeflatedZeros(t, 256)), imagefiletest.Chunk("IEND", nil))
	img, _, err := d.Decode(t.Context(), b)
	if err == nil {
		near(t, img, 0, 0, color.NRGBA{0, 0, 0, 255}, 0)
	} else if !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

func TestDecoderSurvivesCrashes(t *testing.T) {
	jpg := imagefiletest.JPEG(t, imagefiletest.Photo(64, 48, 1))
	for _, c := range []struct {
		mode    string
		timeout time.Duration
		deaths  int
		says    string
	}{
		{"crash", 0, 2, "invalid pointer"},
		{"fail", 0, 2, "fail"},
		{"hang", 500 * time.Millisecond, 1, "500ms"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			d := newDecoder(t, DecoderOptions{Command: badCommand(t, c.mode), Timeout: c.timeout})
			_, _, err := d.Decode(t.Context(), jpg)
			if !errors.Is(err, ErrDecoderDied) || Deaths(err) != c.deaths || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%d deaths: %v", Deaths(err), err)
			}
		})
	}
}

// A machine that can't start children says so, and the picture is not blamed.
func TestDecoderWithoutChildren(t *testing.T) {
	jpg := imagefiletest.JPEG(t, imagefiletest.Photo(8, 8, 1))
	d := newDecoder(t, DecoderOptions{Command: []string{filepath.Join(t.TempDir(), "missing")}})
	if _, _, err := d.Decode(t.Context(), jpg); !errors.Is(err, ErrNoChild) || Deaths(err) != 0 || !strings.Contains(err.Error(), "missing") {
		t.Error(err)
	}
	closed := NewDecoder(DecoderOptions{})
	closed.Warm()
	closeDecoder(t, closed)
	closeDecoder(t, closed)
	if _, _, err := closed.Decode(t.Context(), jpg); !errors.Is(err, ErrNoChild) {
		t.Error(err)
	}
}

// Memory that runs out costs the picture, and it is not called damaged.
func TestDecodeWithinMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux limits a process's memory")
	}
	big := encode(t, imagefiletest.Quadrants(2000, 1500), EncodeOptions{Format: WebP, Lossless: true, Effort: 1})
	for _, megabytes := range []int64{1, 20, 30} {
		t.Run(fmt.Sprintf("%d MB", megabytes), func(t *testing.T) {
			d := newDecoder(t, DecoderOptions{MemoryLimit: megabytes << 20})
			if img, _, err := d.Decode(t.Context(), big); !errors.Is(err, ErrDecoderDied) || img != nil {
				t.Errorf("3 megapixels: %v", err)
			}
		})
	}
	decode(t, newDecoder(t, DecoderOptions{}), big)
}

// The largest pictures taken fit into the default limits: also one that libvips
// holds whole, for which it would like a file from 100 MB on.
func TestDecodeTheLargest(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	const w, h = 10_000, 5_000
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	got := decode(t, d, encode(t, img, EncodeOptions{Format: WebP, Lossless: true, Effort: 1}))
	near(t, got, w-1, h-1, color.NRGBA{200, 200, 200, 200}, 0)
}

// Several pictures at the same time, some given up.
func TestDecodesSideBySide(t *testing.T) {
	d := NewDecoder(DecoderOptions{Concurrency: 3})
	good, bad := imagefiletest.JPEG(t, imagefiletest.Photo(200, 150, 1)), append(imagefiletest.JPEG(t, imagefiletest.Photo(200, 150, 1))[:2000], 0xff, imagefiletest.EOI)
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b, want := good, error(nil)
			switch i % 4 {
			case 1:
				b, want = bad, ErrCorrupt
			case 2:
				cancel()
				want = context.Canceled
			}
			if _, _, err := d.Decode(ctx, b); !errors.Is(err, want) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	closeDecoder(t, d)
}

func TestLibraryVersion(t *testing.T) {
	var major, minor, patch int
	if n, err := fmt.Sscanf(LibraryVersion(), "%d.%d.%d", &major, &minor, &patch); n != 3 || err != nil || major != 8 || minor < 14 {
		t.Errorf("libvips %q", LibraryVersion())
	}
}

// Every limit grows with the picture and stops at the decoder's own.
func TestRequestLimits(t *testing.T) {
	d := NewDecoder(DecoderOptions{})
	small := d.job(imagefile.Parsed{Info: Info{Format: JPEG, Width: 10, Height: 10, Orientation: 1}}, nil)
	large := d.job(imagefile.Parsed{Info: Info{Format: JPEG, Width: 5000, Height: 10000, Orientation: 6}}, nil)
	if want := (params{Format: uint32(formatCode(JPEG)), Width: 10000, Height: 5000}).bytes(); !bytes.Equal(large.Params, want) {
		t.Errorf("parameters %x; want %x", large.Params, want)
	}
	if small.Memory >= large.Memory || large.Memory > defaultMemoryLimit || small.CPU >= large.CPU || large.CPU > defaultTimeout {
		t.Errorf("%+v, %+v", small, large)
	}
}

// readBeside is what the tests' child makes of the parts beside the pixels.
func readBeside(beside []byte) []byte {
	switch string(beside) {
	case "panic":
		panic("a crafted packet")
	case "long":
		return make([]byte, maxAnswer+1)
	}
	return append([]byte("read "), beside...)
}

// What lies beside the pixels is read in the child, and costs no picture.
func TestWhatLiesBesideIsReadInTheChild(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	b := imagefiletest.PNG(t, card())
	for _, c := range []struct{ name, beside, answer string }{
		{"nothing", "", ""}, {"a packet", "a packet", "read a packet"}, {"a panic", "panic", ""}, {"an answer beyond bounds", "long", ""},
		{"more than is handed over", strings.Repeat("x", maxBeside+1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			img, info, answer, err := d.DecodeWith(t.Context(), b, []byte(c.beside))
			if err != nil || info.Width != cardWidth {
				t.Fatal(info, err)
			}
			near(t, img, 4, 4, cardColours[0], 0)
			if string(answer) != c.answer {
				t.Errorf("%q, want %q", answer, c.answer)
			}
		})
	}
}

// mutable are good files whose pixels FuzzDecode spoils.
func mutable(t testing.TB) [][]byte {
	icc := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	return [][]byte{
		imagefiletest.JPEG(t, imagefiletest.Photo(40, 30, 1)),
		imagefiletest.WithSegments(imagefiletest.JPEG(t, imagefiletest.Photo(40, 30, 1)), imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, icc)),
		imagefiletest.CMYKJPEG(16, 16, func(int, int) [4]uint8 { return [4]uint8{9, 99, 199, 0} }),
		imagefiletest.PNG(t, imagefiletest.Cutout(40, 30, 1)),
		imagefiletest.WithChunk(imagefiletest.PNG(t, imagefiletest.Photo(8, 8, 1)), imagefiletest.Chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, icc)...))),
		encode(t, imagefiletest.Cutout(40, 30, 1), EncodeOptions{Format: WebP, ICC: true}),
		encode(t, imagefiletest.Photo(40, 30, 1), EncodeOptions{Format: WebP, Lossless: true}),
		imagefiletest.HEIF{Alpha: true}.Bytes(),
		imagefiletest.HEIF{Grid: true}.Bytes(),
		imagefiletest.HEIF{AVIF: true}.Bytes(),
		imagefiletest.TIFF{Width: 40, Height: 30, Bits: 8, Photometric: 5, Samples: 4, Compression: 5, Rows: 9,
			Pixel: func(x, y int) []uint16 { return []uint16{uint16(x * 999), uint16(y * 999), 0, 0} }}.Bytes(),
		imagefiletest.TIFF{Width: 40, Height: 30, Bits: 16, Photometric: 2, Samples: 3, Compression: 8,
			Pixel: func(x, y int) []uint16 { return []uint16{uint16(x * 999), uint16(y * 999), 0} }}.Bytes(),
	}
}

// Bytes that pass the inspection must decode or return an error, never crash. The
// fuzzer can't see into libvips, so it doesn't grow files: it chooses where a good
// one is damaged.
func FuzzDecode(f *testing.F) {
	files := mutable(f)
	for i := range files {
		f.Add(uint8(i), uint64(i), uint8(1), false)
		f.Add(uint8(i), uint64(i+100), uint8(20), true)
	}
	d := NewDecoder(DecoderOptions{Timeout: 10 * time.Second})
	f.Cleanup(func() { closeDecoder(f, d) })
	f.Fuzz(func(t *testing.T, file uint8, seed uint64, spoiled uint8, bits bool) {
		b := bytes.Clone(files[int(file)%len(files)])
		r := rand.New(rand.NewPCG(seed, 0))
		for range spoiled {
			if i := r.IntN(len(b)); bits {
				b[i] ^= 1 << r.IntN(8)
			} else {
				b[i] = byte(r.Uint32())
			}
		}
		mendSums(b)
		img, info, err := d.Decode(t.Context(), b)
		if err == nil && img.Rect != image.Rect(0, 0, info.Width, info.Height) {
			t.Fatalf("%v for %+v", img.Rect, info)
		}
		if errors.Is(err, ErrDecoderDied) || errors.Is(err, ErrNoChild) {
			t.Fatal(err)
		}
	})
}

// mendSums makes the sums of a PNG's chunks right again, so that what is spoiled
// gets past them.
func mendSums(b []byte) {
	if !bytes.HasPrefix(b, []byte("\x89PNG")) {
		return
	}
	for at := 8; at+12 <= len(b); {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if n > len(b)-at-12 {
			return
		}
		binary.BigEndian.PutUint32(b[at+8+n:], crc32.ChecksumIEEE(b[at+4:at+8+n]))
		at += 12 + n
	}
}
