package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/opal-photo/opal/modules/sandbox"
)

// ChildKind names the decoding child.
const ChildKind = "decode"

// ChildHandler returns the decoding child: it decodes the one picture its
// parent asks for. A binary whose Decoders have no Command of their own serves
// it under ChildKind.
func ChildHandler() sandbox.Handler {
	return sandbox.Handler{Prepare: func([]string) (sandbox.Worker, error) {
		if err := prepareVips(false); err != nil {
			return nil, err
		}
		return decodeWork, nil
	}}
}

// params say what the input is; the output is Width*Height pixels.
type params struct {
	Format        uint32
	Width, Height uint32 // as stored
}

var wire = binary.LittleEndian

func (p params) bytes() []byte {
	b, _ := binary.Append(nil, wire, p) // a struct of numbers can't fail
	return b
}

// decodeWork is the child's sandbox.Worker.
func decodeWork(job sandbox.Work) ([]byte, error) {
	var p params
	if err := binary.Read(bytes.NewReader(job.Params), wire, &p); err != nil {
		return nil, fmt.Errorf("read the parameters: %w", err)
	}
	size := uint64(p.Width) * uint64(p.Height) * bytesPerPixel
	if len(job.In) == 0 || len(job.In) > MaxBytes || size == 0 || size > MaxPixels*bytesPerPixel || size != uint64(len(job.Out)) {
		return nil, errors.New("the request is out of bounds")
	}
	err := decodeInto(formatOf(p.Format), job.In, int(p.Width), int(p.Height), unsafe.Pointer(unsafe.SliceData(job.Out)))
	if err != nil && !ownFault(err) {
		return nil, sandbox.Refuse(err.Error())
	}
	return nil, err
}

// ownFault reports whether libvips ran into this process's limits instead of
// damage in the picture. It has no codes, so its texts must do.
func ownFault(err error) bool {
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"memory", "creating thread", "system error"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
