package egress

import "github.com/opal-photo/opal/modules/fault"

// Faults are a provider's errors, so that each has codes of its own: operators
// look at another place for another provider. Every field is needed.
type Faults struct {
	// Paused: too many calls failed, so none is made for a while. Its try is not
	// counted.
	Paused *fault.Error
	// Unavailable: no connection, a timeout, 408 or 5xx. Worth another try.
	Unavailable *fault.Error
	// Busy: 429. Worth another try.
	Busy *fault.Error
	// BadResponse: a 200 that does not hold what the provider's contract says.
	// Worth another try.
	BadResponse *fault.Error
	// TooLarge: more bytes than Options.MaxResponse. Permanent.
	TooLarge *fault.Error
	// Unauthorized: 401 or 403.
	Unauthorized *fault.Error
	// Unpaid: 402.
	Unpaid *fault.Error
	// Rejected: any other 4xx, and redirects. Permanent.
	Rejected *fault.Error
}
