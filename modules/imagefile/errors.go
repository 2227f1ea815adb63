package imagefile

import "github.com/opal-photo/opal/modules/fault"

// The reasons why a picture is refused. All are permanent: the same bytes are
// refused again.
var (
	ErrEmpty         = fault.New(fault.Invalid, "image_empty", "The file is empty; upload the picture again")
	ErrTooLarge      = fault.New(fault.TooLarge, "image_too_large", "The file is larger than 25 MB; export it smaller or with more compression")
	ErrTooManyPixels = fault.New(fault.TooLarge, "image_too_many_pixels", "The picture has more than 50 megapixels; scale it down")
	ErrUnsupported   = fault.New(fault.Unsupported, "image_unsupported", "Only JPEG, PNG, WebP, HEIC, AVIF and TIFF pictures are taken")
	ErrAnimated      = fault.New(fault.Unsupported, "image_animated", "Moving pictures are not taken; save one frame as JPEG or PNG")
	ErrCorrupt       = fault.New(fault.Invalid, "image_corrupt", "The picture is damaged or incomplete; export or upload it again")

	// ErrEncode says that a picture cannot be written as asked.
	ErrEncode = fault.New(fault.Invalid, "image_encode", "The picture can't be written in this form")
)
