package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
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

// parsePNG walks the chunks of a PNG up to IEND.
func parsePNG(b []byte) (Parsed, error) {
	const lengthAndType, crc = 8, 4
	p := Parsed{Info: Info{Format: PNG, Orientation: 1}}
	p.retain(b[:len(pngMagic)])
	orientation, data := 1, false
	for pos := len(pngMagic); ; {
		if len(b)-pos < lengthAndType+crc {
			return p, ErrCorrupt.With("the PNG ends early")
		}
		n := uint64(binary.BigEndian.Uint32(b[pos:]))
		if n > uint64(len(b)-pos-lengthAndType-crc) {
			return p, ErrCorrupt.With("the PNG ends early")
		}
		kind := string(b[pos+4 : pos+8])
		chunk := b[pos : pos+lengthAndType+int(n)+crc]
		body := chunk[lengthAndType : lengthAndType+int(n)]
		if (p.Info.Width == 0) != (kind == "IHDR") {
			return p, ErrCorrupt.With("its header chunk is missing, or there twice")
		}
		pos += len(chunk)
		keep := false
		switch kind {
		case "IHDR":
			if err := p.pngHeader(chunk, body); err != nil {
				return p, err
			}
			keep = true
		case "PLTE":
			keep = true
		case "tRNS":
			p.Info.HasAlpha = true
			keep = true
		case "IDAT":
			data, keep = true, true
		case "iCCP":
			if err := checkPNGProfile(body); err != nil {
				return p, err
			}
			p.Info.HasProfile = true
			keep = true
		case "eXIf":
			if o := exifOrientation(body); o != 0 {
				orientation = o
			}
		case "acTL":
			return p, ErrAnimated.With("this is an animated PNG")
		case "IEND":
			if !data {
				return p, ErrCorrupt.With("the PNG holds no pixels")
			}
			p.retain(chunk)
			p.Info.orient(orientation)
			return p, nil
		}
		if keep {
			p.retain(chunk)
		}
	}
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

// checkPNGProfile decompresses an iCCP chunk and throws the result away: a few
// bytes can unfold to gigabytes.
func checkPNGProfile(body []byte) error {
	const maxName = 79
	i := bytes.IndexByte(body[:min(len(body), maxName+1)], 0)
	if i < 1 || i+2 > len(body) || body[i+1] != 0 {
		return ErrCorrupt.With("its colour profile is damaged")
	}
	z, err := zlib.NewReader(bytes.NewReader(body[i+2:]))
	if err != nil {
		return ErrCorrupt.With("its colour profile is damaged")
	}
	switch n, err := io.CopyN(io.Discard, z, maxProfileBytes+1); {
	case n > maxProfileBytes:
		return ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
	case !errors.Is(err, io.EOF):
		return ErrCorrupt.With("its colour profile is damaged")
	}
	return nil
}
