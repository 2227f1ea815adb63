package egress

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

// MaxURL bounds a customer's URL, in bytes.
const MaxURL = 2048

// URLs calls the addresses that customers choose: https to public addresses, and
// within the allowed networks http and https. Each address is looked at when it is
// dialled, so a name that leads elsewhere later is refused, too.
type URLs struct {
	allowed       []netip.Prefix
	secure, plain *http.Transport
}

// NewURLs returns a caller of customers' URLs. Only an operator names allowed
// networks.
func NewURLs(allowed []netip.Prefix) *URLs {
	guard := NewGuard(false, allowed)
	inside := NewGuard(false, allowed)
	inside.only = true
	return &URLs{allowed: allowed, secure: Transport(guard), plain: Transport(inside)}
}

// Check returns a URL that may be called, or an error that says for its sender why
// not. It looks nothing up.
func (u *URLs) Check(text string) (*url.URL, error) {
	if len(text) > MaxURL {
		return nil, fmt.Errorf("it has %d bytes; %d is the limit", len(text), MaxURL)
	}
	to, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsAny(text, " \t\r\n"):
		return nil, errors.New("it is not a URL")
	case to.Scheme != "https" && (to.Scheme != "http" || len(u.allowed) == 0):
		return nil, errors.New("it must begin with https://")
	case to.Hostname() == "":
		return nil, errors.New("it names no host")
	case to.User != nil:
		return nil, errors.New("it holds a user name or password; leave them out")
	}
	if ip, err := netip.ParseAddr(to.Hostname()); err == nil {
		guard := NewGuard(false, u.allowed)
		guard.only = to.Scheme == "http"
		network := "tcp6"
		if ip.Unmap().Is4() {
			network = "tcp4"
		}
		if guard.Control(network, netip.AddrPortFrom(ip.Unmap(), 443).String(), nil) != nil {
			return nil, ErrProhibited
		}
	}
	to.Fragment, to.RawFragment = "", ""
	return to, nil
}

// RoundTrip makes a request by the rules of its scheme.
func (u *URLs) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return u.secure.RoundTrip(r)
	}
	return u.plain.RoundTrip(r)
}

// Following returns a client that follows redirects as Guarded does. Timeout bounds
// a call with its body.
func (u *URLs) Following(timeout time.Duration) *http.Client {
	return &http.Client{Transport: telemetry.Transport(u), Timeout: timeout, CheckRedirect: carefulRedirects}
}

// Once returns a client that follows no redirects.
func (u *URLs) Once(timeout time.Duration) *http.Client {
	return &http.Client{Transport: telemetry.Transport(u), Timeout: timeout, CheckRedirect: noRedirects}
}

// CloseIdleConnections closes the connections that wait for another call.
func (u *URLs) CloseIdleConnections() {
	u.secure.CloseIdleConnections()
	u.plain.CloseIdleConnections()
}
