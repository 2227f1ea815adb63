package sbtest

import (
	"encoding/binary"
	"math"
	"time"
)

// get decodes one value. Malformed input panics (slice bounds); the connection
// reader recovers and drops the connection.
func get(b []byte) (any, []byte) {
	c := b[0]
	b = b[1:]
	return getCode(c, b)
}

func getCode(c byte, b []byte) (any, []byte) {
	be := binary.BigEndian
	size := func(wide bool) (int, []byte) {
		if wide {
			return int(be.Uint32(b)), b[4:]
		}
		return int(b[0]), b[1:]
	}
	switch c {
	case 0x00:
		d, r := get(b)
		v, r := get(r)
		return described{d, v}, r
	case 0x40:
		return nil, b
	case 0x41:
		return true, b
	case 0x42:
		return false, b
	case 0x43:
		return uint32(0), b
	case 0x44:
		return uint64(0), b
	case 0x45:
		return fields(nil), b
	case 0x50:
		return b[0], b[1:]
	case 0x51:
		return int8(b[0]), b[1:]
	case 0x52:
		return uint32(b[0]), b[1:]
	case 0x53:
		return uint64(b[0]), b[1:]
	case 0x54:
		return int32(int8(b[0])), b[1:]
	case 0x55:
		return int64(int8(b[0])), b[1:]
	case 0x56:
		return b[0] == 1, b[1:]
	case 0x60:
		return be.Uint16(b), b[2:]
	case 0x61:
		return int16(be.Uint16(b)), b[2:]
	case 0x70, 0x73:
		return be.Uint32(b), b[4:]
	case 0x71:
		return int32(be.Uint32(b)), b[4:]
	case 0x72:
		return math.Float32frombits(be.Uint32(b)), b[4:]
	case 0x80:
		return be.Uint64(b), b[8:]
	case 0x81:
		return int64(be.Uint64(b)), b[8:]
	case 0x82:
		return math.Float64frombits(be.Uint64(b)), b[8:]
	case 0x83:
		return time.UnixMilli(int64(be.Uint64(b))).UTC(), b[8:]
	case 0x98:
		return uuid(b[:16]), b[16:]
	case 0xa0, 0xb0:
		n, r := size(c == 0xb0)
		return r[:n:n], r[n:]
	case 0xa1, 0xb1:
		n, r := size(c == 0xb1)
		return string(r[:n]), r[n:]
	case 0xa3, 0xb3:
		n, r := size(c == 0xb3)
		return sym(r[:n]), r[n:]
	case 0xc0, 0xd0, 0xc1, 0xd1, 0xe0, 0xf0:
		n, r := size(c&0x10 != 0)
		body, rest := r[:n], r[n:]
		var count int
		if c&0x10 != 0 {
			count, body = int(be.Uint32(body)), body[4:]
		} else {
			count, body = int(body[0]), body[1:]
		}
		out := make(fields, 0, min(count, n+1))
		var v any
		if c >= 0xe0 { // array: one constructor, many values
			ctor := body[0]
			body = body[1:]
			for range count {
				v, body = getCode(ctor, body)
				out = append(out, v)
			}
			return out, rest
		}
		for range count {
			v, body = get(body)
			out = append(out, v)
		}
		if c == 0xc1 || c == 0xd1 {
			m := make(map[any]any, count/2)
			for i := 0; i+1 < len(out); i += 2 {
				if k, ok := out[i].([]byte); ok { // unhashable
					m[string(k)] = out[i+1]
				} else {
					m[out[i]] = out[i+1]
				}
			}
			return m, rest
		}
		return out, rest
	}
	panic("unknown AMQP constructor")
}
