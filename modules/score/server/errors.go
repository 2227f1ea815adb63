package server

import "github.com/opal-photo/opal/modules/fault"

// The errors that a caller can get. Codes are stable.
var (
	errUnauthorized    = fault.New(fault.Unauthorized, "unauthorized", "The key is missing or wrong; send it as Authorization: Bearer")
	errMalformed       = fault.New(fault.Malformed, "malformed_body", "The body must be one JSON object as the scoring contract has it")
	errBodyTooLarge    = fault.New(fault.TooLarge, "body_too_large", "The body is larger than 1 MB; pass pictures as URLs")
	errCutBodyTooLarge = fault.New(fault.TooLarge, "body_too_large", "The body is larger than 8 MB; send at most 1.5 megapixels as JPEG")
	errNoImage         = fault.New(fault.Malformed, "malformed_body", "image_bytes_b64 is missing: a picture as base64")
	errBox             = fault.New(fault.Invalid, "invalid_product_box", "product_box must be [x, y, width, height] in pixels with a positive size")
	errFill            = fault.New(fault.Invalid, "invalid_fill", "fill must be between 0 and 1")
	errBusy            = fault.New(fault.RateLimited, "busy", "All places are taken; try again in a moment")
	errNotReady        = fault.New(fault.Unavailable, "not_ready", "The engine is still getting ready; try again in a moment")
	errTimeout         = fault.New(fault.Unavailable, "timeout", "The picture was not finished in time; try again")
	errInputURL        = fault.New(fault.Invalid, "input_url_invalid", "input_image_sas must be an absolute https URL")
	errInputHost       = fault.New(fault.Invalid, "input_host_not_allowed", "input_image_sas points to a host that inputs are not fetched from; add it to the service's allowed hosts if it is yours")
	errInputMissing    = fault.New(fault.Invalid, "input_not_found", "There is nothing at input_image_sas")
	errInputRefused    = fault.New(fault.Invalid, "input_refused", "input_image_sas can't be read: it may have expired or lack the right to read")
	errInputTooLarge   = fault.New(fault.Invalid, "input_too_large", "The input is too large")
	errInputBad        = fault.New(fault.Invalid, "input_unreadable", "The input is no picture that can be read")
	errInputDown       = fault.New(fault.Unavailable, "input_unavailable", "The input could not be fetched; try again")
	errOutputURL       = fault.New(fault.Invalid, "output_url_invalid", "Each URL to write to must be an absolute https URL")
	errOutputHost      = fault.New(fault.Invalid, "output_host_not_allowed", "A URL to write to points to a host that nothing is written to; add it to the service's allowed hosts if it is yours")
	errOutputRefused   = fault.New(fault.Invalid, "output_refused", "A picture can't be written: the URL may have expired, lack the right to create, or name a blob that exists")
	errOutputDown      = fault.New(fault.Unavailable, "output_unavailable", "A picture could not be written; try again")
)
