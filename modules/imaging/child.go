package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/sandbox"
)

// ChildKind names the decoding child.
const ChildKind = "decode"

// ChildHandler returns the decoding child: it decodes the one picture its
// parent asks for. A binary whose Decoders have no Command of their own serves
// it under ChildKind.
func ChildHandler() sandbox.Handler {
	return sandbox.Handler{Prepare: func([]string) (sandbox.Worker, error) {
		if err := prepareVips(true); err != nil {
			return nil, err
		}
		// Where libheif is missing the other formats are decoded all the same.
		_ = loadHEIF()
		return decodeWork, nil
	}}
}

// params say what the input is; the output is Width*Height pixels. A profile for
// a file without one may follow.
type params struct {
	Format        uint32
	Width, Height uint32 // as stored
}

var wire = binary.LittleEndian

func (p params) bytes() []byte {
	b, _ := binary.Append(nil, wire, p) // a struct of numbers can't fail
	return b
}

// noHEIF is the reply of a child that can't decode HEIC at all. Others are empty.
const noHEIF = "no libheif"

// decodeWork is the child's sandbox.Worker.
func decodeWork(job sandbox.Work) ([]byte, error) {
	var p params
	n, err := binary.Decode(job.Params, wire, &p)
	if err != nil {
		return nil, fmt.Errorf("read the parameters: %w", err)
	}
	size := uint64(p.Width) * uint64(p.Height) * bytesPerPixel
	if len(job.In) == 0 || len(job.In) > MaxBytes || size == 0 || size > MaxPixels*bytesPerPixel || size != uint64(len(job.Out)) {
		return nil, errors.New("the request is out of bounds")
	}
	format := formatOf(p.Format)
	if format == imagefile.HEIC {
		if err := loadHEIF(); err != nil {
			return []byte(noHEIF), nil
		}
	}
	err = decodeInto(source{
		format: format, data: job.In, profile: job.Params[n:], w: int(p.Width), h: int(p.Height),
	}, unsafe.Pointer(unsafe.SliceData(job.Out)))
	if err != nil && !ownFault(err) {
		return nil, sandbox.Refuse(err.Error())
	}
	return nil, err
}

// ownFault reports whether libvips ran into this process's limits instead of
// damage in the picture. It has no codes, so its texts must do.
func ownFault(err error) bool {
	text := strings.ToLower(err.Error())
	// So libtiff and libheif speak of counts that no honest file has.
	for _, sign := range []string{"out of memory reading of", "security limit"} {
		if strings.Contains(text, sign) {
			return false
		}
	}
	for _, sign := range []string{"memory", "creating thread", "system error"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
