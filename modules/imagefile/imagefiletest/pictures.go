// Package imagefiletest makes pictures' files, whole and damaged, for tests.
package imagefiletest

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"slices"
	"testing"
)

// Photo draws a picture with smooth areas, edges and texture, the same each
// time. A seed gives another one.
func Photo(w, h int, seed uint32) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	noise := seed*2654435761 + 1
	f := float64(seed%7) + 3
	for y := range h {
		v := float64(y) / float64(h)
		for x := range w {
			u := float64(x) / float64(w)
			noise ^= noise << 13
			noise ^= noise >> 17
			noise ^= noise << 5
			r := 90 + 120*u + 40*math.Sin(f*9*v)
			g := 200 - 110*v + 30*math.Sin(f*25*(u+v))
			b := 120 + 60*math.Cos(f*4*u*v)
			if d := math.Hypot(u-0.5, v-0.55); d < 0.28 { // an object with a hard edge and stripes
				s := 50 * math.Copysign(1, math.Sin(f*30*(u*0.8+v*0.6)))
				r, g, b = 150+s-200*d, 60+s, 40+300*d
			}
			n := float64(noise%9) - 4
			Set(img, x, y, color.NRGBA{clip8(r + n), clip8(g + n), clip8(b + n), 255})
		}
	}
	return img
}

func clip8(v float64) uint8 { return uint8(max(0, min(v, 255))) }

func Set(img *image.NRGBA, x, y int, c color.NRGBA) {
	p := img.Pix[img.PixOffset(x, y):]
	p[0], p[1], p[2], p[3] = c.R, c.G, c.B, c.A
}

// Cutout is photo with a round alpha, soft at the edge.
func Cutout(w, h int, seed uint32) *image.NRGBA {
	img := Photo(w, h, seed)
	for y := range h {
		for x := range w {
			d := math.Hypot(float64(x)-float64(w)/2, float64(y)-float64(h)/2) - 0.4*float64(min(w, h))
			img.Pix[img.PixOffset(x, y)+3] = clip8(128 - 60*d)
		}
	}
	return img
}

// Quadrants has red, green, blue and grey quarters, so every turn shows.
func Quadrants(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			Set(img, x, y, QuadrantColours[2*(2*y/h)+2*x/w])
		}
	}
	return img
}

var QuadrantColours = [4]color.NRGBA{{230, 30, 30, 255}, {30, 200, 40, 255}, {30, 60, 220, 255}, {140, 140, 140, 255}}

func JPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func PNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// JPEG's markers, ITU-T T.81 table B.1, and the words that begin its segments.
const (
	SOF0  = 0xc0
	DHT   = 0xc4
	RST0  = 0xd0
	SOI   = 0xd8
	EOI   = 0xd9
	SOS   = 0xda
	DQT   = 0xdb
	DRI   = 0xdd
	APP0  = 0xe0
	APP1  = 0xe1
	APP2  = 0xe2
	APP14 = 0xee
	COM   = 0xfe

	JPEGEXIF = "Exif\x00\x00"
	JPEGICC  = "ICC_PROFILE\x00"
)

// Segment is a JPEG marker segment.
func Segment(marker byte, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	return append([]byte{0xff, marker, byte((len(all) + 2) >> 8), byte(len(all) + 2)}, all...)
}

// WithSegments puts segments right behind a JPEG's start.
func WithSegments(jpg []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{jpg[:2], bytes.Join(segments, nil), jpg[2:]}, nil)
}

// EXIF is a TIFF block with an orientation and a place (GPS, tag 0x8825).
func EXIF(orientation uint16, order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint16(b, 0x8825)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint32(b, 38)
	b = order.AppendUint32(b, 0)
	return append(b, "GPSSECRET"...)
}

const pngSignature = "\x89PNG\r\n\x1a\n"

func Chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func PNGOf(chunks ...[]byte) []byte {
	return append([]byte(pngSignature), bytes.Join(chunks, nil)...)
}

func IHDR(w, h uint32, depth, colour byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, w)
	return Chunk("IHDR", append(binary.BigEndian.AppendUint32(b, h), depth, colour, 0, 0, 0))
}

// WithChunk puts a chunk right behind a PNG's header.
func WithChunk(b []byte, c []byte) []byte {
	const header = 8 + 25
	return bytes.Join([][]byte{b[:header], c, b[header:]}, nil)
}

func Deflate(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if _, err := z.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// DeflatedZeros is a zlib stream of n MB of zeros, about 1 KB for each. The
// stream repeats one flushed block, since compressing them all takes seconds.
func DeflatedZeros(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	const adlerPrime = 65521
	last := []byte{1, 0, 0, 0xff, 0xff} // an empty stored block
	sum := uint32(n<<20%adlerPrime)<<16 | 1
	return binary.BigEndian.AppendUint32(slices.Concat([]byte{0x78, 0xda}, bytes.Repeat(b.Bytes(), n), last), sum)
}

func WebPChunk(kind string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func WebPOf(chunks ...[]byte) []byte {
	body := bytes.Join(chunks, nil)
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(b, "WEBP"...), body...)
}

func VP8X(flags byte, w, h uint32) []byte {
	w, h = w-1, h-1
	return WebPChunk("VP8X", []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
}

// GammaProfile is an ICC v2 matrix profile: the primaries' XYZ under D50, as
// columns, and one gamma for all channels. A grey one has no primaries.
func GammaProfile(space string, primaries [3][3]float64, gamma float64) []byte {
	fixed := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) }
	xyz := func(v [3]float64) []byte {
		return bytes.Join([][]byte{[]byte("XYZ \x00\x00\x00\x00"), fixed(v[0]), fixed(v[1]), fixed(v[2])}, nil)
	}
	d50 := [3]float64{0.9642, 1, 0.8249}
	curve := binary.BigEndian.AppendUint16([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), uint16(math.Round(gamma*256)))
	curve = append(curve, 0, 0)
	text := append([]byte("text\x00\x00\x00\x00none"), 0, 0, 0, 0)
	desc := append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x05test\x00"), make([]byte, 79)...)
	type tag struct {
		name string
		data []byte
	}
	tags := []tag{{"desc", desc}, {"cprt", text}, {"wtpt", xyz(d50)}}
	if space == "GRAY" {
		tags = append(tags, tag{"kTRC", curve})
	} else {
		tags = append(tags, tag{"rXYZ", xyz(primaries[0])}, tag{"gXYZ", xyz(primaries[1])}, tag{"bXYZ", xyz(primaries[2])},
			tag{"rTRC", curve}, tag{"gTRC", curve}, tag{"bTRC", curve})
	}
	const header = 128
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, e := range tags {
		table = append(table, e.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(header+4+12*len(tags)+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(e.data)))
		data = append(data, e.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	b := make([]byte, header)
	binary.BigEndian.PutUint32(b, uint32(header+len(table)+len(data)))
	b[8], b[9] = 2, 0x40
	copy(b[12:], "mntr")
	copy(b[16:], space)
	copy(b[20:], "XYZ ")
	copy(b[24:], []byte{0x07, 0xe8, 0, 1, 0, 1})
	copy(b[36:], "acsp")
	copy(b[68:], bytes.Join([][]byte{fixed(d50[0]), fixed(d50[1]), fixed(d50[2])}, nil))
	return bytes.Join([][]byte{b, table, data}, nil)
}

// Display P3's primaries under D50 (from its chromaticities, Bradford-adapted).
var P3Primaries = [3][3]float64{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}

// P3ToSRGB converts a P3 colour of the given gamma to sRGB by the book.
func P3ToSRGB(c [3]float64, gamma float64) [3]float64 {
	var xyz [3]float64
	for i := range 3 {
		for k := range 3 {
			xyz[i] += P3Primaries[k][i] * math.Pow(c[k]/255, gamma)
		}
	}
	// XYZ under D50 to linear sRGB, the inverse of sRGB's adapted primaries.
	m := [3][3]float64{{3.1338561, -1.6168667, -0.4906146}, {-0.9787684, 1.9161415, 0.0334540}, {0.0719453, -0.2289914, 1.4052427}}
	var out [3]float64
	for i := range 3 {
		v := max(0, min(1, m[i][0]*xyz[0]+m[i][1]*xyz[1]+m[i][2]*xyz[2]))
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		out[i] = 255 * v
	}
	return out
}

// CMYKJPEG is a baseline JPEG of 8 × 8 blocks of plain CMYK, given as ink
// 0..255 and stored inverted, as Adobe's programs do.
func CMYKJPEG(w, h int, ink func(bx, by int) [4]uint8) []byte {
	b := []byte{0xff, SOI}
	b = append(b, Segment(APP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))...)
	b = append(b, Segment(DQT, append([]byte{0}, bytes.Repeat([]byte{8}, 64)...))...)
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 4}
	scan := []byte{4}
	for i := range byte(4) {
		frame = append(frame, i+1, 0x11, 0)
		scan = append(scan, i+1, 0)
	}
	b = append(b, Segment(SOF0, frame)...)
	// Twelve DC categories of four bits each, and one AC code: end of block.
	b = append(b, Segment(DHT, []byte{0}, []byte{0, 0, 0, 12}, make([]byte, 12), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})...)
	b = append(b, Segment(DHT, []byte{0x10}, []byte{1}, make([]byte, 15), []byte{0})...)
	b = append(b, Segment(SOS, append(scan, 0, 63, 0))...)
	var bits bitWriter
	var last [4]int
	for by := range (h + 7) / 8 {
		for bx := range (w + 7) / 8 {
			for i, v := range ink(bx, by) {
				dc := (255 - int(v)) - 128 // 8 times the mean, divided by the step of 8
				bits.dc(dc - last[i])
				last[i] = dc
				bits.put(0, 1)
			}
		}
	}
	bits.put(0x7f, 7)
	return append(append(b, bits.b...), 0xff, EOI)
}

func abs(v int) int { return max(v, -v) }

// SolidWebP is a lossless WebP of one colour: RFC 9649 section 3, with a prefix
// code of one symbol for each channel, so that its pixels take no bits.
func SolidWebP(w, h int, c color.NRGBA) []byte {
	var b []byte
	var acc uint64
	var n int
	put := func(v uint64, bits int) {
		for acc, n = acc|v<<n, n+bits; n >= 8; n -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
	}
	put(0x2f, 8)
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	alpha := uint64(0)
	if c.A != 255 {
		alpha = 1
	}
	put(alpha, 1)
	put(0, 3+1+1+1) // version; no transform, no colour cache, no further prefix codes
	for _, symbol := range []uint8{c.G, c.R, c.B, c.A, 0} {
		put(1, 1) // a simple code
		put(0, 1) // of one symbol
		put(1, 1) // of 8 bits
		put(uint64(symbol), 8)
	}
	put(0, 7)
	return WebPOf(WebPChunk("VP8L", b))
}

// LossyWebP is a WebP whose lossy picture ends behind its header, RFC 6386
// section 9.1: enough for what reads no pixels.
func LossyWebP(w, h int) []byte {
	return WebPOf(WebPChunk("VP8 ", []byte{0x30, 1, 0, 0x9d, 1, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8), 0, 0}))
}

// ExtendedWebP puts an extended header before and EXIF behind a plain WebP of
// w × h.
func ExtendedWebP(plain []byte, w, h int, exif []byte) []byte {
	const exifFlag, riffHeader = 0x08, 12
	return WebPOf(VP8X(exifFlag, uint32(w), uint32(h)), plain[riffHeader:], WebPChunk("EXIF", exif))
}

// bitWriter writes JPEG's entropy-coded data.
type bitWriter struct {
	b   []byte
	acc uint64
	n   int
}

func (w *bitWriter) put(v uint32, bits int) {
	w.acc, w.n = w.acc<<bits|uint64(v)&(1<<bits-1), w.n+bits
	for w.n >= 8 {
		c := byte(w.acc >> (w.n - 8))
		if w.b = append(w.b, c); c == 0xff {
			w.b = append(w.b, 0)
		}
		w.n -= 8
	}
}

// dc writes a difference with a table of 12 codes of 4 bits.
func (w *bitWriter) dc(d int) {
	bits := 0
	for a := abs(d); a > 0; a >>= 1 {
		bits++
	}
	w.put(uint32(bits), 4)
	if d < 0 {
		d--
	}
	w.put(uint32(d), bits)
}

// RestartJPEG is a baseline JPEG of 8 × 8 blocks of plain colour with a restart marker
// behind each interval of them.
func RestartJPEG(w, h, interval int, colour func(bx, by int) color.NRGBA) []byte {
	b := []byte{0xff, SOI}
	b = append(b, Segment(DQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	b = append(b, Segment(SOF0, []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0})...)
	b = append(b, Segment(DHT, []byte{0}, []byte{0, 0, 0, 12}, make([]byte, 12), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})...)
	b = append(b, Segment(DHT, []byte{0x10}, []byte{1}, make([]byte, 15), []byte{0})...)
	b = append(b, Segment(DRI, []byte{byte(interval >> 8), byte(interval)})...)
	b = append(b, Segment(SOS, []byte{3, 1, 0, 2, 0, 3, 0, 0, 63, 0})...)
	var bits bitWriter
	var last [3]int
	across, down := (w+7)/8, (h+7)/8
	for n := range across * down {
		if n > 0 && n%interval == 0 {
			bits.put(0x7f, 7)
			b = append(append(b, bits.b...), 0xff, RST0+byte((n/interval-1)%8))
			bits, last = bitWriter{}, [3]int{}
		}
		c := colour(n%across, n/across)
		y, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
		for i, v := range [3]uint8{y, cb, cr} {
			dc := 8 * (int(v) - 128)
			bits.dc(dc - last[i])
			last[i] = dc
			bits.put(0, 1)
		}
	}
	bits.put(0x7f, 7)
	return append(append(b, bits.b...), 0xff, EOI)
}

// ProgressiveJPEG is a progressive JPEG of 8 × 8 blocks of plain colour: a scan
// of the means and one of the rest, which is nothing, for each component.
func ProgressiveJPEG(w, h int, colour func(bx, by int) color.NRGBA) []byte {
	b := []byte{0xff, SOI}
	b = append(b, Segment(DQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	b = append(b, Segment(0xc2, []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0})...)
	b = append(b, Segment(DHT, []byte{0}, []byte{0, 0, 0, 12}, make([]byte, 12), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})...)
	b = append(b, Segment(DHT, []byte{0x10}, []byte{1}, make([]byte, 15), []byte{0})...)
	b = append(b, Segment(SOS, []byte{3, 1, 0, 2, 0, 3, 0, 0, 0, 0})...)
	var means bitWriter
	var last [3]int
	blocks := 0
	for by := range (h + 7) / 8 {
		for bx := range (w + 7) / 8 {
			c := colour(bx, by)
			y, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
			for i, v := range [3]uint8{y, cb, cr} {
				dc := 8 * (int(v) - 128)
				means.dc(dc - last[i])
				last[i] = dc
			}
			blocks++
		}
	}
	means.put(0x7f, 7)
	b = append(b, means.b...)
	for i := range byte(3) {
		b = append(b, Segment(SOS, []byte{1, i + 1, 0, 1, 63, 0})...)
		var rest bitWriter
		for range blocks {
			rest.put(0, 1)
		}
		rest.put(0x7f, 7)
		b = append(b, rest.b...)
	}
	return append(b, 0xff, EOI)
}
