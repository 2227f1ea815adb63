package imagefile

import (
	"bytes"
	"slices"
)

// Info is what a picture's header says.
type Info struct {
	Format        Format
	Width, Height int  // pixels, after Orientation is applied
	HasAlpha      bool // an alpha channel or a transparent palette is there; it may still be opaque
	HasProfile    bool // an ICC profile is embedded
	Orientation   int  // EXIF 1..8; 1 is upright

	// Bits per channel as stored, and the number of colour channels without
	// alpha: 1 grey, 3 RGB (a palette counts as 3), 4 CMYK.
	Depth, Channels int
}

// Stored returns the size before Orientation is applied.
func (i Info) Stored() (w, h int) {
	if i.Orientation >= 5 {
		return i.Height, i.Width
	}
	return i.Width, i.Height
}

// Inspect reads the header of a picture from outside and decides by content
// whether it may be decoded. It decodes no pixels and allocates almost nothing.
//
// Errors: ErrEmpty, ErrTooLarge, ErrTooManyPixels, ErrUnsupported, ErrAnimated,
// ErrCorrupt.
func Inspect(b []byte) (Info, error) {
	p, err := Parse(b)
	if err != nil {
		return Info{}, err
	}
	return p.Info, nil
}

// Parsed is a picture's header with the parts of the file a decoder needs.
type Parsed struct {
	Info Info
	// keep lists the byte ranges that carry pixels and colour. EXIF, XMP, text
	// and whatever follows the picture are left out, so that neither the
	// decoder's parsers nor the results ever see them.
	keep [][]byte
	// added is a part that the file itself doesn't have, a profile made from what
	// the file says of its colours, and addedAt its place among the kept bytes.
	added   []byte
	addedAt int

	animated bool // a WebP of one frame

	// profile is an ICC profile made of what the file says of its colours, for
	// formats into which none can be put.
	profile []byte
}

// retain adds part, a piece of the file, to keep. A piece that begins where the
// last one ends extends it, so that a file of a million tiny chunks costs no
// memory.
func (p *Parsed) retain(part []byte) {
	if n := len(p.keep); n > 0 && len(part) > 0 {
		last := p.keep[n-1]
		if l := len(last); l < cap(last) && &last[:l+1][l] == &part[0] {
			p.keep[n-1] = last[:l+len(part)]
			return
		}
	}
	p.keep = append(p.keep, part)
}

// insert adds a part that the file itself doesn't have.
func (p *Parsed) insert(at int, part []byte) {
	p.added, p.addedAt = part, at
}

// Profile returns the ICC profile that the file means without holding one, for
// formats into which Essential can't put it; nil when there is none.
func (p Parsed) Profile() []byte { return p.profile }

// Essential returns the file made of the kept parts alone.
func (p Parsed) Essential() []byte {
	n := 0
	for _, k := range p.keep {
		n += len(k)
	}
	out := make([]byte, 0, n+len(p.added))
	for _, k := range p.keep {
		out = append(out, k...)
	}
	if len(p.added) > 0 {
		out = slices.Insert(out, p.addedAt, p.added...)
	}
	if p.Info.Format == WebP {
		finishWebP(out, p.animated)
	}
	return out
}

// Parse reads the header of a picture from outside and finds what a decoder
// needs of the file. Errors: those of Inspect.
func Parse(b []byte) (Parsed, error) {
	switch {
	case len(b) == 0:
		return Parsed{}, ErrEmpty
	case len(b) > MaxBytes:
		return Parsed{}, ErrTooLarge.With("it has %.1f MB", float64(len(b))/1e6)
	}
	p, err := parse(b)
	if err == nil {
		err = refuseHidden(b, p.Info.Format)
	}
	if err != nil {
		return Parsed{}, err
	}
	return p, nil
}

// parse reads a picture of a known format. With an error it returns what it found
// before it.
func parse(b []byte) (Parsed, error) {
	switch {
	case bytes.HasPrefix(b, jpegMagic):
		return parseJPEG(b)
	case bytes.HasPrefix(b, pngMagic):
		return parsePNG(b)
	case isWebP(b):
		return parseWebP(b)
	case isHEIF(b):
		return parseHEIF(b)
	case isTIFF(b):
		return parseTIFF(b)
	}
	return Parsed{}, refuseForeign(b)
}

// refuseHidden fails for a picture that is a file of another format too.
func refuseHidden(b []byte, f Format) error {
	if name := hiddenFormat(b); name != "" {
		return ErrUnsupported.With("the file is a %s picture and %s at once; save the picture alone", f, name)
	}
	return nil
}

// checkSize refuses empty and oversized pictures. The product is taken in 64
// bits: both sides can be near 2^32.
func checkSize(w, h uint64) error {
	if w == 0 || h == 0 {
		return ErrCorrupt.With("its header says %d × %d pixels", w, h)
	}
	if w > MaxPixels || h > MaxPixels || w*h > MaxPixels {
		return ErrTooManyPixels.With("it has %d × %d", w, h)
	}
	return nil
}

// orient swaps the sides of a picture that lies on one of them.
func (i *Info) orient(o int) {
	i.Orientation = o
	if o >= 5 {
		i.Width, i.Height = i.Height, i.Width
	}
}
