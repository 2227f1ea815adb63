package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// blobPolicy is short: the caller, who waits, tries again itself.
var blobPolicy = egress.Policy{Tries: 3, Base: 400 * time.Millisecond, Max: 2 * time.Second}

// How blobs are read and written.
const (
	blobTimeout  = 60 * time.Second // one exchange
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
	// Blob stores don't redirect, and a redirect would leave the list.
	client := egress.GuardedOnce(egress.NewGuard(o.AllowLoopback, o.AllowedNetworks), blobTimeout)
	return &blobs{hosts: o.AllowedHosts, loopback: o.AllowLoopback, limit: o.MaxInput, http: client}
}

// check parses a URL and compares it with the list of hosts. Plain HTTP is only
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

// plainPrefix before a pattern allows HTTP without TLS, which emulators use.
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
	return s.decode(ctx, data)
}

// decode decodes an input.
func (s *service) decode(ctx context.Context, data []byte) (*image.NRGBA, error) {
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
	err := egress.Retry(ctx, blobPolicy, func(int) error {
		res, err := b.do(ctx, http.MethodGet, u, nil, "") //nolint:bodyclose // Discard closes it
		if err != nil {
			return connectionError(err, errInputDown, errInputHost)
		}
		defer egress.Discard(res)
		switch {
		case res.StatusCode == http.StatusOK:
		case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
			return errInputMissing
		case egress.WorthAnother(res.StatusCode):
			return errInputDown.With("status %d", res.StatusCode)
		default:
			return errInputRefused.With("status %d", res.StatusCode)
		}
		tooLarge := errInputTooLarge.With("at most %d bytes", b.limit)
		if data, err = egress.ReadAll(res, b.limit, tooLarge); err != nil && !errors.Is(err, errInputTooLarge) {
			err = fmt.Errorf("%w: %w", errInputDown, err)
		}
		return err
	})
	return data, err
}

// put creates a blob, tried again when that may help. A blob that is there
// already counts as written when an earlier try of this very call may have
// written it.
func (b *blobs) put(ctx context.Context, u *url.URL, data []byte, contentType string) error {
	return egress.Retry(ctx, blobPolicy, func(try int) error {
		res, err := b.do(ctx, http.MethodPut, u, data, contentType) //nolint:bodyclose // Discard closes it
		if err != nil {
			return connectionError(err, errOutputDown, errOutputHost)
		}
		defer egress.Discard(res)
		code := res.Header.Get("x-ms-error-code")
		switch {
		case res.StatusCode == http.StatusCreated || res.StatusCode == http.StatusOK:
			return nil
		case try > 1 && (res.StatusCode == http.StatusConflict || code == createdAgain || code == existsCode):
			return nil
		case egress.WorthAnother(res.StatusCode):
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
	r.Header.Set(telemetry.CorrelationHeader, telemetry.CorrelationID(ctx))
	res, err := b.http.Do(r)
	if err != nil {
		return nil, egress.WithoutURL(err)
	}
	return res, nil
}

// connectionError tells a host that is down from one that leads to an address
// that is never dialled.
func connectionError(err error, down, foreign *fault.Error) error {
	if errors.Is(err, egress.ErrProhibited) {
		return fmt.Errorf("%w: %w", foreign, err)
	}
	return fmt.Errorf("%w: %w", down, err)
}
