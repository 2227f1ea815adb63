package imaging

import (
	"encoding/binary"
	"fmt"
	"image"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

var benchSizes = []struct {
	name string
	w, h int
}{{"2MP", 1632, 1224}, {"12MP", 4032, 3024}}

// The cost of one photo from its bytes to pixels, the child's work included.
func BenchmarkDecode(b *testing.B) {
	d := NewDecoder(DecoderOptions{})
	defer closeDecoder(b, d)
	for _, size := range benchSizes {
		jpg := imagefiletest.JPEG(b, imagefiletest.Photo(size.w, size.h, 1))
		for _, o := range []uint16{1, 6} {
			turned := imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.APP1, []byte(imagefiletest.JPEGEXIF), imagefiletest.EXIF(o, binary.BigEndian)))
			b.Run(fmt.Sprintf("%s/orientation%d", size.name, o), func(b *testing.B) {
				for b.Loop() {
					if _, _, err := d.Decode(b.Context(), turned); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// The same with a child that is not started yet.
func BenchmarkDecodeColdStart(b *testing.B) {
	jpg := imagefiletest.JPEG(b, imagefiletest.Photo(64, 64, 1))
	for b.Loop() {
		d := NewDecoder(DecoderOptions{})
		if _, _, err := d.Decode(b.Context(), jpg); err != nil {
			b.Fatal(err)
		}
		closeDecoder(b, d)
	}
}

// One file of 2048 × 2048 in each format, with the bytes it takes.
func BenchmarkEncode(b *testing.B) {
	opaque, clear := imagefiletest.Photo(2048, 2048, 1), imagefiletest.Cutout(2048, 2048, 1)
	for _, c := range []struct {
		name string
		img  *image.NRGBA
		o    EncodeOptions
	}{
		{"JPEG", opaque, EncodeOptions{Format: JPEG}},
		{"WebP", opaque, EncodeOptions{Format: WebP}},
		{"AVIF", opaque, EncodeOptions{Format: AVIF}},
		{"PNG", opaque, EncodeOptions{Format: PNG}},
		{"PNG_alpha", clear, EncodeOptions{Format: PNG}},
		{"PNG_alpha_fast", clear, EncodeOptions{Format: PNG, Effort: 1}},
		{"WebP_alpha", clear, EncodeOptions{Format: WebP}},
		{"WebP_lossless", clear, EncodeOptions{Format: WebP, Lossless: true, Effort: 1}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = len(encode(b, c.img, c.o))
			}
			b.ReportMetric(float64(n)/1e6, "MB")
		})
	}
}

func BenchmarkDecodeOwn(b *testing.B) {
	for _, f := range []Format{JPEG, PNG, WebP} {
		file := encode(b, imagefiletest.Photo(2048, 2048, 1), EncodeOptions{Format: f})
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if _, err := DecodeOwn(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
