package imaging

import (
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
)

var (
	// ErrDecoderDied says that the decoding process ended twice without an
	// answer: it crashed, or ran over its time or its memory.
	ErrDecoderDied = fault.New(fault.Invalid, "image_decoder_died", "The picture could not be decoded safely; open and save it again as JPEG or PNG")

	// ErrNoChild says that the decoding process could not be started. The machine
	// is the cause and not the picture, so it is worth another try.
	ErrNoChild = fault.New(fault.Unavailable, "image_decoder_unavailable", "The decoding process could not be started; try again")

	// ErrNoHEIF says that this machine lacks the library that decodes HEIC.
	ErrNoHEIF = fault.New(fault.Unsupported, "image_heic_unavailable",
		"HEIC pictures can't be decoded here: libheif is missing; upload a JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible), or have libheif installed")

	// ErrNoAVIF says that this machine's libvips can't decode AVIF.
	ErrNoAVIF = fault.New(fault.Unsupported, "image_avif_unavailable",
		"AVIF pictures can't be decoded here: this libvips has no AV1 decoder; upload a JPEG, PNG or WebP, or build OPAL where npm is installed, which brings a libvips that has one")

	// ErrInvisible says that every pixel of a photo is transparent.
	ErrInvisible = fault.New(fault.Invalid, "image_invisible", "Nothing is visible in the picture: all of it is transparent; export it again with the product")

	// The errors for a picture refused by its header; package imagefile declares them.
	ErrEmpty         = imagefile.ErrEmpty
	ErrTooLarge      = imagefile.ErrTooLarge
	ErrTooManyPixels = imagefile.ErrTooManyPixels
	ErrUnsupported   = imagefile.ErrUnsupported
	ErrAnimated      = imagefile.ErrAnimated
	ErrCorrupt       = imagefile.ErrCorrupt
	ErrEncode        = imagefile.ErrEncode
)
