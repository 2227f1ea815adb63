package azureml

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Defaults and limits of Options.
const (
	// MaxTimeout is the longest a managed online endpoint works on a request.
	MaxTimeout = 180 * time.Second
	// DefaultMaxResponse holds a 4096² PNG of noise in base64.
	DefaultMaxResponse = 96 << 20
	// defaultTries is short, because the queue tries again later.
	defaultTries = 3

	scorePath         = "/score"
	correlationHeader = "X-Correlation-Id"
	dialTimeout       = 10 * time.Second
	tlsTimeout        = 10 * time.Second
	idleTimeout       = 90 * time.Second
	maxIdle           = 16
	maxRedirects      = 3
)

// TokenFunc returns a bearer token that is valid now. It is called once per
// HTTP exchange and does its own caching.
type TokenFunc func(context.Context) (string, error)

// Options configure a Client.
type Options struct {
	// URL is the endpoint's scoring URI. Without a path "/score" is meant.
	URL string
	// Key is the endpoint's key. Without one Token is asked.
	Key   string
	Token TokenFunc
	// Timeout bounds one Score with all its tries: MaxTimeout when 0 or more.
	Timeout time.Duration
	// Tries is how often one Score calls the service: 3 when 0.
	Tries int
	// MaxResponse bounds a response, as sent and decompressed, in bytes:
	// DefaultMaxResponse when 0.
	MaxResponse int64
	// Transport makes the calls; nil for one of the client's own.
	Transport http.RoundTripper
}

// Client calls POST /score. It is safe for concurrent use.
type Client struct {
	url     string
	token   TokenFunc
	timeout time.Duration
	tries   int
	limit   int64
	http    *http.Client
	breaker *breaker
}

// New returns a client. It makes no call. Error: ErrOptions.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, ErrOptions.With("AML_ENDPOINT_URL must be an absolute http or https URL")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = scorePath
	}
	token := o.Token
	if o.Key != "" {
		token = func(context.Context) (string, error) { return o.Key, nil }
	}
	if token == nil {
		return nil, ErrOptions.With("neither AML_ENDPOINT_KEY nor an identity is given")
	}
	c := &Client{url: u.String(), token: token, timeout: o.Timeout, tries: o.Tries, limit: o.MaxResponse, breaker: newBreaker()}
	if c.timeout <= 0 || c.timeout > MaxTimeout {
		c.timeout = MaxTimeout
	}
	if c.tries <= 0 {
		c.tries = defaultTries
	}
	if c.limit <= 0 {
		c.limit = DefaultMaxResponse
	}
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:    tlsTimeout,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConnsPerHost:    maxIdle,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // the body is decompressed here, within limits
			MaxResponseHeaderBytes: maxHeader,
		}
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: stayOnHost}
	return c, nil
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

// Score makes one call, tried again a few times within the timeout when that
// may help. A wait the service asks for that is too long to sit out here comes
// back with the error (fault.RetryAfter).
//
// Errors: those of this package, or the context's. The bytes of the response's
// image are not looked at.
func (c *Client) Score(ctx context.Context, req ScoreRequest) (*ScoreResponse, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode score request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for try := 1; ; try++ {
		res, err := c.breaker.do(func() (*ScoreResponse, error) { return c.exchange(ctx, body, req.OutputImageSAS != "") })
		if err == nil {
			return res, nil
		}
		if errors.Is(err, ErrBreakerOpen) || !fault.IsTransient(err) || try >= c.tries || ctx.Err() != nil {
			return nil, fmt.Errorf("score item %s: %w", req.ItemID, err)
		}
		wait := fault.RetryAfter(err)
		if wait == 0 {
			wait = backoff(try)
		}
		if wait > maxWait || !sleep(ctx, wait) {
			return nil, fmt.Errorf("score item %s: %w", req.ItemID, err)
		}
	}
}

// exchange is one HTTP request and its response.
func (c *Client) exchange(ctx context.Context, body []byte, stored bool) (*ScoreResponse, error) {
	token, err := c.token(ctx)
	if err != nil {
		return nil, fault.Transient(fmt.Errorf("%w: %w", ErrUnavailable.With("no token for the endpoint"), err), 0)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, ErrOptions.With("AML_ENDPOINT_URL")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	if id := telemetry.CorrelationID(ctx); id != "" {
		r.Header.Set(correlationHeader, id)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, connectionError(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, statusError(res)
	}
	return readResponse(ctx, res, c.limit, stored)
}

// connectionError keeps the cause but not the URL that net/http puts before it.
func connectionError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable.With("%s", kindOfFailure(err)), err)
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
