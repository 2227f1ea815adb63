package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func status(code int) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	}
}

func testFaults() Faults {
	f := func(kind fault.Kind, code string) *fault.Error { return fault.New(kind, code, code) }
	return Faults{Paused: f(fault.Unavailable, "paused"), Unavailable: f(fault.Unavailable, "unavailable"), Busy: f(fault.RateLimited, "busy"),
		BadResponse: f(fault.Unavailable, "bad_response"), TooLarge: f(fault.TooLarge, "too_large"), Unauthorized: f(fault.Forbidden, "unauthorized"),
		Unpaid: f(fault.PaymentRequired, "unpaid"), Rejected: f(fault.Invalid, "rejected")}
}

func ask(c *Client, read func(http.Header, io.Reader) error) error {
	return c.Do(context.Background(), Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodPost, "http://provider", nil)
		},
		Read: read,
	})
}

func TestSilenceUsesUpNoTry(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for _, c := range []struct {
		name      string
		answer    func(*http.Request) (*http.Response, error)
		uncounted bool
	}{
		{"connection refused", func(*http.Request) (*http.Response, error) { return nil, refused }, true},
		{"connection reset", func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, true},
		{"silent", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, true},
		{"502", status(502), true},
		{"503", status(503), true},
		{"504", status(504), true},
		{"500", status(500), false},
		{"501", status(501), false},
		{"424, the model failed", status(424), false},
		{"408", status(408), false},
		{"422", status(422), false},
		{"no answer of the contract", status(200), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := New(Options{Name: "p", Faults: testFaults(), Tries: 1, Timeout: 50 * time.Millisecond, Transport: roundTrip(c.answer)})
			err := ask(client, func(http.Header, io.Reader) error { return testFaults().BadResponse })
			if err == nil || fault.IsUncounted(err) != c.uncounted {
				t.Errorf("uncounted %v: %v", fault.IsUncounted(err), err)
			}
		})
	}
}

func TestSilenceCountsWhereOthersAreAnswered(t *testing.T) {
	var c *Client
	nested := false
	c = New(Options{Name: "p", Faults: testFaults(), Tries: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if nested {
			return status(422)(r)
		}
		nested = true // another call is answered while this one waits
		_ = ask(c, nil)
		return nil, io.ErrUnexpectedEOF
	})})
	if err := ask(c, nil); err == nil || fault.IsUncounted(err) {
		t.Errorf("the provider breaks on this call alone: %v", err)
	}
	// an answer from before an outage doesn't count
	nested = true
	_ = ask(c, nil)
	c.http.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	time.Sleep(time.Millisecond)
	if err := ask(c, nil); !fault.IsUncounted(err) {
		t.Errorf("the provider is away: %v", err)
	}
}
