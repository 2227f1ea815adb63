package server

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// errProhibited: an allowed name leads to an address that is never dialled.
var errProhibited = errors.New("the address is not public")

// azurePlatform is Azure's own virtual address for its platform services, which
// is outside of the private ranges.
var azurePlatform = netip.MustParsePrefix("168.63.129.16/32")

// guard refuses private, link-local, metadata and other special addresses when
// a connection is dialled: names can lead anywhere, and can change in between.
type guard struct {
	loopback bool
	allowed  []netip.Prefix
	public   *ssrf.Guardian
}

func newGuard(loopback bool, allowed []netip.Prefix) *guard {
	return &guard{loopback: loopback, allowed: allowed, public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azurePlatform))}
}

// control is a net.Dialer.Control.
func (g *guard) control(network, address string, c syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", errProhibited, err)
	}
	ip := at.Addr().Unmap()
	if g.loopback && ip.IsLoopback() {
		return nil
	}
	if ip != azurePlatform.Addr() {
		for _, p := range g.allowed {
			if p.Contains(ip) {
				return nil
			}
		}
	}
	if err := g.public.Safe(network, address, c); err != nil {
		return fmt.Errorf("%w: %w", errProhibited, err)
	}
	return nil
}
