package imaging

import "github.com/opal-photo/opal/modules/fault"

// The reasons why a picture is refused. All are permanent: the same bytes are
// refused again.
var (
	ErrEmpty         = fault.New(fault.Invalid, "image_empty", "The file is empty; upload the picture again")
	ErrTooLarge      = fault.New(fault.TooLarge, "image_too_large", "The file is larger than 25 MB; export it smaller or with more compression")
	ErrTooManyPixels = fault.New(fault.TooLarge, "image_too_many_pixels", "The picture has more than 50 megapixels; scale it down")
	ErrUnsupported   = fault.New(fault.Unsupported, "image_unsupported", "Only JPEG, PNG and WebP pictures are taken")
	ErrAnimated      = fault.New(fault.Unsupported, "image_animated", "Moving pictures are not taken; save one frame as JPEG or PNG")
	ErrCorrupt       = fault.New(fault.Invalid, "image_corrupt", "The picture is damaged or incomplete; export or upload it again")

	// ErrDecoderDied says that the decoding process ended twice without an
	// answer: it crashed, or ran over its time or its memory.
	ErrDecoderDied = fault.New(fault.Invalid, "image_decoder_died", "The picture could not be decoded safely; open and save it again as JPEG or PNG")

	// ErrNoChild says that the decoding process could not be started. It is the
	// machine's trouble and not the picture's, so it is worth another try.
	ErrNoChild = fault.New(fault.Unavailable, "image_decoder_unavailable", "The decoding process could not be started; try again")

	// ErrEncode says that a picture cannot be written as asked.
	ErrEncode = fault.New(fault.Invalid, "image_encode", "The picture can't be written in this form")
)
