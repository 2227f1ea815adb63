package imaging

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"image"
	"sync"
	"unsafe"

	"github.com/opal-photo/opal/modules/imagefile"
)

// EncodeOptions say how a picture is written. The zero value of each field but
// Format is a sensible choice.
type EncodeOptions struct {
	Format Format

	// Quality is 1..100, for JPEG, WebP and AVIF. 0 is 85 for JPEG, 82 for WebP
	// and 60 for AVIF, which look about the same.
	Quality int

	// FullColour keeps the resolution of colour whatever the quality: JPEG and AVIF
	// halve it below quality 90. WebP always halves it, more carefully then.
	FullColour bool

	// Lossless keeps every pixel, for WebP and AVIF. PNG always does.
	Lossless bool

	// Effort is how hard the encoder tries, 1 (fast) to 9 (small). 0 is each
	// format's best trade: three times the effort saves a few per cent.
	Effort int

	// XMP is a packet to embed, such as that of SourceXMP. May be nil.
	XMP []byte

	// ICC embeds an sRGB profile (about 0.5 KB), for shops and printers that ask
	// for one. Without one, programs take sRGB for granted.
	ICC bool
}

// The largest side each format can say.
var maxSide = map[Format]int{JPEG: 65_535, PNG: 1<<31 - 1, WebP: 16_383, AVIF: 16_384}

var defaultQuality = map[Format]int{JPEG: 85, WebP: 82, AVIF: 60}

// fullColourQuality is where JPEG and AVIF stop halving the resolution of
// colour: whoever asks for that quality wants crisp red edges.
const fullColourQuality = 90

// Encode writes img. Nothing but pixels and what the options name gets into the
// file: no EXIF, no time, no place. A picture without transparent pixels is
// written without an alpha channel.
//
// Errors: ErrEncode when the format can't hold the picture: a transparent one
// as JPEG, or a side that is too long.
func Encode(img *image.NRGBA, o EncodeOptions) ([]byte, error) {
	if err := startVips(); err != nil {
		return nil, err
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	longest, ok := maxSide[o.Format]
	opaque := Opaque(img)
	switch {
	case !ok:
		return nil, ErrEncode.With("the format %q is none of jpeg, png, webp and avif", o.Format)
	case w < 1 || h < 1 || w > longest || h > longest || w*h > MaxPixels:
		return nil, ErrEncode.With("%d × %d pixels are not possible as %s", w, h, o.Format)
	case o.Format == JPEG && !opaque:
		return nil, ErrEncode.With("a JPEG can't be transparent; flatten the picture first")
	case o.Quality < 0 || o.Quality > 100:
		return nil, ErrEncode.With("quality %d is not within 1 and 100", o.Quality)
	case o.Effort < 0 || o.Effort > 9:
		return nil, ErrEncode.With("effort %d is not within 1 and 9", o.Effort)
	}
	quality := o.Quality
	if quality == 0 {
		quality = max(1, defaultQuality[o.Format])
	}
	e := C.struct_opal_encoding{
		format:    formatCode(o.Format),
		quality:   C.int(quality),
		lossless:  boolInt(o.Lossless),
		effort:    C.int(vipsEffort(o.Format, o.Effort)),
		subsample: boolInt(quality < fullColourQuality && !o.Lossless && !o.FullColour),
	}
	var profile []byte
	if o.ICC {
		var err error
		if profile, err = sRGBProfile(); err != nil {
			return nil, err
		}
	}
	if o.Format == AVIF && len(o.XMP) > 0 {
		e.xmp, e.xmp_len = C.CBytes(o.XMP), C.size_t(len(o.XMP))
		defer C.free(e.xmp)
	}
	if o.Format == AVIF && len(profile) > 0 {
		e.profile, e.profile_len = C.CBytes(profile), C.size_t(len(profile))
		defer C.free(e.profile)
	}
	pixels, bands := packed(img, opaque)
	if opaque || img.Stride != w*bytesPerPixel {
		defer giveBack(pixels)
	}
	var out unsafe.Pointer
	var n C.size_t
	err := vipsCall(func(text *C.char, length C.size_t) C.int {
		return C.opal_encode(&e, unsafe.Pointer(unsafe.SliceData(pixels)), C.int(w), C.int(h), C.int(bands), &out, &n, text, length)
	})
	if err != nil {
		if o.Format == AVIF && lacksAV1(err) {
			return nil, ErrEncode.With("AVIF can't be written here: this libvips has no AV1 encoder; install the one that is missing " +
				"(libvips' module for HEIF and libheif with aom), ask for webp, or build OPAL where npm is installed, which brings a libvips that has it")
		}
		return nil, ErrEncode.With("%v", err)
	}
	defer C.opal_free(out)
	return imagefile.Embed(o.Format, C.GoBytes(out, C.int(n)), o.XMP, profile, !opaque)
}

// packed returns a picture's pixels in rows without gaps, without the alpha where it is opaque,
// and the bytes of each: a copy, or the picture's own where they lie so.
func packed(img *image.NRGBA, opaque bool) (pixels []byte, bands int) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	bands = bytesPerPixel
	if opaque {
		bands--
	} else if img.Stride == w*bytesPerPixel {
		return img.Pix[:h*img.Stride], bands
	}
	pixels = rough(w * h * bands)
	for y := range h {
		if row := pixels[y*w*bands:][:w*bands]; opaque {
			narrow(row, pixelRow(img, y))
		} else {
			copy(row, pixelRow(img, y))
		}
	}
	return pixels, bands
}

var sRGB struct {
	once    sync.Once
	profile []byte
	err     error
}

// sRGBProfile returns libvips' own profile.
func sRGBProfile() ([]byte, error) {
	sRGB.once.Do(func() { sRGB.profile, sRGB.err = readSRGBProfile() })
	return sRGB.profile, sRGB.err
}

func readSRGBProfile() ([]byte, error) {
	var out unsafe.Pointer
	var n C.size_t
	err := vipsCall(func(text *C.char, length C.size_t) C.int { return C.opal_srgb_profile(&out, &n, text, length) })
	if err != nil {
		return nil, fmt.Errorf("load the sRGB profile: %w", err)
	}
	defer C.opal_free(out)
	return C.GoBytes(out, C.int(n)), nil
}

// vipsEffort translates 1..9 to the scale of each of libvips' savers.
func vipsEffort(f Format, effort int) int {
	switch f {
	case PNG: // 0..9, zlib's levels
		if effort == 0 {
			return 3
		}
		return effort
	case WebP: // 0..6
		if effort == 0 {
			return 2
		}
		return effort * 6 / 9
	case AVIF: // 0..9, of which those above 4 take up to 20 s for 4 megapixels
		if effort == 0 {
			return 1
		}
		return 1 + (effort-1)*3/8
	}
	return 0
}

func boolInt(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
