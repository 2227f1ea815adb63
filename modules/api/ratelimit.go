package api

import (
	"container/list"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/opal-photo/opal/modules/fault"
)

// RateLimit bounds the calls of each tenant: a bucket of Burst calls that
// PerSecond calls flow into. PerSecond 0 limits nothing.
type RateLimit struct {
	PerSecond float64
	Burst     int // 0: one second's calls, at least 1
}

// maxBuckets bounds the memory of the limiter, where anybody can name tenants.
// The bucket unused for longest goes first.
const maxBuckets = 10_000

var errRate = fault.New(fault.RateLimited, "rate_limited", "Too many calls; wait as long as the Retry-After header says")

// limiter holds the tenants' buckets. A nil limiter limits nothing.
type limiter struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*list.Element // of *bucket
	recent  *list.List               // the last used first
}

type bucket struct {
	tenantID string
	rate     *rate.Limiter
}

func newLimiter(l RateLimit) *limiter {
	if l.PerSecond <= 0 {
		return nil
	}
	if l.Burst <= 0 {
		l.Burst = max(1, int(math.Ceil(l.PerSecond)))
	}
	return &limiter{limit: rate.Limit(l.PerSecond), burst: l.Burst, buckets: map[string]*list.Element{}, recent: list.New()}
}

// take takes a call from the tenant's bucket and writes the rest into the
// headers; errRate when it is empty.
func (l *limiter) take(tenantID string, h http.Header) error {
	if l == nil {
		return nil
	}
	now := time.Now()
	b := l.bucket(tenantID)
	ok := b.AllowN(now, 1)
	tokens := b.TokensAt(now)
	left := max(0, int(tokens))
	reset := time.Duration(0) // until a call may be made, or until the bucket is full again
	if full := float64(l.burst) - tokens; full > 0 {
		reset = time.Duration(full / float64(l.limit) * float64(time.Second))
	}
	window := int(math.Ceil(float64(l.burst) / float64(l.limit)))
	seconds := strconv.Itoa(int(math.Ceil(reset.Seconds())))
	h.Set("RateLimit-Policy", fmt.Sprintf(`"tenant";q=%d;w=%d`, l.burst, window))
	h.Set("RateLimit", fmt.Sprintf(`"tenant";r=%d;t=%s`, left, seconds))
	h.Set("RateLimit-Limit", strconv.Itoa(l.burst))
	h.Set("RateLimit-Remaining", strconv.Itoa(left))
	h.Set("RateLimit-Reset", seconds)
	if ok {
		return nil
	}
	wait := time.Duration((1 - tokens) / float64(l.limit) * float64(time.Second))
	return fault.Transient(errRate, max(wait, time.Millisecond))
}

func (l *limiter) bucket(tenantID string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.buckets[tenantID]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket).rate
	}
	if l.recent.Len() >= maxBuckets {
		oldest := l.recent.Back()
		delete(l.buckets, oldest.Value.(*bucket).tenantID)
		l.recent.Remove(oldest)
	}
	b := &bucket{tenantID: tenantID, rate: rate.NewLimiter(l.limit, l.burst)}
	l.buckets[tenantID] = l.recent.PushFront(b)
	return b.rate
}
