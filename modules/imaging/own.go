package imaging

/*
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"image"
	"unsafe"

	"github.com/opal-photo/opal/modules/imagefile"
)

// DecodeOwn decodes JPEG, PNG, WebP or AVIF bytes that OPAL wrote itself, in
// this process. Never give it bytes from outside: use a Decoder.
//
// Errors: those of Inspect, and ErrCorrupt.
func DecodeOwn(b []byte) (*image.NRGBA, error) {
	if err := startVips(); err != nil {
		return nil, err
	}
	p, err := imagefile.Parse(b)
	info := p.Info
	if err != nil {
		return nil, err
	}
	w, h := info.Stored()
	size := w * h * bytesPerPixel
	// C gets copies, so that libvips never holds on to Go's memory.
	data, pixels := C.CBytes(b), C.malloc(C.size_t(size))
	defer C.free(data)
	defer C.free(pixels)
	if pixels == nil {
		return nil, fmt.Errorf("decode a picture of %d × %d: no memory", w, h)
	}
	if err := decodeInto(source{format: info.Format, data: unsafe.Slice((*byte)(data), len(b)), w: w, h: h, profile: p.Profile()}, pixels); err != nil {
		return nil, ErrCorrupt.With("%v", err)
	}
	img := image.NewNRGBA(image.Rect(0, 0, info.Width, info.Height))
	orientRows(img, info.Orientation, unsafe.Slice((*byte)(pixels), size), 0, h)
	return img, nil
}
