package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrProhibited says that an address is never dialled: it is private,
// link-local, a cloud's metadata service or another special one.
var ErrProhibited = errors.New("the address is not public")

// azurePlatform is Azure's own virtual address for its platform services, which
// is outside of the private ranges.
var azurePlatform = netip.MustParsePrefix("168.63.129.16/32")

// Guard refuses private, link-local, metadata and other special addresses when
// a connection is dialled: names can lead anywhere, and can change in between.
type Guard struct {
	loopback bool
	only     bool // the allowed networks and nothing else
	allowed  []netip.Prefix
	public   *ssrf.Guardian
}

// NewGuard returns a guard that lets through what is public, the allowed
// networks, and with loopback set this machine. Azure's platform address is
// refused even within an allowed network.
func NewGuard(loopback bool, allowed []netip.Prefix) *Guard {
	return &Guard{loopback: loopback, allowed: allowed, public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azurePlatform))}
}

// Control is a net.Dialer.Control. Errors: ErrProhibited.
func (g *Guard) Control(network, address string, c syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProhibited, err)
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
	if g.only {
		return ErrProhibited
	}
	if err := g.public.Safe(network, address, c); err != nil {
		return fmt.Errorf("%w: %w", ErrProhibited, err)
	}
	return nil
}
