package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"
)

// Metadata is what a finished file holds beside its pixels.
type Metadata struct {
	EXIF bool   // a block is there
	XMP  []byte // the packet, nil without one
	// Sources are the digital source types that content credentials name, as Statements has them.
	Sources []string
}

// ReadMetadata walks the file's own structure; a malformed part ends the walk.
func ReadMetadata(f Format, file []byte) Metadata {
	s := ReadStatements(f, file)
	m := Metadata{EXIF: s.EXIF, XMP: s.XMP, Sources: s.Sources}
	if s.Deflated {
		m.XMP = Inflate(s.XMP)
	}
	return m
}

// Statements are the parts of a file that state something of the picture, as they
// stand in it: none of them is read here, so that a confined process can do it.
type Statements struct {
	EXIF     bool     // a block is there
	XMP      []byte   // the first packet, nil without one
	Deflated bool     // XMP is compressed: see Inflate
	IPTC     [][]byte // blocks of IIM records
	Adobe    [][]byte // blocks of Photoshop's image resources, which may hold IIM records
	C2PA     bool     // a manifest of content credentials is there
	Sources  []string // the digital source types that it names, of the picture and of its ingredients, without the vocabulary's address
}

// credentials notes a manifest, or a part of one. Its assertions are CBOR, in which an
// address stands as it is written; who signed it is not looked at.
func (s *Statements) credentials(manifest []byte) {
	const vocabulary, longest = "cv.iptc.org/newscodes/digitalsourcetype/", 60
	s.C2PA = true
	for len(s.Sources) < maxBlocks {
		_, rest, ok := bytes.Cut(manifest, []byte(vocabulary))
		if !ok {
			return
		}
		n := 0
		for n < len(rest) && n < longest && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z') {
			n++
		}
		if name := string(rest[:n]); n > 0 && !slices.Contains(s.Sources, name) {
			s.Sources = append(s.Sources, name)
		}
		manifest = rest
	}
}

// maxBlocks bounds how many blocks of a kind are looked at.
const maxBlocks = 16

// ReadStatements walks the file's own structure; a malformed part ends the walk.
func ReadStatements(f Format, file []byte) Statements {
	switch f {
	case JPEG:
		return jpegStatements(file)
	case PNG:
		return pngStatements(file)
	case WebP:
		return webpStatements(file)
	case TIFF:
		return tiffStatements(file)
	}
	return heifStatements(file)
}

const (
	jpegXMP       = "http://ns.adobe.com/xap/1.0/\x00"
	jpegPhotoshop = "Photoshop 3.0\x00"
	pngXMP        = "XML:com.adobe.xmp\x00"
)

// jpegStatements reads the segments before the picture's data (ITU T.81, B.1.1.4):
// XMP in APP1, Photoshop's block in APP13 (IIM 4.2), a manifest as JUMBF in APP11.
func jpegStatements(b []byte) (s Statements) {
	const app11, app13 = 0xeb, 0xed
	for pos := 2; ; {
		start, marker, body := nextSegment(b, pos)
		switch {
		case marker == 0 || marker == markerEOI || marker == markerSOS:
			return s
		case body == nil: // stands alone
			pos = start + 2
			continue
		}
		pos = start + 4 + len(body)
		switch marker {
		case markerAPP1:
			s.EXIF = s.EXIF || bytes.HasPrefix(body, jpegEXIF)
			if xmp, ok := bytes.CutPrefix(body, []byte(jpegXMP)); ok && s.XMP == nil {
				s.XMP = xmp
			}
		case app11:
			if s.C2PA || bytes.Contains(body, []byte("c2pa")) { // one box may take several segments
				s.credentials(body)
			}
		case app13:
			if block, ok := bytes.CutPrefix(body, []byte(jpegPhotoshop)); ok && len(s.Adobe) < maxBlocks {
				s.Adobe = append(s.Adobe, block)
			}
		}
	}
}

// pngStatements reads the chunks (PNG specification, third edition, 5.3).
func pngStatements(b []byte) (s Statements) {
	const signature, overhead = 8, 12
	for b = b[min(signature, len(b)):]; len(b) >= overhead; {
		n := int64(binary.BigEndian.Uint32(b))
		if n+overhead > int64(len(b)) {
			return s
		}
		body := b[8 : 8+n]
		switch string(b[4:8]) {
		case "eXIf":
			s.EXIF = true
		case "caBX":
			s.credentials(body)
		case "iTXt":
			if text, ok := bytes.CutPrefix(body, []byte(pngXMP)); ok && s.XMP == nil {
				s.XMP, s.Deflated = internationalText(text)
			}
		}
		b = b[n+overhead:]
	}
	return s
}

// internationalText returns the text of an iTXt chunk, given what follows its
// keyword: compression flag and method, language, translated keyword, text (PNG
// specification, third edition, 11.3.3.4). nil when it is not well formed.
func internationalText(b []byte) (text []byte, deflated bool) {
	if len(b) < 2 {
		return nil, false
	}
	deflated = b[0] == 1
	b = b[2:]
	for range 2 {
		_, rest, ok := bytes.Cut(b, []byte{0})
		if !ok {
			return nil, false
		}
		b = rest
	}
	return b, deflated
}

// Inflate returns a compressed packet's text, cut at 1 MB; nil when it is damaged.
func Inflate(b []byte) []byte {
	const maxText = 1 << 20
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

// webpStatements reads the chunks (RFC 9649, 2.3).
func webpStatements(b []byte) (s Statements) {
	const header, chunkHeader = 12, 8
	for b = b[min(header, len(b)):]; len(b) >= chunkHeader; {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		end := chunkHeader + n + n&1
		if chunkHeader+n > int64(len(b)) {
			return s
		}
		switch string(b[:4]) {
		case "EXIF":
			s.EXIF = true
		case "C2PA":
			s.credentials(b[chunkHeader : chunkHeader+n])
		case "XMP ":
			if s.XMP == nil {
				s.XMP = b[chunkHeader : chunkHeader+n]
			}
		}
		b = b[min(end, int64(len(b))):]
	}
	return s
}

// tiffStatements reads the tags of the first directory: XMP (part 3 of its
// specification, 2.2), IIM records and Photoshop's resources.
func tiffStatements(b []byte) (s Statements) {
	const tagXMP, tagIPTC, tagAdobe, tagC2PA = 700, 33723, 34377, 52545
	t, ok := openTIFF(b)
	if !ok {
		return s
	}
	d := t.directory(t.start)
	_, n, _ := d.field(tagExifIFD)
	s.EXIF = n > 0
	if _, n, manifest := d.field(tagC2PA); n > 0 {
		s.credentials(manifest)
	}
	_, _, s.XMP = d.field(tagXMP)
	if _, _, block := d.field(tagIPTC); block != nil {
		s.IPTC = append(s.IPTC, block)
	}
	if _, _, block := d.field(tagAdobe); block != nil {
		s.Adobe = append(s.Adobe, block)
	}
	return s
}

// heifStatements looks for the items by their marks: an Exif item is declared by
// its type, and XMP is text.
func heifStatements(b []byte) (s Statements) {
	head := b
	if i := bytes.Index(b, []byte("mdat")); i >= 0 {
		head = b[:i]
	}
	s.EXIF = bytes.Contains(head, []byte("infe")) && bytes.Contains(head, []byte("Exif"))
	if i := bytes.Index(b, []byte("c2pa.manifest")); i >= 0 {
		s.credentials(b[i:])
	}
	for _, element := range []string{"x:xmpmeta", "rdf:RDF"} { // the outer one may be left out
		start := bytes.Index(b, []byte("<"+element))
		if start < 0 {
			continue
		}
		end := []byte("</" + element + ">")
		if n := bytes.Index(b[start:], end); n >= 0 {
			s.XMP = b[start : start+n+len(end)]
		} else {
			s.XMP = b[start:]
		}
		return s
	}
	return s
}
