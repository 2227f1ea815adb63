package egress

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	idleTimeout = 90 * time.Second
	maxIdle     = 16
	maxHeader   = 64 << 10
	// maxRedirects bounds the redirects that are followed where any are.
	maxRedirects = 3
	// drain is how much of an unwanted answer is read all the same, so that the
	// connection can be used again.
	drain = 8 << 10
)

// Transport returns the transport that all calls share in kind: bounded in
// dialling, handshake and header, and without decompression of its own, whose
// result would have no bound. With a guard every address is looked at when it is
// dialled, and no proxy is used: the guard must see the real address.
func Transport(g *Guard) *http.Transport {
	t := &http.Transport{
		TLSHandshakeTimeout:    tlsTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    maxIdle,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if g != nil {
		dialer.Control = g.Control
	} else {
		t.Proxy = http.ProxyFromEnvironment
	}
	t.DialContext = dialer.DialContext
	return t
}

// Direct returns a client for one address that an operator has set. It follows
// no redirects: they would lead elsewhere, with the key. Timeout bounds a call
// with its body.
func Direct(timeout time.Duration) *http.Client {
	return &http.Client{Transport: telemetry.Transport(Transport(nil)), Timeout: timeout, CheckRedirect: noRedirects}
}

// Guarded returns a client for addresses that somebody outside has chosen. It
// dials what the guard lets through and nothing else, also when redirected:
// at most three times, never from HTTPS to plain HTTP, and without a Referer.
// Timeout bounds a call with its body.
func Guarded(g *Guard, timeout time.Duration) *http.Client {
	return &http.Client{Transport: telemetry.Transport(Transport(g)), Timeout: timeout, CheckRedirect: carefulRedirects}
}

// GuardedOnce is Guarded without redirects.
func GuardedOnce(g *Guard, timeout time.Duration) *http.Client {
	return &http.Client{Transport: telemetry.Transport(Transport(g)), Timeout: timeout, CheckRedirect: noRedirects}
}

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func carefulRedirects(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	if len(via) > maxRedirects || next.URL.User != nil || next.URL.Scheme != "https" && (next.URL.Scheme != "http" || last.URL.Scheme == "https") {
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer") // its query may be a secret
	return nil
}

// Discard ends an exchange whose body nobody reads.
func Discard(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, drain)
	_ = res.Body.Close()
}

// WithoutURL returns the cause of an error of http.Client.Do. net/http puts the
// URL before it, and a signed URL is a secret.
func WithoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// ReadAll reads a response's body of at most limit bytes; a longer one is the
// error tooLarge, before a byte of it is read when its header says so.
func ReadAll(res *http.Response, limit int64, tooLarge error) ([]byte, error) {
	if res.ContentLength > limit {
		return nil, tooLarge
	}
	b, err := io.ReadAll(&capped{r: res.Body, left: limit + 1, full: tooLarge})
	if err == nil && int64(len(b)) > limit {
		err = tooLarge
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}
