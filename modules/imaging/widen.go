package imaging

/*
#include "resample.h"
*/
import "C"

import "unsafe"

// widen writes pixels of three bytes, red, green and blue, as opaque pixels of four. dst has
// room for them.
func widen(dst, rgb []byte) { widenBy(dst, rgb, false) }

func widenBy(dst, rgb []byte, plain bool) {
	const narrow = bytesPerPixel - 1
	n := len(rgb) / narrow
	_ = dst[:n*bytesPerPixel]
	C.opal_widen((*C.uint8_t)(unsafe.SliceData(rgb)), C.size_t(n), (*C.uint8_t)(unsafe.SliceData(dst)), boolInt(plain))
}

// narrow writes pixels of four bytes without their alpha. dst has room for them.
func narrow(dst, rgba []byte) { narrowBy(dst, rgba, false) }

func narrowBy(dst, rgba []byte, plain bool) {
	const narrow = bytesPerPixel - 1
	n := len(rgba) / bytesPerPixel
	_ = dst[:n*narrow]
	C.opal_narrow((*C.uint8_t)(unsafe.SliceData(rgba)), C.size_t(n), (*C.uint8_t)(unsafe.SliceData(dst)), boolInt(plain))
}
