package egress

import (
	"net/netip"
	"strings"
	"testing"
)

func TestGuardRefusesSpecialAddresses(t *testing.T) {
	strict, lax := NewGuard(false, nil), NewGuard(true, []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("168.63.0.0/16")})
	for _, c := range []struct {
		address     string
		strict, lax bool
	}{
		{"20.60.1.2:443", true, true},
		{"20.60.1.2:8443", true, true},
		{"[2603:1030::1]:443", true, true},
		{"127.0.0.1:80", false, true},
		{"[::1]:80", false, true},
		{"[::ffff:127.0.0.1]:80", false, true},
		{"10.1.2.3:443", false, true},
		{"10.2.2.3:443", false, false},
		{"192.168.0.1:443", false, false},
		{"172.16.0.1:443", false, false},
		{"100.64.0.1:443", false, false},
		{"169.254.169.254:80", false, false},
		{"168.63.129.16:80", false, false},
		{"0.0.0.0:80", false, false},
		{"224.0.0.1:80", false, false},
		{"[fe80::1]:80", false, false},
		{"[fd00::1]:80", false, false},
		{"[64:ff9b::a9fe:a9fe]:80", false, false},
		{"[::ffff:169.254.169.254]:80", false, false},
		{"nonsense", false, false},
	} {
		t.Run(c.address, func(t *testing.T) {
			network := "tcp4"
			if strings.HasPrefix(c.address, "[") {
				network = "tcp6"
			}
			if err := strict.Control(network, c.address, nil); (err == nil) != c.strict {
				t.Error(err)
			}
			if err := lax.Control(network, c.address, nil); (err == nil) != c.lax {
				t.Errorf("with loopback and networks allowed: %v", err)
			}
		})
	}
	if err := strict.Control("udp4", "20.60.1.2:443", nil); err == nil {
		t.Error("UDP is let through")
	}
}
