package imaging

// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/sandbox"
)

// ChildKind names the decoding child.
const ChildKind = "decode"

// ChildHandler returns the decoding child: it decodes the one picture its
// parent asks for, and answers with what read, which may be nil, makes of the
// parts beside the pixels (see DecodeWith), 64 KB at most. A binary whose
// Decoders have no Command of their own serves it under ChildKind.
func ChildHandler(read func(beside []byte) (answer []byte)) sandbox.Handler {
	return sandbox.Handler{Prepare: func(args []string) (sandbox.Worker, error) {
		if err := prepareVips(true); err != nil {
			return nil, err
		}
		if slices.Contains(args, withHEIF) {
			_ = loadHEIF() // decodeWork says that it is missing
		}
		return func(job sandbox.Work) ([]byte, error) { return decodeWork(job, read) }, nil
	}}
}

// withHEIF has a child load libheif, whose own libraries take a third of the time in which a
// child is ready. Others refuse HEIC.
const withHEIF = "heif"

// handedOver is how many bytes of a pixel the child hands over. JPEG has no alpha, and a
// quarter of the memory that both sides share would say so for each pixel.
func handedOver(f Format) int {
	if f == JPEG {
		return bytesPerPixel - 1
	}
	return bytesPerPixel
}

// params say what the input is; the output is Width*Height pixels, see handedOver. A profile for
// a file without one may follow.
type params struct {
	Format        uint32
	Width, Height uint32 // as stored
	Beside        uint32 // bytes at the input's end that are not the picture's
}

var wire = binary.LittleEndian

func (p params) bytes() []byte {
	b, _ := binary.Append(nil, wire, p) // a struct of numbers can't fail
	return b
}

// noHEIF is the reply of a child that can't decode HEIC or AVIF at all. Others are answers of
// the function that reads what lies beside the pixels.
const noHEIF = C.OPAL_NO_HEIF

// decodeWork is the child's sandbox.Worker.
func decodeWork(job sandbox.Work, read func([]byte) []byte) ([]byte, error) {
	var p params
	n, err := binary.Decode(job.Params, wire, &p)
	if err != nil {
		return nil, fmt.Errorf("read the parameters: %w", err)
	}
	format := formatOf(p.Format)
	bands := handedOver(format)
	size := uint64(p.Width) * uint64(p.Height) * uint64(bands)
	if p.Beside > maxBeside || uint64(p.Beside) >= uint64(len(job.In)) {
		return nil, errors.New("the request is out of bounds")
	}
	data, beside := job.In[:len(job.In)-int(p.Beside)], job.In[len(job.In)-int(p.Beside):]
	if len(data) > MaxBytes || size == 0 || size > uint64(MaxPixels*bands) || size != uint64(len(job.Out)) {
		return nil, errors.New("the request is out of bounds")
	}
	if format == imagefile.HEIC {
		if err := loadHEIF(); err != nil {
			return []byte(noHEIF), nil
		}
	}
	err = decodeInto(source{
		format: format, data: data, profile: job.Params[n:], w: int(p.Width), h: int(p.Height), bands: bands,
	}, unsafe.Pointer(unsafe.SliceData(job.Out)))
	if err != nil && format == AVIF && lacksAV1(err) {
		return []byte(noHEIF), nil
	}
	if err != nil && !ownFault(err) {
		return nil, sandbox.Refuse(err.Error())
	}
	if err != nil || read == nil || len(beside) == 0 {
		return nil, err
	}
	return answered(read, beside), nil
}

const maxAnswer = 64 << 10

// answered returns nil where reading panics: the picture is decoded, and its marks are
// not worth it.
func answered(read func([]byte) []byte, beside []byte) (answer []byte) {
	defer func() {
		if recover() != nil {
			answer = nil
		}
	}()
	if answer = read(bytes.Clone(beside)); len(answer) > maxAnswer {
		return nil
	}
	return answer
}
