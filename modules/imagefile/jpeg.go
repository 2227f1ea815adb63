package imagefile

import (
	"bytes"
	"encoding/binary"
)

// JPEG markers, ITU-T T.81 table B.1.
const (
	markerSOF0  = 0xc0 // baseline
	markerSOF1  = 0xc1 // extended sequential
	markerSOF2  = 0xc2 // progressive
	markerDHT   = 0xc4
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerSOF15 = 0xcf
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP2  = 0xe2
	markerAPP14 = 0xee
	markerTEM   = 0x01
)

var (
	jpegMagic = []byte{0xff, markerSOI, 0xff}
	jpegEXIF  = []byte("Exif\x00\x00")
	jpegICC   = []byte("ICC_PROFILE\x00")
	jpegAdobe = []byte("Adobe")
	jpegJFIF  = []byte("JFIF\x00")
)

// A progressive picture is decoded once over for each scan, so a small file can
// cost hours. Encoders write about ten scans.
const (
	maxScans      = 100
	maxScanPixels = 32 * MaxPixels // scans times pixels
)

// parseJPEG walks the segments of a JPEG up to its end marker.
func parseJPEG(b []byte) (Parsed, error) {
	p := Parsed{Info: Info{Format: JPEG, Orientation: 1}}
	p.retain(b[:2])
	orientation, profile, scans := 1, 0, 0
	for pos := 2; ; {
		// Any number of fill bytes may stand before a marker.
		start := pos
		if pos >= len(b) || b[pos] != 0xff {
			return p, ErrCorrupt.With("a JPEG marker is missing at byte %d", pos)
		}
		for pos < len(b) && b[pos] == 0xff {
			pos++
		}
		if pos >= len(b) {
			return p, ErrCorrupt.With("the JPEG ends early")
		}
		marker := b[pos]
		pos++
		switch {
		case marker == markerEOI:
			switch {
			case p.Info.Width == 0 || scans == 0:
				return p, ErrCorrupt.With("the JPEG holds no picture")
			case p.Info.Depth != 8:
				return p, ErrUnsupported.With("the JPEG has %d bits a channel; save it with 8", p.Info.Depth)
			}
			p.retain(b[pos-2 : pos])
			p.Info.HasProfile = profile > 0
			p.Info.orient(orientation)
			return p, nil
		case marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 || marker == 0 || marker == markerSOI:
			return p, ErrCorrupt.With("JPEG marker %02x stands at byte %d", marker, start)
		}
		if pos+2 > len(b) {
			return p, ErrCorrupt.With("the JPEG ends early")
		}
		n := int(binary.BigEndian.Uint16(b[pos:]))
		if n < 2 || pos+n > len(b) {
			return p, ErrCorrupt.With("the JPEG ends early")
		}
		body := b[pos+2 : pos+n]
		pos += n
		keep := false
		switch {
		case marker == markerDHT || marker == markerDQT || marker == markerDRI || marker == markerDAC:
			keep = true
		case marker >= markerSOF0 && marker <= markerSOF15 && marker != markerJPG:
			if p.Info.Width != 0 {
				return p, ErrCorrupt.With("the JPEG has two frame headers")
			}
			if err := p.jpegFrame(marker, body); err != nil {
				return p, err
			}
			keep = true
		case marker == markerSOS:
			scans++
			if w, h := p.Info.Width, p.Info.Height; scans > maxScans || scans*w*h > maxScanPixels {
				return p, ErrUnsupported.With("the JPEG is made of %d scans or more; save it anew", scans)
			}
			if p.Info.Width == 0 {
				return p, ErrCorrupt.With("the JPEG's pixels come before its frame header")
			}
			end := entropyEnd(b, pos)
			if end < 0 {
				return p, ErrCorrupt.With("the JPEG ends early")
			}
			pos = end
			keep = true
		case marker == markerAPP0:
			keep = bytes.HasPrefix(body, jpegJFIF)
		case marker == markerAPP14:
			keep = bytes.HasPrefix(body, jpegAdobe)
		case marker == markerAPP1 && bytes.HasPrefix(body, jpegEXIF):
			if o := exifOrientation(body[len(jpegEXIF):]); o != 0 {
				orientation = o
			}
		case marker == markerAPP2 && bytes.HasPrefix(body, jpegICC):
			if profile += len(body); profile > maxProfileBytes {
				return p, ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
			}
			keep = true
		}
		if keep {
			p.retain(b[start:pos])
		}
	}
}

// jpegFrame reads a frame header, T.81 B.2.2.
func (p *Parsed) jpegFrame(marker byte, body []byte) error {
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2:
	default:
		return ErrUnsupported.With("this is a lossless, hierarchical or arithmetic-coded JPEG; save it as baseline JPEG")
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return ErrCorrupt.With("its frame header is cut off")
	}
	h, w := uint64(binary.BigEndian.Uint16(body[1:])), uint64(binary.BigEndian.Uint16(body[3:]))
	if err := checkSize(w, h); err != nil {
		return err
	}
	switch body[5] {
	case 1, 3, 4:
	default:
		return ErrUnsupported.With("the JPEG has %d channels; save it as RGB, grey or CMYK", body[5])
	}
	p.Info.Width, p.Info.Height = int(w), int(h)
	p.Info.Depth, p.Info.Channels = int(body[0]), int(body[5])
	return nil
}

// entropyEnd returns where the entropy-coded data that starts at pos ends: the
// next marker that is no restart and no stuffed zero. -1 when there is none.
func entropyEnd(b []byte, pos int) int {
	for {
		i := bytes.IndexByte(b[pos:], 0xff)
		if i < 0 || pos+i+1 >= len(b) {
			return -1
		}
		pos += i
		switch next := b[pos+1]; {
		case next == 0xff:
			pos++
		case next == 0 || next >= markerRST0 && next <= markerRST7:
			pos += 2
		default:
			return pos
		}
	}
}
