package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/telemetry"
)

// A guest has no account: the token of a share link, in a header, says what may be seen. The
// link's address has it behind #, which browsers send to no server.
const (
	shareHeader = "X-Share-Token"
	schemeShare = "ShareToken"
)

// The rates of guests: of one address at one link, of one link, and of addresses that come with
// tokens that are none.
var (
	guestRate = RateLimit{PerSecond: 20, Burst: 200}
	linkRate  = RateLimit{PerSecond: 60, Burst: 600}
	guessRate = RateLimit{PerSecond: 0.2, Burst: 20}
)

// guestLimits bound what guests do.
type guestLimits struct{ guests, links, guesses *limiter }

func newGuestLimits() guestLimits {
	return guestLimits{newLimiter(guestRate), newLimiter(linkRate), newLimiter(guessRate)}
}

// addressOf returns where a call comes from, as far as this service's own proxies say. Of IPv6
// it is the network of one customer, who has all of its addresses.
func (s *server) addressOf(r *http.Request) (address, network string) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if s.Proxies > 0 {
		var told []string
		for _, h := range r.Header.Values("X-Forwarded-For") {
			told = append(told, strings.Split(h, ",")...)
		}
		// What stands before the entries of the own proxies, the caller may have made up.
		if at := len(told) - s.Proxies; at >= 0 {
			host = strings.TrimSpace(told[at])
		}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "", host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String(), ip.String()
	}
	net64, _ := ip.Prefix(64) // never fails: an IPv6 address has 128 bits
	return ip.String(), net64.String()
}

// admitGuest finds the link of a guest's call and reads its body.
func (s *server) admitGuest(c echo.Context, rt *route, found *call) error {
	r := c.Request()
	ctx := r.Context()
	address, network := s.addressOf(r)
	now := time.Now()
	if guesses := s.guestLimits.guesses.bucket(network); guesses.TokensAt(now) < 1 {
		return fault.Transient(errRate, time.Duration((1-guesses.TokensAt(now))/guessRate.PerSecond*float64(time.Second)))
	}
	link, err := s.Shares.Open(ctx, r.Header.Get(shareHeader))
	if err != nil {
		if fault.KindOf(err) == fault.Unauthorized {
			s.guestLimits.guesses.bucket(network).AllowN(now, 1)
		}
		return err
	}
	if !s.guestLimits.guests.bucket(link.ID+" "+network).AllowN(now, 1) || !s.guestLimits.links.bucket(link.ID).AllowN(now, 1) {
		s.meters.limited()
		return fault.Transient(errRate, time.Second)
	}
	if !keepable(r.URL.Path) {
		return rt.NotFound
	}
	query, err := readQuery(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodGet {
		body, err := readBody(c)
		if err == nil && rt.Body == JSONBody {
			_, err = s.readJSON(c, rt, body, found)
		}
		if err != nil {
			return err
		}
	}
	if err := strict(c, rt, query, found.unknown); err != nil {
		return err
	}
	found.tenantID, found.guest = link.TenantID, &guest{link, address}
	recordOf(ctx).ids.TenantID = link.TenantID
	ctx = telemetry.With(context.WithValue(ctx, callKey{}, found), telemetry.IDs{TenantID: link.TenantID})
	r = r.WithContext(ctx)
	if rt.Body == JSONBody {
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Type", jsonType)
	}
	c.SetRequest(r)
	c.Response().Header().Set("Cache-Control", "no-store")
	return nil
}

// guest is a caller with a link.
type guest struct {
	link    share.Link
	address string
}
