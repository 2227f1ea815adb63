package imagefile

import "encoding/binary"

// exif is what counts of an EXIF block.
type exif struct {
	orientation int  // 1..8; 0 when there is none that makes sense
	adobeRGB    bool // the pixels are Adobe RGB by the DCF rule
}

// Tags, EXIF 2.32 sections 4.6.4 and 4.6.5, and DCF 2.0 section 5.4 for the
// interoperability index.
const (
	tagOrientation      = 0x0112
	tagExifIFD          = 0x8769
	tagColourSpace      = 0xa001
	tagInteroperability = 0xa005
	tagInteropIndex     = 0x0001

	colourSpaceSRGB         = 1
	colourSpaceAdobe        = 2 // not of the standard; some cameras write it
	colourSpaceUncalibrated = 0xffff
)

// readEXIF reads a TIFF block. Whatever is broken in it does not cost the
// picture.
func readEXIF(b []byte) (e exif) {
	t, ok := openTIFF(b)
	if !ok {
		return e
	}
	first := t.directory(t.start)
	if o, ok := first.integer(tagOrientation); ok && o >= 1 && o <= 8 {
		e.orientation = int(o)
	}
	details, ok := first.integer(tagExifIFD)
	if !ok {
		return e
	}
	exifIFD := t.directory(details)
	space, ok := exifIFD.integer(tagColourSpace)
	if !ok {
		space = colourSpaceUncalibrated
	}
	index := ""
	if at, ok := exifIFD.integer(tagInteroperability); ok {
		index = t.directory(at).ascii(tagInteropIndex)
	}
	e.adobeRGB = space == colourSpaceAdobe || space != colourSpaceSRGB && index == "R03"
	return e
}

// tiff is a TIFF structure: EXIF's block and TIFF files alike.
type tiff struct {
	b     []byte
	order binary.ByteOrder
	start uint64 // of the first directory
}

// openTIFF reads the header, TIFF 6.0 section 2.
func openTIFF(b []byte) (t tiff, ok bool) {
	const header = 8
	if len(b) < header {
		return t, false
	}
	t.b = b
	switch string(b[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return t, false
	}
	t.start = uint64(t.order.Uint32(b[4:]))
	return t, true
}

// directory is an image file directory.
type directory struct {
	tiff
	entries []byte // 12 bytes each, cut where the block ends
	next    uint64 // where the next one begins; 0 at the end
}

const tiffEntry = 12

// directory returns the one at an offset, empty when there is none.
func (t tiff) directory(at uint64) (d directory) {
	d.tiff = t
	if at == 0 || at+2 > uint64(len(t.b)) {
		return d
	}
	n := uint64(t.order.Uint16(t.b[at:]))
	from := at + 2
	to := from + n*tiffEntry
	if to+4 <= uint64(len(t.b)) {
		d.next = uint64(t.order.Uint32(t.b[to:]))
	}
	d.entries = t.b[from:min(to, uint64(len(t.b)))]
	return d
}

// field returns the entry of a tag: its type, its count, and its values' bytes
// where they lie within the block, nil otherwise.
func (d directory) field(tag uint16) (kind uint16, count uint64, value []byte) {
	for e := d.entries; len(e) >= tiffEntry; e = e[tiffEntry:] {
		if d.order.Uint16(e) != tag {
			continue
		}
		kind, count = d.order.Uint16(e[2:]), uint64(d.order.Uint32(e[4:]))
		size := count * tiffTypeSize(kind)
		if size <= 4 {
			return kind, count, e[8 : 8+size]
		}
		if at := uint64(d.order.Uint32(e[8:])); at+size <= uint64(len(d.b)) {
			return kind, count, d.b[at : at+size]
		}
		return kind, count, nil
	}
	return 0, 0, nil
}

func tiffTypeSize(kind uint16) uint64 {
	const (
		typeByte, typeASCII, typeShort, typeLong, typeRational      = 1, 2, 3, 4, 5
		typeSByte, typeUndefined, typeSShort, typeSLong, typeIFDPtr = 6, 7, 8, 9, 13
	)
	switch kind {
	case typeByte, typeASCII, typeSByte, typeUndefined:
		return 1
	case typeShort, typeSShort:
		return 2
	case typeLong, typeSLong, typeIFDPtr:
		return 4
	case typeRational:
		return 8
	}
	return 0
}

// integer returns a tag's first value. Phones and editors write the same tag as
// a byte, a short or a long, so each of them is taken.
func (d directory) integer(tag uint16) (v uint64, ok bool) {
	all := d.integers(tag, 1)
	if len(all) == 0 {
		return 0, false
	}
	return all[0], true
}

// integers returns at most n of a tag's values.
func (d directory) integers(tag uint16, n uint64) (out []uint64) {
	kind, count, b := d.field(tag)
	size := tiffTypeSize(kind)
	if size == 0 || size == 8 || kind == 2 {
		return nil
	}
	for i := uint64(0); i < min(count, n) && uint64(len(b)) >= (i+1)*size; i++ {
		switch v := b[i*size:]; size {
		case 1:
			out = append(out, uint64(v[0]))
		case 2:
			out = append(out, uint64(d.order.Uint16(v)))
		default:
			out = append(out, uint64(d.order.Uint32(v)))
		}
	}
	return out
}

// ascii returns a tag's text up to its first zero.
func (d directory) ascii(tag uint16) string {
	_, _, b := d.field(tag)
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
