package imagefile

import "encoding/binary"

// exifOrientation reads tag 0x0112 from the first directory of a TIFF block,
// EXIF 2.32 section 4.6. It returns 1..8, or 0 when there is none that makes
// sense: a broken EXIF block does not cost the picture.
func exifOrientation(b []byte) int {
	const (
		header         = 8
		entry          = 12
		tagOrientation = 0x0112
		typeShort      = 3
	)
	if len(b) < header {
		return 0
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 0
	}
	n := int(order.Uint16(b[at:]))
	entries := b[at+2:]
	for i := 0; i < n && len(entries) >= entry; i++ {
		if order.Uint16(entries) == tagOrientation {
			o := int(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != typeShort || o < 1 || o > 8 {
				return 0
			}
			return o
		}
		entries = entries[entry:]
	}
	return 0
}
