package egress

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

const (
	// MaxRetryAfter bounds what a service may ask for.
	MaxRetryAfter = time.Hour

	resetHeader = "X-RateLimit-Reset"
)

// Policy says how often and after which waits a call is tried again. Each call
// is tried few times: the queue handles longer outages.
type Policy struct {
	Tries int           // in all
	Base  time.Duration // the longest wait before the second try; it doubles with each
	Max   time.Duration // the longest wait; when a service asks for a longer one, its error is returned
	Least time.Duration // the shortest wait; 0 for full jitter
	Cut   bool          // a longer wait that a service asks for is cut to Max instead
}

// DefaultPolicy is the policy of calls to engines.
var DefaultPolicy = Policy{Tries: 3, Base: 500 * time.Millisecond, Max: 8 * time.Second}

// backoff is jittered: anything from Least to Base·2^(try−1), at most Max.
func (p Policy) backoff(try int) time.Duration {
	top := min(p.Base<<min(try-1, 10), p.Max)
	if top <= p.Least {
		return p.Least
	}
	return p.Least + rand.N(top-p.Least)
}

// Retry calls f until it succeeds, its error is not transient (fault.IsTransient)
// or the tries or the context's time end; it returns f's last error. f is told
// which try it is, from 1.
func Retry(ctx context.Context, p Policy, f func(try int) error) error {
	for try := 1; ; try++ {
		err := f(try)
		if err == nil || !fault.IsTransient(err) || try >= p.Tries || ctx.Err() != nil {
			return err
		}
		wait := fault.RetryAfter(err)
		if wait == 0 {
			wait = p.backoff(try)
		}
		if p.Cut {
			wait = min(wait, p.Max)
		}
		if wait > p.Max || !sleep(ctx, wait) {
			return errors.Join(err, ctx.Err())
		}
	}
}

// sleep waits d; false when the context ended first, or would.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// RetryAfter reads Retry-After as seconds or as a date (RFC 9110, 10.2.3), and
// without one X-RateLimit-Reset as Unix seconds; 0 when there is none that makes
// sense, MaxRetryAfter at most.
func RetryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	var d time.Duration
	if at, err := strconv.ParseInt(h.Get(resetHeader), 10, 64); v == "" && err == nil {
		return min(max(time.Until(time.Unix(at, 0)), 0), MaxRetryAfter)
	}
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		d = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = time.Until(at)
	}
	return min(max(d, 0), MaxRetryAfter)
}

// WorthAnother reports whether another try may help after an answer with this
// status.
func WorthAnother(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}
