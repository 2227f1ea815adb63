package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// How blobs are read and written.
const (
	blobTries    = 3
	blobBackoff  = 200 * time.Millisecond
	blobTimeout  = 60 * time.Second // one exchange
	dialTimeout  = 5 * time.Second
	idleTimeout  = 90 * time.Second
	idlePerHost  = 16
	maxURL       = 4096
	createdAgain = "UnauthorizedBlobOverwrite" // x-ms-error-code of a create-only URL used twice
	existsCode   = "BlobAlreadyExists"
)

// blobs reads inputs and writes pictures at signed URLs of allowed hosts.
type blobs struct {
	hosts    []string
	loopback bool
	limit    int64
	http     *http.Client
}

func newBlobs(o Options) *blobs {
	g := newGuard(o.AllowLoopback, o.AllowedNetworks)
	return &blobs{
		hosts: o.AllowedHosts, loopback: o.AllowLoopback, limit: o.MaxInput,
		http: &http.Client{
			Timeout: blobTimeout,
			// Blob stores don't redirect, and a redirect would leave the list.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{ // no proxy: the guard must see the real address
				DialContext:         (&net.Dialer{Timeout: dialTimeout, Control: g.control}).DialContext,
				TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleTimeout, MaxIdleConnsPerHost: idlePerHost,
				ForceAttemptHTTP2: true, DisableCompression: true,
			},
		},
	}
}

// check parses a URL and holds it against the list of hosts. Plain HTTP is only
// for this machine, and only where that is allowed.
func (b *blobs) check(raw string, invalid, foreign *fault.Error) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, invalid
	}
	i := slices.IndexFunc(b.hosts, func(h string) bool { return hostMatches(h, u) })
	if i < 0 {
		return nil, foreign
	}
	if u.Scheme == "http" && !strings.HasPrefix(b.hosts[i], plainPrefix) && !(b.loopback && isLoopback(u.Hostname())) {
		return nil, invalid
	}
	return u, nil
}

// plainPrefix before a pattern allows HTTP without TLS, as an emulator speaks it.
const plainPrefix = "http://"

// hostMatches holds a URL against "host", "host:port" or "*.suffix". A pattern
// without a port means the scheme's own; on this machine, any.
func hostMatches(pattern string, u *url.URL) bool {
	pattern = strings.ToLower(strings.TrimPrefix(pattern, plainPrefix))
	host := strings.ToLower(u.Hostname())
	if p := u.Port(); p != "" && p != map[string]string{"https": "443", "http": "80"}[u.Scheme] && !isLoopback(host) {
		host = strings.ToLower(u.Host)
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasPrefix(suffix, ".") && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return pattern == host || pattern == strings.ToLower(u.Host)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// product fetches and decodes the input.
func (s *service) product(ctx context.Context, raw string) (*image.NRGBA, error) {
	u, err := s.blobs.check(raw, errInputURL, errInputHost)
	if err != nil {
		return nil, err
	}
	data, err := s.blobs.get(ctx, u)
	if err != nil {
		return nil, err
	}
	m, _, err := s.o.Decoder.Decode(ctx, data)
	switch {
	case err == nil:
		return m, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case fault.IsTransient(err):
		return nil, fmt.Errorf("decode input: %w", err)
	}
	return nil, errInputBad.With("%s", fault.CodeOf(err))
}

// get reads a blob of at most the limit, tried again when that may help.
func (b *blobs) get(ctx context.Context, u *url.URL) ([]byte, error) {
	var data []byte
	err := retry(ctx, func(bool) error {
		res, err := b.do(ctx, http.MethodGet, u, nil, "")
		if err != nil {
			return connectionError(err, errInputDown, errInputHost)
		}
		defer discard(res)
		switch {
		case res.StatusCode == http.StatusOK:
		case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
			return errInputMissing
		case worthAnother(res.StatusCode):
			return errInputDown.With("status %d", res.StatusCode)
		default:
			return errInputRefused.With("status %d", res.StatusCode)
		}
		if res.ContentLength > b.limit {
			return errInputTooLarge.With("%d bytes, at most %d", res.ContentLength, b.limit)
		}
		if data, err = io.ReadAll(io.LimitReader(res.Body, b.limit+1)); err != nil {
			return fmt.Errorf("%w: %w", errInputDown, err)
		}
		if int64(len(data)) > b.limit {
			return errInputTooLarge.With("at most %d bytes", b.limit)
		}
		return nil
	})
	return data, err
}

// put creates a blob, tried again when that may help. A blob that is there
// already counts as written when an earlier try of this very call may have
// written it.
func (b *blobs) put(ctx context.Context, u *url.URL, data []byte, contentType string) error {
	return retry(ctx, func(again bool) error {
		res, err := b.do(ctx, http.MethodPut, u, data, contentType)
		if err != nil {
			return connectionError(err, errOutputDown, errOutputHost)
		}
		defer discard(res)
		code := res.Header.Get("x-ms-error-code")
		switch {
		case res.StatusCode == http.StatusCreated || res.StatusCode == http.StatusOK:
			return nil
		case again && (res.StatusCode == http.StatusConflict || code == createdAgain || code == existsCode):
			return nil
		case worthAnother(res.StatusCode):
			return errOutputDown.With("status %d", res.StatusCode)
		}
		return errOutputRefused.With("status %d", res.StatusCode)
	})
}

// do is one exchange. Its errors don't quote the URL, which is a secret.
func (b *blobs) do(ctx context.Context, method string, u *url.URL, body []byte, contentType string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errInputURL
	}
	if method == http.MethodPut {
		r.Header.Set("x-ms-blob-type", "BlockBlob")
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set(correlationHeader, telemetry.CorrelationID(ctx))
	res, err := b.http.Do(r)
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return res, err
}

// connectionError tells a host that is down from one that leads to an address
// that is never dialled.
func connectionError(err error, down, foreign *fault.Error) error {
	if errors.Is(err, errProhibited) {
		return fmt.Errorf("%w: %w", foreign, err)
	}
	return fmt.Errorf("%w: %w", down, err)
}

// drain is how much of an answer nobody reads is read all the same, so that the
// connection can be used again.
const drain = 8 << 10

func discard(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, drain)
	_ = res.Body.Close()
}

func worthAnother(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// retry repeats f while its error is transient, with full jitter between the
// tries. f is told whether it is tried again.
func retry(ctx context.Context, f func(again bool) error) error {
	for try := 1; ; try++ {
		err := f(try > 1)
		if err == nil || !fault.IsTransient(err) || try == blobTries {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(rand.N(blobBackoff << try)):
		}
	}
}
