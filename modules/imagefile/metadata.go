package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// Metadata is what a finished file holds beside its pixels.
type Metadata struct {
	EXIF bool   // a block is there
	XMP  []byte // the packet, nil without one
}

// ReadMetadata walks the file's own structure; a malformed part ends the walk.
func ReadMetadata(f Format, file []byte) Metadata {
	switch f {
	case JPEG:
		return jpegMetadata(file)
	case PNG:
		return pngMetadata(file)
	case WebP:
		return webpMetadata(file)
	}
	return avifMetadata(file)
}

const (
	jpegXMP = "http://ns.adobe.com/xap/1.0/\x00"
	pngXMP  = "XML:com.adobe.xmp\x00"
)

// jpegMetadata reads the segments before the picture's data (ITU T.81, B.1.1.4).
func jpegMetadata(b []byte) (m Metadata) {
	const soi, app1, sos = 2, 0xe1, 0xda
	for b = b[min(soi, len(b)):]; len(b) >= 4 && b[0] == 0xff && b[1] != sos; {
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n < 4 || n > len(b) {
			return m
		}
		if body := b[4:n]; b[1] == app1 {
			m.EXIF = m.EXIF || bytes.HasPrefix(body, jpegEXIF)
			if xmp, ok := bytes.CutPrefix(body, []byte(jpegXMP)); ok {
				m.XMP = xmp
			}
		}
		b = b[n:]
	}
	return m
}

// pngMetadata reads the chunks (PNG specification, third edition, 5.3).
func pngMetadata(b []byte) (m Metadata) {
	const signature, overhead = 8, 12
	for b = b[min(signature, len(b)):]; len(b) >= overhead; {
		n := int64(binary.BigEndian.Uint32(b))
		if n+overhead > int64(len(b)) {
			return m
		}
		body := b[8 : 8+n]
		switch string(b[4:8]) {
		case "eXIf":
			m.EXIF = true
		case "iTXt":
			if text, ok := bytes.CutPrefix(body, []byte(pngXMP)); ok {
				m.XMP = internationalText(text)
			}
		}
		b = b[n+overhead:]
	}
	return m
}

// internationalText returns the text of an iTXt chunk, given what follows its
// keyword: compression flag and method, language, translated keyword, text (PNG
// specification, third edition, 11.3.3.4). nil when it is not well formed.
func internationalText(b []byte) []byte {
	const maxText = 1 << 20
	if len(b) < 2 {
		return nil
	}
	compressed := b[0] == 1
	b = b[2:]
	for range 2 {
		_, rest, ok := bytes.Cut(b, []byte{0})
		if !ok {
			return nil
		}
		b = rest
	}
	if !compressed {
		return b
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, maxText))
	if err != nil {
		return nil
	}
	return text
}

// webpMetadata reads the chunks (RFC 9649, 2.3).
func webpMetadata(b []byte) (m Metadata) {
	const header, chunkHeader = 12, 8
	for b = b[min(header, len(b)):]; len(b) >= chunkHeader; {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		end := chunkHeader + n + n&1
		if chunkHeader+n > int64(len(b)) {
			return m
		}
		switch string(b[:4]) {
		case "EXIF":
			m.EXIF = true
		case "XMP ":
			m.XMP = b[chunkHeader : chunkHeader+n]
		}
		b = b[min(end, int64(len(b))):]
	}
	return m
}

// avifMetadata looks for the items by their marks: an Exif item is declared by
// its type, and XMP is text.
func avifMetadata(b []byte) (m Metadata) {
	head := b
	if i := bytes.Index(b, []byte("mdat")); i >= 0 {
		head = b[:i]
	}
	m.EXIF = bytes.Contains(head, []byte("infe")) && bytes.Contains(head, []byte("Exif"))
	if _, after, ok := bytes.Cut(b, []byte("<x:xmpmeta")); ok {
		m.XMP, _, _ = bytes.Cut(after, []byte("</x:xmpmeta>"))
	}
	return m
}
