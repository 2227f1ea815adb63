package azureml

import (
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
)

// Errors of Score. ErrUnavailable, ErrBusy and ErrBadResponse are worth another
// try, and so is ErrBreakerOpen, whose try is not counted; the others are
// permanent.
var (
	// ErrBreakerOpen: too many calls failed, so none is made for a while.
	ErrBreakerOpen = fault.New(fault.Unavailable, "scoring_paused", "The scoring service has failed too often; calls are paused and resume by themselves")
	// ErrUnavailable: no connection, a timeout, 408 or 5xx.
	ErrUnavailable = fault.New(fault.Unavailable, "scoring_unavailable", "The scoring service can't be reached or failed")
	// ErrBusy: 429.
	ErrBusy = fault.New(fault.RateLimited, "scoring_busy", "The scoring service is busy")
	// ErrBadResponse: a 200 that does not hold what the contract says.
	ErrBadResponse = fault.New(fault.Unavailable, "scoring_bad_response", "The scoring service answered with something that is no scoring response")
	// ErrResponseTooLarge: more bytes than Options.MaxResponse.
	ErrResponseTooLarge = fault.New(fault.Invalid, "scoring_response_too_large", "The scoring service's answer is too large; let it write to output_image_sas")
	// ErrUnauthorized: 401 or 403.
	ErrUnauthorized = fault.New(fault.Invalid, "scoring_unauthorized", "The scoring service refused the credentials; check AML_ENDPOINT_KEY, or the identity's role on the endpoint")
	// ErrRejected: any other 4xx, and redirects.
	ErrRejected = fault.New(fault.Invalid, "scoring_rejected", "The scoring service refused the request")
	// ErrOptions: New was given options that can't work.
	ErrOptions = fault.New(fault.Invalid, "scoring_options", "The scoring endpoint is not configured properly")
)

// faults are the errors of the scoring contract, which has no 402.
var faults = egress.Faults{
	Paused: ErrBreakerOpen, Unavailable: ErrUnavailable, Busy: ErrBusy, BadResponse: ErrBadResponse, TooLarge: ErrResponseTooLarge,
	Unauthorized: ErrUnauthorized, Unpaid: ErrRejected, Rejected: ErrRejected,
}
