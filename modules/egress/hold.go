package egress

import (
	"errors"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// Least waits after faults that a person has to fix: a key that is being rotated
// or an account that is being topped up must not fail the items in between.
const (
	unauthorizedWait = time.Minute
	unpaidWait       = 10 * time.Minute
)

// Hold marks refused credentials and an empty account as worth another try, much
// later. Other errors stay as they are. It is for callers that a queue tries
// again; the breaker must not see it.
func Hold(err error, f Faults) error {
	switch {
	case errors.Is(err, f.Unauthorized):
		return fault.Transient(err, unauthorizedWait)
	case errors.Is(err, f.Unpaid) && !errors.Is(f.Unpaid, f.Rejected):
		return fault.Transient(err, unpaidWait)
	}
	return err
}
