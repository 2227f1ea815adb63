package api

import (
	"net/http"

	"github.com/opal-photo/opal/modules/fault"
)

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin",
	"A page of another origin sent this. Without credentials (AUTH_MODE=none) only the console's own pages and programs may change something")

// crossOrigin refuses requests that a page of another origin has a browser send,
// when the API needs no credentials: reaching it would then be enough for such a
// page. Programs send neither Origin nor Sec-Fetch-Site and are let through.
func (s *server) crossOrigin(r *http.Request) error {
	if s.open && s.protection.Check(r) != nil {
		return errCrossOrigin
	}
	return nil
}
