package remote

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Waits between the tries of one call. Longer ones are the queue's.
const (
	backoffBase = 500 * time.Millisecond
	maxWait     = 8 * time.Second
	// MaxRetryAfter bounds what a service may ask for.
	MaxRetryAfter = time.Hour

	resetHeader = "X-RateLimit-Reset"
)

// backoff is full jitter: anything from 0 to base·2^(try−1), at most maxWait.
func backoff(try int) time.Duration {
	top := min(backoffBase<<min(try-1, 10), maxWait)
	return rand.N(top)
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

// retryAfter reads Retry-After as seconds or as a date (RFC 9110, 10.2.3), and
// without one X-RateLimit-Reset as Unix seconds; 0 when there is none that makes
// sense.
func retryAfter(h http.Header) time.Duration {
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
