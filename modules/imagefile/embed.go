package imagefile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// How XMP and profiles are put into finished files. libvips could write them
// too, but adds an EXIF block of its own making and compresses a PNG's XMP,
// which its specification advises against.

const (
	// maxSegment is how much a JPEG segment holds besides its length.
	maxSegment = 1<<16 - 1 - 2
)

// Embed returns file, which the encoder of format f has just made, with the
// packet and the profile; either may be empty.
func Embed(f Format, file, xmp, profile []byte, alpha bool) ([]byte, error) {
	switch f {
	case JPEG:
		return embedJPEG(file, xmp, profile)
	case PNG:
		return embedPNG(file, xmp, profile)
	case WebP:
		return embedWebP(file, xmp, profile, alpha)
	case AVIF: // the encoder has put both in
		blankEXIF(file)
	}
	return file, nil
}

// jfif is the segment that says: JFIF 1.1, 72 dots an inch, no thumbnail.
var jfif = []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00")

// embedJPEG puts segments behind the start: JFIF, which must be the first and
// which libvips leaves out with the rest, XMP (XMP Specification part 3 section
// 1.1.3) and the profile (ICC.1:2022 annex B.4).
func embedJPEG(file, xmp, profile []byte) ([]byte, error) {
	const start = 2
	if len(file) < start {
		return nil, fmt.Errorf("the JPEG has only %d bytes", len(file))
	}
	out := make([]byte, 0, len(file)+len(xmp)+len(profile)+256)
	out = appendSegment(append(out, file[:start]...), markerAPP0, jfif)
	if len(xmp) > 0 {
		if len(jpegXMP)+len(xmp) > maxSegment {
			return nil, ErrEncode.With("an XMP packet of %d bytes does not fit into a JPEG", len(xmp))
		}
		out = appendSegment(out, markerAPP1, []byte(jpegXMP), xmp)
	}
	const room = maxSegment - 14
	parts := (len(profile) + room - 1) / room
	for i := range parts {
		part := profile[i*room : min((i+1)*room, len(profile))]
		out = appendSegment(out, markerAPP2, jpegICC, []byte{byte(i + 1), byte(parts)}, part)
	}
	return append(out, file[start:]...), nil
}

func appendSegment(out []byte, marker byte, body ...[]byte) []byte {
	n := 2
	for _, b := range body {
		n += len(b)
	}
	out = append(out, 0xff, marker, byte(n>>8), byte(n))
	for _, b := range body {
		out = append(out, b...)
	}
	return out
}

// embedPNG puts chunks behind the header: iCCP must come before the pixels, and
// so may an uncompressed iTXt. PNG 3rd edition sections 11.3.2.3 and 11.3.3.4.
func embedPNG(file, xmp, profile []byte) ([]byte, error) {
	at := len(pngMagic) + 4 + 4 + 13 + 4
	if len(file) < at {
		return nil, fmt.Errorf("the PNG has only %d bytes", len(file))
	}
	out := bytes.NewBuffer(make([]byte, 0, len(file)+len(xmp)+len(profile)+256))
	out.Write(file[:at])
	if len(profile) > 0 {
		writeChunk(out, "iCCP", deflated("sRGB\x00\x00", profile))
	}
	if len(xmp) > 0 {
		writeChunk(out, "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), xmp...))
	}
	out.Write(file[at:])
	return out.Bytes(), nil
}

func writeChunk(out *bytes.Buffer, kind string, body []byte) {
	head := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, body)
	out.Write(head)
	out.Write(body)
	out.Write(binary.BigEndian.AppendUint32(nil, sum))
}

// blankEXIF empties the EXIF item that libvips 8.14 adds to every AVIF that
// carries anything else, and gives it a type that readers skip. Taking it out
// would move all that follows. The boxes are those of ISO/IEC 14496-12: infe in
// section 8.11.6, iloc in 8.11.3.
func blankEXIF(file []byte) {
	const version, id, kind, end = 4, 8, 12, 16 // from the box's name on
	for rest := file; ; rest = rest[end:] {
		at := bytes.Index(rest, []byte("infe"))
		if at < 0 || len(rest) < at+end {
			return
		}
		if rest = rest[at:]; rest[version] == 2 && string(rest[kind:end]) == "Exif" {
			copy(rest[kind:end], "skip")
			blankItem(file, binary.BigEndian.Uint16(rest[id:]))
			return
		}
	}
}

// blankItem overwrites an item's data with zeros.
func blankItem(file []byte, item uint16) {
	at := bytes.Index(file, []byte("iloc"))
	if at < 0 || len(file) < at+12 || file[at+4] > 1 {
		return
	}
	hasMethod := file[at+4] == 1
	offsetSize, lengthSize := int(file[at+8]>>4), int(file[at+8]&15)
	baseSize, indexSize := int(file[at+9]>>4), int(file[at+9]&15)
	rest := file[at+10:]
	// next reads a number of n bytes, 0 when the box ends before.
	next := func(n int) (v uint64) {
		n = min(n, len(rest))
		for _, b := range rest[:n] {
			v = v<<8 | uint64(b)
		}
		rest = rest[n:]
		return v
	}
	for range next(2) {
		id := next(2)
		if hasMethod {
			next(2)
		}
		next(2)
		base := next(baseSize)
		for range next(2) {
			if hasMethod {
				next(indexSize)
			}
			from, n := base+next(offsetSize), next(lengthSize)
			if size := uint64(len(file)); id == uint64(item) && from < size {
				clear(file[from : from+min(n, size-from)])
			}
		}
	}
}

// embedWebP takes out the EXIF that libvips 8.14 writes whatever it is told, and
// gives a file that holds more than plain pixels an extended header, which says
// what: the profile before the picture and the packet behind it.
func embedWebP(file, xmp, profile []byte, alpha bool) ([]byte, error) {
	p, err := Parse(file)
	if err != nil {
		return nil, err
	}
	const flagXMP, extendedHeader = 0x04, 8 + 10
	picture := p.Essential()[riffHeader:]
	if string(picture[:4]) == "VP8X" {
		picture = picture[extendedHeader:]
	}
	var flags byte
	if alpha {
		flags |= webpAlpha
	}
	if len(profile) > 0 {
		flags |= webpProfile
	}
	if len(xmp) > 0 {
		flags |= flagXMP
	}
	out := make([]byte, 0, len(file)+len(xmp)+len(profile)+64)
	out = append(out, file[:riffHeader]...)
	if flags != 0 {
		w, h := p.Info.Width-1, p.Info.Height-1
		out = appendRIFF(out, "VP8X", []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
	}
	if len(profile) > 0 {
		out = appendRIFF(out, "ICCP", profile)
	}
	out = append(out, picture...)
	if len(xmp) > 0 {
		out = appendRIFF(out, "XMP ", xmp)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}

func appendRIFF(out []byte, kind string, body []byte) []byte {
	out = binary.LittleEndian.AppendUint32(append(out, kind...), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
