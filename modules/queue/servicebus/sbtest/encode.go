package sbtest

import (
	"encoding/binary"
	"fmt"
)

// put appends the AMQP encoding of v. A type it does not know is a defect of the
// emulator and panics.
func put(b []byte, v any) []byte {
	be := binary.BigEndian
	varlen := func(c8, c32 byte, s string) []byte {
		if len(s) < 256 {
			return append(append(b, c8, byte(len(s))), s...)
		}
		return append(be.AppendUint32(append(b, c32), uint32(len(s))), s...)
	}
	switch t := v.(type) {
	case nil:
		return append(b, 0x40)
	case bool:
		if t {
			return append(b, 0x41)
		}
		return append(b, 0x42)
	case uint8:
		return append(b, 0x50, t)
	case uint16:
		return be.AppendUint16(append(b, 0x60), t)
	case uint32:
		switch {
		case t == 0:
			return append(b, 0x43)
		case t < 256:
			return append(b, 0x52, byte(t))
		}
		return be.AppendUint32(append(b, 0x70), t)
	case uint64:
		switch {
		case t == 0:
			return append(b, 0x44)
		case t < 256:
			return append(b, 0x53, byte(t))
		}
		return be.AppendUint64(append(b, 0x80), t)
	case string:
		return varlen(0xa1, 0xb1, t)
	case sym:
		return varlen(0xa3, 0xb3, string(t))
	case []byte:
		return varlen(0xa0, 0xb0, string(t))
	case described:
		return put(put(append(b, 0), t.code), t.value)
	case fields:
		if len(t) == 0 {
			return append(b, 0x45)
		}
		b = append(b, 0xd0, 0, 0, 0, 0)
		at := len(b)
		b = be.AppendUint32(b, uint32(len(t)))
		for _, x := range t {
			b = put(b, x)
		}
		be.PutUint32(b[at-4:], uint32(len(b)-at))
		return b
	case map[any]any:
		b = append(b, 0xd1, 0, 0, 0, 0)
		at := len(b)
		b = be.AppendUint32(b, uint32(2*len(t)))
		for k, x := range t {
			b = put(put(b, k), x)
		}
		be.PutUint32(b[at-4:], uint32(len(b)-at))
		return b
	}
	panic(fmt.Sprintf("no AMQP encoding for %T", v))
}
