package imagefile

import (
	"bytes"
	"slices"
)

// TIFF's tags, TIFF 6.0 section 8 and what came later.
const (
	tagSubfile        = 254
	tagWidth          = 256
	tagHeight         = 257
	tagBits           = 258
	tagCompression    = 259
	tagPhotometric    = 262
	tagTIFFOrient     = 274
	tagSamples        = 277
	tagTileWidth      = 322
	tagTileHeight     = 323
	tagSubIFDs        = 330
	tagSampleFormat   = 339
	tagICC            = 34675
	tagDNGVersion     = 50706
	maxTile           = 1 << 24 // pixels
	maxTIFFPages      = 64      // looked at
	maxSamples        = 5
	reducedResolution = 1
)

func isTIFF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("II*\x00")) || bytes.HasPrefix(b, []byte("MM\x00*"))
}

// parseTIFF reads a TIFF's directories. A decoder gets it whole, since its parts
// are found by their places. Cameras' raw files are TIFFs in name.
func parseTIFF(b []byte) (Parsed, error) {
	p := Parsed{Info: Info{Format: TIFF, Orientation: 1}}
	t, ok := openTIFF(b)
	if !ok {
		return p, ErrCorrupt.With("its header is cut off")
	}
	d := t.directory(t.start)
	if len(d.entries) == 0 {
		return p, ErrCorrupt.With("it holds no picture")
	}
	if isRaw(d) {
		return p, ErrUnsupported.With("this is camera raw; %s", advice["camera raw"])
	}
	if !d.sound() {
		return p, ErrCorrupt.With("a part of its directory lies outside the file")
	}
	if err := onePage(t, d); err != nil {
		return p, err
	}
	w, _ := d.integer(tagWidth)
	h, _ := d.integer(tagHeight)
	if err := checkSize(w, h); err != nil {
		return p, err
	}
	p.Info.Width, p.Info.Height = int(w), int(h)
	if err := p.tiffSamples(d); err != nil {
		return p, err
	}
	if tw, tiled := d.integer(tagTileWidth); tiled {
		if th, _ := d.integer(tagTileHeight); tw == 0 || th == 0 || tw > maxTile || th > maxTile || tw*th > maxTile {
			return p, ErrUnsupported.With("it is made of tiles of %d × %d; save it without tiles", tw, th)
		}
	}
	if _, n, profile := d.field(tagICC); n > maxProfileBytes {
		return p, ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
	} else if len(profile) > 0 {
		p.Info.HasProfile = true
	}
	if o, ok := d.integer(tagTIFFOrient); ok && o >= 1 && o <= 8 {
		p.Info.orient(int(o))
	}
	p.retain(b)
	return p, nil
}

// sound reports whether the values of all of TIFF's own tags lie within the file,
// so that no decoder reckons with more of them than can be there.
func (d directory) sound() bool {
	const private = 32768
	for e := d.entries; len(e) >= tiffEntry; e = e[tiffEntry:] {
		tag := d.order.Uint16(e)
		size := uint64(d.order.Uint32(e[4:])) * tiffTypeSize(d.order.Uint16(e[2:]))
		if tag < private && size > 4 && uint64(d.order.Uint32(e[8:]))+size > uint64(len(d.b)) {
			return false
		}
	}
	return true
}

// isRaw reports whether a directory is that of a camera's raw file: DNG says so,
// Canon's has a mark behind the header, and others keep a small preview first
// with the sensor's data below it.
func isRaw(d directory) bool {
	const canonMark, sensor, linearRaw = 8, 32803, 34892
	if len(d.b) > canonMark+2 && string(d.b[canonMark:canonMark+2]) == "CR" {
		return true
	}
	if _, n, _ := d.field(tagDNGVersion); n > 0 {
		return true
	}
	kinds := []uint64{}
	if k, ok := d.integer(tagPhotometric); ok {
		kinds = append(kinds, k)
	}
	for _, at := range d.integers(tagSubIFDs, 8) {
		if k, ok := d.directory(at).integer(tagPhotometric); ok {
			kinds = append(kinds, k)
		}
	}
	sub, _ := d.integer(tagSubfile)
	_, subIFDs, _ := d.field(tagSubIFDs)
	return slices.Contains(kinds, sensor) || slices.Contains(kinds, linearRaw) || sub&reducedResolution != 0 && subIFDs > 0
}

// onePage refuses files of several pages. Small copies of the page don't count.
func onePage(t tiff, first directory) error {
	pages, seen := 1, map[uint64]bool{t.start: true}
	for at := first.next; at != 0 && len(seen) < maxTIFFPages && !seen[at]; {
		seen[at] = true
		d := t.directory(at)
		if kind, _ := d.integer(tagSubfile); len(d.entries) > 0 && kind&reducedResolution == 0 {
			pages++
		}
		at = d.next
	}
	if pages > 1 {
		return ErrUnsupported.With("the TIFF has %d pages or more; save one of them", pages)
	}
	return nil
}

// tiffSamples reads what a pixel is made of and how it is packed.
func (p *Parsed) tiffSamples(d directory) error {
	number := func(tag uint16, unless uint64) uint64 {
		if v, ok := d.integer(tag); ok {
			return v
		}
		return unless
	}
	switch c := number(tagCompression, 1); c {
	case 1, 5, 8, 32946, 32773: // none, LZW, Deflate by two numbers, PackBits
	default:
		return ErrUnsupported.With("the TIFF is compressed in a way (%d) that is not taken; save it with LZW, Deflate (ZIP) or none", c)
	}
	samples := number(tagSamples, 1)
	photometric := number(tagPhotometric, 1)
	colours, known := map[uint64]uint64{0: 1, 1: 1, 2: 3, 3: 1, 5: 4}[photometric]
	if !known {
		return ErrUnsupported.With("the TIFF's colours are of a kind (%d) that is not taken; save it as RGB, grey or CMYK", photometric)
	}
	if samples < colours || samples > colours+1 || samples > maxSamples {
		return ErrUnsupported.With("the TIFF has %d channels; save it with colour and at most one for transparency", samples)
	}
	bits := d.integers(tagBits, maxSamples)
	if len(bits) == 0 {
		bits = []uint64{1}
	}
	for _, b := range bits {
		if b != bits[0] {
			return ErrUnsupported.With("the TIFF's channels have %d and %d bits; save it with 8 or 16", bits[0], b)
		}
	}
	p.Info.Depth = int(bits[0])
	switch {
	case bits[0] == 8 || bits[0] == 16 && photometric != 3:
	case samples == 1 && (bits[0] == 1 || bits[0] == 2 || bits[0] == 4):
	default:
		return ErrUnsupported.With("the TIFF has %d bits a channel; save it with 8 or 16", bits[0])
	}
	for _, f := range d.integers(tagSampleFormat, maxSamples) {
		if f != 1 && f != 4 { // unsigned, or not said
			return ErrUnsupported.With("the TIFF's numbers are signed or have fractions; save it with 8 or 16 bits")
		}
	}
	p.Info.Channels = int(colours)
	if photometric == 3 {
		p.Info.Channels = 3
	}
	p.Info.HasAlpha = samples > colours
	return nil
}
