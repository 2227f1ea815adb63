package imagefile

import (
	"bytes"
	"encoding/binary"
)

// Flags of the VP8X chunk, WebP container specification.
const (
	webpAnimation = 0x02
	webpEXIF      = 0x08
	webpAlpha     = 0x10
	webpProfile   = 0x20
)

// riffHeader is "RIFF", the size of what follows, "WEBP".
const riffHeader = 12

func isWebP(b []byte) bool {
	return len(b) >= riffHeader && string(b[:4]) == "RIFF" && string(b[8:riffHeader]) == "WEBP"
}

// parseWebP walks the chunks of a WebP.
func parseWebP(b []byte) (Parsed, error) {
	p := Parsed{Info: Info{Format: WebP, Orientation: 1, Depth: 8, Channels: 3}}
	size := uint64(binary.LittleEndian.Uint32(b[4:])) + 8
	if size > uint64(len(b)) || size < riffHeader {
		return p, ErrCorrupt.With("the WebP ends early")
	}
	b = b[:size]
	p.retain(b[:riffHeader])
	canvas, data, frames, flags := false, false, 0, byte(0)
	var block *exif // the first one counts
	for pos := riffHeader; pos < len(b); {
		if len(b)-pos < 8 {
			if data { // nothing of the picture is missing
				break
			}
			return p, ErrCorrupt.With("the WebP ends early")
		}
		n := uint64(binary.LittleEndian.Uint32(b[pos+4:]))
		if n > uint64(len(b)-pos-8) {
			return p, ErrCorrupt.With("the WebP ends early")
		}
		kind := string(b[pos : pos+4])
		body := b[pos+8 : pos+8+int(n)]
		// Chunks are padded to even sizes. The last padding byte may be missing.
		end := min(pos+8+int(n)+int(n&1), len(b))
		keep := false
		if pos == riffHeader && kind != "VP8X" && kind != "VP8 " && kind != "VP8L" {
			return p, ErrCorrupt.With("its header chunk does not come first")
		}
		switch kind {
		case "VP8X":
			if canvas || data || len(body) != 10 {
				return p, ErrCorrupt.With("its header chunk is damaged")
			}
			if err := p.webpSize(uint24(body[4:])+1, uint24(body[7:])+1); err != nil {
				return p, err
			}
			p.Info.HasAlpha = body[0]&webpAlpha != 0
			canvas, keep, flags = true, true, body[0]
		case "ANIM":
			keep = canvas
		case "ANMF":
			// One frame is a still picture: the decoder puts it on its canvas.
			if frames++; frames > 1 || !canvas || data {
				return p, ErrAnimated.With("this is an animated WebP")
			}
			data, keep, p.animated = true, true, true
		case "VP8 ", "VP8L":
			if data {
				return p, ErrCorrupt.With("the WebP holds two pictures")
			}
			if err := p.webpFrame(kind, body, canvas); err != nil {
				return p, err
			}
			data, keep = true, true
		case "ALPH":
			if data {
				return p, ErrCorrupt.With("its transparency comes behind its pixels")
			}
			keep = true
		case "ICCP":
			if n > maxProfileBytes {
				return p, ErrCorrupt.With("its colour profile is larger than %d MB", maxProfileBytes>>20)
			}
			p.Info.HasProfile = true
			keep = !data
		case "EXIF":
			if block == nil && flags&webpEXIF != 0 { // without the flag nobody looks for it
				e := readEXIF(bytes.TrimPrefix(body, jpegEXIF))
				block = &e
			}
		}
		if keep {
			p.retain(b[pos:end])
			if (end-pos)&1 == 1 {
				p.retain([]byte{0})
			}
		}
		pos = end
	}
	if !data || flags&webpAnimation != 0 && frames == 0 {
		return p, ErrCorrupt.With("the WebP holds no pixels")
	}
	if block != nil {
		p.Info.orient(max(1, block.orientation))
	}
	return p, nil
}

func (p *Parsed) webpSize(w, h uint64) error {
	if err := checkSize(w, h); err != nil {
		return err
	}
	p.Info.Width, p.Info.Height = int(w), int(h)
	return nil
}

// webpFrame reads the header of the coded picture: RFC 6386 section 9.1 for
// VP8, RFC 9649 section 3.4 for VP8L. A canvas read before must agree.
func (p *Parsed) webpFrame(kind string, body []byte, canvas bool) error {
	var w, h uint64
	switch {
	case kind == "VP8 " && len(body) >= 10 && body[0]&1 == 0 && string(body[3:6]) == "\x9d\x01\x2a":
		w, h = uint64(binary.LittleEndian.Uint16(body[6:]))&0x3fff, uint64(binary.LittleEndian.Uint16(body[8:]))&0x3fff
	case kind == "VP8L" && len(body) >= 5 && body[0] == 0x2f:
		bits := binary.LittleEndian.Uint32(body[1:])
		w, h = uint64(bits&0x3fff)+1, uint64(bits>>14&0x3fff)+1
		if !canvas {
			p.Info.HasAlpha = bits>>28&1 == 1
		}
	default:
		return ErrCorrupt.With("its picture chunk is damaged")
	}
	if canvas && (int(w) != p.Info.Width || int(h) != p.Info.Height) {
		return ErrCorrupt.With("its header says %d × %d and its pixels %d × %d", p.Info.Width, p.Info.Height, w, h)
	}
	return p.webpSize(w, h)
}

func uint24(b []byte) uint64 { return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 }

// finishWebP sets the size and the flags of a file made of kept chunks.
func finishWebP(b []byte, animated bool) {
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	if len(b) > riffHeader+8 && string(b[riffHeader:riffHeader+4]) == "VP8X" {
		flags := byte(webpAlpha | webpProfile)
		if animated {
			flags |= webpAnimation
		}
		b[riffHeader+8] &= flags
	}
}
