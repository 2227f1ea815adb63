package api

import (
	"net/http"

	"github.com/opal-photo/opal/modules/fault"
)

// crossOriginText says why a page's call is refused.
const crossOriginText = "A page of another origin sent this; only the console's own pages, and programs with credentials of their own, may change something"

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", crossOriginText)

// crossOrigin refuses requests that a page of another origin has a browser send,
// when the API needs no credentials: reaching it would then be enough for such a
// page. Programs send neither Origin nor Sec-Fetch-Site and are let through.
func (s *server) crossOrigin(r *http.Request) error {
	if s.open && s.protection.Check(r) != nil {
		return errCrossOrigin
	}
	return nil
}
