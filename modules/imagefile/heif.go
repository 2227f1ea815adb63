package imagefile

import (
	"encoding/binary"
	"slices"
)

// Limits of an HEIF file's structure.
const (
	maxHEIFItems = 4096 // a grid of 50 megapixels in tiles of 512 × 512 has 200
	maxHEIFDepth = 8    // of boxes
	maxHEIFTile  = 1 << 26
)

// isHEIF reports whether a file holds an HEIC or AVIF picture, going by its
// brands.
func isHEIF(b []byte) bool {
	name := isoMediaName(b)
	return name == "HEIC" || name == "AVIF"
}

// box is a box of ISO/IEC 14496-12 section 4.2.
type box struct {
	kind string
	body []byte
}

// boxes returns the boxes within b, and whether they fill it well formed.
func boxes(b []byte) (out []box, sound bool) {
	const head, large = 8, 16
	for len(b) >= head {
		size, at := uint64(binary.BigEndian.Uint32(b)), uint64(head)
		switch {
		case size == 1 && len(b) >= large:
			size, at = binary.BigEndian.Uint64(b[head:]), large
		case size == 0: // up to the end
			size = uint64(len(b))
		}
		if size < at || size > uint64(len(b)) || len(out) >= 2*maxHEIFItems {
			return out, false
		}
		out = append(out, box{string(b[4:8]), b[at:size]})
		b = b[size:]
	}
	return out, len(b) == 0
}

func find(list []box, kind string) ([]byte, bool) {
	i := slices.IndexFunc(list, func(x box) bool { return x.kind == kind })
	if i < 0 {
		return nil, false
	}
	return list[i].body, true
}

// cursor reads numbers; past the end it returns zeros and short is set.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) number(n int) (v uint64) {
	if len(c.b) < n {
		c.b, c.short = nil, true
		return 0
	}
	for _, b := range c.b[:n] {
		v = v<<8 | uint64(b)
	}
	c.b = c.b[n:]
	return v
}

// full reads the head of a full box: version and flags.
func (c *cursor) full() (version byte, flags uint32) {
	v := c.number(4)
	return byte(v >> 24), uint32(v & 0xffffff)
}

// heif is what the meta box says.
type heif struct {
	primary    uint64
	types      map[uint64]string      // of items
	properties map[uint64][]int       // of items: places in the list, from 1
	list       []box                  // of properties
	refs       map[string][][2]uint64 // by kind: from, to
	fromFirst  map[uint64]uint64      // of derived items: the first item they are made of
}

// parseHEIF reads the boxes of an HEIF file: HEIC or AVIF. A decoder gets it
// whole, since its items are found by their places.
func parseHEIF(b []byte) (Parsed, error) {
	p := Parsed{Info: Info{Format: HEIC, Orientation: 1}}
	top, sound := boxes(b)
	meta, ok := find(top, "meta")
	film, moving := find(top, "moov")
	switch {
	case moving && (!ok || frames(film, 0) > 1):
		return p, ErrAnimated.With("this is a film or a series of pictures")
	case !ok && sound:
		return p, ErrCorrupt.With("it holds no picture")
	case !ok:
		return p, ErrCorrupt.With("the file ends early")
	}
	h, err := readMeta(meta)
	if err == nil {
		err = p.heifItem(h)
	}
	if err == nil && !sound {
		err = ErrCorrupt.With("the file ends early")
	}
	p.retain(b)
	return p, err
}

// frames returns how many pictures the longest track of a film has.
func frames(b []byte, depth int) (most uint64) {
	list, _ := boxes(b)
	for _, x := range list {
		switch x.kind {
		case "trak", "mdia", "minf", "stbl":
			if depth < maxHEIFDepth {
				most = max(most, frames(x.body, depth+1))
			}
		case "stsz", "stz2":
			c := cursor{b: x.body}
			c.full()
			c.number(4)
			most = max(most, c.number(4))
		}
	}
	return most
}

// readMeta reads the meta box, ISO/IEC 14496-12 section 8.11.
func readMeta(meta []byte) (h heif, err error) {
	c := cursor{b: meta}
	c.full()
	list, _ := boxes(c.b)
	pitm, ok := find(list, "pitm")
	if !ok {
		return h, ErrCorrupt.With("it names no main picture")
	}
	c = cursor{b: pitm}
	version, _ := c.full()
	h.primary = c.number(2 + 2*int(min(version, 1)))
	iinf, _ := find(list, "iinf")
	h.readItems(iinf)
	if iref, ok := find(list, "iref"); ok {
		h.readReferences(iref)
	}
	iprp, _ := find(list, "iprp")
	properties, _ := boxes(iprp)
	if ipco, ok := find(properties, "ipco"); ok {
		h.list, _ = boxes(ipco)
	}
	h.properties = map[uint64][]int{}
	for _, x := range properties {
		if x.kind == "ipma" {
			h.readAssociations(x.body)
		}
	}
	if h.types[h.primary] == "" || len(h.types) > maxHEIFItems {
		return h, ErrCorrupt.With("its main picture is missing")
	}
	return h, nil
}

// readItems reads iinf, section 8.11.6.
func (h *heif) readItems(iinf []byte) {
	h.types = map[uint64]string{}
	c := cursor{b: iinf}
	version, _ := c.full()
	c.number(2 + 2*int(min(version, 1)))
	list, _ := boxes(c.b)
	for _, x := range list {
		e := cursor{b: x.body}
		version, _ := e.full()
		if x.kind != "infe" || version < 2 {
			continue
		}
		id := e.number(2)
		if version > 2 {
			id = id<<16 | e.number(2)
		}
		e.number(2)
		kind := binary.BigEndian.AppendUint32(nil, uint32(e.number(4)))
		if !e.short {
			h.types[id] = string(kind)
		}
	}
}

// readReferences reads iref, section 8.11.12.
func (h *heif) readReferences(iref []byte) {
	h.refs, h.fromFirst = map[string][][2]uint64{}, map[uint64]uint64{}
	c := cursor{b: iref}
	version, _ := c.full()
	size := 2 + 2*int(min(version, 1))
	list, _ := boxes(c.b)
	for _, x := range list {
		r := cursor{b: x.body}
		from := r.number(size)
		for range r.number(2) {
			to := r.number(size)
			if r.short || len(h.refs[x.kind]) >= maxHEIFItems {
				break
			}
			if _, there := h.fromFirst[from]; x.kind == "dimg" && !there {
				h.fromFirst[from] = to
			}
			h.refs[x.kind] = append(h.refs[x.kind], [2]uint64{from, to})
		}
	}
}

// readAssociations reads ipma, ISO/IEC 23008-12 section 9.3.
func (h *heif) readAssociations(ipma []byte) {
	c := cursor{b: ipma}
	version, flags := c.full()
	for range min(c.number(4), maxHEIFItems) {
		id := c.number(2 + 2*int(min(version, 1)))
		for range c.number(1) {
			size := 1 + int(flags&1)
			index := c.number(size) & (1<<(8*size-1) - 1)
			if c.short {
				return
			}
			h.properties[id] = append(h.properties[id], int(index))
		}
	}
}

// of returns an item's properties in their order.
func (h *heif) of(item uint64) (out []box) {
	for _, i := range h.properties[item] {
		if i >= 1 && i <= len(h.list) {
			out = append(out, h.list[i-1])
		}
	}
	return out
}

// codec returns what an item's pixels are coded with, also one that is made of
// others.
func (h *heif) codec(item uint64) string {
	for range maxHEIFDepth {
		kind := h.types[item]
		switch kind {
		case "grid", "iden", "iovl":
			item = h.fromFirst[item]
		default:
			return kind
		}
	}
	return ""
}

// heifItem reads the main picture's properties: ISO/IEC 23008-12 section 6.5.
func (p *Parsed) heifItem(h heif) error {
	switch codec := h.codec(h.primary); codec {
	case "hvc1", "hev1":
	case "av01":
		p.Info.Format = AVIF
	case "":
		return ErrCorrupt.With("its main picture is missing")
	default:
		return ErrUnsupported.With("its pixels are coded as %q; save it as JPEG or PNG", codec)
	}
	for item := range h.types {
		for _, x := range h.of(item) {
			if w, ht := dimensions(x); x.kind == "ispe" && (w > MaxPixels || ht > MaxPixels || w*ht > maxHEIFTile) {
				return ErrTooManyPixels.With("it has a part of %d × %d", w, ht)
			}
		}
	}
	var w, ht uint64
	p.Info.Depth, p.Info.Channels = 8, 3
	var coded []byte
	for _, x := range h.of(h.primary) {
		c := cursor{b: x.body}
		switch x.kind {
		case "ispe":
			w, ht = dimensions(x)
			if err := checkSize(w, ht); err != nil {
				return err
			}
		case "clap":
			if cw, ch := aperture(&c); cw >= 1 && ch >= 1 && cw <= w && ch <= ht {
				w, ht = cw, ch
			}
		case "irot":
			if c.number(1)&1 == 1 {
				w, ht = ht, w
			}
		case "pixi":
			c.full()
			if n := c.number(1); n == 1 {
				p.Info.Channels = 1
			}
			p.Info.Depth = max(8, int(c.number(1)))
		case "colr":
			switch kind := binary.BigEndian.AppendUint32(nil, uint32(c.number(4))); string(kind) {
			case "prof", "rICC":
				if len(c.b) > maxProfileBytes {
					return ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
				}
				p.Info.HasProfile = true
			case "nclx":
				coded = c.b
			}
		}
	}
	if w == 0 {
		return ErrCorrupt.With("it says no size")
	}
	p.Info.Width, p.Info.Height = int(w), int(ht)
	p.Info.HasAlpha = h.hasAlpha()
	if !p.Info.HasProfile && len(coded) >= 6 {
		// The decoder brings the pixels to RGB of the full range, and leaves the
		// primaries and the curve as they are.
		p.profile = codedProfile(byte(binary.BigEndian.Uint16(coded)), stillTransfer(byte(binary.BigEndian.Uint16(coded[2:]))), 0, 1, false)
	}
	return nil
}

// stillTransfer returns the curve that a still picture's code means: encoders write
// the codes of BT.709 and BT.601 for pictures that are shown with sRGB's curve.
func stillTransfer(code byte) byte {
	const bt709, bt601, srgb = 1, 6, 13
	if code == bt709 || code == bt601 {
		return srgb
	}
	return code
}

func dimensions(x box) (w, h uint64) {
	c := cursor{b: x.body}
	c.full()
	return c.number(4), c.number(4)
}

// aperture reads clap's size: two fractions, of which whole pixels count.
func aperture(c *cursor) (w, h uint64) {
	wn, wd, hn, hd := c.number(4), c.number(4), c.number(4), c.number(4)
	if wd == 0 || hd == 0 {
		return 0, 0
	}
	return (wn + wd/2) / wd, (hn + hd/2) / hd
}

// hasAlpha reports whether an auxiliary item is the main picture's alpha.
func (h *heif) hasAlpha() bool {
	for _, r := range h.refs["auxl"] {
		if r[1] != h.primary {
			continue
		}
		for _, x := range h.of(r[0]) {
			if x.kind == "auxC" && len(x.body) > 4 && isAlphaURN(x.body[4:]) {
				return true
			}
		}
	}
	return false
}

func isAlphaURN(b []byte) bool {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b) == "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" || string(b) == "urn:mpeg:hevc:2015:auxid:1"
}
