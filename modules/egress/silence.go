package egress

import (
	"errors"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// silence marks a failure in which the provider itself gave no answer: there was
// no connection, or a gateway spoke in its place.
type silence struct{ error }

func (s *silence) Unwrap() error { return s.error }

// gateways are the statuses with which something before the provider says that it
// does not answer.
func gateways(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// heard notes that the provider answered, whatever it said.
func (c *Client) heard() { c.answered.Store(time.Now().UnixNano()) }

// uncount takes the try off a call that began at a time and to which the provider
// gave no answer: an outage is not the work's fault, however many processes share
// it and however little each of them calls. A provider that answered another call
// meanwhile is reachable, and the try counts: this work may be the cause.
func (c *Client) uncount(began time.Time, err error) error {
	var s *silence
	if !errors.As(err, &s) || c.answered.Load() >= began.UnixNano() {
		return err
	}
	return fault.Uncounted(err, fault.RetryAfter(err))
}
