package imaging

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/opal-photo/opal/modules/sandbox"
)

// errorText is the room for libvips' message.
const errorText = 1024

func formatCode(f Format) C.int {
	switch f {
	case JPEG:
		return C.OPAL_JPEG
	case PNG:
		return C.OPAL_PNG
	case WebP:
		return C.OPAL_WEBP
	case AVIF:
		return C.OPAL_AVIF
	}
	return 0
}

// vipsCall runs one job on a thread of its own and returns libvips' message.
// Errors that libvips keeps per thread can't be read from another one.
func vipsCall(job func(err *C.char, errlen C.size_t) C.int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	text := (*C.char)(C.calloc(1, errorText))
	if text == nil {
		return errors.New("libvips: no memory")
	}
	defer C.free(unsafe.Pointer(text))
	if job(text, errorText) == 0 {
		return nil
	}
	return errors.New(sandbox.OneLine(C.GoString(text)))
}

// startVips prepares libvips for this process's own pictures.
var startVips = sync.OnceValue(func() error { return prepareVips(true) })

// prepareVips allows the loaders: own adds the formats that only OPAL's own
// files may have.
func prepareVips(own bool) error {
	var flag C.int
	if own {
		flag = 1
	}
	if err := vipsCall(func(text *C.char, n C.size_t) C.int { return C.opal_start(flag, text, n) }); err != nil {
		return fmt.Errorf("start libvips: %w", err)
	}
	return nil
}

// LibraryVersion returns libvips' version, such as "8.18.7".
func LibraryVersion() string { return C.GoString(C.opal_version()) }

// decodeInto decodes data, a picture that parse let through, into pixels:
// w*h*4 bytes that the garbage collector doesn't own.
func decodeInto(f Format, data []byte, w, h int, pixels unsafe.Pointer) error {
	return vipsCall(func(text *C.char, n C.size_t) C.int {
		return C.opal_decode(formatCode(f), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), C.int(w), C.int(h), pixels, text, n)
	})
}

// formatOf is the reverse of formatCode; an unknown code is no format.
func formatOf(code uint32) Format {
	for _, f := range []Format{JPEG, PNG, WebP, AVIF} {
		if uint32(formatCode(f)) == code {
			return f
		}
	}
	return ""
}
