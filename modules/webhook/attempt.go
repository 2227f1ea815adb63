package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// maxResponse bounds what the log keeps of an answer, in bytes.
	maxResponse = 1 << 10
	agent       = "OPAL-Webhooks/1 (standard-webhooks)"
)

// attempt sends a delivery once. An answer of 200 to 299 is a success. The attempt
// holds what is known also of a failure.
func (s *Service) attempt(ctx context.Context, p parcel) (a Attempt, err error) {
	a.StartedAt = time.Now()
	defer func() { a.Millis = time.Since(a.StartedAt).Milliseconds() }()
	r, err := s.request(ctx, p, a.StartedAt)
	if err != nil {
		return a, err
	}
	res, err := s.client.Do(r) //nolint:bodyclose // Discard closes it
	if err != nil {
		return a, failure(err)
	}
	defer egress.Discard(res)
	a.StatusCode = &res.StatusCode
	// an answer that breaks off counts by its status, which has arrived
	head, _ := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	a.Response = strings.ReplaceAll(strings.ToValidUTF8(string(head), ""), "\x00", "")
	where := "status " + strconv.Itoa(res.StatusCode)
	switch c := res.StatusCode; {
	case c >= 200 && c < 300:
		return a, nil
	case c == http.StatusGone:
		return a, errGone
	case c >= 300 && c < 400:
		return a, errRedirect.With("%s", where)
	case c == http.StatusTooManyRequests || c == http.StatusServiceUnavailable:
		return a, fault.Transient(errStatus.With("%s", where), egress.RetryAfter(res.Header))
	}
	return a, errStatus.With("%s", where)
}

func (s *Service) request(ctx context.Context, p parcel, at time.Time) (*http.Request, error) {
	to, err := s.URLs.Check(p.url)
	if err != nil { // the rules may have changed since it was set
		return nil, errProhibited
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(p.payload))
	if err != nil {
		return nil, errProhibited
	}
	var secrets []string
	for _, sealed := range p.secrets {
		secret, err := s.open(p.endpointID, sealed)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	if err := sign(r.Header, p.eventID, at, []byte(p.payload), secrets...); err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", agent)
	if id := telemetry.CorrelationID(ctx); id != "" {
		r.Header.Set(telemetry.CorrelationHeader, id)
	}
	return r, nil
}

// failure returns the fault of a call that got no answer.
func failure(err error) error {
	err = egress.WithoutURL(err)
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, egress.ErrProhibited):
		return errProhibited
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	case errors.As(err, &certificate):
		return errCertificate
	}
	return errUnreachable
}
