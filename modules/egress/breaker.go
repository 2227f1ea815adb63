package egress

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/opal-photo/opal/modules/fault"
)

// The breaker opens when at least half of at least 20 calls failed, counted
// over the last minutes, and then lets one probe through every 30 s.
const (
	BreakerCalls   = 20
	BreakerPause   = 30 * time.Second
	BreakerWindow  = 5 * time.Minute
	breakerBucket  = 30 * time.Second
	breakerSlack   = 10 * time.Millisecond // readiness is never told too early
	breakerProbes  = 1
	failuresPerTwo = 2 // failures × 2 ≥ calls: half of them
)

// breaker wraps gobreaker with the classes of the faults and a
// channel that tells when calls are let through.
type breaker struct {
	b *gobreaker.CircuitBreaker[struct{}]

	paused *fault.Error

	name   string
	mu     sync.Mutex
	ready  chan struct{} // closed while calls are let through
	opened time.Time
}

func newBreaker(name string, f Faults) *breaker {
	w := &breaker{name: name, ready: make(chan struct{}), paused: f.Paused}
	breakerOpen.WithLabelValues(name).Set(0)
	close(w.ready)
	w.b = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, MaxRequests: breakerProbes, Timeout: BreakerPause, Interval: BreakerWindow, BucketPeriod: breakerBucket,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			return n.Requests-n.TotalExclusions >= BreakerCalls && n.TotalFailures*failuresPerTwo >= n.Requests-n.TotalExclusions
		},
		// A refusal shows that the service works.
		IsSuccessful: func(err error) bool { return err == nil || !fault.IsTransient(err) },
		// A caller that went away says nothing about the service, and neither
		// does a busy one: it asks callers to wait, which Retry-After handles.
		IsExcluded:    func(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, f.Busy) },
		OnStateChange: func(_ string, _, to gobreaker.State) { w.changed(to) },
	})
	return w
}

// changed keeps the ready channel. It is called under gobreaker's own lock.
func (w *breaker) changed(to gobreaker.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to != gobreaker.StateOpen {
		breakerOpen.WithLabelValues(w.name).Set(0)
		return
	}
	breakerOpen.WithLabelValues(w.name).Set(1)
	w.opened = time.Now()
	ready := make(chan struct{})
	w.ready = ready
	time.AfterFunc(BreakerPause+breakerSlack, func() { close(ready) })
}

func (w *breaker) open() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.ready:
		return false
	default:
		return true
	}
}

func (w *breaker) readyChannel() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ready
}

// remaining is the rest of the pause.
func (w *breaker) remaining() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(BreakerPause-time.Since(w.opened), time.Second)
}

// do makes the call, or returns Faults.Paused, uncounted, with the rest of the
// pause.
func (w *breaker) do(call func() error) error {
	_, err := w.b.Execute(func() (struct{}, error) { return struct{}{}, call() })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fault.Uncounted(w.paused, w.remaining())
	}
	return err
}
