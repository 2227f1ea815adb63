// Package provenance says what a file states of its making, and what a picture made
// of it has to state: marks of generated pictures and rights are kept.
package provenance

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

// The limits of what is read: larger packets are history, longer values are not names.
const (
	maxXMP   = 1 << 20
	maxValue = 2000     // characters
	maxList  = 20       // of creators
	maxText  = 16 << 10 // bytes of all values
)

// vocabulary is the address before IPTC's digital source types.
const vocabulary = "http://cv.iptc.org/newscodes/digitalsourcetype/"

// readStatements returns what a photo states of its making and its rights, in XMP and in
// IPTC's older records; nil when it states nothing. Malformed parts are passed over. No
// place, serial number or device name is read.
func readStatements(s imagefile.Statements) *picture.Marks {
	m := picture.Marks{C2PA: s.C2PA}
	if s.Deflated {
		s.XMP = imagefile.Inflate(s.XMP)
	}
	if len(s.XMP) > 0 && len(s.XMP) <= maxXMP {
		readXMP(&m, s.XMP)
	}
	for _, name := range s.Sources {
		put(&m, "DigitalSourceType", name)
	}
	for _, block := range s.IPTC {
		readRecords(&m, block)
	}
	for _, block := range s.Adobe {
		readResources(&m, block)
	}
	if m.Empty() {
		return nil
	}
	return &m
}

// readXMP collects properties by their local names, which are the same whatever
// prefix a program gives to the namespace.
func readXMP(m *picture.Marks, xmp []byte) {
	xmp = bytes.TrimSpace(bytes.TrimRight(xmp, "\x00"))
	if !bytes.HasPrefix(xmp, []byte("<")) { // the inside of its outermost element
		xmp = slices.Concat([]byte("<x:xmpmeta "), xmp, []byte("</x:xmpmeta>"))
	}
	d := xml.NewDecoder(bytes.NewReader(xmp))
	d.Strict = false
	d.CharsetReader = nil // XMP in files is UTF-8
	var open []string
	for {
		t, err := d.Token()
		if err != nil {
			return
		}
		switch t := t.(type) {
		case xml.StartElement:
			open = append(open, t.Name.Local)
			for _, a := range t.Attr {
				name := a.Name.Local
				if name == "resource" { // <Iptc4xmpExt:DigitalSourceType rdf:resource="..."/>
					name = t.Name.Local
				}
				put(m, name, a.Value)
			}
		case xml.EndElement:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			for i := len(open) - 1; i >= 0; i-- {
				if !slices.Contains([]string{"li", "Seq", "Alt", "Bag", "Description"}, open[i]) {
					put(m, open[i], string(t))
					break
				}
			}
		}
	}
}

// sourceType is what a source type may be made of: it is written again as it stands.
var sourceType = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9:/._#-]{0,199}$`) })

// put takes one property.
func put(m *picture.Marks, name, value string) {
	if value = clean(value); value == "" || size(m)+len(value) > maxText {
		return
	}
	first := func(into *string) {
		if *into == "" {
			*into = value
		}
	}
	switch name {
	case "DigitalSourceType":
		if value = strings.TrimPrefix(strings.Replace(value, "https://cv.iptc.org", "http://cv.iptc.org", 1), vocabulary); sourceType().MatchString(value) {
			m.SourceType = stronger(m.SourceType, value)
		}
	case "creator":
		if len(m.Creators) < maxList && !slices.Contains(m.Creators, value) {
			m.Creators = append(m.Creators, value)
		}
	case "rights":
		first(&m.Copyright)
	case "Credit":
		first(&m.Credit)
	case "WebStatement":
		first(&m.WebStatement)
	case "LicensorName":
		first(&m.Licensor)
	case "LicensorURL":
		first(&m.LicensorURL)
	}
}

// size returns the bytes of all values.
func size(m *picture.Marks) (n int) {
	for _, v := range append([]string{m.SourceType, m.Copyright, m.Credit, m.WebStatement, m.Licensor, m.LicensorURL}, m.Creators...) {
		n += len(v)
	}
	return n
}

// clean makes a value fit to be written again.
func clean(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
	if n := 0; utf8.RuneCountInString(s) > maxValue {
		for i := range s {
			if n++; n > maxValue {
				return s[:i]
			}
		}
	}
	return s
}

// readResources looks for IPTC's records among Photoshop's image resources.
func readResources(m *picture.Marks, b []byte) {
	const iptc = 0x0404
	for len(b) >= 12 && string(b[:4]) == "8BIM" {
		id := binary.BigEndian.Uint16(b[4:])
		name := 1 + int(b[6])
		at := 6 + name + name%2
		if at+4 > len(b) {
			return
		}
		n := int64(binary.BigEndian.Uint32(b[at:]))
		at += 4
		if n > int64(len(b)-at) {
			return
		}
		if id == iptc {
			readRecords(m, b[at:at+int(n)])
		}
		at += int(n + n%2)
		b = b[min(at, len(b)):]
	}
}

func readRecords(m *picture.Marks, b []byte) {
	const record, byline, credit, copyright = 2, 80, 110, 116
	for len(b) >= 5 && b[0] == 0x1c {
		n := int(binary.BigEndian.Uint16(b[3:]))
		if n > len(b)-5 { // longer ones state their length otherwise, and are not names
			return
		}
		if value := iptcText(b[5 : 5+n]); b[1] == record {
			switch b[2] {
			case byline:
				put(m, "creator", value)
			case credit:
				put(m, "Credit", value)
			case copyright:
				put(m, "rights", value)
			}
		}
		b = b[5+n:]
	}
}

// iptcText reads a record's text. Records that state no character set are in Latin-1 as
// often as in UTF-8, and one can hardly be taken for the other.
func iptcText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
