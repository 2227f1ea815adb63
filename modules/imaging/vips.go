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

	"github.com/opal-photo/opal/modules/imagefile"
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
	case imagefile.HEIC:
		return C.OPAL_HEIC
	case imagefile.TIFF:
		return C.OPAL_TIFF
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

// lacksAV1 reports whether libvips says that it can't decode, or write, any AVIF.
func lacksAV1(err error) bool {
	return ofText(err, func(text *C.char) C.int { return C.opal_lacks_av1(text) })
}

// ownFault reports whether libvips ran into this process's limits instead of damage in the
// picture.
func ownFault(err error) bool {
	return ofText(err, func(text *C.char) C.int { return C.opal_own_fault(text) })
}

func ofText(err error, says func(*C.char) C.int) bool {
	text := C.CString(err.Error())
	defer C.free(unsafe.Pointer(text))
	return says(text) != 0
}

// started and loaded hold the results of startVips and loadHEIF.
var started, loaded struct {
	once sync.Once
	err  error
}

// startVips prepares libvips for this process's own pictures.
func startVips() error {
	started.once.Do(func() { started.err = prepareVips(false) })
	return started.err
}

// prepareVips allows the loaders: foreign adds the formats that OPAL's own files
// never have.
func prepareVips(foreign bool) error {
	var flag C.int
	if foreign {
		flag = 1
	}
	if err := vipsCall(func(text *C.char, n C.size_t) C.int { return C.opal_start(flag, text, n) }); err != nil {
		return fmt.Errorf("start libvips: %w", err)
	}
	return nil
}

// loadHEIF finds libheif, without which HEIC pictures are refused.
func loadHEIF() error {
	loaded.once.Do(func() {
		loaded.err = vipsCall(func(text *C.char, n C.size_t) C.int { return C.opal_heif_load(text, n) })
	})
	return loaded.err
}

// HEIFVersion returns the version of the libheif that decodes HEIC pictures, or
// why there is none.
func HEIFVersion() (string, error) {
	if err := loadHEIF(); err != nil {
		return "", err
	}
	return C.GoString(C.opal_heif_version()), nil
}

// LibraryVersion returns libvips' version, such as "8.18.7".
func LibraryVersion() string { return C.GoString(C.opal_version()) }

// source is a picture that imagefile.Parse let through.
type source struct {
	format        Format
	data, profile []byte // that the garbage collector doesn't move
	w, h          int
	bands         int // of the pixels: 4, or 3 where the format has no alpha
}

// decodeInto decodes a picture into pixels: w*h*bands bytes that the garbage
// collector doesn't own.
func decodeInto(s source, pixels unsafe.Pointer) error {
	c := C.struct_opal_source{
		format: formatCode(s.format), data: unsafe.Pointer(unsafe.SliceData(s.data)), len: C.size_t(len(s.data)),
		width: C.int(s.w), height: C.int(s.h), bands: C.int(s.bands), profile_len: C.size_t(len(s.profile)),
	}
	if len(s.profile) > 0 {
		c.profile = C.CBytes(s.profile)
		defer C.free(c.profile)
	}
	return vipsCall(func(text *C.char, n C.size_t) C.int { return C.opal_decode(&c, pixels, text, n) })
}

// formatOf is the reverse of formatCode; it returns "" for an unknown code.
func formatOf(code uint32) Format {
	for _, f := range []Format{JPEG, PNG, WebP, AVIF, imagefile.HEIC, imagefile.TIFF} {
		if uint32(formatCode(f)) == code {
			return f
		}
	}
	return ""
}
