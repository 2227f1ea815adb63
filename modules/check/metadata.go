package check

import (
	"bytes"
	"encoding/binary"

	"github.com/opal-photo/opal/modules/imaging"
)

// metadata is what a finished file holds beside its pixels.
type metadata struct {
	exif bool
	xmp  []byte
}

// readMetadata walks the file's own structure; what is not well formed ends the
// walk.
func readMetadata(f imaging.Format, file []byte) metadata {
	switch f {
	case imaging.JPEG:
		return jpegMetadata(file)
	case imaging.PNG:
		return pngMetadata(file)
	case imaging.WebP:
		return webpMetadata(file)
	}
	return avifMetadata(file)
}

const (
	jpegExif = "Exif\x00\x00"
	jpegXMP  = "http://ns.adobe.com/xap/1.0/\x00"
	pngXMP   = "XML:com.adobe.xmp\x00"
)

// jpegMetadata reads the segments before the picture's data (ITU T.81, B.1.1.4).
func jpegMetadata(b []byte) (m metadata) {
	const soi, app1, sos = 2, 0xe1, 0xda
	for b = b[min(soi, len(b)):]; len(b) >= 4 && b[0] == 0xff && b[1] != sos; {
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n < 4 || n > len(b) {
			return m
		}
		if body := b[4:n]; b[1] == app1 {
			m.exif = m.exif || bytes.HasPrefix(body, []byte(jpegExif))
			if xmp, ok := bytes.CutPrefix(body, []byte(jpegXMP)); ok {
				m.xmp = xmp
			}
		}
		b = b[n:]
	}
	return m
}

// pngMetadata reads the chunks (PNG specification, third edition, 5.3).
func pngMetadata(b []byte) (m metadata) {
	const signature, overhead = 8, 12
	for b = b[min(signature, len(b)):]; len(b) >= overhead; {
		n := int64(binary.BigEndian.Uint32(b))
		if n+overhead > int64(len(b)) {
			return m
		}
		body := b[8 : 8+n]
		switch string(b[4:8]) {
		case "eXIf":
			m.exif = true
		case "iTXt":
			if xmp, ok := bytes.CutPrefix(body, []byte(pngXMP)); ok {
				m.xmp = xmp
			}
		}
		b = b[n+overhead:]
	}
	return m
}

// webpMetadata reads the chunks (RFC 9649, 2.3).
func webpMetadata(b []byte) (m metadata) {
	const header, chunkHeader = 12, 8
	for b = b[min(header, len(b)):]; len(b) >= chunkHeader; {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		end := chunkHeader + n + n&1
		if chunkHeader+n > int64(len(b)) {
			return m
		}
		switch string(b[:4]) {
		case "EXIF":
			m.exif = true
		case "XMP ":
			m.xmp = b[chunkHeader : chunkHeader+n]
		}
		b = b[min(end, int64(len(b))):]
	}
	return m
}

// avifMetadata looks for the items by their marks: an Exif item is declared by
// its type, and XMP is text.
func avifMetadata(b []byte) (m metadata) {
	head := b
	if i := bytes.Index(b, []byte("mdat")); i >= 0 {
		head = b[:i]
	}
	m.exif = bytes.Contains(head, []byte("infe")) && bytes.Contains(head, []byte("Exif"))
	if _, after, ok := bytes.Cut(b, []byte("<x:xmpmeta")); ok {
		m.xmp, _, _ = bytes.Cut(after, []byte("</x:xmpmeta>"))
	}
	return m
}
