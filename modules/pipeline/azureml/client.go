// Package azureml calls Azure Machine Learning managed online endpoints: the
// scoring contract for scenes, which OPAL's own scoring service speaks too, and
// that of ml/contract for cut-outs.
package azureml

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/score"
)

const scorePath = "/score"

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
	// Timeout bounds one Score with all its tries: egress.MaxTimeout when 0 or more.
	Timeout time.Duration
	// Tries is how often one Score calls the service: 3 when 0.
	Tries int
	// MaxResponse bounds a response, as sent and decompressed, in bytes:
	// egress.DefaultMaxResponse when 0.
	MaxResponse int64
	// Transport makes the calls; nil for one of the client's own.
	Transport http.RoundTripper
}

// Client calls POST /score. It is safe for concurrent use.
type Client struct {
	*egress.Client
	url   string
	token TokenFunc
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
	token := o.token()
	if token == nil {
		return nil, ErrOptions.With("neither AML_ENDPOINT_KEY nor an identity is given")
	}
	return &Client{url: u.String(), token: token, Client: egress.New(egress.Options{
		Name: "score", Faults: faults, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse, Transport: o.Transport,
	})}, nil
}

// token returns what gives the bearer token: the key, or the identity.
func (o *Options) token() TokenFunc {
	if o.Key != "" {
		return func(context.Context) (string, error) { return o.Key, nil }
	}
	return o.Token
}

// Score makes one call, tried again a few times within the timeout when that
// may help. A wait the service asks for that is too long to sit out here comes
// back with the error (fault.RetryAfter).
//
// Errors: those of this package, or the context's error. The bytes of the image
// in the response are not checked.
func (c *Client) Score(ctx context.Context, req score.Request) (*score.Response, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode score request: %w", err)
	}
	var res *score.Response
	err = c.Do(ctx, egress.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			return post(ctx, c.url, c.token, body, ErrUnavailable, ErrOptions)
		},
		Read: func(_ http.Header, body io.Reader) error {
			out := &score.Response{}
			if err := egress.JSON(body, out); err != nil {
				return err
			}
			if len(out.ImageBytes) == 0 && req.OutputImageSAS == "" {
				return ErrBadResponse.With("it holds no image")
			}
			res = out
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("score item %s: %w", req.ItemID, err)
	}
	return res, nil
}

// post builds a request to a managed endpoint. A token is asked for each try.
func post(ctx context.Context, to string, token TokenFunc, body []byte, unavailable, options *fault.Error) (*http.Request, error) {
	key, err := token(ctx)
	if err != nil {
		return nil, fault.Uncounted(fmt.Errorf("%w: %w", unavailable.With("no token for the endpoint"), err), 0)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, options.With("the endpoint's URL can't be called")
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return r, nil
}
