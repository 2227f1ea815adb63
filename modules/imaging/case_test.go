package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	pngenc "image/png"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// The card of these cases: a colour in each quarter.
const cardWidth, cardHeight = 96, 64

var cardColours = [4]color.NRGBA{{200, 30, 40, 255}, {40, 160, 60, 255}, {50, 60, 190, 255}, {230, 200, 60, 255}}

func card() *image.NRGBA { return quarters(cardWidth, cardHeight, cardColours) }

func quarters(w, h int, c [4]color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			imagefiletest.Set(img, x, y, c[2*(2*y/h)+2*x/w])
		}
	}
	return img
}

// cardBlock is the card's colour in a block of 8 × 8.
func cardBlock(bx, by int) color.NRGBA {
	const block = 8
	return cardColours[2*(2*by*block/cardHeight)+2*bx*block/cardWidth]
}

// progressiveCard is the card as a progressive JPEG.
func progressiveCard() []byte {
	return imagefiletest.ProgressiveJPEG(cardWidth, cardHeight, cardBlock)
}

// restartCard is the card as a JPEG with a restart marker behind each few blocks.
func restartCard(interval int) []byte {
	return imagefiletest.RestartJPEG(cardWidth, cardHeight, interval, cardBlock)
}

// adobe is Adobe's segment with a transform of the colours.
func adobe(transform byte) []byte {
	return imagefiletest.Segment(imagefiletest.APP14, []byte("Adobe\x00\x64\x00\x00\x00\x00"), []byte{transform})
}

// otherChoice is a JPEG of one scan whose header chooses no coefficients but the mean.
func otherChoice(t testing.TB, jpg []byte) []byte {
	t.Helper()
	const choice = 4 + 1 + 2*3
	b := slices.Clone(jpg)
	copy(b[markerAt(t, b, imagefiletest.SOS)+choice:], []byte{0, 0, 0})
	return b
}

// onItsSide is the card as a camera held in orientation 6 stores it.
func onItsSide() *image.NRGBA {
	return quarters(cardHeight, cardWidth, [4]color.NRGBA{cardColours[1], cardColours[3], cardColours[0], cardColours[2]})
}

// fine is a JPEG with full colour resolution, which keeps the quarters apart.
func fine(t testing.TB, img *image.NRGBA) []byte {
	return encode(t, img, EncodeOptions{Format: JPEG, Quality: 98})
}

// takes decodes b, expects the card's shape, and compares the quarters' middles.
func takes(t *testing.T, d *Decoder, b []byte, want [4]color.NRGBA, tolerance int) {
	t.Helper()
	img := decode(t, d, b)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if w != cardWidth || h != cardHeight {
		t.Fatalf("%d × %d", w, h)
	}
	for i, at := range [4]image.Point{{w / 4, h / 4}, {w * 3 / 4, h / 4}, {w / 4, h * 3 / 4}, {w * 3 / 4, h * 3 / 4}} {
		near(t, img, at.X, at.Y, want[i], tolerance)
	}
}

func opaque(c [4][3]uint8) (out [4]color.NRGBA) {
	for i, v := range c {
		out[i] = color.NRGBA{v[0], v[1], v[2], 255}
	}
	return out
}

var (
	cardInP3     = opaque([4][3]uint8{{218, 0, 27}, {0, 163, 40}, {47, 60, 197}, {236, 199, 0}})
	cardLinear   = opaque([4][3]uint8{{229, 96, 110}, {110, 208, 133}, {122, 133, 224}, {244, 229, 133}})
	cardAdobeRGB = opaque([4][3]uint8{{233, 24, 36}, {0, 161, 47}, {41, 57, 195}, {241, 201, 37}})
)

func bigEndian(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// A PNG states its colours in chunks of its own.
func TestColoursOfPNG(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	chunk := imagefiletest.Chunk
	p3 := chunk("cHRM", bigEndian(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
	srgbPrimaries := chunk("cHRM", bigEndian(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
	gamma := func(v uint32) []byte { return chunk("gAMA", bigEndian(v)) }
	p3Profile := chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))...))
	for _, c := range []struct {
		name   string
		chunks [][]byte
		want   [4]color.NRGBA
		within int
	}{
		{"cICP Display P3", [][]byte{chunk("cICP", []byte{12, 13, 0, 1})}, cardInP3, 2},
		{"cICP sRGB", [][]byte{chunk("cICP", []byte{1, 13, 0, 1})}, cardColours, 0},
		{"cICP linear", [][]byte{chunk("cICP", []byte{1, 8, 0, 1})}, cardLinear, 2},
		{"cICP before iCCP", [][]byte{p3Profile, chunk("cICP", []byte{1, 8, 0, 1})}, cardLinear, 2},
		{"cICP before sRGB, gAMA and cHRM", [][]byte{chunk("sRGB", []byte{0}), gamma(100_000), srgbPrimaries, chunk("cICP", []byte{12, 13, 0, 1})}, cardInP3, 2},
		{"cICP of an unknown kind", [][]byte{chunk("cICP", []byte{2, 2, 0, 1})}, cardColours, 0},
		{"cICP with a matrix", [][]byte{chunk("cICP", []byte{12, 13, 6, 1})}, cardColours, 0},
		{"cICP cut short", [][]byte{chunk("cICP", []byte{12, 13})}, cardColours, 0},
		{"cICP with a false sum", [][]byte{spoiledSum(chunk("cICP", []byte{12, 13, 0, 1}))}, cardColours, 0},
		{"gAMA and cHRM of Display P3", [][]byte{gamma(45455), p3}, cardInP3, 10},
		{"cHRM of Display P3 alone", [][]byte{p3}, cardInP3, 3},
		{"gAMA of linear light", [][]byte{gamma(100_000)}, cardLinear, 2},
		{"gAMA of linear light and sRGB's primaries", [][]byte{gamma(100_000), srgbPrimaries}, cardLinear, 2},
		{"gAMA 1/2.2 alone means sRGB", [][]byte{gamma(45455)}, cardColours, 0},
		{"gAMA 1/2.2 and sRGB's primaries mean sRGB", [][]byte{gamma(45455), srgbPrimaries}, cardColours, 0},
		{"sRGB before gAMA and cHRM", [][]byte{chunk("sRGB", []byte{0}), gamma(100_000), p3}, cardColours, 0},
		{"iCCP before gAMA", [][]byte{p3Profile, gamma(100_000)}, cardInP3, 10},
		{"gAMA of nothing", [][]byte{gamma(0)}, cardColours, 0},
		{"gAMA beyond reason", [][]byte{gamma(1)}, cardColours, 0},
		{"primaries on one line", [][]byte{chunk("cHRM", bigEndian(31270, 32900, 10000, 10000, 20000, 20000, 30000, 30000))}, cardColours, 0},
		{"primaries of zeros", [][]byte{gamma(45455), chunk("cHRM", make([]byte, 32))}, cardColours, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			takes(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, card()), bytes.Join(c.chunks, nil)), c.want, c.within)
		})
	}
	t.Run("grey and transparent pictures", func(t *testing.T) {
		grey := image.NewGray(image.Rect(0, 0, 16, 16))
		for i := range grey.Pix {
			grey.Pix[i] = 128
		}
		near(t, decode(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, grey), gamma(100_000))), 8, 8, color.NRGBA{188, 188, 188, 255}, 1)
		clear := card()
		for i := 3; i < len(clear.Pix); i += 4 {
			clear.Pix[i] = 90
		}
		want := cardInP3
		for i := range want {
			want[i].A = 90
		}
		takes(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, clear), chunk("cICP", []byte{12, 13, 0, 1})), want, 2)
	})
	t.Run("high dynamic range is shown, not dark", func(t *testing.T) {
		white := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for i := range white.Pix {
			white.Pix[i] = 148 // 203 cd/m² under PQ
		}
		for i := 3; i < len(white.Pix); i += 4 {
			white.Pix[i] = 255
		}
		near(t, decode(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, white), chunk("cICP", []byte{9, 16, 0, 1}))), 4, 4, color.NRGBA{255, 255, 255, 255}, 3)
	})
}

// exifIFD is an EXIF block with a colour space and an interoperability index, as
// cameras write them for Adobe RGB.
func exifIFD(space uint16, index string, order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	entry := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		if kind == 3 {
			b = order.AppendUint16(b, uint16(value))
			b = order.AppendUint16(b, 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	entry(0x8769, 4, 1, 26)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 2)
	entry(0xa001, 3, 1, uint32(space))
	entry(0xa005, 4, 1, 56)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 1) // the index: a text of four bytes within the entry
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, 4)
	b = append(append(b, index...), 0)
	return order.AppendUint32(b, 0)
}

// A camera's Adobe RGB by the rule of DCF.
func TestColoursOfDCF(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	profile := imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))
	for _, c := range []struct {
		name    string
		space   uint16
		index   string
		profile []byte
		want    [4]color.NRGBA
	}{
		{"uncalibrated, R03", 65535, "R03", nil, cardAdobeRGB},
		{"2, which some cameras write", 2, "R03", nil, cardAdobeRGB},
		{"uncalibrated, R98", 65535, "R98", nil, cardColours},
		{"sRGB, R03", 1, "R03", nil, cardColours},
		{"a profile counts more", 65535, "R03", profile, cardInP3},
	} {
		for name, order := range map[string]binary.AppendByteOrder{"big": binary.BigEndian, "little": binary.LittleEndian} {
			t.Run(c.name+", "+name+" endian", func(t *testing.T) {
				block := imagefiletest.Segment(imagefiletest.APP1, []byte(imagefiletest.JPEGEXIF), exifIFD(c.space, c.index, order))
				takes(t, d, imagefiletest.WithSegments(fine(t, card()), block, c.profile), c.want, 11)
			})
		}
	}
}

// orientationAs is an EXIF block whose orientation has another type.
func orientationAs(kind uint16, value uint32, order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, kind)
	b = order.AppendUint32(b, 1)
	switch kind {
	case 1, 6, 7:
		b = append(b, byte(value), 0, 0, 0)
	case 3, 8:
		b = order.AppendUint16(b, uint16(value))
		b = order.AppendUint16(b, 0)
	default:
		b = order.AppendUint32(b, value)
	}
	return order.AppendUint32(b, 0)
}

func TestOrientationHoweverWritten(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	app1 := func(tiff []byte) []byte {
		return imagefiletest.Segment(imagefiletest.APP1, []byte(imagefiletest.JPEGEXIF), tiff)
	}
	xmp := imagefiletest.Segment(imagefiletest.APP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>"))
	for name, segments := range map[string][][]byte{
		"as a short":         {app1(orientationAs(3, 6, binary.BigEndian))},
		"as a long":          {app1(orientationAs(4, 6, binary.BigEndian))},
		"as a long, little":  {app1(orientationAs(4, 6, binary.LittleEndian))},
		"as a byte":          {app1(orientationAs(1, 6, binary.LittleEndian))},
		"as a signed short":  {app1(orientationAs(8, 6, binary.BigEndian))},
		"as a signed long":   {app1(orientationAs(9, 6, binary.BigEndian))},
		"twice: the first":   {app1(imagefiletest.EXIF(6, binary.BigEndian)), app1(imagefiletest.EXIF(1, binary.LittleEndian))},
		"behind XMP":         {xmp, app1(imagefiletest.EXIF(6, binary.BigEndian))},
		"before JFIF's mark": {app1(imagefiletest.EXIF(6, binary.LittleEndian)), xmp},
	} {
		t.Run(name, func(t *testing.T) {
			takes(t, d, imagefiletest.WithSegments(fine(t, onItsSide()), segments...), cardColours, 8)
		})
	}
	for name, segments := range map[string][][]byte{
		"1 before 6":     {app1(imagefiletest.EXIF(1, binary.BigEndian)), app1(imagefiletest.EXIF(6, binary.LittleEndian))},
		"0":              {app1(imagefiletest.EXIF(0, binary.BigEndian))},
		"9":              {app1(imagefiletest.EXIF(9, binary.BigEndian))},
		"as a text":      {app1(orientationAs(2, 6<<24, binary.BigEndian))},
		"a cut block":    {app1(imagefiletest.EXIF(6, binary.BigEndian)[:12])},
		"an empty block": {app1(nil)},
	} {
		t.Run("upright: "+name, func(t *testing.T) {
			takes(t, d, imagefiletest.WithSegments(fine(t, card()), segments...), cardColours, 8)
		})
	}
	t.Run("PNG, the first of two", func(t *testing.T) {
		chunks := append(imagefiletest.Chunk("eXIf", orientationAs(4, 6, binary.BigEndian)), imagefiletest.Chunk("eXIf", imagefiletest.EXIF(1, binary.BigEndian))...)
		takes(t, d, imagefiletest.WithChunk(imagefiletest.PNG(t, onItsSide()), chunks), cardColours, 0)
	})
}

// markerAt returns where a JPEG's marker stands.
func markerAt(t testing.TB, b []byte, marker byte) int {
	t.Helper()
	i := bytes.Index(b, []byte{0xff, marker})
	if i < 0 {
		t.Fatalf("there is no marker %x", marker)
	}
	return i
}

// Oddities that cost nothing of the picture.
func TestWholePicturesAreTaken(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	jpg, png := fine(t, card()), imagefiletest.PNG(t, card())
	iccp := func(body []byte) []byte { return imagefiletest.WithChunk(png, imagefiletest.Chunk("iCCP", body)) }
	profile := imagefiletest.Deflate(t, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))
	badSum := slices.Clone(profile)
	badSum[len(badSum)-1] ^= 0xff
	name := []byte("p3\x00\x00")
	between := func(noise []byte) []byte {
		return slices.Insert(slices.Clone(jpg), markerAt(t, jpg, imagefiletest.DQT), noise...)
	}
	progressive := progressiveCard()
	webp := encode(t, card(), EncodeOptions{Format: WebP, Lossless: true})
	chunk, text := imagefiletest.Chunk, imagefiletest.Chunk("tEXt", bytes.Repeat([]byte("Comment\x00<html>"), 9))
	last := len(png) - 12
	withText := slices.Concat(png[:last], text, png[last:])
	icc := func(n, of byte, body []byte) []byte {
		return imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{n, of}, body))
	}
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"PNG profile with a false checksum", iccp(slices.Concat(name, badSum))},
		{"PNG profile cut off", iccp(slices.Concat(name, profile[:len(profile)/2]))},
		{"PNG profile empty", iccp(nil)},
		{"PNG profile without a name", iccp(append([]byte("\x00\x00"), profile...))},
		{"PNG profile with an endless name", iccp(bytes.Repeat([]byte("x"), 200))},
		{"PNG profile of an unknown compression", iccp(append([]byte("p3\x00\x07"), profile...))},
		{"PNG profile that is none", iccp(append(slices.Clone(name), imagefiletest.Deflate(t, []byte("hello"))...))},
		{"PNG profile twice", imagefiletest.WithChunk(png, slices.Concat(chunk("iCCP", append(slices.Clone(name), imagefiletest.Deflate(t, []byte("hello"))...)), chunk("iCCP", slices.Concat(name, profile))))},
		{"PNG profile whose chunk has a false sum", func() []byte {
			b := iccp(slices.Concat(name, profile))
			b[33+8+len(name)+len(profile)] ^= 1
			return b
		}()},
		{"JPEG profile that is none", icc(1, 1, []byte("hello"))},
		{"JPEG profile of which a part is missing", icc(1, 2, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))},
		{"JPEG profile numbered 0", icc(0, 0, imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2))},
		{"PNG without its end chunk", png[:last]},
		{"PNG whose pixels' chunk has a false sum", falseSum(png, "IDAT")},
		{"PNG whose end chunk has a false sum", falseSum(png, "IEND")},
		{"PNG with half an end chunk", png[:len(png)-6]},
		{"PNG whose last sum is cut", png[:last-2]},
		{"PNG cut off in a text behind the pixels", withText[:last+20]},
		{"PNG with HTML in a text", withText},
		{"PNG with HTML in its first text", imagefiletest.WithChunk(png, text)},
		{"APNG of one frame", imagefiletest.WithChunk(png, slices.Concat(chunk("acTL", bigEndian(1, 0)), chunk("fcTL", slices.Concat(bigEndian(0, cardWidth, cardHeight, 0, 0), make([]byte, 6)))))},
		{"APNG whose one frame stands apart", slices.Concat(imagefiletest.WithChunk(png, chunk("acTL", bigEndian(1, 0)))[:last+20], chunk("fdAT", bigEndian(0, 0)), png[last:])},
		{"APNG of no frame", imagefiletest.WithChunk(png, chunk("acTL", bigEndian(0, 0)))},
		{"WebP of one frame", oneFrame(webp)},
		{"JPEG with zeros between segments", between(make([]byte, 7))},
		{"JPEG with FF 00 between segments", between([]byte{0xff, 0})},
		{"JPEG with fill bytes between segments", between([]byte{0xff, 0xff, 0xff})},
		{"JPEG with text between segments", between([]byte("stray"))},
		{"JPEG with a restart marker between segments", between([]byte{0xff, 0xd0})},
		{"JPEG with noise behind its start", slices.Insert(slices.Clone(jpg), 20, 1, 2, 3)},
		{"JPEG with noise between scans", slices.Insert(slices.Clone(progressive), bytes.LastIndex(progressive, []byte{0xff, imagefiletest.SOS}), 0, 0, 9)},
		{"JPEG without an end marker", jpg[:len(jpg)-2]},
		{"JPEG without the last byte", jpg[:len(jpg)-1]},
		{"progressive JPEG without an end marker", progressive[:len(progressive)-2]},
		{"JPEG with an HTML comment", imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.COM, []byte("<html><body>made by a shop</body></html>")))},
		{"JPEG with a script in a comment", imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.COM, []byte("<!DOCTYPE html><script>1</script>")))},
		{"JPEG of an unknown version", ofVersion(t, jpg, 7)},
		{"JPEG of an unknown transform", imagefiletest.WithSegments(jpg, adobe(7))},
		{"JPEG of the transform for four inks", imagefiletest.WithSegments(jpg, adobe(2))},
		{"JPEG with half a segment of Adobe's", imagefiletest.WithSegments(jpg, imagefiletest.Segment(imagefiletest.APP14, []byte("Adobe\x00")))},
		{"JPEG whose scan header chooses other coefficients", otherChoice(t, jpg)},
		{"JPEG with a profile of 5 MB that is none", func() []byte {
			const parts, size = 80, 65_000
			var segments [][]byte
			for i := range byte(parts) {
				segments = append(segments, imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{i + 1, parts}, make([]byte, size)))
			}
			return imagefiletest.WithSegments(jpg, segments...)
		}()},
		{"JPEG with restart markers", restartCard(5)},
		{"JPEG with a restart marker behind each block", restartCard(1)},
		{"JPEG with an interval longer than the picture", restartCard(1000)},
		{"JPEG with restart markers and zeros behind its pixels", slices.Insert(restartCard(7), len(restartCard(7))-2, 0, 0, 0)},
		{"JPEG with restart markers and no end marker", restartCard(7)[:len(restartCard(7))-2]},
		{"PNG whose count of frames stands behind its pixels", slices.Concat(png[:last], chunk("acTL", bigEndian(2, 0)), png[last:])},
		{"PNG whose count of frames has a false sum", imagefiletest.WithChunk(png, spoiledSum(chunk("acTL", bigEndian(2, 0))))},
		{"PNG with its palette twice", twicePLTE(t)},
		{"JPEG with a clip behind it", append(slices.Clone(jpg), "\x00\x00\x00\x18ftypmp42"...)},
		{"JPEG with a second picture behind it", append(slices.Clone(jpg), jpg...)},
	} {
		t.Run(c.name, func(t *testing.T) { takes(t, d, c.file, cardColours, 8) })
	}
}

// spoiledSum is a chunk with a false sum.
func spoiledSum(c []byte) []byte {
	c = slices.Clone(c)
	c[len(c)-1] ^= 1
	return c
}

// twicePLTE is the card as a PNG that says its palette twice.
func twicePLTE(t testing.TB) []byte {
	t.Helper()
	var palette color.Palette
	for _, c := range cardColours {
		palette = append(palette, c)
	}
	img := image.NewPaletted(image.Rect(0, 0, cardWidth, cardHeight), palette)
	draw.Draw(img, img.Rect, card(), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := pngenc.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b.Bytes(), []byte("PLTE")) - 4
	whole := b.Bytes()[at : at+12+3*len(palette)]
	return slices.Insert(slices.Clone(b.Bytes()), at, whole...)
}

// ofVersion is a JPEG with another major version in its JFIF segment.
func ofVersion(t testing.TB, jpg []byte, major byte) []byte {
	t.Helper()
	b := slices.Clone(jpg)
	i := bytes.Index(b, []byte("JFIF\x00"))
	if i < 0 {
		t.Fatal("there is no JFIF segment")
	}
	b[i+5] = major
	return b
}

// oneFrame makes a plain lossless WebP an animation of one frame.
func oneFrame(webp []byte) []byte {
	const head, lossless = 12, 2
	size := func(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16)} }
	frame := slices.Concat(size(0), size(0), size(cardWidth-1), size(cardHeight-1), size(100), []byte{lossless}, webp[head:])
	return imagefiletest.WebPOf(imagefiletest.VP8X(0x02, cardWidth, cardHeight), imagefiletest.WebPChunk("ANIM", make([]byte, 6)), imagefiletest.WebPChunk("ANMF", frame))
}

// Lost pixels are never made up.
func TestDamagedPicturesAreRefused(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	busy := imagefiletest.Photo(160, 120, 3)
	closed := func(b []byte) []byte { return append(slices.Clone(b), 0xff, imagefiletest.EOI) }
	full, half := encode(t, busy, EncodeOptions{Format: JPEG, Quality: 95}), encode(t, busy, EncodeOptions{Format: JPEG, Quality: 80})
	grey := image.NewGray(busy.Rect)
	for i := range grey.Pix {
		grey.Pix[i] = busy.Pix[4*i]
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, grey, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	progressive := progressiveCard()
	scans := bytes.LastIndex(progressive, []byte{0xff, imagefiletest.SOS})
	restarts := restartCard(5)
	third := bytes.Index(restarts, []byte{0xff, imagefiletest.RST0 + 2})
	outOfOrder := slices.Clone(restarts)
	outOfOrder[third+1] = imagefiletest.RST0 + 6
	png, webp := imagefiletest.PNG(t, busy), encode(t, busy, EncodeOptions{Format: WebP, Lossless: true})
	lossy := encode(t, busy, EncodeOptions{Format: WebP})
	var palette bytes.Buffer
	if err := pngenc.Encode(&palette, image.NewPaletted(busy.Rect, color.Palette{color.Black, color.White})); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"JPEG cut within its last rows, closed", closed(full[:len(full)-40])},
		{"JPEG cut within its last rows, open", full[:len(full)-40]},
		{"JPEG of half colour cut within its last rows", closed(half[:len(half)-40])},
		{"grey JPEG cut within its last rows", closed(plain.Bytes()[:plain.Len()-40])},
		{"JPEG of an unknown version cut within its last rows", closed(ofVersion(t, full, 7)[:len(full)-40])},
		{"JPEG cut in the middle", full[:len(full)/2]},
		{"JPEG cut within its first rows", closed(full[:markerAt(t, full, imagefiletest.SOS)+40])},
		{"progressive JPEG cut within its last scan", closed(progressive[:len(progressive)-6])},
		{"progressive JPEG without its last scan, open", progressive[:scans]},
		{"JPEG that lacks a restart marker", slices.Concat(restarts[:third], restarts[third+2:])},
		{"JPEG that lacks a restart marker and its end", slices.Concat(restarts[:third], restarts[third+2:len(restarts)-2])},
		{"JPEG that lacks all restart markers", slices.Insert(slices.Clone(full), markerAt(t, full, imagefiletest.SOS), imagefiletest.Segment(imagefiletest.DRI, []byte{0, 4})...)},
		{"JPEG with restart markers out of order", outOfOrder},
		{"JPEG with restart markers out of order and an unknown transform", imagefiletest.WithSegments(outOfOrder, adobe(7))},
		{"JPEG with restart markers out of order and another choice of coefficients", otherChoice(t, outOfOrder)},
		{"JPEG with blocks too many before a restart marker", slices.Insert(slices.Clone(restarts), third, bytes.Repeat([]byte{0x15}, 40)...)},
		{"progressive JPEG that refines what is exact", slices.Concat(progressive[:len(progressive)-2],
			imagefiletest.Segment(imagefiletest.SOS, []byte{1, 1, 0, 0, 0, 0x10}), bytes.Repeat([]byte{0x55}, cardWidth*cardHeight/64/8), progressive[len(progressive)-2:])},
		{"PNG with a spoiled pixel", spoiledPixel(png, false)},
		{"PNG with two palettes", imagefiletest.WithChunk(palette.Bytes(), imagefiletest.Chunk("PLTE", []byte{1, 2, 3, 4, 5, 6}))},
		{"WebP whose transparency comes behind its pixels", imagefiletest.WebPOf(imagefiletest.VP8X(0x10, 160, 120), lossy[12:], imagefiletest.WebPChunk("ALPH", make([]byte, 40)))},
		{"WebP whose header comes second", imagefiletest.WebPOf(imagefiletest.WebPChunk("ABCD", make([]byte, 4)), imagefiletest.VP8X(0, 160, 120), lossy[12:])},
		{"WebP that moves and has no frames", imagefiletest.WebPOf(imagefiletest.VP8X(0x02, 160, 120), lossy[12:])},
		{"PNG with a spoiled pixel, the chunk's sum right", spoiledPixel(png, true)},
		{"PNG with a false sum over its palette", falseSum(palette.Bytes(), "PLTE")},
		{"PNG cut within its pixels, closed", slices.Concat(png[:len(png)/2], imagefiletest.Chunk("IEND", nil))},
		{"PNG cut within its pixels, open", png[:len(png)-400]},
		{"WebP cut, its size mended", mendedWebP(webp[:len(webp)-200])},
		{"lossy WebP cut, its size mended", mendedWebP(lossy[:len(lossy)/2])},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := d.Decode(t.Context(), c.file); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v; want %v", err, ErrCorrupt)
			}
		})
	}
}

// falseSum returns a PNG with a false sum over its first chunk of a kind.
func falseSum(b []byte, kind string) []byte {
	b = slices.Clone(b)
	at := bytes.Index(b, []byte(kind))
	b[at+4+int(binary.BigEndian.Uint32(b[at-4:]))] ^= 1
	return b
}

// spoiledPixel returns a PNG with another bit in the middle of its first chunk of pixels, and
// the chunk's sum put right where that is asked for.
func spoiledPixel(b []byte, sum bool) []byte {
	b = slices.Clone(b)
	at := bytes.Index(b, []byte("IDAT"))
	end := at + 4 + int(binary.BigEndian.Uint32(b[at-4:]))
	b[(at+4+end)/2] ^= 4
	if sum {
		binary.BigEndian.PutUint32(b[end:], crc32.ChecksumIEEE(b[at:end]))
	}
	return b
}

// mendedWebP makes the sizes of a WebP of one chunk fit what is left of it.
func mendedWebP(b []byte) []byte {
	b = slices.Clone(b[:len(b)/2*2])
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	binary.LittleEndian.PutUint32(b[16:], uint32(len(b)-20))
	return b
}
