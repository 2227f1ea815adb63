// Package mollie is a small client of the payment provider Mollie, version 2 of
// its API: https://docs.mollie.com/reference/overview
package mollie

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
)

// The client's bounds.
const (
	callTimeout = 10 * time.Second
	maxTries    = 4
	maxWait     = 8 * time.Second // between tries, also when Mollie asks for more
	maxResponse = 4 << 20         // bytes
	maxDetail   = 300             // bytes of Mollie's text in an error
	pageSize    = 250             // Mollie's largest page
)

var errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxResponse)

// Options are what a Client is made of.
type Options struct {
	URL    string        // "https://api.mollie.com"
	Key    string        // test_… or live_…; never logged and in no error
	Client *http.Client  // its transport is used; nil: that of package egress
	Wait   time.Duration // before the second try, then doubling; 0: 250 ms
}

// Client calls Mollie. It is safe for concurrent use. Each call is bounded in
// time and size and follows no redirects; it is tried again with growing,
// jittered waits when Mollie doesn't answer, with 429 or with 5xx, and when
// another call with the same Idempotency-Key is under way (409).
type Client struct {
	base, key string
	http      *http.Client
	wait      time.Duration
}

// New returns a client. It fails for a URL or key that can't be right, without
// quoting the key.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("MOLLIE_API_URL must be a URL such as https://api.mollie.com")
	}
	if !strings.HasPrefix(o.Key, "test_") && !strings.HasPrefix(o.Key, "live_") {
		return nil, errors.New("MOLLIE_API_KEY must begin with test_ or live_")
	}
	c := &Client{base: strings.TrimRight(o.URL, "/") + "/v2", key: o.Key, wait: o.Wait, http: egress.Direct(callTimeout)}
	if o.Client != nil {
		c.http.Transport = o.Client.Transport
	}
	if c.wait == 0 {
		c.wait = 250 * time.Millisecond
	}
	return c, nil
}

// Mode is "live" or "test", as the key is.
func (c *Client) Mode() string { return c.key[:4] }

// Error is an answer with a status other than success.
type Error struct {
	Status int    // HTTP
	Detail string // Mollie's text
	Field  string // of the request that is wrong, or ""
}

func (e *Error) Error() string {
	s := fmt.Sprintf("mollie answered %d: %s", e.Status, e.Detail)
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	return s
}

// NotFound reports whether err says that Mollie does not have the resource.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// Refused reports whether err is a refusal that another try would not change.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status < 500 && !transient(e.Status) && e.Status != http.StatusUnauthorized && e.Status != http.StatusForbidden
}

func transient(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusConflict
}

// Create makes a payment. Calls with the same idempotencyKey make one, within
// the hour that Mollie keeps keys.
func (c *Client) Create(ctx context.Context, idempotencyKey string, p NewPayment) (Payment, error) {
	var out Payment
	err := c.do(ctx, http.MethodPost, "/payments", idempotencyKey, p, &out)
	if err == nil && !IsPaymentID(out.ID) {
		err = fmt.Errorf("mollie named a payment %.40q", out.ID)
	}
	return out, err
}

// Get returns a payment with its refunds and chargebacks.
func (c *Client) Get(ctx context.Context, id string) (Payment, error) {
	var out Payment
	if !IsPaymentID(id) {
		return out, &Error{Status: http.StatusNotFound, Detail: "no payment id"}
	}
	err := c.do(ctx, http.MethodGet, "/payments/"+id+"?embed=refunds,chargebacks", "", nil, &out)
	if err == nil && out.ID != id {
		err = fmt.Errorf("mollie answered payment %.40q when asked for %s", out.ID, id)
	}
	return out, err
}

// List calls fn for the payments, newest first, until it returns false or they
// end.
func (c *Client) List(ctx context.Context, fn func(Payment) bool) error {
	path := "/payments?limit=" + strconv.Itoa(pageSize)
	for from := ""; ; {
		var page struct {
			Embedded struct {
				Payments []Payment `json:"payments"`
			} `json:"_embedded"`
			Links struct {
				Next *Link `json:"next"`
			} `json:"_links"`
		}
		if err := c.do(ctx, http.MethodGet, path+from, "", nil, &page); err != nil {
			return err
		}
		for _, p := range page.Embedded.Payments {
			if !fn(p) {
				return nil
			}
		}
		if page.Links.Next == nil {
			return nil
		}
		// only the cursor of the link is used: the key goes to no other host
		next, err := url.Parse(page.Links.Next.Href)
		if err != nil || next.Query().Get("from") == "" || from == "&from="+url.QueryEscape(next.Query().Get("from")) {
			return errors.New("mollie's next page has no new cursor")
		}
		from = "&from=" + url.QueryEscape(next.Query().Get("from"))
	}
}

// Refund gives money of a payment back, once for an idempotencyKey.
func (c *Client) Refund(ctx context.Context, idempotencyKey, paymentID string, r NewRefund) (Refund, error) {
	var out Refund
	if !IsPaymentID(paymentID) {
		return out, &Error{Status: http.StatusNotFound, Detail: "no payment id"}
	}
	err := c.do(ctx, http.MethodPost, "/payments/"+paymentID+"/refunds", idempotencyKey, r, &out)
	return out, err
}

// do calls Mollie, and tries again after errors that may pass.
func (c *Client) do(ctx context.Context, method, path, idempotencyKey string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	var again time.Duration
	var err error
	policy := egress.Policy{Tries: maxTries, Base: c.wait, Max: maxWait, Least: c.wait / 2, Cut: true}
	_ = egress.Retry(ctx, policy, func(int) error {
		if again, err = c.once(ctx, method, path, idempotencyKey, body, out); again == never {
			return nil
		}
		return fault.Transient(err, again)
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, errors.Join(err, ctx.Err()))
	}
	return nil
}

// never means: do not retry.
const never time.Duration = -1

// once makes one call. again is the least wait before another try, or never.
func (c *Client) once(ctx context.Context, method, path, idempotencyKey string, body []byte, out any) (again time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return never, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/hal+json")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := egress.ReadAll(res, maxResponse, errTooLarge)
	switch {
	case errors.Is(err, errTooLarge):
		return never, err
	case err != nil:
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		e := &Error{Status: res.StatusCode}
		var said struct {
			Detail string `json:"detail"`
			Field  string `json:"field"`
		}
		if json.Unmarshal(b, &said) == nil {
			e.Detail, e.Field = clip(said.Detail), clip(said.Field)
		}
		if transient(res.StatusCode) {
			return egress.RetryAfter(res.Header), e
		}
		return never, e
	}
	if err := json.Unmarshal(b, out); err != nil {
		return never, fmt.Errorf("read the answer: %w", err)
	}
	return 0, nil
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxDetail)], "") }

// maxID bounds the ids that are taken.
const maxID = 64

// IsPaymentID reports whether s has the form of a payment's id: tr_ and letters
// or digits.
func IsPaymentID(s string) bool {
	rest, ok := strings.CutPrefix(s, "tr_")
	if !ok || rest == "" || len(s) > maxID {
		return false
	}
	return strings.IndexFunc(rest, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}
