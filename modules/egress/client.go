package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// MaxTimeout is the longest that any call takes, tries and waits included:
	// a managed online endpoint works no longer on a request.
	MaxTimeout = 180 * time.Second
	// DefaultMaxResponse holds a 4096² PNG of noise in base64.
	DefaultMaxResponse = 96 << 20
)

// Options configure a Client. Name and Faults are needed.
type Options struct {
	// Name is the name of the provider in the breaker and in errors.
	Name   string
	Faults Faults
	// Code reads the stable code out of an error's body; nil for
	// application/problem+json. It must take no free text: that may quote URLs.
	Code func(body []byte) string
	// Timeout bounds one call with all its tries: MaxTimeout when 0 or more.
	Timeout time.Duration
	// Tries is how often one call asks the provider: 3 when 0.
	Tries int
	// MaxResponse bounds a response, as sent and decompressed, in bytes:
	// DefaultMaxResponse when 0.
	MaxResponse int64
	// Transport makes the calls; nil for one of the client's own.
	Transport http.RoundTripper
}

// Client calls one provider. It is safe for concurrent use.
type Client struct {
	o       Options
	http    *http.Client
	breaker *breaker
	// answered is when the provider last gave an answer, in Unix nanoseconds.
	answered atomic.Int64
}

// New returns a client. It makes no call.
func New(o Options) *Client {
	if o.Timeout <= 0 || o.Timeout > MaxTimeout {
		o.Timeout = MaxTimeout
	}
	if o.Tries <= 0 {
		o.Tries = DefaultPolicy.Tries
	}
	if o.MaxResponse <= 0 {
		o.MaxResponse = DefaultMaxResponse
	}
	if o.Code == nil {
		o.Code = problemCode
	}
	if o.Transport == nil {
		o.Transport = Transport(nil)
	}
	return &Client{o: o, http: &http.Client{Transport: telemetry.Transport(o.Transport), CheckRedirect: stayOnHost}, breaker: newBreaker(o.Name, o.Faults)}
}

// stayOnHost follows a redirect only to the same origin and only one that keeps
// the method: elsewhere the key would be shown to a stranger.
func stayOnHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if next.URL.Host != first.URL.Host || next.URL.Scheme != first.URL.Scheme || next.Method != first.Method || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// Open reports whether calls are paused: the consumer should receive nothing
// that would end in a call.
func (c *Client) Open() bool { return c.breaker.open() }

// Ready returns a channel that is closed when calls are let through. It is
// closed already unless Open; ask again after it closed.
func (c *Client) Ready() <-chan struct{} { return c.breaker.readyChannel() }

// CloseIdle closes the connections that wait for another call.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// Call is one request and how its 200 is read. Build is called for each try;
// Read gets a 200's header and its body, which ends in Faults.TooLarge after
// MaxResponse bytes. Either may be called several times.
type Call struct {
	Build func(ctx context.Context) (*http.Request, error)
	Read  func(header http.Header, body io.Reader) error
}

// Do makes the call, tried again a few times within the timeout when that may
// help. A wait that the provider asks for and that is too long to sit out here
// comes back with the error (fault.RetryAfter). A call to which the provider gave
// no answer at all is uncounted (fault.IsUncounted), see silence.go.
//
// Errors: those of Options.Faults, or the context's error.
func (c *Client) Do(ctx context.Context, call Call) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	policy := DefaultPolicy
	policy.Tries = c.o.Tries
	var paused error
	err := Retry(ctx, policy, func(int) error {
		err := c.breaker.do(func() error { return c.exchange(ctx, call) })
		if errors.Is(err, c.o.Faults.Paused) {
			paused = err
			return nil
		}
		return err
	})
	if paused != nil {
		err = paused
	}
	called(c.o.Name, err, time.Since(began))
	if paused != nil {
		return paused
	}
	return c.uncount(began, err)
}

// exchange is one HTTP request and its response.
func (c *Client) exchange(ctx context.Context, call Call) error {
	r, err := call.Build(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	if id := telemetry.CorrelationID(ctx); id != "" {
		r.Header.Set(telemetry.CorrelationHeader, id)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return c.connectionError(ctx, err)
	}
	defer res.Body.Close()
	if !gateways(res.StatusCode) {
		c.heard()
	}
	if res.StatusCode != http.StatusOK {
		return c.statusError(res)
	}
	return c.read(ctx, res, call.Read)
}

// connectionError keeps the cause but not the URL that net/http puts before it.
func (c *Client) connectionError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	err = WithoutURL(err)
	return &silence{fmt.Errorf("%w: %w", c.o.Faults.Unavailable.With("%s", kindOfFailure(err)), err)}
}

// kindOfFailure names a connection error for callers without its addresses.
func kindOfFailure(err error) string {
	var n net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout():
		return "no answer in time"
	}
	return "connection failed"
}
