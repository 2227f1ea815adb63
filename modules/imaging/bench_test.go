package imaging

import (
	"encoding/binary"
	"fmt"
	"testing"
)

var benchSizes = []struct {
	name string
	w, h int
}{{"2MP", 1632, 1224}, {"12MP", 4032, 3024}}

// What one photo costs from its bytes to pixels, the child's work included.
func BenchmarkDecode(b *testing.B) {
	d := NewDecoder(DecoderOptions{})
	defer closeDecoder(b, d)
	for _, size := range benchSizes {
		jpg := encodeJPEG(b, photo(size.w, size.h, 1))
		for _, o := range []uint16{1, 6} {
			turned := withSegments(jpg, segment(markerAPP1, jpegEXIF, exif(o, binary.BigEndian)))
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
	jpg := encodeJPEG(b, photo(64, 64, 1))
	for b.Loop() {
		d := NewDecoder(DecoderOptions{})
		if _, _, err := d.Decode(b.Context(), jpg); err != nil {
			b.Fatal(err)
		}
		closeDecoder(b, d)
	}
}
