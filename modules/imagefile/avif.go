package imagefile

import (
	"bytes"
	"encoding/binary"
)

// inspectAVIF reads the size of an AVIF that OPAL wrote: the first ispe
// property (ISO/IEC 23008-12 section 6.5.3) is the picture's. It searches
// instead of walking boxes, so it is for trusted bytes alone.
func inspectAVIF(b []byte) (Info, error) {
	const property = 4 + 4 + 4 + 4 // name, version and flags, width, height
	i := bytes.Index(b, []byte("ispe"))
	if i < 0 || len(b)-i < property {
		return Info{}, ErrCorrupt.With("the AVIF says no size")
	}
	w, h := binary.BigEndian.Uint32(b[i+8:]), binary.BigEndian.Uint32(b[i+12:])
	if err := checkSize(uint64(w), uint64(h)); err != nil {
		return Info{}, err
	}
	return Info{
		Format: AVIF, Width: int(w), Height: int(h), Orientation: 1, Depth: 8, Channels: 3,
		HasAlpha:   bytes.Contains(b, []byte("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")),
		HasProfile: bytes.Contains(b, []byte("colrprof")) || bytes.Contains(b, []byte("colrrICC")),
	}, nil
}
