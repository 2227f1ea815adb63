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

// jpegWalk is the state of parseJPEG.
type jpegWalk struct {
	Parsed
	exif     *exif // of the first block: others are leftovers of editors
	profile  jpegProfile
	scans    int
	coverage coverage
	restarts restarts
	adobe    []byte // the last of Adobe's segments, which counts
	adobeAt  int    // the place of the first one in keep
}

// parseJPEG walks the segments of a JPEG up to its end marker. Stray bytes between
// segments are left out, as libjpeg and browsers skip them, and a lost end marker is
// put back: the decoder judges whether the pixels are all there.
func parseJPEG(b []byte) (Parsed, error) {
	w := &jpegWalk{Parsed: Parsed{Info: Info{Format: JPEG, Orientation: 1}}}
	w.retain(b[:2])
	for pos := 2; ; {
		start, marker, body := nextSegment(b, pos)
		switch {
		case marker == markerEOI:
			w.retain(b[start : start+2])
			return w.end(true)
		case marker == 0 && w.scans > 0: // the file ends behind a scan
			w.retain([]byte{0xff, markerEOI})
			return w.end(false)
		case marker == 0:
			return w.Parsed, ErrCorrupt.With("the JPEG ends early")
		case marker == markerSOI:
			return w.Parsed, ErrCorrupt.With("JPEG marker %02x stands at byte %d", marker, start)
		case body == nil: // markers without a body, which are noise here
			pos = start + 2
			continue
		}
		pos = start + 4 + len(body)
		keep, err := w.segment(marker, body)
		if err != nil {
			return w.Parsed, err
		}
		if marker == markerSOS {
			data := pos
			pos = entropyEnd(b, pos)
			if n := w.restarts.wanted(body); n > 0 && restartsIn(b[data:pos]) < n {
				return w.Parsed, ErrCorrupt.With("the JPEG lacks some of its %d restart markers", n)
			}
			if sound := plainScan(body); !w.coverage.progressive && !bytes.Equal(sound, body) {
				w.retain(appendSegment(nil, markerSOS, sound))
				start = data
			}
		}
		if keep {
			w.retain(b[start:pos])
		}
	}
}

// nextSegment returns the next marker with its place and, unless it is one that
// stands alone, its body. The marker is 0 at the file's end, also when it lies
// within a segment.
func nextSegment(b []byte, pos int) (start int, marker byte, body []byte) {
	for {
		i := bytes.IndexByte(b[min(pos, len(b)):], 0xff)
		if i < 0 {
			return len(b), 0, nil
		}
		// Any number of fill bytes may stand before a marker.
		for pos += i; pos+1 < len(b) && b[pos+1] == 0xff; {
			pos++
		}
		if pos+1 >= len(b) {
			return len(b), 0, nil
		}
		if b[pos+1] != 0 {
			break
		}
		pos += 2
	}
	marker = b[pos+1]
	switch {
	case marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 || marker == markerSOI || marker == markerEOI:
		return pos, marker, nil
	}
	if pos+4 > len(b) {
		return len(b), 0, nil
	}
	n := int(binary.BigEndian.Uint16(b[pos+2:]))
	if n < 2 || pos+2+n > len(b) {
		return len(b), 0, nil
	}
	return pos, marker, b[pos+4 : pos+2+n : pos+2+n]
}

// segment reads one segment and says whether a decoder needs it.
func (w *jpegWalk) segment(marker byte, body []byte) (keep bool, err error) {
	switch {
	case marker == markerDRI && len(body) >= 2:
		w.restarts.interval = int(binary.BigEndian.Uint16(body))
		return true, nil
	case marker == markerDHT || marker == markerDQT || marker == markerDRI || marker == markerDAC:
		return true, nil
	case marker >= markerSOF0 && marker <= markerSOF15 && marker != markerJPG:
		if w.Info.Width != 0 {
			return false, ErrCorrupt.With("the JPEG has two frame headers")
		}
		w.coverage.frame(marker, body)
		if err := w.jpegFrame(marker, body); err != nil {
			return false, err
		}
		w.restarts.frame(body)
		return true, nil
	case marker == markerSOS:
		w.scans++
		if width, height := w.Info.Width, w.Info.Height; w.scans > maxScans || w.scans*width*height > maxScanPixels {
			return false, ErrUnsupported.With("the JPEG is made of %d scans or more; save it anew", w.scans)
		}
		if w.Info.Width == 0 {
			return false, ErrCorrupt.With("the JPEG's pixels come before its frame header")
		}
		w.coverage.scan(body)
		return true, nil
	case marker == markerAPP0 && bytes.HasPrefix(body, jpegJFIF):
		// A version that libjpeg doesn't know makes it warn, and it tells only its
		// first warning: that of lost pixels would not be seen.
		if major := len(jpegJFIF); len(body) <= major || body[major] != jfif[major] {
			w.retain(appendSegment(nil, markerAPP0, jfif))
			return false, nil
		}
		return true, nil
	case marker == markerAPP14 && bytes.HasPrefix(body, jpegAdobe) && len(body) >= adobeLength && w.scans == 0:
		if w.adobe == nil { // how many channels there are may come later
			w.adobeAt = len(w.keep)
			w.keep = append(w.keep, nil)
		}
		w.adobe = body[:adobeLength]
	case marker == markerAPP1 && bytes.HasPrefix(body, jpegEXIF[:5]) && len(body) > len(jpegEXIF) && w.scans == 0:
		if w.exif == nil {
			e := readEXIF(body[len(jpegEXIF):])
			w.exif = &e
		}
	case marker == markerAPP2 && bytes.HasPrefix(body, jpegICC) && w.scans == 0:
		return false, w.profile.take(body[len(jpegICC):])
	}
	return false, nil
}

// end judges the whole. marked says that the end marker was there.
func (w *jpegWalk) end(marked bool) (Parsed, error) {
	switch {
	case w.Info.Width == 0 || w.scans == 0:
		return w.Parsed, ErrCorrupt.With("the JPEG holds no picture")
	case w.Info.Depth != 8:
		return w.Parsed, ErrUnsupported.With("the JPEG has %d bits a channel; save it with 8", w.Info.Depth)
	case !w.coverage.started(), !marked && !w.coverage.complete():
		return w.Parsed, ErrCorrupt.With("the JPEG ends early")
	}
	if w.adobe != nil {
		w.keep[w.adobeAt] = appendSegment(nil, markerAPP14, knownTransform(w.adobe, w.Info.Channels))
	}
	if profile := w.profile.segments(); profile != nil {
		w.Info.HasProfile = true
		w.insert(2, profile)
	}
	if e := w.exif; e != nil {
		w.Info.orient(max(1, e.orientation))
		if e.adobeRGB && !w.Info.HasProfile && w.Info.Channels == 3 {
			w.insert(2, appendSegment(nil, markerAPP2, jpegICC, []byte{1, 1}, adobeRGBProfile()))
		}
	}
	return w.Parsed, nil
}

// jpegProfile is the profile's parts, ICC.1:2022 annex B.4.
type jpegProfile struct {
	parts   map[byte][]byte // by number, from 1
	count   byte            // that each part names
	size    int
	unsound bool
}

// take reads one part: its number, the count, and its data.
func (p *jpegProfile) take(part []byte) error {
	if p.size += len(part); p.size > maxProfileBytes {
		return ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
	}
	if p.parts == nil {
		p.parts = map[byte][]byte{}
	}
	if len(part) < 2 || part[0] < 1 || part[0] > part[1] || p.count != 0 && part[1] != p.count || p.parts[part[0]] != nil {
		p.unsound = true
		return nil
	}
	p.count = part[1]
	p.parts[part[0]] = part
	return nil
}

// segments returns the parts in their order; nil without a profile, and when a
// part is missing or there twice.
func (p *jpegProfile) segments() (out []byte) {
	if p.unsound || p.count == 0 || len(p.parts) != int(p.count) {
		return nil
	}
	for i := 1; i <= int(p.count); i++ {
		out = appendSegment(out, markerAPP2, jpegICC, p.parts[byte(i)])
	}
	return out
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
// next marker other than a restart or a stuffed zero, or the file's end.
func entropyEnd(b []byte, pos int) int {
	for {
		i := bytes.IndexByte(b[pos:], 0xff)
		if i < 0 {
			return len(b)
		}
		if pos += i; pos+1 >= len(b) {
			return pos
		}
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
