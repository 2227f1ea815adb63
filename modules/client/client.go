package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// Errors of the client itself. The API's own are *Problem.
var (
	ErrAddress     = fault.New(fault.Invalid, "api_address_invalid", "The API's address must be an http or https URL, such as https://opal.example")
	ErrUnreachable = fault.New(fault.Unavailable, "api_not_reached", "The API does not answer")
	ErrRedirect    = fault.New(fault.Invalid, "api_redirects", "The API's address leads elsewhere; name the address that it leads to")
	ErrAnswer      = fault.New(fault.Internal, "api_answer_invalid", "The answer is not one of OPAL's API; is this its address?")
)

const (
	maxAnswer = 64 << 20 // bytes of a JSON answer
	maxTries  = 4
	firstWait = 250 * time.Millisecond
	maxWait   = 30 * time.Second // that a Retry-After is followed
	timeout   = 2 * time.Minute  // of one call; files and event streams have none
)

// Options are how a client calls.
type Options struct {
	Key    string       // API key, sent as X-API-Key; "": none
	Bearer string       // OIDC token, sent as Authorization: Bearer; "": none
	Tenant string       // the tenant that is named in each call; "": that of the credentials
	HTTP   *http.Client // nil: the client makes one, without a time limit
	Agent  string       // User-Agent; "": opal-client
}

// Client calls one API. It is safe for concurrent use. Calls that change nothing
// when they are repeated are made again, up to four times, while the API is busy or
// not reached.
type Client struct {
	base string
	o    Options
}

// New returns a client of the API at an address, such as https://opal.example.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrAddress
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if o.HTTP.CheckRedirect == nil {
		careful := *o.HTTP
		careful.CheckRedirect = stayHome
		o.HTTP = &careful
	}
	if o.Agent == "" {
		o.Agent = "opal-client"
	}
	return &Client{base: strings.TrimRight(address, "/"), o: o}, nil
}

// maxRedirects bounds the redirects that a call follows.
const maxRedirects = 5

// stayHome refuses redirects that would make another call of one, or take a key elsewhere: net/http leaves
// Authorization out for another host, but not X-API-Key, and it knows nothing of calls
// that go on without TLS. Files are fetched without the key, from wherever they are.
func stayHome(r *http.Request, via []*http.Request) error {
	from := via[0]
	secret := from.Header.Get(keyHeader) != "" || from.Header.Get("Authorization") != ""
	switch {
	case len(via) > maxRedirects:
		return ErrRedirect.With("more than %d times", maxRedirects)
	case r.Method != from.Method: // a POST that was answered 301 or 302 becomes a GET
		return ErrRedirect.With("%s sends calls to %s://%s", from.URL.Host, r.URL.Scheme, r.URL.Host)
	case secret && (r.URL.Host != from.URL.Host || r.URL.Scheme != from.URL.Scheme && r.URL.Scheme != "https"):
		return ErrRedirect.With("%s sends calls to %s://%s", from.URL.Host, r.URL.Scheme, r.URL.Host)
	}
	return nil
}

// Address returns the API's address.
func (c *Client) Address() string { return c.base }

// path makes a path of the API: each element is escaped.
func path(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return "/v1" + b.String()
}

// get reads a resource.
func get[T any](ctx context.Context, c *Client, p string, query url.Values) (T, error) {
	return call[T](ctx, c, http.MethodGet, p, query, nil, "")
}

// call sends a body as JSON (nil: none) and decodes the answer. A POST is made again
// under its idempotency key; without one it is made once.
func call[T any](ctx context.Context, c *Client, method, p string, query url.Values, body any, key string) (T, error) {
	var out T
	var sent []byte
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return out, fmt.Errorf("encode the request: %w", err)
		}
		sent = b
	}
	if c.o.Tenant != "" && strings.HasPrefix(p, "/v1/") {
		if query == nil {
			query = url.Values{}
		}
		query.Set("tenant_id", c.o.Tenant)
	}
	if len(query) > 0 {
		p += "?" + query.Encode()
	}
	tries := maxTries
	if method == http.MethodPost && key == "" {
		tries = 1
	}
	return decoded[T](ctx, c, method, p, jsonType, sent, key, tries)
}

// keyHeader carries the API key.
const keyHeader = "X-API-Key"

// jsonType is the content type of most bodies.
const jsonType = "application/json"

// decoded makes a call, again up to tries times while the API is busy or not reached,
// and decodes the answer.
func decoded[T any](ctx context.Context, c *Client, method, p, contentType string, body []byte, key string, tries int) (T, error) {
	var out T
	for n, wait := 1, firstWait; ; n, wait = n+1, 2*wait {
		answer, err := c.once(ctx, method, p, contentType, body, key)
		if err == nil {
			if err := json.Unmarshal(answer, &out); err != nil {
				return out, ErrAnswer.With("%s %s: %v", method, p, err)
			}
			return out, nil
		}
		after, again := retry(err)
		if !again || n >= tries {
			return out, err
		}
		if after == 0 {
			after = wait
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(min(after, maxWait)):
		}
	}
}

// Again reports whether a call that ended in an error may succeed later: the API was not
// reached, or busy.
func Again(err error) bool {
	_, again := retry(err)
	return again
}

// retry reports whether the call may be repeated after an error, and the wait
// that the API asked for.
func retry(err error) (after time.Duration, again bool) {
	var p *Problem
	if errors.As(err, &p) {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return p.RetryAfter, true
		}
		return 0, p.Code == "idempotency_in_flight"
	}
	return 0, errors.Is(err, ErrUnreachable)
}

func (c *Client) once(ctx context.Context, method, p, contentType string, body []byte, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	res, err := c.send(ctx, method, p, contentType, body, key)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	if len(b) > maxAnswer {
		return nil, ErrAnswer.With("it has more than %d bytes", maxAnswer)
	}
	return b, nil
}

// send makes a call with a body of a content type and returns its answer, or the
// problem that it is.
func (c *Client) send(ctx context.Context, method, p, contentType string, body []byte, key string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+p, bytes.NewReader(body))
	if err != nil {
		return nil, ErrAddress
	}
	h := req.Header
	h.Set("User-Agent", c.o.Agent)
	if body != nil {
		h.Set("Content-Type", contentType)
	}
	if c.o.Key != "" {
		h.Set(keyHeader, c.o.Key)
	}
	if c.o.Bearer != "" {
		h.Set("Authorization", "Bearer "+c.o.Bearer)
	}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	res, err := c.o.HTTP.Do(req)
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer res.Body.Close()
		return nil, problemOf(res)
	}
	return res, nil
}

// unreached returns the error of a call that got no answer, or the context's
// when the caller cancelled it.
func (c *Client) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which may hold a signature
	}
	if f, ok := fault.As(err); ok && f.Is(ErrRedirect) {
		return f
	}
	return ErrUnreachable.With("%s: %v", c.base, err)
}

// maxProblem bounds the bytes of a problem document that are read.
const maxProblem = 1 << 20

// problemOf reads an error's answer. One that is not a problem document comes from
// a proxy in between: only its status is reported.
func problemOf(res *http.Response) *Problem {
	p := &Problem{}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil || json.Unmarshal(b, p) != nil || p.Code == "" {
		p = &Problem{Type: "about:blank", Title: http.StatusText(res.StatusCode), Code: "http_" + strconv.Itoa(res.StatusCode),
			Detail: fmt.Sprintf("The address answered %d %s, and not as OPAL's API does", res.StatusCode, http.StatusText(res.StatusCode))}
	}
	p.Status = res.StatusCode
	asked := res.Header.Get("Retry-After")
	if s, err := strconv.Atoi(asked); err == nil && s > 0 {
		p.RetryAfter = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(asked); err == nil { // as proxies write it
		p.RetryAfter = max(0, time.Until(at))
	}
	return p
}

// NewIdempotencyKey returns a key under which a creating call happens once.
func NewIdempotencyKey() string { return rand.Text() }
