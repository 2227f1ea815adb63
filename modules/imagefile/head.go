package imagefile

import (
	"encoding/binary"
	"errors"
)

// HeadBytes is how much of a file InspectHead is given first. It holds the header
// of nearly every picture; a phone's JPEG with a preview and a depth map in front of
// its frame header needs more.
const HeadBytes = 256 << 10

// InspectHead judges a picture from outside by its first bytes, without the rest.
// size is the size of the whole file. more asks for a longer head: this one ends before
// the picture's size is known. A file that passes may still be damaged further on,
// which its decoder finds.
//
// Errors: those of Inspect.
func InspectHead(head []byte, size int64) (more bool, err error) {
	switch {
	case size > MaxBytes:
		return false, ErrTooLarge.With("it has %.1f MB", float64(size)/1e6)
	case int64(len(head)) >= size:
		_, err := Inspect(head)
		return false, err
	case isWebP(head):
		if head, err = wholeWebP(head, size); err != nil {
			return false, err
		}
	}
	p, err := parse(head)
	switch {
	case err == nil, p.Info.Width != 0 && errors.Is(err, ErrCorrupt): // the end is missing because it was not given
		return false, refuseHidden(head, p.Info.Format)
	case p.Info.Format != PNG && p.Info.Format != WebP && errors.Is(err, ErrCorrupt): // their sizes come first
		return true, nil
	}
	return false, err
}

// wholeWebP makes a WebP that ends where its head does, so that its last chunk's
// header can be read. The container says its own size, which must fit the file's.
func wholeWebP(head []byte, size int64) ([]byte, error) {
	if said := int64(binary.LittleEndian.Uint32(head[4:])) + 8; said > size {
		return nil, ErrCorrupt.With("the WebP ends early")
	}
	b := append([]byte{}, head...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	for pos := uint64(riffHeader); pos+8 <= uint64(len(b)); {
		n := uint64(binary.LittleEndian.Uint32(b[pos+4:]))
		if left := uint64(len(b)) - pos - 8; n > left {
			binary.LittleEndian.PutUint32(b[pos+4:], uint32(left))
			return b, nil
		}
		pos += 8 + n + n&1
	}
	return b, nil
}
