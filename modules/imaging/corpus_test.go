package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// sample is a file of the corpus. kind names what it tries, so that differences
// can be allowed by kind.
type sample struct {
	kind, name string
	file       []byte
	whole      []byte // the picture before it was damaged, where the damage may cost nothing
}

// corpus makes the files that OPAL's decoder and sharp are held against each
// other with: every format, layout, orientation and way to state colours, whole
// and damaged. It is the same each time.
func corpus(t testing.TB) (all []sample) {
	add := func(kind, name string, file []byte) {
		all = append(all, sample{kind: kind, name: fmt.Sprintf("%s, %s", kind, name), file: file})
	}
	p3 := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	greyGamma := imagefiletest.GammaProfile("GRAY", [3][3]float64{}, 1.8)
	app1 := func(b []byte) []byte {
		return imagefiletest.Segment(imagefiletest.APP1, []byte(imagefiletest.JPEGEXIF), b)
	}
	icc := func(b []byte) []byte {
		return imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, b)
	}
	goJPEG := func(img image.Image, quality int) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	grey := func(w, h int) *image.Gray {
		src, img := imagefiletest.Photo(w, h, 2), image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = src.Pix[4*i+1]
		}
		return img
	}
	inks := func(bx, by int) [4]uint8 {
		return [4]uint8{uint8(bx * 20), uint8(by * 30), uint8(255 - bx*20), uint8(bx * by)}
	}
	blocks := func(bx, by int) color.NRGBA {
		return color.NRGBA{uint8(bx * 20), uint8(by * 30), uint8(255 - bx*20), 255}
	}

	// JPEG: layouts by orientation, byte order and profile.
	jpegs := map[string][]byte{
		"4:2:0":       goJPEG(imagefiletest.Photo(96, 64, 1), 90),
		"4:4:4":       encode(t, imagefiletest.Photo(96, 64, 1), EncodeOptions{Format: JPEG, Quality: 95}),
		"grey":        goJPEG(grey(96, 64), 90),
		"CMYK":        imagefiletest.CMYKJPEG(96, 64, inks),
		"progressive": imagefiletest.ProgressiveJPEG(96, 64, blocks),
		"restarts":    imagefiletest.RestartJPEG(96, 64, 5, blocks),
	}
	for _, layout := range sorted(jpegs) {
		kind := "JPEG"
		if layout == "CMYK" {
			kind = "CMYK JPEG"
		}
		for o := uint16(1); o <= 8; o++ {
			add(kind, fmt.Sprintf("%s, orientation %d", layout, o), imagefiletest.WithSegments(jpegs[layout], app1(imagefiletest.EXIF(o, binary.BigEndian))))
			add(kind, fmt.Sprintf("%s, orientation %d, little endian", layout, o), imagefiletest.WithSegments(jpegs[layout], app1(imagefiletest.EXIF(o, binary.LittleEndian))))
		}
		add(kind, layout+", Display P3", imagefiletest.WithSegments(jpegs[layout], icc(p3)))
		add(kind, layout+", a grey profile", imagefiletest.WithSegments(jpegs[layout], icc(greyGamma)))
		add(kind, layout+", a profile that is none", imagefiletest.WithSegments(jpegs[layout], icc([]byte("hello"))))
		add(kind, layout+", a clip behind it", append(slices.Clone(jpegs[layout]), "\x00\x00\x00\x18ftypmp42"...))
		for _, q := range []int{30, 70, 100} {
			if layout == "4:2:0" {
				add("JPEG", fmt.Sprintf("quality %d", q), goJPEG(imagefiletest.Photo(120, 90, 3), q))
			}
		}
	}
	sizes := []image.Point{{1, 1}, {2, 1}, {7, 5}, {8, 8}, {9, 17}, {255, 3}, {300, 200}}
	for _, s := range sizes {
		photo, cut := imagefiletest.Photo(s.X, s.Y, 4), imagefiletest.Cutout(s.X, s.Y, 4)
		size := fmt.Sprintf("%d × %d", s.X, s.Y)
		add("JPEG", size, goJPEG(photo, 92))
		add("JPEG", "grey, "+size, goJPEG(grey(s.X, s.Y), 92))
		add("PNG", size, imagefiletest.PNG(t, photo))
		add("PNG", "alpha, "+size, imagefiletest.PNG(t, cut))
		for _, lossless := range []bool{false, true} {
			add("WebP", fmt.Sprintf("lossless %v, %s", lossless, size), encode(t, photo, EncodeOptions{Format: WebP, Lossless: lossless}))
			add("WebP", fmt.Sprintf("lossless %v, alpha, %s", lossless, size), encode(t, cut, EncodeOptions{Format: WebP, Lossless: lossless}))
		}
		add("AVIF", size, encode(t, photo, EncodeOptions{Format: AVIF}))
		add("AVIF", "alpha, "+size, encode(t, cut, EncodeOptions{Format: AVIF}))
	}

	// PNG: colour types and depths.
	pngs := map[string][]byte{}
	for name, img := range pngPictures() {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		pngs[name] = b.Bytes()
	}
	for _, name := range sorted(pngs) {
		b := pngs[name]
		add("PNG", name, b)
		kind := "PNG"
		if strings.HasPrefix(name, "16-bit") {
			kind = "deep picture with a profile"
		}
		add(kind, name+", Display P3", imagefiletest.WithChunk(b, imagefiletest.Chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, p3)...))))
		add(kind, name+", a grey profile", imagefiletest.WithChunk(b, imagefiletest.Chunk("iCCP", append([]byte("g\x00\x00"), imagefiletest.Deflate(t, greyGamma)...))))
		add("PNG", name+", sRGB", imagefiletest.WithChunk(b, imagefiletest.Chunk("sRGB", []byte{0})))
		add("PNG that states its colours otherwise", name, imagefiletest.WithChunk(b, imagefiletest.Chunk("gAMA", bigEndian(100_000))))
		for _, o := range []uint16{3, 6, 8} {
			add("PNG", fmt.Sprintf("%s, orientation %d", name, o), imagefiletest.WithChunk(b, imagefiletest.Chunk("eXIf", imagefiletest.EXIF(o, binary.BigEndian))))
		}
	}
	for o := uint16(1); o <= 8; o++ {
		photo := imagefiletest.Photo(40, 24, 5)
		add("WebP", fmt.Sprintf("orientation %d", o), imagefiletest.ExtendedWebP(encode(t, photo, EncodeOptions{Format: WebP}), 40, 24, imagefiletest.EXIF(o, binary.LittleEndian)))
		withProfile, err := imagefile.Embed(WebP, encode(t, photo, EncodeOptions{Format: WebP, Lossless: true}), nil, p3, false)
		if err != nil {
			t.Fatal(err)
		}
		if o == 1 {
			add("WebP", "Display P3", withProfile)
		}
		add("HEIC", fmt.Sprintf("turned %d, alpha %v", o%4, o > 4), imagefiletest.HEIF{Turn: byte(o % 4), Alpha: o > 4}.Bytes())
		add("AVIF", fmt.Sprintf("turned %d", o%4), imagefiletest.HEIF{AVIF: true, Turn: byte(o % 4), ICC: p3}.Bytes())
	}

	// TIFF: layouts by packing, order and orientation.
	for _, bits := range []int{8, 16} {
		for name, layout := range map[string]imagefiletest.TIFF{
			"RGB":         {Photometric: 2, Samples: 3},
			"RGB, alpha":  {Photometric: 2, Samples: 4, Extra: 2},
			"grey":        {Photometric: 1, Samples: 1},
			"white is 0":  {Photometric: 0, Samples: 1},
			"CMYK":        {Photometric: 5, Samples: 4},
			"RGB with P3": {Photometric: 2, Samples: 3, ICC: p3},
		} {
			kind := "TIFF"
			switch {
			case name == "CMYK":
				kind = "CMYK TIFF"
			case bits == 16 && layout.ICC != nil:
				kind = "deep picture with a profile"
			}
			for _, compression := range []uint16{1, 5, 8} {
				for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
					f := layout
					f.Width, f.Height, f.Bits, f.Compression, f.Order, f.Rows = 40, 24, bits, compression, order, 10
					f.Orientation = uint16(1 + (int(compression)+bits)%8)
					f.Pixel = func(x, y int) []uint16 {
						v := []uint16{uint16(x * 1600), uint16(y * 2700), uint16(65535 - x*1600), uint16(40000 - y*900)}
						return v[:f.Samples]
					}
					add(kind, fmt.Sprintf("%s, %d bits, compression %d, %v, orientation %d", name, bits, compression, order, f.Orientation), f.Bytes())
				}
			}
		}
	}

	// Oddities and damages.
	bases := []struct {
		kind, name string
		file       []byte
	}{
		{"JPEG", "4:2:0", goJPEG(imagefiletest.Photo(160, 120, 6), 90)},
		{"JPEG", "4:4:4", encode(t, imagefiletest.Photo(160, 120, 6), EncodeOptions{Format: JPEG, Quality: 95})},
		{"JPEG", "grey", goJPEG(grey(160, 120), 90)},
		{"JPEG", "large", goJPEG(imagefiletest.Photo(640, 480, 9), 80)},
		{"JPEG", "progressive", imagefiletest.ProgressiveJPEG(160, 120, blocks)},
		{"JPEG", "restarts", imagefiletest.RestartJPEG(160, 120, 7, blocks)},
		{"PNG", "RGB", imagefiletest.PNG(t, imagefiletest.Photo(160, 120, 6))},
		{"PNG", "RGBA", imagefiletest.PNG(t, imagefiletest.Cutout(160, 120, 6))},
		{"WebP", "lossy", encode(t, imagefiletest.Photo(160, 120, 6), EncodeOptions{Format: WebP})},
		{"WebP", "lossless", encode(t, imagefiletest.Cutout(160, 120, 6), EncodeOptions{Format: WebP, Lossless: true})},
		{"AVIF", "", encode(t, imagefiletest.Photo(160, 120, 6), EncodeOptions{Format: AVIF})},
		{"TIFF", "Deflate", imagefiletest.TIFF{Width: 160, Height: 120, Bits: 8, Photometric: 2, Samples: 3, Compression: 8, Rows: 30,
			Pixel: func(x, y int) []uint16 { return []uint16{uint16(x * 400), uint16(y * 500), uint16((x ^ y) * 300)} }}.Bytes()},
	}
	for _, b := range bases {
		for _, of := range []int{5, 25, 50, 75, 90, 97} {
			add("cut "+b.kind, fmt.Sprintf("%s at %d %%", b.name, of), b.file[:len(b.file)*of/100])
			if b.kind == "JPEG" {
				kind := "cut JPEG"
				if of == 97 {
					kind = "JPEG cut in its last rows"
				}
				add(kind, fmt.Sprintf("%s at %d %%, closed", b.name, of), append(slices.Clone(b.file[:len(b.file)*of/100]), 0xff, imagefiletest.EOI))
			}
		}
		for _, n := range []int{1, 2, 3, 6, 12, 13, 40} {
			kind := "end of " + b.kind
			if b.kind == "JPEG" && n <= 2 {
				kind = "JPEG without its end marker"
			}
			add(kind, fmt.Sprintf("%s, %d bytes lost", b.name, n), b.file[:len(b.file)-n])
		}
		r := rand.New(rand.NewPCG(7, uint64(len(b.file))))
		for i := range 6 {
			spoiled := slices.Clone(b.file)
			at := len(spoiled)/4 + r.IntN(len(spoiled)/2)
			spoiled[at] ^= 1 << r.IntN(8)
			add("spoiled "+b.kind, fmt.Sprintf("%s, bit %d", b.name, i), spoiled)
			all[len(all)-1].whole = b.file
		}
		if b.kind == "PNG" {
			add("PNG with a false sum", b.name+", over its first pixels", falseSum(b.file, "IDAT"))
			add("PNG with a false sum", b.name+", over its end", falseSum(b.file, "IEND"))
			add("PNG with a spoiled pixel and the right sum", b.name, spoiledPixel(b.file, true))
		}
	}
	return all
}

func sorted(m map[string][]byte) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pngPictures has a picture for each colour type and depth that Go's encoder
// writes.
func pngPictures() map[string]image.Image {
	r := image.Rect(0, 0, 40, 24)
	out := map[string]image.Image{}
	grey, grey16, rgb, rgba := image.NewGray(r), image.NewGray16(r), image.NewNRGBA(r), image.NewNRGBA(r)
	rgb48, rgba64 := image.NewNRGBA64(r), image.NewNRGBA64(r)
	for y := range r.Dy() {
		for x := range r.Dx() {
			v := uint8(x*5 + y)
			grey.SetGray(x, y, color.Gray{v})
			grey16.SetGray16(x, y, color.Gray16{uint16(v)*257 ^ 0x33})
			rgb.SetNRGBA(x, y, color.NRGBA{v, uint8(y * 10), uint8(255 - x*6), 255})
			rgba.SetNRGBA(x, y, color.NRGBA{v, uint8(y * 10), uint8(255 - x*6), uint8(x * 6)})
			rgb48.SetNRGBA64(x, y, color.NRGBA64{uint16(v) * 257, uint16(y * 2500), uint16(65535 - x*1600), 65535})
			rgba64.SetNRGBA64(x, y, color.NRGBA64{uint16(v) * 257, uint16(y * 2500), uint16(65535 - x*1600), uint16(x * 1600)})
		}
	}
	out["grey"], out["16-bit grey"], out["RGB"], out["RGBA"], out["16-bit RGB"], out["16-bit RGBA"] = grey, grey16, rgb, rgba, rgb48, rgba64
	for _, n := range []int{2, 4, 16, 256} {
		var opaque, clear color.Palette
		for i := range n {
			c := color.NRGBA{uint8(i * 255 / (n - 1)), uint8(i * 91), uint8(255 - i*37), 255}
			opaque = append(opaque, c)
			c.A = uint8(255 - i*200/n)
			clear = append(clear, c)
		}
		a, b := image.NewPaletted(r, opaque), image.NewPaletted(r, clear)
		for i := range a.Pix {
			a.Pix[i], b.Pix[i] = uint8(i%n), uint8(i%n)
		}
		out[fmt.Sprintf("palette of %d", n)], out[fmt.Sprintf("transparent palette of %d", n)] = a, b
	}
	return out
}
