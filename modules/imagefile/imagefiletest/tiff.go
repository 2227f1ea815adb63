package imagefiletest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// TIFF is a picture in a TIFF file, TIFF 6.0.
type TIFF struct {
	Width, Height int
	Bits          int                     // a sample
	Samples       int                     // a pixel
	Photometric   uint16                  // 0 white is zero, 1 black is zero, 2 RGB, 5 CMYK
	Pixel         func(x, y int) []uint16 // its samples, 0..65535
	Order         binary.AppendByteOrder  // nil is little endian
	Compression   uint16                  // 0 and 1 none, 5 LZW, 8 and 32946 Deflate; others are said and not done
	Rows          int                     // a strip; 0 is all
	Extra         uint16                  // what the last sample is; 0 says nothing
	Format        uint16                  // of numbers; 0 says nothing
	Orientation   uint16                  // 0 says nothing
	ICC           []byte
	Copy          bool // a small copy follows
	Pages         int  // of this picture; 0 is 1
	Raw           bool // the DNG mark

	SaidWidth, SaidHeight int // 0 is the truth
}

// Bytes returns the file: header, strips and long values, directories.
func (f TIFF) Bytes() []byte {
	o := f.Order
	if o == nil {
		o = binary.LittleEndian
	}
	b := []byte("II*\x00")
	if o == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = o.AppendUint32(b, 0)
	setAt := func(at int, v uint32) { copy(b[at:], o.AppendUint32(nil, v)) }
	align := func() {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	rows := f.Rows
	if rows == 0 {
		rows = f.Height
	}
	var offsets, counts []uint32
	for y := 0; y < f.Height; y += rows {
		strip := f.strip(o, y, min(y+rows, f.Height))
		offsets, counts = append(offsets, uint32(len(b))), append(counts, uint32(len(strip)))
		b = append(b, strip...)
		align()
	}
	said := func(v, truth int) uint32 {
		if v != 0 {
			return uint32(v)
		}
		return uint32(truth)
	}
	link := 4 // where the next directory's place is written
	directory := func(small bool) {
		short := func(tag uint16, v ...uint32) tiffField { return tiffField{tag, 3, v, nil} }
		long := func(tag uint16, v ...uint32) tiffField { return tiffField{tag, 4, v, nil} }
		bits := make([]uint32, f.Samples)
		for i := range bits {
			bits[i] = uint32(f.Bits)
		}
		subfile := uint32(0)
		if small {
			subfile = 1
		}
		list := []tiffField{
			long(254, subfile), long(256, said(f.SaidWidth, f.Width)), long(257, said(f.SaidHeight, f.Height)), short(258, bits...),
			short(259, uint32(max(f.Compression, 1))), short(262, uint32(f.Photometric)), long(273, offsets...),
		}
		if f.Orientation != 0 {
			list = append(list, short(274, uint32(f.Orientation)))
		}
		list = append(list, short(277, uint32(f.Samples)), long(278, uint32(rows)), long(279, counts...), short(284, 1))
		if f.Extra != 0 {
			list = append(list, short(338, uint32(f.Extra)))
		}
		if f.Format != 0 {
			formats := make([]uint32, f.Samples)
			for i := range formats {
				formats[i] = uint32(f.Format)
			}
			list = append(list, short(339, formats...))
		}
		if f.ICC != nil {
			list = append(list, tiffField{34675, 7, nil, f.ICC})
		}
		if f.Raw {
			list = append(list, tiffField{50706, 1, nil, []byte{1, 4, 0, 0}})
		}
		var values []uint32 // places of long values, 0 for those in the entry
		for _, e := range list {
			v := e.bytes(o)
			place := uint32(0)
			if len(v) > 4 {
				align()
				place = uint32(len(b))
				b = append(b, v...)
			}
			values = append(values, place)
		}
		align()
		setAt(link, uint32(len(b)))
		b = o.AppendUint16(b, uint16(len(list)))
		for i, e := range list {
			v := e.bytes(o)
			n := len(e.values)
			if e.raw != nil {
				n = len(e.raw)
			}
			b = o.AppendUint16(b, e.tag)
			b = o.AppendUint16(b, e.kind)
			b = o.AppendUint32(b, uint32(n))
			if values[i] != 0 {
				b = o.AppendUint32(b, values[i])
				continue
			}
			b = append(append(b, v...), make([]byte, 4-len(v))...)
		}
		link = len(b)
		b = o.AppendUint32(b, 0)
	}
	for range max(f.Pages, 1) {
		directory(false)
	}
	if f.Copy {
		directory(true)
	}
	return b
}

// strip packs rows first to last.
func (f TIFF) strip(o binary.AppendByteOrder, first, last int) []byte {
	var b []byte
	for y := first; y < last; y++ {
		for x := range f.Width {
			for _, v := range f.Pixel(x, y) {
				switch f.Bits {
				case 8:
					b = append(b, byte(v>>8))
				case 16:
					b = o.AppendUint16(b, v)
				default:
					b = o.AppendUint32(b, uint32(v))
				}
			}
		}
	}
	var out bytes.Buffer
	switch f.Compression {
	case 5:
		return tiffLZW(b)
	case 8, 32946:
		z := zlib.NewWriter(&out)
		_, _ = z.Write(b) // a buffer takes all
		_ = z.Close()
		return out.Bytes()
	}
	return b
}

// tiffField is a directory's entry: shorts (3), longs (4), or bytes.
type tiffField struct {
	tag, kind uint16
	values    []uint32
	raw       []byte
}

func (e tiffField) bytes(o binary.AppendByteOrder) []byte {
	if e.raw != nil {
		return e.raw
	}
	var b []byte
	for _, v := range e.values {
		if e.kind == 3 {
			b = o.AppendUint16(b, uint16(v))
		} else {
			b = o.AppendUint32(b, v)
		}
	}
	return b
}

// tiffLZW packs bytes as TIFF 6.0 section 13 has it, each as a code of its own: the
// table is cleared before codes grow longer than 9 bits.
func tiffLZW(b []byte) []byte {
	const clearTable, end, width, most = 256, 257, 9, 250
	var w bitWriter
	put := func(code uint32) { w.plain(code, width) }
	for i, c := range b {
		if i%most == 0 {
			put(clearTable)
		}
		put(uint32(c))
	}
	put(end)
	w.plain(0, 7)
	return w.b
}

// plain writes bits without JPEG's stuffing.
func (w *bitWriter) plain(v uint32, bits int) {
	w.acc, w.n = w.acc<<bits|uint64(v)&(1<<bits-1), w.n+bits
	for ; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.acc>>(w.n-8)))
	}
}
