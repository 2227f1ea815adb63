package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/opal-photo/opal/modules/egress"
)

// errUndialled ends a dial that the guard let through: tests dial no other machine.
var errUndialled = errors.New("this test dials nobody")

// Whatever form a URL has, it leads to the allowed storage or nowhere.
func TestURLsLeadNowhereElse(t *testing.T) {
	text, err := os.ReadFile("testdata/urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	b := newBlobs(Options{AllowedHosts: []string{"storage.test"}, MaxInput: 1 << 20})
	forms := 0
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		forms++
		want, rest, _ := strings.Cut(line, "\t")
		raw, target, _ := strings.Cut(rest, "\t=> ")
		if got := whoRefuses(t, b, raw, target); got != want {
			t.Errorf("line %d, %q: refused by %q, want %q", n+1, rest, got, want)
		}
	}
	if forms < 60 {
		t.Errorf("only %d forms", forms)
	}
}

// whoRefuses returns the check that keeps the service from fetching a URL whose
// host's name leads to target.
func whoRefuses(t *testing.T, b *blobs, raw, target string) string {
	t.Helper()
	u, err := b.check(raw, errInputURL, errInputHost)
	switch {
	case errors.Is(err, errInputURL):
		return "url"
	case errors.Is(err, errInputHost):
		return "host"
	case err != nil:
		t.Fatal(err)
	}
	if target == "" {
		return "open"
	}
	// the service's client with another resolver, and every dial refused
	asked := false
	guard := egress.NewGuard(false, nil)
	dialer := &net.Dialer{Control: func(network, address string, c syscall.RawConn) error {
		asked = true
		if err := guard.Control(network, address, c); err != nil {
			return err
		}
		return errUndialled
	}}
	client := *b.http
	transport := egress.Transport(guard)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return dialer.DialContext(ctx, network, net.JoinHostPort(target, port))
	}
	client.Transport = transport
	own := &blobs{hosts: b.hosts, limit: b.limit, http: &client}
	_, err = own.get(t.Context(), u)
	if !asked { // a machine without IPv6 has no socket to guard
		network := "tcp4"
		if netip.MustParseAddr(target).Is6() {
			network = "tcp6"
		}
		err = dialer.Control(network, net.JoinHostPort(target, "443"), nil)
	}
	if err == nil {
		t.Fatalf("%s was reached at %s", raw, target)
	}
	if errors.Is(err, egress.ErrProhibited) || errors.Is(err, errInputHost) {
		return "dial"
	}
	return "open"
}

// FuzzURL: a URL that is let through names the allowed storage at its own port,
// and nobody in it.
func FuzzURL(f *testing.F) {
	text, err := os.ReadFile("testdata/urls.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if _, rest, ok := strings.Cut(line, "\t"); ok {
			raw, _, _ := strings.Cut(rest, "\t")
			f.Add(raw)
		}
	}
	b := newBlobs(Options{AllowedHosts: []string{"storage.test"}, MaxInput: 1 << 20})
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := b.check(raw, errInputURL, errInputHost)
		if err != nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		if err != nil {
			return // no request, no fetch
		}
		host := strings.ToLower(r.URL.Host)
		if r.URL.Scheme != "https" || host != "storage.test" && host != "storage.test:443" || r.URL.User != nil {
			t.Errorf("%q leads to %s", raw, r.URL)
		}
	})
}
