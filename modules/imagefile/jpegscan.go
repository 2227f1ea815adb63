package imagefile

import (
	"bytes"
	"encoding/binary"
)

// coverage tells which coefficients of which components the scans have brought:
// a file that is cut off between two scans looks whole otherwise.
type coverage struct {
	progressive bool
	components  map[byte]*[64]int8 // by identifier: the bits still missing of each coefficient, -1 for all
}

const coefficients = 64

// frame begins with a frame header, T.81 B.2.2.
func (c *coverage) frame(marker byte, body []byte) {
	const header, each = 6, 3
	c.progressive = marker == markerSOF2
	c.components = map[byte]*[coefficients]int8{}
	for i := header; i+each <= len(body) && len(c.components) < 4; i += each {
		var missing [coefficients]int8
		for k := range missing {
			missing[k] = -1
		}
		c.components[body[i]] = &missing
	}
}

// scan reads a scan header, T.81 B.2.3.
func (c *coverage) scan(body []byte) {
	if len(body) < 1 {
		return
	}
	n := int(body[0])
	if len(body) < 1+2*n+3 {
		return
	}
	first, last, low := 0, coefficients-1, int8(0)
	if c.progressive {
		first, last, low = int(body[1+2*n]), int(body[2+2*n]), int8(body[3+2*n]&15)
	}
	for i := range n {
		missing := c.components[body[1+2*i]]
		if missing == nil {
			continue
		}
		for k := first; k <= min(last, coefficients-1); k++ {
			missing[k] = low
		}
	}
}

// started reports whether each component has its first scan.
func (c *coverage) started() bool {
	for _, missing := range c.components {
		if missing[0] < 0 {
			return false
		}
	}
	return true
}

// complete reports whether nothing is missing.
func (c *coverage) complete() bool {
	for _, missing := range c.components {
		for _, m := range missing {
			if m != 0 {
				return false
			}
		}
	}
	return true
}

// restarts knows how many restart markers a scan must have. A decoder that misses
// one leaves the rest of the scan grey, and libjpeg's first warning of it is the same
// as for a few harmless bytes behind a scan.
type restarts struct {
	width, height int
	factors       map[byte][2]int // across and down, by a component's identifier
	interval      int             // units between two markers, 0 for none
}

// frame begins with a frame header, T.81 B.2.2.
func (r *restarts) frame(body []byte) {
	const header, each = 6, 3
	r.height, r.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	r.factors = map[byte][2]int{}
	for i := header; i+each <= len(body) && len(r.factors) < 4; i += each {
		r.factors[body[i]] = [2]int{int(body[i+1] >> 4), int(body[i+1] & 15)}
	}
}

// wanted returns how many markers the scan with a header has at least. 0 when the
// headers make no sense, which the decoder tells.
func (r *restarts) wanted(scan []byte) int {
	const block = 8
	if r.interval == 0 || len(scan) < 3 {
		return 0
	}
	across, down := 1, 1
	for _, f := range r.factors {
		across, down = max(across, f[0]), max(down, f[1])
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	w, h := up(r.width, block*across), up(r.height, block*down)
	if scan[0] == 1 { // a scan of one component has no blocks beyond its edges
		f := r.factors[scan[1]]
		w, h = up(up(r.width*f[0], across), block), up(up(r.height*f[1], down), block)
	}
	return max(0, up(w*h, r.interval)-1)
}

// restartsIn counts the restart markers in a scan's data.
func restartsIn(data []byte) (n int) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return n
		}
		if next := data[i+1]; next >= markerRST0 && next <= markerRST7 {
			n++
		}
		data = data[i+1:]
	}
}

// plainScan returns the header of a scan of a sequential picture with the choice of
// coefficients that it must have: a few programs write another one there, which is
// not meant. libjpeg warns of it, and then of nothing that is lost.
func plainScan(body []byte) []byte {
	const choice = 3
	if len(body) == 0 || 1+2*int(body[0])+choice > len(body) {
		return body
	}
	at := 1 + 2*int(body[0])
	return append(append([]byte{}, body[:at]...), 0, coefficients-1, 0)
}

// adobeLength is that of Adobe's segment, whose last byte is the transform.
const adobeLength = 12

// knownTransform gives Adobe's segment a transform that is defined for so many
// channels. Of another one libjpeg takes the same, warns, and then warns of nothing
// that is lost.
func knownTransform(body []byte, channels int) []byte {
	most := byte(1) // YCbCr
	if channels == 4 {
		most = 2 // YCCK
	}
	if t := body[adobeLength-1]; t == 0 || t == most {
		return body
	}
	return append(append([]byte{}, body[:adobeLength-1]...), most)
}
