package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
)

var pngMagic = []byte("\x89PNG\r\n\x1a\n")

// PNG colour types, PNG 3rd edition section 11.2.1.
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

// pngWalk is the state of parsePNG.
type pngWalk struct {
	Parsed
	exif      *exif // of the first chunk
	data      bool  // a chunk of pixels was there
	palette   []byte
	profile   bool
	srgb      bool
	coded     []byte // cICP
	gamma     float64
	primaries *gamut
	frames    uint32 // of an animation
	falseSums int
	grey      bool
}

// maxFalseSums bounds the chunks whose false sums are put right: each costs a few parts of
// what is kept, and a program that writes them false writes one or all of a picture's few.
const maxFalseSums = 4096

// ancillary is the bit of a kind's first letter by which a chunk may be left out: it is small.
const ancillary = 0x20

const pngOverhead = 4 + 4 + 4 // length, type, sum

// parsePNG walks the chunks of a PNG up to IEND. A file that ends behind its
// pixels is completed; the decoder judges whether they are all there.
func parsePNG(b []byte) (Parsed, error) {
	w := &pngWalk{Parsed: Parsed{Info: Info{Format: PNG, Orientation: 1}}}
	w.retain(b[:len(pngMagic)])
	for pos := len(pngMagic); ; {
		rest := b[pos:]
		n := uint64(0)
		if len(rest) >= pngOverhead {
			n = uint64(binary.BigEndian.Uint32(rest))
		}
		if len(rest) < pngOverhead || n > uint64(len(rest)-pngOverhead) {
			if w.Info.Width == 0 || !w.data && !bytes.HasPrefix(rest[min(4, len(rest)):], []byte("IDAT")) {
				return w.Parsed, ErrCorrupt.With("the PNG ends early")
			}
			w.cutOff(rest)
			return w.end()
		}
		chunk := rest[:n+pngOverhead]
		pos += len(chunk)
		keep, err := w.chunk(string(chunk[4:8]), chunk)
		if err != nil {
			return w.Parsed, err
		}
		if keep {
			if err := w.retainChunk(chunk); err != nil {
				return w.Parsed, err
			}
		}
		if string(chunk[4:8]) == "IEND" {
			return w.end()
		}
	}
}

// retainChunk keeps a chunk. The sum over one of pixels is put right: they have a sum of
// their own, within the compressed data, and that one tells whether they are sound.
func (w *pngWalk) retainChunk(chunk []byte) error {
	end := len(chunk) - 4
	kind := string(chunk[4:8])
	if sum := crc32.ChecksumIEEE(chunk[4:end]); (kind == "IDAT" || kind == "IEND") && sum != binary.BigEndian.Uint32(chunk[end:]) {
		if w.falseSums++; w.falseSums > maxFalseSums {
			return ErrCorrupt.With("more than %d chunks have a false sum", maxFalseSums)
		}
		w.retain(chunk[:end])
		w.retain(binary.BigEndian.AppendUint32(nil, sum))
		return nil
	}
	w.retain(chunk)
	return nil
}

// cutOff keeps what is left of a chunk of pixels that the file's end cuts off,
// and ends the picture behind it.
func (w *pngWalk) cutOff(rest []byte) {
	const head = 8
	if len(rest) > head && string(rest[4:head]) == "IDAT" {
		body := rest[head:]
		if n := uint64(binary.BigEndian.Uint32(rest)); uint64(len(body)) > n {
			body = body[:n] // a part of the sum is left
		}
		w.retain(pngChunk("IDAT", body))
		w.data = true
	}
	w.retain(pngChunk("IEND", nil))
}

// chunk reads one chunk and says whether a decoder needs it.
func (w *pngWalk) chunk(kind string, chunk []byte) (keep bool, err error) {
	body := chunk[8 : len(chunk)-4]
	if kind == "CgBI" { // it stands before the header, and the pixels are packed otherwise
		return false, ErrUnsupported.With("this is a PNG as iPhones' programs hold it; save it anew")
	}
	if (w.Info.Width == 0) != (kind == "IHDR") {
		return false, ErrCorrupt.With("its header chunk is missing, or there twice")
	}
	switch kind {
	case "IHDR":
		err := w.pngHeader(chunk, body)
		w.grey = w.Info.Channels == 1
		return true, err
	case "PLTE":
		if w.palette != nil && !bytes.Equal(w.palette, body) {
			return false, ErrCorrupt.With("the PNG has two palettes")
		}
		keep, w.palette = w.palette == nil, body
		return keep, nil
	case "IDAT":
		w.data = true
		return true, nil
	case "IEND":
		return true, nil
	}
	if kind[0]&ancillary == 0 {
		return false, ErrUnsupported.With("the PNG can't be shown without its part %s, which is not known; save it anew", strconv.Quote(kind))
	}
	// A damaged chunk that holds no pixels is ignored; the picture is still
	// taken. Chunks of colour stand before the pixels.
	if w.data && kind != "eXIf" || crc32.ChecksumIEEE(chunk[4:len(chunk)-4]) != binary.BigEndian.Uint32(chunk[len(chunk)-4:]) {
		return false, nil
	}
	switch kind {
	case "acTL": // behind the pixels it means nothing
		if len(body) >= 4 {
			w.frames = binary.BigEndian.Uint32(body)
		}
	case "tRNS":
		w.Info.HasAlpha = true
		return true, nil
	case "iCCP":
		if w.profile {
			return false, nil
		}
		w.profile, err = soundPNGProfile(body)
		return w.profile, err
	case "sRGB":
		w.srgb = true
	case "cICP":
		if len(body) == 4 && w.coded == nil {
			w.coded = body
		}
	case "gAMA":
		const scale = 100_000
		if len(body) == 4 && w.gamma == 0 {
			if v := binary.BigEndian.Uint32(body); v > 0 {
				w.gamma = scale / float64(v)
			}
		}
	case "cHRM":
		if g, ok := pngChromaticities(body); ok && w.primaries == nil {
			w.primaries = &g
		}
	case "eXIf":
		if w.exif == nil {
			e := readEXIF(bytes.TrimPrefix(body, jpegEXIF))
			w.exif = &e
		}
	}
	return false, nil
}

// end judges the whole and chooses the colours: cICP counts before iCCP, iCCP
// before sRGB, and sRGB before gAMA with cHRM (PNG, third edition, 4.3).
func (w *pngWalk) end() (Parsed, error) {
	switch {
	case w.frames > 1: // a single one doesn't move; where it stands apart the still picture counts
		return w.Parsed, ErrAnimated.With("this is an animated PNG")
	case !w.data:
		return w.Parsed, ErrCorrupt.With("the PNG holds no pixels")
	}
	w.Info.HasProfile = w.profile
	if w.exif != nil {
		w.Info.orient(max(1, w.exif.orientation))
	}
	var made []byte
	switch {
	case w.coded != nil:
		made = codedProfile(w.coded[0], w.coded[1], w.coded[2], w.coded[3], w.grey)
		if w.profile { // the decoder is to see one profile
			w.dropProfile()
		}
	case !w.profile && !w.srgb && (w.gamma != 0 || w.primaries != nil):
		made = gammaProfile(w.gamma, w.primaries, w.grey)
	}
	if made != nil {
		w.insert(len(pngMagic)+pngOverhead+13, pngChunk("iCCP", deflated("made\x00\x00", made)))
	}
	return w.Parsed, nil
}

// dropProfile takes the profile out of what is kept.
func (w *pngWalk) dropProfile() {
	for i, part := range w.keep {
		at := 0
		if i == 0 {
			at = len(pngMagic)
		}
		for at+pngOverhead <= len(part) {
			n := int(binary.BigEndian.Uint32(part[at:])) + pngOverhead
			if string(part[at+4:at+8]) == "iCCP" {
				w.keep = slices.Replace(w.keep, i, i+1, part[:at:at], part[at+n:])
				return
			}
			at += n
		}
	}
}

// pngChromaticities reads cHRM: white, red, green, blue, in 100,000ths.
func pngChromaticities(body []byte) (g gamut, ok bool) {
	const scale = 100_000
	if len(body) != 32 {
		return g, false
	}
	for i, c := range []*xy{&g.white, &g.red, &g.green, &g.blue} {
		c.x = float64(binary.BigEndian.Uint32(body[8*i:])) / scale
		c.y = float64(binary.BigEndian.Uint32(body[8*i+4:])) / scale
	}
	_, ok = g.toD50()
	return g, ok
}

// pngChunk returns a chunk.
func pngChunk(kind string, body []byte) []byte {
	var b bytes.Buffer
	writeChunk(&b, kind, body)
	return b.Bytes()
}

// deflated returns head and the compressed data.
func deflated(head string, data []byte) []byte {
	b := bytes.NewBufferString(head)
	z := zlib.NewWriter(b)
	_, _ = z.Write(data) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}

// pngHeader reads IHDR.
func (p *Parsed) pngHeader(chunk, body []byte) error {
	if len(body) != 13 || crc32.ChecksumIEEE(chunk[4:len(chunk)-4]) != binary.BigEndian.Uint32(chunk[len(chunk)-4:]) {
		return ErrCorrupt.With("its header chunk is damaged")
	}
	w, h := uint64(binary.BigEndian.Uint32(body)), uint64(binary.BigEndian.Uint32(body[4:]))
	if err := checkSize(w, h); err != nil {
		return err
	}
	depth, colour := int(body[8]), body[9]
	allowed := map[byte]string{pngGrey: "\x01\x02\x04\x08\x10", pngRGB: "\x08\x10", pngPalette: "\x01\x02\x04\x08", pngGreyAlpha: "\x08\x10", pngRGBA: "\x08\x10"}[colour]
	if bytes.IndexByte([]byte(allowed), byte(depth)) < 0 || body[10] != 0 || body[11] != 0 || body[12] > 1 {
		return ErrCorrupt.With("its header says colour type %d with %d bits", colour, depth)
	}
	p.Info.Width, p.Info.Height, p.Info.Depth = int(w), int(h), depth
	p.Info.HasAlpha = colour == pngGreyAlpha || colour == pngRGBA
	p.Info.Channels = 3
	if colour == pngGrey || colour == pngGreyAlpha {
		p.Info.Channels = 1
	}
	return nil
}

// soundPNGProfile reports whether an iCCP chunk can be used. It decompresses it
// and throws the result away: a few bytes can unfold to gigabytes, which is an
// error.
func soundPNGProfile(body []byte) (bool, error) {
	const maxName = 79
	i := bytes.IndexByte(body[:min(len(body), maxName+1)], 0)
	if i < 1 || i+2 > len(body) || body[i+1] != 0 {
		return false, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body[i+2:]))
	if err != nil {
		return false, nil
	}
	n, err := io.CopyN(io.Discard, z, maxProfileBytes+1)
	if n > maxProfileBytes {
		return false, ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
	}
	return errors.Is(err, io.EOF), nil
}
